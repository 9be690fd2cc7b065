#include "services/followup/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/metrics.h"

#define TELL_EVERY_S (24 * 3600) /* brokers forget a position after some days */
#define BLOCKED_MS 1500 /* so long without publishing, and cases are derived all the same */

void shard_init(struct shard *s, int32_t number, int64_t people_max)
{
    *s = (struct shard){.number = number,
                        .epoch = NO_EPOCH,
                        .position = NO_POSITION,
                        .told_at = INSTANT_NONE,
                        .backoff = {.first_ms = 100, .max_ms = 10000}};
    claim_init(&s->claims[0], people_max);
    claim_init(&s->claims[1], people_max);
    claim_init(&s->hold, people_max);
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
    claim_clear(&s->claims[0]);
    claim_clear(&s->claims[1]);
    claim_clear(&s->hold);
    free(s->refused);
    s->refused = NULL;
}

static struct claim *front(struct shard *s)
{
    return &s->claims[s->front];
}

static struct claim *behind(struct shard *s)
{
    return &s->claims[1 - s->front];
}

static bool claiming(const struct shard *s)
{
    return s->claims[0].state != CLAIM_IDLE || s->claims[1].state != CLAIM_IDLE;
}

static void drop_claims(struct shard *s)
{
    claim_drop(&s->claims[0]);
    claim_drop(&s->claims[1]);
    claim_drop(&s->hold);
}

/* They are in the outbox, if they are anywhere. */
static void forget_batches(struct shard *s)
{
    s->have_next = false;
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
    drop_claims(s);
    forget_batches(s);
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
    forget_batches(s);
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
        drop_claims(s);
        freshen(s, l);
        if (sink_busy(s->sink)) {
            s->drop_result = true;
        } else {
            reopen(s, 0); /* whoever had the shard is fenced by that */
        }
        s->free_ms = clock_mono_ms();
    } else if (!s->fresh && seq > s->unsure_since && !claiming(s)) {
        freshen(s, l);
    }
}

void shard_unsure(struct shard *s, int64_t seq)
{
    drop_claims(s);
    forget_batches(s);
    s->fresh = false;
    s->unsure_since = seq;
}

/* ---- the database's part ---- */

static bool unpublished_batches(const struct shard *s)
{
    return s->published + 1 < s->next_batch;
}

/* While a batch is on its way to Kafka the next one is claimed, in a rush: never more than that
 * one, so at most two are unconfirmed. doc/model/followup.pml, "claim_ahead". */
static bool may_claim_ahead(const struct shard *s)
{
    return s->rush && s->kafka == KAFKA_PUBLISHING && s->have_batch && !s->have_next &&
           !s->telling && !s->drop_result && !claiming(s) && s->next_batch == s->published + 2;
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
    if (may_claim_ahead(s)) {
        return WANT_AHEAD;
    }
    return clock_mono_ms() - s->free_ms > BLOCKED_MS ? WANT_HOLD : WANT_NOTHING;
}

static int64_t batch_to_read(const struct shard *s)
{
    return s->kafka == KAFKA_OPENED ? s->next_batch - 1 : s->published + 1;
}

struct claim *shard_claim_for(struct shard *s, enum shard_want want)
{
    if (want == WANT_HOLD) {
        return &s->hold;
    }
    return want == WANT_AHEAD ? behind(s) : front(s);
}

enum status shard_begin(struct shard *s, enum shard_want want, struct pg *pg,
                        struct claim_around *around, struct err *err)
{
    around->shard = s->number;
    around->topics = sink_topics(s->sink);
    around->epoch = s->epoch;
    around->next_batch = s->next_batch;
    around->confirmed = s->confirmed;
    bool settled = s->kafka == KAFKA_READY || want == WANT_AHEAD;
    around->published = settled ? s->published : s->confirmed;
    around->hold = want == WANT_HOLD;
    around->ahead = want == WANT_AHEAD;
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

static void claimed(struct shard *s, const struct claim *c)
{
    s->confirmed = c->around.published;
    s->claim_wanted |= !c->empty;
    s->rush = c->full;
    if (c->n_records > 0) {
        s->next_batch++;
        s->have_batch |= c == front(s);
        s->have_next |= c != front(s);
    }
}

void shard_done(struct shard *s, enum shard_want want, const struct claim *c, int64_t seq)
{
    if (!s->fresh) { /* an answer to what was asked before this was committed would be stale */
        s->unsure_since = seq;
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
        s->have_batch = true;
        return;
    case WANT_CUT:
        s->cut_wanted = false;
        return;
    case WANT_CONFIRM:
        s->confirmed = c->around.published;
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
            forget_batches(s);
        }
        ready(s, position - 1);
        return STATUS_OK;
    }
    if (s->next_batch == s->confirmed + 1) {
        ready(s, s->confirmed);
        return STATUS_OK;
    }
    if (!s->have_batch) {
        return STATUS_OK; /* it is being read */
    }
    if (front(s)->n_records == 0) {
        return lost(s, "no position, and nothing of the last batch to look for", err);
    }
    /* The newest: if it is there, all before it are. */
    render_marker(k, s->number, s->next_batch - 1, s->marker);
    sink_find(s->sink, front(s)->records[0].topic, s->marker);
    s->kafka = KAFKA_SEARCHING;
    return STATUS_OK;
}

static void publish(struct shard *s)
{
    const struct claim *c = front(s);
    free(s->refused);
    s->refused = mem_alloc(c->n_records + 1); /* another try may have blamed neighbours */
    sink_publish(s->sink, c->records, c->n_records, s->published + 2, s->refused);
    s->telling = false;
    s->kafka = KAFKA_PUBLISHING;
}

static void tell_position(struct shard *s)
{
    sink_publish(s->sink, NULL, 0, s->published + 1, NULL);
    s->telling = true;
    s->kafka = KAFKA_PUBLISHING;
}

/* By either clock: it is the machine's that brokers go by, and a rehearsal's that can be tested. */
static bool is_to_be_told(struct shard *s, int64_t mono_ms, struct instant now)
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
    if (s->have_batch) {
        if (!s->cut_wanted && !held_back) {
            publish(s);
        }
        return;
    }
    s->free_ms = mono_ms;
    if (stopping) {
        return;
    }
    s->tell_position |= is_to_be_told(s, mono_ms, now);
    if (claiming(s)) {
        return;
    }
    if (s->tell_position && !unpublished_batches(s)) {
        tell_position(s);
    } else if (s->one_by_one) {
        s->one_by_one = false; /* the batch that asked for it is out */
        reopen(s, 0);
    }
}

enum status shard_push(struct shard *s, const struct hmac_key *k, struct instant now,
                       bool held_back, bool stopping, struct err *err)
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
        push_ready(s, now, held_back, stopping);
    }
    return STATUS_OK;
}

static void set_missing(const struct shard *s, const char *topic, bool missing)
{
    char number[16];
    (void)snprintf(number, sizeof number, "%d", s->number);
    const char *labels[] = {number, topic};
    metrics_set(METRIC_TOPIC_MISSING, labels, missing);
}

bool shard_topics(struct shard *s)
{
    struct topic_news news;
    bool any = false;
    while (topics_news(sink_topics(s->sink), &news)) {
        any |= news.there;
        set_missing(s, news.name, !news.there);
        if (!news.there) {
            log_error(TOPIC_MISSING, LOG_INT("shard", s->number), LOG_TEXT("topic", news.name),
                      LOG_TEXT("msg", "what is for it waits until it is there"));
        }
    }
    s->claim_wanted |= any;
    return any;
}

/* The topic for which a frozen batch waits; "": none does. */
static void tell_missing(struct shard *s, const char *topic)
{
    if (s->missing[0] != '\0' && strcmp(s->missing, topic) != 0) {
        set_missing(s, s->missing, false);
    }
    if (topic[0] != '\0') {
        set_missing(s, topic, true);
    }
    (void)snprintf(s->missing, sizeof s->missing, "%s", topic);
}

/* Before the producer is made anew the lease must be seen to hold: it would fence who has it now.
 */
static void kafka_failed(struct shard *s, const struct sink_result *r, int64_t seq)
{
    const struct err *err = &r->err;
    if (r->missing[0] != '\0') {
        tell_missing(s, r->missing);
    }
    if (strcmp(err->code, "_FENCED") == 0 || strcmp(err->code, "INVALID_PRODUCER_EPOCH") == 0 ||
        strcmp(err->code, "PRODUCER_FENCED") == 0) {
        metrics_add(METRIC_FENCED, NULL, 1);
        log_warn(FENCED, LOG_INT("shard", s->number), LOG_TEXT("msg", err->text));
    } else if (r->missing[0] != '\0' && backoff_should_log(&s->backoff)) {
        log_error(TOPIC_MISSING, LOG_INT("shard", s->number), LOG_TEXT("topic", r->missing),
                  LOG_TEXT("msg", "nothing of this shard goes out until it is there"),
                  LOG_INT("attempt", s->backoff.attempt + 1));
    } else if (backoff_should_log(&s->backoff)) {
        log_warn(KAFKA_DOWN, LOG_INT("shard", s->number), LOG_TEXT("code", err->code),
                 LOG_TEXT("msg", err->text), LOG_INT("attempt", s->backoff.attempt + 1));
    }
    reopen(s, backoff_next_ms(&s->backoff));
    s->fresh = false;
    s->unsure_since = seq;
}

static void count_published(struct shard *s)
{
    const struct claim *c = front(s);
    s->n_published += c->n_records;
    for (size_t i = 0, n = 1; i < c->n_records; i += n, n = 1) {
        const char *labels[] = {c->records[i].topic};
        while (i + n < c->n_records && strcmp(c->records[i + n].topic, labels[0]) == 0) {
            n++;
        }
        metrics_add(METRIC_FOLLOWUP_EVENTS, labels, (double)n);
    }
}

/* The batch claimed ahead, or being claimed, is the next one. */
static void bring_forward(struct shard *s)
{
    s->have_batch = s->have_next;
    if (s->have_next || behind(s)->state != CLAIM_IDLE) {
        s->front = 1 - s->front;
    }
    s->have_next = false;
}

static void published(struct shard *s)
{
    backoff_reset(&s->backoff);
    s->told_ms = clock_mono_ms();
    s->told_at = INSTANT_NONE; /* from the next look on */
    s->free_ms = s->told_ms;
    s->kafka = KAFKA_READY;
    s->claim_wanted = true;
    if (s->telling) {
        s->tell_position = false;
        return;
    }
    s->published++;
    tell_missing(s, "");
    count_published(s);
    bring_forward(s);
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
    forget_batches(s);
    if (!found) {
        return lost(s, "no position, and the last batch is not among the last records of its topic",
                    err);
    }
    ready(s, s->next_batch - 1);
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
        forget_batches(s);
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
        kafka_failed(s, &r, seq);
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
    if (sink_busy(s->sink) || claiming(s) || s->hold.state != CLAIM_IDLE) {
        return false;
    }
    bool can_publish = s->epoch != NO_EPOCH && s->fresh && s->kafka == KAFKA_READY;
    return !(can_publish && s->have_batch && !held_back) && shard_wants(s, true) == WANT_NOTHING;
}
