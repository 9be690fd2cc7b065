/* Records that are gone for HR; and only HR's facts change HR's events. */
#include <criterion/criterion.h>

#include "common/casework/derive/hr.h"
#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(hr, .fini = leakcheck);

static size_t hr_periods(struct scene *sc, const char *time)
{
    scene_jump(sc, time);
    return sc->cw.n_hr_periods;
}

static struct scene *ended_in_january(void)
{
    struct scene *sc = scene_open_at("2026-01-05 09:00");
    SEND(sc, .code = "S12", .onset = "2026-01-05", .last_day = "2026-01-10");
    return sc;
}

/* */
Test(hr, gone_from_the_midnight_after_both_days)
{
    struct scene *sc = ended_in_january();
    cr_assert_eq(hr_periods(sc, "2026-05-10 23:59"), 1);
    cr_assert_eq(hr_periods(sc, "2026-05-11 00:00"), 0);
    cr_assert_eq(sc->cw.gone_at[0].us, scene_time(sc, "2026-05-11 00:00").us);
    cr_assert_eq(sc->cw.n_periods, 1, "it is kept, and occupational health's");
    scene_close(sc);
    sc = ended_in_january();
    scene_jump(sc, "2026-05-01 09:00");
    SEND(sc, .code = "S12", .onset = "2026-01-05", .last_day = "2026-01-11");
    cr_assert_eq(hr_periods(sc, "2026-08-29 23:59"), 1, "120 days after the change");
    cr_assert_eq(hr_periods(sc, "2026-08-30 00:00"), 0);
    scene_close(sc);
}

/* */
Test(hr, a_reason_and_a_contact_do_not_count_as_changes)
{
    struct scene *sc = ended_in_january();
    scene_jump(sc, "2026-03-01 09:00");
    (void)scene_entry(sc, 0, CONTACT_MADE, OUTCOME_SELF_MANAGEMENT, "2026-01-12 09:00");
    SEND(sc, .code = "S13", .onset = "2026-01-05", .last_day = "2026-01-10");
    scene_look(sc);
    cr_assert_eq(sc->cw.hr_periods[0].settled_at.us, scene_time(sc, "2026-05-10 00:00").us);
    cr_assert_gt(sc->cw.periods[0].settled_at.us, sc->cw.hr_periods[0].settled_at.us);
    cr_assert_eq(hr_periods(sc, "2026-05-11 00:00"), 0);
    scene_close(sc);
}

/* */
Test(hr, what_is_noted_as_gone_takes_no_part_whatever_is_said_of_it)
{
    struct scene *sc = ended_in_january();
    scene_jump(sc, "2026-06-01 09:00");
    sc->records[0].gone_at = sc->cw.gone_at[0];
    SEND(sc, .code = "S12", .onset = "2026-01-05", .phased = "2026-05-25");
    SEND(sc, .id = "B", .code = "S12", .onset = "2026-06-01");
    scene_look(sc);
    cr_assert_eq(sc->cw.n_periods, 1);
    cr_assert_eq(sc->cw.n_hr_periods, 1);
    cr_assert_eq(sc->cw.hr_periods[0].n_records, 1);
    cr_assert_str_eq(sc->cw.hr_periods[0].anchor->absence_id, "B");
    cr_assert_str_neq(sc->cw.hr_periods[0].id, sc->cw.periods[0].id);
    scene_at(sc, "2026-06-20 09:00");
    cr_assert_standing(sc, "phased-return", "");
    cr_assert_standing(sc, "fit-note.due", "2026-06-08 09:00 fit-note.due period due 2026-06-08\n");
    scene_close(sc);
}

/* */
Test(hr, gone_by_what_was_in_force_stays_gone)
{
    struct scene *sc = ended_in_january();
    struct hr_past past = {
        .until = scene_time(sc, "2026-04-01 12:00"), .unmatched_days = 60, .settle_days = 40};
    sc->rules.past = &past;
    sc->rules.n_past = 1;
    cr_assert_eq(hr_periods(sc, "2026-04-02 09:00"), 0);
    cr_assert_eq(sc->cw.gone_at[0].us, scene_time(sc, "2026-03-12 00:00").us);
    past.until = scene_time(sc, "2026-03-11 12:00");
    cr_assert_eq(hr_periods(sc, "2026-04-02 09:00"), 1, "not while that was in force");
    scene_close(sc);
}

/* */
Test(hr, a_cancelled_record_goes_after_its_last_change)
{
    struct scene *sc = ended_in_january();
    SEND(sc, .onset = "2026-01-05", .last_day = "2026-01-10", .cancelled = true);
    (void)hr_periods(sc, "2026-05-05 23:59");
    cr_assert(instant_is_none(sc->cw.gone_at[0]));
    (void)hr_periods(sc, "2026-05-06 00:00");
    cr_assert(!instant_is_none(sc->cw.gone_at[0]));
    scene_close(sc);
}

/* */
Test(hr, leaving_counts_for_who_was_reported_soon_enough)
{
    struct scene *sc = scene_open_at("2026-01-05 09:00");
    (void)scene_person(sc, PERSON_LEFT, "2026-01-20");
    scene_jump(sc, "2026-05-20 09:00");
    SEND(sc, .code = "S12", .onset = "2026-01-10");
    scene_look(sc);
    cr_assert_date(sc->cw.hr_periods[0].ends_on, "2026-01-20");
    scene_close(sc);
    sc = scene_open_at("2026-01-05 09:00");
    (void)scene_person(sc, PERSON_LEFT, "2026-01-20");
    scene_jump(sc, "2026-05-21 09:00");
    SEND(sc, .code = "S12", .onset = "2026-01-10");
    scene_look(sc);
    cr_assert_date(sc->cw.periods[0].ends_on, "2026-01-20");
    cr_assert(date_is_none(sc->cw.hr_periods[0].ends_on), "121 days after");
    scene_close(sc);
}

/* */
Test(hr, nobody_wakes_for_what_comes_once_it_is_gone)
{
    struct scene *sc = scene_open_at("2026-01-05 09:00");
    SEND(sc, .code = "S13", .onset = "2026-01-05", .last_day = "2026-01-10",
         .phased = "2026-05-01");
    scene_at(sc, "2026-02-01 09:00");
    cr_assert_str_eq(scene_ahead(sc),
                     "2026-05-08 09:00 phased-return.review-due period due 2026-05-08\n");
    scene_close(sc);
}
