/* claim_core - what a claim knows, and the end of each of its pipelines. */
#ifndef SERVICES_FOLLOWUP_SHARD_CLAIM_CORE_H
#define SERVICES_FOLLOWUP_SHARD_CLAIM_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/casefile/brake.h"
#include "common/casefile/caseload.h"
#include "common/casefile/ruleset.h"
#include "common/casefile/store.h"
#include "common/pg/pg.h"
#include "common/runtime/conf.h"
#include "services/followup/db/ledger.h"
#include "services/followup/kafka/topics.h"
#include "services/followup/shard/states.h"

enum claim_kind {
    KIND_BATCH,
    KIND_AHEAD, /* the batch before is on its way to Kafka: people only, in a rush */
    KIND_DEFER  /* nothing can be published: cases are derived and stored, emissions deferred */
};

/* The context of a claim; the same from its beginning to its end. */
struct claim_around {
    const struct conf *conf;
    const struct ruleset *rules;
    struct topics *topics; /* NULL: every topic is there */
    struct brake *brake;
    struct instant now;
    bool rehearsal;  /* now comes from a clock file */
    const char *why; /* a due date moves: because of "settings", or "time" */
    int32_t shard;
    int64_t epoch;
    int64_t next_batch; /* the number of the batch it makes */
    int64_t confirmed;  /* the database knows that all up to here are published */
    int64_t published;  /* and we know it of all up to here: to be confirmed with it */
    bool release_held;
    bool aside; /* somebody is set aside */
    enum claim_kind kind;
};

/* Where a claim of one person looks. */
enum claim_turn { TURN_WAKES, TURN_PROMPTS, TURN_OH, TURN_COUNT };

/* A claim that the database refuses is tried with fewer people. If it is refused with a single
 * person, or fails too often, the next effort is tried. */
enum claim_effort {
    EFFORT_BATCH,
    EFFORT_ALONE,        /* one person, from the queue whose turn it is */
    EFFORT_WITHOUT_CASE, /* the same, but the case is not stored */
    EFFORT_PUT_OFF       /* nothing is stored but that all due in this queue waits */
};

struct claim {
    struct pg *pg; /* while not idle; borrowed */
    enum claim_state state;
    struct claim_around around;
    struct caseload caseload;
    struct due_ask ask;
    struct due due;
    struct said *said;
    struct utterance *utterances;
    size_t n_utterances;
    size_t case_results; /* of load_send, or load_send_cases */
    bool said_sent;
    const struct sayings *silent; /* of due.silences: logged once it is committed; NULL */
    const struct case_person **held, **held_prompts;
    size_t n_held, n_held_prompts;
    const struct case_person **waiting; /* to whose employer nothing can go: no topic */
    size_t n_waiting;
    size_t n_unsure; /* of whom nobody knows yet whether there is one: they are due again at once */
    struct store_counts counts;
    int64_t most;             /* people at a time */
    int64_t limit;            /* the same now: less after a conflict, more again after success */
    enum claim_effort effort; /* of this one; from its end on, of the next */
    enum claim_turn turn;
    unsigned empty_turns; /* in a row, of claims of one person */
    bool apart;           /* the last one was of people about whom something was entered, alone */
    struct err why;
    unsigned failures, alone_failures; /* in a row; of one person */
    bool sets_aside;
    int64_t began_ms;

    /* The result of a finished claim. */
    bool empty; /* nothing was due */
    bool paused;
    size_t n_released; /* people held back that are due again */
    bool full;         /* more are due */
    size_t n_people, n_emitted, n_withdrawn, n_letters;
    /* The batch to be published: live until the next claim_begin or claim_read. */
    struct outbound *records;
    size_t n_records;
};

/* Ends the pipeline that the statements before went into. */
enum status claim_flush(struct claim *c, enum step next, struct err *err) NODISCARD;
/* The same, and commits. */
enum status claim_commit(struct claim *c, enum step next, struct err *err) NODISCARD;

#endif
