#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "services/followup/events/diff.h"
#include "services/followup/events/render.h"
#include "tests/unit/leakcheck.h"

/* Standing and emitted events, put together by hand; each event to emit comes out as a line.
 */

#define MOST 16

static struct arena *a;
static struct zone *zone;
static struct org_rules org;
static struct rules rules;
static struct standing standing[MOST];
static struct emitted emitted[MOST];
static size_t n_standing, n_emitted;
static char lines[2048];

static void set_up(void)
{
    struct err err = {0};
    a = arena_new(4096);
    cr_assert_eq(zone_load(&zone, "Europe/London", &err), STATUS_OK);
    org = (struct org_rules){.live_from = DATE_NONE, .prompt_days = 28};
    rules = (struct rules){.org = &org, .zone = zone};
    n_standing = 0;
    n_emitted = 0;
}

static void tear_down(void)
{
    arena_free(a);
    zone_free(zone);
    leakcheck();
}

TestSuite(diff, .init = set_up, .fini = tear_down, .timeout = 20);

static struct instant at(const char *text)
{
    struct instant t;
    cr_assert(instant_parse(text, strlen(text), &t), "%s", text);
    return t;
}

static struct standing *stands(const char *subject, enum event_kind kind, const char *occurrence,
                               const char *t)
{
    struct standing *s = &standing[n_standing++];
    *s = (struct standing){.kind = kind,
                           .subject = subject,
                           .occurrence = occurrence,
                           .at = at(t),
                           .due_on = DATE_NONE};
    return s;
}

static struct emitted *was_said(const char *subject, enum event_kind kind, const char *occurrence,
                                const char *t)
{
    struct emitted *e = &emitted[n_emitted++];
    *e = (struct emitted){.kind = kind,
                          .subject = subject,
                          .occurrence = occurrence,
                          .nth = 1,
                          .at = at(t),
                          .withdrawn_at = INSTANT_NONE,
                          .data = "{}"};
    return e;
}

/* "+id" and "-id", in order, a blank between. */
static const char *say_at(const char *now)
{
    struct sayings s = diff(standing, n_standing, emitted, n_emitted, &rules, at(now), a);
    size_t len = 0;
    lines[0] = '\0';
    for (size_t i = 0; i < s.n; i++) {
        const struct saying *one = &s.items[i];
        const struct emitted *e = one->takes_back;
        cr_assert_neq(one->event == NULL, e == NULL);
        const char *id = e == NULL ? render_id(one->event->subject, one->event->kind,
                                               one->event->occurrence, one->nth, a)
                                   : render_id(e->subject, e->kind, e->occurrence, e->nth, a);
        len += (size_t)snprintf(lines + len, sizeof lines - len, "%s%c%s", i == 0 ? "" : " ",
                                e == NULL ? '+' : '-', id);
    }
    return lines;
}

#define SAYS(now, text) cr_assert_str_eq(say_at(now), text, "%s", lines)
#define NOW "2026-09-15T10:30:00Z"
#define BEFORE "2026-09-14T08:00:00Z"

Test(diff, what_stands_is_said_once)
{
    stands("sA", KIND_TASK_CREATED, "1", BEFORE);
    SAYS(NOW, "+sA/contact-task.created/1");
    was_said("sA", KIND_TASK_CREATED, "1", BEFORE);
    SAYS(NOW, "");
}

Test(diff, what_stands_no_more_is_taken_back)
{
    was_said("sA", KIND_OVERDUE, "2026-09-12", BEFORE);
    SAYS(NOW, "-sA/contact.overdue/2026-09-12");
}

Test(diff, a_time_not_reached_takes_nothing_back)
{
    was_said("sA", KIND_OVERDUE, "2026-09-16", "2026-09-15T23:00:00Z");
    SAYS(NOW, "");
    SAYS("2026-09-15T23:00:00Z", "-sA/contact.overdue/2026-09-16");
}

Test(diff, what_was_said_of_a_time_ahead_is_looked_at_then)
{
    was_said("sA", KIND_TASK_CREATED, "1", NOW);
    was_said("sA", KIND_OVERDUE, "2026-09-17", "2026-09-16T23:00:00Z");
    was_said("sA", KIND_OVERDUE, "2026-09-16", "2026-09-15T23:00:00Z");
    was_said("pB", KIND_RETURNED, "2026-09-16", "2026-09-15T22:00:00Z");
    was_said("sC", KIND_OVERDUE, "2026-09-16", "2026-09-15T21:00:00Z")->withdrawn_at = at(NOW);
    cr_assert_eq(diff_ahead(emitted, n_emitted, AUDIENCE_OH, at(NOW)).us,
                 at("2026-09-15T23:00:00Z").us);
    cr_assert_eq(diff_ahead(emitted, n_emitted, AUDIENCE_HR, at(NOW)).us,
                 at("2026-09-15T22:00:00Z").us);
    cr_assert(
        instant_is_none(diff_ahead(emitted, n_emitted, AUDIENCE_OH, at("2026-09-16T23:00:00Z"))));
    cr_assert(instant_is_none(diff_ahead(NULL, 0, AUDIENCE_HR, at(NOW))));
}

Test(diff, said_again_after_withdrawals_with_the_next_number)
{
    was_said("sA", KIND_TASK_CREATED, "1", BEFORE)->withdrawn_at = at(BEFORE);
    stands("sA", KIND_TASK_CREATED, "1", BEFORE);
    SAYS(NOW, "+sA/contact-task.created/1/2");
    struct emitted *second = was_said("sA", KIND_TASK_CREATED, "1", BEFORE);
    second->nth = 2;
    SAYS(NOW, "");
    second->withdrawn_at = at(BEFORE);
    SAYS(NOW, "+sA/contact-task.created/1/3");
}

Test(diff, the_second_emission_is_the_one_taken_back)
{
    was_said("sA", KIND_TASK_CREATED, "1", BEFORE)->withdrawn_at = at(BEFORE);
    was_said("sA", KIND_TASK_CREATED, "1", BEFORE)->nth = 2;
    SAYS(NOW, "-sA/contact-task.created/1/2");
}

Test(diff, superseded_is_not_said_and_not_taken_back)
{
    stands("sA", KIND_DUE_SOON, "2026-09-14", BEFORE)->superseded = true;
    SAYS(NOW, "");
    was_said("sA", KIND_DUE_SOON, "2026-09-14", BEFORE);
    SAYS(NOW, "");
}

Test(diff, settled_is_neither_said_nor_taken_back)
{
    stands("sA", KIND_TASK_CREATED, "1", BEFORE)->settled = true;
    was_said("sB", KIND_TASK_CREATED, "1", BEFORE)->settled = true;
    SAYS(NOW, "");
}

Test(diff, off_keeps_from_saying_and_takes_nothing_back)
{
    org.off = UINT64_C(1) << KIND_REVIEW_DUE;
    stands("sA", KIND_REVIEW_DUE, "2026-09-14", BEFORE);
    stands("sB", KIND_REVIEW_DUE, "2026-09-14", BEFORE);
    was_said("sB", KIND_REVIEW_DUE, "2026-09-14", BEFORE);
    SAYS(NOW, "");
    was_said("sC", KIND_REVIEW_DUE, "2026-09-14", BEFORE);
    SAYS(NOW, "-sC/review.due/2026-09-14"); /* it does not stand, whether off or not */
}

Test(diff, nothing_from_before_live_from_is_said)
{
    cr_assert(date_parse("2026-09-14", 10, &org.live_from));
    stands("sA", KIND_TASK_CREATED, "1", "2026-09-13T22:59:59Z"); /* local midnight is 23:00 UTC */
    stands("sB", KIND_TASK_CREATED, "1", "2026-09-13T23:00:00Z");
    SAYS(NOW, "+sB/contact-task.created/1");
}

Test(diff, hr_hears_nothing_of_what_is_long_past)
{
    org.prompt_days = 28;
    stands("pA", KIND_RETURNED, "2026-08-18", "2026-08-18T10:29:59Z");
    stands("pB", KIND_RETURNED, "2026-08-18", "2026-08-18T10:30:00Z");
    was_said("pC", KIND_INTERVIEW_DUE, "2026-08-18", "2026-08-18T10:29:59Z");
    was_said("pD", KIND_INTERVIEW_DUE, "2026-08-18", "2026-08-18T10:30:00Z");
    stands("sE", KIND_TASK_CREATED, "1", "2026-01-01T10:30:00Z"); /* the horizon is HR's alone */
    stands("pF", KIND_REASON_MISSING, "2026-01-03", "2026-01-03T09:00:00Z");
    SAYS(NOW, "+sE/contact-task.created/1 +pF/reason.missing/2026-01-03"
              " -pD/interview.due/2026-08-18 +pB/returned-to-work/2026-08-18");
}

Test(diff, in_the_order_of_their_times)
{
    stands("sA", KIND_OVERDUE, "2026-09-15", "2026-09-14T23:00:00Z");
    stands("sA", KIND_TASK_CREATED, "1", "2026-09-10T08:00:00Z");
    stands("pA", KIND_RETURNED, "2026-09-15", "2026-09-14T23:00:00Z");
    was_said("sB", KIND_DUE_SOON, "2026-09-12", "2026-09-12T08:00:00Z");
    SAYS(NOW, "+sA/contact-task.created/1 -sB/contact.due-soon/2026-09-12"
              " +sA/contact.overdue/2026-09-15 +pA/returned-to-work/2026-09-15");
}

Test(diff, taken_back_before_what_replaces_it)
{
    was_said("sA", KIND_OVERDUE, "2026-09-14", "2026-09-13T23:00:00Z");
    stands("sA", KIND_OVERDUE, "2026-09-12", "2026-09-11T23:00:00Z");
    stands("sA", KIND_REVIEW_DUE, "2026-09-11", "2026-09-11T08:00:00Z");
    was_said("sA", KIND_TASK_CREATED, "1", "2026-09-10T08:00:00Z");
    stands("sB", KIND_TASK_CREATED, "1", "2026-09-10T08:00:00Z");
    SAYS(NOW, "-sA/contact-task.created/1 +sB/contact-task.created/1 +sA/review.due/2026-09-11"
              " -sA/contact.overdue/2026-09-14 +sA/contact.overdue/2026-09-12");
}

Test(diff, of_a_later_version_is_left_alone)
{
    struct emitted *e = was_said("sA", KIND_COUNT, "1", BEFORE);
    e->settled = true; /* as it is loaded */
    SAYS(NOW, "");
}

/* ---- what stands ---- */

Test(diff, stands_from_its_time_on)
{
    struct period p = {.id = "PERIOD000001", .settled_at = INSTANT_NONE};
    struct spell sp = {.id = "SPELL0000001", .period = &p};
    struct timeline_event events[] = {
        {.kind = KIND_TASK_CREATED, .spell = &sp, .period = &p, .at = at(BEFORE)},
        {.kind = KIND_CHECK_IN_DUE, .spell = &sp, .period = &p, .at = at(NOW)},
        {.kind = KIND_CHECK_IN_DUE, .spell = &sp, .period = &p, .at = at(NOW)},
        {.kind = KIND_REASON_MISSING, .period = &p, .at = at(NOW)},
        {.kind = KIND_OVERDUE, .spell = &sp, .period = &p, .at = at("2026-09-15T10:30:00.000001Z")},
    };
    for (size_t i = 0; i < 5; i++) {
        events[i].occurs_on = zone_date(zone, events[i].at);
    }
    const struct casework cw = {.timeline = events, .n_timeline = 5};
    struct standing *s = NULL;
    size_t n = 0;
    diff_stand(&cw, at(NOW), a, &s, &n);
    cr_assert_eq(n, 3, "%zu", n); /* twice the same check-in is one; overdue is ahead */
    cr_assert_str_eq(s[0].subject, "sSPELL0000001");
    cr_assert_str_eq(s[0].occurrence, "1");
    cr_assert_str_eq(s[1].occurrence, "2026-09-15");
    cr_assert_str_eq(s[2].subject, "pPERIOD000001");
    cr_assert_null(s[2].spell);
    cr_assert(!s[0].settled);
    p.settled_at = at(NOW);
    diff_stand(&cw, at(NOW), a, &s, &n);
    cr_assert(s[0].settled);
}

Test(diff, settled_by_the_period_or_by_the_anchor_of_the_spell)
{
    struct record rec = {.source = "/hr/T1", .absence_id = "A-1"};
    const struct record *records[] = {&rec};
    struct period periods[] = {
        {.id = "PERIOD000001", .settled_at = at(BEFORE), .records = records, .n_records = 1},
        {.id = "PERIOD000002", .settled_at = at("2026-12-24T00:00:00Z")}};
    struct stored_spell spells[] = {
        {.spell_id = "SPELL0000001", .anchor = {.source = "/hr/T1", .absence_id = "A-1"}}};
    const struct case_person p = {
        .cw = {.periods = periods, .n_periods = 2, .hr_periods = periods, .n_hr_periods = 2},
        .spells = spells,
        .n_spells = 1};
    was_said("pA", KIND_RETURNED, "2026-09-01", BEFORE)->period_id = "PERIOD000001";
    was_said("pB", KIND_RETURNED, "2026-09-01", BEFORE)->period_id = "PERIOD000002";
    was_said("pC", KIND_RETURNED, "2026-09-01", BEFORE)->period_id = "PERIOD000003";
    struct emitted *merged = was_said("sD", KIND_TASK_CREATED, "1", BEFORE);
    merged->period_id = "PERIOD000004";
    merged->spell_id = "SPELL0000001";
    diff_mark_settled(emitted, n_emitted, &p, at(NOW));
    cr_assert(emitted[0].settled);
    cr_assert(!emitted[1].settled);
    cr_assert(!emitted[2].settled);
    cr_assert(emitted[3].settled);
}

Test(diff, a_feed_is_silent_after_its_hours)
{
    struct calendar *calendar = calendar_new();
    rules.calendar = calendar;
    org.feed_silent_hours = 24;
    struct standing *s = NULL;
    size_t n = 9;
    diff_stand_silent(&rules, "RW3", at("2026-09-14T10:00:00Z"), at("2026-09-15T09:59:59Z"), a, &s,
                      &n);
    cr_assert_eq(n, 0);
    diff_stand_silent(&rules, "RW3", at("2026-09-14T10:00:00Z"), at("2026-09-15T10:00:00Z"), a, &s,
                      &n);
    cr_assert_eq(n, 1);
    cr_assert_str_eq(s[0].subject, "oRW3");
    cr_assert_str_eq(s[0].occurrence, "2026-09-15");
    calendar_free(calendar);
}
