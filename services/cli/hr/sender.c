/* The first failure ends the sending; what is confirmed stays. Callbacks run within poll and flush,
 * on the caller's thread, so the counters need no lock. The partitioner is that of Java's clients:
 * a key lands in one partition, whoever sends it. */
#include "services/cli/hr/sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/kafka/kafka.h"
#include "common/runtime/clock.h"
#include "services/cli/cli.h"

#define DELIVERY_MS "60000"
#define ASK_MS 6000
#define COPIES_MAX 5000

struct sender {
    rd_kafka_t *rk;
    rd_kafka_topic_t *topic;
    char *name;
    size_t total, sent, confirmed, failed;
    struct err why; /* of the first that failed */
    bool shows;     /* progress, on a terminal */
    int64_t shown_ms;
};

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct sender *s = opaque;
    (void)rk;
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        s->confirmed++;
    } else if (s->failed++ == 0) {
        (void)kafka_status(m->err, s->name, &s->why);
    }
}

static void show(struct sender *s)
{
    int64_t now = clock_mono_ms();
    if (s->shows && now - s->shown_ms >= 200) {
        s->shown_ms = now;
        fprintf(stderr, "\r%zu of %zu", s->confirmed, s->total);
    }
}

/* ---- opening ---- */

static enum status open_producer(struct sender *s, const struct conf *conf, struct err *err)
{
    static const struct kafka_setting settings[] = {{"enable.idempotence", "true"},
                                                    {"acks", "all"},
                                                    {"compression.type", "lz4"},
                                                    {"linger.ms", "20"},
                                                    {"batch.size", "1000000"},
                                                    {"queue.buffering.max.messages", "200000"},
                                                    {"queue.buffering.max.kbytes", "262144"},
                                                    {"message.max.bytes", "2000000"},
                                                    {"message.timeout.ms", DELIVERY_MS},
                                                    {"partitioner", "murmur2_random"},
                                                    {NULL, NULL}};
    rd_kafka_conf_t *rconf = NULL;
    enum status st = kafka_conf_new(&rconf, conf, "dayfour", settings, true, err);
    if (st != STATUS_OK) {
        return st;
    }
    rd_kafka_conf_set_opaque(rconf, s);
    rd_kafka_conf_set_dr_msg_cb(rconf, on_delivery);
    return kafka_client_new(&s->rk, RD_KAFKA_PRODUCER, rconf, err);
}

static enum status open_topic(struct sender *s, struct err *err)
{
    s->topic = rd_kafka_topic_new(s->rk, s->name, NULL);
    if (s->topic == NULL) {
        return kafka_status(rd_kafka_last_error(), s->name, err);
    }
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(s->rk, 0, s->topic, &md, ASK_MS);
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT) {
        return err_set(err, STATUS_RETRY, rd_kafka_err2name(code), "no broker can be reached");
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_status(code, "brokers", err);
    }
    code = md->topic_cnt == 1 ? md->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    rd_kafka_metadata_destroy(md);
    return kafka_status(code, s->name, err);
}

enum status sender_open(struct sender **out, struct cli *cli, const char *topic, size_t total,
                        struct err *err)
{
    struct sender *s = mem_alloc(sizeof *s);
    s->name = mem_strdup(topic);
    s->total = total;
    s->shows = isatty(STDERR_FILENO) == 1;
    enum status st = open_producer(s, cli->conf, err);
    st = st == STATUS_OK ? open_topic(s, err) : st;
    if (st != STATUS_OK) {
        sender_free(s);
        return st;
    }
    *out = s;
    return STATUS_OK;
}

/* ---- sending ---- */

static rd_kafka_headers_t *headers_of(const struct sender_message *m)
{
    rd_kafka_headers_t *h = rd_kafka_headers_new(m->n_headers);
    for (size_t i = 0; i < m->n_headers; i++) {
        const struct header *from = &m->headers[i];
        (void)rd_kafka_header_add(h, from->name, -1, from->is_null ? NULL : from->value,
                                  from->is_null ? 0 : (ssize_t)from->len);
    }
    return h;
}

static rd_kafka_resp_err_t produce(const struct sender *s, const struct sender_message *m)
{
    rd_kafka_headers_t *headers = headers_of(m);
    rd_kafka_resp_err_t code =
        rd_kafka_producev(s->rk, RD_KAFKA_V_RKT(s->topic), RD_KAFKA_V_KEY(m->key, m->key_len),
                          RD_KAFKA_V_VALUE(m->value, m->len),
                          RD_KAFKA_V_MSGFLAGS(m->copied ? RD_KAFKA_MSG_F_COPY : 0),
                          RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_headers_destroy(headers); /* not taken over */
    }
    return code;
}

static enum status first_failure(const struct sender *s, struct err *err)
{
    *err = s->why;
    return STATUS_FATAL;
}

/* Copies take memory until they are confirmed. */
static void await_room(struct sender *s)
{
    while (rd_kafka_outq_len(s->rk) >= COPIES_MAX && s->failed == 0) {
        rd_kafka_poll(s->rk, 50);
        show(s);
    }
}

enum status sender_send(struct sender *s, const struct sender_message *m, struct err *err)
{
    if (m->copied) {
        await_room(s);
    }
    rd_kafka_resp_err_t code = produce(s, m);
    while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && s->failed == 0) {
        rd_kafka_poll(s->rk, 50);
        show(s);
        code = produce(s, m);
    }
    if (s->failed > 0) {
        return first_failure(s, err);
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_status(code, m->what, err);
    }
    if (s->sent++ % 1000 == 0) {
        rd_kafka_poll(s->rk, 0);
        show(s);
    }
    return STATUS_OK;
}

enum status sender_finish(struct sender *s, struct err *err)
{
    while (rd_kafka_outq_len(s->rk) > 0) {
        rd_kafka_flush(s->rk, 200);
        show(s);
    }
    return s->failed > 0 ? first_failure(s, err) : STATUS_OK;
}

size_t sender_confirmed(const struct sender *s)
{
    return s->confirmed;
}

void sender_free(struct sender *s)
{
    if (s == NULL) {
        return;
    }
    if (s->shows && s->shown_ms != 0) {
        fputs("\r\033[K", stderr);
    }
    if (s->topic != NULL) {
        rd_kafka_topic_destroy(s->topic);
    }
    if (s->rk != NULL) {
        rd_kafka_purge(s->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        (void)kafka_client_free(s->rk, 0, CLI_CLOSE_MS);
    }
    free(s->name);
    free(s);
}
