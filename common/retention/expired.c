/* Each statement is a transaction of its own, so that no run holds locks for long. Turns that a
 * session has locked are left for the next run, since a person may be at the task. */
#include "common/retention/expired.h"

#include "common/retention/query.h"

#define LETTERS_AT_ONCE 500
#define ENTRIES_AT_ONCE 500

/* ---- digests, turns, requests ---- */

static const struct pg_stmt count_digests = {
    "expired_digests_count",
    "select count(*) from fact.gone g where (g.gone_month + interval '1 month')::date + $1 < $2",
    (const uint32_t[]){PG_INT4, PG_DATE, 0}};
static const struct pg_stmt drop_digests = {
    "expired_digests",
    "with d as (delete from fact.gone g where (g.gone_month + interval '1 month')::date + $1 < $2"
    " returning 1) select count(*) from d",
    (const uint32_t[]){PG_INT4, PG_DATE, 0}};

enum status expired_digests(struct pg *pg, int days, struct date today, bool dry_run, int64_t *n,
                            struct err *err)
{
    struct pg_args args = {0};
    const struct pg_result *r = NULL;
    pg_arg_i32(&args, days);
    pg_arg_date(&args, today);
    enum status s = query_run(pg, dry_run ? &count_digests : &drop_digests, &args, &r, err);
    *n = s == STATUS_OK ? pg_i64(r, 0, 0) : 0;
    pg_args_clear(&args);
    return s;
}

enum status expired_turns(struct pg *pg, struct err *err)
{
    static const struct pg_stmt drop = {
        "expired_turns",
        "delete from oh.task_turn t where t.task_id in (select x.task_id from oh.task_turn x"
        " where not exists (select from casework.spell s where s.spell_id = x.task_id)"
        " limit 1000 for update skip locked)",
        NULL};
    return query_run(pg, &drop, NULL, NULL, err);
}

enum status expired_requests(struct pg *pg, struct err *err)
{
    static const struct pg_stmt drop = {
        "expired_requests", "delete from oh.request r where r.at < oh.now() - interval '24 hours'",
        NULL};
    return query_run(pg, &drop, NULL, NULL, err);
}

/* ---- dead letters ---- */

static const struct pg_stmt count_dead_letters = {
    "expired_dead_letters_count",
    "select count(*) filter (where published_batch is not null),"
    " count(*) filter (where published_batch is null)"
    " from intake.dead_letter where received_at < $1",
    (const uint32_t[]){PG_TIMESTAMPTZ, 0}};

/* Their number by month is kept for the report. */
static const struct pg_stmt drop_dead_letters = {
    "expired_dead_letters",
    "with d as (delete from intake.dead_letter l using"
    " (select x.topic, x.partition, x.\"offset\" from intake.dead_letter x"
    "  where x.received_at < $1 and x.published_batch is not null"
    "  order by x.topic, x.partition, x.\"offset\" limit $2) k"
    " where l.topic = k.topic and l.partition = k.partition and l.\"offset\" = k.\"offset\""
    " returning coalesce(l.organisation, '') as organisation,"
    " date_trunc('month', l.received_at at time zone oh.time_zone())::date as month),"
    " t as (insert into report.letters_purged as p (organisation, month, letters)"
    " select d.organisation, d.month, count(*) from d group by 1, 2 order by 1, 2"
    " on conflict (organisation, month) do update set letters = p.letters + excluded.letters)"
    " select count(*) from d",
    (const uint32_t[]){PG_TIMESTAMPTZ, PG_INT8, 0}};

static enum status drop_in_pieces(struct pg *pg, const struct pg_stmt *drop,
                                  const struct pg_args *args, expired_pause *pause, int64_t *n,
                                  struct err *err)
{
    const struct pg_result *r = NULL;
    int64_t dropped = 1;
    enum status s = STATUS_OK;
    *n = 0;
    while (s == STATUS_OK && dropped > 0) {
        s = query_run(pg, drop, args, &r, err);
        dropped = s == STATUS_OK ? pg_i64(r, 0, 0) : 0;
        *n += dropped;
        pause();
    }
    return s;
}

enum status expired_dead_letters(struct pg *pg, struct instant before, bool dry_run,
                                 expired_pause *pause, int64_t *n, int64_t *waiting,
                                 struct err *err)
{
    struct pg_args args = {0};
    const struct pg_result *r = NULL;
    pg_arg_instant(&args, before);
    enum status s = query_run(pg, &count_dead_letters, &args, &r, err);
    if (s == STATUS_OK) {
        *n = pg_i64(r, 0, 0);
        *waiting = pg_i64(r, 0, 1);
    }
    if (s == STATUS_OK && !dry_run) {
        pg_arg_i64(&args, LETTERS_AT_ONCE);
        s = drop_in_pieces(pg, &drop_dead_letters, &args, pause, n, err);
    }
    pg_args_clear(&args);
    return s;
}

/* ---- the audit ---- */

static const struct pg_stmt count_entries = {"expired_entries_count", "select audit.purgeable()",
                                             NULL};
static const struct pg_stmt drop_entries = {"expired_entries", "select audit.purge_oldest($1)",
                                            (const uint32_t[]){PG_INT4, 0}};

enum status expired_audit(struct pg *pg, bool dry_run, expired_pause *pause, int64_t *n,
                          struct err *err)
{
    struct pg_args args = {0};
    const struct pg_result *r = NULL;
    enum status s = STATUS_OK;
    if (dry_run) {
        s = query_run(pg, &count_entries, NULL, &r, err);
        *n = s == STATUS_OK ? pg_i64(r, 0, 0) : 0;
        return s;
    }
    pg_arg_i32(&args, ENTRIES_AT_ONCE);
    s = drop_in_pieces(pg, &drop_entries, &args, pause, n, err);
    pg_args_clear(&args);
    return s;
}
