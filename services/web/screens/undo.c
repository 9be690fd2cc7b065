/* Undoing an entry: the facts are as if it had never been made, but it stays to be seen. Entries
 * are numbered within their case, so that no address says how many there are in all. */
#include <string.h>

#include "services/web/screens.h"
#include "services/web/screens/of_case.h"
#include "services/web/screens/saving.h"
#include "services/web/screens/story.h"

static const struct choice reasons[] = {
    {.value = "wrong person", .label = "Wrong person"},
    {.value = "wrong outcome", .label = "Wrong outcome"},
    {.value = "wrong time", .label = "Wrong time"},
    {.value = "other", .label = "Another reason"},
};
#define N_REASONS (sizeof reasons / sizeof reasons[0])

/* The row of the entry that the route names; got_rows(q, nth) if the case has none. */
static size_t entry_row(struct req *q, size_t nth)
{
    size_t n = got_rows(q, nth), row = 0;
    while (row < n && (got(q, nth, row, "entry_no") == NULL ||
                       got_number(q, nth, row, "entry_no") != req_number(q))) {
        row++;
    }
    return row;
}

static void show(struct req *q)
{
    size_t row = entry_row(q, 1);
    if (!of_case_there(q, 0)) {
        return;
    }
    if (row == got_rows(q, 1)) {
        answer_not_found(q);
        return;
    }
    struct html *h = of_case_page(q, 0, "Undo this entry");
    put(h, "<div class=\"inset\"><p><strong>%s</strong><br>%s</p></div>\n",
        words_moment(req_words(q), got_instant(q, 1, row, "at")), story_text(q, 1, row));
    if (!got_true(q, 1, row, "can_undo")) {
        put(h, "<p>You cannot undo this entry. Your lead may be able to.</p>\n");
        page_end(q, 200);
        return;
    }
    page_form_begin(q, h,
                    of_case_path(q, arena_printf(req_arena(q), "/entry/%ld/undo", req_number(q))),
                    got(q, 0, 0, "digest"));
    saving_put_seen(q, h, 1);
    part_radios(h, req_form(q), "why", "Why do you undo it?",
                "The entry stays in the history, struck through.", reasons, N_REASONS, NULL, NULL);
    part_button(h, NULL, NULL, "Undo the entry");
    page_form_end(q, h);
    page_end(q, 200);
}

void screen_undo(struct req *q)
{
    of_case_ask(q);
    ASK(q, "select * from oh.case_history($1)", req_id(q));
    req_then(q, show);
}

/* An entry that is not there is refused by the database, as one of others is. */
static void retract(struct req *q)
{
    size_t row = entry_row(q, SAVING_HISTORY);
    bool there = row < got_rows(q, SAVING_HISTORY);
    const char *entry = there ? got_kept(q, SAVING_HISTORY, row, "entry_id") : "0";
    ASK(q, "select oh.retract($1::bigint, $2, $3::uuid)", entry, form_value(req_form(q), "why"),
        form_value(req_form(q), "request"));
}

void screen_undo_post(struct req *q)
{
    struct form *f = req_form(q);
    size_t i = 0;
    while (i < N_REASONS && !form_is(f, "why", reasons[i].value)) {
        i++;
    }
    if (i == N_REASONS) {
        form_wrong(f, "why", "Select why you undo the entry");
    }
    const struct saving s = {.what = "retract",
                             .title = "Undo this entry",
                             .record = retract,
                             .saved = "The entry is undone."};
    saving_begin(q, &s);
}
