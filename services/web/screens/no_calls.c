/* Somebody does not want calls, or wants them again. It holds for the person, so for every case of
 * theirs; only those that the login sees are counted and named. */
#include "services/web/screens.h"
#include "services/web/screens/of_case.h"
#include "services/web/screens/saving.h"

static void show(struct req *q)
{
    if (got_rows(q, 0) == 0) {
        answer_not_found(q);
        return;
    }
    struct html *h = of_case_page(q, 0, "They do not want calls");
    put(h, "<p>Nobody calls them about this absence or a later one, until they ask for calls "
           "again. HR is not told.</p>\n");
    size_t n = got_rows(q, 1);
    if (n > 0) {
        put(h, "<p>%s of theirs that you see will leave the list:</p>\n<ul>\n",
            words_count(req_words(q), (long)n, "case", "cases"));
        for (size_t i = 0; i < n; i++) {
            put(h, "<li>%s, off since %s</li>\n", words_queue(req_words(q), got(q, 1, i, "queue")),
                words_date(req_words(q), got_date(q, 1, i, "onset_date")));
        }
        put(h, "</ul>\n");
    }
    page_form_begin(q, h, of_case_path(q, "/no-calls"), got(q, 0, 0, "digest"));
    saving_put_seen(q, h, 2);
    part_button(h, NULL, NULL, "Save: no more calls");
    page_form_end(q, h);
    page_end(q, 200);
}

void screen_no_calls(struct req *q)
{
    of_case_ask(q);
    ASK(q, "select queue, onset_date from oh.case_others($1) where state <> 'ended'", req_id(q));
    ASK(q, "select * from oh.case_history($1)", req_id(q));
    req_then(q, show);
}

/* ---- saving ---- */

static void opt_out(struct req *q)
{
    const char *organisation = got_kept(q, SAVING_CASE, 0, "organisation");
    ASK(q, "select oh.opt_out($1, $2, $3::uuid)", organisation,
        got_kept(q, SAVING_CASE, 0, "person_id"), form_value(req_form(q), "request"));
}

static void opt_in(struct req *q)
{
    const char *organisation = got_kept(q, SAVING_CASE, 0, "organisation");
    ASK(q, "select oh.opt_in($1, $2, $3::uuid)", organisation,
        got_kept(q, SAVING_CASE, 0, "person_id"), form_value(req_form(q), "request"));
}

void screen_no_calls_post(struct req *q)
{
    const struct saving s = {.what = "opt_out",
                             .title = "They do not want calls",
                             .record = opt_out,
                             .saved = "Nobody will call them."};
    saving_begin(q, &s);
}

void screen_opt_in_post(struct req *q)
{
    const struct saving s = {.what = "opt_in",
                             .title = "They want calls again",
                             .record = opt_in,
                             .saved = "They can be called again.",
                             .is_button = true};
    saving_begin(q, &s);
}
