/* shard - one shard of the work: claim, publish, confirm, and the way back to that after anything
 * went wrong. Knows neither Kafka's library nor PostgreSQL's; the loop lends it a session. */
#ifndef SERVICES_FOLLOWUP_SHARD_SHARD_H
#define SERVICES_FOLLOWUP_SHARD_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "services/followup/shard/lease.h"
#include "services/followup/shard/shard_core.h"
#include "services/followup/shard/shard_kafka.h"
#include "services/followup/shard/shard_report.h"
#include "services/followup/shard/shard_work.h"

void shard_init(struct shard *s, int32_t number, int64_t people_max);
enum status shard_start(struct shard *s, const struct conf *conf, const char *id_prefix,
                        const char *installation, struct err *err) NODISCARD;
void shard_clear(struct shard *s);

/* Applies answer number `seq` about leases. STATUS_FATAL: as shard_compare. */
enum status shard_leased(struct shard *s, const struct lease *l, int64_t seq,
                         struct err *err) NODISCARD;
/* Applies what a new session reads. STATUS_FATAL, "position_ahead": the database is behind what
 * this process knows it had: it was set back. */
enum status shard_compare(const struct shard *s, const struct lease *l, struct err *err) NODISCARD;
/* The position to continue from by permission; NO_POSITION: none was given. */
int64_t shard_position(const struct shard *s);
/* The permission is used up. seq: as for shard_unsure. */
void shard_recovered(struct shard *s, int64_t seq);
/* The session broke, or a claim was fenced: only answers after `seq` count. */
void shard_unsure(struct shard *s, int64_t seq);
/* The shard is ours, and only an answer after `seq` lets it continue. */
bool shard_is_unsure(const struct shard *s, int64_t seq);

/* Whether a broker answers has changed. */
void shard_kafka_is(struct shard *s, bool up);
/* How long something has waited to be published; 0: nothing does, or the shard is not ours. */
int64_t shard_unpublished_ms(const struct shard *s);

/* Nothing is under way, and nothing is left that could be finished soon. */
bool shard_is_quiet(const struct shard *s, bool held_back);

#endif
