#include <criterion/criterion.h>

#include "tests/unit/scene.h"

/* Off from Wednesday 9 September 2026, known of on that day: due on Sunday 13. */
static struct scene *from_wednesday(void)
{
    struct scene *sc = scene_open_at("2026-09-09 09:10");
    SEND(sc, .onset = "2026-09-09", .code = "S12");
    return sc;
}

static struct contact_fact *tried(struct scene *sc, const char *at, enum contact_outcome outcome)
{
    return scene_entry(sc, 0, CONTACT_ATTEMPT, outcome, at);
}

static struct contact_fact *promised(struct scene *sc, const char *at, const char *until)
{
    struct contact_fact *c = tried(sc, at, OUTCOME_CALL_BACK);
    c->call_back_at = scene_time(sc, until);
    scene_look(sc);
    return c;
}

static struct contact_fact *flagged(struct scene *sc, const char *at)
{
    return scene_entry(sc, 0, CONTACT_MADE, OUTCOME_URGENT_CARE, at);
}

/* ---- when the reason became known ---- */

/* */
Test(entry, a_reason_that_came_after_the_due_date_is_late)
{
    struct scene *sc = scene_open_at("2026-09-09 09:10");
    SEND(sc, .onset = "2026-09-09", .code = "S99");
    scene_at(sc, "2026-09-13 23:59");
    SEND(sc, .onset = "2026-09-09", .code = "S12");
    cr_assert_eq(scene_spell(sc, 0)->known_at.us, scene_time(sc, "2026-09-13 23:59").us);
    cr_assert_not(scene_spell(sc, 0)->reason_late, "on the due date");
    scene_close(sc);
    sc = scene_open_at("2026-09-09 09:10");
    SEND(sc, .onset = "2026-09-09", .code = "S99");
    scene_at(sc, "2026-09-14 00:00");
    SEND(sc, .onset = "2026-09-09", .code = "S12");
    cr_assert(scene_spell(sc, 0)->reason_late);
    cr_assert_not(scene_spell(sc, 0)->late_report, "it was known of in time");
    scene_close(sc);
}

/* */
Test(entry, a_late_report_is_no_late_reason)
{
    struct scene *sc = scene_open_at("2026-09-21 09:00");
    SEND(sc, .onset = "2026-09-09", .code = "S12");
    cr_assert(scene_spell(sc, 0)->late_report);
    cr_assert_not(scene_spell(sc, 0)->reason_late);
    scene_close(sc);
}

/* */
Test(entry, the_first_time_a_reason_was_known_counts)
{
    struct scene *sc = from_wednesday();
    struct instant first = sc->now;
    scene_at(sc, "2026-09-10 09:00");
    SEND(sc, .onset = "2026-09-09", .code = "S99");
    scene_at(sc, "2026-09-20 09:00");
    SEND(sc, .onset = "2026-09-09", .code = "S11");
    cr_assert_eq(scene_spell(sc, 0)->known_at.us, first.us, "whatever it was in between");
    SEND(sc, .id = "A-2", .onset = "2026-09-15", .code = "S12");
    cr_assert_eq(scene_spell(sc, 0)->known_at.us, first.us, "the smallest of its records'");
    SEND(sc, .id = "A-2", .onset = "2026-09-15", .code = "S10");
    cr_assert_eq(scene_pathway(sc, "stress")->known_at.us, scene_time(sc, "2026-09-20 09:00").us,
                 "of the pathway, not of the record");
    scene_close(sc);
}

/* */
Test(entry, settings_may_make_a_reason_known)
{
    struct scene *sc = scene_open_at("2026-09-09 09:10");
    SEND(sc, .onset = "2026-09-09", .code = "S99");
    scene_at(sc, "2026-09-16 10:00");
    scene_settings(sc, "\"S98\", \"S99\"", "\"S98\"");
    scene_settings(sc, "\"S11\", \"S12\"", "\"S11\", \"S12\", \"S99\"");
    cr_assert_eq(scene_spell(sc, 0)->known_at.us, scene_time(sc, "2026-09-16 10:00").us);
    cr_assert(scene_spell(sc, 0)->reason_late);
    scene_at(sc, "2026-09-17 10:00");
    scene_settings(sc, "\"contact_target_days\": 4", "\"contact_target_days\": 5");
    cr_assert_eq(scene_spell(sc, 0)->known_at.us, scene_time(sc, "2026-09-16 10:00").us);
    scene_close(sc);
}

/* */
Test(entry, of_a_record_of_before_the_first_notice_counts)
{
    struct scene *sc = from_wednesday();
    sc->records[0].known_kept = false;
    sc->records[0].n_known = 0;
    scene_at(sc, "2026-09-20 09:00");
    cr_assert_eq(scene_spell(sc, 0)->known_at.us, scene_time(sc, "2026-09-09 09:10").us);
    SEND(sc, .onset = "2026-09-09", .code = "S10");
    cr_assert_eq(scene_spell(sc, 0)->known_at.us, sc->now.us, "of what it was not");
    SEND(sc, .onset = "2026-09-09", .code = "S12");
    cr_assert_eq(scene_spell(sc, 0)->known_at.us, scene_time(sc, "2026-09-09 09:10").us);
    scene_close(sc);
}

/* ---- promises ---- */

/* R-57 R-86 */
Test(entry, a_promise_is_open_until_a_later_call)
{
    struct scene *sc = from_wednesday();
    scene_at(sc, "2026-09-10 10:00");
    promised(sc, NULL, "2026-09-11 14:00");
    cr_assert_eq(scene_spell(sc, 0)->call_back_at.us, scene_time(sc, "2026-09-11 14:00").us);
    cr_assert_str_eq(scene_ahead(sc), "2026-09-11 09:00 contact.due-soon msk due 2026-09-13\n"
                                      "2026-09-11 14:00 call-back.due msk\n"
                                      "2026-09-14 00:00 contact.overdue msk due 2026-09-13\n"
                                      "2026-09-16 09:00 fit-note.due period due 2026-09-16\n"
                                      "2026-09-29 09:00 long-term.approaching msk due 2026-09-29\n"
                                      "2026-10-06 09:00 long-term.reached msk due 2026-10-06\n"
                                      "2026-10-20 09:00 review.due msk due 2026-10-20\n"
                                      "2026-12-08 09:00 review.due msk due 2026-12-08\n");
    scene_at(sc, "2026-09-11 14:05");
    cr_assert_standing(sc, "call-back", "2026-09-11 14:00 call-back.due msk\n");
    tried(sc, NULL, OUTCOME_NO_ANSWER);
    cr_assert(instant_is_none(scene_spell(sc, 0)->call_back_at), "gone after an attempt");
    cr_assert_standing(sc, "call-back", "2026-09-11 14:00 call-back.due msk\n");
    scene_close(sc);
}

/* R-57 R-86 */
Test(entry, a_call_before_its_time_keeps_a_promise)
{
    struct scene *sc = from_wednesday();
    scene_at(sc, "2026-09-12 10:00");
    promised(sc, "2026-09-10 10:00", "2026-09-11 14:00");
    cr_assert_standing(sc, "call-back", "2026-09-11 14:00 call-back.due msk\n");
    tried(sc, "2026-09-11 14:00", OUTCOME_BUSY);
    cr_assert_standing(sc, "call-back", "2026-09-11 14:00 call-back.due msk\n");
    struct contact_fact *c = tried(sc, "2026-09-11 13:59", OUTCOME_BUSY);
    cr_assert_standing(sc, "call-back", "");
    c->retracted = true;
    scene_look(sc);
    cr_assert_standing(sc, "call-back", "2026-09-11 14:00 call-back.due msk\n");
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-09-10 12:00");
    cr_assert_standing(sc, "call-back", "");
    scene_close(sc);
}

/* */
Test(entry, writing_keeps_no_promise_and_of_several_the_earliest_shows)
{
    struct scene *sc = from_wednesday();
    scene_at(sc, "2026-09-10 10:00");
    promised(sc, NULL, "2026-09-11 14:00");
    tried(sc, NULL, OUTCOME_TEXT_SENT);
    tried(sc, NULL, OUTCOME_NO_ANSWER)->channel = CHANNEL_EMAIL;
    scene_look(sc);
    cr_assert_eq(scene_spell(sc, 0)->call_back_at.us, scene_time(sc, "2026-09-11 14:00").us);
    promised(sc, NULL, "2026-09-11 12:00")->channel = CHANNEL_TEXT;
    scene_look(sc);
    cr_assert_eq(scene_spell(sc, 0)->call_back_at.us, scene_time(sc, "2026-09-11 12:00").us);
    promised(sc, "2026-09-10 10:00", "2026-09-15 09:00");
    cr_assert_eq(scene_spell(sc, 0)->call_back_at.us, scene_time(sc, "2026-09-15 09:00").us,
                 "a call with a promise answers the ones before");
    tried(sc, "2026-09-10 10:00", OUTCOME_NO_ANSWER)->channel = CHANNEL_VIDEO;
    scene_look(sc);
    cr_assert(instant_is_none(scene_spell(sc, 0)->call_back_at), "of one instant the later entry");
    scene_close(sc);
}

/* */
Test(entry, nobody_is_called_back_who_is_back)
{
    struct scene *sc = from_wednesday();
    scene_at(sc, "2026-09-10 10:00");
    promised(sc, NULL, "2026-09-11 14:00");
    SEND(sc, .onset = "2026-09-09", .last_day = "2026-09-10", .code = "S12");
    scene_at(sc, "2026-09-12 10:00");
    cr_assert_standing(sc, "call-back", "");
    SEND(sc, .onset = "2026-09-09", .last_day = "2026-09-11", .code = "S12");
    cr_assert_standing(sc, "call-back", "2026-09-11 14:00 call-back.due msk\n");
    scene_close(sc);
}

/* ---- red flags ---- */

/* R-58 R-67 R-87 */
Test(entry, a_red_flag_on_friday_is_followed_up_on_monday)
{
    struct scene *sc = from_wednesday();
    scene_at(sc, "2026-09-11 11:00");
    flagged(sc, NULL);
    cr_assert(scene_spell(sc, 0)->red_flag);
    cr_assert(scene_spell(sc, 0)->red_flag_open);
    cr_assert_eq(scene_spell(sc, 0)->priority, 1);
    cr_assert_standing(sc, "urgent", "2026-09-11 11:00 urgent.raised msk\n");
    scene_at(sc, "2026-09-29 10:00");
    cr_assert_standing(sc, "follow-up",
                       "2026-09-14 09:00 follow-up.due msk due 2026-09-14 superseded\n"
                       "2026-09-28 09:00 follow-up.due msk due 2026-09-28\n");
    scene_close(sc);
}

/* */
Test(entry, a_day_agreed_goes_before_the_next_working_day)
{
    struct scene *sc = from_wednesday();
    scene_at(sc, "2026-09-30 10:00");
    struct contact_fact *c =
        scene_entry(sc, 0, CONTACT_MADE, OUTCOME_ONWARD_REFERRAL, "2026-09-11 11:00");
    c->red_flag = true;
    c->review_on = scene_date("2026-09-18");
    scene_look(sc);
    cr_assert_standing(sc, "follow-up", "2026-09-18 09:00 follow-up.due msk due 2026-09-18\n");
    c->outcome = OUTCOME_DECLINED;
    scene_look(sc);
    cr_assert_standing(sc, "follow-up", "");
    cr_assert_standing(sc, "urgent", "2026-09-11 11:00 urgent.raised msk\n");
    scene_close(sc);
}

/* */
Test(entry, who_needs_no_follow_up_has_none)
{
    struct scene *sc = from_wednesday();
    scene_at(sc, "2026-10-30 10:00");
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-09-11 11:00")->no_follow_up = true;
    scene_look(sc);
    cr_assert_standing(sc, "follow-up", "");
    cr_assert_standing(sc, "review.due", "2026-10-20 09:00 review.due msk due 2026-10-20\n");
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-10-12 11:00");
    cr_assert_standing(sc, "follow-up", "2026-10-26 09:00 follow-up.due msk due 2026-10-26\n");
    scene_close(sc);
}

/* */
Test(entry, a_red_flag_is_open_until_somebody_has_seen_to_it)
{
    struct scene *sc = from_wednesday();
    scene_at(sc, "2026-09-11 11:00");
    scene_entry(sc, 0, CONTACT_ACKNOWLEDGE, OUTCOME_NONE, "2026-09-11 10:00");
    flagged(sc, "2026-09-11 09:30");
    cr_assert(scene_spell(sc, 0)->red_flag_open, "what was not there yet nobody had seen to");
    struct contact_fact *c = scene_entry(sc, 0, CONTACT_ACKNOWLEDGE, OUTCOME_NONE, NULL);
    cr_assert_not(scene_spell(sc, 0)->red_flag_open);
    cr_assert(scene_spell(sc, 0)->red_flag, "raised it stays");
    c->retracted = true;
    scene_look(sc);
    cr_assert(scene_spell(sc, 0)->red_flag_open);
    tried(sc, NULL, OUTCOME_NO_ANSWER);
    cr_assert(scene_spell(sc, 0)->red_flag_open, "an attempt is not enough");
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-09-11 09:00");
    cr_assert(scene_spell(sc, 0)->red_flag_open, "an earlier contact, written down later");
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-09-11 09:30");
    cr_assert_not(scene_spell(sc, 0)->red_flag_open, "of one instant the later entry");
    scene_close(sc);
}

/* */
Test(entry, a_red_flag_stands_whatever_ends_the_task)
{
    struct scene *sc = from_wednesday();
    scene_at(sc, "2026-09-14 11:00");
    scene_person(sc, PERSON_OPTED_OUT, "2026-09-10");
    flagged(sc, "2026-09-11 11:00");
    cr_assert_standing(sc, "urgent", "2026-09-11 11:00 urgent.raised msk\n");
    cr_assert_standing(sc, "follow-up", "");
    scene_person(sc, PERSON_LEFT, "2026-09-10");
    cr_assert_standing(sc, "urgent", "2026-09-11 11:00 urgent.raised msk\n");
    scene_person(sc, PERSON_LEFT, NULL);
    scene_person(sc, PERSON_DIED, "2026-09-13");
    cr_assert_standing(sc, "urgent", "");
    scene_close(sc);
    sc = scene_open_at("2026-09-14 09:00"); /* over before it was known of */
    SEND(sc, .onset = "2026-09-09", .last_day = "2026-09-10", .code = "S12");
    flagged(sc, NULL);
    cr_assert_standing(sc, "",
                       "2026-09-11 00:00 returned-to-work period due 2026-09-11\n"
                       "2026-09-11 09:00 interview.due period due 2026-09-11\n"
                       "2026-09-14 09:00 urgent.raised msk\n");
    cr_assert(scene_spell(sc, 0)->red_flag_open);
    scene_close(sc);
}

/* */
Test(entry, an_absence_cancelled_takes_its_red_flag_with_it)
{
    struct scene *sc = from_wednesday();
    scene_at(sc, "2026-09-11 11:00");
    flagged(sc, NULL);
    SEND(sc, .onset = "2026-09-09", .code = "S12", .cancelled = true);
    cr_assert_standing(sc, "urgent", "");
    scene_close(sc);
}

/* ---- not reached ---- */

/* R-59 R-65 */
Test(entry, writing_and_engaged_lines_do_not_count_towards_unreachable)
{
    struct scene *sc = from_wednesday();
    scene_at(sc, "2026-09-12 11:00");
    tried(sc, "2026-09-09 10:00", OUTCOME_NO_ANSWER);
    tried(sc, "2026-09-09 12:00", OUTCOME_VOICEMAIL);
    tried(sc, "2026-09-10 10:00", OUTCOME_TEXT_SENT);
    tried(sc, "2026-09-10 11:00", OUTCOME_LETTER_SENT);
    tried(sc, "2026-09-10 12:00", OUTCOME_BUSY);
    tried(sc, "2026-09-10 13:00", OUTCOME_MESSAGE_WITH_OTHER);
    tried(sc, "2026-09-10 14:00", OUTCOME_NO_ANSWER)->channel = CHANNEL_LETTER;
    scene_look(sc);
    cr_assert_standing(sc, "contact.unreachable", "");
    cr_assert_eq(scene_spell(sc, 0)->attempts, 7, "they are attempts");
    cr_assert_not(scene_spell(sc, 0)->unreachable);
    tried(sc, "2026-09-11 10:00", OUTCOME_WRONG_NUMBER)->channel = CHANNEL_IN_PERSON;
    scene_look(sc);
    cr_assert_standing(sc, "contact.unreachable",
                       "2026-09-11 10:00 contact.unreachable msk due 2026-09-13\n");
    cr_assert(scene_spell(sc, 0)->unreachable);
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-09-12 10:00");
    cr_assert_not(scene_spell(sc, 0)->unreachable, "contacted since");
    cr_assert_standing(sc, "contact.unreachable",
                       "2026-09-11 10:00 contact.unreachable msk due 2026-09-13\n");
    scene_close(sc);
}

/* */
Test(entry, a_later_contact_opens_a_closed_case_again)
{
    struct scene *sc = from_wednesday();
    scene_at(sc, "2026-09-20 09:00");
    scene_entry(sc, 0, CONTACT_CLOSE, OUTCOME_UNABLE_TO_CONTACT, "2026-09-18 09:00");
    cr_assert(scene_spell(sc, 0)->case_closed);
    cr_assert_eq(scene_spell(sc, 0)->closed_at.us, scene_time(sc, "2026-09-18 09:00").us);
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-09-18 09:00");
    cr_assert(scene_spell(sc, 0)->case_closed, "not later");
    tried(sc, NULL, OUTCOME_NO_ANSWER);
    cr_assert(scene_spell(sc, 0)->case_closed, "an attempt opens nothing");
    struct contact_fact *c =
        scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-09-18 09:01");
    cr_assert_not(scene_spell(sc, 0)->case_closed);
    cr_assert_eq(scene_spell(sc, 0)->close_reason, OUTCOME_NONE);
    scene_at(sc, "2026-10-03 09:00");
    cr_assert_standing(sc, "follow-up", "2026-10-02 09:00 follow-up.due msk due 2026-10-02\n");
    c->retracted = true;
    scene_look(sc);
    cr_assert(scene_spell(sc, 0)->case_closed);
    cr_assert_standing(sc, "follow-up", "");
    scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-09-18 09:02");
    scene_entry(sc, 0, CONTACT_CLOSE, OUTCOME_RECOVERED, NULL);
    cr_assert_eq(scene_spell(sc, 0)->close_reason, OUTCOME_RECOVERED, "closed once more");
    scene_close(sc);
}

/* */
Test(entry, the_closing_stays_when_nobody_was_unreachable)
{
    struct scene *sc = from_wednesday();
    scene_at(sc, "2026-09-12 11:00");
    tried(sc, "2026-09-09 10:00", OUTCOME_NO_ANSWER);
    tried(sc, "2026-09-10 10:00", OUTCOME_NO_ANSWER);
    struct contact_fact *c = tried(sc, "2026-09-11 10:00", OUTCOME_NO_ANSWER);
    scene_entry(sc, 0, CONTACT_CLOSE, OUTCOME_UNABLE_TO_CONTACT, NULL);
    c->retracted = true;
    scene_look(sc);
    cr_assert_standing(sc, "contact.unreachable", "");
    cr_assert(scene_spell(sc, 0)->case_closed);
    scene_close(sc);
}

/* ---- where the notes are ---- */

/* */
Test(entry, the_latest_reference_counts)
{
    struct scene *sc = from_wednesday();
    scene_entry(sc, 0, CONTACT_OH_RECORD, OUTCOME_NONE, NULL)->oh_record = "OH-1";
    scene_entry(sc, 0, CONTACT_OH_RECORD, OUTCOME_NONE, NULL)->oh_record = "OH-2";
    scene_look(sc);
    cr_assert_str_eq(scene_spell(sc, 0)->oh_record, "OH-2");
    scene_entry(sc, 0, CONTACT_OH_RECORD, OUTCOME_NONE, NULL);
    scene_look(sc);
    cr_assert_null(scene_spell(sc, 0)->oh_record);
    scene_close(sc);
}

/* ---- due soon ---- */

/* */
Test(entry, what_falls_due_at_a_weekend_is_due_soon_on_friday)
{
    struct scene *sc = from_wednesday();
    cr_assert_date(scene_spell(sc, 0)->due_date, "2026-09-13");
    cr_assert_date(scene_spell(sc, 0)->work_by_date, "2026-09-11");
    scene_at(sc, "2026-09-20 09:00");
    cr_assert_standing(sc, "contact.due-soon",
                       "2026-09-11 09:00 contact.due-soon msk due 2026-09-13 superseded\n");
    scene_settings(sc, "\"closures\": []", "\"closures\": [\"2026-09-11\"]");
    cr_assert_standing(sc, "contact.due-soon",
                       "2026-09-10 09:00 contact.due-soon msk due 2026-09-13 superseded\n");
    scene_settings(sc, "\"closures\": [\"2026-09-11\"]",
                   "\"closures\": [\"2026-09-09\", \"2026-09-10\", \"2026-09-11\"]");
    cr_assert_standing(sc, "contact.due-soon",
                       "2026-09-12 09:00 contact.due-soon msk due 2026-09-13 superseded\n");
    scene_close(sc);
}
