/* The smaller screens of a case share these. */
#include "services/web/screens/of_case.h"

void of_case_ask(struct req *q)
{
    ASK(q, "select * from oh.open_case($1)", req_id(q));
}

bool of_case_there(struct req *q, size_t nth)
{
    if (got_rows(q, nth) == 0) {
        answer_not_found(q);
        return false;
    }
    return true;
}

const char *of_case_path(struct req *q, const char *rest)
{
    return arena_printf(req_arena(q), "/case/%s%s", req_id(q), rest);
}

struct html *of_case_page(struct req *q, size_t nth, const char *title)
{
    const struct page page = {.title = title,
                              .section = SECTION_CALLS,
                              .back_href = of_case_path(q, ""),
                              .back_label = "Back to the case"};
    struct html *h = page_begin(q, &page);
    put(h, "<p class=\"who\">");
    put_name_whole(h, got_text(q, nth, 0, "name"));
    put(h, "</p>\n");
    return h;
}

void of_case_derived(struct req *q, step *next)
{
    req_catch(q, next); /* later than a second: it is saved all the same */
    ASK(q, "select oh.await_derived($1)", req_id(q));
    req_then(q, next);
}
