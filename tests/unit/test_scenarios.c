/* Whole stories, played in their own time: what goes out when, how the case stands afterwards. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(scenarios, .fini = leakcheck);

#define cr_assert_log(sc, expected) cr_assert_str_eq(scene_log(sc), expected)

/* R-40 R-46 R-60 R-62 */
Test(scenarios, s01_plain_and_contacted_in_time)
{
    struct scene *sc = scene_open("RW3");
    scene_at(sc, "2026-09-07 09:10");
    SEND(sc, .onset = "2026-09-07", .code = "S11");
    const struct spell *sp = scene_spell(sc, 0);
    cr_assert_date(sp->due_date, "2026-09-11");
    cr_assert_date(sp->work_by_date, "2026-09-11");
    cr_assert_eq(sp->state, TASK_OPEN);
    cr_assert_eq(sp->priority, 2);
    scene_at(sc, "2026-09-11 16:00");
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_SELF_MANAGEMENT, NULL);
    scene_at(sc, "2026-09-13 12:00");
    sp = scene_spell(sc, 0);
    cr_assert_eq(sp->state, TASK_CONTACTED);
    cr_assert_eq(sp->elapsed_days, 4);
    cr_assert_eq(sp->elapsed_working_days, 4);
    cr_assert_log(sc, "2026-09-07 09:10 + contact-task.created msk 2026-09-07\n"
                      "2026-09-10 09:00 + contact.due-soon msk 2026-09-10\n");
    scene_close(sc);
}

/* R-61 R-62 R-64 */
Test(scenarios, s01_plain_and_never_contacted)
{
    struct scene *sc = scene_open("RW3");
    scene_at(sc, "2026-09-07 09:10");
    SEND(sc, .onset = "2026-09-07", .code = "S11");
    scene_at(sc, "2026-09-13 12:00");
    cr_assert_log(sc, "2026-09-07 09:10 + contact-task.created msk 2026-09-07\n"
                      "2026-09-10 09:00 + contact.due-soon msk 2026-09-10\n"
                      "2026-09-12 00:00 + contact.overdue msk 2026-09-12\n");
    cr_assert_eq(scene_spell(sc, 0)->state, TASK_OPEN);
    scene_close(sc);
}

/* R-40 R-60 R-66 */
Test(scenarios, s02_reason_known_on_day_three)
{
    struct scene *sc = scene_open("RW3");
    scene_at(sc, "2026-09-07 09:10");
    SEND(sc, .onset = "2026-09-07", .code = "S99 Unknown causes / Not specified");
    cr_assert_eq(sc->cw.n_spells, 0);
    scene_at(sc, "2026-09-10 11:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    cr_assert_log(sc, "2026-09-09 09:00 + reason.missing period 2026-09-09\n"
                      "2026-09-10 11:00 - reason.missing period 2026-09-09\n"
                      "2026-09-10 11:00 + contact-task.created msk 2026-09-07\n"
                      "2026-09-10 11:00 + contact.due-soon msk 2026-09-10\n");
    cr_assert_date(scene_spell(sc, 0)->due_date, "2026-09-11");
    scene_close(sc);
}

/* R-40 R-42 R-78 */
Test(scenarios, s02_reason_known_after_the_target)
{
    struct scene *sc = scene_open("RW3");
    scene_at(sc, "2026-09-07 09:10");
    SEND(sc, .onset = "2026-09-07", .code = "S99");
    scene_at(sc, "2026-09-14 11:00");
    scene_log(sc);
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    cr_assert_log(sc, "2026-09-14 11:00 - reason.missing period 2026-09-09\n"
                      "2026-09-14 11:00 + contact-task.created msk 2026-09-07\n"
                      "2026-09-14 11:00 + contact.overdue msk 2026-09-12\n");
    const struct spell *sp = scene_spell(sc, 0);
    cr_assert_date(sp->due_date, "2026-09-11");
    cr_assert_not(sp->late_report, "HR told us in time; only the reason came late");
    scene_close(sc);
}

/* R-46 R-60 R-63 */
Test(scenarios, s03_closed_before_contact_but_told_late)
{
    struct scene *sc = scene_open("RW3");
    scene_at(sc, "2026-09-08 09:10");
    SEND(sc, .onset = "2026-09-08", .code = "S12");
    const struct spell *sp = scene_spell(sc, 0);
    cr_assert_date(sp->due_date, "2026-09-12");
    cr_assert_date(sp->work_by_date, "2026-09-11");
    scene_at(sc, "2026-09-14 10:00");
    scene_log(sc);
    SEND(sc, .onset = "2026-09-08", .last_day = "2026-09-10", .code = "S12");
    sp = scene_spell(sc, 0);
    cr_assert_eq(sp->state, TASK_ENDED);
    cr_assert_eq(sp->end_reason, END_RETURNED_BEFORE_CONTACT);
    cr_assert_log(sc, "2026-09-14 10:00 - contact.due-soon msk 2026-09-11\n"
                      "2026-09-14 10:00 - contact.overdue msk 2026-09-13\n"
                      "2026-09-14 10:00 + contact-task.ended msk 2026-09-11\n"
                      "2026-09-14 10:00 + returned-to-work period 2026-09-11\n"
                      "2026-09-14 10:00 + interview.due period 2026-09-11\n");
    scene_close(sc);
}

/* R-32 R-35 R-40 R-74 */
Test(scenarios, s04_two_assignments_one_task)
{
    struct scene *sc = scene_open("RW3");
    scene_at(sc, "2026-09-07 09:00");
    SEND(sc, .id = "A", .assignment = "P-4-1", .onset = "2026-09-07", .code = "S12");
    cr_assert_date(scene_spell(sc, 0)->due_date, "2026-09-11");
    scene_at(sc, "2026-09-07 10:00");
    SEND(sc, .id = "B", .assignment = "P-4-2", .onset = "2026-09-06", .code = "S12");
    cr_assert_eq(sc->cw.n_spells, 1);
    cr_assert_date(scene_spell(sc, 0)->due_date, "2026-09-10");
    scene_at(sc, "2026-09-14 08:00");
    SEND(sc, .id = "A", .assignment = "P-4-1", .onset = "2026-09-07", .last_day = "2026-09-13",
         .code = "S12");
    cr_assert(date_is_none(scene_spell(sc, 0)->last_day));
    scene_at(sc, "2026-09-21 08:00");
    SEND(sc, .id = "B", .assignment = "P-4-2", .onset = "2026-09-06", .last_day = "2026-09-20",
         .code = "S12");
    cr_assert_date(scene_spell(sc, 0)->last_day, "2026-09-20");
    cr_assert_log(sc, "2026-09-07 09:00 + contact-task.created msk 2026-09-07\n"
                      "2026-09-09 09:00 + contact.due-soon msk 2026-09-09\n"
                      "2026-09-11 00:00 + contact.overdue msk 2026-09-11\n"
                      "2026-09-13 09:00 + fit-note.due period 2026-09-13\n"
                      "2026-09-14 08:00 + return-to-work.partial period 2026-09-14\n"
                      "2026-09-21 08:00 - fit-note.due period 2026-09-13\n"
                      "2026-09-21 08:00 + contact-task.ended msk 2026-09-21\n"
                      "2026-09-21 08:00 + returned-to-work period 2026-09-21\n");
    scene_close(sc);
}

static void easter(const char *organisation, const char *basis, const char *due,
                   const char *work_by)
{
    struct scene *sc = scene_open(organisation);
    if (basis != NULL) {
        scene_settings(sc, "\"contact_day_basis\": \"calendar\"", basis);
    }
    scene_at(sc, "2026-04-02 09:00");
    SEND(sc, .onset = "2026-04-02", .code = "S11");
    cr_assert_date(scene_spell(sc, 0)->due_date, due);
    cr_assert_date(scene_spell(sc, 0)->work_by_date, work_by);
    scene_close(sc);
}

/* R-20 R-21 R-40 R-41 */
Test(scenarios, s05_easter)
{
    const char *working = "\"contact_day_basis\": \"working\"";
    easter("RW3", NULL, "2026-04-06", "2026-04-02");
    easter("RW3", working, "2026-04-10", "2026-04-10");
    easter("SC1", NULL, "2026-04-09", "2026-04-09"); /* msk is on working days there */
    struct scene *sc = scene_open("SC1");
    scene_settings(sc, "\"contact_day_basis\": \"working\"", "\"contact_day_basis\": \"calendar\"");
    scene_at(sc, "2026-04-02 09:00");
    SEND(sc, .onset = "2026-04-02", .code = "S11");
    cr_assert_date(scene_spell(sc, 0)->due_date, "2026-04-06");
    cr_assert_date(scene_spell(sc, 0)->work_by_date, "2026-04-06"); /* no holiday in Scotland */
    scene_close(sc);
}

/* R-20 R-40 */
Test(scenarios, s05_a_bank_holiday_proclaimed_late)
{
    struct scene *sc = scene_open("SC1");
    scene_holidays(sc, "tests/data/bank-holidays-before-2026-06-15.json");
    scene_at(sc, "2026-06-11 09:00");
    SEND(sc, .onset = "2026-06-11", .code = "S11");
    cr_assert_date(scene_spell(sc, 0)->due_date, "2026-06-17");
    scene_holidays(sc, "deploy/settings/bank-holidays.json");
    cr_assert_date(scene_spell(sc, 0)->due_date, "2026-06-18");
    scene_close(sc);
    sc = scene_open("RW3");
    scene_settings(sc, "\"contact_day_basis\": \"calendar\"", "\"contact_day_basis\": \"working\"");
    scene_at(sc, "2026-06-11 09:00");
    SEND(sc, .onset = "2026-06-11", .code = "S11");
    cr_assert_date(scene_spell(sc, 0)->due_date, "2026-06-17");
    scene_close(sc);
}

/* R-40 R-42 R-43 R-60 */
Test(scenarios, s06_backdated_onset)
{
    struct scene *sc = scene_open("RW3");
    scene_at(sc, "2026-09-09 09:00");
    SEND(sc, .onset = "2026-09-09", .code = "S12");
    cr_assert_date(scene_spell(sc, 0)->due_date, "2026-09-13");
    scene_at(sc, "2026-09-10 10:00");
    SEND(sc, .onset = "2026-09-04", .code = "S12");
    const struct spell *sp = scene_spell(sc, 0);
    cr_assert_date(sp->due_date, "2026-09-08");
    cr_assert(sp->backdated);
    cr_assert(sp->late_report);
    cr_assert_eq(sp->priority, 1);
    cr_assert_date(sp->respond_by, "2026-09-10");
    scene_at(sc, "2026-09-11 10:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    cr_assert_date(scene_spell(sc, 0)->due_date, "2026-09-11");
    cr_assert(scene_spell(sc, 0)->backdated, "still earlier than the first word of it");
    cr_assert_log(sc, "2026-09-09 09:00 + contact-task.created msk 2026-09-09\n"
                      "2026-09-11 00:00 + contact.overdue msk 2026-09-11\n"
                      "2026-09-11 09:00 + fit-note.due period 2026-09-11\n"
                      "2026-09-11 10:00 - contact.overdue msk 2026-09-11\n"
                      "2026-09-11 10:00 - fit-note.due period 2026-09-11\n"
                      "2026-09-11 10:00 + contact.due-soon msk 2026-09-10\n");
    scene_close(sc);
}

/* */
Test(scenarios, s06_long_term_counts_from_the_backdated_onset)
{
    struct scene *sc = scene_open("RW3");
    scene_at(sc, "2026-09-09 09:00");
    SEND(sc, .onset = "2026-09-09", .code = "S12");
    SEND(sc, .onset = "2026-09-04", .code = "S12");
    cr_assert_not_null(
        strstr(scene_ahead(sc), "2026-10-01 09:00 long-term.reached msk due 2026-10-01\n"));
    scene_close(sc);
}

static struct scene *after_a_spell(const char *onset, const char *last_day)
{
    struct scene *sc = scene_open("RW3");
    scene_at(sc, "2026-09-07 09:00");
    SEND(sc, .id = "A", .onset = onset, .code = "S12");
    scene_at(sc, "2026-09-17 09:00");
    SEND(sc, .id = "A", .onset = onset, .last_day = last_day, .code = "S12");
    return sc;
}

/* R-36 R-49 R-71 */
Test(scenarios, s07_relapse_within_56_days)
{
    struct scene *sc = after_a_spell("2026-09-07", "2026-09-16");
    scene_at(sc, "2026-11-12 09:00");
    scene_log(sc);
    SEND(sc, .id = "B", .onset = "2026-11-12", .code = "S11");
    const struct spell *sp = scene_spell(sc, 1);
    cr_assert(sp->relapse);
    cr_assert_eq(sp->relapse_of, scene_spell(sc, 0));
    cr_assert_eq(sp->priority, 1);
    cr_assert_log(sc, "2026-11-12 09:00 + contact-task.created msk 2026-11-12\n"
                      "2026-11-12 09:00 + relapse.detected msk 2026-11-12\n");
    scene_close(sc);
}

/* */
Test(scenarios, s07_no_relapse_after_57_days)
{
    struct scene *sc = after_a_spell("2026-09-07", "2026-09-16");
    scene_at(sc, "2026-11-13 09:00");
    SEND(sc, .id = "B", .onset = "2026-11-13", .code = "S11");
    cr_assert_not(scene_spell(sc, 1)->relapse);
    cr_assert_null(strstr(scene_log(sc), "relapse"));
    scene_close(sc);
}

/* */
Test(scenarios, s07_no_relapse_of_another_pathway_or_none)
{
    struct scene *sc = after_a_spell("2026-09-07", "2026-09-16");
    scene_at(sc, "2026-11-12 09:00");
    SEND(sc, .id = "B", .onset = "2026-11-12", .code = "S10");
    cr_assert_not(scene_pathway(sc, "stress")->relapse);
    SEND(sc, .id = "B", .onset = "2026-11-12", .code = "S13");
    cr_assert_eq(sc->cw.n_spells, 1);
    cr_assert_null(strstr(scene_log(sc), "relapse"));
    scene_close(sc);
}

/* R-32 R-35 R-37 R-46 */
Test(scenarios, s07_a_record_split_in_two_is_one_spell)
{
    struct scene *sc = scene_open("RW3");
    scene_at(sc, "2026-04-01 09:00");
    SEND(sc, .id = "A", .onset = "2026-04-01", .code = "S12");
    scene_at(sc, "2026-04-06 09:00");
    SEND(sc, .id = "A", .onset = "2026-04-01", .last_day = "2026-04-05", .code = "S12");
    scene_at(sc, "2026-04-06 10:00");
    scene_log(sc);
    const char *id = arena_strdup(sc->a, scene_spell(sc, 0)->id);
    SEND(sc, .id = "B", .onset = "2026-04-06", .code = "S12");
    cr_assert_eq(sc->cw.n_spells, 1);
    cr_assert_str_eq(scene_spell(sc, 0)->id, id);
    cr_assert_not(scene_spell(sc, 0)->relapse);
    cr_assert_eq(scene_spell(sc, 0)->state, TASK_OPEN);
    cr_assert_log(sc, "2026-04-06 10:00 - contact-task.ended msk 2026-04-06\n"
                      "2026-04-06 10:00 - returned-to-work period 2026-04-06\n"
                      "2026-04-06 10:00 - interview.due period 2026-04-06\n");
    scene_close(sc);
}

/* R-1 R-37 R-38 R-60 */
Test(scenarios, s08_entered_in_error_and_reinstated)
{
    struct scene *sc = scene_open("RW3");
    scene_at(sc, "2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S10");
    scene_at(sc, "2026-09-09 11:00");
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_ONWARD_REFERRAL, NULL);
    const char *id = arena_strdup(sc->a, scene_spell(sc, 0)->id);
    scene_at(sc, "2026-09-24 09:00");
    cr_assert_not_null(strstr(scene_log(sc), "2026-09-23 09:00 + follow-up.due stress 2026-09-23"));
    SEND(sc, .onset = "2026-09-07", .code = "S10", .version = 3, .cancelled = true);
    cr_assert_eq(sc->cw.n_spells, 0);
    cr_assert_eq(sc->cw.n_timeline, 0);
    cr_assert(instant_is_none(sc->cw.wake_at), "nothing ever happens again");
    cr_assert_eq(derive_tombstone(&sc->facts, &sc->rules, sc->now, &sc->cw,
                                  (struct record_ref){"/hr/RW3", "A-1", NULL}, 1),
                 END_ENTERED_IN_ERROR);
    cr_assert_not_null(strstr(scene_log(sc), "2026-09-24 09:00 - follow-up.due stress 2026-09-23"));
    cr_assert_eq(SEND(sc, .onset = "2026-09-07", .code = "S10", .version = 2), APPLIED_NOTHING);
    cr_assert_eq(sc->cw.n_spells, 0);
    SEND(sc, .onset = "2026-09-07", .code = "S10", .version = 4);
    cr_assert_str_eq(scene_spell(sc, 0)->id, id);
    cr_assert_eq(scene_spell(sc, 0)->state, TASK_CONTACTED);
    scene_close(sc);
}

/* ---- scenario 9 ---- */

static void send_version(struct scene *sc, int version)
{
    switch (version) {
    case 1:
        SEND(sc, .onset = "2026-09-07", .version = 1, .code = "S99");
        break;
    case 2:
        SEND(sc, .onset = "2026-09-07", .version = 2, .code = "S12");
        break;
    case 3:
        SEND(sc, .onset = "2026-09-07", .version = 3, .code = "S12", .expected = "2026-09-21");
        break;
    default:
        SEND(sc, .onset = "2026-09-07", .version = 4, .code = "S12", .last_day = "2026-09-18");
        break;
    }
}

/* R-1 R-79 R-82 */
Test(scenarios, s09_any_order_with_a_duplicate_anywhere)
{
    for (int order = 0; order < 24; order++) {
        int left[] = {1, 2, 3, 4}, versions[4];
        for (int i = 0, rest = order; i < 4; i++) {
            int pick = rest % (4 - i);
            rest /= 4 - i;
            versions[i] = left[pick];
            left[pick] = left[3 - i];
        }
        for (int duplicate = 0; duplicate <= 4; duplicate++) {
            struct scene *sc = scene_open("RW3");
            scene_jump(sc, "2026-09-25 12:00");
            for (int i = 0; i <= 4; i++) {
                if (i == duplicate) {
                    send_version(sc, 2);
                }
                if (i < 4) {
                    send_version(sc, versions[i]);
                }
            }
            cr_assert_str_eq(scene_spells(sc), "msk 2026-09-07..2026-09-18 due 2026-09-11 ended "
                                               "returned_before_notice\n");
            cr_assert_str_eq(scene_standing(sc),
                             "2026-09-19 00:00 returned-to-work period due 2026-09-19\n"
                             "2026-09-19 09:00 interview.due period due 2026-09-19\n");
            int standing = 0;
            for (size_t i = 0; i < sc->n_emitted; i++) {
                standing += sc->emitted[i].withdrawn ? 0 : 1;
            }
            cr_assert_eq(standing, 2);
            scene_close(sc);
        }
    }
}

/* R-46 R-60 R-75 R-76 */
Test(scenarios, s09_in_real_time)
{
    struct scene *sc = scene_open("RW3");
    scene_at(sc, "2026-09-07 09:00");
    send_version(sc, 1);
    scene_at(sc, "2026-09-08 09:00");
    send_version(sc, 2);
    scene_at(sc, "2026-09-10 08:00");
    send_version(sc, 3);
    scene_at(sc, "2026-09-21 08:00");
    send_version(sc, 4);
    cr_assert_log(sc, "2026-09-08 09:00 + contact-task.created msk 2026-09-07\n"
                      "2026-09-10 09:00 + contact.due-soon msk 2026-09-10\n"
                      "2026-09-12 00:00 + contact.overdue msk 2026-09-12\n"
                      "2026-09-14 09:00 + fit-note.due period 2026-09-14\n"
                      "2026-09-16 09:00 + expected-return.approaching period 2026-09-16\n"
                      "2026-09-21 08:00 - fit-note.due period 2026-09-14\n"
                      "2026-09-21 08:00 - expected-return.approaching period 2026-09-16\n"
                      "2026-09-21 08:00 + contact-task.ended msk 2026-09-19\n"
                      "2026-09-21 08:00 + returned-to-work period 2026-09-19\n"
                      "2026-09-21 08:00 + interview.due period 2026-09-19\n");
    cr_assert_eq(scene_spell(sc, 0)->end_reason, END_RETURNED_UNCONTACTED);
    scene_close(sc);
}

/* R-30 R-33 R-42 R-64 R-75 */
Test(scenarios, s10_late_report_and_open_end)
{
    struct scene *sc = scene_open("RW3");
    scene_at(sc, "2026-09-19 10:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    const struct spell *sp = scene_spell(sc, 0);
    cr_assert_date(sp->due_date, "2026-09-11");
    cr_assert(sp->late_report);
    cr_assert_date(sp->respond_by, "2026-09-21");
    scene_at(sc, "2026-09-23 10:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12", .last_day = "2026-09-30", .open_ended = true);
    cr_assert_date(sc->cw.periods[0].expected_return, "2026-10-01");
    scene_at(sc, "2026-10-05 10:00");
    cr_assert(date_is_none(scene_spell(sc, 0)->last_day));
    cr_assert_log(sc, "2026-09-19 10:00 + fit-note.due period 2026-09-14\n"
                      "2026-09-19 10:00 + contact-task.created msk 2026-09-19\n"
                      "2026-09-22 00:00 + contact.overdue msk 2026-09-22\n"
                      "2026-09-27 09:00 + long-term.approaching msk 2026-09-27\n"
                      "2026-09-28 09:00 + expected-return.approaching period 2026-09-28\n"
                      "2026-10-02 09:00 + expected-return.passed period 2026-10-02\n"
                      "2026-10-04 09:00 + long-term.reached msk 2026-10-04\n");
    scene_close(sc);
}

/* R-26 R-68 */
Test(scenarios, s10_long_term_on_day_29_in_scotland)
{
    struct scene *sc = scene_open("SC1");
    scene_at(sc, "2026-09-07 10:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    cr_assert_not_null(strstr(scene_ahead(sc), "2026-10-05 09:00 long-term.reached msk"));
    scene_close(sc);
}

/* R-38 R-40 */
Test(scenarios, s11_pathway_switch)
{
    struct scene *sc = scene_open("RW3");
    scene_at(sc, "2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_at(sc, "2026-09-09 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S10");
    cr_assert_str_eq(scene_spells(sc), "stress 2026-09-07.. due 2026-09-11 open\n");
    const struct record_ref anchor = {"/hr/RW3", "A-1", NULL};
    cr_assert_eq(derive_tombstone(&sc->facts, &sc->rules, sc->now, &sc->cw, anchor, 0),
                 END_SUPERSEDED);
    cr_assert_log(sc, "2026-09-07 09:00 + contact-task.created msk 2026-09-07\n"
                      "2026-09-09 09:00 - contact-task.created msk 2026-09-07\n"
                      "2026-09-09 09:00 + contact-task.created stress 2026-09-07\n");
    SEND(sc, .onset = "2026-09-07", .code = "S13");
    cr_assert_eq(sc->cw.n_spells, 0);
    cr_assert_eq(derive_tombstone(&sc->facts, &sc->rules, sc->now, &sc->cw, anchor, 1),
                 END_PATHWAY_NO_LONGER_MATCHES);
    scene_close(sc);
}

/* Scenario 12 as far as the rules decide it: HR gets the same events, whatever the reason. */
static char *told_to_hr(struct scene *sc, const char *code)
{
    struct buf b = {0};
    scene_at(sc, "2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = code, .expected = "2026-09-21", .fit_to = "2026-09-28");
    scene_at(sc, "2026-09-10 09:00");
    if (sc->cw.n_spells > 0) {
        scene_entry(sc, 0, CONTACT_MADE, OUTCOME_DECLINED, NULL);
    }
    scene_at(sc, "2026-10-06 09:00");
    SEND(sc, .onset = "2026-09-07", .code = code, .last_day = "2026-10-05", .phased = "2026-10-06");
    if (sc->cw.n_spells > 0) {
        scene_person(sc, PERSON_OPTED_OUT, "2026-10-01");
    }
    scene_at(sc, "2026-12-01 09:00");
    for (const char *line = sc->log.data, *end; (end = strchr(line, '\n')) != NULL;
         line = end + 1) {
        if (strstr(line, " period ") != NULL && strstr(line, " period ") < end &&
            strstr(line, "reason.missing") != line + 19) {
            buf_put(&b, line, (size_t)(end - line) + 1);
        }
    }
    buf_putc(&b, '\0');
    return b.data;
}

/* */
Test(scenarios, s12_hr_cannot_tell_a_match)
{
    const char *codes[] = {"S12", "S10", "S13", "S99", "S17", NULL};
    char *first = NULL;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct scene *sc = scene_open("RW3");
        char *told = told_to_hr(sc, codes[i]);
        if (first == NULL) {
            first = told;
            cr_assert_str_eq(told,
                             "2026-09-16 09:00 + expected-return.approaching period 2026-09-16\n"
                             "2026-09-22 09:00 + expected-return.passed period 2026-09-22\n"
                             "2026-09-23 09:00 + fit-note.expiring period 2026-09-23\n"
                             "2026-10-06 09:00 - expected-return.approaching period 2026-09-16\n"
                             "2026-10-06 09:00 - expected-return.passed period 2026-09-22\n"
                             "2026-10-06 09:00 - fit-note.expiring period 2026-09-23\n"
                             "2026-10-06 09:00 + returned-to-work period 2026-10-06\n"
                             "2026-10-06 09:00 + interview.due period 2026-10-06\n"
                             "2026-10-13 09:00 + phased-return.review-due period 2026-10-13\n"
                             "2026-10-20 09:00 + phased-return.review-due period 2026-10-20\n"
                             "2026-10-27 09:00 + phased-return.review-due period 2026-10-27\n"
                             "2026-11-02 09:00 + phased-return.ending period 2026-11-02\n");
        } else {
            cr_assert_str_eq(told, first);
            free(told);
        }
        scene_close(sc);
    }
    free(first);
}

/* R-10 R-11 */
Test(scenarios, s13_the_same_text_in_two_schemes)
{
    const struct {
        enum reason_scheme scheme;
        const char *code, *pathway;
    } rows[] = {{SCHEME_ICD10, "S12.0", NULL},     {SCHEME_ICD10, "S10.9", NULL},
                {SCHEME_ICD10, "m545", "msk"},     {SCHEME_ICD10, "Z730", "stress"},
                {SCHEME_ESR, "S12", "msk"},        {SCHEME_ESR, "S10", "stress"},
                {SCHEME_ICD10, "Z73.0", "stress"}, {SCHEME_ICD10, "M54.5", "msk"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene *sc = scene_open("RW3");
        scene_at(sc, "2026-09-07 09:00");
        SEND(sc, .onset = "2026-09-07", .scheme = rows[i].scheme, .code = rows[i].code);
        cr_assert_eq(sc->cw.n_spells, rows[i].pathway == NULL ? 0 : 1, "%s", rows[i].code);
        if (rows[i].pathway != NULL) {
            scene_pathway(sc, rows[i].pathway);
        }
        scene_close(sc);
    }
}

/* R-40 R-83 */
Test(scenarios, s14_clock_change_and_leap_year)
{
    const struct {
        const char *onset, *due, *overdue; /* UTC */
    } rows[] = {{"2026-10-22", "2026-10-26", "2026-10-27T00:00:00Z"},
                {"2026-10-19", "2026-10-23", "2026-10-23T23:00:00Z"},
                {"2028-02-26", "2028-03-01", "2028-03-02T00:00:00Z"},
                {"2026-03-26", "2026-03-30", "2026-03-30T23:00:00Z"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene *sc = scene_open("RW3");
        char noon[32], text[INSTANT_TEXT] = "";
        snprintf(noon, sizeof noon, "%s 12:00", rows[i].onset);
        scene_at(sc, noon);
        SEND(sc, .onset = rows[i].onset, .code = "S12");
        cr_assert_date(scene_spell(sc, 0)->due_date, rows[i].due);
        for (size_t k = 0; k < sc->cw.n_timeline; k++) {
            if (sc->cw.timeline[k].kind == KIND_OVERDUE) {
                instant_format(sc->cw.timeline[k].at, text);
            }
        }
        cr_assert_str_eq(text, rows[i].overdue);
        scene_close(sc);
    }
}

/* Scenario 15 is the services'; the rules' part of it: being away changes when, never what. */
/* R-60 R-78 */
Test(scenarios, s15_having_been_away_gives_the_same)
{
    struct scene *watched = scene_open("RW3"), *away = scene_open("RW3");
    scene_at(watched, "2026-09-07 09:00");
    scene_at(away, "2026-09-07 09:00");
    SEND(watched, .onset = "2026-09-07", .code = "S12");
    SEND(away, .onset = "2026-09-07", .code = "S12");
    scene_at(watched, "2026-10-30 09:00");
    scene_jump(away, "2026-10-30 09:00");
    char *standing = arena_strdup(watched->a, scene_standing(watched));
    cr_assert_str_eq(standing, scene_standing(away));
    cr_assert_log(away, "2026-09-07 09:00 + contact-task.created msk 2026-09-07\n"
                        "2026-10-30 09:00 + contact.overdue msk 2026-09-12\n"
                        "2026-10-30 09:00 + long-term.reached msk 2026-10-04\n"
                        "2026-10-30 09:00 + review.due msk 2026-10-18\n");
    scene_close(watched);
    scene_close(away);
}
