#include "common/kafka.h"

#include <stdlib.h>
#include <string.h>

#include "common/conf_keys.h"
#include "common/log.h"

/* ---- configuration ---- */

/* The library's words may hold the value, which may be a password: they are left out. */
static enum status set(rd_kafka_conf_t *rconf, const char *name, const char *value, struct err *err)
{
    char text[256];
    switch (rd_kafka_conf_set(rconf, name, value, text, sizeof text)) {
    case RD_KAFKA_CONF_OK:
        return STATUS_OK;
    case RD_KAFKA_CONF_UNKNOWN:
        return err_set(err, STATUS_FATAL, "config", "kafka.prop.%s: no such property", name);
    case RD_KAFKA_CONF_INVALID:
    default:
        return err_set(err, STATUS_FATAL, "config", "kafka.prop.%s: not a value it can have", name);
    }
}

static enum status set_props(rd_kafka_conf_t *rconf, const struct conf *c, struct err *err)
{
    for (size_t i = 0; i < c->n_kafka_props; i++) {
        const struct conf_prop *p = &c->kafka_props[i];
        const char *why = conf_keys_prop_refusal(p->name, p->value);
        if (why != NULL) {
            return err_set(err, STATUS_FATAL, "config", "kafka.prop.%s: %s", p->name, why);
        }
        enum status s = set(rconf, p->name, p->value, err);
        if (s != STATUS_OK) {
            return s;
        }
    }
    return STATUS_OK;
}

static enum log_level level_of(int syslog_level)
{
    if (syslog_level <= 3) {
        return LEVEL_ERROR;
    }
    if (syslog_level == 4) {
        return LEVEL_WARN;
    }
    return syslog_level <= 6 ? LEVEL_INFO : LEVEL_DEBUG;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the library's signature */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    log_write(level_of(level), LOG_EV_KAFKA_LIBRARY,
              (const struct log_field[]){
                  LOG_TEXT("facility", facility), LOG_TEXT("msg", text), {.key = NULL}});
}

static void on_log_quiet(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    (void)level;
    (void)facility;
    (void)text;
}

static enum status fill(rd_kafka_conf_t *rconf, const struct conf *c, const char *client_id,
                        const struct kafka_setting *settings, bool quiet, struct err *err)
{
    const struct kafka_setting common[] = {{"bootstrap.servers", c->kafka_brokers},
                                           {"client.id", client_id},
                                           {"log.queue", quiet ? "false" : "true"},
                                           {"log.connection.close", "false"},
                                           {"socket.keepalive.enable", "true"},
                                           {"socket.nagle.disable", "true"},
                                           {NULL, NULL}};
    enum status s = STATUS_OK;
    for (const struct kafka_setting *k = common; k->name != NULL && s == STATUS_OK; k++) {
        s = set(rconf, k->name, k->value, err);
    }
    if (s == STATUS_OK) {
        s = set_props(rconf, c, err);
    }
    for (const struct kafka_setting *k = settings; k != NULL && k->name != NULL && s == STATUS_OK;
         k++) {
        s = set(rconf, k->name, k->value, err);
    }
    return s == STATUS_OK ? kafka_check_transport(rconf, c, err) : s;
}

enum status kafka_conf_new(rd_kafka_conf_t **out, const struct conf *c, const char *client_id,
                           const struct kafka_setting *settings, bool quiet, struct err *err)
{
    if (c->kafka_brokers == NULL || c->kafka_brokers[0] == '\0') {
        return err_set(err, STATUS_FATAL, "config",
                       "kafka.brokers: not set (KAFKA_BROKERS, or a --config file)");
    }
    rd_kafka_conf_t *rconf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(rconf, quiet ? on_log_quiet : on_log);
    enum status s = fill(rconf, c, client_id, settings, quiet, err);
    if (s != STATUS_OK) {
        rd_kafka_conf_destroy(rconf);
        return s;
    }
    *out = rconf;
    return STATUS_OK;
}

static bool is_log_queue(const rd_kafka_conf_t *rconf)
{
    char value[8] = "";
    size_t size = sizeof value;
    return rd_kafka_conf_get(rconf, "log.queue", value, &size) == RD_KAFKA_CONF_OK &&
           strcmp(value, "true") == 0;
}

enum status kafka_client_new(rd_kafka_t **out, rd_kafka_type_t type, rd_kafka_conf_t *rconf,
                             struct err *err)
{
    bool log_queue = is_log_queue(rconf);
    char text[256] = "";
    rd_kafka_t *rk = rd_kafka_new(type, rconf, text, sizeof text);
    if (rk == NULL) {
        rd_kafka_conf_destroy(rconf);
        return err_set(err, STATUS_FATAL, "config", "Kafka client: %s", text);
    }
    if (log_queue) {
        rd_kafka_resp_err_t code = rd_kafka_set_log_queue(rk, NULL);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_destroy(rk);
            return kafka_status(code, "log queue", err);
        }
    }
    *out = rk;
    return STATUS_OK;
}

/* ---- errors ---- */

struct meaning {
    rd_kafka_resp_err_t code;
    enum status status;
};

#define E(name) RD_KAFKA_RESP_ERR_##name
static const struct meaning meanings[] = {
    {E(NO_ERROR), STATUS_OK},
    /* pass by themselves */
    {E(_TRANSPORT), STATUS_RETRY},
    {E(_ALL_BROKERS_DOWN), STATUS_RETRY},
    {E(_RESOLVE), STATUS_RETRY},
    {E(_TIMED_OUT), STATUS_RETRY},
    {E(_TIMED_OUT_QUEUE), STATUS_RETRY},
    {E(_MSG_TIMED_OUT), STATUS_RETRY},
    {E(_QUEUE_FULL), STATUS_RETRY},
    {E(_RETRY), STATUS_RETRY},
    {E(_WAIT_COORD), STATUS_RETRY},
    {E(_IN_PROGRESS), STATUS_RETRY},
    {E(LEADER_NOT_AVAILABLE), STATUS_RETRY},
    {E(NOT_LEADER_FOR_PARTITION), STATUS_RETRY},
    {E(REQUEST_TIMED_OUT), STATUS_RETRY},
    {E(BROKER_NOT_AVAILABLE), STATUS_RETRY},
    {E(REPLICA_NOT_AVAILABLE), STATUS_RETRY},
    {E(NETWORK_EXCEPTION), STATUS_RETRY},
    {E(COORDINATOR_LOAD_IN_PROGRESS), STATUS_RETRY},
    {E(COORDINATOR_NOT_AVAILABLE), STATUS_RETRY},
    {E(NOT_COORDINATOR), STATUS_RETRY},
    {E(NOT_ENOUGH_REPLICAS), STATUS_RETRY},
    {E(NOT_ENOUGH_REPLICAS_AFTER_APPEND), STATUS_RETRY},
    {E(NOT_CONTROLLER), STATUS_RETRY},
    {E(KAFKA_STORAGE_ERROR), STATUS_RETRY},
    {E(CONCURRENT_TRANSACTIONS), STATUS_RETRY},
    {E(THROTTLING_QUOTA_EXCEEDED), STATUS_RETRY},
    {E(UNSTABLE_OFFSET_COMMIT), STATUS_RETRY},
    {E(FENCED_LEADER_EPOCH), STATUS_RETRY},
    {E(UNKNOWN_LEADER_EPOCH), STATUS_RETRY},
    {E(OFFSET_NOT_AVAILABLE), STATUS_RETRY},
    {E(REBALANCE_IN_PROGRESS), STATUS_RETRY},
    {E(UNKNOWN_TOPIC_OR_PART), STATUS_RETRY}, /* also while a topic is being made */
    {E(_UNKNOWN_TOPIC), STATUS_RETRY},
    {E(_UNKNOWN_PARTITION), STATUS_RETRY},
    /* this one message */
    {E(MSG_SIZE_TOO_LARGE), STATUS_REJECT},
    {E(RECORD_LIST_TOO_LARGE), STATUS_REJECT},
    {E(INVALID_MSG), STATUS_REJECT},
    {E(INVALID_MSG_SIZE), STATUS_REJECT},
    {E(INVALID_RECORD), STATUS_REJECT},
    {E(INVALID_TIMESTAMP), STATUS_REJECT},
    {E(POLICY_VIOLATION), STATUS_REJECT},
    {E(_BAD_MSG), STATUS_REJECT},
    /* waiting does not help */
    {E(TOPIC_AUTHORIZATION_FAILED), STATUS_FATAL},
    {E(GROUP_AUTHORIZATION_FAILED), STATUS_FATAL},
    {E(CLUSTER_AUTHORIZATION_FAILED), STATUS_FATAL},
    {E(TRANSACTIONAL_ID_AUTHORIZATION_FAILED), STATUS_FATAL},
    {E(SASL_AUTHENTICATION_FAILED), STATUS_FATAL},
    {E(UNSUPPORTED_SASL_MECHANISM), STATUS_FATAL},
    {E(ILLEGAL_SASL_STATE), STATUS_FATAL},
    {E(SECURITY_DISABLED), STATUS_FATAL},
    {E(_AUTHENTICATION), STATUS_FATAL},
    {E(_SSL), STATUS_RETRY}, /* also a session that breaks; see kafka_client_error */
    {E(_INVALID_ARG), STATUS_FATAL},
    {E(_NOT_CONFIGURED), STATUS_FATAL},
    {E(_NOT_IMPLEMENTED), STATUS_FATAL},
    {E(_UNSUPPORTED_FEATURE), STATUS_FATAL},
    {E(UNSUPPORTED_VERSION), STATUS_FATAL},
    {E(UNSUPPORTED_COMPRESSION_TYPE), STATUS_FATAL},
    {E(TOPIC_EXCEPTION), STATUS_FATAL},
    {E(INVALID_TRANSACTION_TIMEOUT), STATUS_FATAL},
    {E(INVALID_GROUP_ID), STATUS_FATAL},
};
#undef E

/* What is not in the table, fenced producers and members among them, costs a client its place. */
static enum status status_of(rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].code == code) {
            return meanings[i].status;
        }
    }
    return STATUS_RESYNC;
}

enum status kafka_status(rd_kafka_resp_err_t code, const char *what, struct err *err)
{
    enum status s = status_of(code);
    if (s == STATUS_OK) {
        return STATUS_OK;
    }
    return err_set(err, s, rd_kafka_err2name(code), "%s: %s", what, rd_kafka_err2str(code));
}

enum status kafka_client_error(int code, const char *reason, struct err *err)
{
    enum status s = status_of((rd_kafka_resp_err_t)code);
    if (code == RD_KAFKA_RESP_ERR__SSL && strstr(reason, "certificate") != NULL) {
        s = STATUS_FATAL;
    }
    return s == STATUS_OK
               ? s
               : err_set(err, s, rd_kafka_err2name((rd_kafka_resp_err_t)code), "%s", reason);
}

enum status kafka_error(rd_kafka_error_t *e, const char *what, bool *abort_first, struct err *err)
{
    if (abort_first != NULL) {
        *abort_first = false;
    }
    if (e == NULL) {
        return STATUS_OK;
    }
    enum status s = status_of(rd_kafka_error_code(e));
    if (rd_kafka_error_is_fatal(e) != 0) {
        s = s == STATUS_FATAL ? STATUS_FATAL : STATUS_RESYNC;
    } else if (rd_kafka_error_txn_requires_abort(e) != 0) {
        s = STATUS_RETRY;
        if (abort_first != NULL) {
            *abort_first = true;
        }
    } else if (rd_kafka_error_is_retriable(e) != 0) {
        s = STATUS_RETRY;
    }
    err_set(err, s, rd_kafka_error_name(e), "%s: %s", what, rd_kafka_error_string(e));
    rd_kafka_error_destroy(e);
    return s;
}
