/* shard_work - what a shard does with the session of the database, which the loop lends it. */
#ifndef SERVICES_FOLLOWUP_SHARD_SHARD_WORK_H
#define SERVICES_FOLLOWUP_SHARD_SHARD_WORK_H

#include "services/followup/shard/shard_core.h"

/* The next use of the session. */
enum shard_want {
    WANT_NOTHING,
    WANT_CLAIM,
    WANT_AHEAD, /* a claim while the batch before it is on its way to Kafka */
    WANT_HOLD,
    WANT_READ,
    WANT_CUT,
    WANT_CONFIRM
};
enum shard_want shard_wants(const struct shard *s, bool stopping);
/* The context with which shard_begin would begin it. */
struct claim *shard_claim_for(struct shard *s, enum shard_want want);
/* around: conf, rules, now, why, release_held are the caller's; the rest is filled in. */
enum status shard_begin(struct shard *s, enum shard_want want, struct pg *pg,
                        struct claim_around *around, struct err *err) NODISCARD;
/* The claim c that `want` began is done. seq: as for shard_unsure. */
void shard_done(struct shard *s, enum shard_want want, const struct claim *c, int64_t seq);

#endif
