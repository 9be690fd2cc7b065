/* "I did not reach them". */
#include <string.h>

#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/screens.h"
#include "services/web/screens/of_case.h"
#include "services/web/screens/saving.h"
#include "services/web/screens/when.h"

#define CALL_BACK_DAYS 28

enum { CASE, HISTORY };

static void call_back(struct html *h, const struct form *f, void *arg)
{
    (void)arg;
    part_date(h, f, "back", "Which day?", "For example 11 (the next 11th) or 11 9 2026");
    part_time(h, f, "back-time", "Time", "For example 2:00pm");
}

static const struct choice outcomes[] = {
    {"no_answer", "No answer", NULL, NULL},
    {"busy", "Busy", NULL, NULL},
    {"voicemail", "Left a voicemail", NULL, NULL},
    {"message_with_other", "Spoke to somebody else, left no details", NULL, NULL},
    {"wrong_number", "Number is wrong or not in use", NULL, NULL},
    {"call_back", "They asked me to call back", NULL, call_back},
    {"text_sent", "Sent a text", NULL, NULL},
    {"email_sent", "Sent an email", NULL, NULL},
    {"letter_sent", "Sent a letter", NULL, NULL},
};
#define N_OUTCOMES (sizeof outcomes / sizeof outcomes[0])

static void show(struct req *q)
{
    struct html *h = of_case_page(q, CASE, "I did not reach them");
    if (strcmp(got_text(q, CASE, 0, "voicemail"), "f") == 0) {
        part_inset(h, "They asked us not to leave messages.");
    }
    if (got_true(q, CASE, 0, "unreachable")) {
        part_inset(h, "Not reached 3 times on 2 days. Send a letter or text, or close as unable to "
                      "contact.");
    }
    page_form_begin(q, h, req_path(q), got(q, CASE, 0, "digest"));
    saving_put_seen(q, h, HISTORY);
    part_hidden(h, "onset", got_text(q, CASE, 0, "onset_date"));
    req_form(q)->focus = "outcome";
    part_radios(h, req_form(q), "outcome", "What happened?", NULL, outcomes, N_OUTCOMES, NULL,
                NULL);
    when_put(h, req_form(q), "When did you try?");
    saving_put_buttons(h);
    page_form_end(q, h);
    page_end(q, 200);
}

void screen_not_reached(struct req *q)
{
    of_case_ask(q);
    ASK(q, "select * from oh.case_history($1)", req_id(q));
    req_then(q, show);
}

/* ---- saving ---- */

/* NULL with an error in the form, or none was asked for. */
static const char *read_call_back(struct req *q)
{
    const struct words *w = req_words(q);
    struct form *f = req_form(q);
    struct instant t = INSTANT_NONE;
    if (!form_is(f, "outcome", "call_back")) {
        return NULL;
    }
    if (form_value(f, "back-day")[0] == '\0' && form_value(f, "back-time")[0] == '\0') {
        form_wrong(f, "back", "Enter when they asked you to call");
        return NULL;
    }
    if (!when_read(q, true, "back", "back-time", &t)) {
        return NULL;
    }
    if (t.us <= w->now.us) {
        form_wrong(f, "back", "The call back must be in the future");
        return NULL;
    }
    if (date_diff(w->today, zone_date(w->zone, t)) > CALL_BACK_DAYS) {
        form_wrong(f, "back", "The call back must be within 28 days");
        return NULL;
    }
    return words_iso_instant(w, t);
}

static void record(struct req *q)
{
    const char *request = form_value(req_form(q), "request");
    const char *at = when_tried(q);
    const char *back = read_call_back(q);
    ASK(q,
        "select oh.record_attempt(task_id => $1, outcome => $2,"
        " at => coalesce($3::timestamptz, oh.now()), call_back_at => $4::timestamptz,"
        " request_id => $5::uuid)",
        req_id(q), form_value(req_form(q), "outcome"), at, back, request);
}

void screen_not_reached_post(struct req *q)
{
    struct form *f = req_form(q);
    const struct choice *outcome = NULL;
    for (size_t i = 0; i < N_OUTCOMES; i++) {
        outcome = form_is(f, "outcome", outcomes[i].value) ? &outcomes[i] : outcome;
    }
    if (outcome == NULL) {
        form_wrong(f, "outcome", "Select what happened");
    }
    const char *back = read_call_back(q);
    (void)when_tried(q);
    const char *label = outcome == NULL ? "" : words_outcome(outcome->value);
    const char *saved = back == NULL
                            ? arena_printf(req_arena(q), "Not reached: %s.", label)
                            : arena_printf(req_arena(q), "Not reached: call them back %s.",
                                           words_moment(req_words(q), words_instant_of(back)));
    const struct saving s = {
        .what = "attempt", .title = "I did not reach them", .record = record, .saved = saved};
    saving_begin(q, &s);
}
