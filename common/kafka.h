/* kafka - what every Kafka client of ours has in common: configuration, log lines, meaning of error
 * codes. Only the modules that speak to Kafka (source, sink, publish, and their like) include this.
 */
#ifndef COMMON_KAFKA_H
#define COMMON_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"
#include "common/err.h"

/* What hangs on the library's version (rd_kafka_version()), all of it: Debian 12 has 2.0.2, 13 has
 * 2.8.0. Before the first a full queue of what was read ahead is looked at once a second only;
 * before the second brokers of today refuse its SCRAM. */
#define KAFKA_FINDS_ROOM 0x02030000   /* fetch.queue.backoff.ms */
#define KAFKA_SCRAM_MENDED 0x02060100 /* 2.6.1 */

/* A property set in code: wins over kafka.prop.* of the same name. */
struct kafka_setting {
    const char *name; /* NULL ends a list */
    const char *value;
};

/* The brokers and client.id, then kafka.prop.*, then the settings given. quiet: the library's own
 * lines go nowhere, else to the log as kafka_library with their facility, out of the client's main
 * queue: they come when that is polled, on the caller's thread. Callbacks and opaque are the
 * caller's to set. STATUS_FATAL: no brokers, or a property the library does not know, does not take
 * or that we set ourselves. On STATUS_OK *out is the caller's. */
enum status kafka_conf_new(rd_kafka_conf_t **out, const struct conf *c, const char *client_id,
                           const struct kafka_setting *settings, bool quiet,
                           struct err *err) NODISCARD;

/* Takes ownership of rconf in any case. */
enum status kafka_client_new(rd_kafka_t **out, rd_kafka_type_t type, rd_kafka_conf_t *rconf,
                             struct err *err) NODISCARD;

/* Part of kafka_conf_new: STATUS_FATAL, code "config", unless connections to brokers on other
 * machines are encrypted and checked, or allow_insecure is set. */
enum status kafka_check_transport(const rd_kafka_conf_t *rconf, const struct conf *c,
                                  struct err *err) NODISCARD;

/* RETRY: passes by itself; REJECT: this one message can never be sent; RESYNC: this client has lost
 * its place, make a new one; FATAL: waiting will not help (rights, configuration). err.text is
 * "what: the library's words". what names an action or a topic. */
enum status kafka_status(rd_kafka_resp_err_t code, const char *what, struct err *err);

/* Of what a client's error callback is told. err.text has the library's reason, which says more
 * than the code. A TLS session that breaks passes (RETRY); a certificate that one side does not
 * take does not (FATAL). */
enum status kafka_client_error(int code, const char *reason, struct err *err);

/* The same of an error object, which it takes ownership of; NULL is STATUS_OK. A transaction that
 * must be aborted is STATUS_RETRY with *abort_first true (abort_first NULL: the caller has none).
 */
enum status kafka_error(rd_kafka_error_t *e, const char *what, bool *abort_first, struct err *err);

#endif
