/* The contact task: its dates, what clinicians do about it, how it ends. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(task, .fini = leakcheck);

/* ---- dates of the task ---- */

/* */
Test(task, due_dates)
{
    const struct {
        const char *basis, *onset_is_day, *target, *onset, *due;
    } rows[] = {
        {"calendar", "0", "4", "2026-09-07", "2026-09-11"},
        {"calendar", "1", "4", "2026-09-07", "2026-09-10"},
        {"calendar", "1", "1", "2026-09-05", "2026-09-05"},
        {"working", "0", "4", "2026-09-07", "2026-09-11"},
        {"working", "0", "4", "2026-09-05", "2026-09-10"},
        {"working", "1", "4", "2026-09-07", "2026-09-10"},
        {"working", "1", "1", "2026-09-05", "2026-09-05"},
        {"working", "0", "1", "2026-04-02", "2026-04-07"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene *sc = scene_open_at("2026-12-01 09:00");
        scene_settings(sc, "\"contact_day_basis\": \"calendar\"",
                       arena_printf(sc->a, "\"contact_day_basis\": \"%s\"", rows[i].basis));
        scene_settings(sc, "\"onset_is_day\": 0",
                       arena_printf(sc->a, "\"onset_is_day\": %s", rows[i].onset_is_day));
        scene_settings(sc, "\"contact_target_days\": 4",
                       arena_printf(sc->a, "\"contact_target_days\": %s", rows[i].target));
        SEND(sc, .onset = rows[i].onset, .code = "S12");
        cr_assert_date(scene_spell(sc, 0)->due_date, rows[i].due);
        scene_close(sc);
    }
}

/* */
Test(task, a_corrected_reason_never_starts_the_clock_again)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    const char *codes[] = {"S12", "S99", "S10", "S13", "S11"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        scene_at(sc, arena_printf(sc->a, "2026-09-%02zu 09:00", 8 + i));
        SEND(sc, .onset = "2026-09-07", .code = codes[i]);
        if (sc->cw.n_spells > 0) {
            cr_assert_date(scene_spell(sc, 0)->due_date, "2026-09-11");
        }
    }
    cr_assert_eq(sc->cw.n_spells, 1);
    scene_close(sc);
}

/* */
Test(task, work_by_is_the_last_service_day_before_the_target)
{
    struct scene *sc = scene_open_at("2026-09-20 09:00");
    SEND(sc, .onset = "2026-09-09", .code = "S12");
    cr_assert_date(scene_spell(sc, 0)->due_date, "2026-09-13");
    cr_assert_date(scene_spell(sc, 0)->work_by_date, "2026-09-11");
    scene_settings(sc, "\"contact_target_days\": 4", "\"contact_target_days\": 1");
    SEND(sc, .onset = "2026-09-12", .code = "S12");
    cr_assert_date(scene_spell(sc, 0)->due_date, "2026-09-13");
    cr_assert(date_is_none(scene_spell(sc, 0)->work_by_date));
    scene_close(sc);
}

/* */
Test(task, late_report_is_judged_by_the_local_date_of_the_first_notice)
{
    const struct {
        const char *notice, *respond_by; /* "": in time */
    } rows[] = {{"2026-09-11 23:59", ""},
                {"2026-09-12 00:00", "2026-09-14"},
                {"2026-09-14 09:00", "2026-09-15"},
                {"2026-08-28 09:00", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene *sc = scene_open_at(rows[i].notice);
        SEND(sc, .onset = "2026-09-07", .code = "S12");
        scene_at(sc, "2026-09-20 09:00");
        const struct spell *sp = scene_spell(sc, 0);
        cr_assert_eq(sp->late_report, rows[i].respond_by[0] != '\0');
        cr_assert_date(sp->respond_by, rows[i].respond_by);
        cr_assert_eq(sp->priority, sp->late_report ? 1 : 2);
        scene_close(sc);
    }
}

/* */
Test(task, backdated)
{
    struct scene *sc = scene_open_at("2026-09-09 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-09-08", .code = "S12");
    cr_assert_not(scene_spell(sc, 0)->backdated);
    SEND(sc, .id = "A", .onset = "2026-09-08", .code = "S12");
    cr_assert_not(scene_spell(sc, 0)->backdated, "later is not backdated");
    SEND(sc, .id = "B", .onset = "2026-09-07", .code = "S12");
    cr_assert(scene_spell(sc, 0)->backdated);
    scene_close(sc);
}

/* ---- what clinicians do ---- */

static void made(struct scene *sc, size_t spell, const char *at)
{
    scene_entry(sc, spell, CONTACT_MADE, OUTCOME_SELF_MANAGEMENT, at);
}

/* */
Test(task, a_contact_counts_where_the_anchor_of_then_is)
{
    struct scene *sc = scene_open_at("2026-09-10 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S12");
    scene_at(sc, "2026-09-11 09:00");
    SEND(sc, .id = "B", .onset = "2026-09-08", .code = "S12");
    made(sc, 0, NULL);
    /* A spell turns out to have been two. */
    SEND(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-02", .code = "S12");
    cr_assert_eq(sc->cw.n_spells, 2);
    cr_assert_not(instant_is_none(scene_spell(sc, 0)->contacted_at));
    cr_assert_eq(scene_spell(sc, 1)->state, TASK_OPEN);
    /* Without the anchor: the earliest that holds any of the records. */
    SEND(sc, .id = "A", .onset = "2026-09-01", .code = "S12", .cancelled = true);
    cr_assert_eq(scene_spell(sc, 0)->state, TASK_CONTACTED);
    /* Without any of them: the one that covers the day. */
    SEND(sc, .id = "B", .onset = "2026-09-08", .code = "S12", .cancelled = true);
    SEND(sc, .id = "C", .onset = "2026-09-09", .code = "S12");
    cr_assert_eq(scene_spell(sc, 0)->state, TASK_CONTACTED);
    SEND(sc, .id = "C", .onset = "2026-09-12", .code = "S12");
    scene_at(sc, "2026-09-12 09:00");
    cr_assert_eq(scene_spell(sc, 0)->state, TASK_OPEN, "none at all: it counts for nothing");
    scene_close(sc);
}

/* */
Test(task, without_the_anchor_the_earliest_with_any_of_the_records)
{
    struct scene *sc = scene_open_at("2026-09-10 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-06", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-09-08", .code = "S12");
    SEND(sc, .id = "C", .onset = "2026-09-07", .code = "S12");
    scene_entry(sc, 0, CONTACT_CLAIM, OUTCOME_NONE, NULL);
    SEND(sc, .id = "C", .onset = "2026-08-01", .last_day = "2026-08-02", .code = "S12");
    SEND(sc, .id = "A", .onset = "2026-09-06", .code = "S12", .cancelled = true);
    cr_assert_eq(sc->cw.n_spells, 2);
    cr_assert_str_eq(scene_spell(sc, 0)->assigned_to, "p.one");
    cr_assert_null(scene_spell(sc, 1)->assigned_to);
    scene_close(sc);
}

/* */
Test(task, the_earliest_may_hold_a_later_one_of_the_records)
{
    struct scene *sc = scene_open_at("2026-09-10 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-06", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-09-08", .code = "S12");
    SEND(sc, .id = "C", .onset = "2026-09-07", .code = "S12");
    scene_entry(sc, 0, CONTACT_CLAIM, OUTCOME_NONE, NULL);
    SEND(sc, .id = "B", .onset = "2026-08-01", .last_day = "2026-08-02", .code = "S12");
    SEND(sc, .id = "A", .onset = "2026-09-06", .code = "S12", .cancelled = true);
    cr_assert_eq(sc->cw.n_spells, 2);
    cr_assert_str_eq(scene_spell(sc, 0)->assigned_to, "p.one");
    cr_assert_null(scene_spell(sc, 1)->assigned_to);
    scene_close(sc);
}

/* */
Test(task, entries_of_a_pathway_that_is_no_more_count_for_nothing)
{
    struct scene *sc = scene_open_at("2026-09-10 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S10");
    SEND(sc, .id = "B", .onset = "2026-09-08", .code = "S12");
    made(sc, 0, NULL);
    cr_assert_str_eq(scene_spells(sc), "stress 2026-09-07.. due 2026-09-11 contacted\n"
                                       "msk 2026-09-08.. due 2026-09-12 open\n");
    scene_settings(sc, "\"stress\": {", "\"mind\": {");
    cr_assert_str_eq(scene_spells(sc), "mind 2026-09-07.. due 2026-09-11 open\n"
                                       "msk 2026-09-08.. due 2026-09-12 open\n");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S13");
    cr_assert_str_eq(scene_spells(sc), "msk 2026-09-08.. due 2026-09-12 open\n",
                     "nor do they hold a record");
    scene_close(sc);
}

/* */
Test(task, a_contact_never_counts_for_another_pathway)
{
    struct scene *sc = scene_open_at("2026-09-10 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-09-07", .code = "S10");
    made(sc, 0, NULL);
    cr_assert_str_eq(scene_spells(sc), "msk 2026-09-07.. due 2026-09-11 contacted\n"
                                       "stress 2026-09-07.. due 2026-09-11 open\n");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S12", .cancelled = true);
    cr_assert_str_eq(scene_spells(sc), "stress 2026-09-07.. due 2026-09-11 open\n");
    scene_close(sc);
}

/* */
Test(task, a_contacted_record_stays_whatever_its_reason_becomes)
{
    struct scene *sc = scene_open_at("2026-09-09 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    made(sc, 0, NULL);
    SEND(sc, .onset = "2026-09-07", .code = "S13");
    cr_assert_str_eq(scene_spells(sc), "msk 2026-09-07.. due 2026-09-11 contacted\n");
    cr_assert(scene_spell(sc, 0)->reason_changed);
    SEND(sc, .onset = "2026-09-07", .code = "S10");
    cr_assert_str_eq(scene_spells(sc), "msk 2026-09-07.. due 2026-09-11 contacted\n"
                                       "stress 2026-09-07.. due 2026-09-11 open\n");
    SEND(sc, .onset = "2026-09-07", .code = "S99");
    cr_assert_eq(sc->cw.n_spells, 1);
    SEND(sc, .onset = "2026-09-07", .code = "S30");
    cr_assert_eq(sc->cw.n_spells, 0, "never is never");
    cr_assert_eq(derive_tombstone(&sc->facts, &sc->rules, sc->now, &sc->cw,
                                  (struct record_ref){"/hr/RW3", "A-1", NULL}, 0),
                 END_PATHWAY_NO_LONGER_MATCHES);
    SEND(sc, .onset = "2026-09-07", .code = "S13");
    cr_assert_eq(sc->cw.n_spells, 1);
    scene_close(sc);
}

/* */
Test(task, only_a_contact_holds_a_record)
{
    struct scene *sc = scene_open_at("2026-09-09 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_entry(sc, 0, CONTACT_ATTEMPT, OUTCOME_NO_ANSWER, NULL);
    scene_entry(sc, 0, CONTACT_CLAIM, OUTCOME_NONE, NULL);
    struct contact_fact *c = scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, NULL);
    SEND(sc, .onset = "2026-09-07", .code = "S13");
    cr_assert_eq(sc->cw.n_spells, 1);
    c->retracted = true;
    scene_look(sc);
    cr_assert_eq(sc->cw.n_spells, 0);
    scene_close(sc);
}

/* */
Test(task, a_code_that_became_never_by_new_settings_lets_go_too)
{
    struct scene *sc = scene_open_at("2026-09-09 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    made(sc, 0, NULL);
    scene_settings(sc, "[\"S17\", \"S30\", \"S32\"]", "[\"S12\"]");
    cr_assert_eq(sc->cw.n_spells, 0);
    scene_close(sc);
}

/* R-46 R-47 */
Test(task, contact_before_and_after_the_last_day)
{
    const struct {
        const char *at;
        enum task_state state;
        enum end_reason reason;
    } rows[] = {{"2026-09-08 09:00", TASK_CONTACTED, END_NONE},
                {"2026-09-12 23:59", TASK_CONTACTED, END_NONE},
                {"2026-09-13 00:00", TASK_ENDED, END_RETURNED_UNCONTACTED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene *sc = scene_open_at("2026-09-07 09:00");
        SEND(sc, .onset = "2026-09-07", .code = "S12");
        scene_at(sc, "2026-09-14 09:00");
        SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-12", .code = "S12");
        made(sc, 0, rows[i].at);
        const struct spell *sp = scene_spell(sc, 0);
        cr_assert_eq(sp->state, rows[i].state);
        cr_assert_eq(sp->end_reason, rows[i].reason);
        cr_assert_eq(sp->contacted_at.us, scene_time(sc, rows[i].at).us);
        cr_assert_eq(sp->contact_counts, rows[i].state == TASK_CONTACTED);
        scene_close(sc);
    }
}

/* */
Test(task, how_an_uncontacted_task_ends)
{
    const struct {
        const char *notice, *last_day;
        enum end_reason reason;
    } rows[] = {
        {"2026-09-07 09:00", "2026-09-10", END_RETURNED_BEFORE_CONTACT},
        {"2026-09-07 09:00", "2026-09-11", END_RETURNED_UNCONTACTED},
        {"2026-09-10 23:00", "2026-09-10", END_RETURNED_BEFORE_CONTACT},
        {"2026-09-11 00:00", "2026-09-10", END_RETURNED_BEFORE_NOTICE},
        {"2026-09-15 09:00", "2026-09-15", END_RETURNED_UNCONTACTED},
        {"2026-09-15 09:00", "2026-09-14", END_RETURNED_BEFORE_NOTICE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene *sc = scene_open_at(rows[i].notice);
        SEND(sc, .onset = "2026-09-07", .code = "S12");
        scene_at(sc, "2026-09-20 09:00");
        SEND(sc, .onset = "2026-09-07", .last_day = rows[i].last_day, .code = "S12");
        cr_assert_eq(scene_spell(sc, 0)->end_reason, rows[i].reason, "row %zu", i);
        scene_close(sc);
    }
}

/* */
Test(task, a_reopened_record_opens_the_same_task)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    const char *id = arena_strdup(sc->a, scene_spell(sc, 0)->id);
    scene_at(sc, "2026-09-14 09:00");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-13", .code = "S12");
    cr_assert_eq(scene_spell(sc, 0)->state, TASK_ENDED);
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    cr_assert_eq(scene_spell(sc, 0)->state, TASK_OPEN);
    cr_assert_str_eq(scene_spell(sc, 0)->id, id);
    cr_assert_date(scene_spell(sc, 0)->due_date, "2026-09-11");
    scene_close(sc);
}

/* */
Test(task, attempts_and_the_first_contact)
{
    struct scene *sc = scene_open_at("2026-09-03 09:00");
    SEND(sc, .onset = "2026-09-03", .code = "S12");
    cr_assert_eq(scene_spell(sc, 0)->elapsed_days, -1);
    cr_assert(instant_is_none(scene_spell(sc, 0)->first_attempt_at));
    scene_at(sc, "2026-09-20 09:00");
    made(sc, 0, "2026-09-09 10:00");
    cr_assert(instant_is_none(scene_spell(sc, 0)->first_attempt_at));
    scene_entry(sc, 0, CONTACT_ATTEMPT, OUTCOME_VOICEMAIL, "2026-09-04 10:00");
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_FAST_TRACK, "2026-09-07 10:00")->review_on =
        scene_date("2026-09-30");
    scene_look(sc);
    const struct spell *sp = scene_spell(sc, 0);
    cr_assert_eq(sp->attempts, 1, "a contact is no attempt");
    cr_assert_eq(sp->first_attempt_at.us, scene_time(sc, "2026-09-04 10:00").us);
    cr_assert_eq(sp->contacted_at.us, scene_time(sc, "2026-09-07 10:00").us);
    cr_assert_eq(sp->elapsed_days, 4);
    cr_assert_eq(sp->elapsed_working_days, 2);
    cr_assert_eq(sp->last_outcome, OUTCOME_SELF_MANAGEMENT);
    cr_assert(date_is_none(sp->review_on), "of the latest contact");
    SEND(sc, .onset = "2026-09-08", .code = "S12");
    cr_assert_eq(scene_spell(sc, 0)->elapsed_days, 0, "the onset moved past the contact");
    cr_assert_eq(scene_spell(sc, 0)->state, TASK_CONTACTED);
    scene_close(sc);
}

/* */
Test(task, priority)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    cr_assert_eq(scene_spell(sc, 0)->priority, 2);
    struct contact_fact *c = scene_entry(sc, 0, CONTACT_MADE, OUTCOME_ONWARD_REFERRAL, NULL);
    c->red_flag = true;
    scene_at(sc, "2026-09-09 09:00");
    made(sc, 0, NULL);
    cr_assert(scene_spell(sc, 0)->red_flag, "raised once, it stays");
    cr_assert_eq(scene_spell(sc, 0)->priority, 1);
    scene_settings(sc, "\"live_from\": null", "\"live_from\": \"2026-09-08\"");
    cr_assert_eq(scene_spell(sc, 0)->priority, 2, "history");
    scene_settings(sc, "\"live_from\": \"2026-09-08\"", "\"live_from\": \"2026-09-07\"");
    cr_assert_eq(scene_spell(sc, 0)->priority, 1);
    scene_close(sc);
}

/* */
Test(task, claims_closings_and_what_was_taken_back)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_entry(sc, 0, CONTACT_CLAIM, OUTCOME_NONE, "2026-09-07 10:00");
    cr_assert_str_eq(scene_spell(sc, 0)->assigned_to, "p.one");
    struct contact_fact *c = scene_entry(sc, 0, CONTACT_ASSIGN, OUTCOME_NONE, "2026-09-07 11:00");
    c->assignee = "p.two";
    scene_look(sc);
    cr_assert_str_eq(scene_spell(sc, 0)->assigned_to, "p.two");
    struct contact_fact *r = scene_entry(sc, 0, CONTACT_RELEASE, OUTCOME_NONE, "2026-09-07 12:00");
    cr_assert_null(scene_spell(sc, 0)->assigned_to);
    r->retracted = true;
    scene_look(sc);
    cr_assert_str_eq(scene_spell(sc, 0)->assigned_to, "p.two");
    scene_entry(sc, 0, CONTACT_CLOSE, OUTCOME_RECOVERED, "2026-09-08 09:00");
    cr_assert(scene_spell(sc, 0)->case_closed);
    cr_assert_eq(scene_spell(sc, 0)->close_reason, OUTCOME_RECOVERED);
    scene_entry(sc, 0, CONTACT_REOPEN, OUTCOME_NONE, "2026-09-08 09:00");
    cr_assert_not(scene_spell(sc, 0)->case_closed, "of two at once the one entered later");
    struct contact_fact *last = &sc->contacts[sc->facts.n_contacts - 1], swap = last[-1];
    last[-1] = last[0];
    last[0] = swap;
    scene_look(sc);
    cr_assert_not(scene_spell(sc, 0)->case_closed, "in whatever order they are read");
    struct contact_fact *m = scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, NULL);
    cr_assert_eq(scene_spell(sc, 0)->state, TASK_CONTACTED);
    m->retracted = true;
    scene_look(sc);
    cr_assert_eq(scene_spell(sc, 0)->state, TASK_OPEN);
    cr_assert_eq(scene_spell(sc, 0)->attempts, 0);
    scene_close(sc);
}

/* */
Test(task, reason_changed_since_the_latest_contact)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S12");
    made(sc, 0, NULL);
    cr_assert_not(scene_spell(sc, 0)->reason_changed);
    SEND(sc, .id = "B", .onset = "2026-09-07", .code = "S11");
    cr_assert_not(scene_spell(sc, 0)->reason_changed, "one more record is no change of reason");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S11");
    cr_assert(scene_spell(sc, 0)->reason_changed);
    scene_at(sc, "2026-09-08 09:00");
    made(sc, 0, NULL);
    cr_assert_not(scene_spell(sc, 0)->reason_changed, "the clinician knows");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S13");
    cr_assert(scene_spell(sc, 0)->reason_changed);
    scene_close(sc);
}
