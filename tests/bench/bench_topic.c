/* bench_topic produce|consume BROKERS TOPIC EVENTS [SEED PEOPLE TODAY]: fills a topic as fast as
 * the broker takes it, or reads it raw, as the ceiling of what intake can read. Prints events a
 * second.
 * bench_topic drip BROKERS TOPIC: each line of standard input at once, into partition 0. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/runtime/clock.h"
#include "tests/bench/client.h"
#include "tests/bench/events.h"

static void produce(const char *brokers, const char *topic, long n, char **argv)
{
    rd_kafka_t *rk = client_producer(brokers, "20");
    struct events *ev = events_new(strtoul(argv[0], NULL, 10), (uint32_t)strtoul(argv[1], NULL, 10),
                                   (int32_t)strtol(argv[2], NULL, 10));
    int64_t began = clock_mono_ms();
    for (long i = 0; i < n; i++) {
        size_t len = 0;
        char key[33];
        const char *text = events_next(ev, &len, key);
        client_put(rk, topic, key, text, len);
        if (i % 1000 == 0) {
            (void)rd_kafka_poll(rk, 0);
        }
    }
    client_flush(rk);
    (void)printf("%.0f\n", (double)n * 1000 / (double)(clock_mono_ms() - began + 1));
    events_free(ev);
    rd_kafka_destroy(rk);
}

static void consume(const char *brokers, const char *topic, long n)
{
    char group[64];
    (void)snprintf(group, sizeof group, "bench-%lld", (long long)clock_mono_ms());
    const char *const settings[] = {"bootstrap.servers",
                                    brokers,
                                    "group.id",
                                    group,
                                    "auto.offset.reset",
                                    "earliest",
                                    "enable.auto.commit",
                                    "false",
                                    "check.crcs",
                                    "true",
                                    "isolation.level",
                                    "read_committed",
                                    NULL};
    rd_kafka_t *rk = client_new(RD_KAFKA_CONSUMER, settings);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    (void)rd_kafka_subscribe(rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(rk);
    static rd_kafka_message_t *messages[1000];
    int64_t began = 0;
    for (long got = 0; got < n;) {
        ssize_t k = rd_kafka_consume_batch_queue(queue, 100, messages, 1000);
        for (ssize_t i = 0; i < k; i++) {
            if (messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                began = got == 0 ? clock_mono_ms() : began;
                got++;
            }
            rd_kafka_message_destroy(messages[i]);
        }
    }
    (void)printf("%.0f\n", (double)n * 1000 / (double)(clock_mono_ms() - began + 1));
    rd_kafka_queue_destroy(queue);
    (void)rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
}

static void drip(const char *brokers, const char *topic)
{
    const char *const settings[] = {"bootstrap.servers", brokers, "linger.ms", "0", NULL};
    rd_kafka_t *rk = client_new(RD_KAFKA_PRODUCER, settings);
    char line[4096];
    while (fgets(line, sizeof line, stdin) != NULL) {
        (void)rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                RD_KAFKA_V_VALUE(line, strcspn(line, "\n")), RD_KAFKA_V_END);
        (void)rd_kafka_flush(rk, 10000);
    }
    rd_kafka_destroy(rk);
}

int main(int argc, char **argv)
{
    if (argc == 8 && strcmp(argv[1], "produce") == 0) {
        produce(argv[2], argv[3], strtol(argv[4], NULL, 10), argv + 5);
    } else if (argc == 5 && strcmp(argv[1], "consume") == 0) {
        consume(argv[2], argv[3], strtol(argv[4], NULL, 10));
    } else if (argc == 4 && strcmp(argv[1], "drip") == 0) {
        drip(argv[2], argv[3]);
    } else {
        (void)fprintf(stderr, "usage: bench_topic produce BROKERS TOPIC EVENTS SEED PEOPLE TODAY\n"
                              "       bench_topic consume BROKERS TOPIC EVENTS\n"
                              "       bench_topic drip BROKERS TOPIC\n");
        return 1;
    }
    return 0;
}
