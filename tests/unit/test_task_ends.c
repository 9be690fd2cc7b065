/* How the contact task ends by opting out, leaving and dying. */
#include <criterion/criterion.h>

#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(task, .fini = leakcheck);

/* */
Test(task, opting_out)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .id = "old", .onset = "2026-08-01", .last_day = "2026-08-20", .code = "S12");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_person(sc, PERSON_OPTED_OUT, "2026-09-09");
    cr_assert_eq(scene_spell(sc, 1)->state, TASK_OPEN, "not yet");
    scene_at(sc, "2026-09-09 00:00");
    cr_assert_eq(scene_spell(sc, 1)->end_reason, END_OPTED_OUT);
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_RETURNED_BEFORE_NOTICE, "over by then");
    scene_entry(sc, 1, CONTACT_MADE, OUTCOME_NO_ACTION, NULL);
    cr_assert_eq(scene_spell(sc, 1)->state, TASK_CONTACTED, "contacted stays");
    scene_person(sc, PERSON_OPTED_IN, "2026-09-30");
    sc->facts.n_contacts = 0;
    scene_look(sc);
    cr_assert_eq(scene_spell(sc, 1)->state, TASK_OPEN);
    scene_close(sc);
}

/* */
Test(task, opting_out_on_the_last_day_and_the_day_after)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-14", .code = "S12");
    scene_at(sc, "2026-09-20 09:00");
    scene_person(sc, PERSON_OPTED_OUT, "2026-09-14");
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_OPTED_OUT);
    scene_person(sc, PERSON_OPTED_OUT, "2026-09-15");
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_RETURNED_UNCONTACTED);
    scene_close(sc);
}

/* */
Test(task, opted_out_before_any_absence)
{
    struct scene *sc = scene_open_at("2026-09-01 09:00");
    scene_person(sc, PERSON_OPTED_OUT, "2026-09-01");
    scene_at(sc, "2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_OPTED_OUT);
    scene_at(sc, "2026-09-20 09:00");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-19", .code = "S12");
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_OPTED_OUT, "before having returned");
    cr_assert_str_eq(scene_log(sc), "2026-09-14 09:00 + fit-note.due period 2026-09-14\n"
                                    "2026-09-20 09:00 - fit-note.due period 2026-09-14\n"
                                    "2026-09-20 09:00 + returned-to-work period 2026-09-20\n"
                                    "2026-09-20 09:00 + interview.due period 2026-09-20\n");
    scene_close(sc);
}

/* */
Test(task, leaving_ends_what_is_open_then)
{
    const struct {
        const char *last_day, *ends;
        enum end_reason reason;
        bool open_ended;
    } rows[] = {
        {NULL, "2026-09-15", END_LEFT_EMPLOYMENT, false},
        {"2026-09-15", "2026-09-15", END_LEFT_EMPLOYMENT, false},
        {"2026-09-18", "2026-09-15", END_LEFT_EMPLOYMENT, false},
        {"2026-09-10", "2026-09-15", END_LEFT_EMPLOYMENT, true},
        {"2026-09-14", "2026-09-14", END_RETURNED_UNCONTACTED, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene *sc = scene_open_at("2026-09-07 09:00");
        SEND(sc, .onset = "2026-09-07", .last_day = rows[i].last_day,
             .open_ended = rows[i].open_ended, .code = "S12");
        scene_person(sc, PERSON_LEFT, "2026-09-15");
        scene_at(sc, "2026-09-15 23:59");
        if (rows[i].reason == END_LEFT_EMPLOYMENT) {
            cr_assert_eq(scene_spell(sc, 0)->state, TASK_OPEN, "row %zu: it is the last day", i);
        }
        scene_at(sc, "2026-09-30 09:00");
        cr_assert_date(scene_spell(sc, 0)->last_day, rows[i].ends);
        cr_assert_date(sc->cw.periods[0].last_day, rows[i].ends);
        cr_assert_eq(scene_spell(sc, 0)->end_reason, rows[i].reason, "row %zu", i);
        cr_assert_eq(sc->cw.periods[0].closed_by_leaving, rows[i].reason == END_LEFT_EMPLOYMENT);
        scene_close(sc);
    }
}

/* */
Test(task, leaving_ends_contacted_tasks_and_later_onsets_count_again)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S12");
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_SELF_MANAGEMENT, "2026-09-07 10:00");
    scene_person(sc, PERSON_LEFT, "2026-09-15");
    scene_at(sc, "2026-09-16 09:00");
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_LEFT_EMPLOYMENT);
    SEND(sc, .id = "B", .onset = "2026-09-16", .code = "S12");
    cr_assert_eq(sc->cw.n_periods, 2, "employed again, and off the next day");
    cr_assert_eq(scene_spell(sc, 1)->state, TASK_OPEN);
    cr_assert_not(scene_spell(sc, 1)->relapse);
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_LEFT_EMPLOYMENT);
    scene_person(sc, PERSON_LEFT, NULL);
    cr_assert_eq(sc->cw.n_spells, 1, "taken back: one absence");
    cr_assert_eq(scene_spell(sc, 0)->state, TASK_CONTACTED);
    scene_close(sc);
}

/* */
Test(task, dying_ends_the_tasks_of_periods_not_closed_before)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .id = "old", .onset = "2026-07-01", .last_day = "2026-08-20", .code = "S12");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S12");
    scene_entry(sc, 1, CONTACT_MADE, OUTCOME_SELF_MANAGEMENT, NULL);
    scene_at(sc, "2026-09-20 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-07", .last_day = "2026-09-14", .code = "S12");
    cr_assert_eq(scene_spell(sc, 1)->state, TASK_CONTACTED);
    scene_person(sc, PERSON_DIED, "2026-09-14");
    cr_assert_eq(scene_spell(sc, 1)->end_reason, END_DIED);
    cr_assert(sc->cw.periods[1].closed_by_death);
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_RETURNED_BEFORE_NOTICE);
    scene_person(sc, PERSON_DIED, "2026-09-15");
    cr_assert_eq(scene_spell(sc, 1)->state, TASK_CONTACTED, "back at work before");
    scene_person(sc, PERSON_DIED, "2026-10-15");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S12");
    cr_assert_eq(scene_spell(sc, 1)->end_reason, END_DIED, "from receipt, whatever the date");
    scene_person(sc, PERSON_DIED, NULL);
    cr_assert_eq(scene_spell(sc, 1)->state, TASK_CONTACTED);
    scene_close(sc);
}

/* */
Test(task, dying_leaves_a_task_as_it_had_ended_in_a_period_that_went_on)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-07", .last_day = "2026-09-09", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-09-07", .code = "S13");
    scene_at(sc, "2026-09-20 09:00");
    scene_person(sc, PERSON_DIED, "2026-09-10");
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_RETURNED_BEFORE_CONTACT);
    scene_person(sc, PERSON_DIED, "2026-09-09");
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_DIED, "on its last day");
    scene_person(sc, PERSON_DIED, "2026-09-15");
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_SELF_MANAGEMENT, "2026-09-08 10:00");
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_DIED, "a contacted one ends");
    scene_close(sc);
}

/* R-46 R-52 R-53 R-54 */
Test(task, where_several_endings_apply)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-12", .code = "S12");
    scene_at(sc, "2026-09-20 09:00");
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_RETURNED_UNCONTACTED);
    scene_person(sc, PERSON_OPTED_OUT, "2026-09-10");
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_OPTED_OUT);
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_SELF_MANAGEMENT, "2026-09-12 09:00");
    cr_assert_eq(scene_spell(sc, 0)->state, TASK_CONTACTED);
    scene_person(sc, PERSON_LEFT, "2026-09-11");
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_LEFT_EMPLOYMENT);
    scene_person(sc, PERSON_DIED, "2026-09-11");
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_DIED);
    scene_close(sc);
}
