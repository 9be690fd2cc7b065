/* Kafka's part of a shard: shard_push gives the sink the next order, shard_pull takes its result.
 * The position on the topic is compared with the database before anything is published, and after
 * every order that did not end well. Only then is a batch known to be out, or published again. */
#include "services/followup/shard/shard_kafka.h"

#include <stdlib.h>

#include "common/base/err_code.h"
#include "common/base/mem.h"
#include "common/runtime/clock.h"
#include "common/runtime/fault.h"
#include "services/followup/shard/shard_report.h"

#define TELL_EVERY_S (24 * 3600) /* brokers forget a position after some days */

/* ---- the position ---- */

/* An operator may have allowed it to continue all the same. */
static bool goes_on(struct shard *s)
{
    if (s->may_recover) {
        s->recovery = RECOVERY_WANTED;
    } else if (s->recovery == RECOVERY_WANTED) {
        s->recovery = RECOVERY_NONE;
    }
    return s->may_recover;
}

static enum status lost(struct shard *s, const char *why, struct err *err)
{
    if (goes_on(s)) {
        return STATUS_OK;
    }
    return err_set(err, STATUS_FATAL, ERR_POSITION_LOST, "shard %d: %s", s->number, why);
}

static enum status ready(struct shard *s, int64_t published)
{
    s->published = published;
    states_producer(&s->producer, STEP_PRODUCER_ALIGNED);
    s->recovery = s->may_recover ? RECOVERY_WANTED : RECOVERY_NONE;
    s->position_wanted = !shard_has_unpublished(s);
    s->claim_wanted = true;
    shard_report_active(s);
    return STATUS_OK;
}

static enum status foreign(struct shard *s, struct err *err)
{
    if (goes_on(s)) {
        return STATUS_OK;
    }
    return err_set(err, STATUS_FATAL, ERR_POSITION_FOREIGN,
                   "shard %d: the position on the follow-up topic is another installation's: give"
                   " each installation topics of its own",
                   s->number);
}

static enum status ahead(struct shard *s, struct err *err)
{
    if (goes_on(s)) {
        return STATUS_OK;
    }
    return err_set(
        err, STATUS_FATAL, ERR_POSITION_AHEAD,
        "shard %d: the topic is at batch %lld, the database at %lld: it has lost what it had committed",
        s->number, (long long)s->position, (long long)s->next_batch);
}

/* The topic has no position. Where batches are unconfirmed, the newest of them is looked for: if it
 * is there, all before it are. */
static enum status align_without(struct shard *s, const struct hmac_key *k, struct err *err)
{
    if (s->next_batch == s->confirmed + 1 || s->recovery == RECOVERY_DONE) {
        return ready(s, s->confirmed); /* published, again perhaps */
    }
    const struct batch *newest = shard_front(s);
    if (newest->state == BATCH_EMPTY) {
        return STATUS_OK; /* it is being read */
    }
    if (newest->claim.n_records == 0) {
        return lost(s, "no position, and nothing of the last batch to look for", err);
    }
    render_marker(k, s->number, s->next_batch - 1, s->marker);
    sink_find(s->sink, newest->claim.records[0].topic, s->marker);
    states_producer(&s->producer, STEP_PRODUCER_SEARCHING);
    return STATUS_OK;
}

/* The topic's word against the database's. */
static enum status align_position(struct shard *s, const struct hmac_key *k, struct err *err)
{
    int64_t position = s->position;
    bool recovered = s->recovery == RECOVERY_DONE;
    if (s->foreign && !recovered) {
        return foreign(s, err);
    }
    if (position == NO_POSITION) {
        return align_without(s, k, err);
    }
    if (position > s->next_batch) {
        return ahead(s, err);
    }
    if (position <= s->confirmed && !recovered) {
        return lost(s, "the topic has lost what was confirmed", err);
    }
    if (shard_front(s)->state != BATCH_EMPTY && position != s->published + 1) {
        shard_forget_batches(s);
    }
    return ready(s, position <= s->confirmed ? s->confirmed : position - 1);
}

/* ---- orders ---- */

static void publish(struct shard *s)
{
    const struct claim *c = &shard_front(s)->claim;
    free(s->refused);
    s->refused = mem_alloc(c->n_records + 1); /* another try may have blamed neighbours */
    sink_publish(s->sink, c->records, c->n_records, s->published + 2, s->refused);
    states_producer(&s->producer, STEP_PRODUCER_PUBLISHING);
}

static void commit_position(struct shard *s)
{
    sink_publish(s->sink, NULL, 0, s->published + 1, NULL);
    states_producer(&s->producer, STEP_PRODUCER_COMMITTING);
}

/* By either clock: it is the machine's that brokers go by, and a rehearsal's that can be tested. */
static bool position_is_old(struct shard *s, int64_t mono_ms, struct instant now)
{
    if (instant_is_none(s->told_at)) {
        s->told_at = now;
    }
    return mono_ms - s->told_ms > TELL_EVERY_S * INT64_C(1000) ||
           now.us - s->told_at.us > TELL_EVERY_S * US_PER_SECOND;
}

static void push_ready(struct shard *s, struct instant now, bool held_back, bool stopping)
{
    int64_t mono_ms = clock_mono_ms();
    enum batch_state front = shard_front(s)->state;
    if (front != BATCH_EMPTY) {
        if (front == BATCH_FROZEN && !held_back) {
            publish(s);
        }
        return;
    }
    s->free_ms = mono_ms;
    if (stopping) {
        return;
    }
    s->position_wanted |= position_is_old(s, mono_ms, now);
    if (shard_claiming(s)) {
        return;
    }
    if (s->position_wanted && !shard_has_unpublished(s)) {
        commit_position(s);
    } else if (s->one_by_one) {
        s->one_by_one = false; /* the batch that asked for it is out */
        shard_reopen(s, 0);
    }
}

enum status shard_push(struct shard *s, const struct hmac_key *k, struct instant now,
                       bool held_back, bool stopping, struct err *err)
{
    if (s->lease != LEASE_HELD || sink_busy(s->sink) || s->recovery == RECOVERY_WANTED) {
        return STATUS_OK;
    }
    switch (s->producer) {
    case PRODUCER_OPEN:
        if (!stopping && clock_mono_ms() >= s->open_at_ms) {
            sink_open(s->sink, s->one_by_one);
            states_producer(&s->producer, STEP_PRODUCER_OPENING);
        }
        return STATUS_OK;
    case PRODUCER_ALIGN_POSITION:
        return align_position(s, k, err);
    case PRODUCER_READY:
        push_ready(s, now, held_back, stopping);
        return STATUS_OK;
    case PRODUCER_READ_POSITION:
    case PRODUCER_SEARCH:
    case PRODUCER_PUBLISH:
    case PRODUCER_COMMIT_POSITION:
    case PRODUCER_DISCARD:
    default:
        return STATUS_OK; /* the sink is busy */
    }
}

/* ---- results ---- */

/* The order was begun under a lease that is gone. */
static void discarded(struct shard *s)
{
    states_producer(&s->producer, STEP_PRODUCER_FAILED);
    shard_forget_batches(s);
    sink_close(s->sink);
    s->open_at_ms = clock_mono_ms();
}

/* The lease must be seen to hold before the producer is recreated: a new producer would fence the
 * owner. */
static void failed(struct shard *s, const struct sink_result *r, int64_t seq)
{
    shard_report_failed(s, r);
    shard_reopen(s, backoff_next_ms(&s->backoff));
    shard_doubt(s, seq);
}

/* exact: the marks in refused are of these records alone; else the next producer finds out which.
 */
static void refused(struct shard *s, bool exact)
{
    if (exact) {
        states_batch(&shard_front(s)->state, STEP_BATCH_REFUSE);
    }
    s->one_by_one = true;
    shard_reopen(s, 0);
}

static void position_read(struct shard *s, const struct sink_result *r, int64_t seq)
{
    fault_point("followup.opened");
    s->position = r->position;
    s->foreign = r->foreign;
    states_producer(&s->producer, STEP_PRODUCER_POSITION_READ);
    if (r->position > s->next_batch) {
        /* The database has lost something, or another process took the shard over since and has
         * published more. The database is asked again before anything is reported. */
        shard_doubt(s, seq);
    }
}

static enum status searched(struct shard *s, bool found, struct err *err)
{
    states_producer(&s->producer, STEP_PRODUCER_SEARCHED);
    shard_forget_batches(s);
    if (!found) {
        return lost(s, "no position, and the last batch is not among the last records of its topic",
                    err);
    }
    return ready(s, s->next_batch - 1);
}

/* The batch claimed ahead, or being claimed, is the next one. */
static void bring_forward(struct shard *s)
{
    states_batch(&shard_front(s)->state, STEP_BATCH_PUBLISHED);
    const struct batch *next = shard_behind(s);
    if (next->state != BATCH_EMPTY || next->claim.state != CLAIM_IDLE) {
        s->front = 1 - s->front;
    }
}

static void published(struct shard *s)
{
    bool position_alone = s->producer == PRODUCER_COMMIT_POSITION;
    shard_report_time(s, false);
    backoff_reset(&s->backoff);
    s->told_ms = clock_mono_ms();
    s->told_at = INSTANT_NONE; /* from the next look on */
    s->free_ms = s->told_ms;
    states_producer(&s->producer, STEP_PRODUCER_PUBLISHED);
    s->claim_wanted = true;
    if (position_alone) {
        s->position_wanted = false;
        return;
    }
    s->published++;
    shard_report_missing(s, "");
    shard_count_published(s);
    bring_forward(s);
}

static enum status succeeded(struct shard *s, const struct sink_result *r, int64_t seq,
                             struct err *err)
{
    if (s->producer == PRODUCER_READ_POSITION) {
        position_read(s, r, seq);
    } else if (s->producer == PRODUCER_SEARCH) {
        return searched(s, r->found, err);
    } else {
        published(s);
    }
    return STATUS_OK;
}

enum status shard_pull(struct shard *s, int64_t seq, struct err *err)
{
    struct sink_result r;
    if (!sink_result(s->sink, &r)) {
        return STATUS_OK;
    }
    s->answered_ms = clock_mono_ms();
    if (s->producer == PRODUCER_DISCARD) {
        discarded(s);
        return STATUS_OK;
    }
    switch (r.status) {
    case STATUS_OK:
        return succeeded(s, &r, seq, err);
    case STATUS_REJECT:
        refused(s, r.exact);
        return STATUS_OK;
    case STATUS_STOP:
        shard_reopen(s, 0);
        return STATUS_OK;
    case STATUS_FATAL:
        states_producer(&s->producer, STEP_PRODUCER_FAILED);
        *err = r.err;
        return STATUS_FATAL;
    case STATUS_RETRY:
    case STATUS_RESYNC:
    default:
        failed(s, &r, seq);
        return STATUS_OK;
    }
}
