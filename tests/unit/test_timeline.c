/* The events for occupational health, and their instants. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(timeline, .fini = leakcheck);

static struct contact_fact *made(struct scene *sc, const char *at, enum contact_outcome outcome)
{
    return scene_entry(sc, 0, CONTACT_MADE, outcome, at);
}

static void tried(struct scene *sc, const char *at, enum contact_outcome outcome)
{
    scene_entry(sc, 0, CONTACT_ATTEMPT, outcome, at);
}

/* */
Test(timeline, a_contact_after_the_instant_takes_nothing_back)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_at(sc, "2026-09-12 09:00");
    scene_log(sc);
    made(sc, "2026-09-10 09:01", OUTCOME_NO_ACTION);
    cr_assert_str_eq(scene_log(sc), "2026-09-12 09:00 - contact.overdue msk 2026-09-12\n");
    made(sc, "2026-09-10 08:59", OUTCOME_NO_ACTION);
    cr_assert_str_eq(scene_log(sc), "2026-09-12 09:00 - contact.due-soon msk 2026-09-10\n");
    scene_close(sc);
}

/* */
Test(timeline, a_clock_that_went_back_takes_nothing_back)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_at(sc, "2026-09-12 09:00");
    scene_log(sc);
    scene_jump(sc, "2026-09-08 09:00");
    cr_assert_str_eq(scene_log(sc), "");
    scene_close(sc);
}

/* */
Test(timeline, created_at_the_first_notice_or_the_onset)
{
    struct scene *sc = scene_open_at("2026-09-09 15:30");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S12");
    cr_assert_standing(sc, "contact-task.created",
                       "2026-09-09 15:30 contact-task.created msk due 2026-09-11\n");
    scene_at(sc, "2026-09-10 15:30");
    SEND(sc, .id = "B", .onset = "2026-09-06", .code = "S12");
    cr_assert_standing(sc, "contact-task.created",
                       "2026-09-09 15:30 contact-task.created msk due 2026-09-10\n");
    scene_close(sc);
    sc = scene_open_at("2026-09-01 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_at(sc, "2026-09-08 15:30");
    cr_assert_standing(sc, "contact-task.created",
                       "2026-09-07 00:00 contact-task.created msk due 2026-09-11\n");
    scene_close(sc);
}

/* R-61 R-63 */
Test(timeline, other_endings_are_told_by_taking_back_the_beginning)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_at(sc, "2026-09-13 09:00");
    scene_person(sc, PERSON_OPTED_OUT, "2026-09-13");
    cr_assert_standing(sc, "contact-task", "");
    scene_person(sc, PERSON_OPTED_IN, "2026-09-13");
    scene_person(sc, PERSON_LEFT, "2026-09-12");
    cr_assert_standing(sc, "contact-task", "");
    scene_person(sc, PERSON_LEFT, NULL);
    made(sc, NULL, OUTCOME_DECLINED);
    cr_assert_standing(sc, "contact-task",
                       "2026-09-07 09:00 contact-task.created msk due 2026-09-11\n");
    scene_close(sc);
}

/* R-62 R-64 */
Test(timeline, due_soon_and_overdue)
{
    struct scene *sc = scene_open_at("2026-09-03 09:00");
    SEND(sc, .onset = "2026-09-03", .code = "S12");
    scene_at(sc, "2026-09-30 09:00");
    cr_assert_standing(sc, "contact.",
                       "2026-09-04 09:00 contact.due-soon msk due 2026-09-07 superseded\n"
                       "2026-09-08 00:00 contact.overdue msk due 2026-09-07\n");
    scene_settings(sc, "\"contact_day_basis\": \"calendar\"", "\"contact_day_basis\": \"working\"");
    cr_assert_standing(sc, "contact.",
                       "2026-09-08 09:00 contact.due-soon msk due 2026-09-09 superseded\n"
                       "2026-09-10 00:00 contact.overdue msk due 2026-09-09\n");
    SEND(sc, .onset = "2026-09-03", .last_day = "2026-09-09", .code = "S12");
    cr_assert_standing(sc, "contact.",
                       "2026-09-08 09:00 contact.due-soon msk due 2026-09-09 superseded\n"
                       "2026-09-10 00:00 contact.overdue msk due 2026-09-09\n");
    SEND(sc, .onset = "2026-09-03", .last_day = "2026-09-08", .code = "S12");
    cr_assert_standing(sc, "contact.", "2026-09-08 09:00 contact.due-soon msk due 2026-09-09\n");
    SEND(sc, .onset = "2026-09-03", .last_day = "2026-09-07", .code = "S12");
    cr_assert_standing(sc, "contact.", "");
    scene_close(sc);
}

/* */
Test(timeline, no_due_soon_before_the_onset)
{
    struct scene *sc = scene_open_at("2026-09-03 09:00");
    scene_settings(sc, "\"contact_target_days\": 4", "\"contact_target_days\": 1");
    scene_settings(sc, "\"onset_is_day\": 0", "\"onset_is_day\": 1");
    SEND(sc, .onset = "2026-09-03", .code = "S12");
    scene_at(sc, "2026-09-30 09:00");
    cr_assert_standing(sc, "contact.", "2026-09-04 00:00 contact.overdue msk due 2026-09-03\n");
    scene_close(sc);
}

/* */
Test(timeline, a_late_report_is_overdue_a_working_day_later)
{
    struct scene *sc = scene_open_at("2026-09-18 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_at(sc, "2026-09-30 09:00");
    cr_assert_standing(sc, "contact.", "2026-09-22 00:00 contact.overdue msk due 2026-09-11\n");
    made(sc, "2026-09-21 17:00", OUTCOME_NO_ACTION);
    cr_assert_standing(sc, "contact.", "");
    sc->facts.n_contacts = 0;
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-20", .code = "S12");
    cr_assert_standing(sc, "contact.", "");
    scene_close(sc);
}

/* */
Test(timeline, ended_says_why)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-10", .code = "S12");
    cr_assert_not_null(strstr(scene_ahead(sc), "2026-09-11 00:00 contact-task.ended msk "
                                               "returned_before_contact\n"));
    scene_at(sc, "2026-09-20 09:00");
    cr_assert_standing(sc, "contact-task.ended",
                       "2026-09-11 00:00 contact-task.ended msk returned_before_contact\n");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-11", .code = "S12");
    cr_assert_standing(sc, "contact-task.ended",
                       "2026-09-12 00:00 contact-task.ended msk returned_uncontacted\n");
    made(sc, "2026-09-11 12:00", OUTCOME_NO_ACTION);
    cr_assert_standing(sc, "contact-task.ended", "");
    scene_close(sc);
}

/* */
Test(timeline, unreachable_after_three_failures_on_two_days)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_at(sc, "2026-09-09 20:00");
    tried(sc, "2026-09-07 10:00", OUTCOME_NO_ANSWER);
    tried(sc, "2026-09-07 12:00", OUTCOME_VOICEMAIL);
    tried(sc, "2026-09-07 15:00", OUTCOME_WRONG_NUMBER);
    cr_assert_standing(sc, "contact.unreachable", "");
    tried(sc, "2026-09-08 09:00", OUTCOME_CALL_BACK);
    cr_assert_standing(sc, "contact.unreachable", "");
    tried(sc, "2026-09-08 10:00", OUTCOME_NO_ANSWER);
    tried(sc, "2026-09-09 10:00", OUTCOME_NO_ANSWER);
    cr_assert_standing(sc, "contact.unreachable",
                       "2026-09-08 10:00 contact.unreachable msk due 2026-09-11\n");
    made(sc, "2026-09-09 11:00", OUTCOME_NO_ACTION);
    cr_assert_str_neq(scene_standing_of(sc, "contact.unreachable"), "");
    made(sc, "2026-09-08 09:30", OUTCOME_NO_ACTION);
    cr_assert_standing(sc, "contact.unreachable", "");
    scene_close(sc);
}

/* */
Test(timeline, reason_missing)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S13");
    SEND(sc, .id = "B", .onset = "2026-09-08");
    SEND(sc, .id = "C", .onset = "2026-09-09", .code = "S98");
    scene_at(sc, "2026-09-30 09:00");
    cr_assert_standing(sc, "reason", "2026-09-10 09:00 reason.missing period due 2026-09-10\n");
    SEND(sc, .id = "C", .onset = "2026-09-09", .code = "S10");
    cr_assert_standing(sc, "reason", "");
    SEND(sc, .id = "C", .onset = "2026-09-09", .code = "S17");
    SEND(sc, .id = "B", .onset = "2026-09-08", .code = "S21");
    cr_assert_standing(sc, "reason", "");
    scene_close(sc);
}

/* */
Test(timeline, no_reason_is_asked_for_when_back_within_two_days)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-08");
    scene_at(sc, "2026-09-30 09:00");
    cr_assert_standing(sc, "reason", "");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-09");
    cr_assert_str_neq(scene_standing_of(sc, "reason"), "");
    SEND(sc, .id = "B", .onset = "2026-09-15", .last_day = "2026-09-20");
    cr_assert_standing(sc, "reason", "2026-09-09 09:00 reason.missing period due 2026-09-09\n");
    scene_close(sc);
}

/* */
Test(timeline, follow_ups_two_weeks_after_each_contact)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    made(sc, "2026-09-09 16:00", OUTCOME_SELF_MANAGEMENT);
    scene_at(sc, "2026-10-10 09:00");
    cr_assert_standing(sc, "follow-up",
                       "2026-09-23 09:00 follow-up.due msk due 2026-09-23 superseded\n"
                       "2026-10-07 09:00 follow-up.due msk due 2026-10-07\n");
    cr_assert_not_null(strstr(scene_ahead(sc), "2026-10-21 09:00 follow-up.due msk"));
    cr_assert_null(strstr(scene_ahead(sc), "2026-11-04 09:00 follow-up.due msk"));
    made(sc, "2026-10-08 10:00", OUTCOME_SELF_MANAGEMENT)->review_on = scene_date("2026-10-12");
    scene_at(sc, "2026-11-01 09:00");
    cr_assert_standing(sc, "follow-up",
                       "2026-09-23 09:00 follow-up.due msk due 2026-09-23 superseded\n"
                       "2026-10-07 09:00 follow-up.due msk due 2026-10-07 superseded\n"
                       "2026-10-12 09:00 follow-up.due msk due 2026-10-12 superseded\n"
                       "2026-10-26 09:00 follow-up.due msk due 2026-10-26\n");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-10-11", .code = "S12");
    cr_assert_standing(sc, "follow-up",
                       "2026-09-23 09:00 follow-up.due msk due 2026-09-23 superseded\n"
                       "2026-10-07 09:00 follow-up.due msk due 2026-10-07\n");
    scene_close(sc);
}

/* */
Test(timeline, no_follow_up_of_who_declined_or_whose_case_is_closed)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_at(sc, "2026-11-01 09:00");
    made(sc, "2026-09-09 16:00", OUTCOME_SELF_MANAGEMENT);
    scene_entry(sc, 0, CONTACT_CLOSE, OUTCOME_RECOVERED, "2026-09-25 09:00");
    cr_assert_standing(sc, "follow-up", "2026-09-23 09:00 follow-up.due msk due 2026-09-23\n");
    scene_entry(sc, 0, CONTACT_REOPEN, OUTCOME_NONE, "2026-10-10 09:00");
    cr_assert_standing(sc, "follow-up",
                       "2026-09-23 09:00 follow-up.due msk due 2026-09-23 superseded\n"
                       "2026-10-21 09:00 follow-up.due msk due 2026-10-21\n");
    made(sc, "2026-09-24 16:00", OUTCOME_DECLINED);
    cr_assert_standing(sc, "follow-up", "2026-09-23 09:00 follow-up.due msk due 2026-09-23\n");
    scene_close(sc);
}

/* */
Test(timeline, a_review_day_that_was_past_at_the_contact)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_at(sc, "2026-10-10 09:00");
    made(sc, "2026-09-09 16:00", OUTCOME_SELF_MANAGEMENT)->review_on = scene_date("2026-09-09");
    scene_look(sc);
    cr_assert_standing(sc, "follow-up",
                       "2026-09-23 09:00 follow-up.due msk due 2026-09-23 superseded\n"
                       "2026-10-07 09:00 follow-up.due msk due 2026-10-07\n");
    scene_close(sc);
}

/* */
Test(timeline, a_follow_up_comes_after_the_contact)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_at(sc, "2026-09-25 09:00");
    made(sc, "2026-09-09 09:00", OUTCOME_SELF_MANAGEMENT)->review_on = scene_date("2026-09-09");
    scene_look(sc);
    cr_assert_standing(sc, "follow-up", "2026-09-23 09:00 follow-up.due msk due 2026-09-23\n");
    scene_close(sc);
}

/* */
Test(timeline, nine_o_clock_on_the_day_the_clock_changes)
{
    struct scene *sc = scene_open_at("2026-09-28 09:00");
    SEND(sc, .onset = "2026-09-28", .code = "S12");
    scene_at(sc, "2026-10-25 12:00");
    cr_assert_standing(sc, "long-term.reached",
                       "2026-10-25 09:00 long-term.reached msk due 2026-10-25\n");
    scene_close(sc);
    sc = scene_open_at("2027-03-01 09:00");
    SEND(sc, .onset = "2027-03-01", .code = "S12");
    scene_at(sc, "2027-03-28 12:00");
    cr_assert_standing(sc, "long-term.reached",
                       "2027-03-28 09:00 long-term.reached msk due 2027-03-28\n");
    scene_close(sc);
}

/* */
Test(timeline, follow_ups_of_a_contact_before_what_is_now_the_onset)
{
    struct scene *sc = scene_open_at("2026-09-01 09:00");
    SEND(sc, .onset = "2026-09-01", .code = "S12");
    scene_at(sc, "2026-09-03 09:00");
    made(sc, "2026-09-02 10:00", OUTCOME_SELF_MANAGEMENT);
    SEND(sc, .onset = "2026-09-20", .code = "S12");
    scene_at(sc, "2026-10-10 09:00");
    cr_assert_standing(sc, "follow-up", "2026-09-30 09:00 follow-up.due msk due 2026-09-30\n");
    scene_close(sc);
}

/* */
Test(timeline, long_term_counts_the_whole_absence)
{
    struct scene *sc = scene_open_at("2026-09-01 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-20", .code = "S13");
    SEND(sc, .id = "B", .onset = "2026-09-10", .code = "S12");
    SEND(sc, .id = "C", .onset = "2026-09-12", .last_day = "2026-09-22", .code = "S10");
    scene_at(sc, "2026-10-01 09:00");
    cr_assert_standing(sc, "long-term",
                       "2026-09-21 09:00 long-term.approaching msk due 2026-09-21 superseded\n"
                       "2026-09-21 09:00 long-term.approaching stress due 2026-09-21\n"
                       "2026-09-28 09:00 long-term.reached msk due 2026-09-28\n");
    scene_close(sc);
}

/* */
Test(timeline, reviews)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_at(sc, "2026-12-30 09:00");
    cr_assert_standing(sc, "review",
                       "2026-10-18 09:00 review.due msk due 2026-10-18 superseded\n"
                       "2026-12-06 09:00 review.due msk due 2026-12-06\n");
    scene_entry(sc, 0, CONTACT_CLOSE, OUTCOME_REFERRED, "2026-11-01 09:00");
    cr_assert_standing(sc, "review", "2026-10-18 09:00 review.due msk due 2026-10-18\n");
    sc->facts.n_contacts = 0;
    made(sc, "2026-10-18 09:00", OUTCOME_DECLINED);
    cr_assert_standing(sc, "review", "2026-10-18 09:00 review.due msk due 2026-10-18\n");
    made(sc, "2026-12-01 09:00", OUTCOME_NO_ACTION);
    tried(sc, "2026-12-02 09:00", OUTCOME_NO_ANSWER);
    cr_assert_standing(sc, "review",
                       "2026-10-18 09:00 review.due msk due 2026-10-18 superseded\n"
                       "2026-12-06 09:00 review.due msk due 2026-12-06\n");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-10-17", .code = "S12");
    cr_assert_standing(sc, "review", "");
    scene_close(sc);
}

/* */
Test(timeline, check_in_two_weeks_after_the_return)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_at(sc, "2026-09-14 09:00");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-13", .code = "S12");
    scene_at(sc, "2026-12-01 09:00");
    cr_assert_standing(sc, "check-in", "");
    made(sc, "2026-09-13 09:00", OUTCOME_NO_ACTION);
    cr_assert_standing(sc, "check-in", "2026-09-28 09:00 check-in.due msk due 2026-09-28\n");
    SEND(sc, .id = "B", .onset = "2026-09-28", .last_day = "2026-09-29", .code = "S10");
    cr_assert_str_neq(scene_standing_of(sc, "check-in"), "", "of another pathway");
    SEND(sc, .id = "B", .onset = "2026-09-29", .last_day = "2026-09-29", .code = "S11");
    cr_assert_str_neq(scene_standing_of(sc, "check-in"), "", "after it");
    SEND(sc, .id = "B", .onset = "2026-09-28", .last_day = "2026-09-29", .code = "S11");
    cr_assert_standing(sc, "check-in", "");
    SEND(sc, .id = "B", .onset = "2026-09-28", .last_day = "2026-09-29", .code = "S13");
    made(sc, "2026-09-20 09:00", OUTCOME_DECLINED);
    cr_assert_standing(sc, "check-in", "");
    scene_close(sc);
}

/* */
Test(timeline, check_ins_after_a_long_absence)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-09-07", .last_day = "2026-10-10", .code = "S13");
    scene_at(sc, "2026-10-05 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-07", .last_day = "2026-10-04", .code = "S12");
    scene_at(sc, "2026-12-01 09:00");
    /* From the end of the whole absence, 10 October. */
    cr_assert_standing(sc, "check-in",
                       "2026-10-23 09:00 check-in.due msk due 2026-10-23 superseded\n"
                       "2026-11-08 09:00 check-in.due msk due 2026-11-08\n");
    SEND(sc, .id = "A", .onset = "2026-09-07", .last_day = "2026-10-03", .code = "S12");
    cr_assert_standing(sc, "check-in", "");
    SEND(sc, .id = "A", .onset = "2026-09-07", .last_day = "2026-10-04", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-09-07", .code = "S13");
    cr_assert_standing(sc, "check-in", "");
    scene_close(sc);
}

/* */
Test(timeline, relapse_stands_with_the_task)
{
    struct scene *sc = scene_open_at("2026-09-30 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-05", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-09-27", .code = "S12");
    cr_assert_standing(sc, "relapse", "2026-09-30 09:00 relapse.detected msk\n");
    scene_person(sc, PERSON_OPTED_OUT, "2026-09-30");
    cr_assert_standing(sc, "relapse", "");
    scene_person(sc, PERSON_OPTED_IN, "2026-09-30");
    SEND(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-05", .cancelled = true);
    cr_assert_standing(sc, "relapse", "");
    scene_close(sc);
}

/* */
Test(timeline, only_what_stands_supersedes)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    scene_at(sc, "2026-09-11 09:00");
    cr_assert_standing(sc, "contact.due", "2026-09-10 09:00 contact.due-soon msk due 2026-09-11\n");
    scene_at(sc, "2026-09-12 00:00");
    cr_assert_standing(sc, "contact.due",
                       "2026-09-10 09:00 contact.due-soon msk due 2026-09-11 superseded\n");
    made(sc, "2026-09-11 10:00", OUTCOME_NO_ACTION);
    cr_assert_standing(sc, "contact.due", "2026-09-10 09:00 contact.due-soon msk due 2026-09-11\n");
    scene_close(sc);
}

/* */
Test(timeline, in_order_and_by_kind_at_one_instant)
{
    struct scene *sc = scene_open_at("2026-09-30 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-05", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-09-30", .code = "S12");
    SEND(sc, .id = "C", .onset = "2026-09-30", .code = "S10");
    const char *ids[2] = {"", ""};
    size_t n = 0;
    for (size_t i = 0; i < sc->cw.n_timeline; i++) {
        const struct timeline_event *e = &sc->cw.timeline[i];
        if (e->kind == KIND_TASK_CREATED && n < 2) {
            ids[n++] = e->spell->id;
        }
        cr_assert(e->kind != KIND_RELAPSE || n == 2, "created comes before relapse");
    }
    cr_assert_lt(strcmp(ids[0], ids[1]), 0);
    scene_close(sc);
}

/* woken at nothing but wake_at, a case gives what it gives when looked at all the time. */
Test(timeline, wakes_at_every_instant_that_matters)
{
    struct scene *woken = scene_open_at("2026-09-01 09:00"),
                 *minded = scene_open_at("2026-09-01 09:00");
    struct scene *both[] = {woken, minded};
    for (int i = 0; i < 2; i++) {
        struct scene *sc = both[i];
        SEND(sc, .id = "A", .onset = "2026-09-03", .last_day = "2026-09-20", .code = "S12",
             .assignment = "1");
        SEND(sc, .id = "B", .onset = "2026-09-05", .expected = "2026-10-12", .assignment = "2",
             .fit_to = "2026-10-01", .phased = "2026-10-06");
        SEND(sc, .id = "C", .onset = "2026-10-25", .last_day = "2026-10-27", .code = "S12");
        scene_person(sc, PERSON_OPTED_OUT, "2026-10-03");
        scene_person(sc, PERSON_LEFT, "2026-11-20");
    }
    scene_at(woken, "2027-02-01 09:00");
    struct instant end = scene_time(minded, "2027-02-01 09:00");
    for (; minded->now.us < end.us; minded->now.us += US_PER_DAY / 48) {
        scene_look(minded);
    }
    char *log = arena_strdup(woken->a, scene_log(woken));
    cr_assert_gt(strlen(log), 300);
    cr_assert_str_eq(scene_log(minded), log);
    scene_close(woken);
    scene_close(minded);
}
