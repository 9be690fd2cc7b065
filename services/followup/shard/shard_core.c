/* shard.c changes a shard's lease, shard_work.c its claims, shard_kafka.c its producer. A change
 * that more than one of them makes is here. A batch that the sink has is never forgotten, since the
 * sink borrows its records. */
#include "services/followup/shard/shard_core.h"

#include "common/runtime/clock.h"

struct batch *shard_front(struct shard *s)
{
    return &s->batches[s->front];
}

struct batch *shard_behind(struct shard *s)
{
    return &s->batches[1 - s->front];
}

bool shard_claiming(const struct shard *s)
{
    return s->batches[0].claim.state != CLAIM_IDLE || s->batches[1].claim.state != CLAIM_IDLE;
}

bool shard_has_unpublished(const struct shard *s)
{
    return s->published + 1 < s->next_batch;
}

void shard_forget_batches(struct shard *s)
{
    states_batch(&shard_behind(s)->state, STEP_BATCH_FORGET);
    switch (s->producer) {
    case PRODUCER_SEARCH:
    case PRODUCER_PUBLISH:
    case PRODUCER_COMMIT_POSITION:
    case PRODUCER_DISCARD:
        return; /* the sink has it, and its result says what became of it */
    case PRODUCER_OPEN:
    case PRODUCER_READ_POSITION:
    case PRODUCER_ALIGN_POSITION:
    case PRODUCER_READY:
    default:
        states_batch(&shard_front(s)->state, STEP_BATCH_FORGET);
    }
}

void shard_reopen(struct shard *s, int64_t pause_ms)
{
    states_producer(&s->producer, STEP_PRODUCER_FAILED);
    s->open_at_ms = clock_mono_ms() + pause_ms;
}

void shard_doubt(struct shard *s, int64_t seq)
{
    states_lease(&s->lease, STEP_LEASE_DOUBT);
    s->asked_before = seq;
}

void shard_note_seen(struct shard *s)
{
    s->seen_next = s->next_batch > s->seen_next ? s->next_batch : s->seen_next;
    s->seen_confirmed = s->confirmed > s->seen_confirmed ? s->confirmed : s->seen_confirmed;
}

bool shard_is_active(const struct shard *s)
{
    return s->reported == REPORTED_ACTIVE;
}
