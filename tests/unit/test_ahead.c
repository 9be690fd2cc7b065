/* The next prompts to HR, and since when a reason is missing: both as stored with the person. */
#include <criterion/criterion.h>
#include <string.h>

#include "common/casefile/ahead.h"
#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(ahead, .fini = leakcheck);

/* Without the period's id. */
static const char *next_of(const struct scene *sc)
{
    const char *all = ahead_of(&sc->cw, sc->rules.org, sc->rules.zone, sc->now, sc->a);
    return all == NULL ? "none" : strchr(all, ' ') + 1;
}

/* */
Test(ahead, the_next_prompt_comes_true_and_the_one_after_it_is_next)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .expected = "2026-09-21", .code = "S12");
    cr_assert_str_eq(next_of(sc), "fit-note.due 2026-09-14");
    scene_at(sc, "2026-09-14 08:59");
    cr_assert_str_eq(next_of(sc), "fit-note.due 2026-09-14");
    scene_at(sc, "2026-09-14 09:00");
    cr_assert_str_eq(next_of(sc), "expected-return.approaching 2026-09-16");
    scene_at(sc, "2026-09-16 09:00");
    cr_assert_str_eq(next_of(sc), "expected-return.passed 2026-09-22");
    scene_close(sc);
}

/* */
Test(ahead, a_return_comes_before_the_rest)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-09", .code = "S12");
    cr_assert_str_eq(next_of(sc), "returned-to-work 2026-09-10");
    scene_at(sc, "2026-09-10 00:00");
    cr_assert_str_eq(next_of(sc), "interview.due 2026-09-10");
    scene_at(sc, "2026-09-10 09:00");
    cr_assert_str_eq(next_of(sc), "none");
    scene_close(sc);
}

/* */
Test(ahead, what_is_off_is_not_planned)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    scene_settings(sc, "\"off\": []", "\"off\": [\"fit-note.due\"]");
    SEND(sc, .onset = "2026-09-07", .expected = "2026-09-21", .code = "S12");
    cr_assert_str_eq(next_of(sc), "expected-return.approaching 2026-09-16");
    scene_close(sc);
}

/* R-80 R-91 */
Test(ahead, it_is_the_same_whatever_the_reason_and_the_contacts)
{
    const char *codes[] = {"S12", "S25", "S99", NULL};
    for (size_t i = 0; i < 4; i++) {
        struct scene *sc = scene_open_at("2026-09-07 09:00");
        SEND(sc, .onset = "2026-09-07", .code = codes[i]);
        if (sc->cw.n_spells > 0) {
            scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-09-07 09:00");
            scene_look(sc);
        }
        cr_assert_str_eq(next_of(sc), "fit-note.due 2026-09-14", "%zu", i);
        scene_close(sc);
    }
}

/* */
Test(ahead, since_when_a_reason_is_missing)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-04", .last_day = "2026-09-08");
    cr_assert(date_eq(sc->cw.no_reason_since, scene_date("2026-09-04")));
    SEND(sc, .id = "B", .onset = "2026-09-07", .code = "S99");
    cr_assert(date_eq(sc->cw.no_reason_since, scene_date("2026-09-04")), "the onset of the period");
    SEND(sc, .id = "B", .onset = "2026-09-07", .code = "S12");
    cr_assert(date_is_none(sc->cw.no_reason_since), "another record of it matches");
    SEND(sc, .id = "B", .onset = "2026-09-07", .code = "S25");
    cr_assert(date_eq(sc->cw.no_reason_since, scene_date("2026-09-04")), "it matches nothing");
    SEND(sc, .id = "B", .onset = "2026-09-07", .code = "S25", .last_day = "2026-09-08");
    scene_at(sc, "2026-09-09 00:00");
    cr_assert(date_is_none(sc->cw.no_reason_since), "the period is over");
    scene_close(sc);
}
