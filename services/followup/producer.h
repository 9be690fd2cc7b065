/* producer - one transactional producer: takes its id over from whoever had it, reads the position,
 * sends batches whole or not at all. Every call waits, each with an end; of the helper thread in
 * sink.c alone. */
#ifndef FOLLOWUP_PRODUCER_H
#define FOLLOWUP_PRODUCER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/err.h"
#include "services/followup/render.h"
#include "services/followup/topics.h"

#define POSITION_GROUP "dayfour-followup-position"
#define NO_POSITION (-1)

struct producer_options {
    const struct conf *conf;
    const char *transactional_id;
    int shard; /* also the partition of the follow-up topic that the position stands by */
    /* Each record by itself, so that one the broker will not take can be told from its neighbours.
     */
    bool one_by_one;
    const atomic_llong
        *give_up_at;   /* monotonic ms: from then on every call ends with STATUS_STOP */
    atomic_bool *down; /* kept up to date: no broker answers */
};

struct producer;

/* Fences whoever used the id before, whose open transaction ends with that. STATUS_FATAL with code
 * "config": the follow-up topic has not as many partitions as there are shards. */
enum status producer_open(struct producer **out, const struct producer_options *o,
                          struct err *err) NODISCARD;
void producer_close(struct producer *p); /* NULL is fine */

/* The committed position: the number of the next batch; NO_POSITION: none. Waits for one that is
 * being changed by a transaction. */
enum status producer_position(struct producer *p, int64_t *out, struct err *err) NODISCARD;

/* One transaction: these records (none is fine) and the position. STATUS_REJECT: the broker will
 * not take some of them for their size; refused[i] says which, but for a producer that is not
 * one_by_one *exact may be false: neighbours are named too. After any status but OK the producer is
 * of no more use, and what became of the transaction is told by the position alone. */
enum status producer_publish(struct producer *p, const struct outbound *records, size_t n,
                             int64_t position, bool *refused, bool *exact,
                             struct err *err) NODISCARD;

/* Is there a record with this marker among the last ones of the topic? Reads committed ones only.
 */
enum status producer_find(struct producer *p, const char *topic, const char *marker, bool *found,
                          struct err *err) NODISCARD;

void producer_idle(struct producer *p); /* now and then: log lines, errors */

/* Every topic the brokers have and let us know of. Waits for about a second. */
void producer_list(struct producer *p, struct topics *t);
/* Those of t that are wanted; some of them at a time. Waits for about a second at most. */
void producer_look(struct producer *p, struct topics *t);

/* Which topic err says is not there, "" if it says nothing of the kind. p NULL: it was being
 * opened, which asks for the follow-up topic. */
void producer_missing(const struct producer *p, const struct conf *conf, const struct err *err,
                      char out[TOPIC_TEXT]);

#endif
