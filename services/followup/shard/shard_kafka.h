/* shard_kafka - the orders that a shard gives its sink, and their results. */
#ifndef SERVICES_FOLLOWUP_SHARD_SHARD_KAFKA_H
#define SERVICES_FOLLOWUP_SHARD_SHARD_KAFKA_H

#include "services/followup/shard/shard_core.h"

/* Gives Kafka to do what can be done now; now: the product's. held_back: nothing may go out.
 * STATUS_FATAL: cannot go on, "position_ahead" or "position_lost". */
enum status shard_push(struct shard *s, const struct hmac_key *k, struct instant now,
                       bool held_back, bool stopping, struct err *err) NODISCARD;
/* Takes the result of that, if it is there. seq: as for shard_unsure. */
enum status shard_pull(struct shard *s, int64_t seq, struct err *err) NODISCARD;

#endif
