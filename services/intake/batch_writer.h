/* batch_writer - one database session and the batches that go through it: one being filled, one
 * being stored. A writer serves some of the partitions; it knows no Kafka. */
#ifndef SERVICES_INTAKE_BATCH_WRITER_H
#define SERVICES_INTAKE_BATCH_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/casefile/brake.h"
#include "common/casefile/caseload.h"
#include "common/casefile/ruleset.h"
#include "common/casefile/store.h"
#include "common/pg/pg.h"
#include "common/runtime/patience.h"
#include "services/intake/batch.h"
#include "services/intake/position.h"

/* How far a partition is: what the next batch moves on from. Shared by loop and writers. */
struct progress {
    int32_t partition;
    int64_t epoch;
    int64_t committed;   /* next_offset as the database has it; NO_OFFSET: not known yet */
    int64_t next_offset; /* what is to be read next; what comes below it is not ours any more */
    int64_t seen_end;    /* as the database has it; NO_OFFSET: none */
    bool held;
    bool ours; /* the group says so, even while the database is away */
};

enum batch_writer_state {
    BATCH_WRITER_IDLE,
    BATCH_WRITER_HOLDERS, /* asking who holds these records: of a careful batch all of them, else
                     those that are said to be no sickness and name nobody */
    BATCH_WRITER_LOADING,
    BATCH_WRITER_STORING,
    BATCH_WRITER_WAITING /* it failed, and is done again at again_at_ms */
};

struct batch_writer {
    struct pg *pg;
    enum batch_writer_state state;
    struct batch batch[2];
    struct batch *filling, *storing;
    /* The part of the stored batch that is in the transaction. It is all of it, unless the database
     * refused a value and the message at fault is being looked for. */
    size_t from, take;
    bool careful;   /* somebody worked on the same people, or a record is elsewhere: with locks this
                       time */
    unsigned tries; /* of this part, that failed */
    enum status failed; /* the last of them, BATCH_WRITER_WAITING: RETRY or REJECT */
    struct err refusal; /* the last failure that one value was at fault for */
    int64_t again_at_ms;
    bool alone;             /* one message, without the case of the person it is about */
    bool keep_raw;          /* the next batch keeps what a dead letter needs, of every message */
    bool given_up;          /* this message is made a dead letter */
    bool held;              /* neither of the two: the brake is on */
    struct trouble trouble; /* outlives batch_writer_drop: what is read again meets the same */
    int64_t aside_until_ms; /* somebody may be set aside: batches ask */
    bool asked_aside;
    struct instant now; /* of the batch */
    struct caseload caseload;
    struct advance *advances;
    size_t n_advances;
    struct store_counts counts;
    size_t n_stored, n_stale, n_ignored, n_dead;
    size_t dead_by_reason[REJECT_COUNT];
    size_t n_cut, n_left_out; /* members of absences that are not kept whole */
    size_t first_load_result;
    bool gone_sent;   /* gone_send added a result */
    int64_t began_ms; /* monotonic */
};

/* The context of a writer. */
struct batch_writer_context {
    const char *topic;
    const struct ruleset *rules;
    struct progress *progress; /* by partition number */
    size_t n_progress;
    struct brake *brake;
    struct instant now;
};

void batch_writer_init(struct batch_writer *l, struct pg *pg, size_t max_rows);
void batch_writer_clear(struct batch_writer *l);
void batch_writer_drop(struct batch_writer *l); /* forget both batches; the session is closed if
                                                   something was under way */

/* Takes what was filled and begins to store it. The writer is idle, the batch not empty. */
enum status batch_writer_begin(struct batch_writer *l, const struct batch_writer_context *around,
                               struct err *err) NODISCARD;

/* The session's socket is ready: the writer takes its next step. *done: the batch (or the part of
 * it) is committed, its counts are in the writer and progress was moved; batch_writer_more() says
 * whether a part is left. A status other than OK: nothing is committed, or (STATUS_RESYNC) it is
 * unknown. */
enum status batch_writer_step(struct batch_writer *l, const struct batch_writer_context *around,
                              bool *done, struct err *err) NODISCARD;

/* A step failed with STATUS_RETRY or STATUS_REJECT: the writer waits until again_at_ms. Then the
 * session is connected and batch_writer_again repeats it. After three tries of a refused value it
 * takes half as many messages. At last it leaves out the one person's case, or makes the one
 * message a dead letter, if the brake lets it. This needs the messages as they came:
 * batch_writer_needs_raw. */
void batch_writer_failed(struct batch_writer *l, enum status s, const struct err *why);
bool batch_writer_needs_raw(const struct batch_writer *l);
enum status batch_writer_again(struct batch_writer *l, const struct batch_writer_context *around,
                               struct err *err) NODISCARD;

/* A part of the storing batch is left after a commit: begins it. */
bool batch_writer_has_more(const struct batch_writer *l);
enum status batch_writer_more(struct batch_writer *l, const struct batch_writer_context *around,
                              struct err *err) NODISCARD;

#endif
