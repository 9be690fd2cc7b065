/* Taking a case and putting it back: small forms that are one button. */
#include <string.h>

#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/screens.h"
#include "services/web/screens/of_case.h"

/* ---- taken meanwhile ---- */

static void show_taken(struct req *q)
{
    const struct page page = {.title = "Taken by a colleague", .section = SECTION_CALLS};
    struct html *h = page_begin(q, &page);
    /* The entry is there at once, the case's own column only once the entry is worked out. */
    const char *name = got_rows(q, 1) > 0 ? got(q, 1, 0, "name") : got(q, 0, 0, "assigned_name");
    put(h, "<p><strong>");
    put_name(h, name == NULL ? "A colleague" : name);
    put(h, " took this case");
    if (got_rows(q, 1) > 0) {
        put(h, " %s", words_at(req_words(q), got_instant(q, 1, 0, "at")));
    }
    put(h, ".</strong></p>\n<p><a href=\"%s\">See the case</a></p>\n", of_case_path(q, ""));
    put(h, "<p><a href=\"/calls\">Back to calls</a></p>\n");
    if (req_who(q)->leads) {
        page_form_begin(q, h, of_case_path(q, "/give"), got(q, 0, 0, "digest"));
        part_hidden(h, "to", req_who(q)->login);
        part_button_secondary(h, NULL, NULL, "Take it over");
        put(h, "</form>\n");
    }
    page_end(q, 409);
}

static void not_taken(struct req *q)
{
    if (strcmp(req_sqlstate(q), "OH003") != 0) {
        req_answer_error(q);
        return;
    }
    req_catch(q, NULL);
    ASK(q, "select * from oh.open_case($1)", req_id(q));
    ASK(q,
        "select at, coalesce(assignee_name, by_name) as name from oh.case_history($1) where what in ('claim', 'assign')"
        " and retracted_at is null order by entry_no desc limit 1",
        req_id(q));
    req_then(q, show_taken);
}

/* ---- done ---- */

static void taken(struct req *q)
{
    answer_saved(q, of_case_path(q, ""), "You took this case.");
}

static void taken_and_written(struct req *q)
{
    req_catch(q, taken);
    ASK(q, "select oh.await_derived($1)", req_id(q));
    req_then(q, taken);
}

void screen_take(struct req *q)
{
    const char *request = page_request_id(q);
    if (request == NULL) {
        return;
    }
    req_catch(q, not_taken);
    ASK(q, "select oh.claim($1, $2::uuid)", req_id(q), request);
    req_then(q, taken_and_written);
}

static void put_back(struct req *q)
{
    answer_saved_case(q, "/calls", "You put the case back. Nobody has it now.", req_id(q), 0);
}

static void put_back_and_written(struct req *q)
{
    req_catch(q, put_back);
    ASK(q, "select oh.await_derived($1)", req_id(q));
    req_then(q, put_back);
}

void screen_put_back(struct req *q)
{
    const char *request = page_request_id(q);
    if (request == NULL) {
        return;
    }
    req_catch(q, not_taken);
    ASK(q, "select oh.release($1, $2::uuid)", req_id(q), request);
    req_then(q, put_back_and_written);
}
