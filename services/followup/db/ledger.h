/* ledger - all SQL of a claim: who is due, what was said to and about them, what is said now. Sends
 * into the pipeline of an open transaction; the caller flushes and commits. */
#ifndef SERVICES_FOLLOWUP_DB_LEDGER_H
#define SERVICES_FOLLOWUP_DB_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/casefile/caseload.h"
#include "common/pg/pg.h"
#include "services/followup/events/diff.h"
#include "services/followup/events/letter.h"
#include "services/followup/events/render.h"

/* ---- who and what is due ---- */

struct due_ask {
    bool wakes;       /* people about whom something was entered: at most max_wakes */
    bool prompts, oh; /* in which queues to look */
    int32_t shard, shards;
    struct instant now;
    int64_t max_people; /* in each queue */
    int32_t max_wakes;
    bool release_held;    /* people held back while the emission was paused are due again */
    const char **without; /* but not what is for HR of these organisations: they have no topic */
    size_t n_without;
    bool letters;  /* dead letters too */
    bool silences; /* and organisations that are silent, or were */
};

struct silence {
    const char *organisation;
    struct instant last_valid;
    struct emitted *emitted; /* all there is about the organisation */
    size_t n_emitted;
};

struct due {
    bool paused; /* the emission: nothing may be said */
    int32_t ruleset_serial;
    size_t released;
    size_t n_woken;         /* people about whom something was entered: the first in the caseload */
    size_t n_prompts, n_oh; /* people, in each queue */
    struct letter *letters; /* in order */
    size_t n_letters;
    struct silence *silences; /* of all organisations */
    size_t n_silences;
};

/* Begins the transaction and locks the people who are due. People with a new entry come first, and
 * the entry is applied to its case. Then come those due on HR's queue and those due on occupational
 * health's, max_people each. A person locked by somebody else is skipped. */
void ledger_send_due(struct pg *pg, const struct due_ask *ask);
/* People go into the caseload, everything else into its arena. With their own facts, but of
 * those of n_woken only `emitted`: the rest is still to be loaded. */
void ledger_take_due(const struct pg *pg, const struct due_ask *ask, struct caseload *cl,
                     struct due *out);

/* ---- what was said ---- */

struct said {
    struct emitted *rows;
    size_t n;
    bool erasing;   /* the person is to be erased: nothing stands any more */
    bool all_taken; /* and no emitted event is left to be withdrawn after this claim */
};

/* Fetches emitted rows in one result, for everybody in the (sorted) caseload. Where there are none:
 * *sent. */
void ledger_send_said(struct caseload *cl, struct pg *pg, bool *sent);
/* out: one for each person, all zero. */
void ledger_take_said(struct caseload *cl, const struct pg *pg, size_t nth, struct said *out);
/* One result. Sent once the people are locked: who is marked later is due again. */
void ledger_send_erasing(struct pg *pg);
void ledger_take_erasing(struct caseload *cl, const struct pg *pg, size_t nth, struct said *out);

/* ---- what is said now ---- */

/* An emission with its bytes. */
struct utterance {
    const char *organisation, *person_id; /* person_id "": about the organisation */
    const struct emitted *takes_back;     /* NULL: row is an emission */
    struct emitted row;
};

/* Rows of emissions, marks of withdrawals. */
void ledger_send_utterances(struct pg *pg, const struct utterance *u, size_t n, struct instant now,
                            struct arena *a);
void ledger_send_outbox(struct pg *pg, int32_t shard, int64_t batch_no, const struct outbound *r,
                        size_t n);
/* These dead letters go out with that batch. */
void ledger_send_letters(struct pg *pg, const struct letter *l, size_t n, int64_t batch_no);
/* All events about these people are withdrawn: they are to be erased. */
void ledger_send_erasable(struct pg *pg, const struct case_person *const *p, size_t n,
                          struct instant now);
/* Something about these people is deferred; prompts: on HR's queue. */
void ledger_send_held(struct pg *pg, const struct case_person *const *p, size_t n, bool prompts);

/* Compare and move: see followup.advance in schemas/sql. */
struct advance_shard {
    int32_t shard;
    int64_t epoch, next_batch, published;
    bool claims;
};
void ledger_send_advance(struct pg *pg, const struct advance_shard *a);

/* By itself, no transaction open: if nobody is due at now and nothing unpublished, says so; unless
 * exact, not more than about once a second. letters_wait: dead letters need not be out. */
void ledger_send_finished(struct pg *pg, struct instant now, bool letters_wait, bool exact);

/* Defers a person in the queue of prompts or the other until `until`: the database refuses the
 * derived rows. */
void ledger_send_put_off(struct pg *pg, const struct case_person *p, struct instant until,
                         bool prompts);

/* ---- the outbox ---- */

/* One result. */
void ledger_send_batch(struct pg *pg, int32_t shard, int64_t batch_no);
void ledger_take_batch(const struct pg *pg, size_t nth, struct arena *a, struct outbound **out,
                       size_t *n);

/* Replaces the record frozen at its ord by this one, for a broker that refuses the first for its
 * size. dropped: nothing replaces it. */
void ledger_send_cut(struct pg *pg, int32_t shard, int64_t batch_no, const struct outbound *r,
                     bool dropped);
void ledger_send_check_epoch(struct pg *pg, int32_t shard, int64_t epoch);

#endif
