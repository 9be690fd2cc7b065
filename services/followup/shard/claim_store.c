/* The claim writes what was derived, in the transaction that locked the people. First come cases,
 * then emissions, dead letters, deferrals and the outbox. The last statement moves the shard's
 * counters and compares its epoch (CT001), so that another owner undoes all of it. */
#include "services/followup/shard/claim_store.h"

#include "common/casefile/aside.h"
#include "common/runtime/fault.h"
#include "services/followup/shard/claim_emit.h"

void claim_send_advance(struct claim *c, bool claims)
{
    const struct advance_shard a = {.shard = c->around.shard,
                                    .epoch = c->around.epoch,
                                    .next_batch = c->around.next_batch,
                                    .published = c->around.published,
                                    .claims = claims};
    ledger_send_advance(c->pg, &a);
}

static bool nothing_to_do(const struct claim *c, size_t total)
{
    return c->caseload.n_persons == 0 && total == 0 && c->due.n_letters == 0;
}

static enum status close_empty(struct claim *c, struct err *err)
{
    c->empty = c->effort == EFFORT_BATCH ||
               c->empty_turns >= TURN_COUNT; /* else it is the next queue's turn */
    if (c->around.aside) {
        aside_send_wanted(c->pg, c->around.now);
    }
    if (c->around.published > c->around.confirmed) {
        claim_send_advance(c, false);
    }
    pg_send(c->pg, &pg_commit, NULL);
    if (c->empty && c->around.kind != KIND_DEFER) {
        ledger_send_finished(c->pg, c->around.now, c->paused, c->around.rehearsal);
    }
    return claim_flush(c, STEP_CLAIM_CONFIRMING, err);
}

/* This claim has withdrawn everything about the people to be erased: `dayfour` deletes the rest. */
static void send_erasable(struct claim *c)
{
    const struct caseload *cl = &c->caseload;
    const struct case_person **p = arena_array(cl->arena, cl->n_persons, sizeof *p);
    size_t n = 0;
    for (size_t i = 0; i < cl->n_persons && !c->due.paused; i++) {
        if (c->said[i].all_taken) {
            p[n++] = &cl->persons[i];
        }
    }
    if (n > 0) {
        ledger_send_erasable(c->pg, p, n, c->around.now);
    }
}

static void send_said(struct claim *c)
{
    struct arena *a = c->caseload.arena;
    ledger_send_utterances(c->pg, c->utterances, c->n_utterances, c->around.now, a);
    send_erasable(c);
    if (c->n_letters > 0) {
        ledger_send_letters(c->pg, c->due.letters, c->n_letters, c->around.next_batch);
    }
    if (c->n_held > 0) {
        ledger_send_held(c->pg, c->held, c->n_held, false);
    }
    if (c->n_waiting > 0) {
        ledger_send_held(c->pg, c->waiting, c->n_waiting, true);
    }
    if (c->n_held_prompts > 0) {
        ledger_send_held(c->pg, c->held_prompts, c->n_held_prompts, true);
    }
    if (c->n_records > 0) {
        ledger_send_outbox(c->pg, c->around.shard, c->around.next_batch, c->records, c->n_records);
    }
}

/* The one person there is. */
static void send_aside(struct claim *c, bool prompts)
{
    c->sets_aside = true;
    aside_send(&c->caseload, c->pg, "followup", &c->why, prompts, c->around.now);
}

enum status claim_derive_and_store(struct claim *c, struct err *err)
{
    struct caseload *cl = &c->caseload;
    caseload_derive(cl, c->around.rules, c->around.now, true);
    size_t total = 0;
    struct sayings *all = claim_compare(c, &total);
    if (nothing_to_do(c, total)) {
        return close_empty(c, err);
    }
    if (c->due.paused) {
        claim_defer(c, all);
    } else {
        claim_render(c, all, total);
    }
    fault_point("followup.derived");
    if (c->effort == EFFORT_WITHOUT_CASE) {
        send_aside(c, false);
    }
    store_send(cl, c->pg, c->around.rules, c->around.now, c->around.why, &c->counts);
    if (c->around.aside) {
        aside_send_stored(cl, c->pg);
        aside_send_wanted(c->pg, c->around.now);
    }
    send_said(c);
    claim_send_advance(c, c->n_records > 0);
    c->silent = c->due.paused ? NULL : all + cl->n_persons;
    enum status s = claim_commit(c, STEP_CLAIM_STORING, err);
    fault_point("followup.claim_sent");
    return s;
}

void claim_mark_aside(struct claim *c)
{
    c->caseload.persons[0].aside = true;
    c->caseload.persons[0].aside_until = instant_add_us(c->around.now, ASIDE_US);
}

/* Even without the case: all that is due in this queue waits. */
enum status claim_put_off(struct claim *c, struct err *err)
{
    const struct case_person *p = &c->caseload.persons[0];
    claim_mark_aside(c);
    send_aside(c, c->turn == TURN_PROMPTS);
    ledger_send_put_off(c->pg, p, p->aside_until, c->turn == TURN_PROMPTS);
    return claim_commit(c, STEP_CLAIM_STORING, err);
}
