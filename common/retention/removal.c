/* The people are locked. All deletions go into one pipeline, and the people's rows come last: they
 * count what has gone. The last statement compares the rules (CT003), since other rules might have
 * decided otherwise. */
#include "common/retention/removal.h"

#include "common/casefile/store.h"
#include "common/pg/columns.h"

/* A record, or an emission, with its person. */
struct row {
    const struct case_person *p;
    const struct record *rec;
    const struct policy_emission *emission;
};

/* The contact details of records; $1 to $4 of each statement name the records. */
#define DROP_DETAILS                                                                               \
    "with d as (delete from fact.person_contact c using unnest($1::text[], $2::text[],"            \
    " $3::text[], $4::text[]) as k (o, p, s, a) where c.organisation = k.o and c.person_id = k.p"  \
    " and c.source = k.s and c.absence_id = k.a)"

static const struct pg_stmt drop_records = {
    "removal_records",
    DROP_DETAILS
    " delete from fact.absence f using unnest($1::text[], $2::text[], $3::text[], $4::text[])"
    " as k (o, p, s, a) where f.organisation = k.o and f.person_id = k.p and f.source = k.s"
    " and f.absence_id = k.a",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, 0}};

static const struct pg_stmt drop_details = {
    "removal_details",
    DROP_DETAILS
    " update fact.absence f set contact_hash = null from unnest($1::text[], $2::text[],"
    " $3::text[], $4::text[]) as k (o, p, s, a) where f.organisation = k.o and f.person_id = k.p"
    " and f.source = k.s and f.absence_id = k.a",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, 0}};

static const struct pg_stmt stamp_records = {
    "removal_gone",
    "update fact.absence f set gone_at = k.g from unnest($1::text[], $2::text[], $3::text[],"
    " $4::text[], $5::timestamptz[]) as k (o, p, s, a, g) where f.organisation = k.o"
    " and f.person_id = k.p and f.source = k.s and f.absence_id = k.a",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY,
                       PG_TIMESTAMPTZ_ARRAY, 0}};
static const struct pg_stmt remember_records = {
    "removal_remember", "select fact.remember_gone($1, $2, $3, $4, $5, $6)",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_INT4,
                       PG_DATE, 0}};
static const struct pg_stmt forget_records = {
    "removal_forget", "select fact.erase_gone($1, $2, $3)",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, 0}};

struct gone_row {
    const struct case_person *p;
    const struct record *rec;
    struct instant at;
};

/* Records that are gone for HR, and either go now or stay and are not marked yet. */
static struct gone_row *gone_rows(struct candidates *c, bool stays, size_t *n)
{
    size_t most = 0;
    for (size_t i = 0; i < c->n; i++) {
        most += c->person[i].p->facts.n_records;
    }
    struct gone_row *r = arena_array(c->people.arena, most, sizeof *r);
    *n = 0;
    for (size_t k = 0; k < c->n; k++) {
        const struct candidate *x = &c->person[k];
        for (size_t i = 0; i < x->p->facts.n_records; i++) {
            if (stays ? x->what.gone[i] : x->what.record[i]) {
                r[(*n)++] = (struct gone_row){
                    .p = x->p, .rec = &x->p->facts.records[i], .at = x->p->cw.gone_at[i]};
            }
        }
    }
    return r;
}

static void send_stamps(struct candidates *c)
{
    size_t n = 0;
    const struct gone_row *r = gone_rows(c, true, &n);
    if (n == 0) {
        return;
    }
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, r[i].p->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].p->person_id);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].rec->source);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].rec->absence_id);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i].at);
    pg_send(c->pg, &stamp_records, &args);
    pg_args_clear(&args);
}

static void send_memory(struct candidates *c, bool erases)
{
    size_t n = 0;
    const struct gone_row *r = gone_rows(c, false, &n);
    if (n == 0) {
        return;
    }
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, r[i].p->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].rec->source);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].rec->absence_id);
    if (!erases) {
        COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i].at);
        pg_arg_i32(&args, candidates_retention(c)->matched_days);
        pg_arg_date(&args, candidates_today(c));
    }
    pg_send(c->pg, erases ? &forget_records : &remember_records, &args);
    pg_args_clear(&args);
}

static void send_records(struct candidates *c, bool only_details)
{
    size_t most = 0;
    for (size_t i = 0; i < c->n; i++) {
        most += c->person[i].p->facts.n_records;
    }
    struct row *r = arena_array(c->people.arena, most, sizeof *r);
    size_t n = 0;
    for (size_t k = 0; k < c->n; k++) {
        const struct candidate *x = &c->person[k];
        for (size_t i = 0; i < x->p->facts.n_records; i++) {
            if (only_details ? x->what.details[i] : x->what.record[i]) {
                r[n++] = (struct row){.p = x->p, .rec = &x->p->facts.records[i]};
            }
        }
    }
    if (n == 0) {
        return;
    }
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, r[i].p->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].p->person_id);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].rec->source);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].rec->absence_id);
    pg_send(c->pg, only_details ? &drop_details : &drop_records, &args);
    pg_args_clear(&args);
}

static const struct pg_stmt drop_emissions = {
    "removal_emitted",
    "delete from followup.emitted e using unnest($1::text[], $2::text[], $3::text[], $4::text[],"
    " $5::text[], $6::int4[]) as k (o, p, s, d, c, n) where e.organisation = k.o"
    " and e.person_id = k.p and e.subject = k.s and e.kind = k.d and e.occurrence = k.c"
    " and e.nth = k.n",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY,
                       PG_INT4_ARRAY, 0}};

static void send_emissions(struct candidates *c)
{
    size_t most = 0;
    for (size_t i = 0; i < c->n; i++) {
        most += c->person[i].n_emissions;
    }
    struct row *r = arena_array(c->people.arena, most, sizeof *r);
    size_t n = 0;
    for (size_t k = 0; k < c->n; k++) {
        const struct candidate *x = &c->person[k];
        for (size_t i = 0; i < x->n_emissions; i++) {
            if (x->what.emission[i]) {
                r[n++] = (struct row){.p = x->p, .emission = &x->emissions[i]};
            }
        }
    }
    if (n == 0) {
        return;
    }
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, r[i].p->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].p->person_id);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].emission->subject);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].emission->kind);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].emission->occurrence);
    COLUMN(PG_INT4, pg_array_i32, n, r[i].emission->nth);
    pg_send(c->pg, &drop_emissions, &args);
    pg_args_clear(&args);
}

/* A clinician may be at one of the tasks: that turn goes with a later run. */
static const struct pg_stmt drop_spells = {
    "removal_spells",
    "with t as (delete from oh.task_turn x where x.task_id in (select y.task_id from oh.task_turn y"
    " where y.task_id = any ($1) for update skip locked))"
    " delete from casework.spell s where s.spell_id = any ($1)",
    (const uint32_t[]){PG_TEXT_ARRAY, 0}};
static const struct pg_stmt drop_entries = {
    "removal_entries",
    "with r as (delete from fact.retraction x where x.entry_id = any ($1))"
    " delete from fact.contact c where c.entry_id = any ($1)",
    (const uint32_t[]){PG_INT8_ARRAY, 0}};

static void send_spells(struct candidates *c)
{
    struct pg_args args = {0};
    pg_array_begin(&args, PG_TEXT);
    for (size_t k = 0; k < c->n; k++) {
        for (size_t i = 0; i < c->person[k].p->n_spells; i++) {
            if (c->person[k].what.spell[i]) {
                pg_array_text(&args, c->person[k].p->spells[i].spell_id);
            }
        }
    }
    pg_array_end(&args);
    pg_send(c->pg, &drop_spells, &args);
    pg_args_clear(&args);
}

static void send_entries(struct candidates *c)
{
    struct pg_args args = {0};
    pg_array_begin(&args, PG_INT8);
    for (size_t k = 0; k < c->n; k++) {
        for (size_t i = 0; i < c->person[k].p->facts.n_contacts; i++) {
            if (c->person[k].what.entry[i]) {
                pg_array_i64(&args, c->person[k].p->facts.contacts[i].entry_id);
            }
        }
    }
    pg_array_end(&args);
    pg_send(c->pg, &drop_entries, &args);
    pg_args_clear(&args);
}

/* Everybody's revision is raised, so that whoever works on older facts does so again. */
static const struct pg_stmt put_people = {
    "removal_people",
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

static int32_t prompts_that_go(const struct candidate *x)
{
    int32_t n = 0;
    for (size_t i = 0; i < x->n_emissions; i++) {
        n += x->what.emission[i] && x->emissions[i].prompt ? 1 : 0;
    }
    return n;
}

static void send_people(struct candidates *c)
{
    const struct candidate **x = arena_array(c->people.arena, c->n, sizeof *x);
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (candidates_goes(&c->person[i])) {
            x[n++] = &c->person[i];
        }
    }
    if (n == 0) {
        return;
    }
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, x[i]->p->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, x[i]->p->person_id);
    COLUMN(PG_INT4, pg_array_i32, n,
           (int32_t)policy_marked(x[i]->what.emission, x[i]->n_emissions));
    COLUMN(PG_INT4, pg_array_i32, n, prompts_that_go(x[i]));
    COLUMN(PG_INT4, pg_array_i32, n,
           (int32_t)policy_marked(x[i]->what.entry, x[i]->p->facts.n_contacts));
    COLUMN(PG_BOOL, pg_array_bool, n, x[i]->what.person);
    pg_send(c->pg, &put_people, &args);
    pg_args_clear(&args);
}

static enum status delete_all(struct candidates *c, bool erases, struct err *err)
{
    send_memory(c, erases);
    send_stamps(c);
    send_spells(c);
    send_emissions(c);
    send_entries(c);
    send_records(c, false);
    send_records(c, true);
    send_people(c);
    store_send_check(c->pg, c->rules);
    enum status st = pg_finish(c->pg, -1, err);
    return st == STATUS_OK ? st : candidates_failed(c, st, err);
}

enum status removal_purge(struct candidates *c, struct err *err)
{
    return delete_all(c, false, err);
}

enum status removal_erase(struct candidates *c, struct err *err)
{
    return delete_all(c, true, err);
}

void removal_count(const struct candidates *c, struct removal_counts *counts)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct candidate *x = &c->person[i];
        counts->unmatched += x->what.unmatched;
        counts->matched += x->what.matched;
        counts->cancelled += x->what.cancelled;
        counts->records += policy_marked(x->what.record, x->p->facts.n_records);
        counts->details += policy_marked(x->what.details, x->p->facts.n_records);
        counts->spells += policy_marked(x->what.spell, x->p->n_spells);
        counts->entries += policy_marked(x->what.entry, x->p->facts.n_contacts);
        counts->emissions += policy_marked(x->what.emission, x->n_emissions);
        counts->persons += x->what.person ? 1 : 0;
    }
}
