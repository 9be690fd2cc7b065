#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/casefile/caseload.h"
#include "common/casefile/changeset.h"
#include "tests/unit/leakcheck.h"

/* The people of a batch without a database: what is loaded is put in by hand. */

static struct caseload cl;
static struct ruleset rs;

static void set_up(void)
{
    static const uint8_t key[INSTALL_KEY_BYTES] = {1};
    struct err err = {0};
    static char settings[65536];
    FILE *f = fopen(SOURCE_DIR "/deploy/settings/pathways.json", "r");
    cr_assert_not_null(f);
    size_t len = fread(settings, 1, sizeof settings, f);
    (void)fclose(f);
    cr_assert_eq(settings_parse(&rs.settings, settings, len, &err), STATUS_OK, "%s", err.text);
    rs.serial = 1;
    rs.settings_serial = 1;
    rs.calendar = calendar_new();
    rs.install_key = hmac_key_new(key, sizeof key);
    caseload_init(&cl);
}

static void tear_down(void)
{
    caseload_clear(&cl);
    settings_free(rs.settings);
    calendar_free(rs.calendar);
    hmac_key_free(rs.install_key);
    leakcheck();
}

TestSuite(caseload, .init = set_up, .fini = tear_down, .timeout = 20);

static const struct instant now = {INT64_C(1788778800) * US_PER_SECOND}; /* 2026-09-07 */

static struct inbound absence(const char *person_id, const char *absence_id, int64_t version)
{
    struct date onset;
    cr_assert(date_from_ymd(2026, 9, 7, &onset));
    return (struct inbound){.verdict = VERDICT_ABSENCE,
                            .source = "/hr/T1",
                            .id = "e1",
                            .organisation = "T1",
                            .absence = {.absence_id = absence_id,
                                        .version = version,
                                        .person_id = person_id,
                                        .onset = onset,
                                        .last_day = DATE_NONE,
                                        .expected_return = DATE_NONE,
                                        .scheme = SCHEME_ESR,
                                        .code = "S12",
                                        .fit_note_from = DATE_NONE,
                                        .fit_note_to = DATE_NONE,
                                        .phased_return_from = DATE_NONE,
                                        .has_contact = true,
                                        .contact = {.phone = "07700 900001"}}};
}

static bool apply(const char *person_id, const char *absence_id, int64_t version)
{
    struct inbound ev = absence(person_id, absence_id, version);
    return caseload_apply(&cl, &ev, &rs, now);
}

/* As if it had been loaded. */
static struct record *stored(const char *person_id, const char *absence_id, int64_t version)
{
    struct case_person *p = caseload_find(&cl, "T1", person_id);
    struct inbound ev = absence(person_id, absence_id, version);
    cr_assert(caseload_apply(&cl, &ev, &rs, now));
    struct record *rec = &p->facts.records[p->facts.n_records - 1];
    p->state[p->facts.n_records - 1] = (struct record_state){.stored = true, .has_details = true};
    p->changed = false;
    return rec;
}

Test(caseload, thousands_of_people_are_found_again_after_sorting)
{
    char ids[3000][8];
    for (size_t i = 0; i < 3000; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "P%zu", (i * 7919) % 3000);
        (void)caseload_person(&cl, "T1", ids[i]);
        cr_assert_eq(caseload_person(&cl, "T1", ids[i]), caseload_find(&cl, "T1", ids[i]));
    }
    cr_assert_eq(cl.n_persons, 3000);
    caseload_sort(&cl);
    for (size_t i = 0; i < 3000; i++) {
        cr_assert_str_eq(caseload_find(&cl, "T1", ids[i])->person_id, ids[i]);
        if (i > 0) {
            cr_assert_lt(strcmp(cl.persons[i - 1].person_id, cl.persons[i].person_id), 0);
        }
    }
    cr_assert_null(caseload_find(&cl, "T2", "P1"), "people are never merged across organisations");
}

Test(caseload, a_repeat_changes_nothing)
{
    (void)caseload_person(&cl, "T1", "P1");
    cr_assert(apply("P1", "A1", 1));
    cr_assert_not(apply("P1", "A1", 1));
    cr_assert(apply("P1", "A1", 2));
    cr_assert_not(apply("P1", "A1", 1));
    cr_assert_eq(caseload_find(&cl, "T1", "P1")->facts.n_records, 1);
}

Test(caseload, a_record_moves_with_a_higher_version_and_leaves_its_row_behind)
{
    (void)caseload_person(&cl, "T1", "P1");
    (void)caseload_person(&cl, "T1", "P2");
    struct case_person *p1 = caseload_find(&cl, "T1", "P1");
    (void)stored("P1", "A1", 1);
    (void)stored("P1", "A2", 1);
    (void)stored("P1", "A3", 1);
    cr_assert(apply("P2", "A1", 2));
    struct case_person *p2 = caseload_find(&cl, "T1", "P2");
    cr_assert_eq(p1->facts.n_records, 2);
    cr_assert_eq(p2->facts.n_records, 1);
    cr_assert(p1->changed && p2->changed, "both are derived");
    cr_assert_eq(cl.n_moved, 1);
    cr_assert_str_eq(cl.moved[0].person_id, "P1");
    cr_assert_str_eq(cl.moved[0].absence_id, "A1");
    cr_assert_not(p2->state[0].stored);
    cr_assert(p2->state[0].dirty && p2->state[0].details_dirty);
    /* The row that stayed behind is still found under its own id. */
    cr_assert(apply("P1", "A3", 2));
    cr_assert(apply("P1", "A2", 2));
    cr_assert_eq(p1->facts.n_records, 2);
}

Test(caseload, an_older_word_about_a_moved_record_does_not_bring_it_back)
{
    (void)caseload_person(&cl, "T1", "P1");
    (void)caseload_person(&cl, "T1", "P2");
    cr_assert(apply("P2", "A1", 5));
    (void)apply("P1", "A1", 3);
    cr_assert_eq(caseload_find(&cl, "T1", "P1")->facts.n_records, 0);
    const struct case_person *p2 = caseload_find(&cl, "T1", "P2");
    cr_assert_eq(p2->facts.n_records, 1);
    cr_assert_eq(p2->facts.records[0].version, 5);
    cr_assert_eq(p2->facts.records[0].first_version, 3, "but it was the lowest version received");
    (void)apply("P1", "A1", 5);
    cr_assert_eq(caseload_find(&cl, "T1", "P1")->facts.n_records, 0, "nor does an equal one");
    cr_assert_eq(cl.n_moved, 0);
}

Test(caseload, a_word_under_another_name_is_judged_by_the_rules_of_who_has_the_record)
{
    (void)caseload_person(&cl, "T1", "P1");
    (void)caseload_person(&cl, "T1", "P2");
    (void)stored("P2", "A1", 5);
    caseload_find(&cl, "T1", "P2")->rules = (struct rules){0}; /* as loaded */
    rs.settings_serial++;
    struct inbound ev = absence("P1", "A1", 5);
    ev.absence.code = "S10";
    cr_assert(caseload_apply(&cl, &ev, &rs, now), "sent again under new settings");
    caseload_find(&cl, "T1", "P2")->rules = (struct rules){0};
    ev.absence.version = 3;
    ev.absence.onset.days++;
    cr_assert(caseload_apply(&cl, &ev, &rs, now), "an older version with another onset");
}

Test(caseload, an_older_version_brings_no_contact_details)
{
    (void)caseload_person(&cl, "T1", "P1");
    struct record *rec = stored("P1", "A1", 4);
    rec->contact = (struct contact_details){0}; /* loading does not read them */
    struct case_person *p = caseload_find(&cl, "T1", "P1");
    cr_assert(apply("P1", "A1", 2));
    cr_assert(p->state[0].dirty);
    cr_assert_not(p->state[0].details_dirty,
                  "the stored details would be written over with nothing");
}

Test(caseload, a_repeat_under_newer_settings_leaves_the_contact_details)
{
    (void)caseload_person(&cl, "T1", "P1");
    struct record *rec = stored("P1", "A1", 4);
    rec->contact = CONTACT_DETAILS_NONE; /* loading does not read them */
    rs.settings_serial++;
    struct case_person *p = caseload_find(&cl, "T1", "P1");
    cr_assert_not(apply("P1", "A1", 4), "no fact changed");
    cr_assert(p->state[0].dirty, "the settings it was judged under are noted");
    cr_assert_not(p->state[0].details_dirty,
                  "the stored details would be written over with nothing");
}

Test(caseload, only_who_changed_is_derived)
{
    (void)caseload_person(&cl, "T1", "P1");
    (void)caseload_person(&cl, "T1", "P2");
    (void)stored("P2", "A2", 1);
    cr_assert(apply("P1", "A1", 1));
    caseload_derive(&cl, &rs, now, false);
    cr_assert(caseload_find(&cl, "T1", "P1")->derived);
    cr_assert_not(caseload_find(&cl, "T1", "P2")->derived);
    cr_assert_eq(caseload_find(&cl, "T1", "P1")->cw.n_spells, 1);
    cr_assert_eq(caseload_find(&cl, "T1", "P1")->oh_wake_at.us, now.us,
                 "something stands: followup is to see it");
    cr_assert_gt(caseload_find(&cl, "T1", "P1")->wake_at.us, now.us,
                 "nothing that HR is told of: that queue does not know of it");
}

Test(caseload, who_waits_to_be_looked_at_keeps_the_place_in_the_queue)
{
    struct case_person *p = caseload_person(&cl, "T1", "P1");
    p->prompted = 1;
    p->emitted = 2;
    p->stored_wake = instant_add_us(now, -5 * US_PER_SECOND);
    p->stored_oh_wake = instant_add_us(now, 5 * US_PER_SECOND);
    cr_assert(apply("P1", "A1", 1));
    caseload_derive(&cl, &rs, now, false);
    p = caseload_find(&cl, "T1", "P1");
    cr_assert_eq(p->wake_at.us, now.us - 5 * US_PER_SECOND, "since then");
    cr_assert_eq(p->oh_wake_at.us, now.us, "that place was a later one");
}

/* The record that HR was notified about moved to another person, and followup has not withdrawn the
 * event yet. */
Test(caseload, who_waits_for_a_withdrawal_still_waits_when_no_record_is_left)
{
    struct case_person *p = caseload_person(&cl, "T1", "P1");
    p->prompted = 1;
    p->emitted = 1;
    p->stored_wake = instant_add_us(now, -5 * US_PER_SECOND);
    caseload_derive(&cl, &rs, now, true);
    cr_assert_eq(caseload_find(&cl, "T1", "P1")->wake_at.us, now.us - 5 * US_PER_SECOND);
}

Test(caseload, a_reset_leaves_nobody)
{
    (void)caseload_person(&cl, "T1", "P1");
    cr_assert(apply("P1", "A1", 1));
    caseload_reset(&cl);
    cr_assert_eq(cl.n_persons, 0);
    cr_assert_null(caseload_find(&cl, "T1", "P1"));
    (void)caseload_person(&cl, "T1", "P1");
    cr_assert(apply("P1", "A1", 1), "its records are forgotten too");
}

/* ---- settled periods ---- */

static struct instant days_on(int days)
{
    return instant_add_us(now, days * US_PER_DAY);
}

static bool apply_at(const char *absence_id, int64_t version, const char *onset,
                     const char *last_day, struct instant at)
{
    struct inbound ev = absence("P1", absence_id, version);
    cr_assert(date_parse(onset, strlen(onset), &ev.absence.onset));
    if (last_day != NULL) {
        cr_assert(date_parse(last_day, strlen(last_day), &ev.absence.last_day));
    }
    return caseload_apply(&cl, &ev, &rs, at);
}

/* As the table has it after a derivation; the fingerprint is that of nothing. */
static void store_spell(struct case_person *p)
{
    const struct spell *sp = &p->cw.spells[0];
    p->spells = arena_array(cl.arena, 2, sizeof *p->spells);
    p->spells[0] = (struct stored_spell){
        .spell_id = arena_strdup(cl.arena, sp->id),
        .pathway = p->rules.org->pathways[sp->pathway].name,
        .anchor = {.source = sp->anchor->source, .absence_id = sp->anchor->absence_id},
        .due_date = sp->due_date,
        .settled_at = sp->period->settled_at};
    p->n_spells = 1;
}

static size_t spells_to_write(struct instant at)
{
    struct changeset changes;
    caseload_derive(&cl, &rs, at, true);
    changeset_make(&changes, &cl, at, "time");
    return changes.n_spells;
}

static enum end_reason tombstone_reason(void)
{
    struct changeset changes;
    caseload_derive(&cl, &rs, now, true);
    changeset_make(&changes, &cl, now, "message");
    return changes.n_tombstones == 0 ? END_NONE : changes.tombstones[0].reason;
}

Test(caseload, a_record_that_moved_and_was_cancelled_there_was_an_error)
{
    (void)caseload_person(&cl, "T1", "P1");
    (void)caseload_person(&cl, "T1", "P2");
    struct case_person *p1 = caseload_find(&cl, "T1", "P1");
    cr_assert(apply("P1", "A1", 1));
    caseload_derive(&cl, &rs, now, true);
    store_spell(p1);
    cr_assert(apply("P2", "A1", 2));
    cr_assert_eq(tombstone_reason(), END_MOVED);
    struct inbound ev = absence("P2", "A1", 3);
    ev.absence.cancelled = true;
    cr_assert(caseload_apply(&cl, &ev, &rs, now));
    cr_assert_eq(tombstone_reason(), END_ENTERED_IN_ERROR);
    struct stored_spell stored = p1->spells[0];
    stored.tombstone = true;
    stored.end_reason = "entered_in_error";
    caseload_reset(&cl);
    p1 = caseload_person(&cl, "T1", "P1");
    p1->spells = &stored;
    p1->n_spells = 1;
    cr_assert_eq(tombstone_reason(), END_NONE, "it stays so while nobody loads that record");
    stored.end_reason = "merged";
    cr_assert_eq(tombstone_reason(), END_MOVED);
}

static bool apply_not_sickness(const char *absence_id, int64_t version)
{
    struct inbound ev = {.verdict = VERDICT_NOT_SICKNESS,
                         .source = "/hr/T1",
                         .id = "e9",
                         .organisation = "T1",
                         .absence = {.absence_id = absence_id, .version = version}};
    return caseload_apply(&cl, &ev, &rs, now);
}

Test(caseload, a_record_that_is_no_sickness_any_more_counts_as_cancelled)
{
    (void)caseload_person(&cl, "T1", "P1");
    (void)caseload_person(&cl, "T1", "P2");
    caseload_sort(&cl);
    cr_assert_not(apply_not_sickness("A1", 5), "nobody has it");
    struct record before = *stored("P1", "A1", 2);
    struct case_person *p1 = caseload_find(&cl, "T1", "P1");
    cr_assert_not(apply_not_sickness("A1", 1));
    cr_assert_not(apply_not_sickness("A1", 2), "an equal version has no effect");
    cr_assert_not(p1->changed);
    cr_assert(apply_not_sickness("A1", 3));
    const struct record *rec = &p1->facts.records[0];
    cr_assert(p1->changed && rec->cancelled && rec->version == 3);
    cr_assert(date_eq(rec->onset, before.onset) && rec->first_version == 2);
    cr_assert_null(rec->code);
    cr_assert_not(rec->has_contact);
    cr_assert(apply_not_sickness("A1", 4), "as a later cancelling would");
    cr_assert(apply("P2", "A1", 5), "reinstated, and another's");
    cr_assert_not(caseload_find(&cl, "T1", "P2")->facts.records[0].cancelled);
    cr_assert(apply_not_sickness("A1", 6));
    cr_assert(caseload_find(&cl, "T1", "P2")->facts.records[0].cancelled);
    cr_assert_eq(p1->facts.n_records, 0);
}

Test(caseload, a_row_written_before_it_settled_is_brought_up_to_that)
{
    struct case_person *p = caseload_person(&cl, "T1", "P1");
    cr_assert(apply_at("A1", 1, "2026-09-07", "2026-09-20", now));
    caseload_derive(&cl, &rs, now, true);
    store_spell(p);
    cr_assert_eq(spells_to_write(days_on(200)), 1, "nobody looked at it while it closed");
    store_spell(p);
    cr_assert_eq(spells_to_write(days_on(200)), 0, "as it settled it stays");
}

Test(caseload, a_settled_period_gets_no_more_rows)
{
    struct case_person *p = caseload_person(&cl, "T1", "P1");
    cr_assert(apply_at("A1", 1, "2026-09-07", "2026-09-08", now));
    cr_assert(apply_at("A3", 1, "2026-09-18", "2026-09-20", now));
    struct inbound between = absence("P1", "A2", 1);
    cr_assert(date_parse("2026-09-20", 10, &between.absence.last_day));
    between.absence.code = "S13";
    cr_assert(caseload_apply(&cl, &between, &rs, now));
    caseload_derive(&cl, &rs, days_on(20), true);
    cr_assert_eq(p->cw.n_spells, 2);
    store_spell(p);
    cr_assert_eq(spells_to_write(days_on(100)), 2, "not settled yet");
    cr_assert_eq(spells_to_write(days_on(200)), 0, "what other rules make of it is history");
    const struct spell *other = &p->cw.spells[1];
    p->spells[1] = p->spells[0];
    p->spells[1].spell_id = arena_strdup(cl.arena, other->id);
    p->spells[1].settled_at = INSTANT_NONE;
    p->spells[1].tombstone = true;
    p->n_spells = 2;
    cr_assert_eq(spells_to_write(days_on(200)), 0, "what was no more then stays so");
    p->n_spells = 0;
    cr_assert_eq(spells_to_write(days_on(200)), 2, "it was never looked at before");
}

Test(caseload, what_is_no_more_of_a_settled_period_stays_until_a_fact_of_it_changes)
{
    struct changeset changes;
    struct case_person *p = caseload_person(&cl, "T1", "P1");
    cr_assert(apply_at("A1", 1, "2026-09-07", "2026-09-20", now));
    caseload_derive(&cl, &rs, days_on(20), true);
    store_spell(p);
    p->spells[0].spell_id = "of other rules";
    caseload_derive(&cl, &rs, days_on(200), true);
    changeset_make(&changes, &cl, days_on(200), "time");
    cr_assert_eq(changes.n_tombstones + changes.n_spells, 0);
    p->facts.died = (struct dated_fact){.on = {p->cw.periods[0].onset.days + 60}, .id = "d"};
    p->facts.changed_at = days_on(200);
    caseload_derive(&cl, &rs, days_on(200), true);
    changeset_make(&changes, &cl, days_on(200), "message");
    cr_assert_eq(changes.n_spells, 1);
    cr_assert_eq(changes.n_tombstones, 1, "one of the two is no more");
}

static struct changeset changeset_at(struct instant at)
{
    struct changeset changes;
    caseload_derive(&cl, &rs, at, true);
    changeset_make(&changes, &cl, at, "time");
    return changes;
}

Test(caseload, what_was_no_more_while_off_learns_when_it_settles)
{
    struct case_person *p = caseload_person(&cl, "T1", "P1");
    cr_assert(apply_at("A1", 1, "2026-09-07", NULL, now));
    caseload_derive(&cl, &rs, now, true);
    store_spell(p);
    struct stored_spell *gone = &p->spells[0];
    gone->spell_id = "of other rules";
    gone->tombstone = true;
    gone->end_reason = "merged";
    cr_assert_eq(changeset_at(days_on(10)).n_tombstones, 0, "nobody can tell yet");
    cr_assert(apply_at("A1", 2, "2026-09-07", "2026-09-20", days_on(20)));
    struct changeset changes = changeset_at(days_on(20));
    cr_assert_eq(changes.n_tombstones, 1);
    cr_assert_eq(changes.tombstones[0].reason, END_MERGED);
    cr_assert_eq(changes.tombstones[0].settled_at.us, p->cw.periods[0].settled_at.us);
    gone->settled_at = changes.tombstones[0].settled_at;
    cr_assert_eq(changeset_at(days_on(20)).n_tombstones, 0);
    gone->end_reason = "superseded"; /* by the rules of then */
    cr_assert_eq(changeset_at(days_on(100)).n_tombstones, 1, "not settled yet");
    cr_assert_eq(changeset_at(days_on(200)).n_tombstones, 0, "what it was then it stays");
}

Test(caseload, who_is_joined_changes_too)
{
    struct case_person *p = caseload_person(&cl, "T1", "P1");
    cr_assert(apply_at("A1", 1, "2026-09-07", "2026-09-09", now));
    memset(p->state, 0, sizeof *p->state);
    cr_assert(apply_at("A2", 1, "2026-09-11", "2026-09-20", days_on(200)));
    cr_assert_eq(p->facts.records[0].changed_at.us, now.us, "a day lies between");
    cr_assert_not(p->state[0].dirty);
    cr_assert(apply_at("A2", 2, "2026-09-10", "2026-09-20", days_on(201)));
    cr_assert_eq(p->facts.records[0].changed_at.us, days_on(201).us);
    cr_assert(p->state[0].dirty);
}

Test(caseload, a_change_unsettles_the_whole_period)
{
    struct case_person *p = caseload_person(&cl, "T1", "P1");
    cr_assert(apply_at("A1", 1, "2026-09-07", "2026-09-09", now));
    cr_assert(apply_at("A2", 1, "2026-09-10", "2026-09-20", now));
    cr_assert(apply_at("A3", 1, "2026-09-21", "2026-09-22", now));
    cr_assert(apply_at("B1", 1, "2026-10-21", "2026-10-22", now));
    caseload_derive(&cl, &rs, days_on(200), true);
    cr_assert_eq(p->cw.n_periods, 2);
    cr_assert_lt(p->cw.periods[0].settled_at.us, days_on(200).us);
    store_spell(p);
    memset(p->state, 0, p->facts.n_records * sizeof *p->state);
    cr_assert(apply_at("A2", 2, "2026-11-10", "2026-11-20", days_on(200)));
    cr_assert_eq(spells_to_write(days_on(200)), 4, "that row as well");
    for (size_t i = 0; i < p->facts.n_records; i++) {
        bool apart = strcmp(p->facts.records[i].absence_id, "B1") == 0;
        cr_assert_eq(p->facts.records[i].changed_at.us, apart ? now.us : days_on(200).us);
        cr_assert_eq(p->state[i].dirty, !apart);
    }
}

/* */
Test(caseload, what_has_gone_for_hr_is_noted_before_the_next_message)
{
    (void)caseload_person(&cl, "T1", "P1");
    struct case_person *p = caseload_find(&cl, "T1", "P1");
    cr_assert(apply_at("A1", 1, "2026-09-07", "2026-09-09", now));
    p->state[0].dirty = false;
    p->changed = false;
    p->hr_changed = false;
    p->looked = false; /* as loaded */
    cr_assert(apply_at("A1", 2, "2026-09-07", NULL, days_on(200)));
    cr_assert(!instant_is_none(p->facts.records[0].gone_at));
    cr_assert(p->state[0].dirty);
    cr_assert(!p->hr_changed);
    caseload_derive(&cl, &rs, days_on(200), false);
    cr_assert_eq(p->cw.n_hr_periods, 0);
    cr_assert(instant_is_none(p->wake_at), "nothing to tell HR, ever");
}

/* */
Test(caseload, a_new_record_that_was_purged_is_gone)
{
    (void)caseload_person(&cl, "T1", "P1");
    struct case_person *p = caseload_find(&cl, "T1", "P1");
    const struct record_known known = {
        .organisation = "T1", .source = "/hr/T1", .absence_id = "A1", .gone_at = days_on(130)};
    caseload_know_gone(&cl, &known);
    cr_assert(apply_at("A1", 1, "2026-09-07", NULL, days_on(200)));
    cr_assert(apply_at("A2", 1, "2026-09-07", NULL, days_on(200)));
    cr_assert(!instant_is_none(p->facts.records[0].gone_at));
    cr_assert(instant_is_none(p->facts.records[1].gone_at));
    cr_assert(!p->state[1].fresh, "looked for while loading: it began long ago");
    cr_assert(apply_at("A3", 1, "2027-03-20", NULL, days_on(200)));
    cr_assert(p->state[2].fresh, "looked for while storing");
}

/* */
Test(caseload, a_reason_alone_moves_nobody_in_the_queue_of_prompts)
{
    (void)caseload_person(&cl, "T1", "P1");
    struct case_person *p = caseload_find(&cl, "T1", "P1");
    cr_assert(apply_at("A1", 1, "2026-09-07", NULL, now));
    p->hr_changed = false;
    p->stored_wake = days_on(7);
    p->prompted = 1;
    struct inbound ev = absence("P1", "A1", 2);
    ev.absence.code = "S10";
    cr_assert(caseload_apply(&cl, &ev, &rs, days_on(1)));
    caseload_derive(&cl, &rs, days_on(1), false);
    cr_assert_eq(p->wake_at.us, days_on(7).us);
}
