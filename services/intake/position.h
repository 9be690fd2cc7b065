/* position - the SQL that is intake's alone: how far each partition was taken in, the dead letters,
 * when each feed was last heard of. Knows nothing of Kafka. */
#ifndef SERVICES_INTAKE_POSITION_H
#define SERVICES_INTAKE_POSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/date.h"
#include "common/base/err.h"
#include "common/pg/pg.h"
#include "services/intake/batch.h"

/* Waits. Takes the partitions over: raises their epoch, which fences the earlier owner, applies
 * operators' requests, and fills in all but partition and found_start. An unknown position becomes
 * found_start, if that is known. */
enum status position_take_over(struct pg *pg, const char *topic, const char *owner,
                               struct source_partition *p, size_t n, struct err *err) NODISCARD;

/* The end of a partition, all before which was taken in. */
struct seen_end {
    int32_t partition;
    int64_t epoch, next, end;
};
/* Notes them, waiting; of a partition that is not ours any more, or has moved on, nothing. */
enum status position_note_ends(struct pg *pg, const char *topic, const struct seen_end *e, size_t n,
                               struct err *err) NODISCARD;

/* A partition's part in a batch. */
struct advance {
    int32_t partition;
    int64_t expected, epoch, next; /* expected NO_OFFSET: not known yet */
    const uint8_t *mark;           /* of the record before next; NULL: keep an earlier one's */
};
/* Into a pipeline: moves the positions, or fails the transaction with CT001. */
void position_send_advance(struct pg *pg, const char *topic, const struct advance *a, size_t n);

/* Waiting: whether an operator asked for another position of one of these. */
enum status position_requested(struct pg *pg, const char *topic, const int32_t *partitions,
                               size_t n, bool *out, struct err *err) NODISCARD;

/* Into a pipeline: the dead letters among the messages (none: nothing is sent). */
void position_send_dead(struct pg *pg, const char *topic, const struct batch_message *m, size_t n,
                        struct instant now);

/* Into a pipeline: organisations and sources that sent something valid (none: nothing is sent). */
void position_send_feeds(struct pg *pg, const char *topic, const struct batch_message *m, size_t n,
                         struct instant now);

/* Into a pipeline: the newest heartbeat of each source (none: nothing is sent). */
void position_send_heartbeats(struct pg *pg, const struct batch_message *m, size_t n,
                              struct instant now);

#endif
