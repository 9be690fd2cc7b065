/* erase() is one transaction: the data, dead letters, the mark, the person's parts of audit
 * entries. Its own audit entry comes last and names nobody. A marked person keeps the data until
 * followup has noted withdrawn_at; erasure_finish() then finds the person. */
#include "common/retention/erasure.h"

#include <inttypes.h>

#include "common/base/buf.h"
#include "common/retention/query.h"

/* ---- statements ---- */

static const struct pg_stmt mark = {
    "erasure_mark",
    "with m as (insert into fact.erasure as e (organisation, person_id, asked_at, why)"
    " values ($1, $2, $3, $4) on conflict (organisation, person_id) do update"
    " set why = excluded.why),"
    " p as (update fact.person set next_wake_at = $3, oh_wake_at = $3, revision = revision + 1"
    " where organisation = $1 and person_id = $2)"
    " insert into audit.entry (at, what, why, organisation, person_id)"
    " values ($3, 'person_erase_asked', $4, $1, $2)",
    (const uint32_t[]){PG_TEXT, PG_TEXT, PG_TIMESTAMPTZ, PG_TEXT, 0}};

static const struct pg_stmt look = {"erasure_look",
                                    "select why, withdrawn_at is not null from fact.erasure"
                                    " where organisation = $1 and person_id = $2",
                                    (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};

static const struct pg_stmt drop_mark = {
    "erasure_drop", "delete from fact.erasure where organisation = $1 and person_id = $2",
    (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};

/* A message that could not be taken may name anybody. */
static const struct pg_stmt drop_dead_letters = {
    "erasure_dead_letters",
    "delete from intake.dead_letter l using ops.letters_about($1, $2) k"
    " where l.topic = k.topic and l.partition = k.partition and l.\"offset\" = k.\"offset\"",
    (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};

static const struct pg_stmt forget = {"erasure_audit", "select audit.erase($1, $2)",
                                      (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};

/* The audit keeps that a person was erased and why, but not whom. */
static const struct pg_stmt note = {
    "erasure_note",
    "insert into audit.entry (at, what, why, organisation, detail)"
    " values ($1, 'person_erase', $2, $3, $4::jsonb)",
    (const uint32_t[]){PG_TIMESTAMPTZ, PG_TEXT, PG_TEXT, PG_TEXT, 0}};

static enum status with_person(struct candidates *c, const struct pg_stmt *stmt,
                               const char *organisation, const char *person_id,
                               const struct pg_result **out, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, organisation);
    pg_arg_text(&args, person_id);
    enum status s = query_run(c->pg, stmt, &args, out, err);
    pg_args_clear(&args);
    return s;
}

/* ---- erasing ---- */

static enum status write_note(struct candidates *c, const char *organisation, const char *why,
                              const struct erasure *e, struct err *err)
{
    struct buf detail = {0};
    struct pg_args args = {0};
    buf_printf(
        &detail,
        "{\"records\":%zu,\"spells\":%zu,\"entries\":%zu,\"told\":%zu,\"dead_letters\":%" PRId64
        "}",
        e->counts.records, e->counts.spells, e->counts.entries, e->counts.emissions,
        e->dead_letters);
    pg_arg_instant(&args, candidates_now(c));
    pg_arg_text(&args, why);
    pg_arg_text(&args, organisation);
    pg_arg_text(&args, detail.data);
    enum status s = query_run(c->pg, &note, &args, NULL, err);
    pg_args_clear(&args);
    buf_clear(&detail);
    return s;
}

/* Loaded and locked; the person may be gone already, but for what stands elsewhere. */
static enum status erase(struct candidates *c, const char *organisation, const char *person_id,
                         const char *why, struct erasure *out, struct err *err)
{
    size_t n = 0;
    struct candidate *x = candidates_people(c, &n);
    const struct pg_result *r = NULL;
    if (n > 0) {
        policy_erase_all(x->p, x->n_emissions, candidates_arena(c), &x->what);
        out->remembered = !x->what.person;
    }
    removal_count(c, &out->counts);
    enum status s = removal_erase(c, err);
    s = s == STATUS_OK ? with_person(c, &drop_dead_letters, organisation, person_id, &r, err) : s;
    out->dead_letters = s == STATUS_OK ? pg_affected(r) : 0;
    s = s == STATUS_OK ? with_person(c, &drop_mark, organisation, person_id, NULL, err) : s;
    s = s == STATUS_OK ? with_person(c, &forget, organisation, person_id, NULL, err) : s;
    s = s == STATUS_OK ? write_note(c, organisation, why, out, err) : s;
    s = s == STATUS_OK ? candidates_commit(c, err) : s;
    out->state = ERASURE_DONE;
    return s;
}

static enum status mark_person(struct candidates *c, const char *organisation,
                               const char *person_id, const char *why, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, organisation);
    pg_arg_text(&args, person_id);
    pg_arg_instant(&args, candidates_now(c));
    pg_arg_text(&args, why);
    enum status s = query_run(c->pg, &mark, &args, NULL, err);
    pg_args_clear(&args);
    return s == STATUS_OK ? candidates_commit(c, err) : s;
}

static bool nothing_stands(struct candidates *c)
{
    size_t n = 0;
    const struct candidate *x = candidates_people(c, &n);
    return policy_is_settled(x->p, candidates_now(c));
}

enum status erasure_ask(struct candidates *c, const char *organisation, const char *person_id,
                        const char *why, struct erasure *out, struct err *err)
{
    size_t n = 0;
    *out = (struct erasure){.state = ERASURE_UNKNOWN};
    enum status s = candidates_load(c, &organisation, &person_id, 1, true, err);
    if (s != STATUS_OK) {
        return s;
    }
    (void)candidates_people(c, &n);
    if (n == 0) {
        candidates_abandon(c);
    } else if (nothing_stands(c)) {
        s = erase(c, organisation, person_id, why, out, err);
    } else {
        out->state = ERASURE_WAITS;
        s = mark_person(c, organisation, person_id, why, err);
    }
    return s;
}

enum status erasure_go_on(struct candidates *c, const char *organisation, const char *person_id,
                          struct erasure *out, struct err *err)
{
    size_t n = 0;
    const struct pg_result *r = NULL;
    *out = (struct erasure){.state = ERASURE_WAITS};
    enum status s = candidates_load(c, &organisation, &person_id, 1, true, err);
    if (s != STATUS_OK) {
        return s;
    }
    (void)candidates_people(c, &n);
    s = with_person(c, &look, organisation, person_id, &r, err);
    if (s == STATUS_OK && pg_rows(r) == 0) {
        out->state = ERASURE_DONE; /* by a purge, meanwhile */
    }
    if (s != STATUS_OK || pg_rows(r) == 0 || (n > 0 && !pg_bool(r, 0, 1))) {
        candidates_abandon(c);
        return s;
    }
    const char *why = arena_strdup(candidates_arena(c), pg_text(r, 0, 0));
    return erase(c, organisation, person_id, why, out, err);
}

enum status erasure_finish(struct candidates *c, size_t *erased, struct err *err)
{
    static const struct pg_stmt ready = {
        "erasure_ready",
        "select e.organisation, e.person_id from fact.erasure e where e.withdrawn_at is not null"
        " or not exists (select from fact.person p where p.organisation = e.organisation"
        "                and p.person_id = e.person_id)",
        NULL};
    const struct pg_result *r = NULL;
    enum status s = query_run(c->pg, &ready, NULL, &r, err);
    size_t n = s == STATUS_OK ? pg_rows(r) : 0;
    struct arena *a = arena_new(4096);
    const char **who = arena_array(a, 2 * n, sizeof *who);
    for (size_t i = 0; i < n; i++) {
        who[2 * i] = arena_strdup(a, pg_text(r, i, 0));
        who[2 * i + 1] = arena_strdup(a, pg_text(r, i, 1));
    }
    for (size_t i = 0; i < n && s == STATUS_OK; i++) {
        struct erasure e = {.state = ERASURE_WAITS};
        s = erasure_go_on(c, who[2 * i], who[2 * i + 1], &e, err);
        *erased += s == STATUS_OK && e.state == ERASURE_DONE ? 1 : 0;
        s = s == STATUS_RETRY ? STATUS_OK : s; /* busy: the next run */
    }
    arena_free(a);
    return s;
}
