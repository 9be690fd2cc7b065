/* lane - one database session and the batches that go through it: one being filled, one being
 * stored. A lane serves some of the partitions; it knows no Kafka. */
#ifndef INTAKE_LANE_H
#define INTAKE_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/casefile/caseload.h"
#include "common/casefile/ruleset.h"
#include "common/casefile/store.h"
#include "common/pg.h"
#include "services/intake/batch.h"
#include "services/intake/position.h"

/* How far a partition is: what the next batch moves on from. Shared by loop and lanes. */
struct progress {
    int32_t partition;
    int64_t epoch;
    int64_t committed;   /* next_offset as the database has it */
    int64_t next_offset; /* what is to be read next; what comes below it is not ours any more */
    bool held;
    bool ours; /* the group says so, even while the database cannot be told */
};

enum lane_state {
    LANE_IDLE,
    LANE_HOLDERS, /* asking who else holds these records (careful batches only) */
    LANE_LOADING,
    LANE_STORING
};

struct lane {
    struct pg *pg;
    enum lane_state state;
    struct batch batch[2];
    struct batch *filling, *storing;
    /* The part of the storing batch that is in the transaction: all of it, unless the database
     * refused a value and the guilty message is being looked for. */
    size_t from, take;
    bool careful; /* somebody worked on the same people, or a record is elsewhere: with locks this
                     time */
    unsigned tries;
    struct caseload caseload;
    struct advance *advances;
    size_t n_advances;
    struct store_counts counts;
    size_t n_stored, n_stale, n_ignored, n_dead;
    size_t dead_by_reason[REJECT_COUNT];
    size_t first_load_result;
    int64_t began_ms; /* monotonic */
};

/* What a lane needs from around it. */
struct lane_around {
    const char *topic;
    const struct ruleset *rules;
    struct progress *progress; /* by partition number */
    size_t n_progress;
    struct instant now;
};

void lane_init(struct lane *l, struct pg *pg, size_t max_rows);
void lane_clear(struct lane *l);
void lane_drop(
    struct lane *l); /* forget both batches; the session is closed if something was under way */

/* Takes what was filled and begins to store it. The lane is idle, the batch not empty. */
enum status lane_begin(struct lane *l, const struct lane_around *around, struct err *err) NODISCARD;

/* The session's socket is ready: goes on. *done: the batch (or the part of it) is committed, its
 * counts stand in the lane and progress was moved; lane_more() tells whether a part is left. A
 * status other than OK: nothing of it is committed, or (STATUS_RESYNC) nobody knows. */
enum status lane_step(struct lane *l, const struct lane_around *around, bool *done,
                      struct err *err) NODISCARD;

/* After a failed step: the same again (STATUS_RETRY), or with half as many messages (STATUS_REJECT:
 * a single one is made a dead letter). The session is connected. */
enum status lane_again(struct lane *l, const struct lane_around *around, enum status why,
                       struct err *err) NODISCARD;

/* A part of the storing batch is left after a commit: begins it. */
bool lane_has_more(const struct lane *l);
enum status lane_more(struct lane *l, const struct lane_around *around, struct err *err) NODISCARD;

#endif
