#include "services/followup/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/metrics.h"

#define TELL_EVERY_MS (INT64_C(24) * 3600 * 1000) /* brokers forget a position after some days */
#define BLOCKED_MS 1500 /* so long without publishing, and cases are derived all the same */

void shard_init(struct shard *s, int32_t number)
{
    *s = (struct shard){.number = number,
                        .epoch = NO_EPOCH,
                        .position = NO_POSITION,
                        .backoff = {.first_ms = 100, .max_ms = 10000}};
    claim_init(&s->claim);
    claim_init(&s->hold);
}

enum status shard_start(struct shard *s, const struct conf *conf, const char *id_prefix,
                        struct err *err)
{
    (void)snprintf(s->transactional_id, sizeof s->transactional_id, "%s-%d", id_prefix, s->number);
    return sink_new(&s->sink, conf, s->transactional_id, s->number, err);
}

void shard_clear(struct shard *s)
{
    sink_free(s->sink);
    s->sink = NULL;
    claim_clear(&s->claim);
    claim_clear(&s->hold);
    free(s->refused);
    s->refused = NULL;
}

static void forget_batch(struct shard *s)
{
    if (s->kafka == KAFKA_PUBLISHING || s->kafka == KAFKA_SEARCHING) {
        return; /* the sink has it; what becomes of it is told by its result */
    }
    s->have_batch = false;
    s->cut_wanted = false;
}

static void reopen(struct shard *s, int64_t pause_ms)
{
    s->kafka = KAFKA_CLOSED;
    s->reopen_at_ms = clock_mono_ms() + pause_ms;
}

/* ---- leases ---- */

static void lose(struct shard *s)
{
    if (s->epoch != NO_EPOCH || !s->told_standby) {
        log_info(STANDBY, LOG_INT("shard", s->number));
    }
    s->told_standby = true;
    s->told_active = false;
    s->epoch = NO_EPOCH;
    s->fresh = false;
    claim_drop(&s->claim);
    claim_drop(&s->hold);
    forget_batch(s);
    if (sink_busy(s->sink)) {
        s->drop_result = true;
    } else if (s->kafka != KAFKA_CLOSED) {
        sink_close(s->sink);
        s->kafka = KAFKA_CLOSED;
    }
}

static void freshen(struct shard *s, const struct lease *l)
{
    s->next_batch = l->next_batch;
    s->confirmed = l->confirmed_batch;
    s->fresh = true;
    forget_batch(s);
}

void shard_leased(struct shard *s, const struct lease *l, int64_t seq)
{
    if (l->epoch == NO_EPOCH) {
        lose(s);
        return;
    }
    if (l->epoch != s->epoch) {
        fault_point("followup.leased");
        s->epoch = l->epoch;
        s->told_standby = false;
        freshen(s, l);
        if (sink_busy(s->sink)) {
            s->drop_result = true;
        } else {
            reopen(s, 0); /* whoever had the shard is fenced by that */
        }
        s->free_ms = clock_mono_ms();
    } else if (!s->fresh && seq > s->unsure_since) {
        freshen(s, l);
    }
}

void shard_unsure(struct shard *s, int64_t seq)
{
    claim_drop(&s->claim);
    claim_drop(&s->hold);
    forget_batch(s);
    s->fresh = false;
    s->unsure_since = seq;
}

/* ---- the database's part ---- */

static bool unpublished_batches(const struct shard *s)
{
    return s->published + 1 < s->next_batch;
}

enum shard_want shard_wants(const struct shard *s, bool stopping)
{
    if (s->epoch == NO_EPOCH || !s->fresh) {
        return WANT_NOTHING;
    }
    if (s->cut_wanted && !sink_busy(s->sink)) {
        return WANT_CUT;
    }
    if (s->kafka == KAFKA_OPENED && !s->have_batch) {
        return WANT_READ; /* to be looked for */
    }
    if (s->kafka == KAFKA_READY && !s->have_batch && unpublished_batches(s)) {
        return WANT_READ;
    }
    bool is_free = s->kafka == KAFKA_READY && !s->have_batch;
    if (stopping) {
        return is_free && s->published > s->confirmed ? WANT_CONFIRM : WANT_NOTHING;
    }
    if (!s->claim_wanted) {
        return WANT_NOTHING;
    }
    if (is_free &&
        !s->tell_position) { /* told first: without a position a batch cannot be placed */
        return WANT_CLAIM;
    }
    return clock_mono_ms() - s->free_ms > BLOCKED_MS ? WANT_HOLD : WANT_NOTHING;
}

static int64_t batch_to_read(const struct shard *s)
{
    return s->kafka == KAFKA_OPENED ? s->confirmed + 1 : s->published + 1;
}

enum status shard_begin(struct shard *s, enum shard_want want, struct pg *pg,
                        struct claim_around *around, struct err *err)
{
    around->shard = s->number;
    around->epoch = s->epoch;
    around->next_batch = s->next_batch;
    around->confirmed = s->confirmed;
    around->published = s->kafka == KAFKA_READY ? s->published : s->confirmed;
    around->hold = want == WANT_HOLD;
    switch (want) {
    case WANT_CLAIM:
        s->claim_wanted = false;
        return claim_begin(&s->claim, pg, around, err);
    case WANT_HOLD:
        s->claim_wanted = false;
        return claim_begin(&s->hold, pg, around, err);
    case WANT_READ:
        return claim_read(&s->claim, pg, around, batch_to_read(s), err);
    case WANT_CUT:
        return claim_cut(&s->claim, pg, around, s->published + 1, s->refused, err);
    case WANT_CONFIRM:
        return claim_confirm(&s->claim, pg, around, err);
    case WANT_NOTHING:
    default:
        return STATUS_OK;
    }
}

static void take_batch(struct shard *s)
{
    s->have_batch = true;
    free(s->refused);
    s->refused = mem_alloc(s->claim.n_records + 1);
}

void shard_done(struct shard *s, enum shard_want want)
{
    switch (want) {
    case WANT_CLAIM:
        s->confirmed = s->claim.around.published;
        s->claim_wanted |= !s->claim.empty;
        if (s->claim.n_records > 0) {
            s->next_batch++;
            take_batch(s);
        }
        return;
    case WANT_HOLD:
        s->claim_wanted |= !s->hold.empty;
        return;
    case WANT_READ:
        take_batch(s);
        return;
    case WANT_CUT:
        s->cut_wanted = false;
        return;
    case WANT_CONFIRM:
        s->confirmed = s->claim.around.published;
        return;
    case WANT_NOTHING:
    default:
        return;
    }
}

/* ---- Kafka's part ---- */

static enum status lost(const struct shard *s, const char *why, struct err *err)
{
    return err_set(err, STATUS_FATAL, "position_lost", "shard %d: %s", s->number, why);
}

static void ready(struct shard *s, int64_t published)
{
    s->published = published;
    s->kafka = KAFKA_READY;
    s->tell_position = !unpublished_batches(s);
    s->claim_wanted = true;
    if (!s->told_active) {
        log_info(ACTIVE, LOG_INT("shard", s->number), LOG_INT("epoch", s->epoch),
                 LOG_INT("published", published), LOG_INT("next_batch", s->next_batch));
    }
    s->told_active = true;
}

/* The topic's word against the database's. */
static enum status settle(struct shard *s, const struct hmac_key *k, struct err *err)
{
    int64_t position = s->position;
    if (position != NO_POSITION) {
        if (position > s->next_batch) {
            return err_set(err, STATUS_FATAL, "position_ahead",
                           "shard %d: the topic is at batch %lld, the database at %lld: it has lost"
                           " what it had committed",
                           s->number, (long long)position, (long long)s->next_batch);
        }
        if (position <= s->confirmed) {
            return lost(s, "the topic has lost what was confirmed", err);
        }
        if (s->have_batch && position != s->published + 1) {
            forget_batch(s);
        }
        ready(s, position - 1);
        return STATUS_OK;
    }
    if (s->next_batch == s->confirmed + 1) {
        ready(s, s->confirmed);
        return STATUS_OK;
    }
    if (s->next_batch > s->confirmed + 2) {
        return lost(s, "no position, and more than one batch that may be on its topic", err);
    }
    if (!s->have_batch) {
        return STATUS_OK; /* it is being read */
    }
    if (s->claim.n_records == 0) {
        return lost(s, "no position, and nothing of the last batch to look for", err);
    }
    render_marker(k, s->number, s->confirmed + 1, s->marker);
    sink_find(s->sink, s->claim.records[0].topic, s->marker);
    s->kafka = KAFKA_SEARCHING;
    return STATUS_OK;
}

static void publish(struct shard *s)
{
    memset(s->refused, 0, s->claim.n_records); /* another try may have blamed neighbours */
    sink_publish(s->sink, s->claim.records, s->claim.n_records, s->published + 2, s->refused);
    s->telling = false;
    s->kafka = KAFKA_PUBLISHING;
}

static void tell_position(struct shard *s)
{
    sink_publish(s->sink, NULL, 0, s->published + 1, NULL);
    s->telling = true;
    s->kafka = KAFKA_PUBLISHING;
}

static void push_ready(struct shard *s, bool held_back, bool stopping)
{
    int64_t now = clock_mono_ms();
    if (s->have_batch) {
        if (!s->cut_wanted && !held_back) {
            publish(s);
        }
        return;
    }
    s->free_ms = now;
    if (stopping) {
        return;
    }
    s->tell_position |= now - s->told_ms > TELL_EVERY_MS;
    bool claiming = s->claim.state != CLAIM_IDLE;
    if (s->tell_position && !unpublished_batches(s) && !claiming) {
        tell_position(s);
    } else if (s->one_by_one && !claiming) {
        s->one_by_one = false; /* the batch that asked for it is out */
        reopen(s, 0);
    }
}

enum status shard_push(struct shard *s, const struct hmac_key *k, bool held_back, bool stopping,
                       struct err *err)
{
    if (s->epoch == NO_EPOCH || !s->fresh || sink_busy(s->sink)) {
        return STATUS_OK;
    }
    if (s->kafka == KAFKA_CLOSED && !stopping && clock_mono_ms() >= s->reopen_at_ms) {
        sink_open(s->sink, s->one_by_one);
        s->kafka = KAFKA_OPENING;
    } else if (s->kafka == KAFKA_OPENED) {
        return settle(s, k, err);
    } else if (s->kafka == KAFKA_READY) {
        push_ready(s, held_back, stopping);
    }
    return STATUS_OK;
}

/* Before the producer is made anew the lease must be seen to hold: it would fence who has it now.
 */
static void kafka_failed(struct shard *s, const struct err *err, int64_t seq)
{
    if (strcmp(err->code, "_FENCED") == 0 || strcmp(err->code, "INVALID_PRODUCER_EPOCH") == 0 ||
        strcmp(err->code, "PRODUCER_FENCED") == 0) {
        metrics_add(METRIC_FENCED, NULL, 1);
        log_warn(FENCED, LOG_INT("shard", s->number), LOG_TEXT("msg", err->text));
    } else if (backoff_should_log(&s->backoff)) {
        log_warn(KAFKA_DOWN, LOG_INT("shard", s->number), LOG_TEXT("code", err->code),
                 LOG_TEXT("msg", err->text), LOG_INT("attempt", s->backoff.attempt + 1));
    }
    reopen(s, backoff_next_ms(&s->backoff));
    s->fresh = false;
    s->unsure_since = seq;
}

static void count_published(const struct shard *s)
{
    for (size_t i = 0; i < s->claim.n_records; i++) {
        const char *labels[] = {s->claim.records[i].topic};
        metrics_add(METRIC_FOLLOWUP_EVENTS, labels, 1);
    }
}

static void published(struct shard *s)
{
    backoff_reset(&s->backoff);
    s->told_ms = clock_mono_ms();
    s->kafka = KAFKA_READY;
    s->claim_wanted = true;
    if (s->telling) {
        s->tell_position = false;
        return;
    }
    s->published++;
    s->n_published += s->claim.n_records;
    count_published(s);
    forget_batch(s);
}

static enum status refused(struct shard *s, bool exact)
{
    if (exact) {
        s->cut_wanted = true;
    }
    s->one_by_one = true;
    reopen(s, 0);
    return STATUS_OK;
}

static enum status searched(struct shard *s, bool found, struct err *err)
{
    s->kafka = KAFKA_OPENED;
    forget_batch(s);
    if (!found) {
        return lost(s, "no position, and the last batch is not among the last records of its topic",
                    err);
    }
    ready(s, s->confirmed + 1);
    return STATUS_OK;
}

enum status shard_pull(struct shard *s, int64_t seq, struct err *err)
{
    struct sink_result r;
    if (!sink_result(s->sink, &r)) {
        return STATUS_OK;
    }
    s->answered_ms = clock_mono_ms();
    enum shard_kafka was = s->kafka;
    s->kafka = KAFKA_CLOSED; /* nothing is with the sink any more */
    if (s->drop_result) {    /* of a lease that is gone */
        s->drop_result = false;
        forget_batch(s);
        sink_close(s->sink);
        reopen(s, 0);
        return STATUS_OK;
    }
    if (r.status == STATUS_FATAL) {
        *err = r.err;
        return STATUS_FATAL;
    }
    if (r.status == STATUS_REJECT) {
        return refused(s, r.exact);
    }
    if (r.status == STATUS_STOP) {
        reopen(s, 0);
        return STATUS_OK;
    }
    if (r.status != STATUS_OK) {
        kafka_failed(s, &r.err, seq);
        return STATUS_OK;
    }
    if (was == KAFKA_OPENING) {
        fault_point("followup.opened");
        s->position = r.position;
        s->kafka = KAFKA_OPENED;
        if (r.position > s->next_batch) {
            /* The database has lost something, or somebody took the shard over since we last looked
             * and has published more: it is asked again before anything is said of it. */
            s->fresh = false;
            s->unsure_since = seq;
        }
        return STATUS_OK;
    }
    if (was == KAFKA_SEARCHING) {
        return searched(s, r.found, err);
    }
    published(s);
    return STATUS_OK;
}

bool shard_is_quiet(const struct shard *s, bool held_back)
{
    if (sink_busy(s->sink) || s->claim.state != CLAIM_IDLE || s->hold.state != CLAIM_IDLE) {
        return false;
    }
    bool can_publish = s->epoch != NO_EPOCH && s->fresh && s->kafka == KAFKA_READY;
    return !(can_publish && s->have_batch && !held_back) && shard_wants(s, true) == WANT_NOTHING;
}
