#include "common/casefile/product_clock.h"

#include <stdlib.h>

#include "common/log.h"

#define STORE_EVERY_US (5 * US_PER_SECOND)

struct product_clock {
    struct clock *clock;
    struct pg *pg;
    struct instant floor;  /* the latest now known */
    struct instant stored; /* what this process last stored */
};

struct product_clock *product_clock_new(struct clock *c)
{
    struct product_clock *pc = calloc(1, sizeof *pc);
    if (pc == NULL) {
        abort();
    }
    *pc = (struct product_clock){.clock = c, .floor = INSTANT_NONE, .stored = INSTANT_NONE};
    return pc;
}

void product_clock_free(struct product_clock *pc)
{
    free(pc);
}

struct instant product_clock_now(struct product_clock *pc)
{
    struct instant now = clock_now(pc->clock);
    if (clock_is_file(pc->clock)) {
        return now;
    }
    if (now.us > pc->floor.us) {
        pc->floor = now;
    }
    return pc->floor;
}

static const struct pg_stmt rehearse = {
    "rehearse", "update ops.clock set rehearsal_at = $1 where rehearsal_at is distinct from $1",
    (const uint32_t[]){PG_TIMESTAMPTZ, 0}};

/* last_now of a rehearsal is not a time anybody lived through. */
static const struct pg_stmt end_rehearsal = {
    "end_rehearsal",
    "update ops.clock set rehearsal_at = null, last_now = null where rehearsal_at is not null",
    NULL};

static const struct pg_stmt read_last_now = {"read_last_now", "select last_now from ops.clock",
                                             NULL};

static const struct pg_stmt store_now = {
    "store_now", "update ops.clock set last_now = $1 where last_now is null or last_now < $1",
    (const uint32_t[]){PG_TIMESTAMPTZ, 0}};

static enum status run_with_now(struct product_clock *pc, const struct pg_stmt *stmt,
                                struct instant now, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_instant(&args, now);
    enum status s = pg_run(pc->pg, stmt, &args, err);
    pg_args_clear(&args);
    if (s == STATUS_OK) {
        pc->stored = now;
    }
    return s;
}

enum status product_clock_attach(struct product_clock *pc, struct pg *pg, struct err *err)
{
    pc->pg = pg;
    if (clock_is_file(pc->clock)) {
        log_warn(CLOCK_FILE, LOG_TEXT("msg", "time comes from a file: not for production"));
        return run_with_now(pc, &rehearse, product_clock_now(pc), err);
    }
    enum status s = pg_run(pg, &end_rehearsal, NULL, err);
    if (s == STATUS_OK) {
        s = pg_run(pg, &read_last_now, NULL, err);
    }
    if (s != STATUS_OK) {
        return s;
    }
    const struct pg_result *r = pg_result(pg, 0);
    struct instant last = pg_rows(r) == 1 ? pg_instant(r, 0, 0) : INSTANT_NONE;
    if (last.us > pc->floor.us) {
        pc->floor = last;
    }
    return STATUS_OK;
}

enum status product_clock_tick(struct product_clock *pc, struct err *err)
{
    struct instant now = product_clock_now(pc);
    if (clock_is_file(pc->clock)) {
        return now.us == pc->stored.us ? STATUS_OK : run_with_now(pc, &rehearse, now, err);
    }
    if (!instant_is_none(pc->stored) && now.us - pc->stored.us < STORE_EVERY_US) {
        return STATUS_OK;
    }
    return run_with_now(pc, &store_now, now, err);
}
