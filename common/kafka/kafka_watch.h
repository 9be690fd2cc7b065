/* kafka_watch - does a broker answer, and are the topics there? A client with a thread of its own
 * asks about once a second, also while no message moves. The other clients notice only when they
 * have something to do. Logs kafka_down, kafka_up, topic_missing and topic_back, and the Kafka
 * library's own lines, folded. */
#ifndef COMMON_KAFKA_KAFKA_WATCH_H
#define COMMON_KAFKA_KAFKA_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/runtime/conf.h"

struct kafka_watch;

/* Topics are copied. STATUS_FATAL: the configuration, or no thread to be had. */
enum status kafka_watch_open(struct kafka_watch **out, const struct conf *c, const char *client_id,
                             const char *const *topics, size_t n, struct err *err) NODISCARD;
void kafka_watch_close(struct kafka_watch *w); /* NULL is fine; waits a second or two at most */

/* Readable when the answer to one of these has changed; reading it is the caller's. NULL: -1. */
int kafka_watch_fd(const struct kafka_watch *w);
/* Until the first answer, and for NULL, all is taken to be well. */
bool kafka_watch_is_up(struct kafka_watch *w);   /* some broker answers */
bool kafka_watch_is_well(struct kafka_watch *w); /* and every topic is there */
/* Sets the metrics of the brokers and of each topic. */
void kafka_watch_show(struct kafka_watch *w);

#endif
