/* client - the Kafka clients that the measuring programs use. Every error ends the program. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>

/* Writes the text and ends the program. */
_Noreturn void client_die(const char *text);

/* settings: names and values by turns, then NULL. */
rd_kafka_t *client_new(rd_kafka_type_t type, const char *const *settings);

/* A producer that keeps the order and sends in batches. linger_ms: how long a batch waits for more.
 * */
rd_kafka_t *client_producer(const char *brokers, const char *linger_ms);

/* A copy of text is sent, as soon as there is room for it. key: 32 bytes. */
void client_put(rd_kafka_t *rk, const char *topic, const char *key, const char *text, size_t len);

/* Until all of it is delivered. */
void client_flush(rd_kafka_t *rk);

#endif
