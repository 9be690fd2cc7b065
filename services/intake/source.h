/* source - the topic of absence events: membership of the group, messages in order, nothing stored
 * here. What was read and from where to go on is the database's business, asked for at each
 * assignment. */
#ifndef INTAKE_SOURCE_H
#define INTAKE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/err.h"
#include "common/event/inbound.h"

struct source;

struct source_partition {
    int32_t partition;
    int64_t next_offset; /* to be read next; 0: nothing read yet, so the earliest there is */
    int64_t epoch;
};

struct source_message {
    int32_t partition;
    int64_t offset;
    struct raw_record raw; /* borrowed for the call */
    const void *key;       /* NULL: none */
    size_t key_len;
};

struct source_events {
    /* These partitions are ours: take them over, fill in next_offset and epoch. Not STATUS_OK: not
     * now; the source keeps them and source_restart() asks again. */
    enum status (*assigned)(void *arg, struct source_partition *p, size_t n, struct err *err);
    /* All partitions are gone, or about to be assigned anew: forget what is under way. lost:
     * without warning. */
    void (*revoked)(void *arg, bool lost);
    void (*message)(void *arg, const struct source_message *m);
    void *arg;
};

/* Joins the group. Callbacks come from within source_fill, source_restart and source_close alone.
 */
enum status source_open(struct source **out, const struct conf *c,
                        const struct source_events *events, struct err *err) NODISCARD;

/* Readable when something may be there: then source_fill until it gives 0. Not owned by the caller.
 */
int source_fd(const struct source *src);

/* Hands over at most max messages without waiting; *n says how many. STATUS_FATAL: cannot go on: a
 * position that points nowhere ("position_lost"), missing rights. With max 0 it only serves the
 * group. */
enum status source_fill(struct source *src, size_t max, size_t *n, struct err *err) NODISCARD;

/* Asks `assigned` again for the partitions held now, and reads on from there. */
enum status source_restart(struct source *src, struct err *err) NODISCARD;

/* Tells the group, for its tools only, where we are. Does not wait. */
void source_tell_group(struct source *src, const struct source_partition *p, size_t n);

/* Messages after next_offset as far as the client has heard; -1: not known. */
int64_t source_lag(struct source *src, int32_t partition, int64_t next_offset);

bool source_is_up(const struct source *src); /* some broker answers */

void source_close(struct source *src); /* leaves the group; some seconds at most; NULL is fine */

#endif
