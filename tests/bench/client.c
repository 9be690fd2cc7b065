#include "tests/bench/client.h"

#include <stdio.h>
#include <stdlib.h>

#define KEY_BYTES 32
#define FLUSH_MS 120000

_Noreturn void client_die(const char *text)
{
    (void)fprintf(stderr, "%s\n", text);
    exit(3);
}

rd_kafka_t *client_new(rd_kafka_type_t type, const char *const *settings)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[200];
    for (; settings[0] != NULL; settings += 2) {
        if (rd_kafka_conf_set(conf, settings[0], settings[1], text, sizeof text) !=
            RD_KAFKA_CONF_OK) {
            client_die(text);
        }
    }
    rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof text);
    if (rk == NULL) {
        client_die(text);
    }
    return rk;
}

rd_kafka_t *client_producer(const char *brokers, const char *linger_ms)
{
    const char *const settings[] = {"bootstrap.servers",
                                    brokers,
                                    "linger.ms",
                                    linger_ms,
                                    "compression.type",
                                    "lz4",
                                    "enable.idempotence",
                                    "true",
                                    "queue.buffering.max.messages",
                                    "500000",
                                    NULL};
    return client_new(RD_KAFKA_PRODUCER, settings);
}

void client_put(rd_kafka_t *rk, const char *topic, const char *key, const char *text, size_t len)
{
    /* The library takes what it sends without const, and copies it. */
    union {
        const char *in;
        void *out;
    } k = {.in = key}, value = {.in = text};
    while (rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_KEY(k.out, KEY_BYTES), RD_KAFKA_V_VALUE(value.out, len),
                             RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        (void)rd_kafka_poll(rk, 20);
    }
}

void client_flush(rd_kafka_t *rk)
{
    if (rd_kafka_flush(rk, FLUSH_MS) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        client_die("not all were delivered");
    }
}
