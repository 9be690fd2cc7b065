/* source - the topic of absence events: membership of the group, messages in order, nothing stored
 * here. The database knows what was read and from where to continue; it is asked at each
 * assignment. */
#ifndef SERVICES_INTAKE_SOURCE_H
#define SERVICES_INTAKE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/hash.h"
#include "common/event/inbound.h"
#include "common/runtime/conf.h"
#include "services/intake/stand.h"

struct source;

struct source_partition {
    int32_t partition;
    int64_t found_start; /* where its log begins, as the brokers say; NO_OFFSET: not known */
    /* As the database has it. */
    int64_t next_offset; /* to be read next; NO_OFFSET: not known yet, so the earliest there is */
    int64_t epoch;
    int64_t log_start; /* the highest beginning that was seen; NO_OFFSET */
    int64_t seen_end;  /* up to here nothing was left to be delivered; NO_OFFSET */
    struct anchor anchor;
};

struct source_message {
    int32_t partition;
    int64_t offset;
    struct raw_record raw; /* borrowed for the call */
    const void *key;       /* NULL: none */
    size_t key_len;
    const uint8_t *mark; /* what holds a position behind it; NULL: more of its partition follow */
};

struct source_events {
    /* These partitions are ours: take them over, fill in what the database has. Not STATUS_OK: not
     * now; the source keeps them and source_restart() asks again. */
    enum status (*assigned)(void *arg, struct source_partition *p, size_t n, struct err *err);
    /* All partitions are gone, or about to be assigned again: forget what is under way. lost:
     * without warning. */
    void (*revoked)(void *arg, bool lost);
    void (*message)(void *arg, const struct source_message *m);
    /* With the installation's key. */
    void (*mac)(void *arg, const void *data, size_t len, uint8_t out[SHA256_BYTES]);
    void *arg;
};

/* Joins the group. Callbacks come from within source_fill, source_restart and source_close alone.
 */
enum status source_open(struct source **out, const struct conf *c, const char *group,
                        const struct source_events *events, struct err *err) NODISCARD;

/* Readable when something may be there: then source_fill until it gives 0. Not owned by the caller.
 */
int source_fd(const struct source *src);

/* Hands over at most max messages without waiting; *n says how many. STATUS_FATAL: cannot go on: a
 * position that points nowhere, or at another topic's records ("position_lost"), missing rights.
 * With max 0 it only serves the group. */
enum status source_fill(struct source *src, size_t max, size_t *n, struct err *err) NODISCARD;

/* Asks `assigned` again for the partitions held now, and reads on from there. */
enum status source_restart(struct source *src, struct err *err) NODISCARD;

/* Commits our position to the group, for its tools only. Does not wait. */
void source_tell_group(struct source *src, const struct source_partition *p, size_t n);

/* Messages not committed yet, as far as the client has heard; -1: not known. handed_over: the
 * offset after the last message handed over. Markers of transactions count only until the
 * partition's end was reached. */
int64_t source_lag(struct source *src, int32_t partition, int64_t committed, int64_t handed_over);

/* Where the partition ends, if all before that was handed over; NO_OFFSET: not known. */
int64_t source_seen_end(const struct source *src, int32_t partition);

/* The topic has appeared: the library itself looks for one that is missing every five minutes. */
void source_look_again(struct source *src);

/* Leaves the group; NULL is fine. Eight seconds at most: what has not ended then is left behind. */
void source_close(struct source *src);

#endif
