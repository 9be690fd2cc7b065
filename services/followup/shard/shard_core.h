/* shard_core - what a shard knows, and the few changes that its lease, its work and Kafka share. */
#ifndef SERVICES_FOLLOWUP_SHARD_SHARD_CORE_H
#define SERVICES_FOLLOWUP_SHARD_SHARD_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/runtime/loop.h"
#include "services/followup/kafka/sink.h"
#include "services/followup/shard/claim_core.h"
#include "services/followup/shard/lease.h"
#include "services/followup/shard/states.h"

/* A shard has two batches. Each has the claim that makes it or reads it. */
struct batch {
    struct claim claim;
    enum batch_state state;
};

/* An operator's permission to continue from a position that does not agree. */
enum recovery {
    RECOVERY_NONE,
    RECOVERY_WANTED, /* to be used: by the loop, over the control session */
    RECOVERY_DONE    /* used: the shard continues, whatever the position is */
};

/* The log says on change which of these the shard is. */
enum reported { REPORTED_NOTHING, REPORTED_STANDBY, REPORTED_ACTIVE };

struct shard {
    int32_t number;
    char transactional_id[128];

    /* Knowledge of the database. */
    enum lease_state lease;
    int64_t epoch; /* NO_EPOCH: on standby */
    int64_t next_batch, confirmed;
    int64_t seen_next, seen_confirmed; /* the highest the database ever gave or acknowledged */
    int64_t asked_before; /* LEASE_LOOK_AGAIN: an answer to what was asked later ends it */
    bool may_recover;     /* an operator gave the permission */
    enum recovery recovery;
    enum reported reported;

    /* Knowledge of Kafka. */
    struct sink *sink;
    enum producer_state producer;
    int64_t position;       /* as it was read */
    bool foreign;           /* another installation wrote it */
    int64_t published;      /* all up to here are on their topics: from PRODUCER_READY on */
    int64_t open_at_ms;     /* monotonic, as all below */
    int64_t answered_ms;    /* when the sink had nothing to do, or gave a result, last */
    int64_t told_ms;        /* when the position was last committed */
    struct instant told_at; /* the same by the product's clock */
    int64_t free_ms;        /* when nothing was waiting to be published, last */
    struct backoff backoff;
    char missing[TOPIC_TEXT]; /* a topic that is not there; "": none known */
    char marker[MARKER_TEXT]; /* of the batch that is looked for */
    bool time_refused;        /* by a broker, and logged */
    bool kafka_away;          /* no broker answers: somebody else says so */
    bool one_by_one;          /* the producer is to send records one by one */
    bool position_wanted;     /* the position is to be committed before anything else */

    struct batch batches[2]; /* batches[front] is the one that the sink has, or gets next; the other
                                is claimed ahead, while that one is published */
    size_t front;
    struct claim hold;  /* while nothing can be published: cases derived, events deferred */
    bool *refused;      /* of the batch given to the sink last */
    bool claim_wanted;  /* look for people who are due */
    bool rush;          /* the last claim was full: more are due, and wait */
    size_t n_published; /* records, since somebody set it to 0 */
};

struct batch *shard_front(struct shard *s);
struct batch *shard_behind(struct shard *s);
/* A claim for a batch is under way. */
bool shard_claiming(const struct shard *s);
/* Batches are in the outbox, if they are anywhere. The batch that the sink has stays. */
void shard_forget_batches(struct shard *s);
/* A producer is to be made in pause_ms. */
void shard_reopen(struct shard *s, int64_t pause_ms);
/* seq: as for shard_unsure. Claims under way continue. */
void shard_doubt(struct shard *s, int64_t seq);
void shard_note_seen(struct shard *s);
/* It has published since we took it, or could have. */
bool shard_is_active(const struct shard *s);
/* The outbox has a batch that is not known to be published. */
bool shard_has_unpublished(const struct shard *s);

#endif
