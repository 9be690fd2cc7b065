/* Events that occupational health does not get: noticed too late, opted out, left, died. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(timeline, .fini = leakcheck);

/* */
Test(timeline, a_spell_over_before_it_was_noticed_is_silent)
{
    struct scene *sc = scene_open_at("2026-10-20 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-07", .last_day = "2026-10-10", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-10-15", .last_day = "2026-10-19");
    scene_at(sc, "2026-12-30 09:00");
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-10-10 09:00");
    for (int i = 1; i < 4; i++) {
        scene_entry(sc, 0, CONTACT_ATTEMPT, OUTCOME_NO_ANSWER,
                    arena_printf(sc->a, "2026-10-0%d 09:00", 3 + i));
    }
    cr_assert_str_eq(scene_standing(sc), "2026-10-11 00:00 returned-to-work period due 2026-10-11\n"
                                         "2026-10-11 09:00 interview.due period due 2026-10-11\n"
                                         "2026-10-20 00:00 returned-to-work period due 2026-10-20\n"
                                         "2026-10-20 09:00 interview.due period due 2026-10-20\n");
    scene_close(sc);
}

/* R-66 R-79 */
Test(timeline, a_reason_missing_of_an_absence_noticed_on_its_last_day)
{
    struct scene *sc = scene_open_at("2026-09-09 23:59");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-09");
    scene_at(sc, "2026-09-30 09:00");
    cr_assert_standing(sc, "reason", "2026-09-09 09:00 reason.missing period due 2026-09-09\n");
    scene_close(sc);
}

/* */
Test(timeline, noticed_on_the_last_day_is_in_time)
{
    struct scene *sc = scene_open_at("2026-09-09 23:59");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-09", .code = "S12");
    scene_at(sc, "2026-09-30 09:00");
    cr_assert_standing(sc, "contact-task",
                       "2026-09-09 23:59 contact-task.created msk due 2026-09-11\n"
                       "2026-09-10 00:00 contact-task.ended msk returned_before_contact\n");
    scene_close(sc);
}

/* */
Test(timeline, nothing_for_occupational_health_from_an_opt_out_on)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-09-08 09:00");
    scene_at(sc, "2026-12-30 09:00");
    scene_person(sc, PERSON_OPTED_OUT, "2026-09-27");
    cr_assert_str_eq(scene_standing(sc),
                     "2026-09-07 09:00 contact-task.created msk due 2026-09-11\n"
                     "2026-09-14 09:00 fit-note.due period due 2026-09-14\n"
                     "2026-09-22 09:00 follow-up.due msk due 2026-09-22\n");
    scene_close(sc);
}

/* */
Test(timeline, nothing_after_the_last_day_of_employment)
{
    struct scene *sc = scene_open_at("2026-08-03 09:00");
    SEND(sc, .id = "A", .onset = "2026-08-03", .code = "S12");
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-08-04 09:00");
    scene_at(sc, "2026-08-10 09:00");
    SEND(sc, .id = "A", .onset = "2026-08-03", .last_day = "2026-08-09", .code = "S12");
    scene_at(sc, "2026-12-30 09:00");
    /* The check-in would be on 24 August. */
    scene_person(sc, PERSON_LEFT, "2026-08-23");
    cr_assert_str_eq(scene_standing(sc),
                     "2026-08-03 09:00 contact-task.created msk due 2026-08-07\n"
                     "2026-08-10 00:00 returned-to-work period due 2026-08-10\n"
                     "2026-08-10 09:00 interview.due period due 2026-08-10\n");
    scene_person(sc, PERSON_LEFT, "2026-08-24");
    cr_assert_str_neq(scene_standing_of(sc, "check-in"), "");
    scene_person(sc, PERSON_LEFT, "2026-08-02");
    cr_assert_str_neq(scene_standing_of(sc, "check-in"), "", "the absence began after it");
    scene_close(sc);
}

/* R-53 R-54 */
Test(timeline, nothing_after_the_earlier_of_death_and_leaving)
{
    const struct {
        const char *died, *left;
        bool check_in; /* 24 August */
    } rows[] = {{"2026-08-20", "2026-08-31", false},
                {"2026-08-31", "2026-08-20", false},
                {"2026-08-25", "2026-08-31", true},
                {"2026-08-31", "2026-08-24", true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene *sc = scene_open_at("2026-08-03 09:00");
        SEND(sc, .onset = "2026-08-03", .last_day = "2026-08-09", .code = "S12");
        scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-08-04 09:00");
        scene_person(sc, PERSON_DIED, rows[i].died);
        scene_person(sc, PERSON_LEFT, rows[i].left);
        scene_at(sc, "2026-09-30 09:00");
        cr_assert_standing(sc, "check-in",
                           rows[i].check_in ? "2026-08-24 09:00 check-in.due msk due 2026-08-24\n"
                                            : "");
        scene_close(sc);
    }
}

/* */
Test(timeline, an_opt_out_begins_at_midnight)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_at(sc, "2026-09-20 09:00");
    scene_person(sc, PERSON_OPTED_OUT, "2026-09-13");
    cr_assert_standing(sc, "contact.overdue",
                       "2026-09-12 00:00 contact.overdue msk due 2026-09-11\n");
    scene_person(sc, PERSON_OPTED_OUT, "2026-09-12");
    cr_assert_standing(sc, "contact.overdue", "");
    scene_close(sc);
}

/* */
Test(timeline, leaving_on_the_day_of_the_onset)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_person(sc, PERSON_LEFT, "2026-09-07");
    scene_at(sc, "2026-09-30 09:00");
    cr_assert_str_eq(scene_standing(sc), "");
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_LEFT_EMPLOYMENT);
    scene_close(sc);
}

/* */
Test(timeline, leaving_while_off)
{
    struct scene *sc = scene_open_at("2026-08-03 09:00");
    SEND(sc, .onset = "2026-08-03", .code = "S12", .expected = "2026-08-20");
    scene_person(sc, PERSON_LEFT, "2026-08-12");
    scene_at(sc, "2026-08-30 09:00");
    cr_assert_str_eq(scene_standing(sc),
                     "2026-08-06 09:00 contact.due-soon msk due 2026-08-07 superseded\n"
                     "2026-08-08 00:00 contact.overdue msk due 2026-08-07\n");
    scene_close(sc);
}

/* */
Test(timeline, nothing_stands_for_an_absence_that_ended_in_death)
{
    struct scene *sc = scene_open_at("2026-08-03 09:00");
    SEND(sc, .id = "A", .onset = "2026-08-03", .last_day = "2026-08-09", .code = "S12");
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-08-04 09:00");
    SEND(sc, .id = "B", .onset = "2026-08-20", .code = "S12", .expected = "2026-08-30");
    scene_at(sc, "2026-09-20 09:00");
    cr_assert_str_neq(scene_standing_of(sc, "contact.overdue"), "");
    cr_assert_str_neq(scene_standing_of(sc, "expected"), "");
    scene_log(sc);
    scene_person(sc, PERSON_DIED, "2026-08-24");
    cr_assert_str_eq(scene_standing(sc),
                     "2026-08-03 09:00 contact-task.created msk due 2026-08-07\n"
                     "2026-08-10 00:00 returned-to-work period due 2026-08-10\n"
                     "2026-08-10 09:00 interview.due period due 2026-08-10\n");
    scene_at(sc, "2026-12-20 09:00");
    cr_assert_null(strchr(scene_log(sc), '+'));
    cr_assert(instant_is_none(sc->cw.wake_at));
    scene_close(sc);
}
