/* sink - the Kafka side of a shard: a helper thread waits, so that the loop need not. It takes one
 * order at a time; the result is fetched when the descriptor is readable. */
#ifndef SERVICES_FOLLOWUP_KAFKA_SINK_H
#define SERVICES_FOLLOWUP_KAFKA_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/runtime/conf.h"
#include "services/followup/kafka/producer.h"

struct sink;

enum sink_order { SINK_NOTHING, SINK_OPEN, SINK_PUBLISH, SINK_FIND };

struct sink_result {
    enum sink_order order;
    enum status status;
    struct err err;
    int64_t position;         /* of SINK_OPEN; NO_POSITION */
    bool foreign;             /* another installation wrote it */
    bool found;               /* of SINK_FIND */
    char missing[TOPIC_TEXT]; /* STATUS_RESYNC because this topic is not there; else "" */
    bool exact;               /* of SINK_PUBLISH with STATUS_REJECT: refused names no neighbours */
};

/* Strings are borrowed. STATUS_FATAL: no thread or descriptor to be had. */
enum status sink_new(struct sink **out, const struct conf *conf, const char *transactional_id,
                     const char *installation, int shard, struct err *err) NODISCARD;

/* Readable when a result is there. Not owned by the caller. */
int sink_fd(const struct sink *k);
bool sink_busy(const struct sink *k);

/* A producer of its own, which fences all before it, and the position. Closes the one there was. */
void sink_open(struct sink *k, bool one_by_one);
/* Records are borrowed until the result; refused has room for n. See producer_publish. */
void sink_publish(struct sink *k, const struct outbound *records, size_t n, int64_t position,
                  bool *refused);
/* Strings are borrowed until the result. */
void sink_find(struct sink *k, const char *topic, const char *marker);

/* Which topics are there; looked for while there is no order. The descriptor is readable when there
 * may be news. */
struct topics *sink_topics(const struct sink *k);

/* The result of the order given last, once. False: not there yet. */
bool sink_result(struct sink *k, struct sink_result *out);

void sink_close(struct sink *k); /* no producer any more; when not busy. Waits up to a second. */

/* Orders under way end within about this time. */
void sink_give_up(struct sink *k, int64_t within_ms);
/* Ends the thread: when one hangs in the library past any give_up, it is left behind (the process
 * is about to end). NULL is fine. */
void sink_free(struct sink *k);

#endif
