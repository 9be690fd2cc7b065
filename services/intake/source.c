/* The consumer of absence events. The group gives partitions; the database gives the offsets to
 * read from. Each position is compared with the record delivered last before anything new is
 * delivered, since a topic of the same name may be another one. A partition in doubt delivers
 * nothing until the brokers have answered. Partitions are assigned once and later moved by seeking
 * (ADR 15). The callbacks of the library run inside source_fill() and source_open(), on the loop's
 * thread. */
#include "services/intake/source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/err_code.h"
#include "common/base/mem.h"
#include "common/kafka/kafka.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "services/intake/extent.h"

#define FILL_MAX 1000 /* messages taken out of the library's queue at a time */
#define SEEK_MS 2000
#define CLOSE_MS 3000
#define DESTROY_MS 5000 /* for the rest of the client's end; then it is left behind */
#define ASK_AGAIN_MS 1000
#define HOLES_MAX 3
#define KAFKA_METADATA 3 /* the protocol's number of that question */
/* Bounds the read-ahead: enough to keep both sessions busy, and no more, for it is most of our
 * memory. */
#define AHEAD_KBYTES "4096"
#define NUDGE_BYTES (2 * 1024 * 1024) /* of that: room for when it is asked for */

#define NOT_AT_END (-1)

struct source {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    char *topic;
    struct source_events events;
    int wake_fd;
    rd_kafka_topic_partition_list_t *held; /* what the group gave us; NULL: nothing */
    bool reading;                          /* the library was asked to read them */
    int64_t *ends; /* by partition: its end, all before it was handed over; NOT_AT_END */
    size_t n_ends;
    struct stand *stands; /* by partition number */
    size_t n_stands;
    bool shaken;       /* a connection broke, or the topic was not there */
    atomic_bool news;  /* the brokers said how the topic stands: some thread of the library's */
    int64_t ask_at_ms; /* not before: where the logs of doubted partitions begin and end */
    size_t taken;      /* bytes since the last nudge */
    enum status failed;
    struct err why;
    rd_kafka_message_t *messages[FILL_MAX];
    bool last[FILL_MAX];    /* of those: no more of its partition follows */
    struct buf bytes;       /* of a record, for its mark */
    struct header *headers; /* of one message */
    size_t headers_cap;
};

/* ---- assignment ---- */

/* Continues from other offsets with the partitions we have, by seeking. A second assignment,
 * followed at once by a revocation, ends the process in an assertion of the library (its issue
 * 5573, all versions up to 2.15). Records fetched before the seek are not handed over after it. */
static enum status seek_one(struct source *src, int32_t partition, int64_t to, struct err *err)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(src->rk, src->topic, NULL);
    if (topic == NULL) {
        return kafka_status(rd_kafka_last_error(), "topic", err);
    }
    rd_kafka_resp_err_t code = rd_kafka_seek(topic, partition, to, SEEK_MS);
    rd_kafka_topic_destroy(topic);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return STATUS_OK;
    }
    (void)kafka_status(code, "seek", err);
    return STATUS_RETRY; /* it is being taken away, or has no leader: asked again a little later */
}

static enum status seek_all(struct source *src, struct err *err)
{
    enum status s = STATUS_OK;
    for (int i = 0; i < src->held->cnt && s == STATUS_OK; i++) {
        const rd_kafka_topic_partition_t *p = &src->held->elems[i];
        s = seek_one(src, p->partition, p->offset, err);
    }
    return s;
}

static struct stand *stand_of(struct source *src, int32_t partition)
{
    size_t need = (size_t)partition + 1;
    if (need > src->n_stands) {
        src->stands = realloc(src->stands, need * sizeof *src->stands);
        if (src->stands == NULL) {
            abort();
        }
        memset(&src->stands[src->n_stands], 0, (need - src->n_stands) * sizeof *src->stands);
        src->n_stands = need;
    }
    return &src->stands[partition];
}

static void lost(struct source *src, int32_t partition, const char *why)
{
    if (src->failed == STATUS_OK) {
        src->failed = err_set(&src->why, STATUS_FATAL, ERR_POSITION_LOST,
                              "partition %" PRId32 ": %s (retention, or the topic was made again)",
                              partition, why);
    }
}

/* Where to read on. A partition about which nothing can be learned now is doubted: it is asked
 * about again, and nothing of it is delivered meanwhile. */
static int64_t settle(struct source *src, const struct extent *e)
{
    struct stand *s = stand_of(src, e->partition);
    s->doubt = STAND_DOUBTED;
    int64_t at = s->anchor.offset != NO_OFFSET ? s->anchor.offset : s->next;
    if (e->start == NO_OFFSET) {
        return at == NO_OFFSET ? RD_KAFKA_OFFSET_BEGINNING : at;
    }
    const char *why = stand_judge(s, e->start, e->end, &at);
    if (why != NULL) {
        lost(src, e->partition, why);
        return at;
    }
    s->log_start = e->start > s->log_start ? e->start : s->log_start;
    s->doubt = at == s->anchor.offset ? STAND_COMPARES : STAND_SURE;
    return at;
}

static struct extent *ask_extents(struct source *src, bool doubted_only, size_t *n)
{
    struct extent *e = mem_alloc((size_t)src->held->cnt * sizeof *e + 1);
    *n = 0;
    for (int i = 0; i < src->held->cnt; i++) {
        int32_t partition = src->held->elems[i].partition;
        if (!doubted_only || stand_of(src, partition)->doubt == STAND_DOUBTED) {
            e[(*n)++].partition = partition;
        }
    }
    extent_ask(src->rk, src->topic, e, *n);
    atomic_store(&src->news, false); /* what was asked here; reading is set again after this */
    return e;
}

static enum status ask_database(struct source *src, const struct extent *e, size_t n,
                                struct err *err)
{
    struct source_partition *p = mem_alloc(n * sizeof *p + 1);
    for (size_t i = 0; i < n; i++) {
        p[i] = (struct source_partition){.partition = e[i].partition, .found_start = e[i].start};
    }
    enum status s = src->events.assigned(src->events.arg, p, n, err);
    for (size_t i = 0; i < n && s == STATUS_OK; i++) {
        *stand_of(src, p[i].partition) = (struct stand){.next = p[i].next_offset,
                                                        .log_start = p[i].log_start,
                                                        .seen_end = p[i].seen_end,
                                                        .anchor = p[i].anchor,
                                                        .held = true};
    }
    free(p);
    return s;
}

/* Nothing is known about partitions that are read again or belong to others. */
static void forget_ends(struct source *src)
{
    for (size_t i = 0; i < src->n_ends; i++) {
        src->ends[i] = NOT_AT_END;
    }
}

static void set_end(struct source *src, int32_t partition, int64_t end)
{
    size_t n = (size_t)partition + 1;
    if (n > src->n_ends) {
        src->ends = mem_resize(src->ends, n, sizeof *src->ends);
        while (src->n_ends < n) {
            src->ends[src->n_ends++] = NOT_AT_END;
        }
    }
    src->ends[partition] = end;
}

static enum status give_positions(struct source *src, struct err *err)
{
    forget_ends(src);
    size_t n = 0;
    struct extent *e = ask_extents(src, false, &n);
    enum status s = ask_database(src, e, n, err);
    for (size_t i = 0; i < n && s == STATUS_OK; i++) {
        src->held->elems[i].offset = settle(src, &e[i]); /* in the same order */
    }
    free(e);
    if (s != STATUS_OK || src->reading || src->failed != STATUS_OK) {
        return s == STATUS_OK && src->failed == STATUS_OK ? seek_all(src, err) : s;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(src->rk, src->held);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_status(code, "assign", err);
    }
    src->reading = true;
    return STATUS_OK;
}

/* ---- doubt ---- */

/* Something happened after which the topic may be another one: who knows how long it took. */
static void doubt_all(struct source *src)
{
    for (size_t i = 0; i < src->n_stands; i++) {
        src->stands[i].doubt = STAND_DOUBTED;
    }
    src->shaken = false;
    atomic_store(&src->news, false);
}

static bool any_doubt(const struct source *src)
{
    for (size_t i = 0; i < src->n_stands; i++) {
        if (src->stands[i].held && src->stands[i].doubt == STAND_DOUBTED) {
            return true;
        }
    }
    return false;
}

/* Reads doubted partitions again from the record that was delivered last. */
static void resolve_doubts(struct source *src)
{
    if (src->shaken || atomic_load(&src->news)) {
        doubt_all(src);
    }
    if (!src->reading || src->held == NULL || !any_doubt(src) || clock_mono_ms() < src->ask_at_ms) {
        return;
    }
    size_t n = 0;
    struct extent *e = ask_extents(src, true, &n);
    for (size_t i = 0; i < n && src->failed == STATUS_OK; i++) {
        int64_t at = settle(src, &e[i]);
        struct err ignored; /* asked again */
        if (src->failed == STATUS_OK && stand_of(src, e[i].partition)->doubt != STAND_DOUBTED &&
            seek_one(src, e[i].partition, at, &ignored) != STATUS_OK) {
            stand_of(src, e[i].partition)->doubt = STAND_DOUBTED;
        }
    }
    free(e);
    src->ask_at_ms = any_doubt(src) ? clock_mono_ms() + ASK_AGAIN_MS : 0;
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
    for (size_t i = 0; i < src->n_stands; i++) {
        src->stands[i].held = false;
    }
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
    src->shaken |= code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
                   code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && /* kafka_watch says so */
        kafka_client_error(code, reason, &err) == STATUS_FATAL) {
        fail(src, err.code, err.text);
    } else {
        log_debug(KAFKA_LIBRARY, LOG_TEXT("msg", reason));
    }
}

/* The library does not report a partition that cannot be fetched. It asks for the topic's metadata
 * and reads on, in whatever topic has that name by then. So every such answer casts doubt. It comes
 * before the next fetch. */
static rd_kafka_resp_err_t on_response(rd_kafka_t *rk, int fd, const char *broker, int32_t id,
                                       int16_t key, int16_t version, int32_t correlation,
                                       size_t size, int64_t rtt, rd_kafka_resp_err_t code,
                                       void *opaque)
{
    (void)rk, (void)fd, (void)broker, (void)id, (void)version, (void)correlation, (void)size;
    (void)rtt, (void)code;
    if (key == KAFKA_METADATA) {
        atomic_store(&((struct source *)opaque)->news, true);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the library's signature */
static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *rconf, void *opaque,
                                  char *why, size_t size)
{
    (void)rconf, (void)why, (void)size;
    return rd_kafka_interceptor_add_on_response_received(rk, "dayfour", on_response, opaque);
}

/* ---- opening and closing ---- */

static enum status new_client(struct source *src, const struct conf *c, const char *group,
                              struct err *err)
{
    const struct kafka_setting settings[] = {
        {"group.id", group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"}, /* a lost position must stop us, not be jumped over */
        {"isolation.level", "read_committed"},
        {"allow.auto.create.topics", "false"},
        {"partition.assignment.strategy", "range,roundrobin"},
        /* How the topic stands is known before a fetch that failed is tried again. */
        {"topic.metadata.refresh.fast.interval.ms", "50"},
        {"fetch.error.backoff.ms", "500"},
        {"log.connection.close", "true"}, /* or on_error would not hear of it */
        {"check.crcs", "true"},
        {"enable.partition.eof", "true"}, /* markers of transactions are no messages: see lag */
        {"queued.max.messages.kbytes", AHEAD_KBYTES},
        {"fetch.max.bytes", "2097152"},
        {"fetch.message.max.bytes", "131072"}, /* compressed: it may be a thousand times that */
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
    if (rd_kafka_conf_interceptor_add_on_new(rconf, "dayfour", on_new, src) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_conf_destroy(rconf);
        return err_set(err, STATUS_FATAL, "system", "Kafka client: no interceptor");
    }
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

enum status source_open(struct source **out, const struct conf *c, const char *group,
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
        s = new_client(src, c, group, err);
    }
    if (s == STATUS_OK) {
        s = subscribe(src, err);
    }
    if (s != STATUS_OK) {
        source_close(src);
        return s;
    }
    src->queue = rd_kafka_queue_get_consumer(src->rk);
    /* A single write per time the queue goes from empty to not; so the reader must drain it to the
     * last. */
    const uint64_t one = 1;
    rd_kafka_queue_io_event_enable(src->queue, src->wake_fd, &one, sizeof one);
    *out = src;
    return STATUS_OK;
}

void source_look_again(struct source *src)
{
    struct err err = {0};
    if (src->held == NULL && subscribe(src, &err) != STATUS_OK) {
        log_warn(KAFKA_LIBRARY, LOG_TEXT("code", err.code), LOG_TEXT("msg", err.text));
    }
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
        src->held = NULL;
    }
    bool closed = src->queue == NULL || rd_kafka_consumer_closed(src->rk) != 0;
    if (src->rk != NULL &&
        !kafka_client_free(src->rk, closed ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE,
                           DESTROY_MS)) {
        log_warn(KAFKA_LIBRARY, LOG_TEXT("msg", "the consumer does not end and is left behind"));
        return; /* it still uses all of this */
    }
    if (src->wake_fd >= 0) {
        close(src->wake_fd);
    }
    free(src->ends);
    free(src->headers);
    free(src->stands);
    buf_clear(&src->bytes);
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

/* While it is doubted or compared, the end may be another topic's. */
static void end_is_seen(struct source *src, int32_t partition, int64_t end)
{
    struct stand *s = stand_of(src, partition);
    set_end(src, partition, end);
    if (s->held && s->doubt == STAND_SURE && end > s->seen_end) {
        s->seen_end = end;
    }
}

int64_t source_seen_end(const struct source *src, int32_t partition)
{
    if ((size_t)partition >= src->n_stands || (size_t)partition >= src->n_ends) {
        return NO_OFFSET;
    }
    const struct stand *s = &src->stands[partition];
    return s->held && src->ends[partition] == s->seen_end ? s->seen_end : NO_OFFSET;
}

static void take_error(struct source *src, const rd_kafka_message_t *m)
{
    struct err err = {0};
    char where[64];
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        end_is_seen(src, m->partition, m->offset);
        return;
    }
    (void)snprintf(where, sizeof where, "partition %d", m->partition);
    src->shaken |= m->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                   m->err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                   m->err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
    if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        lost(src, m->partition, "the position is not in its log any more");
    } else if (kafka_status(m->err, where, &err) == STATUS_FATAL) {
        fail(src, err.code, err.text);
    } else {
        log_warn(KAFKA_LIBRARY, LOG_TEXT("code", err.code), LOG_TEXT("msg", err.text));
    }
}

static void put_mark(struct source *src, const rd_kafka_message_t *m, const struct raw_record *raw,
                     uint8_t out[MARK_BYTES])
{
    uint8_t mac[SHA256_BYTES];
    src->bytes.len = 0;
    stand_bytes(&src->bytes, m->key, m->key_len, raw, rd_kafka_message_timestamp(m, NULL));
    src->events.mac(src->events.arg, src->bytes.data, src->bytes.len, mac);
    memcpy(out, mac, MARK_BYTES);
}

/* Whether the record that comes first is the one that was delivered last. It is not where the log
 * was cut meanwhile; asked again, the brokers say so. */
static bool compares(struct source *src, struct stand *s, const rd_kafka_message_t *m,
                     const struct raw_record *raw)
{
    uint8_t mark[MARK_BYTES];
    if (m->offset < s->anchor.offset) {
        return false; /* the library still held it from before reading was set */
    }
    if (m->offset > s->anchor.offset) {
        s->doubt = STAND_DOUBTED;
        if (++s->holes >= HOLES_MAX) {
            lost(src, m->partition, "the last record that was taken in is not there any more");
        }
        return false;
    }
    put_mark(src, m, raw, mark);
    if (memcmp(mark, s->anchor.mark, MARK_BYTES) != 0) {
        lost(src, m->partition, "another record is where the last one was that was taken in");
        return false;
    }
    s->doubt = STAND_SURE;
    s->holes = 0;
    return true;
}

static void hand_over(struct source *src, const rd_kafka_message_t *m, bool last)
{
    struct stand *s = stand_of(src, m->partition);
    if (s->doubt == STAND_DOUBTED || src->failed != STATUS_OK) {
        return; /* it comes again */
    }
    size_t n_headers = take_headers(src, m);
    const struct raw_record raw = {
        .value = m->payload, .len = m->len, .headers = src->headers, .n_headers = n_headers};
    if (s->doubt == STAND_COMPARES && !compares(src, s, m, &raw)) {
        return;
    }
    s->next = m->offset + 1 > s->next ? m->offset + 1 : s->next;
    if (last) {
        s->anchor.offset = m->offset;
        put_mark(src, m, &raw, s->anchor.mark);
    }
    const struct source_message out = {.partition = m->partition,
                                       .offset = m->offset,
                                       .raw = raw,
                                       .key = m->key,
                                       .key_len = m->key_len,
                                       .mark = last ? s->anchor.mark : NULL};
    src->events.message(src->events.arg, &out);
}

/* A position can only be behind the last message of a fill: only that one needs a mark. */
static void find_last(struct source *src, size_t n)
{
    for (size_t i = 0; i < src->n_stands; i++) {
        src->stands[i].seen = false;
    }
    for (size_t i = n; i-- > 0;) {
        const rd_kafka_message_t *m = src->messages[i];
        src->last[i] = m->err == RD_KAFKA_RESP_ERR_NO_ERROR && !stand_of(src, m->partition)->seen;
        if (src->last[i]) {
            stand_of(src, m->partition)->seen = true;
        }
    }
}

/* A library whose read-ahead is full checks only once a second whether there is room again. At full
 * speed that is half of all time. Before it had a setting for that, any request to a partition's
 * leader made it check; the answer to this one does not matter. */
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
    resolve_doubts(src);
    size_t most = max < FILL_MAX ? max : FILL_MAX;
    ssize_t got = most == 0 ? 0 : rd_kafka_consume_batch_queue(src->queue, 0, src->messages, most);
    if (atomic_load(&src->news) || src->shaken) {
        doubt_all(src); /* what was fetched before or since */
    }
    find_last(src, got > 0 ? (size_t)got : 0);
    for (ssize_t i = 0; i < got; i++) {
        rd_kafka_message_t *m = src->messages[i];
        if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            take_error(src, m);
        } else {
            src->taken += m->len;
            set_end(src, m->partition, NOT_AT_END);
            hand_over(src, m, src->last[i]);
            (*n)++;
        }
        rd_kafka_message_destroy(m);
    }
    nudge(src);
    resolve_doubts(src);
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

int64_t source_lag(struct source *src, int32_t partition, int64_t committed, int64_t handed_over)
{
    int64_t low = 0;
    int64_t high = 0;
    if (rd_kafka_get_watermark_offsets(src->rk, src->topic, partition, &low, &high) !=
            RD_KAFKA_RESP_ERR_NO_ERROR ||
        high < 0) {
        return -1;
    }
    int64_t from = committed > low ? committed : low;
    if (committed == handed_over && (size_t)partition < src->n_ends &&
        src->ends[partition] > from) {
        from = src->ends[partition]; /* what lies between are markers of transactions */
    }
    return high > from ? high - from : 0;
}
