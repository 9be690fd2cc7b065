/* A message is applied to the facts: what changes, and what can never change. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(apply, .fini = leakcheck);

/* R-1 R-4 */
Test(apply, the_newest_version_wins)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    cr_assert_eq(
        SEND(sc, .version = 3, .onset = "2026-09-07", .expected = "2026-09-21", .code = "S12"),
        APPLIED_CHANGED);
    const struct record *rec = &sc->records[0];
    struct instant first = sc->now;
    scene_at(sc, "2026-09-08 09:00");
    cr_assert_eq(SEND(sc, .version = 4, .onset = "2026-09-06", .code = "S10"), APPLIED_CHANGED);
    cr_assert_date(rec->onset, "2026-09-06");
    cr_assert(date_is_none(rec->expected_return), "a message carries the whole record");
    cr_assert_str_eq(rec->code, "S10");
    cr_assert_eq(rec->version, 4);
    cr_assert_eq(rec->first_notice.us, first.us);
    cr_assert_eq(rec->changed_at.us, sc->now.us);
    cr_assert_eq(SEND(sc, .version = 3, .onset = "2026-09-01", .code = "S12"), APPLIED_NOTHING);
    cr_assert_eq(SEND(sc, .version = 4, .onset = "2026-09-01", .code = "S10"), APPLIED_NOTHING);
    cr_assert_date(rec->onset, "2026-09-06");
    scene_close(sc);
}

/* */
Test(apply, the_lowest_version_is_remembered_whenever_it_comes)
{
    struct scene *sc = scene_open_at("2026-09-09 09:00");
    SEND(sc, .version = 3, .onset = "2026-09-05", .code = "S12");
    cr_assert_not(scene_spell(sc, 0)->backdated);
    cr_assert_eq(SEND(sc, .version = 2, .onset = "2026-09-07", .code = "S13"), APPLIED_CHANGED);
    cr_assert(scene_spell(sc, 0)->backdated);
    cr_assert_str_eq(sc->records[0].code, "S12", "nothing else of it counts");
    cr_assert_eq(SEND(sc, .version = 1, .onset = "2026-09-04", .code = "S13"), APPLIED_CHANGED);
    cr_assert_not(scene_spell(sc, 0)->backdated);
    cr_assert_eq(SEND(sc, .version = 2, .onset = "2026-09-07", .code = "S13"), APPLIED_NOTHING);
    scene_close(sc);
}

/* */
Test(apply, at_one_version_cancelled_wins_in_both_orders)
{
    struct scene *sc = scene_open_at("2026-09-09 09:00");
    SEND(sc, .version = 1, .onset = "2026-09-05", .code = "S12");
    cr_assert_eq(SEND(sc, .version = 1, .onset = "2026-09-06", .cancelled = true), APPLIED_CHANGED);
    SEND(sc, .id = "B", .version = 1, .onset = "2026-09-06", .cancelled = true);
    cr_assert_eq(SEND(sc, .id = "B", .version = 1, .onset = "2026-09-05", .code = "S12"),
                 APPLIED_NOTHING);
    for (int i = 0; i < 2; i++) {
        const struct record *rec = &sc->records[i];
        cr_assert(rec->cancelled);
        cr_assert_date(rec->onset, "2026-09-06");
        cr_assert_date(rec->first_onset, "2026-09-06");
    }
    cr_assert_eq(SEND(sc, .version = 1, .onset = "2026-09-06", .cancelled = true), APPLIED_NOTHING);
    scene_close(sc);
}

/* */
Test(apply, a_record_that_is_no_sickness_absence_any_more_is_cancelled_as_it_stands)
{
    struct scene *sc = scene_open_at("2026-09-09 09:00");
    SEND(sc, .version = 2, .onset = "2026-09-07", .expected = "2026-09-21", .code = "S12");
    struct record *rec = &sc->records[0];
    struct inbound in = {.verdict = VERDICT_NOT_SICKNESS,
                         .source = rec->source,
                         .organisation = "T1",
                         .absence = {.absence_id = rec->absence_id, .version = 3}};
    apply_as_cancelled(rec, "P", &in);
    cr_assert_eq(in.verdict, VERDICT_ABSENCE);
    cr_assert(in.absence.cancelled && in.absence.version == 3);
    cr_assert_str_eq(in.absence.person_id, "P");
    cr_assert_date(in.absence.onset, "2026-09-07");
    cr_assert_date(in.absence.expected_return, "2026-09-21");
    scene_close(sc);
}

/* */
Test(apply, what_is_kept_of_a_reason)
{
    const struct {
        const char *code, *kept_code;
        enum reason_scheme scheme;
        enum reason_kept kept;
        bool details;
    } rows[] = {
        {"s12 Other musculoskeletal problems", "S12", SCHEME_ESR, REASON_KEPT, true},
        {"M54.5 Low back pain", "M545", SCHEME_ICD10, REASON_KEPT, true},
        {"STRESS", "stress", SCHEME_TEXT, REASON_KEPT, true},
        {"S99 Unknown", "S99", SCHEME_ESR, REASON_KEPT, true},
        {NULL, NULL, SCHEME_NONE, REASON_NOT_GIVEN, true},
        {"S13", NULL, SCHEME_ESR, REASON_NO_MATCH, false},
        {"nonsense", NULL, SCHEME_ESR, REASON_NO_MATCH, false},
        {"S17", NULL, SCHEME_ESR, REASON_NEVER, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene *sc = scene_open_at("2026-09-09 09:00");
        SEND(sc, .onset = "2026-09-07", .scheme = rows[i].scheme, .code = rows[i].code,
             .phone = "07700 900001");
        const struct record *rec = &sc->records[0];
        cr_assert_eq(rec->reason, rows[i].kept, "%s", rows[i].code);
        cr_assert_eq(rec->has_contact, rows[i].details, "%s", rows[i].code);
        cr_assert_eq(rec->contact.phone != NULL, rows[i].details, "%s", rows[i].code);
        if (rows[i].kept_code == NULL) {
            cr_assert_null(rec->code);
            cr_assert_eq(rec->scheme, SCHEME_NONE);
        } else {
            cr_assert_str_eq(rec->code, rows[i].kept_code);
            cr_assert_eq(rec->scheme, rows[i].scheme);
        }
        scene_close(sc);
    }
}

/* */
Test(apply, a_cancelled_record_keeps_neither_reason_nor_details)
{
    struct scene *sc = scene_open_at("2026-09-09 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12", .phone = "07700 900001");
    SEND(sc, .onset = "2026-09-07", .code = "S12", .phone = "07700 900001", .cancelled = true);
    cr_assert_null(sc->records[0].code);
    cr_assert_not(sc->records[0].has_contact);
    scene_close(sc);
}

/* */
Test(apply, sent_again_under_new_settings_a_reason_is_matched_anew)
{
    struct scene *sc = scene_open_at("2026-09-09 09:00");
    SEND(sc, .version = 1, .onset = "2026-09-07", .code = "S28", .phone = "07700 900001");
    cr_assert_eq(SEND(sc, .version = 1, .onset = "2026-09-07", .code = "S28"), APPLIED_NOTHING);
    scene_settings(sc, "[\"S11\", \"S12\"]", "[\"S11\", \"S12\", \"S28\"]");
    cr_assert_eq(sc->cw.n_spells, 0, "its code was not kept");
    cr_assert_eq(
        SEND(sc, .version = 1, .onset = "2026-09-06", .code = "S28", .phone = "07700 900001"),
        APPLIED_CHANGED);
    cr_assert_str_eq(scene_spells(sc), "msk 2026-09-07.. due 2026-09-11 open\n");
    cr_assert_str_eq(sc->records[0].contact.phone, "07700 900001");
    cr_assert_eq(
        SEND(sc, .version = 1, .onset = "2026-09-07", .code = "S28", .phone = "07700 900001"),
        APPLIED_NOTHING);
    scene_at(sc, "2026-09-10 09:00");
    scene_settings(sc, "\"link_days\": 56", "\"link_days\": 55");
    cr_assert_eq(SEND(sc, .version = 1, .onset = "2026-09-07", .code = "S28"), APPLIED_NOTED,
                 "it comes to the same as before");
    cr_assert_eq(SEND(sc, .version = 1, .onset = "2026-09-07", .code = "S28"), APPLIED_NOTHING);
    cr_assert_lt(sc->records[0].changed_at.us, sc->now.us);
    scene_settings(sc, "[\"S11\", \"S12\", \"S28\"]", "[\"S11\", \"S12\"]");
    cr_assert_eq(sc->cw.n_spells, 0, "a kept code is matched by the rules of today");
    cr_assert_str_eq(sc->records[0].code, "S28");
    scene_settings(sc, "[\"S11\", \"S12\"]", "[\"S11\", \"S12\", \"S28\"]");
    cr_assert_eq(sc->cw.n_spells, 1, "and was kept meanwhile");
    scene_close(sc);
}

/* */
Test(apply, a_version_that_says_the_same_changes_no_fact)
{
    struct scene *sc = scene_open_at("2026-09-09 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12", .phone = "07700 900001");
    struct instant then = sc->now;
    scene_at(sc, "2026-09-10 09:00");
    cr_assert_eq(SEND(sc, .onset = "2026-09-07", .code = "S12", .phone = "07700 900001"),
                 APPLIED_CHANGED);
    cr_assert_eq(sc->records[0].version, 2);
    cr_assert_eq(sc->records[0].changed_at.us, then.us);
    SEND(sc, .onset = "2026-09-07", .code = "S12", .phone = "07700 900002");
    cr_assert_eq(sc->records[0].changed_at.us, then.us,
                 "how to reach somebody is no fact of theirs");
    SEND(sc, .onset = "2026-09-07", .code = "S12", .fit_to = "2026-09-20");
    cr_assert_eq(sc->records[0].changed_at.us, sc->now.us);
    scene_close(sc);
}

/* */
Test(apply, each_fact_alone_is_a_change)
{
    const struct scene_absence same = {.assignment = "1",
                                       .onset = "2026-09-07",
                                       .last_day = "2026-09-20",
                                       .expected = "2026-09-21",
                                       .fit_from = "2026-09-08",
                                       .fit_to = "2026-09-20",
                                       .phased = "2026-09-21",
                                       .scheme = SCHEME_ICD10,
                                       .code = "M54"};
    struct scene_absence rows[12];
    size_t n = 0;
#define ROW(member, value)                                                                         \
    do {                                                                                           \
        rows[n] = same;                                                                            \
        rows[n++].member = (value);                                                                \
    } while (0)
    ROW(assignment, NULL);
    ROW(assignment, "2");
    ROW(onset, "2026-09-08");
    ROW(last_day, NULL);
    ROW(open_ended, true);
    ROW(expected, "2026-09-22");
    ROW(fit_from, "2026-09-07");
    ROW(fit_to, NULL);
    ROW(phased, "2026-09-22");
    ROW(cancelled, true);
    ROW(code, "M54.6");
    ROW(scheme, SCHEME_ESR);
    for (size_t i = 0; i < n; i++) {
        struct scene *sc = scene_open_at("2026-09-09 09:00");
        scene_settings(sc, "[\"S11\", \"S12\"]", "[\"S11\", \"M54\"]"); /* in both schemes */
        scene_send(sc, same);
        struct instant then = sc->now;
        scene_at(sc, "2026-09-10 09:00");
        scene_send(sc, same);
        cr_assert_eq(sc->records[0].changed_at.us, then.us);
        scene_send(sc, rows[i]);
        cr_assert_eq(sc->records[0].changed_at.us, sc->now.us, "row %zu", i);
        scene_close(sc);
    }
    struct scene *sc = scene_open_at("2026-09-09 09:00");
    scene_send(sc, same);
    sc->records[0].fte = "0.5";
    scene_at(sc, "2026-09-10 09:00");
    scene_send(sc, same);
    cr_assert_eq(sc->records[0].changed_at.us, sc->now.us, "the share of full time");
    scene_close(sc);
}

/* */
Test(apply, an_older_version_changes_a_fact_only_by_its_onset)
{
    struct scene *sc = scene_open_at("2026-09-09 09:00");
    SEND(sc, .version = 5, .onset = "2026-09-07", .code = "S12");
    struct instant then = sc->now;
    scene_at(sc, "2026-09-10 09:00");
    cr_assert_eq(SEND(sc, .version = 3, .onset = "2026-09-07", .code = "S13"), APPLIED_CHANGED);
    cr_assert_eq(sc->records[0].first_version, 3);
    cr_assert_eq(sc->records[0].changed_at.us, then.us);
    SEND(sc, .version = 2, .onset = "2026-09-08", .code = "S13");
    cr_assert_eq(sc->records[0].changed_at.us, sc->now.us);
    scene_close(sc);
}

static enum applied person(struct scene *sc, enum person_fact what, const char *on, int time,
                           const char *id)
{
    const struct inbound in = {.verdict = VERDICT_PERSON,
                               .id = id,
                               .person = {.person_id = "P-77",
                                          .what = what,
                                          .on = scene_date(on),
                                          .time = {time * US_PER_SECOND}}};
    return apply_person(&sc->facts, &in, sc->now);
}

/* */
Test(apply, of_facts_about_a_person_the_latest_counts)
{
    struct scene *sc = scene_open_at("2026-09-09 09:00");
    cr_assert_eq(person(sc, PERSON_LEFT, "2026-09-30", 5, "b"), APPLIED_CHANGED);
    cr_assert_eq(person(sc, PERSON_LEFT, "2026-09-29", 4, "c"), APPLIED_NOTHING);
    cr_assert_eq(person(sc, PERSON_LEFT, "2026-09-28", 5, "a"), APPLIED_NOTHING);
    cr_assert_eq(person(sc, PERSON_LEFT, "2026-09-30", 5, "b"), APPLIED_NOTHING);
    cr_assert_date(sc->facts.left.on, "2026-09-30");
    cr_assert_eq(person(sc, PERSON_LEFT, NULL, 5, "c"), APPLIED_CHANGED);
    cr_assert(date_is_none(sc->facts.left.on));
    cr_assert_eq(person(sc, PERSON_LEFT, "2026-09-30", 5, "b"), APPLIED_NOTHING, "taken back");
    cr_assert_eq(person(sc, PERSON_DIED, "2026-09-20", 1, "a"), APPLIED_CHANGED);
    cr_assert_date(sc->facts.died.on, "2026-09-20");
    cr_assert_eq(person(sc, PERSON_OPTED_IN, "2026-09-20", 9, "a"), APPLIED_CHANGED);
    cr_assert_eq(person(sc, PERSON_OPTED_OUT, "2026-09-20", 8, "b"), APPLIED_NOTHING);
    cr_assert_not(sc->facts.opted_out);
    cr_assert_eq(person(sc, PERSON_OPTED_OUT, "2026-09-21", 10, "b"), APPLIED_CHANGED);
    cr_assert(sc->facts.opted_out);
    scene_close(sc);
}

/* */
Test(apply, a_person_fact_said_again_is_no_change)
{
    struct scene *sc = scene_open_at("2026-09-09 09:00");
    person(sc, PERSON_LEFT, "2026-09-30", 5, "a");
    cr_assert_eq(sc->facts.changed_at.us, sc->now.us);
    sc->facts.changed_at = (struct instant){0};
    cr_assert_eq(person(sc, PERSON_LEFT, "2026-09-30", 6, "b"), APPLIED_CHANGED);
    cr_assert_eq(sc->facts.changed_at.us, 0);
    person(sc, PERSON_LEFT, "2026-09-29", 7, "c");
    cr_assert_eq(sc->facts.changed_at.us, sc->now.us);
    sc->facts.changed_at = (struct instant){0};
    cr_assert_eq(person(sc, PERSON_DIED, NULL, 7, "d"), APPLIED_CHANGED);
    person(sc, PERSON_OPTED_IN, "2026-09-01", 7, "e");
    cr_assert_eq(sc->facts.changed_at.us, 0, "nobody had said otherwise");
    person(sc, PERSON_OPTED_OUT, "2026-09-01", 8, "f");
    cr_assert_eq(sc->facts.changed_at.us, sc->now.us);
    scene_close(sc);
}

/* Only matched and watched records keep the facts of a call. */
/* */
Test(apply, facts_of_a_call_are_kept_of_matched_and_watched_records)
{
    static const struct {
        const char *code;
        bool kept;
    } rows[] = {{"S12", true}, {"S99", true}, {NULL, true}, {"S13", false}, {"S17", false}};
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct inbound in = {.verdict = VERDICT_ABSENCE,
                             .source = "/hr",
                             .absence = {.absence_id = "A-1",
                                         .version = 1,
                                         .onset = scene_date("2026-09-07"),
                                         .last_day = DATE_NONE,
                                         .expected_return = DATE_NONE,
                                         .fit_note_from = DATE_NONE,
                                         .fit_note_to = DATE_NONE,
                                         .phased_return_from = DATE_NONE,
                                         .scheme = rows[i].code == NULL ? SCHEME_NONE : SCHEME_ESR,
                                         .code = rows[i].code,
                                         .has_contact = true,
                                         .contact = {.way = WAY_LETTER,
                                                     .job = "Staff nurse",
                                                     .date_of_birth = scene_date("1984-03-04")},
                                         .site = "Site 3",
                                         .staff_group = "Nursing",
                                         .recorded_at = sc->now}};
        struct record *rec = NULL;
        cr_assert_eq(apply_absence(NULL, &in, sc->rules.org, 1, sc->now, sc->a, &rec),
                     APPLIED_CHANGED);
        cr_assert_eq(rec->has_contact, rows[i].kept, "%zu", i);
        cr_assert_eq(rec->site != NULL, rows[i].kept);
        cr_assert_eq(rec->staff_group != NULL, rows[i].kept);
        cr_assert_eq(rec->contact.job != NULL, rows[i].kept);
        cr_assert_eq(!date_is_none(rec->contact.date_of_birth), rows[i].kept);
        cr_assert_eq(!instant_is_none(rec->recorded_at), rows[i].kept);
        in.absence.version = 2;
        in.absence.cancelled = true;
        cr_assert_eq(apply_absence(rec, &in, sc->rules.org, 1, sc->now, sc->a, &rec),
                     APPLIED_CHANGED);
        cr_assert(!rec->has_contact && rec->site == NULL && rec->staff_group == NULL &&
                  instant_is_none(rec->recorded_at) && date_is_none(rec->contact.date_of_birth));
    }
    scene_close(sc);
}

/* Since when a reason is there counts from the version that gave one after none had been. */
/* */
Test(apply, since_when_a_reason_is_given)
{
    struct scene *sc = scene_open_at("2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07");
    cr_assert(sc->records[0].reason_missing);
    cr_assert(instant_is_none(sc->records[0].reason_given_at));
    scene_at(sc, "2026-09-09 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S13");
    struct instant given = sc->now;
    cr_assert_not(sc->records[0].reason_missing);
    cr_assert_eq(sc->records[0].reason_given_at.us, given.us);
    scene_at(sc, "2026-09-10 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S12");
    cr_assert_eq(sc->records[0].reason_given_at.us, given.us, "it was given before");
    SEND(sc, .onset = "2026-09-07", .code = "S99");
    cr_assert(sc->records[0].reason_missing);
    cr_assert(instant_is_none(sc->records[0].reason_given_at));
    SEND(sc, .onset = "2026-09-07", .cancelled = true);
    cr_assert_not(sc->records[0].reason_missing);
    scene_close(sc);
}
