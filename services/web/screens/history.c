/* The whole history of a case, and who has looked at it. */
#include <string.h>

#include "services/web/screens.h"
#include "services/web/screens/of_case.h"
#include "services/web/screens/story.h"

static void show_history(struct req *q)
{
    if (!of_case_there(q, 0)) {
        return;
    }
    struct html *h = of_case_page(q, 0, "Whole history");
    story_list(q, h, 1, 0);
    page_end(q, 200);
}

void screen_history(struct req *q)
{
    of_case_ask(q);
    ASK(q, "select * from oh.case_history($1)", req_id(q));
    req_then(q, show_history);
}

/* ---- who has looked ---- */

static const char *words_looked(const char *what)
{
    static const char *const words[][2] = {
        {"open", "opened the case"},       {"list", "saw them on a list"},
        {"search", "found them"},          {"print", "printed the case"},
        {"looked", "looked at this page"}, {"export", "exported what is kept about them"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i][0], what) == 0) {
            return words[i][1];
        }
    }
    return what;
}

static void show_looked(struct req *q)
{
    static const char *const headings[] = {"When", "Who", "Did what", "Times", NULL};
    const struct words *w = req_words(q);
    if (!of_case_there(q, 0)) {
        return;
    }
    struct html *h = of_case_page(q, 0, "Who has looked");
    put(h, "<p>Newest first. A line is one day of one reader.</p>\n");
    part_table_begin(h, "Readers of this case", headings);
    for (size_t i = 0; i < got_rows(q, 1); i++) {
        part_row_begin(h);
        part_row_head_begin(h, headings[0]);
        put(h, "%s", words_moment(w, got_instant(q, 1, i, "last_at")));
        part_row_head_end(h);
        part_cell_begin(h, headings[1]);
        put_name(h, got_text(q, 1, i, "name"));
        part_cell_end(h);
        part_cell(h, headings[2], words_looked(got_text(q, 1, i, "what")));
        part_cell(h, headings[3], got_text(q, 1, i, "times"));
        part_row_end(h);
    }
    part_table_end(h);
    page_end(q, 200);
}

void screen_looked(struct req *q)
{
    ASK(q, "select name from oh.task where task_id = $1", req_id(q));
    ASK(q, "select * from oh.looked($1)", req_id(q));
    req_then(q, show_looked);
}
