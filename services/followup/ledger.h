/* ledger - all SQL of a claim: who is due, what was said to and about them, what is said now. Sends
 * into the pipeline of an open transaction; the caller flushes and commits. */
#ifndef FOLLOWUP_LEDGER_H
#define FOLLOWUP_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/casefile/caseload.h"
#include "common/err.h"
#include "common/pg.h"
#include "services/followup/diff.h"
#include "services/followup/letter.h"
#include "services/followup/render.h"

/* ---- who and what is due ---- */

struct due_ask {
    bool prompts, oh; /* in which queues to look */
    int32_t shard, shards;
    struct instant now;
    int64_t max_people;
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
    size_t n_prompts, n_oh; /* people, in each queue */
    struct letter *letters; /* in order */
    size_t n_letters;
    struct silence *silences; /* of all organisations */
    size_t n_silences;
};

/* Begins the transaction and locks the people: of those that HR is to be told of, and of those
 * occupational health is, max_people each. Who is being worked on is passed over. */
enum status ledger_send_due(struct pg *pg, const struct due_ask *ask, struct err *err) NODISCARD;
/* People go into the caseload, with their own facts, everything else into its arena. */
void ledger_take_due(const struct pg *pg, const struct due_ask *ask, struct caseload *cl,
                     struct due *out);

/* ---- what was said ---- */

struct said {
    struct emitted *rows;
    size_t n;
    bool erasing;   /* the person is to be erased: nothing stands any more */
    bool all_taken; /* and nothing of what was told is left to be taken back after this claim */
};

/* One result: of everybody in the (sorted) caseload. None where nothing was said: *sent. */
enum status ledger_send_said(struct caseload *cl, struct pg *pg, bool *sent,
                             struct err *err) NODISCARD;
/* out: one for each person, all zero. */
void ledger_take_said(struct caseload *cl, const struct pg *pg, size_t nth, struct said *out);
/* One result. Sent once the people are locked: who is marked later is due again. */
enum status ledger_send_erasing(struct pg *pg, struct err *err) NODISCARD;
void ledger_take_erasing(struct caseload *cl, const struct pg *pg, size_t nth, struct said *out);

/* ---- what is said now ---- */

/* One saying with its bytes. */
struct utterance {
    const char *organisation, *person_id; /* person_id "": about the organisation */
    const struct emitted *takes_back;     /* NULL: row is an emission */
    struct emitted row;
};

/* Rows of emissions, marks of withdrawals. */
enum status ledger_send_utterances(struct pg *pg, const struct utterance *u, size_t n,
                                   struct instant now, struct arena *a, struct err *err) NODISCARD;
enum status ledger_send_outbox(struct pg *pg, int32_t shard, int64_t batch_no,
                               const struct outbound *r, size_t n, struct err *err) NODISCARD;
/* These dead letters go out with that batch. */
enum status ledger_send_letters(struct pg *pg, const struct letter *l, size_t n, int64_t batch_no,
                                struct err *err) NODISCARD;
/* Of these people, who are to be erased, all is taken back. */
enum status ledger_send_erasable(struct pg *pg, const struct case_person *const *p, size_t n,
                                 struct instant now, struct err *err) NODISCARD;
/* Of these people something is to be said and may not be now; prompts: to HR. */
enum status ledger_send_held(struct pg *pg, const struct case_person *const *p, size_t n,
                             bool prompts, struct err *err) NODISCARD;

/* Compare and move: see followup.advance in schemas/sql. */
struct advance_shard {
    int32_t shard;
    int64_t epoch, next_batch, published;
    bool claims;
};
enum status ledger_send_advance(struct pg *pg, const struct advance_shard *a,
                                struct err *err) NODISCARD;

/* By itself, no transaction open: if nobody is due at now and nothing unpublished, says so; unless
 * exact, not more than about once a second. letters_wait: dead letters need not be out. */
enum status ledger_send_finished(struct pg *pg, struct instant now, bool letters_wait, bool exact,
                                 struct err *err) NODISCARD;

/* One person, to be looked at again only at `until`, in the queue of prompts or the other: the
 * database refuses what is derived. */
enum status ledger_send_put_off(struct pg *pg, const struct case_person *p, struct instant until,
                                bool prompts, struct err *err) NODISCARD;

/* ---- the outbox ---- */

/* One result. */
enum status ledger_send_batch(struct pg *pg, int32_t shard, int64_t batch_no,
                              struct err *err) NODISCARD;
void ledger_take_batch(const struct pg *pg, size_t nth, struct arena *a, struct outbound **out,
                       size_t *n);

/* This record in place of the one frozen at its ord, for a broker that will not take that for its
 * size; dropped: nothing in its place. */
enum status ledger_send_cut(struct pg *pg, int32_t shard, int64_t batch_no,
                            const struct outbound *r, bool dropped, struct err *err) NODISCARD;
enum status ledger_send_check_epoch(struct pg *pg, int32_t shard, int64_t epoch,
                                    struct err *err) NODISCARD;

#endif
