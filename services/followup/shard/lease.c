/* The database's clock alone decides whether a lease has run out. An epoch rises unless the same
 * owner renews with the same epoch. lease_send() sends in the order of the LEASE_ numbers, by which
 * the answers are found. */
#include "services/followup/shard/lease.h"

#include "common/casefile/product_clock.h"
#include "common/casefile/schema.h"

#define WAIT_MS 3000
#define OLD_S 300 /* a transaction of a clinician's */

static const struct pg_stmt make_shards = {
    "make_shards",
    "insert into followup.shard (shard, owner, epoch, until, next_batch, confirmed_batch)"
    " select s, '', 0, '-infinity', 1, 0 from unnest($1::int4[]) as s order by s"
    " on conflict do nothing",
    (const uint32_t[]){PG_INT4_ARRAY, 0}};

static const struct pg_stmt renew = {
    "renew_leases",
    "update followup.shard s set owner = $1, until = clock_timestamp() + interval '10 s',"
    " epoch = s.epoch + case when s.owner = $1 and s.epoch = k.epoch then 0 else 1 end"
    " from unnest($2::int4[], $3::int8[]) as k (shard, epoch)"
    " where s.shard = k.shard"
    " and (s.owner = $1 and s.epoch = k.epoch or s.until < clock_timestamp())"
    " returning s.shard, s.epoch, s.next_batch, s.confirmed_batch,"
    " exists (select from followup.recovery r where r.shard = s.shard)",
    (const uint32_t[]){PG_TEXT, PG_INT4_ARRAY, PG_INT8_ARRAY, 0}};

static const struct pg_stmt look = {
    "look_around",
    "select e.paused, r.serial,"
    " least((select min(p.next_wake_at) from fact.person p where p.next_wake_at > $1),"
    " (select min(p.oh_wake_at) from fact.person p where p.oh_wake_at > $1))"
    " from ops.emission e, fact.ruleset r",
    (const uint32_t[]){PG_TIMESTAMPTZ, 0}};

static const struct pg_stmt end_old = {"end_old", "select ops.end_old_transactions($1)",
                                       (const uint32_t[]){PG_INT4, 0}};

/* For the metrics; in a rush it costs more than the rest. Tasks only where a day is given. */
static const struct pg_stmt count_due = {
    "count_due",
    "select (select count(*) from (select from fact.person p where p.next_wake_at <= $1 limit 10000) d)"
    " + (select count(*) from (select from fact.person p where p.oh_wake_at <= $1"
    " and not coalesce(p.next_wake_at <= $1, false) limit 10000) d)"
    " + (select count(*) from (select distinct organisation, person_id from"
    " (select * from followup.wake_up limit 10000) w) d),"
    " coalesce(greatest(0, extract(epoch from $1 - least("
    " (select min(p.next_wake_at) from fact.person p where p.next_wake_at between '2000-01-01' and $1),"
    " (select min(p.oh_wake_at) from fact.person p where p.oh_wake_at between '2000-01-01' and $1)"
    ")))::int8, 0),"
    " case when $2 is not null then t.open end, t.overdue,"
    " (select count(*) from casework.set_aside) from (select count(*) as open, count(*) filter (where s.due_date < $2) as overdue"
    " from casework.spell s where s.state = 'open' and $2 is not null) t",
    (const uint32_t[]){PG_TIMESTAMPTZ, PG_DATE, 0}};

static const struct pg_stmt rehearse = {
    "rehearse_on", "update ops.clock set rehearsal_at = $1 where rehearsal_at is distinct from $1",
    (const uint32_t[]){PG_TIMESTAMPTZ, 0}};

static const struct pg_stmt give_back = {
    "give_back", "update followup.shard set until = '-infinity' where owner = $1",
    (const uint32_t[]){PG_TEXT, 0}};

static void shards_arg(struct pg_args *args, const struct lease *l, size_t n)
{
    pg_array_begin(args, PG_INT4);
    for (size_t i = 0; i < n; i++) {
        pg_array_i32(args, l[i].shard);
    }
    pg_array_end(args);
}

static const struct pg_stmt look_at_shards = {
    "look_at_shards", "select shard, next_batch, confirmed_batch from followup.shard", NULL};

enum status lease_look(struct pg *pg, struct lease *l, size_t n, struct err *err)
{
    pg_send(pg, &look_at_shards, NULL);
    enum status s = pg_finish(pg, WAIT_MS, err);
    if (s != STATUS_OK) {
        return s;
    }
    const struct pg_result *r = pg_result(pg, 0);
    for (size_t i = 0; i < n; i++) {
        l[i].next_batch = l[i].confirmed_batch = 0;
        for (size_t row = 0; row < pg_rows(r); row++) {
            if (l[i].shard == pg_i64(r, row, 0)) {
                l[i].next_batch = pg_i64(r, row, 1);
                l[i].confirmed_batch = pg_i64(r, row, 2);
            }
        }
    }
    return STATUS_OK;
}

static const struct pg_stmt recover = {"recover_shard", "select followup.recover($1, $2, $3)",
                                       (const uint32_t[]){PG_INT4, PG_INT8, PG_INT8, 0}};

enum status lease_recover(struct pg *pg, int32_t shard, int64_t epoch, int64_t position,
                          struct err *err)
{
    struct pg_args args = {0};
    pg_arg_i32(&args, shard);
    pg_arg_i64(&args, epoch);
    if (position < 0) {
        pg_arg_null(&args);
    } else {
        pg_arg_i64(&args, position);
    }
    pg_send(pg, &recover, &args);
    pg_args_clear(&args);
    return pg_finish(pg, WAIT_MS, err);
}

enum status lease_attach(struct pg *pg, const struct lease *l, size_t n, struct err *err)
{
    struct pg_args args = {0};
    shards_arg(&args, l, n);
    pg_send(pg, &make_shards, &args);
    pg_args_clear(&args);
    return pg_finish(pg, WAIT_MS, err);
}

static void send_with_now(struct pg *pg, const struct pg_stmt *stmt, struct instant now)
{
    struct pg_args args = {0};
    pg_arg_instant(&args, now);
    pg_send(pg, stmt, &args);
    pg_args_clear(&args);
}

static void send_count(struct pg *pg, struct instant now, struct date tasks_on)
{
    struct pg_args args = {0};
    pg_arg_instant(&args, now);
    pg_arg_date(&args, tasks_on);
    pg_send(pg, &count_due, &args);
    pg_args_clear(&args);
    pg_arg_i32(&args, OLD_S);
    pg_send(pg, &end_old, &args);
    pg_args_clear(&args);
}

enum status lease_send(struct pg *pg, const char *owner, const struct lease *l, size_t n,
                       struct instant now, enum lease_clock store, bool count, struct date tasks_on,
                       struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, owner);
    shards_arg(&args, l, n);
    pg_array_begin(&args, PG_INT8);
    for (size_t i = 0; i < n; i++) {
        pg_array_i64(&args, l[i].epoch);
    }
    pg_array_end(&args);
    pg_send(pg, &renew, &args);
    pg_args_clear(&args);
    send_with_now(pg, &look, now);
    pg_send(pg, &product_clock_ask, NULL);
    pg_send(pg, &schema_ask, NULL);
    if (count) {
        send_count(pg, now, tasks_on);
    }
    if (store != LEASE_CLOCK_NOTHING) {
        send_with_now(pg, store == LEASE_CLOCK_REHEARSAL ? &rehearse : &product_clock_store, now);
    }
    return pg_flush(pg, err);
}

void lease_take(const struct pg *pg, struct lease *l, size_t n, bool count, struct situation *out)
{
    for (size_t i = 0; i < n; i++) {
        l[i].epoch = NO_EPOCH;
    }
    const struct pg_result *r = pg_result(pg, LEASE_RENEWED);
    for (size_t row = 0; row < pg_rows(r); row++) {
        for (size_t i = 0; i < n; i++) {
            if (l[i].shard == pg_i64(r, row, 0)) {
                l[i].epoch = pg_i64(r, row, 1);
                l[i].next_batch = pg_i64(r, row, 2);
                l[i].confirmed_batch = pg_i64(r, row, 3);
                l[i].may_recover = pg_bool(r, row, 4);
            }
        }
    }
    r = pg_result(pg, LEASE_LOOKED);
    out->paused = false;
    out->ruleset_serial = 0;
    out->next_wake = INSTANT_NONE;
    out->transactions_ended = 0;
    if (pg_rows(r) == 1) {
        out->paused = pg_bool(r, 0, 0);
        out->ruleset_serial = (int32_t)pg_i64(r, 0, 1);
        out->next_wake = pg_instant(r, 0, 2);
    }
    if (count) {
        r = pg_result(pg, LEASE_COUNTED);
        out->people_due = pg_i64(r, 0, 0);
        out->oldest_due_s = pg_i64(r, 0, 1);
        out->aside = pg_i64(r, 0, 4);
        if (!pg_is_null(r, 0, 2)) {
            out->tasks_open = pg_i64(r, 0, 2);
            out->tasks_overdue = pg_i64(r, 0, 3);
        }
        out->transactions_ended = pg_i64(pg_result(pg, LEASE_ENDED), 0, 0); /* null: 0 */
    }
}

enum status lease_give_back(struct pg *pg, const char *owner, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, owner);
    pg_send(pg, &give_back, &args);
    pg_args_clear(&args);
    return pg_finish(pg, WAIT_MS, err);
}
