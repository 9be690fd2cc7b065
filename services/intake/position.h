/* position - the SQL that is intake's alone: how far each partition was taken in, the dead letters,
 * when each feed was last heard of. Knows nothing of Kafka. */
#ifndef INTAKE_POSITION_H
#define INTAKE_POSITION_H

#include "common/date.h"
#include "common/err.h"
#include "common/pg.h"
#include "services/intake/batch.h"

/* Takes the partitions over, waiting: raises their epoch, so that whoever had them is fenced, and
 * fills in next_offset and epoch. */
enum status position_take_over(struct pg *pg, const char *topic, const char *owner,
                               struct source_partition *p, size_t n, struct err *err) NODISCARD;

/* One partition's part in a batch. */
struct advance {
    int32_t partition;
    int64_t expected, epoch, next;
};
/* Into a pipeline: moves the positions, or fails the transaction with CT001. */
enum status position_send_advance(struct pg *pg, const char *topic, const struct advance *a,
                                  size_t n, struct err *err) NODISCARD;

/* Into a pipeline: the dead letters among the messages (none: nothing is sent). */
enum status position_send_dead(struct pg *pg, const char *topic, const struct batch_message *m,
                               size_t n, struct instant now, struct err *err) NODISCARD;

/* Into a pipeline: organisations that sent something valid (none: nothing is sent). */
enum status position_send_feeds(struct pg *pg, const char *topic, const struct batch_message *m,
                                size_t n, struct instant now, struct err *err) NODISCARD;

#endif
