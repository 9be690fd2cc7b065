/* Periods and spells as they are now. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(derive, .fini = leakcheck);

static enum end_reason tombstone(struct scene *sc, const char *absence_id, size_t pathway)
{
    return derive_tombstone(&sc->facts, &sc->rules, sc->now, &sc->cw,
                            (struct record_ref){"/hr/RW3", absence_id, NULL}, pathway);
}

static const struct period *period(const struct scene *sc, size_t i)
{
    cr_assert_lt(i, sc->cw.n_periods, "there are %zu periods", sc->cw.n_periods);
    return &sc->cw.periods[i];
}

/* ---- records, periods, spells ---- */

/* */
Test(derive, a_record_closes_by_itself_at_midnight)
{
    struct scene *sc = scene_open_at("2026-09-10 09:00");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-11", .code = "S12");
    cr_assert(date_is_none(period(sc, 0)->last_day));
    cr_assert_date(period(sc, 0)->ends_on, "2026-09-11");
    cr_assert_date(period(sc, 0)->expected_return, "2026-09-12");
    scene_jump(sc, "2026-09-11 23:59");
    cr_assert(date_is_none(period(sc, 0)->last_day));
    cr_assert_eq(sc->cw.wake_at.us, scene_time(sc, "2026-09-12 00:00").us);
    scene_jump(sc, "2026-09-12 00:00");
    cr_assert_date(period(sc, 0)->last_day, "2026-09-11");
    cr_assert_date(scene_spell(sc, 0)->last_day, "2026-09-11");
    cr_assert(date_is_none(period(sc, 0)->expected_return));
    scene_close(sc);
}

/* */
Test(derive, an_open_ended_record_does_not_close)
{
    struct scene *sc = scene_open_at("2026-09-20 09:00");
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-11", .open_ended = true, .code = "S12");
    cr_assert(date_is_none(period(sc, 0)->last_day));
    cr_assert_date(scene_spell(sc, 0)->expected_return, "2026-09-12");
    scene_close(sc);
}

/* */
Test(derive, a_record_takes_part_from_its_onset_on)
{
    struct scene *sc = scene_open_at("2026-09-01 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    cr_assert_eq(sc->cw.n_periods, 0);
    cr_assert_eq(sc->cw.wake_at.us, scene_time(sc, "2026-09-07 00:00").us);
    scene_at(sc, "2026-09-07 08:00");
    cr_assert_eq(sc->cw.n_spells, 1);
    cr_assert_str_eq(scene_log(sc), "2026-09-07 00:00 + contact-task.created msk 2026-09-07\n");
    SEND(sc, .onset = "2026-09-09", .code = "S12");
    cr_assert_eq(sc->cw.n_spells, 0);
    cr_assert_eq(tombstone(sc, "A-1", 0), END_NOT_YET);
    SEND(sc, .onset = "2026-09-06", .code = "S12", .cancelled = true);
    cr_assert_eq(sc->cw.n_periods, 0);
    scene_close(sc);
}

/* */
Test(derive, periods_chain_whatever_the_reason)
{
    struct scene *sc = scene_open_at("2026-09-30 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-05", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-09-06", .last_day = "2026-09-08", .code = "S13");
    SEND(sc, .id = "C", .onset = "2026-09-02", .last_day = "2026-09-03", .code = "S17");
    cr_assert_eq(sc->cw.n_periods, 1);
    cr_assert_eq(period(sc, 0)->n_records, 3);
    cr_assert_str_eq(period(sc, 0)->records[1]->absence_id, "C");
    cr_assert_date(period(sc, 0)->last_day, "2026-09-08");
    SEND(sc, .id = "D", .onset = "2026-09-10", .code = "S13");
    cr_assert_eq(sc->cw.n_periods, 2);
    cr_assert(date_is_none(period(sc, 1)->last_day));
    SEND(sc, .id = "E", .onset = "2026-09-09", .last_day = "2026-09-09");
    cr_assert_eq(sc->cw.n_periods, 1);
    scene_close(sc);
}

/* */
Test(derive, the_latest_expected_return_of_open_records)
{
    struct scene *sc = scene_open_at("2026-09-10 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-01", .expected = "2026-09-20", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-09-02", .last_day = "2026-09-25", .expected = "2026-12-01",
         .code = "S13");
    SEND(sc, .id = "C", .onset = "2026-09-02", .last_day = "2026-09-05", .expected = "2026-12-01");
    cr_assert_date(period(sc, 0)->expected_return, "2026-09-26");
    cr_assert_date(scene_spell(sc, 0)->expected_return, "2026-09-26");
    scene_close(sc);
}

/* */
Test(derive, spells_join_over_at_most_seven_days_of_another_reason)
{
    const struct {
        const char *back, *expected;
    } rows[] = {
        {"2026-09-13", "msk 2026-09-01.. due 2026-09-05 open\n"},
        {"2026-09-14", "msk 2026-09-01..2026-09-05 due 2026-09-05 ended returned_before_notice\n"
                       "msk 2026-09-14.. due 2026-09-18 open\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene *sc = scene_open_at("2026-09-15 09:00");
        SEND(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-05", .code = "S12");
        SEND(sc, .id = "B", .onset = "2026-09-05", .last_day = "2026-09-20", .code = "S13");
        SEND(sc, .id = "C", .onset = rows[i].back, .code = "S11");
        cr_assert_eq(sc->cw.n_periods, 1);
        cr_assert_str_eq(scene_spells(sc), rows[i].expected);
        if (sc->cw.n_spells == 2) {
            cr_assert(scene_spell(sc, 1)->relapse, "a relapse may lie within one absence");
        }
        scene_close(sc);
    }
}

/* */
Test(derive, no_spell_reaches_over_days_at_work)
{
    struct scene *sc = scene_open_at("2026-09-15 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-05", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-09-07", .code = "S12");
    cr_assert_eq(sc->cw.n_spells, 2);
    cr_assert(scene_spell(sc, 1)->relapse);
    scene_close(sc);
}

/* */
Test(derive, relapse_counts_from_the_spell_before)
{
    struct scene *sc = scene_open_at("2026-12-30 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-16", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-11-12", .last_day = "2026-11-12", .code = "S12");
    SEND(sc, .id = "C", .onset = "2026-11-20", .last_day = "2026-11-21", .code = "S10");
    SEND(sc, .id = "D", .onset = "2026-12-20", .code = "S12");
    cr_assert_eq(scene_spell(sc, 1)->relapse_of, scene_spell(sc, 0));
    cr_assert_null(scene_spell(sc, 2)->relapse_of);
    cr_assert_eq(scene_spell(sc, 3)->relapse_of, scene_spell(sc, 1));
    scene_settings(sc, "\"link_days\": 56", "\"link_days\": 55");
    cr_assert_not(scene_spell(sc, 1)->relapse);
    scene_close(sc);
}

/* */
Test(derive, identity_comes_from_the_first_record_known)
{
    struct scene *sc = scene_open_at("2026-09-10 09:00");
    SEND(sc, .id = "B", .onset = "2026-09-07", .code = "S12");
    const char *id = arena_strdup(sc->a, scene_spell(sc, 0)->id);
    const char *period_id = arena_strdup(sc->a, period(sc, 0)->id);
    cr_assert_eq(strlen(id), 12);
    cr_assert_str_neq(id, period_id);
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S12");
    cr_assert_str_eq(scene_spell(sc, 0)->anchor->absence_id, "A", "of two at once the smaller id");
    cr_assert_str_neq(scene_spell(sc, 0)->id, id);
    scene_at(sc, "2026-09-11 09:00");
    SEND(sc, .id = "0", .source = "/", .onset = "2026-09-01", .code = "S12");
    SEND(sc, .id = "A", .onset = "2026-09-07", .code = "S12", .cancelled = true);
    cr_assert_str_eq(scene_spell(sc, 0)->id, id, "the one left that was known first");
    cr_assert_str_eq(period(sc, 0)->id, period_id);
    scene_close(sc);
}

/* */
Test(derive, of_two_sources_at_once_the_smaller_names_the_spell)
{
    static const char *const sources[2] = {"/hr/B", "/hr/A"};
    for (int first = 0; first < 2; first++) {
        struct scene *sc = scene_open_at("2026-09-10 09:00");
        SEND(sc, .source = sources[first], .onset = "2026-09-07", .code = "S12");
        SEND(sc, .source = sources[1 - first], .onset = "2026-09-07", .code = "S12");
        cr_assert_eq(scene_spell(sc, 0)->n_records, 2);
        cr_assert_str_eq(scene_spell(sc, 0)->anchor->source, "/hr/A");
        cr_assert_str_eq(period(sc, 0)->records[0]->source, "/hr/A");
        scene_close(sc);
    }
}

/* */
Test(derive, ids_are_the_documented_hash)
{
    struct scene *sc = scene_open_at("2026-09-10 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    uint8_t mac[SHA256_BYTES];
    char id[ID_TEXT];
    const char spell[] = "s\x1fRW3\x1fP-77\x1f/hr/RW3\x1f"
                         "A-1\x1fmsk";
    hmac_sha256(sc->key, spell, sizeof spell - 1, mac);
    id_from_mac(mac, id);
    cr_assert_str_eq(scene_spell(sc, 0)->id, id);
    const char whole[] = "p\x1fRW3\x1fP-77\x1f/hr/RW3\x1f"
                         "A-1";
    hmac_sha256(sc->key, whole, sizeof whole - 1, mac);
    id_from_mac(mac, id);
    cr_assert_str_eq(period(sc, 0)->id, id);
    scene_close(sc);
}

/* */
Test(derive, why_a_spell_is_no_more)
{
    struct scene *sc = scene_open_at("2026-09-10 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-03", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-09-07", .code = "S12");
    cr_assert_eq(sc->cw.n_spells, 2);
    SEND(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-06", .code = "S12");
    cr_assert_eq(sc->cw.n_spells, 1);
    cr_assert_eq(tombstone(sc, "B", 0), END_MERGED);
    SEND(sc, .id = "B", .onset = "2026-09-07", .code = "S10");
    cr_assert_eq(tombstone(sc, "B", 0), END_SUPERSEDED);
    SEND(sc, .id = "B", .onset = "2026-09-07", .code = "S13");
    cr_assert_eq(tombstone(sc, "B", 0), END_PATHWAY_NO_LONGER_MATCHES);
    SEND(sc, .id = "B", .onset = "2026-09-07", .code = "S99");
    cr_assert_eq(tombstone(sc, "B", 0), END_PATHWAY_NO_LONGER_MATCHES, "watched is of no pathway");
    SEND(sc, .id = "B", .onset = "2026-09-17", .code = "S12");
    cr_assert_eq(tombstone(sc, "B", 0), END_NOT_YET);
    SEND(sc, .id = "B", .onset = "2026-09-17", .code = "S12", .cancelled = true);
    cr_assert_eq(tombstone(sc, "B", 0), END_ENTERED_IN_ERROR);
    scene_move_away(sc, "B");
    cr_assert_eq(tombstone(sc, "B", 0), END_MOVED);
    cr_assert_eq(tombstone(sc, "A", sc->rules.org->n_pathways), END_SUPERSEDED,
                 "its pathway is no longer in the settings, but it has another");
    scene_close(sc);
}

/* */
Test(derive, why_a_spell_is_no_more_goes_by_what_its_record_matches)
{
    struct scene *sc = scene_open_at("2026-09-20 09:00");
    SEND(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-03", .code = "S12");
    SEND(sc, .id = "B", .onset = "2026-09-17", .code = "S12");
    scene_entry(sc, 1, CONTACT_MADE, OUTCOME_SELF_MANAGEMENT, NULL);
    SEND(sc, .id = "A", .onset = "2026-09-01", .last_day = "2026-09-16", .code = "S12");
    cr_assert_eq(tombstone(sc, "B", 0), END_MERGED);
    SEND(sc, .id = "B", .onset = "2026-09-17", .code = "S10");
    cr_assert_eq(tombstone(sc, "B", 0), END_SUPERSEDED, "though the contact holds it in A's");
    SEND(sc, .id = "B", .onset = "2026-09-17", .code = "S13");
    cr_assert_eq(tombstone(sc, "B", 0), END_MERGED, "it matches nothing, and is still there");
    cr_assert_eq(tombstone(sc, "B", 1), END_PATHWAY_NO_LONGER_MATCHES,
                 "being held in msk is no match of it");
    scene_settings(sc, "\"match\": [\"S10\"]", "\"match\": [\"S10\", \"S12\"]");
    SEND(sc, .id = "B", .onset = "2026-09-17", .code = "S12");
    cr_assert_eq(tombstone(sc, "B", 0), END_MERGED, "of both pathways, it has not left this one");
    scene_close(sc);
}

/* ---- settling ---- */

static void check_settled(const struct scene *sc, size_t i, const char *at)
{
    struct instant settled = period(sc, i)->settled_at;
    if (at == NULL) {
        cr_assert(instant_is_none(settled));
    } else {
        cr_assert_eq(settled.us, scene_time(sc, at).us, "%s", at);
    }
}

/* */
Test(derive, settled_after_the_last_day_and_the_last_change)
{
    struct scene *sc = scene_open_at("2026-01-05 09:00");
    SEND(sc, .onset = "2026-01-05", .code = "S12");
    check_settled(sc, 0, NULL);
    scene_at(sc, "2026-01-12 09:00");
    SEND(sc, .onset = "2026-01-05", .last_day = "2026-01-15", .code = "S12");
    check_settled(sc, 0, NULL);
    scene_at(sc, "2026-01-20 09:00");
    check_settled(sc, 0, "2026-05-15 00:00");
    struct contact_fact *c =
        scene_entry(sc, 0, CONTACT_MADE, OUTCOME_NO_ACTION, "2026-01-14 09:00");
    check_settled(sc, 0, "2026-05-20 00:00");
    c->retracted = true;
    c->entered_at = scene_time(sc, "2026-01-22 09:00");
    scene_look(sc);
    check_settled(sc, 0, "2026-05-22 00:00");
    scene_at(sc, "2026-02-01 09:00");
    SEND(sc, .onset = "2026-01-05", .last_day = "2026-01-15", .code = "S12");
    check_settled(sc, 0, "2026-05-22 00:00"); /* said again: no change */
    SEND(sc, .onset = "2026-01-05", .last_day = "2026-01-16", .code = "S12");
    check_settled(sc, 0, "2026-06-01 00:00");
    scene_close(sc);
}

/* */
Test(derive, a_fact_about_the_person_unsettles_what_it_concerns)
{
    struct scene *sc = scene_open_at("2026-01-20 09:00");
    SEND(sc, .onset = "2026-01-05", .last_day = "2026-01-15", .code = "S12");
    scene_at(sc, "2026-09-20 09:00");
    scene_person(sc, PERSON_OPTED_OUT, "2026-09-20");
    check_settled(sc, 0, "2026-05-20 00:00"); /* long over */
    scene_person(sc, PERSON_LEFT, "2026-01-10");
    check_settled(sc, 0, "2027-01-18 00:00");
    scene_close(sc);
}

/* */
Test(derive, who_died_settles_without_an_end_on_record)
{
    struct scene *sc = scene_open_at("2026-01-20 09:00");
    SEND(sc, .onset = "2026-01-05", .code = "S12");
    scene_person(sc, PERSON_DIED, "2026-01-18");
    cr_assert(date_is_none(period(sc, 0)->last_day));
    check_settled(sc, 0, "2026-05-20 00:00");
    scene_close(sc);
}

/* ---- order, size ---- */

static void check_same(struct scene *a, struct scene *b)
{
    char *spells = arena_strdup(a->a, scene_spells(a));
    cr_assert_str_eq(spells, scene_spells(b));
    char *standing = arena_strdup(a->a, scene_standing(a));
    cr_assert_str_eq(standing, scene_standing(b));
    for (size_t i = 0; i < a->cw.n_spells; i++) {
        cr_assert_str_eq(a->cw.spells[i].id, b->cw.spells[i].id);
    }
}

/* */
Test(derive, the_order_of_facts_does_not_matter)
{
    struct scene *a = scene_open_at("2026-12-01 09:00"), *b = scene_open_at("2026-12-01 09:00");
    static const char *const codes[] = {"S12", "S10", "S13", "S99", "S11"};
    const int n = 200;
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < 2; k++) {
            struct scene *sc = k == 0 ? a : b;
            int j = k == 0 ? i : (i * 77 + 13) % n; /* 77 and 200 have no common factor */
            char onset[DATE_TEXT], last[DATE_TEXT];
            struct date from = date_add(scene_date("2020-01-01"), j * 12);
            date_format(from, onset);
            date_format(date_add(from, j % 17), last);
            SEND(sc, .id = arena_printf(sc->a, "R%d", j), .onset = onset, .last_day = last,
                 .code = codes[j % 5]);
        }
    }
    cr_assert_gt(a->cw.n_spells, 50);
    check_same(a, b);
    for (size_t i = 0; i < a->facts.n_records / 2; i++) {
        struct record swap = a->records[i];
        a->records[i] = a->records[a->facts.n_records - 1 - i];
        a->records[a->facts.n_records - 1 - i] = swap;
    }
    scene_look(a);
    check_same(a, b);
    scene_close(a);
    scene_close(b);
}

/* */
Test(derive, thousands_of_records_of_one_person)
{
    struct scene *sc = scene_open_at("2026-12-01 09:00");
    enum { N = 4000 };
    struct record *many = arena_array(sc->a, N, sizeof *many);
    SEND(sc, .onset = "2026-09-07", .last_day = "2026-09-07", .code = "S12");
    for (int i = 0; i < N; i++) {
        many[i] = sc->records[0];
        many[i].absence_id = arena_printf(sc->a, "R%d", (i * 7) % N);
        many[i].onset = date_add(scene_date("1990-01-01"), (i * 7919) % N * 3);
        many[i].last_day = date_add(many[i].onset, i % 2);
    }
    sc->facts.records = many;
    sc->facts.n_records = N;
    derive(&sc->facts, &sc->rules, sc->now, sc->a, &sc->cw);
    cr_assert_eq(sc->cw.n_periods, N);
    for (size_t i = 1; i < sc->cw.n_periods; i++) {
        cr_assert_lt(sc->cw.periods[i - 1].onset.days, sc->cw.periods[i].onset.days);
    }
    for (int i = 0; i < N; i++) { /* and all in one absence */
        many[i].last_day = date_add(many[i].onset, 3);
    }
    derive(&sc->facts, &sc->rules, sc->now, sc->a, &sc->cw);
    cr_assert_eq(sc->cw.n_periods, 1);
    cr_assert_eq(sc->cw.n_spells, 1);
    cr_assert_eq(sc->cw.spells[0].n_records, N);
    scene_close(sc);
}

/* */
Test(derive, nobody_and_nothing)
{
    struct scene *sc = scene_open_at("2026-12-01 09:00");
    scene_person(sc, PERSON_DIED, "2026-11-01");
    scene_person(sc, PERSON_LEFT, "2026-12-24");
    cr_assert_eq(sc->cw.n_periods, 0);
    cr_assert_eq(sc->cw.n_timeline, 0);
    cr_assert(instant_is_none(sc->cw.wake_at));
    scene_close(sc);
}
