/* Properties that hold for any history, tried on invented ones. The seed of each is its number: a
 * failure
 * names it. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(properties, .fini = leakcheck);

/* xorshift: the same histories on every machine. */
static uint32_t draw(uint32_t *state, uint32_t n)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % n;
}

static const char *day(struct scene *sc, uint32_t *seed, int from, uint32_t within)
{
    char text[DATE_TEXT];
    struct date d = date_add(scene_date("2026-09-01"), from + (int)draw(seed, within));
    return arena_strdup(sc->a, date_format(d, text));
}

static struct scene_absence invent(struct scene *sc, uint32_t *seed, int version)
{
    static const char *const codes[] = {"S12", "S11", "S10", "S13", "S99", "S17", NULL};
    static const char *const ids[] = {"A", "B", "C", "D"};
    static const char *const assignments[] = {"1", "2", NULL};
    int onset = (int)draw(seed, 60);
    struct scene_absence m = {.id = ids[draw(seed, 4)],
                              .version = version,
                              .code = codes[draw(seed, 7)],
                              .assignment = assignments[draw(seed, 3)],
                              .onset = day(sc, seed, onset, 1),
                              .cancelled = draw(seed, 10) == 0};
    if (draw(seed, 2) == 0) {
        m.last_day = day(sc, seed, onset, 40);
        m.open_ended = draw(seed, 5) == 0;
    }
    if (draw(seed, 3) == 0) {
        m.expected = day(sc, seed, onset, 50);
    }
    if (draw(seed, 4) == 0) {
        m.phased = day(sc, seed, onset, 50);
    }
    if (draw(seed, 4) == 0) {
        m.fit_to = day(sc, seed, onset, 50);
    }
    return m;
}

/* About the person as such; time says which counts, whatever comes first. */
static void invent_person_facts(struct scene *sc, uint32_t seed)
{
    static const enum person_fact what[] = {PERSON_OPTED_OUT, PERSON_OPTED_IN, PERSON_LEFT,
                                            PERSON_DIED};
    if (draw(&seed, 3) == 0) {
        scene_person(sc, what[draw(&seed, 4)], day(sc, &seed, 10, 60));
    }
}

/* */
Test(properties, any_order_of_messages_gives_the_same_case)
{
    enum { MESSAGES = 12 };
    for (uint32_t n = 1; n <= 300; n++) {
        struct scene *sc[2] = {scene_open("RW3"), scene_open("RW3")};
        for (int side = 0; side < 2; side++) {
            scene_jump(sc[side], "2026-10-25 12:00");
            uint32_t seed = n * 2654435761u;
            struct scene_absence m[MESSAGES];
            for (int i = 0; i < MESSAGES; i++) {
                m[i] = invent(sc[side], &seed, i + 1);
            }
            for (uint32_t i = MESSAGES; side == 1 && i > 1; i--) {
                uint32_t k = draw(&seed, i);
                struct scene_absence swap = m[i - 1];
                m[i - 1] = m[k];
                m[k] = swap;
            }
            for (int i = 0; i < MESSAGES; i++) {
                scene_send(sc[side], m[i]);
            }
            invent_person_facts(sc[side], n);
        }
        const char *spells = arena_strdup(sc[0]->a, scene_spells(sc[0]));
        cr_assert_str_eq(spells, scene_spells(sc[1]), "history %u", n);
        const char *standing = arena_strdup(sc[0]->a, scene_standing(sc[0]));
        cr_assert_str_eq(standing, scene_standing(sc[1]), "history %u", n);
        cr_assert_eq(sc[0]->cw.wake_at.us, sc[1]->cw.wake_at.us, "history %u", n);
        scene_close(sc[0]);
        scene_close(sc[1]);
    }
}

static void enter(struct scene *sc, uint32_t *seed)
{
    static const enum contact_kind kinds[] = {CONTACT_ATTEMPT, CONTACT_MADE, CONTACT_CLOSE,
                                              CONTACT_REOPEN};
    enum contact_kind kind = kinds[draw(seed, 4)];
    enum contact_outcome outcome =
        kind == CONTACT_ATTEMPT ? OUTCOME_NO_ANSWER
                                : (draw(seed, 4) == 0 ? OUTCOME_DECLINED : OUTCOME_FAST_TRACK);
    if (sc->cw.n_spells > 0) {
        scene_entry(sc, draw(seed, (uint32_t)sc->cw.n_spells), kind, outcome, NULL);
    }
}

/* Something happens every few days; in between the case is looked at when it asks to be, or all the
 * time. */
static char *live_through(uint32_t n, bool minded)
{
    struct scene *sc = scene_open("RW3");
    uint32_t seed = n * 2654435761u;
    sc->now = scene_time(sc, "2026-09-01 12:00");
    invent_person_facts(sc, n);
    for (int i = 0; i < 20; i++) {
        if (draw(&seed, 3) == 0) {
            enter(sc, &seed);
        } else {
            scene_send(sc, invent(sc, &seed, i + 1));
        }
        struct instant next = {sc->now.us + (1 + (int64_t)draw(&seed, 12)) * US_PER_DAY};
        while (minded && sc->now.us < next.us) {
            sc->now.us += US_PER_DAY / 24;
            scene_look(sc);
        }
        while (!minded && !instant_is_none(sc->cw.wake_at) && sc->cw.wake_at.us <= next.us) {
            cr_assert_gt(sc->cw.wake_at.us, sc->now.us, "history %u", n);
            sc->now = sc->cw.wake_at;
            scene_look(sc);
        }
        sc->now = next;
        scene_look(sc);
    }
    char *log = strdup(scene_log(sc));
    scene_close(sc);
    return log;
}

/* */
Test(properties, looking_when_asked_to_misses_nothing)
{
    size_t lines = 0;
    for (uint32_t n = 1; n <= 60; n++) {
        char *woken = live_through(n, false), *minded = live_through(n, true);
        cr_assert_str_eq(woken, minded, "history %u", n);
        for (const char *c = woken; *c != '\0'; c++) {
            lines += *c == '\n' ? 1 : 0;
        }
        free(woken);
        free(minded);
    }
    cr_assert_gt(lines, 1000, "%zu: the histories are too tame", lines);
}
