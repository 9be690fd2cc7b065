/* dayfour publish: a file of events to the topic HR systems write to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/kafka.h"
#include "services/cli/commands.h"
#include "services/cli/feed.h"

#define DELIVERY_MS "60000"

struct sending {
    rd_kafka_t *rk;
    rd_kafka_topic_t *topic;
    const char *topic_name;
    size_t sent, confirmed, failed;
    struct err why; /* of the first that failed */
    bool shows;     /* progress, on a terminal */
    int64_t shown_ms;
};

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct sending *out = opaque;
    (void)rk;
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        out->confirmed++;
    } else if (out->failed++ == 0) {
        (void)kafka_status(m->err, out->topic_name, &out->why);
    }
}

static void show(struct sending *out, size_t total)
{
    int64_t now = clock_mono_ms();
    if (out->shows && now - out->shown_ms >= 200) {
        out->shown_ms = now;
        fprintf(stderr, "\r%zu of %zu", out->confirmed, total);
    }
}

static void show_end(const struct sending *out)
{
    if (out->shows && out->shown_ms != 0) {
        fputs("\r\033[K", stderr);
    }
}

/* ---- the producer ---- */

static enum status open_producer(struct cli *cli, struct sending *out, struct err *err)
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
    enum status s = kafka_conf_new(&rconf, cli->conf, "dayfour", settings, true, err);
    if (s != STATUS_OK) {
        return s;
    }
    rd_kafka_conf_set_opaque(rconf, out);
    rd_kafka_conf_set_dr_msg_cb(rconf, on_delivery);
    return kafka_client_new(&out->rk, RD_KAFKA_PRODUCER, rconf, err);
}

/* Asks before anything is sent: no broker, no topic or no rights are told at once. */
static enum status open_topic(struct sending *out, struct err *err)
{
    out->topic = rd_kafka_topic_new(out->rk, out->topic_name, NULL);
    if (out->topic == NULL) {
        return kafka_status(rd_kafka_last_error(), out->topic_name, err);
    }
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(out->rk, 0, out->topic, &md, 10000);
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT) {
        return err_set(err, STATUS_RETRY, rd_kafka_err2name(code), "no broker can be reached");
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_status(code, "brokers", err);
    }
    code = md->topic_cnt == 1 ? md->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    rd_kafka_metadata_destroy(md);
    return kafka_status(code, out->topic_name, err);
}

static rd_kafka_resp_err_t produce(const struct sending *out, const struct feed *f,
                                   const struct feed_message *m)
{
    static const char type[] = "application/cloudevents+json";
    const char *key = m->has_key ? m->key : NULL;
    size_t key_len = m->has_key ? FEED_KEY_TEXT : 0;
    char *value = f->text + m->at;
    size_t len = m->len;
    return rd_kafka_producev(out->rk, RD_KAFKA_V_RKT(out->topic), RD_KAFKA_V_KEY(key, key_len),
                             RD_KAFKA_V_VALUE(value, len),
                             RD_KAFKA_V_HEADER("content-type", type, sizeof type - 1),
                             RD_KAFKA_V_END);
}

/* The values stay in f->text until all is confirmed: nothing is copied. */
static enum status send_all(struct sending *out, const struct feed *f, struct err *err)
{
    for (size_t i = 0; i < f->n && out->failed == 0; i++) {
        rd_kafka_resp_err_t code = produce(out, f, &f->messages[i]);
        while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && out->failed == 0) {
            rd_kafka_poll(out->rk, 50);
            show(out, f->n);
            code = produce(out, f, &f->messages[i]);
        }
        if (out->failed > 0) {
            break;
        }
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            char what[64];
            snprintf(what, sizeof what, "line %zu", f->messages[i].line);
            return kafka_status(code, what, err);
        }
        out->sent++;
        if (i % 1000 == 0) {
            rd_kafka_poll(out->rk, 0);
            show(out, f->n);
        }
    }
    while (rd_kafka_outq_len(out->rk) > 0) {
        rd_kafka_flush(out->rk, 200);
        show(out, f->n);
    }
    if (out->failed > 0) {
        *err = out->why;
        return STATUS_FATAL;
    }
    return STATUS_OK;
}

static enum status publish(struct cli *cli, const struct feed *f, struct sending *out,
                           struct err *err)
{
    enum status s = open_producer(cli, out, err);
    s = s == STATUS_OK ? open_topic(out, err) : s;
    s = s == STATUS_OK ? send_all(out, f, err) : s;
    show_end(out);
    if (out->topic != NULL) {
        rd_kafka_topic_destroy(out->topic);
    }
    if (out->rk != NULL) {
        if (s != STATUS_OK) {
            rd_kafka_purge(out->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        }
        rd_kafka_destroy(out->rk);
    }
    return s;
}

/* ---- the command ---- */

static int refuse_bad(const struct feed *f)
{
    const char *reason = reject_reason_name(f->bad_reason);
    bool path = f->bad_detail[0] != '\0';
    return cli_refuse("publish: line %zu: %s%s%s (%zu of %zu lines are bad; nothing was sent)",
                      f->bad_line, reason, path ? " at " : "", path ? f->bad_detail : "",
                      f->rejected, f->n);
}

static void tell(const struct feed *f, const char *verb)
{
    printf("%s %zu %s", verb, f->n, f->n == 1 ? "event" : "events");
    if (f->ignored > 0) {
        printf(", %zu of a type or category that Dayfour passes over", f->ignored);
    }
    if (f->rejected > 0) {
        printf(", %zu that Dayfour refuses", f->rejected);
    }
    putchar('\n');
}

static int send_feed(struct cli *cli, const struct args *args, const struct feed *f)
{
    const char *topic = options_value(args, "topic");
    struct sending out = {.topic_name = topic != NULL ? topic : cli->conf->kafka_topic_absences,
                          .shows = isatty(STDERR_FILENO) == 1};
    struct err err = {0};
    enum status s = f->n == 0 ? STATUS_OK : publish(cli, f, &out, &err);
    if (s != STATUS_OK) {
        int code = strcmp(err.code, "config") == 0 ? EXIT_CONFIG : EXIT_STUCK;
        fprintf(stderr, "dayfour: publish: %s (%zu of %zu events were confirmed)\n", err.text,
                out.confirmed, f->n);
        return code;
    }
    tell(f, "sent");
    return EXIT_DONE;
}

int publish_run(struct cli *cli, const struct args *args)
{
    const char *path = options_argument(args, 0);
    struct feed_options o = {.csv = options_flag(args, "csv") || feed_is_csv(path),
                             .force = options_flag(args, "force"),
                             .limits = {.max_bytes = (size_t)cli->conf->intake_max_bytes}};
    struct feed *f = NULL;
    struct err err = {0};
    enum status s = cli_now(cli, &o.now, &err);
    s = s == STATUS_OK ? feed_open(&f, path, &o, &err) : s;
    if (s != STATUS_OK) {
        return cli_fail("publish", s, &err);
    }
    int code = EXIT_DONE;
    if (f->rejected > 0 && !o.force) {
        code = refuse_bad(f);
    } else if (options_flag(args, "dry-run")) {
        tell(f, "checked");
    } else {
        code = send_feed(cli, args, f);
    }
    feed_free(f);
    return code;
}
