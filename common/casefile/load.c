#include "common/casefile/load.h"

#include <string.h>

#include "common/columns.h"

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
    " a.changed_at, a.contact_hash, a.ctid" LOAD_KEYS " join fact.absence a on " LOAD_OF_KEY("a"),
    key_types};

static const struct pg_stmt load_spells = {
    "load_spells",
    "select k.ord, s.spell_id, s.pathway, s.anchor_source, "
    "s.anchor_absence_id, s.due_date, s.tombstone,"
    " s.end_reason, s.settled_at, s.fingerprint, s.ctid" LOAD_KEYS
    " join casework.spell s on " LOAD_OF_KEY("s"),
    key_types};

static const struct pg_stmt load_contacts = {
    "load_contacts",
    "select k.ord, c.entry_id, c.pathway, c.kind, c.at, greatest(c.entered_at, c.retracted_at), c.by, c.assignee, c.outcome, "
    "c.review_on,"
    " c.red_flag, c.retracted_at is not null, c.anchor_source, c.anchor_absence_id, "
    "c.record_sources,"
    " c.record_ids, c.record_codes" LOAD_KEYS
    " join fact.contact c on " LOAD_OF_KEY("c") " order by c.entry_id",
    key_types};

static const struct pg_stmt load_holders = {
    "load_holders",
    "select distinct a.organisation, a.person_id from unnest($1::text[], $2::text[], $3::text[])"
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

enum status load_send(struct caseload *cl, struct pg *pg, bool locks, struct err *err)
{
    struct pg_args args;
    people_args(cl, &args);
    const struct pg_stmt *const steps[] = {&lock_people, &load_people, &load_records, &load_spells,
                                           &load_contacts};
    enum status s = STATUS_OK;
    for (size_t i = locks ? 0 : 1; i < sizeof steps / sizeof steps[0] && s == STATUS_OK; i++) {
        s = pg_send(pg, steps[i], &args, err);
    }
    pg_args_clear(&args);
    return s;
}

enum status load_send_cases(struct caseload *cl, struct pg *pg, size_t *results, struct err *err)
{
    bool contacts = false;
    for (size_t i = 0; i < cl->n_persons; i++) {
        contacts |= cl->persons[i].contacts > 0;
    }
    struct pg_args args;
    people_args(cl, &args);
    const struct pg_stmt *const steps[] = {&load_records, &load_spells, &load_contacts};
    enum status s = STATUS_OK;
    *results = contacts ? 3 : 2;
    for (size_t i = 0; i < *results && s == STATUS_OK; i++) {
        s = pg_send(pg, steps[i], &args, err);
    }
    pg_args_clear(&args);
    return s;
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
    p->place = pg_tid(r, row, c + 17);
}

static void take_people(struct caseload *cl, const struct pg_result *r)
{
    for (size_t row = 0; row < pg_rows(r); row++) {
        load_take_person(cl, person_of(cl, r, row), r, row, 1);
    }
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
                           .has_contact = !pg_is_null(r, row, 22)};
    struct record_state *state = &p->state[rec - p->facts.records];
    state->stored = true;
    state->has_details = rec->has_contact;
    state->details_hash = pg_i64(r, row, 22);
    state->place = pg_tid(r, row, 23);
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
                .place = pg_tid(r, row, 10)};
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

static void take_contacts(struct caseload *cl, const struct pg_result *r)
{
    for (size_t row = 0; row < pg_rows(r); row++) {
        struct case_person *p = person_of(cl, r, row);
        struct contact_fact *more = arena_array(cl->arena, p->facts.n_contacts + 1, sizeof *more);
        if (p->facts.n_contacts > 0) {
            memcpy(more, p->facts.contacts, p->facts.n_contacts * sizeof *more);
        }
        more[p->facts.n_contacts] = contact_fact(cl, r, row);
        p->facts.contacts = more;
        p->facts.n_contacts++;
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

void load_take(struct caseload *cl, const struct pg *pg, size_t first, bool locks)
{
    size_t at = first + (locks ? 1 : 0);
    take_people(cl, pg_result(pg, at));
    load_take_cases(cl, pg, at + 1, LOAD_RESULTS - 1);
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

enum status load_send_holders(struct pg *pg, const char *const *organisations,
                              const char *const *sources, const char *const *absence_ids, size_t n,
                              struct err *err)
{
    struct pg_args args = {0};
    text_array(&args, organisations, n);
    text_array(&args, sources, n);
    text_array(&args, absence_ids, n);
    enum status s = pg_send(pg, &load_holders, &args, err);
    pg_args_clear(&args);
    return s;
}

void load_take_holders(struct caseload *cl, const struct pg *pg, size_t nth)
{
    const struct pg_result *r = pg_result(pg, nth);
    for (size_t row = 0; row < pg_rows(r); row++) {
        const char *organisation = text_of(cl, r, row, 0);
        const char *person_id = text_of(cl, r, row, 1);
        (void)caseload_person(cl, organisation, person_id);
    }
}
