/* kafka - what every Kafka client of ours has in common: configuration, log lines, meaning of error
 * codes. Only the modules that speak to Kafka (source, sink, publish, and their like) include this.
 */
#ifndef COMMON_KAFKA_KAFKA_H
#define COMMON_KAFKA_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/runtime/conf.h"

/* Everything that depends on the library's version (rd_kafka_version()): Debian 12 has 2.0.2, 13
 * has 2.8.0. Before the first, a full read-ahead queue is checked only once a second. Before the
 * second, current brokers refuse its SCRAM. */
#define KAFKA_FINDS_ROOM 0x02030000   /* fetch.queue.backoff.ms */
#define KAFKA_SCRAM_MENDED 0x02060100 /* 2.6.1 */

/* A property set in code: wins over kafka.prop.* of the same name. */
struct kafka_setting {
    const char *name; /* NULL ends a list */
    const char *value;
};

/* The brokers and client.id come first, then kafka.prop.*, then the settings given. With quiet the
 * library's own lines are dropped. Otherwise they go to the noise (below) when the client's main
 * queue is polled, on the caller's thread. The caller sets callbacks and opaque. STATUS_FATAL: no
 * brokers, or a property that the library refuses or that we set ourselves. On STATUS_OK the caller
 * owns *out. */
enum status kafka_conf_new(rd_kafka_conf_t **out, const struct conf *c, const char *client_id,
                           const struct kafka_setting *settings, bool quiet,
                           struct err *err) NODISCARD;

/* Takes ownership of rconf in any case. */
enum status kafka_client_new(rd_kafka_t **out, rd_kafka_type_t type, rd_kafka_conf_t *rconf,
                             struct err *err) NODISCARD;

/* Ends a client on a thread of its own, and waits at most ms: the library may hang for good where a
 * topic was deleted (its issues 4362 and 3007). flags: RD_KAFKA_DESTROY_F_*. False: it is left
 * behind, and what its callbacks use must stay. */
bool kafka_client_free(rd_kafka_t *rk, int flags, int ms);

/* The library writes many lines, most of them about a broker that is away: noise. They are counted
 * by facility and logged as one line a minute and facility. Callable from any thread. */
struct kafka_noise {
    int64_t messages;
    char text[256]; /* the last of them; "": none */
};
/* Logs the noise kept for some seconds that is due; all: everything. */
void kafka_noise_settle(bool all);
/* Takes all noise kept so far: the caller logs it. */
void kafka_noise_take(struct kafka_noise *out);

/* Part of kafka_conf_new: STATUS_FATAL, code "config", unless connections to brokers on other
 * machines are encrypted and checked, or allow_insecure is set. */
enum status kafka_check_transport(const rd_kafka_conf_t *rconf, const struct conf *c,
                                  struct err *err) NODISCARD;

/* RETRY: passes by itself. REJECT: this one message can never be sent. RESYNC: this client has lost
 * its place, make a new one. FATAL: waiting will not help (rights, configuration). err.text is
 * "what: the library's words". what names an action or a topic. */
enum status kafka_status(rd_kafka_resp_err_t code, const char *what, struct err *err);

/* Judges an error that a client's error callback gets. err.text has the library's reason, which
 * says more than the code. */
enum status kafka_client_error(int code, const char *reason, struct err *err);

/* The same of an error object, which it takes ownership of; NULL is STATUS_OK. A transaction that
 * must be aborted is STATUS_RETRY with *abort_first true (abort_first NULL: the caller has none).
 */
enum status kafka_error(rd_kafka_error_t *e, const char *what, bool *abort_first, struct err *err);

#endif
