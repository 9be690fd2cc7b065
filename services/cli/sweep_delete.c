#include "common/casefile/store.h"
#include "common/columns.h"
#include "services/cli/sweep_inside.h"

/* A record, or an emission, with its person. */
struct row {
    const struct case_person *p;
    const struct record *rec;
    const struct retain_said *said;
};

static const struct pg_stmt drop_records = {
    "sweep_records",
    "with d as (delete from fact.person_contact c using unnest($1::text[], $2::text[],"
    " $3::text[], $4::text[]) as k (o, p, s, a) where c.organisation = k.o and c.person_id = k.p"
    " and c.source = k.s and c.absence_id = k.a)"
    " delete from fact.absence f using unnest($1::text[], $2::text[], $3::text[], $4::text[])"
    " as k (o, p, s, a) where f.organisation = k.o and f.person_id = k.p and f.source = k.s"
    " and f.absence_id = k.a",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, 0}};

static const struct pg_stmt drop_details = {
    "sweep_details",
    "with d as (delete from fact.person_contact c using unnest($1::text[], $2::text[],"
    " $3::text[], $4::text[]) as k (o, p, s, a) where c.organisation = k.o and c.person_id = k.p"
    " and c.source = k.s and c.absence_id = k.a)"
    " update fact.absence f set contact_hash = null from unnest($1::text[], $2::text[],"
    " $3::text[], $4::text[]) as k (o, p, s, a) where f.organisation = k.o and f.person_id = k.p"
    " and f.source = k.s and f.absence_id = k.a",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, 0}};

static enum status send_records(struct sweep *s, bool only_details, struct err *err)
{
    size_t most = 0;
    for (size_t i = 0; i < s->n; i++) {
        most += s->person[i].p->facts.n_records;
    }
    struct row *r = arena_array(s->people.arena, most, sizeof *r);
    size_t n = 0;
    for (size_t k = 0; k < s->n; k++) {
        const struct sweep_person *x = &s->person[k];
        for (size_t i = 0; i < x->p->facts.n_records; i++) {
            if (only_details ? x->what.details[i] : x->what.record[i]) {
                r[n++] = (struct row){.p = x->p, .rec = &x->p->facts.records[i]};
            }
        }
    }
    if (n == 0) {
        return STATUS_OK;
    }
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, r[i].p->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].p->person_id);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].rec->source);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].rec->absence_id);
    enum status st = pg_send(s->cli->pg, only_details ? &drop_details : &drop_records, &args, err);
    pg_args_clear(&args);
    return st;
}

static const struct pg_stmt drop_said = {
    "sweep_emitted",
    "delete from followup.emitted e using unnest($1::text[], $2::text[], $3::text[], $4::text[],"
    " $5::text[], $6::int4[]) as k (o, p, s, d, c, n) where e.organisation = k.o"
    " and e.person_id = k.p and e.subject = k.s and e.kind = k.d and e.occurrence = k.c"
    " and e.nth = k.n",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY,
                       PG_INT4_ARRAY, 0}};

static enum status send_said(struct sweep *s, struct err *err)
{
    size_t most = 0;
    for (size_t i = 0; i < s->n; i++) {
        most += s->person[i].n_said;
    }
    struct row *r = arena_array(s->people.arena, most, sizeof *r);
    size_t n = 0;
    for (size_t k = 0; k < s->n; k++) {
        const struct sweep_person *x = &s->person[k];
        for (size_t i = 0; i < x->n_said; i++) {
            if (x->what.said[i]) {
                r[n++] = (struct row){.p = x->p, .said = &x->said[i]};
            }
        }
    }
    if (n == 0) {
        return STATUS_OK;
    }
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, r[i].p->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].p->person_id);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].said->subject);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].said->kind);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].said->occurrence);
    COLUMN(PG_INT4, pg_array_i32, n, r[i].said->nth);
    enum status st = pg_send(s->cli->pg, &drop_said, &args, err);
    pg_args_clear(&args);
    return st;
}

static const struct pg_stmt drop_spells = {
    "sweep_spells", "delete from casework.spell s where s.spell_id = any ($1)",
    (const uint32_t[]){PG_TEXT_ARRAY, 0}};
static const struct pg_stmt drop_entries = {
    "sweep_entries", "delete from fact.contact c where c.entry_id = any ($1)",
    (const uint32_t[]){PG_INT8_ARRAY, 0}};

static enum status send_spells(struct sweep *s, struct err *err)
{
    struct pg_args args = {0};
    pg_array_begin(&args, PG_TEXT);
    for (size_t k = 0; k < s->n; k++) {
        for (size_t i = 0; i < s->person[k].p->n_spells; i++) {
            if (s->person[k].what.spell[i]) {
                pg_array_text(&args, s->person[k].p->spells[i].spell_id);
            }
        }
    }
    pg_array_end(&args);
    enum status st = pg_send(s->cli->pg, &drop_spells, &args, err);
    pg_args_clear(&args);
    return st;
}

static enum status send_entries(struct sweep *s, struct err *err)
{
    struct pg_args args = {0};
    pg_array_begin(&args, PG_INT8);
    for (size_t k = 0; k < s->n; k++) {
        for (size_t i = 0; i < s->person[k].p->facts.n_contacts; i++) {
            if (s->person[k].what.entry[i]) {
                pg_array_i64(&args, s->person[k].p->facts.contacts[i].entry_id);
            }
        }
    }
    pg_array_end(&args);
    enum status st = pg_send(s->cli->pg, &drop_entries, &args, err);
    pg_args_clear(&args);
    return st;
}

/* Everybody's revision is raised, so that whoever works on older facts does so again. */
static const struct pg_stmt put_people = {
    "sweep_people",
    "with k as (select * from unnest($1::text[], $2::text[], $3::int4[], $4::int4[], $5::int4[],"
    " $6::bool[]) as k (o, p, said, prompts, entries, goes)),"
    " h as (delete from followup.held x using k where k.goes and x.organisation = k.o"
    " and x.person_id = k.p),"
    " d as (delete from fact.person x using k where k.goes and x.organisation = k.o"
    " and x.person_id = k.p)"
    " update fact.person x set revision = x.revision + 1, emitted = x.emitted - k.said,"
    " prompted = x.prompted - k.prompts, contacts = x.contacts - k.entries from k where not k.goes and x.organisation = k.o"
    " and x.person_id = k.p",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_INT4_ARRAY, PG_INT4_ARRAY, PG_INT4_ARRAY,
                       PG_BOOL_ARRAY, 0}};

bool sweep_touches(const struct sweep_person *x)
{
    return x->what.person || sweep_marked(x->what.record, x->p->facts.n_records) > 0 ||
           sweep_marked(x->what.details, x->p->facts.n_records) > 0 ||
           sweep_marked(x->what.spell, x->p->n_spells) > 0 ||
           sweep_marked(x->what.entry, x->p->facts.n_contacts) > 0 ||
           sweep_marked(x->what.said, x->n_said) > 0;
}

static int32_t prompts_that_go(const struct sweep_person *x)
{
    int32_t n = 0;
    for (size_t i = 0; i < x->n_said; i++) {
        n += x->what.said[i] && x->said[i].prompt ? 1 : 0;
    }
    return n;
}

static enum status send_people(struct sweep *s, struct err *err)
{
    const struct sweep_person **x = arena_array(s->people.arena, s->n, sizeof *x);
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (sweep_touches(&s->person[i])) {
            x[n++] = &s->person[i];
        }
    }
    if (n == 0) {
        return STATUS_OK;
    }
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, x[i]->p->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, x[i]->p->person_id);
    COLUMN(PG_INT4, pg_array_i32, n, (int32_t)sweep_marked(x[i]->what.said, x[i]->n_said));
    COLUMN(PG_INT4, pg_array_i32, n, prompts_that_go(x[i]));
    COLUMN(PG_INT4, pg_array_i32, n,
           (int32_t)sweep_marked(x[i]->what.entry, x[i]->p->facts.n_contacts));
    COLUMN(PG_BOOL, pg_array_bool, n, x[i]->what.person);
    enum status st = pg_send(s->cli->pg, &put_people, &args, err);
    pg_args_clear(&args);
    return st;
}

enum status sweep_delete(struct sweep *s, struct err *err)
{
    enum status st = send_spells(s, err);
    st = st == STATUS_OK ? send_said(s, err) : st;
    st = st == STATUS_OK ? send_entries(s, err) : st;
    st = st == STATUS_OK ? send_records(s, false, err) : st;
    st = st == STATUS_OK ? send_records(s, true, err) : st;
    st = st == STATUS_OK ? send_people(s, err) : st;
    st = st == STATUS_OK ? store_send_check(s->cli->pg, s->rules, err) : st;
    st = st == STATUS_OK ? pg_flush(s->cli->pg, err) : st;
    st = st == STATUS_OK ? pg_wait(s->cli->pg, -1, err) : st;
    return st == STATUS_OK ? st : sweep_failed(s, st, err);
}
