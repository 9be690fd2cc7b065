/* shard - one shard of the work: claim, publish, confirm, and the way back to that after anything
 * went wrong. Knows neither Kafka's library nor PostgreSQL's; the loop lends it a session. */
#ifndef FOLLOWUP_SHARD_H
#define FOLLOWUP_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/loop.h"
#include "services/followup/claim.h"
#include "services/followup/lease.h"
#include "services/followup/sink.h"

enum shard_kafka {
    KAFKA_CLOSED,    /* a producer is to be made, not before reopen_at_ms */
    KAFKA_OPENING,   /* it takes over from the one before and reads the position */
    KAFKA_OPENED,    /* the position is to be compared with the database */
    KAFKA_SEARCHING, /* no position: is the unconfirmed batch on its topic? */
    KAFKA_READY,     /* published is known */
    KAFKA_PUBLISHING
};

struct shard {
    int32_t number;
    char transactional_id[128];
    struct sink *sink;
    enum shard_kafka kafka;
    int64_t position;       /* as it was read */
    int64_t reopen_at_ms;   /* monotonic, as all below */
    int64_t answered_ms;    /* when the sink had nothing to do, or gave a result, last */
    int64_t told_ms;        /* when the position was last committed */
    struct instant told_at; /* the same by the product's clock */
    int64_t free_ms;        /* when nothing was waiting to be published, last */
    struct backoff backoff;
    char missing[TOPIC_TEXT]; /* a topic that is not there; "": none known */
    bool one_by_one, tell_position, telling;
    char marker[MARKER_TEXT]; /* of the batch that is looked for */

    int64_t epoch; /* NO_EPOCH: somebody else's */
    bool fresh;    /* the next two are as the database has them */
    int64_t next_batch, confirmed;
    int64_t published;    /* all up to here are on their topics: once ready */
    int64_t unsure_since; /* not fresh: an answer to what was asked later makes it so */
    bool told_standby, told_active;

    struct claim claims[2]; /* claims[front] has the batch that the sink has, or gets next; the
                               other is claimed ahead, while that one is published */
    size_t front;
    struct claim hold; /* while nothing can be published: cases derived, what is to be said noted */
    bool have_batch;   /* claims[front] has batch published + 1, not published yet */
    bool have_next;    /* the other has the batch after that one */
    bool cut_wanted;   /* the broker will not take what refused names */
    bool *refused;     /* of the batch given to the sink last */
    bool claim_wanted; /* look for people who are due */
    bool rush;         /* the last claim was full: more are due, and wait */
    bool drop_result;  /* what the sink is busy with was begun under a lease that is gone */
    size_t n_published; /* records, since somebody set it to 0 */
};

void shard_init(struct shard *s, int32_t number, int64_t people_max);
enum status shard_start(struct shard *s, const struct conf *conf, const char *id_prefix,
                        struct err *err) NODISCARD;
void shard_clear(struct shard *s);

/* What the answer number `seq` about leases says of it. */
void shard_leased(struct shard *s, const struct lease *l, int64_t seq);
/* The session broke, or a claim was fenced: only answers after `seq` count. */
void shard_unsure(struct shard *s, int64_t seq);

/* What it wants the session for now. */
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
/* What shard_begin would begin it with. */
struct claim *shard_claim_for(struct shard *s, enum shard_want want);
/* around: conf, rules, now, why, release_held are the caller's; the rest is filled in. */
enum status shard_begin(struct shard *s, enum shard_want want, struct pg *pg,
                        struct claim_around *around, struct err *err) NODISCARD;
/* The claim c that `want` began is done. seq: as for shard_unsure. */
void shard_done(struct shard *s, enum shard_want want, const struct claim *c, int64_t seq);

/* Gives Kafka to do what can be done now; now: the product's. held_back: nothing may go out.
 * STATUS_FATAL: cannot go on, "position_ahead" or "position_lost". */
enum status shard_push(struct shard *s, const struct hmac_key *k, struct instant now,
                       bool held_back, bool stopping, struct err *err) NODISCARD;
/* Takes the result of that, if it is there. seq: as for shard_unsure. */
enum status shard_pull(struct shard *s, int64_t seq, struct err *err) NODISCARD;

/* Says which topics are not there, or are again. True: what waited for some of them can go out. */
bool shard_topics(struct shard *s);

/* Nothing is under way, and nothing is left that could be finished soon. */
bool shard_is_quiet(const struct shard *s, bool held_back);

#endif
