#include "services/intake/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/kafka.h"
#include "common/log.h"

#define FILL_MAX 1000 /* messages taken out of the library's queue at a time */
#define SEEK_MS 2000
#define CLOSE_MS 4000
/* Of what is read ahead: enough to keep both sessions busy, and no more, for it is most of our
 * memory. */
#define AHEAD_KBYTES "4096"
#define NUDGE_BYTES (2 * 1024 * 1024) /* of that: room for when it is asked for */

struct source {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    char *topic;
    struct source_events events;
    int wake_fd;
    rd_kafka_topic_partition_list_t *held; /* what the group gave us; NULL: nothing */
    bool reading;                          /* the library was told to read them */
    bool down;                             /* no broker answers */
    size_t taken;                          /* bytes since the last nudge */
    enum status failed;
    struct err why;
    rd_kafka_message_t *messages[FILL_MAX];
    struct header *headers; /* of one message */
    size_t headers_cap;
};

/* ---- assignment ---- */

/* Reads on from other offsets with the partitions we have. By seeking, not by assigning them anew:
 * a second assignment followed at once by the group's taking them away ends the process in an
 * assertion of the library (its issue 5573, all versions up to 2.15). What was fetched before the
 * seek is not handed over after it. */
static enum status seek_all(struct source *src, struct err *err)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(src->rk, src->topic, NULL);
    if (topic == NULL) {
        return kafka_status(rd_kafka_last_error(), "topic", err);
    }
    enum status s = STATUS_OK;
    for (int i = 0; i < src->held->cnt && s == STATUS_OK; i++) {
        const rd_kafka_topic_partition_t *p = &src->held->elems[i];
        rd_kafka_resp_err_t code = rd_kafka_seek(topic, p->partition, p->offset, SEEK_MS);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            (void)kafka_status(code, "seek", err);
            s = STATUS_RETRY; /* it is being taken away, or has no leader: asked again a little
                                 later */
        }
    }
    rd_kafka_topic_destroy(topic);
    return s;
}

static enum status give_positions(struct source *src, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = src->held;
    size_t n = (size_t)list->cnt;
    struct source_partition *p = calloc(n == 0 ? 1 : n, sizeof *p);
    if (p == NULL) {
        abort();
    }
    for (size_t i = 0; i < n; i++) {
        p[i].partition = list->elems[i].partition;
    }
    enum status s = src->events.assigned(src->events.arg, p, n, err);
    for (size_t i = 0; i < n && s == STATUS_OK; i++) {
        list->elems[i].offset = p[i].next_offset > 0 ? p[i].next_offset : RD_KAFKA_OFFSET_BEGINNING;
    }
    free(p);
    if (s != STATUS_OK || src->reading) {
        return s == STATUS_OK ? seek_all(src, err) : s;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(src->rk, list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_status(code, "assign", err);
    }
    src->reading = true;
    return STATUS_OK;
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct source *src = opaque;
    if (src->held != NULL) {
        rd_kafka_topic_partition_list_destroy(src->held);
        src->held = NULL;
    }
    src->reading = false;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        src->held = rd_kafka_topic_partition_list_copy(list);
        struct err ignored; /* the caller of `assigned` knows, and restarts us when it can */
        (void)!give_positions(src, &ignored);
        return;
    }
    src->events.revoked(src->events.arg, rd_kafka_assignment_lost(rk) != 0);
    (void)rd_kafka_assign(rk, NULL);
}

enum status source_restart(struct source *src, struct err *err)
{
    return src->held == NULL ? STATUS_OK : give_positions(src, err);
}

/* ---- errors of the client as a whole ---- */

static void fail(struct source *src, const char *code, const char *text)
{
    if (src->failed == STATUS_OK) {
        src->failed = err_set(&src->why, STATUS_FATAL, code, "%s", text);
    }
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    struct source *src = opaque;
    struct err err = {0};
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        if (!src->down) {
            log_warn(KAFKA_DOWN, LOG_TEXT("msg", "no broker answers"));
        }
        src->down = true;
    } else if (kafka_client_error(code, reason, &err) == STATUS_FATAL) {
        fail(src, err.code, err.text);
    } else {
        log_debug(KAFKA_LIBRARY, LOG_TEXT("msg", reason));
    }
}

/* ---- opening and closing ---- */

static enum status new_client(struct source *src, const struct conf *c, struct err *err)
{
    const struct kafka_setting settings[] = {
        {"group.id", c->kafka_group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"}, /* a lost position must stop us, not be jumped over */
        {"isolation.level", "read_committed"},
        {"allow.auto.create.topics", "false"},
        {"partition.assignment.strategy", "range,roundrobin"},
        {"check.crcs", "true"},
        {"enable.partition.eof", "false"},
        {"queued.max.messages.kbytes", AHEAD_KBYTES},
        {"fetch.max.bytes", "2097152"},
        {"fetch.message.max.bytes", "524288"},
        /* While the database is away nothing is read; the group may wait, and fencing makes it
           safe. */
        {"max.poll.interval.ms", "86400000"},
        {rd_kafka_version() < KAFKA_FINDS_ROOM ? NULL : "fetch.queue.backoff.ms", "10"},
        {NULL, NULL}};
    rd_kafka_conf_t *rconf = NULL;
    enum status s = kafka_conf_new(&rconf, c, "dayfour-intake", settings, false, err);
    if (s != STATUS_OK) {
        return s;
    }
    rd_kafka_conf_set_opaque(rconf, src);
    rd_kafka_conf_set_rebalance_cb(rconf, on_rebalance);
    rd_kafka_conf_set_error_cb(rconf, on_error);
    return kafka_client_new(&src->rk, RD_KAFKA_CONSUMER, rconf, err);
}

static enum status subscribe(struct source *src, struct err *err)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, src->topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(src->rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : kafka_status(code, "subscribe", err);
}

enum status source_open(struct source **out, const struct conf *c,
                        const struct source_events *events, struct err *err)
{
    struct source *src = calloc(1, sizeof *src);
    if (src == NULL) {
        abort();
    }
    src->events = *events;
    src->topic = strdup(c->kafka_topic_absences);
    src->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    enum status s = STATUS_OK;
    if (src->topic == NULL || src->wake_fd < 0) {
        s = err_set(err, STATUS_FATAL, "system", "eventfd: %s", strerror(errno));
    }
    if (s == STATUS_OK) {
        s = new_client(src, c, err);
    }
    if (s == STATUS_OK) {
        s = subscribe(src, err);
    }
    if (s != STATUS_OK) {
        source_close(src);
        return s;
    }
    src->queue = rd_kafka_queue_get_consumer(src->rk);
    /* One write per time the queue goes from empty to not; so whoever wakes must drain it to the
     * last. */
    const uint64_t one = 1;
    rd_kafka_queue_io_event_enable(src->queue, src->wake_fd, &one, sizeof one);
    *out = src;
    return STATUS_OK;
}

int source_fd(const struct source *src)
{
    return src->wake_fd;
}

void source_close(struct source *src)
{
    if (src == NULL) {
        return;
    }
    if (src->queue != NULL) {
        rd_kafka_queue_io_event_enable(src->queue, -1, NULL, 0);
        rd_kafka_error_t *e = rd_kafka_consumer_close_queue(src->rk, src->queue);
        if (e != NULL) {
            rd_kafka_error_destroy(e);
        }
        int64_t end = clock_mono_ms() + CLOSE_MS;
        while (rd_kafka_consumer_closed(src->rk) == 0 && clock_mono_ms() < end) {
            rd_kafka_message_t *m = NULL;
            if (rd_kafka_consume_batch_queue(src->queue, 50, &m, 1) == 1) {
                rd_kafka_message_destroy(m);
            }
        }
        rd_kafka_queue_destroy(src->queue);
    }
    if (src->held != NULL) {
        rd_kafka_topic_partition_list_destroy(src->held);
    }
    if (src->rk != NULL) {
        if (src->queue == NULL || rd_kafka_consumer_closed(src->rk) != 0) {
            rd_kafka_destroy(src->rk);
        } else {
            rd_kafka_destroy_flags(src->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        }
    }
    if (src->wake_fd >= 0) {
        close(src->wake_fd);
    }
    free(src->headers);
    free(src->topic);
    free(src);
}

/* ---- messages ---- */

static size_t take_headers(struct source *src, const rd_kafka_message_t *m)
{
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return 0;
    }
    size_t n = 0;
    const char *name = NULL;
    const void *value = NULL;
    size_t len = 0;
    while (rd_kafka_header_get_all(headers, n, &name, &value, &len) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (n == src->headers_cap) {
            size_t cap = n == 0 ? 16 : n * 2;
            struct header *more = realloc(src->headers, cap * sizeof *more);
            if (more == NULL) {
                abort();
            }
            src->headers = more;
            src->headers_cap = cap;
        }
        src->headers[n++] =
            (struct header){.name = name, .value = value, .len = len, .is_null = value == NULL};
    }
    return n;
}

static void take_error(struct source *src, const rd_kafka_message_t *m)
{
    struct err err = {0};
    char where[64];
    (void)snprintf(where, sizeof where, "partition %d", m->partition);
    if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        (void)snprintf(src->why.text, sizeof src->why.text,
                       "%s: the stored position is not in the topic any more (retention, or the "
                       "topic was made anew)",
                       where);
        (void)snprintf(src->why.code, sizeof src->why.code, "position_lost");
        src->failed = STATUS_FATAL;
    } else if (kafka_status(m->err, where, &err) == STATUS_FATAL) {
        fail(src, err.code, err.text);
    } else {
        log_warn(KAFKA_LIBRARY, LOG_TEXT("code", err.code), LOG_TEXT("msg", err.text));
    }
}

static void hand_over(struct source *src, const rd_kafka_message_t *m)
{
    size_t n_headers = take_headers(src, m);
    const struct source_message out = {.partition = m->partition,
                                       .offset = m->offset,
                                       .raw = {.value = m->payload,
                                               .len = m->len,
                                               .headers = src->headers,
                                               .n_headers = n_headers},
                                       .key = m->key,
                                       .key_len = m->key_len};
    src->events.message(src->events.arg, &out);
}

/* A library that has read ahead as far as it may looks only once a second whether there is room
 * again: half of all time, at full speed. Before it had a setting for that, any request to a
 * partition's leader made it look; what this one asks is of no interest. */
static void nudge(struct source *src)
{
    if (src->taken < NUDGE_BYTES || rd_kafka_version() >= KAFKA_FINDS_ROOM || src->held == NULL) {
        return;
    }
    src->taken = 0;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(src->held);
    for (int i = 0; i < list->cnt; i++) {
        list->elems[i].offset = RD_KAFKA_OFFSET_END;
    }
    (void)rd_kafka_offsets_for_times(src->rk, list, 0);
    rd_kafka_topic_partition_list_destroy(list);
}

enum status source_fill(struct source *src, size_t max, size_t *n, struct err *err)
{
    uint64_t woken;
    ssize_t ignored =
        read(src->wake_fd, &woken, sizeof woken); /* before draining: no wake-up is missed */
    (void)ignored;
    rd_kafka_poll(src->rk, 0); /* log lines and errors */
    *n = 0;
    size_t most = max < FILL_MAX ? max : FILL_MAX;
    ssize_t got = most == 0 ? 0 : rd_kafka_consume_batch_queue(src->queue, 0, src->messages, most);
    for (ssize_t i = 0; i < got; i++) {
        rd_kafka_message_t *m = src->messages[i];
        if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            take_error(src, m);
        } else {
            src->taken += m->len;
            hand_over(src, m);
            (*n)++;
        }
        rd_kafka_message_destroy(m);
    }
    nudge(src);
    if (*n > 0 && src->down) {
        src->down = false;
        log_info(KAFKA_UP, LOG_TEXT("msg", "messages come again"));
    }
    if (src->failed != STATUS_OK) {
        *err = src->why;
    }
    return src->failed;
}

void source_tell_group(struct source *src, const struct source_partition *p, size_t n)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
    for (size_t i = 0; i < n; i++) {
        if (p[i].next_offset > 0) {
            rd_kafka_topic_partition_list_add(list, src->topic, p[i].partition)->offset =
                p[i].next_offset;
        }
    }
    if (list->cnt > 0) {
        (void)rd_kafka_commit(src->rk, list, 1);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

int64_t source_lag(struct source *src, int32_t partition, int64_t next_offset)
{
    int64_t low = 0;
    int64_t high = 0;
    if (rd_kafka_get_watermark_offsets(src->rk, src->topic, partition, &low, &high) !=
            RD_KAFKA_RESP_ERR_NO_ERROR ||
        high < 0) {
        return -1;
    }
    int64_t from = next_offset > low ? next_offset : low;
    return high > from ? high - from : 0;
}

bool source_is_up(const struct source *src)
{
    return !src->down;
}
