/* lease - which process works on which shard, by the database's clock, and what the installation
 * publishes about itself each second. A short pipeline, not waited for. */
#ifndef SERVICES_FOLLOWUP_SHARD_LEASE_H
#define SERVICES_FOLLOWUP_SHARD_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/date.h"
#include "common/base/err.h"
#include "common/pg/pg.h"

#define NO_EPOCH (-1)

/* Which results of the pipeline are those of product_clock_ask and schema_ask. */
enum { LEASE_RENEWED, LEASE_LOOKED, LEASE_CLOCK, LEASE_SCHEMA, LEASE_COUNTED, LEASE_ENDED };

struct lease {
    int32_t shard;
    int64_t epoch; /* NO_EPOCH: not ours */
    /* As the answer had it, of a shard that is ours. */
    int64_t next_batch, confirmed_batch;
    bool may_recover; /* an operator lets it continue from a position that does not agree */
};

struct situation {
    bool paused;                       /* the emission is */
    int32_t ruleset_serial;            /* in force */
    struct instant next_wake;          /* of anybody, after the now that was asked with; NONE */
    int64_t people_due;                /* by that now; counted up to 10,000 */
    int64_t oldest_due_s;              /* how long the first of them has been */
    int64_t tasks_open, tasks_overdue; /* as last counted */
    int64_t transactions_ended;        /* of clinicians, left open for too long: with this answer */
    int64_t aside;                     /* people who are set aside */
};

/* Waiting, and before anything is written: the counters of all shards as the database has them;
 * zero where it has none. */
enum status lease_look(struct pg *pg, struct lease *l, size_t n, struct err *err) NODISCARD;
/* Waits. Continues from a position that does not agree (see followup.recover); NO_POSITION is given
 * as null. */
enum status lease_recover(struct pg *pg, int32_t shard, int64_t epoch, int64_t position,
                          struct err *err) NODISCARD;

/* Once a session, waiting: makes rows for the shards that have none. */
enum status lease_attach(struct pg *pg, const struct lease *l, size_t n, struct err *err) NODISCARD;

/* Sends and flushes: renews our shards and takes free ones. store: the now to write to ops.clock.
 * count: also counts due people, and ends old transactions. tasks_on: the day for which tasks are
 * counted too, or NONE. */
enum lease_clock { LEASE_CLOCK_NOTHING, LEASE_CLOCK_REHEARSAL, LEASE_CLOCK_LAST_NOW };
enum status lease_send(struct pg *pg, const char *owner, const struct lease *l, size_t n,
                       struct instant now, enum lease_clock store, bool count, struct date tasks_on,
                       struct err *err) NODISCARD;
/* After pg_poll said done: epochs as they are now, NO_EPOCH where somebody else holds the shard. */
void lease_take(const struct pg *pg, struct lease *l, size_t n, bool count, struct situation *out);

/* Waiting, on the way out: whoever stands by need not wait for the lease to run out. */
enum status lease_give_back(struct pg *pg, const char *owner, struct err *err) NODISCARD;

#endif
