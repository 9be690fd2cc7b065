/* "I spoke to them". Words that were said stay in the OH record; here is only what follows from
 * them. */
#include <string.h>

#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/screens.h"
#include "services/web/screens/of_case.h"
#include "services/web/screens/saving.h"
#include "services/web/screens/when.h"

enum { CASE, HISTORY };

static const struct choice agreed[] = {
    {"self_management_advice", "Self-management advice", NULL, NULL},
    {"fast_track_treatment", "Treatment with us (fast track)", NULL, NULL},
    {"onward_referral", "Referral to another service", NULL, NULL},
    {"already_in_care", "Already being treated", NULL, NULL},
    {"no_action_needed", "Nothing needed", NULL, NULL},
    {"declined", "They did not want help", NULL, NULL},
};
static const struct choice related[] = {{"yes", "Yes", NULL, NULL},
                                        {"partly", "Partly", NULL, NULL},
                                        {"no", "No", NULL, NULL},
                                        {"not_sure", "Not sure", NULL, NULL}};
static const struct choice able[] = {{"with_changes", "Yes, with changes", NULL, NULL},
                                     {"not_yet", "Not yet", NULL, NULL},
                                     {"at_work", "Back at work", NULL, NULL}};
static const struct choice channels[] = {{"phone", "Phone", NULL, NULL},
                                         {"video", "Video", NULL, NULL},
                                         {"in_person", "In person", NULL, NULL},
                                         {"text", "Text", NULL, NULL},
                                         {"email", "Email", NULL, NULL}};
#define N(choices) (sizeof(choices) / sizeof((choices)[0]))

/* ---- the form ---- */

static void if_urgent(struct html *h, const struct form *f, void *arg)
{
    (void)f;
    const struct req *q = arg;
    const char *text = got(q, CASE, 0, "urgent_text");
    part_callout_begin(h, "Urgent");
    put(h, "<p>%s</p>\n", text == NULL ? "Follow your service's own urgent pathway now." : text);
    put(h, "<p>Your lead sees this at once. Follow-up: %s, unless you choose another day.</p>\n",
        words_date(req_words(q), got_date(q, CASE, 0, "urgent_follow_up_on")));
    part_callout_end(h);
}

static void another_day(struct html *h, const struct form *f, void *arg)
{
    (void)arg;
    part_date(h, f, "again", "Which day?", "For example 11 (the next 11th) or 11 9 2026");
}

static void put_review(struct req *q, struct html *h)
{
    const struct words *w = req_words(q);
    struct date on = got_date(q, CASE, 0, "follow_up_on");
    const struct choice choices[] = {{"default",
                                      arena_printf(w->arena, "%s (%d days)", words_date(w, on),
                                                   date_is_none(on) ? 0 : date_diff(w->today, on)),
                                      NULL, NULL},
                                     {"other", "Another day", NULL, another_day},
                                     {"none", "No need", NULL, NULL}};
    part_radios(h, req_form(q), "review", "Look at this again on", NULL, choices, 3, "default",
                NULL);
}

static void put_fields(struct req *q, struct html *h)
{
    const struct form *f = req_form(q);
    const struct choice urgent[] = {
        {"no", "No", NULL, NULL},
        {"yes", "Yes, I advised urgent care or raised a concern", NULL, if_urgent}};
    part_radios(h, f, "urgent", "Did anything need urgent care?", NULL, urgent, 2, NULL, q);
    part_radios(h, f, "agreed", "What did you agree?", NULL, agreed, N(agreed), NULL, NULL);
    part_radios(h, f, "related", "Is it related to work? (optional)", NULL, related, N(related),
                NULL, NULL);
    part_radios(h, f, "able", "Could they work with changes? (optional)", NULL, able, N(able), NULL,
                NULL);
    part_date(h, f, "likely", "Likely back (optional)",
              "For example 11 (the next 11th) or 11 9 2026");
    put_review(q, h);
    part_radios(h, f, "channel", "How did you speak?", NULL, channels, N(channels), "phone", NULL);
    when_put(h, f, "When?");
}

static void show(struct req *q)
{
    struct html *h = of_case_page(q, CASE, "I spoke to them");
    page_form_begin(q, h, req_path(q), got(q, CASE, 0, "digest"));
    saving_put_seen(q, h, HISTORY);
    part_hidden(h, "onset", got_text(q, CASE, 0, "onset_date"));
    req_form(q)->focus = "urgent";
    put_fields(q, h);
    part_inset(h, "No clinical notes here. They belong in the OH record.");
    saving_put_buttons(h);
    page_form_end(q, h);
    page_end(q, 200);
}

void screen_spoke(struct req *q)
{
    of_case_ask(q);
    ASK(q, "select * from oh.case_history($1)", req_id(q));
    req_then(q, show);
}

/* ---- saving ---- */

static bool among(const struct form *f, const char *field, const struct choice *choices, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (form_is(f, field, choices[i].value)) {
            return true;
        }
    }
    return false;
}

/* NULL: not given, or the form has an error. */
static const char *read_likely(struct req *q)
{
    struct form *f = req_form(q);
    struct date d;
    const char *day = form_value(f, "likely-day");
    const char *month = form_value(f, "likely-month");
    const char *year = form_value(f, "likely-year");
    if (day[0] == '\0' && month[0] == '\0' && year[0] == '\0') {
        return NULL;
    }
    struct date onset = words_date_of(form_value(f, "onset"));
    bool real = when_read_day(q, true, "likely", &d);
    if (!real || (!date_is_none(onset) && d.days < onset.days)) {
        if (form_error(f, "likely") == NULL) {
            form_wrong(f, "likely",
                       real ? "Likely return must be after the absence began"
                            : "Likely return must be a real date");
        }
        return NULL;
    }
    return words_iso_date(req_words(q), d);
}

/* NULL: as the service does, or the form has an error. */
static const char *read_review(struct req *q)
{
    struct form *f = req_form(q);
    struct date d;
    if (form_is(f, "agreed", "declined")) {
        return NULL; /* nobody looks at it again */
    }
    if (form_is(f, "review", "none")) {
        if (form_is(f, "urgent", "yes") && form_error(f, "review") == NULL) {
            form_wrong(f, "review", "Select a day: urgent cases are looked at again");
        }
        return "infinity";
    }
    if (!form_is(f, "review", "other")) {
        return NULL;
    }
    if (!when_read_day(q, true, "again", &d)) {
        if (form_error(f, "again") == NULL) {
            form_wrong(f, "again", "Enter a real date");
        }
        return NULL;
    }
    if (d.days <= when_day(q).days || d.days <= req_words(q)->today.days) {
        if (form_error(f, "again") == NULL) {
            form_wrong(f, "again", "The review date must be after today");
        }
        return NULL;
    }
    return words_iso_date(req_words(q), d);
}

static const char *optional(const struct form *f, const char *field, const struct choice *choices,
                            size_t n)
{
    return among(f, field, choices, n) ? form_value(f, field) : NULL;
}

static void record(struct req *q)
{
    const struct form *f = req_form(q);
    const char *channel = optional(f, "channel", channels, N(channels));
    ASK(q,
        "select oh.record_contact(task_id => $1, outcome => $2,"
        " at => coalesce($3::timestamptz, oh.now()), review_on => $4::date,"
        " red_flag => $5::boolean, channel => $6, work_related => $7, work_ability => $8,"
        " likely_return => $9::date, request_id => $10::uuid)",
        req_id(q), form_value(f, "agreed"), when_tried(q), read_review(q),
        form_is(f, "urgent", "yes") ? "true" : "false", channel == NULL ? "phone" : channel,
        optional(f, "related", related, N(related)), optional(f, "able", able, N(able)),
        read_likely(q), form_value(f, "request"));
}

static const char *saved_text(struct req *q)
{
    const struct form *f = req_form(q);
    if (form_is(f, "urgent", "yes")) {
        return "Urgent care advised. Your lead sees this now.";
    }
    if (form_is(f, "agreed", "declined")) {
        return "Spoke to them: they did not want help. Nobody looks at this again.";
    }
    return arena_printf(req_arena(q), "Spoke to them: %s.", words_outcome(form_value(f, "agreed")));
}

/* So that a wrong day is seen before the next person is on the telephone. */
static const char *follow_up_text(struct req *q)
{
    const struct words *w = req_words(q);
    const struct form *f = req_form(q);
    struct date on = got_date(q, SAVING_CASE, 0,
                              form_is(f, "urgent", "yes") ? "urgent_follow_up_on" : "follow_up_on");
    if (form_is(f, "agreed", "declined")) {
        return "";
    }
    if (form_is(f, "review", "none")) {
        return " No follow-up.";
    }
    if (form_is(f, "review", "other") && !when_read_day(q, true, "again", &on)) {
        return "";
    }
    return date_is_none(on) ? "" : arena_printf(w->arena, " Follow-up: %s.", words_date(w, on));
}

void screen_spoke_post(struct req *q)
{
    struct form *f = req_form(q);
    if (!form_is(f, "urgent", "yes") && !form_is(f, "urgent", "no")) {
        form_wrong(f, "urgent", "Select yes if anything needed urgent care");
    }
    if (!among(f, "agreed", agreed, N(agreed))) {
        form_wrong(f, "agreed", "Select what you agreed");
    }
    (void)read_likely(q);
    (void)when_tried(q);
    (void)read_review(q);
    const struct saving s = {.what = "contact",
                             .title = "I spoke to them",
                             .record = record,
                             .saved = saved_text(q),
                             .follows = follow_up_text,
                             .urgent = form_is(f, "urgent", "yes")};
    saving_begin(q, &s);
}
