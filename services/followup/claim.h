/* claim - one database transaction of a shard: who is due is derived anew, what is to be said is
 * written down with its bytes, to be published after. In steps, none of which waits. Knows no
 * Kafka. */
#ifndef FOLLOWUP_CLAIM_H
#define FOLLOWUP_CLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/casefile/caseload.h"
#include "common/casefile/ruleset.h"
#include "common/casefile/store.h"
#include "common/conf.h"
#include "common/err.h"
#include "common/pg.h"
#include "services/followup/ledger.h"
#include "services/followup/topics.h"

/* What a claim needs from around it; the same from its beginning to its end. */
struct claim_around {
    const struct conf *conf;
    const struct ruleset *rules;
    struct topics *topics; /* NULL: every topic is there */
    struct instant now;
    bool rehearsal;  /* now comes from a clock file */
    const char *why; /* a due date moves: because of "settings", or "time" */
    int32_t shard;
    int64_t epoch;
    int64_t next_batch; /* the number of the batch it makes */
    int64_t confirmed;  /* the database knows that all up to here are published */
    int64_t published;  /* and we know it of all up to here: to be confirmed with it */
    bool release_held;
    bool ahead; /* in a rush: of people only */
    bool hold;  /* nothing can be published: derive and store, note what is to be said */
};

enum claim_state {
    CLAIM_IDLE,
    CLAIM_LOOKING, /* who is due? */
    CLAIM_LOADING,
    CLAIM_STORING,
    CLAIM_CLOSING, /* nobody was: confirming, telling so */
    CLAIM_READING, /* a batch of the outbox again */
    CLAIM_CUTTING  /* records the broker would not take */
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
    size_t case_results; /* of load_send_cases */
    bool said_sent;
    const struct case_person **held, **held_prompts;
    size_t n_held, n_held_prompts;
    const struct case_person **waiting; /* to whose employer nothing can go: no topic */
    size_t n_waiting;
    struct store_counts counts;
    int64_t most;      /* people at a time */
    int64_t limit;     /* the same now: less after a conflict, more again after success */
    bool alone;        /* this one is of one person, from one queue: of prompts, or */
    bool oh_turn;      /* the other */
    bool refused;      /* the last one, alone, was refused, or failed too often */
    unsigned failures; /* of one person in a row */
    int64_t began_ms;

    /* Of a claim that is done. */
    bool empty; /* nothing was due */
    bool paused;
    size_t n_released; /* people held back that are due again */
    bool full;         /* more are due */
    size_t n_people, n_emitted, n_withdrawn, n_letters;
    /* The batch to be published: live until the next claim_begin or claim_read. */
    struct outbound *records;
    size_t n_records;
};

void claim_init(struct claim *c, int64_t people_max);
void claim_clear(struct claim *c);
/* What was under way is forgotten; the session, in whatever state, is closed. */
void claim_drop(struct claim *c);

/* Begin on an idle, connected session. */
enum status claim_begin(struct claim *c, struct pg *pg, const struct claim_around *around,
                        struct err *err) NODISCARD;
/* Reads batch `batch_no` of the outbox into records. */
enum status claim_read(struct claim *c, struct pg *pg, const struct claim_around *around,
                       int64_t batch_no, struct err *err) NODISCARD;
/* Makes the refused among the records smaller, in the outbox too; those that cannot be are dropped.
 */
enum status claim_cut(struct claim *c, struct pg *pg, const struct claim_around *around,
                      int64_t batch_no, const bool *refused, struct err *err) NODISCARD;
/* Only confirms what is published. */
enum status claim_confirm(struct claim *c, struct pg *pg, const struct claim_around *around,
                          struct err *err) NODISCARD;

/* The session's socket is ready: goes on. *done: committed, the state is CLAIM_IDLE again. A status
 * other than OK: not committed, or nobody knows (a lost connection). STATUS_RETRY: somebody works
 * on the same people, with fewer of them again; STATUS_REJECT: the database refuses something of
 * it, the same; a single person that it refuses is put off by claim_begin. CT001: the shard is not
 * ours any more; CT003: load the rules again. */
enum status claim_step(struct claim *c, bool *done, struct err *err) NODISCARD;
void claim_failed(struct claim *c, enum status s);

#endif
