/* Partitions are read without a group, so that nobody's position moves. A partition that is not
 * read to its end keeps the number it had. Failures are not reported: the count is an extra. */
#include "services/cli/operations/positions_count.h"

#include <stdbool.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/kafka/kafka.h"
#include "common/runtime/clock.h"
#include "services/cli/cli.h"

#define COUNT_MS 5000
#define COUNT_MAX 50000 /* messages of all partitions */
#define STEP_MS 100

struct count {
    struct waiting *w;
    int64_t *seen; /* in step with w */
    size_t n, ended;
    int64_t total;
    bool refused;
};

static rd_kafka_t *new_client(const struct conf *c)
{
    const struct kafka_setting settings[] = {{"allow.auto.create.topics", "false"},
                                             {"isolation.level", "read_committed"},
                                             {"enable.partition.eof", "true"},
                                             {NULL, NULL}};
    struct err ignored = {0};
    rd_kafka_conf_t *rconf = NULL;
    rd_kafka_t *rk = NULL;
    enum status s = kafka_conf_new(&rconf, c, "dayfour", settings, true, &ignored);
    s = s == STATUS_OK ? kafka_client_new(&rk, RD_KAFKA_CONSUMER, rconf, &ignored) : s;
    return s == STATUS_OK ? rk : NULL;
}

static void take(struct count *c, const rd_kafka_message_t *m)
{
    size_t i = 0;
    while (i < c->n && c->w[i].partition != m->partition) {
        i++;
    }
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR && i < c->n) {
        c->seen[i]++;
        c->total++;
    } else if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && i < c->n) {
        c->w[i].messages = c->seen[i];
        c->ended++;
    } else {
        c->refused = true;
    }
}

static void read_all(struct count *c, rd_kafka_queue_t *queue)
{
    int64_t end = clock_mono_ms() + COUNT_MS;
    while (c->ended < c->n && c->total < COUNT_MAX && !c->refused && clock_mono_ms() < end) {
        rd_kafka_message_t *m = rd_kafka_consume_queue(queue, STEP_MS);
        if (m != NULL) {
            take(c, m);
            rd_kafka_message_destroy(m);
        }
    }
}

void positions_count(const struct conf *conf, const char *topic, struct waiting *w, size_t n)
{
    rd_kafka_t *rk = n == 0 ? NULL : new_client(conf);
    if (rk == NULL) {
        return;
    }
    struct count c = {.w = w, .n = n, .seen = mem_alloc(n * sizeof *c.seen)};
    rd_kafka_topic_t *t = rd_kafka_topic_new(rk, topic, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    for (size_t i = 0; i < n && t != NULL; i++) {
        c.refused |= rd_kafka_consume_start_queue(t, w[i].partition, w[i].from, queue) != 0;
    }
    if (t != NULL) {
        read_all(&c, queue);
        for (size_t i = 0; i < n; i++) {
            (void)rd_kafka_consume_stop(t, w[i].partition);
        }
        rd_kafka_topic_destroy(t);
    }
    rd_kafka_queue_destroy(queue);
    (void)kafka_client_free(rk, 0, CLI_CLOSE_MS);
    free(c.seen);
}
