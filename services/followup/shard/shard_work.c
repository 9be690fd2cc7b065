/* The shard chooses what it does next with the session of the database, and notes what was done. */
#include "services/followup/shard/shard_work.h"

#include "common/runtime/clock.h"
#include "services/followup/shard/claim.h"

#define BLOCKED_MS 1500 /* so long without publishing, and cases are derived all the same */

/* While a batch is on its way to Kafka the next one is claimed, in a rush. Never more than that
 * one, so at most two are unconfirmed. tests/model/spin/followup.pml, "claim_ahead". */
static bool may_claim_ahead(const struct shard *s)
{
    return s->rush && s->producer == PRODUCER_PUBLISH &&
           s->batches[1 - s->front].state == BATCH_EMPTY && !shard_claiming(s) &&
           s->next_batch == s->published + 2;
}

enum shard_want shard_wants(const struct shard *s, bool stopping)
{
    if (s->lease != LEASE_HELD) {
        return WANT_NOTHING;
    }
    enum batch_state front = s->batches[s->front].state;
    if (front == BATCH_TOO_LARGE && !sink_busy(s->sink)) {
        return WANT_CUT;
    }
    bool is_free = s->producer == PRODUCER_READY && front == BATCH_EMPTY;
    if (s->producer == PRODUCER_ALIGN_POSITION && front == BATCH_EMPTY) {
        return WANT_READ; /* to be looked for */
    }
    if (is_free && shard_has_unpublished(s)) {
        return WANT_READ;
    }
    if (stopping) {
        return is_free && s->published > s->confirmed ? WANT_CONFIRM : WANT_NOTHING;
    }
    if (!s->claim_wanted) {
        return WANT_NOTHING;
    }
    /* The position comes first: without it a batch cannot be placed. */
    if (is_free && !s->position_wanted) {
        return WANT_CLAIM;
    }
    if (may_claim_ahead(s)) {
        return WANT_AHEAD;
    }
    return clock_mono_ms() - s->free_ms > BLOCKED_MS ? WANT_HOLD : WANT_NOTHING;
}

static int64_t batch_to_read(const struct shard *s)
{
    return s->producer == PRODUCER_ALIGN_POSITION ? s->next_batch - 1 : s->published + 1;
}

struct claim *shard_claim_for(struct shard *s, enum shard_want want)
{
    if (want == WANT_HOLD) {
        return &s->hold;
    }
    return want == WANT_AHEAD ? &shard_behind(s)->claim : &shard_front(s)->claim;
}

enum status shard_begin(struct shard *s, enum shard_want want, struct pg *pg,
                        struct claim_around *around, struct err *err)
{
    around->shard = s->number;
    around->topics = sink_topics(s->sink);
    around->epoch = s->epoch;
    around->next_batch = s->next_batch;
    around->confirmed = s->confirmed;
    bool settled = s->producer == PRODUCER_READY || want == WANT_AHEAD;
    around->published = settled ? s->published : s->confirmed;
    around->kind = want == WANT_HOLD ? KIND_DEFER : want == WANT_AHEAD ? KIND_AHEAD : KIND_BATCH;
    struct claim *c = shard_claim_for(s, want);
    switch (want) {
    case WANT_CLAIM:
    case WANT_AHEAD:
    case WANT_HOLD:
        s->claim_wanted = false;
        return claim_begin(c, pg, around, err);
    case WANT_READ:
        return claim_read(c, pg, around, batch_to_read(s), err);
    case WANT_CUT:
        return claim_cut(c, pg, around, s->published + 1, s->refused, err);
    case WANT_CONFIRM:
        return claim_confirm(c, pg, around, err);
    case WANT_NOTHING:
    default:
        return STATUS_OK;
    }
}

/* A claim made ahead is in front by now if the batch before it is out. */
static void claimed(struct shard *s, const struct claim *c)
{
    s->confirmed = c->around.published;
    s->claim_wanted |= !c->empty;
    s->rush = c->full;
    if (c->n_records > 0) {
        s->next_batch++;
        struct batch *made = c == &shard_front(s)->claim ? shard_front(s) : shard_behind(s);
        states_batch(&made->state, STEP_BATCH_FREEZE);
    }
    shard_note_seen(s);
}

void shard_done(struct shard *s, enum shard_want want, const struct claim *c, int64_t seq)
{
    if (s->lease != LEASE_HELD) { /* an answer asked for before this was committed is stale */
        s->asked_before = seq;
    }
    switch (want) {
    case WANT_CLAIM:
    case WANT_AHEAD:
        claimed(s, c);
        return;
    case WANT_HOLD:
        s->claim_wanted |= !c->empty;
        return;
    case WANT_READ:
        states_batch(&shard_front(s)->state, STEP_BATCH_FREEZE);
        return;
    case WANT_CUT:
        states_batch(&shard_front(s)->state, STEP_BATCH_CUT);
        return;
    case WANT_CONFIRM:
        s->confirmed = c->around.published;
        shard_note_seen(s);
        return;
    case WANT_NOTHING:
    default:
        return;
    }
}
