/* The life of a shard, and its lease. An answer about leases comes each second. It may give the
 * shard to us, take it from us, or, after something failed, bring back what the database knows.
 * Claims under way are dropped before the batches they made are forgotten. An order that the sink
 * still has is left to end (PRODUCER_DISCARD), since the sink borrows its records. */
#include "services/followup/shard/shard.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/err_code.h"
#include "common/runtime/clock.h"
#include "common/runtime/fault.h"
#include "services/followup/shard/claim.h"

void shard_init(struct shard *s, int32_t number, int64_t people_max)
{
    *s = (struct shard){.number = number,
                        .lease = LEASE_STANDBY,
                        .producer = PRODUCER_OPEN,
                        .epoch = NO_EPOCH,
                        .position = NO_POSITION,
                        .told_at = INSTANT_NONE,
                        .backoff = {.first_ms = 100, .max_ms = 10000}};
    for (size_t i = 0; i < 2; i++) {
        s->batches[i].state = BATCH_EMPTY;
        claim_init(&s->batches[i].claim, people_max);
    }
    claim_init(&s->hold, people_max);
}

enum status shard_start(struct shard *s, const struct conf *conf, const char *id_prefix,
                        const char *installation, struct err *err)
{
    (void)snprintf(s->transactional_id, sizeof s->transactional_id, "%s-%d", id_prefix, s->number);
    return sink_new(&s->sink, conf, s->transactional_id, installation, s->number, err);
}

void shard_clear(struct shard *s)
{
    sink_free(s->sink);
    s->sink = NULL;
    claim_clear(&s->batches[0].claim);
    claim_clear(&s->batches[1].claim);
    claim_clear(&s->hold);
    free(s->refused);
    s->refused = NULL;
}

static void drop_claims(struct shard *s)
{
    claim_drop(&s->batches[0].claim);
    claim_drop(&s->batches[1].claim);
    claim_drop(&s->hold);
}

/* ---- leases ---- */

static void lease_lost(struct shard *s)
{
    shard_report_standby(s);
    s->epoch = NO_EPOCH;
    states_lease(&s->lease, STEP_LEASE_LOSE);
    drop_claims(s);
    shard_forget_batches(s);
    if (!sink_busy(s->sink) && s->producer != PRODUCER_OPEN) {
        sink_close(s->sink);
    }
    states_producer(&s->producer, STEP_PRODUCER_ABANDON);
}

enum status shard_compare(const struct shard *s, const struct lease *l, struct err *err)
{
    if (l->next_batch >= s->seen_next && l->confirmed_batch >= s->seen_confirmed) {
        return STATUS_OK;
    }
    return err_set(err, STATUS_FATAL, ERR_POSITION_AHEAD,
                   "shard %d: the database is at batch %lld (confirmed %lld) and was at %lld"
                   " (confirmed %lld): the database has lost batches that it had committed",
                   s->number, (long long)l->next_batch, (long long)l->confirmed_batch,
                   (long long)s->seen_next, (long long)s->seen_confirmed);
}

int64_t shard_position(const struct shard *s)
{
    return s->producer == PRODUCER_ALIGN_POSITION ? s->position : NO_POSITION;
}

void shard_recovered(struct shard *s, int64_t seq)
{
    s->may_recover = false;
    s->recovery = RECOVERY_DONE;
    shard_doubt(s, seq);
}

static void reload(struct shard *s, const struct lease *l, enum step step)
{
    states_lease(&s->lease, step);
    s->next_batch = l->next_batch;
    s->confirmed = l->confirmed_batch;
    shard_note_seen(s);
    shard_forget_batches(s);
}

/* The producer that is made next fences the process that had the shard. */
static void lease_taken(struct shard *s, const struct lease *l)
{
    fault_point("followup.leased");
    s->epoch = l->epoch;
    if (s->reported == REPORTED_STANDBY) {
        s->reported = REPORTED_NOTHING;
    }
    drop_claims(s);
    reload(s, l, STEP_LEASE_TAKE);
    states_producer(&s->producer, STEP_PRODUCER_ABANDON);
    s->free_ms = clock_mono_ms();
    if (s->producer == PRODUCER_OPEN) {
        s->open_at_ms = s->free_ms;
    }
}

enum status shard_leased(struct shard *s, const struct lease *l, int64_t seq, struct err *err)
{
    if (l->epoch == NO_EPOCH) {
        lease_lost(s);
        return STATUS_OK;
    }
    bool same = l->epoch == s->epoch;
    bool stale = same && (s->lease == LEASE_HELD || seq <= s->asked_before);
    enum status st = stale ? STATUS_OK : shard_compare(s, l, err);
    if (st != STATUS_OK) {
        return st;
    }
    s->may_recover = l->may_recover;
    /* Nothing asks for it: it must not be used for what happens later. */
    if (s->may_recover && shard_is_active(s)) {
        s->recovery = RECOVERY_WANTED;
    }
    if (!same) {
        lease_taken(s, l);
    } else if (!stale && !shard_claiming(s)) {
        reload(s, l, STEP_LEASE_RELOAD);
    }
    return STATUS_OK;
}

void shard_unsure(struct shard *s, int64_t seq)
{
    drop_claims(s);
    shard_forget_batches(s);
    shard_doubt(s, seq);
}

bool shard_is_unsure(const struct shard *s, int64_t seq)
{
    return s->lease == LEASE_LOOK_AGAIN && seq <= s->asked_before;
}

/* ---- both ---- */

void shard_kafka_is(struct shard *s, bool up)
{
    s->kafka_away = !up;
    if (up) {
        backoff_reset(&s->backoff);
        s->open_at_ms = 0;
    }
}

int64_t shard_unpublished_ms(const struct shard *s)
{
    bool frozen = s->batches[s->front].state != BATCH_EMPTY ||
                  (s->lease == LEASE_HELD && shard_has_unpublished(s));
    return s->lease != LEASE_STANDBY && frozen ? clock_mono_ms() - s->free_ms : 0;
}

bool shard_is_quiet(const struct shard *s, bool held_back)
{
    if (sink_busy(s->sink) || shard_claiming(s) || s->hold.state != CLAIM_IDLE) {
        return false;
    }
    bool can_publish = s->lease == LEASE_HELD && s->producer == PRODUCER_READY;
    bool frozen = s->batches[s->front].state != BATCH_EMPTY;
    return !(can_publish && frozen && !held_back) && shard_wants(s, true) == WANT_NOTHING;
}
