#include "services/followup/kafka/producer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err_code.h"
#include "common/base/mem.h"
#include "common/event/frozen.h"
#include "common/kafka/kafka.h"
#include "common/runtime/clock.h"
#include "common/runtime/fault.h"
#include "common/runtime/log.h"
#include "common/runtime/program.h"
#include "services/followup/kafka/producer_find.h"
#include "services/followup/kafka/producer_position.h"

#define STEP_MS 250 /* how long one call of the library waits before we look around */
#define PAUSE_MS 20 /* before a call that the library would have again */
#define OPEN_MS 30000
#define POSITION_MS 15000
#define PUBLISH_MS 25000 /* longer than a transaction may last */
#define ABORT_MS 500
#define DESTROY_MS 5000
#define HANGING_MAX 3

struct producer {
    rd_kafka_t *rk;
    struct producer_options o;
    bool in_transaction;
    bool shaken; /* a connection broke since it began */
    /* About the batch being sent. */
    bool *refused;
    size_t n_refused;
    struct err broken;  /* an error that waiting does not cure; code "" for none */
    enum status failed; /* the first failure of another sort */
    struct err why;
    char missing[TOPIC_TEXT]; /* what failed is that this topic is not there */
};

static atomic_int n_hanging; /* of this process: left behind in the library, and their memory */

/* ---- waiting ---- */

static bool is_over(const struct producer *p, int64_t end, enum status *s, struct err *err)
{
    int64_t now = clock_mono_ms();
    if (p->broken.code[0] != '\0') {
        *s = err_set(err, STATUS_FATAL, p->broken.code, "%s", p->broken.text);
        return true;
    }
    if (now >= atomic_load(p->o.give_up_at)) {
        *s = err_set(err, STATUS_STOP, "stop", "asked to stop");
        return true;
    }
    if (now >= end) {
        *s = err_set(err, STATUS_RESYNC, "_TIMED_OUT", "the brokers do not answer in time");
        return true;
    }
    return false;
}

static bool timed_out(const struct err *err)
{
    return err_is(err, ERR_KAFKA_TIMED_OUT);
}

/* ---- callbacks of the library ---- */

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    struct producer *p = opaque;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        return; /* kafka_watch says so */
    }
    p->shaken |= code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT;
    struct err err = {0};
    if (kafka_client_error(code, reason, &err) == STATUS_FATAL && p->broken.code[0] == '\0') {
        p->broken = err;
    }
    log_debug(KAFKA_LIBRARY, LOG_TEXT("msg", reason));
}

static bool is_no_topic(const char *code)
{
    return strcmp(code, "_UNKNOWN_TOPIC") == 0 || strcmp(code, "UNKNOWN_TOPIC_OR_PART") == 0;
}

static void note_missing(struct producer *p, const struct err *err, const char *topic)
{
    if (p->missing[0] == '\0' && is_no_topic(err->code)) {
        (void)snprintf(p->missing, sizeof p->missing, "%s", topic);
    }
}

void producer_missing(const struct producer *p, const struct conf *conf, const struct err *err,
                      char out[TOPIC_TEXT])
{
    const char *opening = is_no_topic(err->code) ? conf->kafka_topic_follow_up : "";
    (void)snprintf(out, TOPIC_TEXT, "%s", p == NULL ? opening : p->missing);
}

static void keep_failure(struct producer *p, rd_kafka_resp_err_t code, const char *topic)
{
    struct err err = {0};
    enum status s = kafka_status(code, topic, &err);
    note_missing(p, &err, topic);
    if (p->failed == STATUS_OK) {
        p->failed = s == STATUS_RETRY ? STATUS_RESYNC : s;
        p->why = err;
    }
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    struct producer *p = opaque;
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    struct err ignored = {0};
    if (p->refused != NULL && kafka_status(m->err, "produce", &ignored) == STATUS_REJECT) {
        bool *mark = m->_private;
        *mark = true;
        p->n_refused++;
    } else {
        keep_failure(p, m->err, rd_kafka_topic_name(m->rkt));
    }
}

/* ---- opening and closing ---- */

static enum status new_client(struct producer *p, struct err *err)
{
    const struct kafka_setting settings[] = {
        {"transactional.id", p->o.transactional_id},
        {"transaction.timeout.ms", "15000"}, /* readers wait as long for one that was killed */
        {"message.timeout.ms", "10000"},
        {"topic.metadata.propagation.max.ms", "3000"}, /* then a topic is said not to be there */
        {"retry.backoff.ms", "5"},
        {"log.connection.close", "true"}, /* or on_error would not hear of it */
        {"linger.ms", "20"},              /* flushing does not wait for it */
        {"batch.size", "1000000"},
        {"batch.num.messages", p->o.one_by_one ? "1" : "100000"},
        {"compression.type", "lz4"},
        {"queue.buffering.max.messages", "1000000"},
        {"partitioner", "murmur2_random"}, /* as Java producers: a key's partition is the same */
        {NULL, NULL}};
    rd_kafka_conf_t *rconf = NULL;
    enum status s = kafka_conf_new(&rconf, p->o.conf, "dayfour-followup", settings, false, err);
    if (s != STATUS_OK) {
        return s;
    }
    rd_kafka_conf_set_opaque(rconf, p);
    rd_kafka_conf_set_error_cb(rconf, on_error);
    rd_kafka_conf_set_dr_msg_cb(rconf, on_delivery);
    return kafka_client_new(&p->rk, RD_KAFKA_PRODUCER, rconf, err);
}

static enum status judge_partitions(const struct producer *p, const struct rd_kafka_metadata *md,
                                    struct err *err)
{
    const char *topic = p->o.conf->kafka_topic_follow_up;
    if (md->topic_cnt != 1) {
        return err_set(err, STATUS_RETRY, "metadata", "%s: nothing known of it", topic);
    }
    if (md->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_status(md->topics[0].err, topic, err);
    }
    if (md->topics[0].partition_cnt < p->o.conf->followup_shards) {
        return err_set(err, STATUS_FATAL, "config",
                       "followup.shards: %s has only %d partitions, fewer than shards", topic,
                       md->topics[0].partition_cnt);
    }
    return STATUS_OK;
}

static enum status check_partitions(struct producer *p, int64_t end, struct err *err)
{
    enum status s = STATUS_RETRY;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(p->rk, p->o.conf->kafka_topic_follow_up, NULL);
    while (s == STATUS_RETRY) {
        const struct rd_kafka_metadata *md = NULL;
        rd_kafka_resp_err_t code = rd_kafka_metadata(p->rk, 0, topic, &md, 4 * STEP_MS);
        s = code == RD_KAFKA_RESP_ERR_NO_ERROR ? judge_partitions(p, md, err)
                                               : kafka_status(code, "metadata", err);
        if (md != NULL) {
            rd_kafka_metadata_destroy(md);
        }
        rd_kafka_poll(p->rk, s == STATUS_RETRY ? STEP_MS : 0);
        struct err why = *err;
        if (s == STATUS_RETRY && is_over(p, end, &s, err) && s == STATUS_RESYNC) {
            *err = why; /* says more */
        }
    }
    rd_kafka_topic_destroy(topic);
    return s;
}

static enum status init_transactions(struct producer *p, int64_t end, struct err *err)
{
    enum status s = STATUS_RETRY;
    while (s == STATUS_RETRY) {
        s = kafka_error(rd_kafka_init_transactions(p->rk, STEP_MS), "init_transactions", NULL, err);
        rd_kafka_poll(p->rk, 0);
        if (s == STATUS_RETRY) {
            (void)is_over(p, end, &s, err);
        }
    }
    return s;
}

enum status producer_open(struct producer **out, const struct producer_options *o, struct err *err)
{
    if (atomic_load(&n_hanging) >= HANGING_MAX) {
        return err_set(
            err, STATUS_FATAL, PROGRAM_START_AGAIN,
            "%d producers hang in the Kafka library; this service is to be started again",
            HANGING_MAX);
    }
    struct producer *p = mem_alloc(sizeof *p);
    p->o = *o;
    int64_t end = clock_mono_ms() + OPEN_MS;
    enum status s = new_client(p, err);
    if (s == STATUS_OK) {
        s = check_partitions(p, end, err);
    }
    if (s == STATUS_OK) {
        s = init_transactions(p, end, err);
    }
    if (s != STATUS_OK) {
        producer_close(p);
        return s;
    }
    *out = p;
    return STATUS_OK;
}

void producer_close(struct producer *p)
{
    if (p == NULL) {
        return;
    }
    if (p->rk != NULL) {
        if (p->in_transaction) {
            /* Readers need not wait for its end then; who comes after us ends it otherwise. */
            rd_kafka_error_t *e = rd_kafka_abort_transaction(p->rk, ABORT_MS);
            if (e != NULL) {
                rd_kafka_error_destroy(e);
            }
        }
        if (!kafka_client_free(p->rk, 0, DESTROY_MS)) {
            int n = atomic_fetch_add(&n_hanging, 1) + 1;
            log_warn(KAFKA_LIBRARY, LOG_INT("hanging", n),
                     LOG_TEXT("msg", "a producer does not end and is left behind"));
            return; /* it still uses this */
        }
    }
    free(p);
}

void producer_idle(struct producer *p)
{
    rd_kafka_poll(p->rk, 0);
}

/* ---- which topics there are ---- */

enum status producer_list(struct producer *p, struct topics *t, struct err *err)
{
    int64_t end = clock_mono_ms() + POSITION_MS;
    enum status s = STATUS_RETRY;
    while (s == STATUS_RETRY) {
        const struct rd_kafka_metadata *md = NULL;
        s = kafka_status(rd_kafka_metadata(p->rk, 1, NULL, &md, 4 * STEP_MS), "metadata", err);
        for (int i = 0; s == STATUS_OK && i < md->topic_cnt; i++) {
            if (md->topics[i].err == RD_KAFKA_RESP_ERR_NO_ERROR) { /* else looked for when wanted */
                topics_found(t, md->topics[i].topic, true);
            }
        }
        if (md != NULL) {
            rd_kafka_metadata_destroy(md);
        }
        if (s == STATUS_RETRY && !is_over(p, end, &s, err)) {
            rd_kafka_poll(p->rk, STEP_MS / 2);
        }
    }
    return s;
}

void producer_look(struct producer *p, struct topics *t)
{
    char name[TOPIC_TEXT];
    int64_t end = clock_mono_ms() + 4 * STEP_MS;
    while (clock_mono_ms() < end && topics_wanted(t, clock_mono_ms(), name)) {
        rd_kafka_topic_t *topic = rd_kafka_topic_new(p->rk, name, NULL);
        const struct rd_kafka_metadata *md = NULL;
        if (topic == NULL) {
            continue;
        }
        if (rd_kafka_metadata(p->rk, 0, topic, &md, 4 * STEP_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
            for (int i = 0; i < md->topic_cnt; i++) {
                topics_found(t, md->topics[i].topic,
                             md->topics[i].err == RD_KAFKA_RESP_ERR_NO_ERROR);
            }
            rd_kafka_metadata_destroy(md);
        }
        rd_kafka_topic_destroy(topic);
    }
}

/* ---- the position ---- */

enum status producer_position(struct producer *p, int64_t *out, bool *foreign, struct err *err)
{
    int64_t end = clock_mono_ms() + POSITION_MS;
    struct position_reader *r = NULL;
    enum status s = position_reader_open(&r, &p->o, err);
    if (s != STATUS_OK) {
        return s;
    }
    do {
        s = position_reader_ask(r, out, foreign, err);
        rd_kafka_poll(p->rk, 0);
    } while (s == STATUS_RETRY && !is_over(p, end, &s, err));
    position_reader_close(r);
    return s;
}

/* ---- a batch ---- */

static rd_kafka_headers_t *thaw(const struct outbound *r)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(12);
    size_t at = 0;
    struct frozen_header h;
    while (frozen_next(r->headers, r->headers_len, &at, &h)) {
        rd_kafka_header_add(headers, h.name, (ssize_t)h.name_len, h.value, (ssize_t)h.value_len);
    }
    return headers;
}

static rd_kafka_resp_err_t produce(struct producer *p, const struct outbound *r, size_t i)
{
    rd_kafka_headers_t *headers = thaw(r);
    /* The library takes what it sends without const, and copies it. */
    union {
        const char *in;
        void *out;
    } key = {.in = r->key}, value = {.in = r->value};
    rd_kafka_resp_err_t code =
        rd_kafka_producev(p->rk, RD_KAFKA_V_TOPIC(r->topic), RD_KAFKA_V_KEY(key.out, r->key_len),
                          RD_KAFKA_V_VALUE(value.out, r->value_len), RD_KAFKA_V_HEADERS(headers),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_OPAQUE(&p->refused[i]), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_headers_destroy(headers);
    }
    return code;
}

static enum status produce_all(struct producer *p, const struct outbound *r, size_t n, int64_t end,
                               bool *exact, struct err *err)
{
    for (size_t i = 0; i < n && p->failed == STATUS_OK && p->n_refused == 0;) {
        rd_kafka_resp_err_t code = produce(p, &r[i], i);
        enum status s = STATUS_OK;
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            rd_kafka_poll(p->rk, STEP_MS);
            if (is_over(p, end, &s, err)) {
                return s;
            }
            continue;
        }
        s = kafka_status(code, r[i].topic, err);
        if (s == STATUS_REJECT) { /* the library itself would not take it */
            p->refused[i] = true;
            *exact = true;
            return s;
        }
        if (s != STATUS_OK) {
            note_missing(p, err, r[i].topic);
            return s == STATUS_RETRY ? STATUS_RESYNC : s;
        }
        i++;
    }
    return STATUS_OK;
}

/* Until all of it is with the brokers, or something failed: then the rest would wait for ever. */
static enum status flush(struct producer *p, int64_t end, struct err *err)
{
    enum status s = STATUS_OK;
    while (rd_kafka_outq_len(p->rk) > 0 && p->failed == STATUS_OK && p->n_refused == 0) {
        (void)rd_kafka_flush(p->rk, STEP_MS);
        if (rd_kafka_outq_len(p->rk) > 0 && is_over(p, end, &s, err)) {
            return s;
        }
    }
    if (p->failed != STATUS_OK) {
        *err = p->why;
        return p->failed;
    }
    if (p->n_refused > 0) {
        return err_set(err, STATUS_REJECT, "MSG_SIZE_TOO_LARGE", "produce: refused for its size");
    }
    return STATUS_OK;
}

static enum status send_position(struct producer *p, int64_t position, int64_t end, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *at =
        rd_kafka_topic_partition_list_add(list, p->o.conf->kafka_topic_follow_up, p->o.shard);
    at->offset = position;
    at->metadata = strdup(p->o.installation); /* given back with the list */
    at->metadata_size = at->metadata == NULL ? 0 : strlen(p->o.installation);
    rd_kafka_consumer_group_metadata_t *group =
        rd_kafka_consumer_group_metadata_new(POSITION_GROUP);
    enum status s = STATUS_RETRY;
    bool abort_first = false;
    while (s == STATUS_RETRY && !abort_first) {
        s = kafka_error(rd_kafka_send_offsets_to_transaction(p->rk, list, group, 4 * STEP_MS),
                        "send_offsets", &abort_first, err);
        if (s == STATUS_RETRY && !abort_first) {
            (void)is_over(p, end, &s, err);
        }
    }
    rd_kafka_consumer_group_metadata_destroy(group);
    rd_kafka_topic_partition_list_destroy(list);
    return s == STATUS_RETRY ? STATUS_RESYNC : s;
}

/* The library is asked once, with all the time that is left; a stop may leave this call behind.
 * Short calls in a row are not safe (2.0.2 to 2.15). The library forgets a call whose first step
 * timed out, and takes its answer for the next call's. The end of the transaction then fails an
 * assertion and ends the process. After a timeout this producer is done; its successor reads what
 * was committed. */
static enum status commit(struct producer *p, int64_t end, struct err *err)
{
    enum status s = STATUS_RETRY;
    while (s == STATUS_RETRY) {
        bool abort_first = false;
        int64_t left = end - clock_mono_ms();
        s = kafka_error(rd_kafka_commit_transaction(p->rk, left > 0 ? (int)left : 0), "commit",
                        &abort_first, err);
        if (s == STATUS_RETRY && (abort_first || timed_out(err))) {
            s = STATUS_RESYNC;
        }
        if (s == STATUS_RETRY && !is_over(p, end, &s, err)) {
            rd_kafka_poll(p->rk, PAUSE_MS);
        }
    }
    return s;
}

/* A position sent without records can lose nothing. */
static void fault(size_t n, const char *name)
{
    if (n > 0) {
        fault_point(name);
    }
}

/* The library repeats a request over another connection. The first request may still reach the
 * broker later, over the broken connection. If the next transaction has the same producer epoch,
 * that late request would end it early. So this producer is done; its successor reads what was
 * committed. */
static enum status judge_connections(struct producer *p, struct err *err)
{
    rd_kafka_poll(p->rk, 0);
    if (!p->shaken) {
        return STATUS_OK;
    }
    return err_set(err, STATUS_RESYNC, "_TRANSPORT", "a connection broke within the transaction");
}

static enum status send_batch(struct producer *p, const struct outbound *r, size_t n,
                              int64_t position, bool *exact, struct err *err)
{
    int64_t end = clock_mono_ms() + PUBLISH_MS;
    rd_kafka_poll(p->rk, 0);
    p->shaken = false;
    enum status s = kafka_error(rd_kafka_begin_transaction(p->rk), "begin", NULL, err);
    p->in_transaction = s == STATUS_OK;
    if (s == STATUS_OK) {
        s = produce_all(p, r, n, end, exact, err);
    }
    fault(n, "followup.produced");
    if (s == STATUS_OK) {
        s = flush(p, end, err);
    }
    fault(n, "followup.flushed");
    if (s == STATUS_OK) {
        s = send_position(p, position, end, err);
    }
    fault(n, "followup.position_sent");
    if (s == STATUS_OK) {
        s = commit(p, end, err);
        p->in_transaction = false; /* whatever became of it, it is not ours to abort */
    }
    if (s == STATUS_OK) {
        s = judge_connections(p, err);
    }
    return s == STATUS_RETRY ? STATUS_RESYNC : s;
}

enum status producer_publish(struct producer *p, const struct outbound *records, size_t n,
                             int64_t position, bool *refused, bool *exact, struct err *err)
{
    p->refused = refused;
    p->missing[0] = '\0';
    p->n_refused = 0;
    p->failed = STATUS_OK;
    *exact = p->o.one_by_one;
    enum status s = send_batch(p, records, n, position, exact, err);
    p->refused = NULL;
    if (s == STATUS_OK) {
        fault(n, "followup.published");
    }
    return s;
}

enum status producer_find(struct producer *p, const char *topic, const char *marker, bool *found,
                          struct err *err)
{
    struct err last = {0};
    struct find_options o = {.conf = p->o.conf,
                             .topic = topic,
                             .header = MARKER_HEADER,
                             .value = marker,
                             .give_up_at = p->o.give_up_at};
    enum status s = find_record(&o, found, &last);
    *err = last;
    return s;
}
