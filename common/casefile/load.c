/* The statements ask by people and answer in the same order: people, records, spells, entries.
 * Each row says by its number (k.ord) which person of the caseload it belongs to. With `locks` the
 * people are locked first, for the careful second try (ADR 10). */
#include "common/casefile/load.h"

#include <string.h>

#include "common/pg/columns.h"

#define LOAD_TEXT_OF(x) LOAD_TEXT_OF_(x)
#define LOAD_TEXT_OF_(x) #x

static const uint32_t key_types[] = {PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_INT4_ARRAY, 0};

static const struct pg_stmt lock_people = {
    "lock_people",
    "select 1 from fact.person p where (p.organisation, p.person_id) in (select * from"
    " unnest($1::text[], $2::text[])) order by p.organisation, p.person_id for update",
    key_types};

static const struct pg_stmt load_people = {"load_people",
                                           "select k.ord, " LOAD_PERSON_COLUMNS LOAD_KEYS
                                           " join fact.person p on " LOAD_OF_KEY("p"),
                                           key_types};

static const struct pg_stmt load_records = {
    "load_records",
    "select k.ord, a.source, a.absence_id, a.assignment_id, a.version, a.first_version, "
    "a.first_onset_date,"
    " a.onset_date, a.last_day, a.open_ended, a.expected_return, a.match, a.scheme, a.code, "
    "a.settings_serial,"
    " a.fte::text, a.fit_note_from, a.fit_note_to, a.phased_return_from, a.cancelled, "
    "a.first_notice_at,"
    " a.changed_at, a.contact_hash, a.ctid, coalesce(a.hr_changed_at, a.changed_at), a.gone_at, a.held_since,"
    " a.known, a.reason_missing, a.reason_given_at, a.site, a.staff_group, a.recorded_at" LOAD_KEYS
    " join fact.absence a on " LOAD_OF_KEY("a"),
    key_types};

static const struct pg_stmt load_spells = {
    "load_spells",
    "select k.ord, s.spell_id, s.pathway, s.anchor_source, "
    "s.anchor_absence_id, s.due_date, s.tombstone,"
    " s.end_reason, s.settled_at, s.fingerprint, s.ctid" LOAD_KEYS
    " join casework.spell s on " LOAD_OF_KEY("s"),
    key_types};

#define CONTACTS                                                                                   \
    "select k.ord, c.entry_id, c.pathway, c.kind, c.at, greatest(c.entered_at, c.retracted_at),"   \
    " c.by, c.assignee, c.outcome, c.review_on, c.red_flag, c.retracted_at is not null,"           \
    " c.anchor_source, c.anchor_absence_id, c.record_sources, c.record_ids, c.record_codes,"       \
    " c.no_follow_up, c.channel, c.call_back_at, c.oh_record" LOAD_KEYS                            \
    " join fact.contact c on " LOAD_OF_KEY("c") " order by c.entry_id"

static const struct pg_stmt load_contacts = {"load_contacts", CONTACTS, key_types};
static const struct pg_stmt load_some_contacts = {
    "load_some_contacts", CONTACTS " limit " LOAD_TEXT_OF(LOAD_ENTRIES_MAX) " + 1", key_types};

static const struct pg_stmt load_holders = {
    "load_holders",
    "select a.organisation, a.person_id, a.source, a.absence_id from unnest($1::text[], $2::text[], $3::text[])"
    " as k (organisation, source, absence_id) join fact.absence a on a.organisation ="
    " k.organisation and a.source = k.source and a.absence_id = k.absence_id",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, 0}};

static void people_args(const struct caseload *cl, struct pg_args *out)
{
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, cl->n_persons, cl->persons[i].organisation);
    COLUMN(PG_TEXT, pg_array_text, cl->n_persons, cl->persons[i].person_id);
    COLUMN(PG_INT4, pg_array_i32, cl->n_persons, (int32_t)i + 1);
    *out = args;
}

void load_send(struct caseload *cl, struct pg *pg, bool locks)
{
    struct pg_args args;
    people_args(cl, &args);
    const struct pg_stmt *const steps[] = {&lock_people, &load_people, &load_records, &load_spells,
                                           cl->may_cut ? &load_some_contacts : &load_contacts};
    for (size_t i = locks ? 0 : 1; i < sizeof steps / sizeof steps[0]; i++) {
        pg_send(pg, steps[i], &args);
    }
    pg_args_clear(&args);
}

void load_send_cases(struct caseload *cl, struct pg *pg, size_t *results)
{
    bool contacts = false;
    for (size_t i = 0; i < cl->n_persons; i++) {
        contacts |= cl->persons[i].contacts > 0;
    }
    struct pg_args args;
    people_args(cl, &args);
    const struct pg_stmt *const steps[] = {&load_records, &load_spells, &load_contacts};
    *results = contacts ? 3 : 2;
    for (size_t i = 0; i < *results; i++) {
        pg_send(pg, steps[i], &args);
    }
    pg_args_clear(&args);
}

/* ---- reading the rows ---- */

static const char *text_of(struct caseload *cl, const struct pg_result *r, size_t row, int col)
{
    size_t len = 0;
    const char *s = pg_bytes(r, row, col, &len);
    return s == NULL ? NULL : arena_strndup(cl->arena, s, len);
}

static struct case_person *person_of(struct caseload *cl, const struct pg_result *r, size_t row)
{
    return &cl->persons[pg_i64(r, row, 0) - 1];
}

static struct dated_fact dated_fact(struct caseload *cl, const struct pg_result *r, size_t row,
                                    int col)
{
    return (struct dated_fact){.on = pg_date(r, row, col),
                               .time = pg_instant(r, row, col + 1),
                               .id = text_of(cl, r, row, col + 2)};
}

void load_take_person(struct caseload *cl, struct case_person *p, const struct pg_result *r,
                      size_t row, int first_col)
{
    int c = first_col;
    p->revision = pg_i64(r, row, c);
    p->emitted = (int32_t)pg_i64(r, row, c + 1);
    p->contacts = (int32_t)pg_i64(r, row, c + 2);
    p->prompted = (int32_t)pg_i64(r, row, c + 3);
    p->stored_wake = pg_instant(r, row, c + 4);
    p->stored_oh_wake = pg_instant(r, row, c + 5);
    p->facts.left = dated_fact(cl, r, row, c + 6);
    p->facts.died = dated_fact(cl, r, row, c + 9);
    p->facts.opt = dated_fact(cl, r, row, c + 12);
    p->facts.opted_out = pg_bool(r, row, c + 15);
    p->facts.changed_at = pg_instant(r, row, c + 16);
    p->ctid = pg_tid(r, row, c + 17);
    p->facts.hr_changed_at = pg_instant(r, row, c + 18);
}

static void take_people(struct caseload *cl, const struct pg_result *r)
{
    for (size_t row = 0; row < pg_rows(r); row++) {
        load_take_person(cl, person_of(cl, r, row), r, row, 1);
    }
}

/* "2026-09-07T08:10:00Z msk" */
static void take_known(struct caseload *cl, struct record *rec, const struct pg_result *r,
                       size_t row, int col)
{
    rec->known_kept = !pg_is_null(r, row, col);
    if (!rec->known_kept) {
        return;
    }
    size_t n = 0;
    const char **texts = pg_text_array(r, row, col, cl->arena, &n);
    struct known_since *known = arena_array(cl->arena, n, sizeof *known);
    for (size_t i = 0; i < n; i++) {
        const char *space = strchr(texts[i], ' ');
        if (space != NULL &&
            instant_parse(texts[i], (size_t)(space - texts[i]), &known[rec->n_known].at)) {
            known[rec->n_known++].pathway = space + 1;
        }
    }
    rec->known = known;
}

static void take_record(struct caseload *cl, const struct pg_result *r, size_t row)
{
    struct case_person *p = person_of(cl, r, row);
    struct record *rec = caseload_add_record(cl, p);
    *rec = (struct record){.source = text_of(cl, r, row, 1),
                           .absence_id = text_of(cl, r, row, 2),
                           .assignment_id = text_of(cl, r, row, 3),
                           .version = pg_i64(r, row, 4),
                           .first_version = pg_i64(r, row, 5),
                           .first_onset = pg_date(r, row, 6),
                           .onset = pg_date(r, row, 7),
                           .last_day = pg_date(r, row, 8),
                           .open_ended = pg_bool(r, row, 9),
                           .expected_return = pg_date(r, row, 10),
                           .reason = (enum reason_kept)pg_i64(r, row, 11),
                           .scheme = (enum reason_scheme)pg_i64(r, row, 12),
                           .code = text_of(cl, r, row, 13),
                           .settings_serial = (int32_t)pg_i64(r, row, 14),
                           .fte = text_of(cl, r, row, 15),
                           .fit_note_from = pg_date(r, row, 16),
                           .fit_note_to = pg_date(r, row, 17),
                           .phased_return_from = pg_date(r, row, 18),
                           .cancelled = pg_bool(r, row, 19),
                           .first_notice = pg_instant(r, row, 20),
                           .changed_at = pg_instant(r, row, 21),
                           .has_contact = !pg_is_null(r, row, 22),
                           .hr_changed_at = pg_instant(r, row, 24),
                           .gone_at = pg_instant(r, row, 25),
                           .held_since = pg_instant(r, row, 26),
                           .reason_missing = pg_bool(r, row, 28),
                           .reason_given_at = pg_instant(r, row, 29),
                           .contact = CONTACT_DETAILS_NONE,
                           .site = text_of(cl, r, row, 30),
                           .staff_group = text_of(cl, r, row, 31),
                           .recorded_at = pg_instant(r, row, 32)};
    take_known(cl, rec, r, row, 27);
    struct record_state *state = &p->state[rec - p->facts.records];
    state->stored = true;
    state->has_details = rec->has_contact;
    state->details_hash = pg_i64(r, row, 22);
    state->ctid = pg_tid(r, row, 23);
    caseload_index_record(cl, p, rec);
}

static void take_spells(struct caseload *cl, const struct pg_result *r)
{
    for (size_t row = 0; row < pg_rows(r);) {
        struct case_person *p = person_of(cl, r, row);
        size_t n = 1;
        while (row + n < pg_rows(r) && person_of(cl, r, row + n) == p) {
            n++;
        }
        struct stored_spell *more = arena_array(cl->arena, p->n_spells + n, sizeof *more);
        if (p->n_spells > 0) {
            memcpy(more, p->spells, p->n_spells * sizeof *more);
        }
        p->spells = more;
        for (; n > 0; n--, row++) {
            p->spells[p->n_spells++] = (struct stored_spell){
                .spell_id = text_of(cl, r, row, 1),
                .pathway = text_of(cl, r, row, 2),
                .anchor = {.source = text_of(cl, r, row, 3), .absence_id = text_of(cl, r, row, 4)},
                .due_date = pg_date(r, row, 5),
                .tombstone = pg_bool(r, row, 6),
                .end_reason = text_of(cl, r, row, 7),
                .settled_at = pg_instant(r, row, 8),
                .fingerprint = pg_i64(r, row, 9),
                .ctid = pg_tid(r, row, 10)};
        }
    }
}

static struct contact_fact contact_fact(struct caseload *cl, const struct pg_result *r, size_t row)
{
    struct contact_fact c = {
        .entry_id = pg_i64(r, row, 1),
        .pathway = text_of(cl, r, row, 2),
        .kind = (enum contact_kind)pg_i64(r, row, 3),
        .at = pg_instant(r, row, 4),
        .entered_at = pg_instant(r, row, 5),
        .by = text_of(cl, r, row, 6),
        .assignee = text_of(cl, r, row, 7),
        .outcome = (enum contact_outcome)pg_i64(r, row, 8),
        .review_on = pg_date(r, row, 9),
        .red_flag = pg_bool(r, row, 10),
        .retracted = pg_bool(r, row, 11),
        .no_follow_up = pg_bool(r, row, 17),
        .channel = (enum contact_channel)pg_i64(r, row, 18),
        .call_back_at = pg_instant(r, row, 19),
        .oh_record = text_of(cl, r, row, 20),
        .anchor = {.source = text_of(cl, r, row, 12), .absence_id = text_of(cl, r, row, 13)}};
    size_t n = 0, n_ids = 0, n_codes = 0;
    const char **sources = pg_text_array(r, row, 14, cl->arena, &n);
    const char **ids = pg_text_array(r, row, 15, cl->arena, &n_ids);
    const char **codes = pg_text_array(r, row, 16, cl->arena, &n_codes);
    n = n_ids < n ? n_ids : n;
    n = n_codes < n ? n_codes : n; /* the table holds them in step */
    struct record_ref *records = arena_array(cl->arena, n, sizeof *records);
    for (size_t i = 0; i < n; i++) {
        records[i] = (struct record_ref){.source = sources[i],
                                         .absence_id = ids[i],
                                         .code = codes[i][0] == '\0' ? NULL : codes[i]};
    }
    c.records = records;
    c.n_records = n;
    return c;
}

/* Counted first: rows come by entry, those of several people between one another. */
static void take_contacts(struct caseload *cl, const struct pg_result *r)
{
    size_t *n = arena_array(cl->arena, cl->n_persons, sizeof *n);
    struct contact_fact **rows = arena_array(cl->arena, cl->n_persons, sizeof(void *));
    memset(n, 0, cl->n_persons * sizeof *n);
    for (size_t row = 0; row < pg_rows(r); row++) {
        n[pg_i64(r, row, 0) - 1]++;
    }
    for (size_t i = 0; i < cl->n_persons; i++) {
        rows[i] = arena_array(cl->arena, n[i], sizeof **rows);
        cl->persons[i].facts.contacts = rows[i];
    }
    for (size_t row = 0; row < pg_rows(r); row++) {
        struct facts *f = &person_of(cl, r, row)->facts;
        rows[pg_i64(r, row, 0) - 1][f->n_contacts++] = contact_fact(cl, r, row);
    }
}

void load_take_cases(struct caseload *cl, const struct pg *pg, size_t first, size_t results)
{
    const struct pg_result *records = pg_result(pg, first);
    for (size_t row = 0; row < pg_rows(records); row++) {
        take_record(cl, records, row);
    }
    take_spells(cl, pg_result(pg, first + 1));
    if (results == 3) {
        take_contacts(cl, pg_result(pg, first + 2));
    }
}

bool load_is_cut(const struct caseload *cl, const struct pg *pg, size_t first, bool locks)
{
    size_t contacts = first + LOAD_RESULTS - 1 + (locks ? 1 : 0);
    return cl->may_cut && pg_rows(pg_result(pg, contacts)) > LOAD_ENTRIES_MAX;
}

void load_take(struct caseload *cl, const struct pg *pg, size_t first, bool locks)
{
    size_t at = first + (locks ? 1 : 0);
    take_people(cl, pg_result(pg, at));
    load_take_cases(cl, pg, at + 1, LOAD_RESULTS - 1);
    for (size_t i = 0; i < cl->n_expected; i++) {
        const struct moved_record *e = &cl->expected[i];
        cl->missed |= caseload_record(cl, e->organisation, e->source, e->absence_id) == NULL;
    }
}

/* ---- records under other people ---- */

static void text_array(struct pg_args *args, const char *const *items, size_t n)
{
    pg_array_begin(args, PG_TEXT);
    for (size_t i = 0; i < n; i++) {
        pg_array_text(args, items[i]);
    }
    pg_array_end(args);
}

void load_send_holders(struct pg *pg, const char *const *organisations, const char *const *sources,
                       const char *const *absence_ids, size_t n)
{
    struct pg_args args = {0};
    text_array(&args, organisations, n);
    text_array(&args, sources, n);
    text_array(&args, absence_ids, n);
    pg_send(pg, &load_holders, &args);
    pg_args_clear(&args);
}

void load_take_holders(struct caseload *cl, const struct pg *pg, size_t nth)
{
    const struct pg_result *r = pg_result(pg, nth);
    cl->expected = arena_array(cl->arena, pg_rows(r), sizeof *cl->expected);
    cl->n_expected = pg_rows(r);
    for (size_t row = 0; row < pg_rows(r); row++) {
        struct moved_record *e = &cl->expected[row];
        *e = (struct moved_record){.organisation = text_of(cl, r, row, 0),
                                   .person_id = text_of(cl, r, row, 1),
                                   .source = text_of(cl, r, row, 2),
                                   .absence_id = text_of(cl, r, row, 3)};
        (void)caseload_person(cl, e->organisation, e->person_id);
    }
}
