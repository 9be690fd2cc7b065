/* The service asks the database with each batch and each tick. product_clock_heard() compares, and
 * moves the floor below which `now` does not fall. If the clocks are apart, `now` stays at the
 * last agreed instant and the service stores nothing. */
#include "common/casefile/product_clock.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/err_code.h"
#include "common/base/mem.h"
#include "common/runtime/log.h"

#define STORE_EVERY_US (5 * US_PER_SECOND)
#define AHEAD_US US_PER_SECOND /* of the database's clock: others do not get there alone */

struct product_clock {
    struct clock *clock;
    struct pg *pg;
    int64_t bound_us;
    struct instant floor;  /* the latest now known */
    struct instant stored; /* what this process last stored */
    int64_t offset_us;     /* wall clock - time since boot, when the clocks last agreed */
    bool anchored;         /* offset_us is known */
    struct instant heard;  /* the database's clock, when it was last asked */
    int64_t accepted;      /* what ops.clock had when it was; an operator raises it */
    bool apart;            /* by the last answer of the database */
    struct err why;
};

struct product_clock *product_clock_new(struct clock *c, int64_t apart_seconds)
{
    struct product_clock *pc = mem_alloc(sizeof *pc);
    *pc = (struct product_clock){.clock = c,
                                 .bound_us = apart_seconds * US_PER_SECOND,
                                 .floor = INSTANT_NONE,
                                 .stored = INSTANT_NONE,
                                 .heard = INSTANT_NONE};
    return pc;
}

void product_clock_free(struct product_clock *pc)
{
    free(pc);
}

static int64_t wall_offset_us(void)
{
    return clock_wall().us - clock_boot_us();
}

/* How far somebody has set the wall clock since the clocks last agreed. */
static int64_t stepped_us(const struct product_clock *pc)
{
    return pc->anchored ? wall_offset_us() - pc->offset_us : 0;
}

static bool is_far(const struct product_clock *pc, int64_t us)
{
    return us > pc->bound_us || us < -pc->bound_us;
}

struct instant product_clock_now(struct product_clock *pc)
{
    struct instant now = clock_now(pc->clock);
    if (clock_is_file(pc->clock)) {
        return now;
    }
    if (!pc->anchored) {
        return now; /* nothing is done with it before the clocks were compared */
    }
    if (now.us > pc->floor.us && !pc->apart && !is_far(pc, stepped_us(pc))) {
        pc->floor = now;
    }
    return pc->floor;
}

/* ---- are they apart? ---- */

static enum status say_apart(struct err *err, const char *one, const char *other, int64_t us)
{
    return err_set(err, STATUS_RESYNC, ERR_CLOCK_APART,
                   "%s is %" PRId64 " s %s %s: nothing is stored or published until they agree; "
                   "doc/operations.md, \"DayfourClockApart\"",
                   one, (us < 0 ? -us : us) / US_PER_SECOND, us > 0 ? "ahead of" : "behind", other);
}

enum status product_clock_check(struct product_clock *pc, struct err *err)
{
    if (clock_is_file(pc->clock)) {
        return STATUS_OK;
    }
    if (pc->apart) {
        return err_set(err, STATUS_RESYNC, pc->why.code, "%s", pc->why.text);
    }
    int64_t us = stepped_us(pc);
    return is_far(pc, us)
               ? say_apart(err, "this machine's clock", "the time since it was started", us)
               : STATUS_OK;
}

static enum status compare(const struct product_clock *pc, struct instant database,
                           struct instant last, struct err *err)
{
    struct instant wall = clock_wall();
    if (is_far(pc, wall.us - database.us)) {
        return say_apart(err, "this machine's clock", "the database's", wall.us - database.us);
    }
    if (instant_is_none(last)) {
        return STATUS_OK;
    }
    if (last.us - database.us > pc->bound_us) {
        return say_apart(err, "the last now stored", "the database's clock", last.us - database.us);
    }
    if (last.us - wall.us > pc->bound_us) {
        return say_apart(err, "the last now stored", "this machine's clock", last.us - wall.us);
    }
    return STATUS_OK;
}

const struct pg_stmt product_clock_ask = {
    "product_clock_ask", "select clock_timestamp(), c.last_now, c.accepted from ops.clock c", NULL};

enum status product_clock_heard(struct product_clock *pc, const struct pg_result *r,
                                struct err *err)
{
    if (clock_is_file(pc->clock) || pg_rows(r) != 1) {
        return STATUS_OK;
    }
    struct instant last = pg_instant(r, 0, 1);
    int64_t accepted = pg_i64(r, 0, 2);
    pc->heard = pg_instant(r, 0, 0);
    pc->apart = compare(pc, pc->heard, last, &pc->why) != STATUS_OK;
    if (!pc->apart && (!pc->anchored || accepted != pc->accepted)) {
        pc->offset_us = wall_offset_us();
        if (pc->anchored) {
            pc->floor = INSTANT_NONE; /* what was believed before may be what was wrong */
        }
        pc->anchored = true;
        pc->accepted = accepted;
    }
    enum status s = product_clock_check(pc, err);
    if (s == STATUS_OK && last.us > pc->floor.us) {
        pc->floor = last;
    }
    return s;
}

/* ---- the database ---- */

static const struct pg_stmt rehearse = {
    "rehearse", "update ops.clock set rehearsal_at = $1 where rehearsal_at is distinct from $1",
    (const uint32_t[]){PG_TIMESTAMPTZ, 0}};

/* last_now of a rehearsal is not a time anybody lived through. */
static const struct pg_stmt end_rehearsal = {
    "end_rehearsal",
    "update ops.clock set rehearsal_at = null, last_now = null where rehearsal_at is not null",
    NULL};

/* An operator may have the row locked for any time (ops.accept_clock): then nothing is stored, and
 * the answer is 0. */
const struct pg_stmt product_clock_store = {
    "product_clock_store",
    "with free as (select x.one from ops.clock x for update skip locked),"
    " u as (update ops.clock c set last_now = $1 from free where c.one = free.one"
    " and (c.last_now is null or c.last_now < $1)"
    " and $1 <= clock_timestamp() + interval '5 min' returning 1)"
    " select count(*) from free",
    (const uint32_t[]){PG_TIMESTAMPTZ, 0}};

static enum status run_with_now(struct product_clock *pc, const struct pg_stmt *stmt,
                                struct instant now, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_instant(&args, now);
    enum status s = pg_run(pc->pg, stmt, &args, err);
    pg_args_clear(&args);
    bool left_out =
        stmt == &product_clock_store && s == STATUS_OK && pg_i64(pg_result(pc->pg, 0), 0, 0) == 0;
    if (s == STATUS_OK && !left_out) {
        pc->stored = now;
    }
    return s;
}

static enum status ask(struct product_clock *pc, struct err *err)
{
    enum status s = pg_run(pc->pg, &product_clock_ask, NULL, err);
    return s == STATUS_OK ? product_clock_heard(pc, pg_result(pc->pg, 0), err) : s;
}

enum status product_clock_attach(struct product_clock *pc, struct pg *pg, struct err *err)
{
    pc->pg = pg;
    if (clock_is_file(pc->clock)) {
        log_warn(CLOCK_FILE, LOG_TEXT("msg", "time comes from a file: not for production"));
        return run_with_now(pc, &rehearse, product_clock_now(pc), err);
    }
    enum status s = pg_run(pg, &end_rehearsal, NULL, err);
    return s == STATUS_OK ? ask(pc, err) : s;
}

/* This service writes people as due at its now. Others see them once their own now is as late. So a
 * now is stored at once if others do not reach it within a second. Then our clock is ahead of the
 * database's, or it was set back and `now` stands. */
static bool must_store(const struct product_clock *pc, struct instant now)
{
    if (instant_is_none(pc->stored) || now.us - pc->stored.us >= STORE_EVERY_US) {
        return true;
    }
    bool ahead = now.us > pc->heard.us + AHEAD_US;
    bool stands = now.us > clock_wall().us;
    return now.us > pc->stored.us && (ahead || stands);
}

enum status product_clock_tick(struct product_clock *pc, struct err *err)
{
    if (clock_is_file(pc->clock)) {
        struct instant now = product_clock_now(pc);
        return now.us == pc->stored.us ? STATUS_OK : run_with_now(pc, &rehearse, now, err);
    }
    enum status s = ask(pc, err);
    struct instant now = product_clock_now(pc);
    return s == STATUS_OK && must_store(pc, now) ? run_with_now(pc, &product_clock_store, now, err)
                                                 : s;
}
