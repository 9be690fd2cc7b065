/* lease - who works on which shard, by the database's clock, and what the rest of the installation
 * wants to be known each second. One short pipeline, not waited for. */
#ifndef FOLLOWUP_LEASE_H
#define FOLLOWUP_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/date.h"
#include "common/err.h"
#include "common/pg.h"

#define NO_EPOCH (-1)

struct lease {
    int32_t shard;
    int64_t epoch; /* NO_EPOCH: not ours */
    /* As the answer had it, of a shard that is ours. */
    int64_t next_batch, confirmed_batch;
};

struct situation {
    bool paused;                       /* the emission is */
    int32_t ruleset_serial;            /* in force */
    struct instant next_wake;          /* of anybody, after the now that was asked with; NONE */
    int64_t people_due;                /* by that now; counted up to 10,000 */
    int64_t oldest_due_s;              /* how long the first of them has been */
    int64_t tasks_open, tasks_overdue; /* as last counted */
};

/* Once a session, waiting: makes rows for the shards that have none, listens for hints. */
enum status lease_attach(struct pg *pg, const struct lease *l, size_t n, struct err *err) NODISCARD;

/* Sends and flushes: renews what is ours, takes what nobody holds. store: what ops.clock is to be
 * told of now. count: also who is due; tasks_on: the day it is, to count tasks too, or NONE. */
enum lease_clock { LEASE_CLOCK_NOTHING, LEASE_CLOCK_REHEARSAL, LEASE_CLOCK_LAST_NOW };
enum status lease_send(struct pg *pg, const char *owner, const struct lease *l, size_t n,
                       struct instant now, enum lease_clock store, bool count, struct date tasks_on,
                       struct err *err) NODISCARD;
/* After pg_poll said done: epochs as they are now, NO_EPOCH where somebody else holds the shard. */
void lease_take(const struct pg *pg, struct lease *l, size_t n, bool count, struct situation *out);

/* Waiting, on the way out: whoever stands by need not wait for the lease to run out. */
enum status lease_give_back(struct pg *pg, const char *owner, struct err *err) NODISCARD;

#endif
