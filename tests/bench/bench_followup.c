/* bench_followup: what followup is measured with.
 *
 *   bench_followup fill BROKERS TOPIC PEOPLE DUE TODAY SHARE   so many people off sick, of whom the
 *       first DUE were off for seven days on TODAY (a fit note is due at nine), the rest for less,
 *       in equal parts; SHARE % of them of a pathway
 *   bench_followup latency BROKERS IN OUT EVENTS EVERY_MS TODAY   one event each EVERY_MS, about
 *       people beyond those; until its task is on OUT and committed: prints p50, p90, p99 and the
 *       greatest in milliseconds
 *   bench_followup watch BROKERS TOPIC RECORDS SINCE   until there are so many committed ones:
 *       the same of how long after SINCE, milliseconds since 1970, they were written, by their
 *       timestamps
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/runtime/clock.h"
#include "tests/bench/client.h"
#include "tests/bench/events.h"

#define FIRST_LATENT 5000000 /* people nobody else is */
#define PATIENCE_MS 60000
#define WARM_UP 40 /* messages not counted: a producer's first waits a second for its topic */

static void fill(char **argv)
{
    uint32_t people = (uint32_t)strtoul(argv[2], NULL, 10);
    uint32_t due = (uint32_t)strtoul(argv[3], NULL, 10);
    int32_t today = (int32_t)strtol(argv[4], NULL, 10);
    uint32_t share = (uint32_t)strtoul(argv[5], NULL, 10);
    rd_kafka_t *rk = client_producer(argv[0], "20");
    struct events *ev = events_new(1, people, today);
    for (uint32_t i = 0; i < people; i++) {
        size_t len = 0;
        char key[33];
        int32_t onset = i < due ? today - 7 : today - (int32_t)(i % 3);
        const char *text = events_off(ev, i, onset, i % 100 < share, &len, key);
        client_put(rk, argv[1], key, text, len);
        if (i % 1000 == 0) {
            (void)rd_kafka_poll(rk, 0);
        }
    }
    client_flush(rk);
    events_free(ev);
    rd_kafka_destroy(rk);
}

/* ---- reading ---- */

static int partitions_of(rd_kafka_t *rk, const char *topic)
{
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_topic_t *t = rd_kafka_topic_new(rk, topic, NULL);
    if (rd_kafka_metadata(rk, 0, t, &md, 10000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        client_die("no metadata");
    }
    int n = md->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(md);
    rd_kafka_topic_destroy(t);
    return n;
}

static rd_kafka_t *reader(const char *brokers, const char *topic, bool from_the_end)
{
    const char *const settings[] = {"bootstrap.servers",
                                    brokers,
                                    "group.id",
                                    "bench-followup",
                                    "enable.auto.commit",
                                    "false",
                                    "isolation.level",
                                    "read_committed",
                                    "fetch.wait.max.ms",
                                    "20",
                                    NULL};
    rd_kafka_t *rk = client_new(RD_KAFKA_CONSUMER, settings);
    (void)rd_kafka_poll_set_consumer(rk);
    int n = partitions_of(rk, topic);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);
    for (int i = 0; i < n; i++) {
        rd_kafka_topic_partition_list_add(list, topic, i)->offset =
            from_the_end ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING;
    }
    if (rd_kafka_assign(rk, list) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        client_die("assign");
    }
    rd_kafka_topic_partition_list_destroy(list);
    return rk;
}

/* ---- what it took ---- */

static int by_time(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void tell(int64_t *us, size_t n)
{
    qsort(us, n, sizeof *us, by_time);
    static const size_t parts[] = {50, 90, 99, 100};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t at = n * parts[i] / 100;
        (void)printf("%.1f ", (double)us[at > 0 ? at - 1 : 0] / 1000);
    }
    (void)printf("\n");
}

static void watch(char **argv)
{
    size_t wanted = strtoul(argv[2], NULL, 10);
    int64_t since = strtoll(argv[3], NULL, 10);
    rd_kafka_t *rk = reader(argv[0], argv[1], false);
    int64_t *took = calloc(wanted, sizeof *took);
    if (took == NULL) {
        abort();
    }
    size_t got = 0;
    for (int64_t end = clock_mono_ms() + PATIENCE_MS; got < wanted && clock_mono_ms() < end;) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 200);
        if (m != NULL && m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            took[got] = (rd_kafka_message_timestamp(m, NULL) - since) * 1000;
            got += took[got] >= 0;
        }
        if (m != NULL) {
            rd_kafka_message_destroy(m);
        }
    }
    if (got < wanted) {
        client_die("not all were there in time");
    }
    tell(took, got);
    free(took);
    (void)rd_kafka_assign(rk, NULL);
    rd_kafka_destroy(rk);
}

/* ---- latency ---- */

struct latency {
    const char *in;
    rd_kafka_t *to, *from;
    struct events *ev;
    uint32_t events, sent, seen;
    int32_t today;
    int64_t *sent_us, *took_us;
};

static int64_t mono_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void send_one(struct latency *l)
{
    size_t len = 0;
    char key[33];
    const char *text = events_off(l->ev, FIRST_LATENT + l->sent, l->today, true, &len, key);
    l->sent_us[l->sent++] = mono_us();
    client_put(l->to, l->in, key, text, len);
}

static void see(struct latency *l, const rd_kafka_message_t *m)
{
    static const char member[] = "\"person_id\":\"P-";
    char value[200];
    size_t n = m->len < sizeof value - 1 ? m->len : sizeof value - 1;
    memcpy(value, m->payload, n);
    value[n] = '\0';
    const char *at = strstr(value, member);
    uint32_t person = at == NULL ? 0 : (uint32_t)strtoul(at + sizeof member - 1, NULL, 10);
    if (person >= FIRST_LATENT && person - FIRST_LATENT < l->sent &&
        l->took_us[person - FIRST_LATENT] == 0) {
        l->took_us[person - FIRST_LATENT] = mono_us() - l->sent_us[person - FIRST_LATENT];
        l->seen++;
    }
}

static void latency(char **argv)
{
    struct latency l = {.in = argv[1],
                        .to = client_producer(argv[0], "0"),
                        .from = reader(argv[0], argv[2], true),
                        .events = (uint32_t)strtoul(argv[3], NULL, 10) + WARM_UP,
                        .today = (int32_t)strtol(argv[5], NULL, 10)};
    int64_t every_us = strtol(argv[4], NULL, 10) * 1000;
    l.ev = events_new(1, 1, l.today);
    l.sent_us = calloc(l.events, sizeof *l.sent_us);
    l.took_us = calloc(l.events, sizeof *l.took_us);
    if (l.sent_us == NULL || l.took_us == NULL) {
        abort();
    }
    int64_t ready = mono_us() + 2000000; /* the reader has to find the end first */
    int64_t end = ready + every_us * l.events + (int64_t)PATIENCE_MS * 1000;
    while (l.seen < l.events && mono_us() < end) {
        while (l.sent < l.events && mono_us() >= ready + every_us * l.sent) {
            send_one(&l);
        }
        (void)rd_kafka_poll(l.to, 0);
        rd_kafka_message_t *m = rd_kafka_consumer_poll(l.from, 1);
        if (m != NULL) {
            if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                see(&l, m);
            }
            rd_kafka_message_destroy(m);
        }
    }
    if (l.seen < l.events) {
        client_die("not every event became a task in time");
    }
    tell(l.took_us + WARM_UP, l.events - WARM_UP);
    free(l.sent_us);
    free(l.took_us);
    events_free(l.ev);
    rd_kafka_destroy(l.to);
    (void)rd_kafka_assign(l.from, NULL);
    rd_kafka_destroy(l.from);
}

int main(int argc, char **argv)
{
    if (argc == 8 && strcmp(argv[1], "fill") == 0) {
        fill(argv + 2);
    } else if (argc == 8 && strcmp(argv[1], "latency") == 0) {
        latency(argv + 2);
    } else if (argc == 6 && strcmp(argv[1], "watch") == 0) {
        watch(argv + 2);
    } else {
        (void)fprintf(stderr, "usage: see the head of bench_followup.c\n");
        return 1;
    }
    return 0;
}
