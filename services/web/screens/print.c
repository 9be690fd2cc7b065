/* On paper: one case, or the calls of a list. Only these two print telephone numbers. Each print is
 * in the audit with the persons on it. The frame of the page says on paper who printed it, and
 * when. The list has no reason and no queue's name beside a person, as it may lie about. */
#include <string.h>

#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/screens.h"
#include "services/web/screens/call_words.h"
#include "services/web/screens/of_case.h"
#include "services/web/screens/story.h"

static void printing_hint(struct html *h)
{
    put(h, "<p class=\"screen\">Print this page with your browser (Ctrl and P).</p>\n");
}

/* ---- a case ---- */

static void row_if(struct html *h, const char *key, const char *value)
{
    if (value != NULL && *value != '\0') {
        part_summary_row(h, key, value);
    }
}

static void number_row(struct req *q, struct html *h, size_t nth, size_t row)
{
    const char *phone = got(q, nth, row, "phone"), *stop = got(q, nth, row, "do_not_call");
    part_summary_row_begin(h, "Call");
    if (stop != NULL) {
        put(h, "<strong>Do not call.</strong>");
    } else if (phone == NULL) {
        put(h, "no number");
    } else {
        put(h, "<span class=\"number\">%s</span>", phone);
    }
    part_summary_row_end(h);
}

static void show_case(struct req *q)
{
    const struct words *w = req_words(q);
    if (!of_case_there(q, 0)) {
        return;
    }
    const struct page page = {.title = "Case, for printing",
                              .heading = got_text(q, 0, 0, "name"),
                              .heading_is_name = true,
                              .section = SECTION_CALLS,
                              .back_href = of_case_path(q, ""),
                              .back_label = "Back to the case",
                              .is_print = true};
    struct html *h = page_begin(q, &page);
    printing_hint(h);
    part_summary_begin(h);
    number_row(q, h, 0, 0);
    if (got(q, 0, 0, "date_of_birth") != NULL) {
        part_summary_row(h, "Date of birth",
                         words_full_date(w, got_date(q, 0, 0, "date_of_birth")));
    }
    row_if(h, "Best time", got(q, 0, 0, "preferred_time"));
    row_if(h, "Language", words_language(got(q, 0, 0, "language")));
    row_if(h, "Needs", got(q, 0, 0, "needs"));
    row_if(h, "Job", got(q, 0, 0, "job"));
    row_if(h, "Site", got(q, 0, 0, "site"));
    part_summary_row(h, "Off since", words_date(w, got_date(q, 0, 0, "onset_date")));
    row_if(h, "Reason", got(q, 0, 0, "display_reason"));
    if (got(q, 0, 0, "act_by") != NULL && got(q, 0, 0, "contacted_at") == NULL) {
        part_summary_row(h, "Must call by", words_date(w, got_date(q, 0, 0, "act_by")));
    }
    row_if(h, "OH record", got(q, 0, 0, "oh_record"));
    part_summary_end(h);
    put(h, "<h2>What has happened</h2>\n");
    story_list(q, h, 1, 0);
    page_end(q, 200);
}

void screen_case_print(struct req *q)
{
    of_case_ask(q);
    ASK(q, "select * from oh.case_history($1)", req_id(q));
    ASK(q, "select oh.printed(array[$1])", req_id(q));
    req_then(q, show_case);
}

/* ---- a list ---- */

static void call_row(struct req *q, struct html *h, size_t i, const char *const *headings)
{
    part_row_begin(h);
    part_row_head_begin(h, headings[0]);
    put(h, "<span class=\"who\">");
    put_name(h, got_text(q, 0, i, "name"));
    put(h, "</span>");
    if (*words_language(got(q, 0, i, "language")) != '\0') {
        put(h, "<br>%s", words_language(got(q, 0, i, "language")));
    }
    part_row_head_end(h);
    part_cell_begin(h, headings[1]);
    call_number_plain(q, h, 0, i);
    part_cell_end(h);
    part_cell_begin(h, headings[2]);
    call_when(q, h, 0, i);
    part_cell_end(h);
    part_cell(h, headings[3],
              got(q, 0, i, "tried") != NULL ? got_text(q, 0, i, "tried") : "not yet");
    part_cell(h, headings[4], "");
    part_row_end(h);
}

static void show_calls(struct req *q)
{
    static const char *const headings[] = {"Who", "Number", "Call by", "Tried", "Notes", NULL};
    const struct page page = {.title = "Calls, for printing",
                              .section = SECTION_CALLS,
                              .back_href = "/calls",
                              .back_label = "Calls",
                              .wide = true,
                              .is_print = true};
    size_t n = got_rows(q, 0);
    struct html *h = page_begin(q, &page);
    printing_hint(h);
    if (n == 0) {
        put(h, "<p>There are no calls on this list.</p>\n");
        page_end(q, 200);
        return;
    }
    part_table_begin(h, "Calls", headings);
    for (size_t i = 0; i < n; i++) {
        call_row(q, h, i, headings);
    }
    part_table_end(h);
    page_end(q, 200);
}

/* The list and the note of who is on it, in one statement: what is printed is what is noted. */
#define PRINTED                                                                                    \
    "with c as materialized (select * from oh.calls($1, $2, $3, null, 200)),"                      \
    " p as materialized (select oh.printed(array(select c.task_id from c)) as noted)"              \
    " select c.* from c cross join p order by c.row_no"

void screen_calls_print(struct req *q)
{
    const char *view = req_query(q, "view"), *queue = req_query(q, "queue");
    const char *site = req_query(q, "site");
    ASK(q, PRINTED, view != NULL ? view : "today", queue != NULL && *queue != '\0' ? queue : NULL,
        site != NULL && *site != '\0' ? site : NULL);
    req_then(q, show_calls);
}
