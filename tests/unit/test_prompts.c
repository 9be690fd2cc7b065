/* Events for HR and line managers. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(prompts, .fini = leakcheck);

/* All with a reason that matches nothing, so that nothing but prompts can come out. */
#define OFF(sc, ...) SEND((sc), .code = "S13", __VA_ARGS__)

/* */
Test(prompts, returned_and_interview)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    OFF(sc, .onset = "2026-09-07", .last_day = "2026-09-10");
    scene_at(sc, "2026-09-30 09:00");
    cr_assert_str_eq(scene_log(sc),
                     "2026-09-08 09:00 + expected-return.approaching period 2026-09-08\n"
                     "2026-09-11 00:00 - expected-return.approaching period 2026-09-08\n"
                     "2026-09-11 00:00 + returned-to-work period 2026-09-11\n"
                     "2026-09-11 09:00 + interview.due period 2026-09-11\n");
    OFF(sc, .onset = "2026-09-07");
    cr_assert_str_eq(scene_standing(sc), "2026-09-14 09:00 fit-note.due period due 2026-09-14\n");
    scene_close(sc);
}

/* */
Test(prompts, back_in_one_of_two_jobs)
{
    struct scene *sc = scene_open_at("2026-09-01 09:00");
    OFF(sc, .id = "A", .assignment = "1", .onset = "2026-09-01", .last_day = "2026-09-03");
    OFF(sc, .id = "B", .assignment = "1", .onset = "2026-09-04", .last_day = "2026-09-05");
    OFF(sc, .id = "C", .assignment = "2", .onset = "2026-09-01", .fit_to = "2026-12-31");
    OFF(sc, .id = "D", .assignment = "1", .onset = "2026-09-10", .last_day = "2026-09-11");
    scene_at(sc, "2026-09-20 09:00");
    cr_assert_str_eq(scene_standing(sc),
                     "2026-09-06 00:00 return-to-work.partial period due 2026-09-06\n"
                     "2026-09-12 00:00 return-to-work.partial period due 2026-09-12\n");
    OFF(sc, .id = "C", .assignment = "2", .onset = "2026-09-01", .last_day = "2026-09-11");
    cr_assert_str_eq(scene_standing(sc),
                     "2026-09-06 00:00 return-to-work.partial period due 2026-09-06\n"
                     "2026-09-12 00:00 returned-to-work period due 2026-09-12\n"
                     "2026-09-12 09:00 interview.due period due 2026-09-12\n");
    scene_close(sc);
}

/* */
Test(prompts, records_without_an_assignment_are_of_one)
{
    struct scene *sc = scene_open_at("2026-09-01 09:00");
    OFF(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-03");
    OFF(sc, .id = "B", .onset = "2026-09-02", .fit_to = "2026-12-31");
    scene_at(sc, "2026-09-20 09:00");
    cr_assert_str_eq(scene_standing(sc), "");
    scene_close(sc);
}

#define ASKING "\"ask_reasons\": false", "\"ask_reasons\": true"

/* Monday to Friday without a reason: HR is asked on Tuesday, whatever else is known. */
/* */
Test(prompts, a_reason_is_asked_for)
{
    struct scene *sc = scene_open_at("2026-09-07 08:00");
    SEND(sc, .onset = "2026-09-07");
    scene_at(sc, "2026-09-08 10:00");
    cr_assert_standing(sc, "absence-reason.due",
                       "2026-09-08 09:00 absence-reason.due period due 2026-09-08\n");
    cr_assert_str_eq(scene_log(sc), "", "not unless ask_reasons");
    scene_settings(sc, ASKING);
    cr_assert_str_eq(scene_log(sc), "2026-09-08 10:00 + absence-reason.due period 2026-09-08\n");
    SEND(sc, .onset = "2026-09-07", .code = "S99");
    cr_assert_str_eq(scene_log(sc), "", "S99 says nothing");
    SEND(sc, .onset = "2026-09-07", .code = "S98");
    cr_assert_str_eq(scene_log(sc), "2026-09-08 10:00 - absence-reason.due period 2026-09-08\n");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-11", .code = " s99 unknown");
    cr_assert_str_eq(scene_log(sc), "2026-09-08 10:00 + absence-reason.due period 2026-09-08\n");
    scene_at(sc, "2026-09-14 10:00");
    cr_assert_standing(sc, "absence-reason.due",
                       "2026-09-08 09:00 absence-reason.due period due 2026-09-08\n");
    scene_close(sc);
}

/* A matching record of the period changes nothing of it, nor does one that matches nothing. */
/* */
Test(prompts, a_reason_is_asked_for_beside_another_record)
{
    static const char *const beside[] = {"S12", "S13", "S17", "S98"};
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        struct scene *sc = scene_open_at("2026-09-07 08:00");
        scene_settings(sc, ASKING);
        SEND(sc, .id = "A", .assignment = "1", .onset = "2026-09-07", .code = beside[i]);
        SEND(sc, .id = "B", .assignment = "2", .onset = "2026-09-09", .code = "S99");
        SEND(sc, .id = "C", .assignment = "3", .onset = "2026-09-10");
        scene_at(sc, "2026-09-11 10:00");
        cr_assert_standing(sc, "absence-reason.due",
                           "2026-09-10 09:00 absence-reason.due period due 2026-09-10\n");
        SEND(sc, .id = "B", .assignment = "2", .onset = "2026-09-09", .cancelled = true);
        cr_assert_standing(sc, "absence-reason.due",
                           "2026-09-11 09:00 absence-reason.due period due 2026-09-11\n");
        scene_close(sc);
    }
}

/* HR is not asked about a single day, nor about an absence that was over at its first notice. */
/* */
Test(prompts, a_reason_nobody_needs)
{
    struct scene *sc = scene_open_at("2026-09-07 08:00");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-07");
    SEND(sc, .id = "B", .onset = "2026-08-24", .last_day = "2026-08-28");
    scene_at(sc, "2026-09-11 10:00");
    cr_assert_standing(sc, "absence-reason.due", "");
    scene_close(sc);
}

/* Judged when it is stored: other settings count for what HR sends again. */
/* */
Test(prompts, unknown_reasons_of_other_settings_count_when_it_is_sent_again)
{
    struct scene *sc = scene_open_at("2026-09-07 08:00");
    SEND(sc, .onset = "2026-09-07", .code = "S13");
    scene_at(sc, "2026-09-09 10:00");
    scene_settings(sc, "\"unknown_reasons\": [{ \"scheme\": \"esr\", \"match\": [\"S99\"] }]",
                   "\"unknown_reasons\": [{ \"scheme\": \"esr\", \"match\": [\"S13\"] }]");
    cr_assert_standing(sc, "absence-reason.due", "");
    cr_assert_eq(SEND(sc, .version = 1, .onset = "2026-09-07", .code = "S13"), APPLIED_CHANGED);
    cr_assert_standing(sc, "absence-reason.due",
                       "2026-09-08 09:00 absence-reason.due period due 2026-09-08\n");
    scene_close(sc);
}

/* */
Test(prompts, expected_return)
{
    struct scene *sc = scene_open_at("2026-09-01 09:00");
    OFF(sc, .onset = "2026-09-01", .expected = "2026-09-21", .fit_to = "2026-12-31");
    scene_at(sc, "2026-09-30 09:00");
    cr_assert_str_eq(
        scene_standing(sc),
        "2026-09-16 09:00 expected-return.approaching period due 2026-09-21 superseded\n"
        "2026-09-22 09:00 expected-return.passed period due 2026-09-21\n");
    OFF(sc, .onset = "2026-09-01", .expected = "2026-10-30", .fit_to = "2026-12-31");
    cr_assert_str_eq(scene_standing(sc), "", "moved on: both were for nothing");
    OFF(sc, .onset = "2026-09-01", .expected = "2026-09-21", .last_day = "2026-09-22",
        .fit_to = "2026-12-31");
    cr_assert_str_eq(scene_standing(sc), "2026-09-23 00:00 returned-to-work period due 2026-09-23\n"
                                         "2026-09-23 09:00 interview.due period due 2026-09-23\n");
    scene_close(sc);
}

/* */
Test(prompts, an_expected_return_within_three_working_days_of_the_onset)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    OFF(sc, .onset = "2026-09-07", .expected = "2026-09-09");
    scene_at(sc, "2026-09-12 09:00");
    cr_assert_str_eq(scene_standing(sc),
                     "2026-09-10 09:00 expected-return.passed period due 2026-09-09\n");
    scene_close(sc);
}

/* */
Test(prompts, fit_notes)
{
    struct scene *sc = scene_open_at("2026-09-01 09:00");
    OFF(sc, .id = "A", .onset = "2026-09-01");
    scene_at(sc, "2026-09-08 09:00");
    cr_assert_str_eq(scene_standing(sc), "2026-09-08 09:00 fit-note.due period due 2026-09-08\n");
    OFF(sc, .id = "A", .onset = "2026-09-01", .fit_from = "2026-09-08");
    cr_assert_str_eq(scene_standing(sc), "");
    OFF(sc, .id = "A", .onset = "2026-09-01", .fit_from = "2026-09-08", .fit_to = "2026-09-14");
    OFF(sc, .id = "B", .onset = "2026-09-03", .fit_from = "2026-09-08", .fit_to = "2026-09-21");
    scene_at(sc, "2026-09-30 09:00");
    cr_assert_str_eq(scene_standing(sc),
                     "2026-09-16 09:00 fit-note.expiring period due 2026-09-21\n");
    OFF(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-29");
    OFF(sc, .id = "B", .onset = "2026-09-03", .last_day = "2026-09-29");
    cr_assert_null(strstr(scene_standing(sc), "fit-note"));
    scene_close(sc);
}

/* */
Test(prompts, phased_return_after_the_absence)
{
    struct scene *sc = scene_open_at("2026-09-01 09:00");
    OFF(sc, .id = "A", .onset = "2026-09-01", .phased = "2026-09-10", .assignment = "1");
    OFF(sc, .id = "B", .onset = "2026-09-01", .phased = "2026-09-10", .assignment = "2");
    scene_at(sc, "2026-09-10 08:00");
    OFF(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-09", .phased = "2026-09-10",
        .assignment = "1");
    OFF(sc, .id = "B", .onset = "2026-09-01", .last_day = "2026-09-09", .phased = "2026-09-10",
        .assignment = "2");
    scene_at(sc, "2026-09-25 09:00");
    cr_assert_str_eq(scene_standing(sc),
                     "2026-09-10 00:00 returned-to-work period due 2026-09-10\n"
                     "2026-09-10 09:00 interview.due period due 2026-09-10\n"
                     "2026-09-17 09:00 phased-return.review-due period due 2026-09-17 superseded\n"
                     "2026-09-24 09:00 phased-return.review-due period due 2026-09-24\n");
    scene_at(sc, "2026-10-10 09:00");
    cr_assert_not_null(strstr(scene_standing(sc),
                              "2026-10-01 09:00 phased-return.review-due period due 2026-10-01 "
                              "superseded\n"
                              "2026-10-07 09:00 phased-return.ending period due 2026-10-07\n"));
    scene_close(sc);
}

/* R-74 R-77 */
Test(prompts, phased_return_while_still_on_record)
{
    struct scene *sc = scene_open_at("2026-09-01 09:00");
    OFF(sc, .onset = "2026-09-01", .phased = "2026-09-10", .fit_to = "2026-12-31");
    scene_at(sc, "2026-09-20 09:00");
    cr_assert_str_eq(scene_standing(sc),
                     "2026-09-10 00:00 return-to-work.partial period due 2026-09-10\n"
                     "2026-09-17 09:00 phased-return.review-due period due 2026-09-17\n");
    OFF(sc, .onset = "2026-09-01", .last_day = "2026-09-18", .phased = "2026-09-10");
    scene_at(sc, "2026-10-20 09:00");
    cr_assert_str_eq(scene_standing(sc),
                     "2026-09-10 00:00 return-to-work.partial period due 2026-09-10\n"
                     "2026-09-17 09:00 phased-return.review-due period due 2026-09-17\n"
                     "2026-09-19 00:00 returned-to-work period due 2026-09-19\n"
                     "2026-09-19 09:00 interview.due period due 2026-09-19\n");
    scene_close(sc);
}

/* */
Test(prompts, no_phased_return_from_within_an_absence_that_has_ended)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    OFF(sc, .onset = "2026-09-07", .last_day = "2026-09-10", .phased = "2026-09-10");
    scene_at(sc, "2026-10-20 09:00");
    cr_assert_str_eq(scene_standing(sc),
                     "2026-09-10 00:00 return-to-work.partial period due 2026-09-10\n"
                     "2026-09-11 00:00 returned-to-work period due 2026-09-11\n"
                     "2026-09-11 09:00 interview.due period due 2026-09-11\n");
    scene_close(sc);
}

/* R-77 R-78 */
Test(prompts, two_phased_returns)
{
    struct scene *sc = scene_open_at("2026-09-01 09:00");
    OFF(sc, .id = "A", .onset = "2026-09-01", .phased = "2026-09-10", .assignment = "1",
        .fit_to = "2026-12-31");
    OFF(sc, .id = "B", .onset = "2026-09-01", .phased = "2026-09-17", .assignment = "2");
    scene_at(sc, "2026-10-08 10:00");
    cr_assert_not_null(strstr(scene_standing(sc),
                              "2026-10-07 09:00 phased-return.ending period due 2026-10-07\n"
                              "2026-10-08 09:00 phased-return.review-due period due 2026-10-08\n"));
    scene_close(sc);
}

/* */
Test(prompts, from_the_midnight_of_a_death)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    OFF(sc, .onset = "2026-09-07", .last_day = "2026-09-10");
    scene_at(sc, "2026-10-20 09:00");
    scene_person(sc, PERSON_DIED, "2026-09-11");
    cr_assert_str_eq(scene_standing(sc), "");
    scene_person(sc, PERSON_DIED, "2026-09-12");
    cr_assert_str_neq(scene_standing(sc), "");
    scene_close(sc);
}

/* */
Test(prompts, noticed_on_the_last_day_is_in_time)
{
    struct scene *sc = scene_open_at("2026-09-10 23:00");
    OFF(sc, .id = "A", .onset = "2026-09-07", .last_day = "2026-09-08", .assignment = "1");
    OFF(sc, .id = "B", .onset = "2026-09-07", .last_day = "2026-09-10", .assignment = "2");
    scene_at(sc, "2026-09-20 09:00");
    cr_assert_not_null(strstr(scene_standing(sc), "2026-09-09 00:00 return-to-work.partial"));
    scene_close(sc);
}

/* */
Test(prompts, over_before_anybody_was_told)
{
    struct scene *sc = scene_open_at("2026-09-25 09:00");
    OFF(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-20", .phased = "2026-09-10",
        .assignment = "1");
    OFF(sc, .id = "B", .onset = "2026-09-01", .last_day = "2026-09-05", .assignment = "2");
    scene_at(sc, "2026-10-30 09:00");
    cr_assert_str_eq(scene_standing(sc), "2026-09-21 00:00 returned-to-work period due 2026-09-21\n"
                                         "2026-09-21 09:00 interview.due period due 2026-09-21\n");
    scene_close(sc);
}

/* R-53 R-54 */
Test(prompts, nothing_of_a_return_by_leaving_or_death)
{
    struct scene *sc = scene_open_at("2026-09-01 09:00");
    OFF(sc, .onset = "2026-09-01", .expected = "2026-09-10");
    scene_person(sc, PERSON_LEFT, "2026-09-08");
    scene_at(sc, "2026-09-30 09:00");
    cr_assert_str_eq(scene_standing(sc), "");
    cr_assert_str_eq(scene_log(sc),
                     "2026-09-07 09:00 + expected-return.approaching period 2026-09-07\n"
                     "2026-09-08 09:00 + fit-note.due period 2026-09-08\n"
                     "2026-09-09 00:00 - expected-return.approaching period 2026-09-07\n"
                     "2026-09-09 00:00 - fit-note.due period 2026-09-08\n");
    scene_person(sc, PERSON_LEFT, NULL);
    OFF(sc, .onset = "2026-09-01", .last_day = "2026-09-15");
    cr_assert_str_neq(scene_standing(sc), "");
    scene_person(sc, PERSON_DIED, "2026-09-15");
    cr_assert_str_eq(scene_standing(sc), "");
    scene_close(sc);
}

/* R-54 R-75 */
Test(prompts, who_leaves_on_the_day_expected_back_is_not_missed_the_day_after)
{
    struct scene *sc = scene_open_at("2026-09-01 09:00");
    OFF(sc, .onset = "2026-09-01", .expected = "2026-09-10", .fit_to = "2026-12-31");
    cr_assert_not_null(strstr(scene_ahead(sc), "2026-09-11 09:00 expected-return.passed"));
    scene_person(sc, PERSON_LEFT, "2026-09-10");
    cr_assert_str_eq(scene_ahead(sc),
                     "2026-09-07 09:00 expected-return.approaching period due 2026-09-10\n");
    scene_close(sc);
}

/* */
Test(prompts, whatever_occupational_health_does)
{
    struct scene *a = scene_open_at("2026-09-01 09:00"), *b = scene_open_at("2026-09-01 09:00");
    SEND(a, .onset = "2026-09-01", .code = "S12", .expected = "2026-09-21");
    SEND(b, .onset = "2026-09-01", .code = "S13", .expected = "2026-09-21");
    scene_entry(a, 0, CONTACT_MADE, OUTCOME_DECLINED, NULL);
    scene_person(a, PERSON_OPTED_OUT, "2026-09-01");
    scene_at(a, "2026-09-30 09:00");
    scene_at(b, "2026-09-30 09:00");
    size_t n = 0;
    for (size_t i = 0; i < a->cw.n_timeline; i++) {
        const struct timeline_event *e = &a->cw.timeline[i];
        if (event_kind_audience(e->kind) == AUDIENCE_HR) {
            cr_assert_lt(n, b->cw.n_timeline);
            cr_assert_eq(b->cw.timeline[n].kind, e->kind);
            cr_assert_eq(b->cw.timeline[n].at.us, e->at.us);
            cr_assert_eq(b->cw.timeline[n].superseded, e->superseded);
            n++;
        }
    }
    cr_assert_eq(n, b->cw.n_timeline);
    cr_assert_gt(n, 2);
    scene_close(a);
    scene_close(b);
}

/* */
Test(prompts, nine_o_clock_is_local)
{
    struct scene *sc = scene_open_at("2026-10-19 09:00");
    OFF(sc, .onset = "2026-10-19");
    cr_assert_eq(sc->cw.n_timeline, 1);
    char text[INSTANT_TEXT];
    cr_assert_str_eq(instant_format(sc->cw.timeline[0].at, text), "2026-10-26T09:00:00Z");
    OFF(sc, .onset = "2026-10-18");
    cr_assert_str_eq(instant_format(sc->cw.timeline[0].at, text), "2026-10-25T09:00:00Z");
    OFF(sc, .onset = "2026-10-17");
    cr_assert_str_eq(instant_format(sc->cw.timeline[0].at, text), "2026-10-24T08:00:00Z");
    scene_close(sc);
}
