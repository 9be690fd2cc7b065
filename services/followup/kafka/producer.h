/* producer - one transactional producer: takes its id over from whoever had it, reads the position,
 * sends batches whole or not at all. Every call waits, each with an end; of the helper thread in
 * sink.c alone. */
#ifndef SERVICES_FOLLOWUP_KAFKA_PRODUCER_H
#define SERVICES_FOLLOWUP_KAFKA_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/runtime/conf.h"
#include "services/followup/events/render.h"
#include "services/followup/kafka/producer_options.h"
#include "services/followup/kafka/topics.h"

struct producer;

/* Fences the earlier user of the id, whose open transaction ends with that. STATUS_FATAL with code
 * "config": the follow-up topic has not as many partitions as there are shards. With
 * PROGRAM_START_AGAIN: too many producers of this process hang in the library. */
enum status producer_open(struct producer **out, const struct producer_options *o,
                          struct err *err) NODISCARD;
/* NULL is fine. A producer that has not ended after five seconds is left behind, and counted. */
void producer_close(struct producer *p);

/* The committed position: the number of the next batch; NO_POSITION: none. Waits for one that is
 * being changed by a transaction. foreign: it names another installation. */
enum status producer_position(struct producer *p, int64_t *out, bool *foreign,
                              struct err *err) NODISCARD;

/* A transaction: these records (none is fine) and the position. STATUS_REJECT: the broker refuses
 * some of them for their size, and refused[i] says which. A producer that is not one_by_one may set
 * *exact to false: then neighbours are named too. After any status but OK the producer is of no
 * more use, and only the position shows whether the transaction committed. */
enum status producer_publish(struct producer *p, const struct outbound *records, size_t n,
                             int64_t position, bool *refused, bool *exact,
                             struct err *err) NODISCARD;

/* Is there a record with this marker among the last ones of the topic? Reads committed ones only.
 */
enum status producer_find(struct producer *p, const char *topic, const char *marker, bool *found,
                          struct err *err) NODISCARD;

void producer_idle(struct producer *p); /* now and then: log lines, errors */

/* Every topic the brokers have and let us know of. */
enum status producer_list(struct producer *p, struct topics *t, struct err *err) NODISCARD;
/* Those of t that are wanted; some of them at a time. Waits for about a second at most. */
void producer_look(struct producer *p, struct topics *t);

/* Which topic err says is not there, "" if it says nothing of the kind. p NULL: it was being
 * opened, which asks for the follow-up topic. */
void producer_missing(const struct producer *p, const struct conf *conf, const struct err *err,
                      char out[TOPIC_TEXT]);

#endif
