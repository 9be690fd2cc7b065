/* The one place that knows the library's error codes: a table gives each a status, and any other
 * code means RESYNC. The library's log lines are folded: the first of a kind is logged, the rest
 * counted. */
#include "common/kafka/kafka.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/runtime/clock.h"
#include "common/runtime/conf_keys.h"
#include "common/runtime/helper.h"
#include "common/runtime/log.h"

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

#define KINDS 16
#define KEEP_MS 6000 /* longer than it takes to find out that no broker answers */
#define FOLD_MS 60000

static struct {
    pthread_mutex_t lock;
    struct kind {
        char facility[24];
        enum log_level level; /* the gravest */
        int64_t messages, since_ms, told_ms;
        char text[256];
    } kinds[KINDS];
    char last[256];
} noise = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* With more kinds than there is room for the last place has the rest. */
static struct kind *kind_of(const char *facility)
{
    size_t i = 0;
    while (i < KINDS - 1 && noise.kinds[i].facility[0] != '\0' &&
           strcmp(noise.kinds[i].facility, facility) != 0) {
        i++;
    }
    struct kind *k = &noise.kinds[i];
    (void)snprintf(k->facility, sizeof k->facility, "%s", facility);
    return k;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the library's signature */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    pthread_mutex_lock(&noise.lock);
    struct kind *k = kind_of(facility);
    if (k->messages++ == 0) {
        k->since_ms = clock_mono_ms();
        k->level = LEVEL_DEBUG;
    }
    k->level = level_of(level) < k->level ? level_of(level) : k->level;
    (void)snprintf(k->text, sizeof k->text, "%s", text);
    (void)snprintf(noise.last, sizeof noise.last, "%s", text);
    pthread_mutex_unlock(&noise.lock);
}

void kafka_noise_settle(bool all)
{
    pthread_mutex_lock(&noise.lock);
    int64_t now = clock_mono_ms();
    for (size_t i = 0; i < KINDS; i++) {
        struct kind *k = &noise.kinds[i];
        bool is_due =
            now - k->since_ms >= KEEP_MS && (k->told_ms == 0 || now - k->told_ms >= FOLD_MS);
        if (k->messages > 0 && (all || is_due)) {
            log_write(k->level, LOG_EV_KAFKA_LIBRARY,
                      (const struct log_field[]){LOG_TEXT("facility", k->facility),
                                                 LOG_TEXT("msg", k->text),
                                                 LOG_INT("messages", k->messages),
                                                 {.key = NULL}});
            k->messages = 0;
            k->told_ms = now;
        }
    }
    pthread_mutex_unlock(&noise.lock);
}

void kafka_noise_take(struct kafka_noise *out)
{
    pthread_mutex_lock(&noise.lock);
    out->messages = 0;
    for (size_t i = 0; i < KINDS; i++) {
        out->messages += noise.kinds[i].messages;
        noise.kinds[i].messages = 0;
    }
    memcpy(out->text, noise.last, sizeof out->text);
    noise.last[0] = '\0';
    pthread_mutex_unlock(&noise.lock);
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
    const struct kafka_setting common[] = {
        {"bootstrap.servers", c->kafka_brokers}, {"client.id", client_id},
        {"log.queue", quiet ? "false" : "true"}, {"log.connection.close", "false"},
        {"reconnect.backoff.max.ms", "2000"},    {"socket.keepalive.enable", "true"},
        {"socket.nagle.disable", "true"},        {NULL, NULL}};
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

struct ending {
    rd_kafka_t *rk;
    int flags;
};

static void end_client(void *arg)
{
    const struct ending *e = arg;
    rd_kafka_destroy_flags(e->rk, e->flags);
}

bool kafka_client_free(rd_kafka_t *rk, int flags, int ms)
{
    struct ending *e = mem_alloc(sizeof *e);
    *e = (struct ending){.rk = rk, .flags = flags};
    struct helper *h = helper_start(end_client, e);
    if (h == NULL) {
        end_client(e);
        free(e);
        return true;
    }
    (void)helper_ended(h, ms);
    bool ended = helper_free(h, free);
    if (ended) {
        free(e);
    }
    return ended;
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
    {E(INVALID_TIMESTAMP), STATUS_RETRY},     /* of no message: clocks are apart */
    {E(UNKNOWN_TOPIC_OR_PART), STATUS_RETRY}, /* also while a topic is being made */
    {E(_UNKNOWN_TOPIC), STATUS_RETRY},
    {E(_UNKNOWN_PARTITION), STATUS_RETRY},
    /* this one message */
    {E(MSG_SIZE_TOO_LARGE), STATUS_REJECT},
    {E(RECORD_LIST_TOO_LARGE), STATUS_REJECT},
    {E(INVALID_MSG), STATUS_REJECT},
    {E(INVALID_MSG_SIZE), STATUS_REJECT},
    {E(INVALID_RECORD), STATUS_REJECT},
    {E(POLICY_VIOLATION), STATUS_REJECT},
    {E(_BAD_MSG), STATUS_REJECT},
    /* also while a broker still loads its rights and passwords, or is upgraded: begun again, with a
     * pause, so that it is said */
    {E(TOPIC_AUTHORIZATION_FAILED), STATUS_RESYNC},
    {E(GROUP_AUTHORIZATION_FAILED), STATUS_RESYNC},
    {E(CLUSTER_AUTHORIZATION_FAILED), STATUS_RESYNC},
    {E(TRANSACTIONAL_ID_AUTHORIZATION_FAILED), STATUS_RESYNC},
    {E(SASL_AUTHENTICATION_FAILED), STATUS_RESYNC},
    {E(UNSUPPORTED_SASL_MECHANISM), STATUS_RESYNC},
    {E(ILLEGAL_SASL_STATE), STATUS_RESYNC},
    {E(SECURITY_DISABLED), STATUS_RESYNC},
    {E(_AUTHENTICATION), STATUS_RESYNC},
    {E(_SSL), STATUS_RETRY},
    {E(_UNSUPPORTED_FEATURE), STATUS_RETRY},
    {E(UNSUPPORTED_VERSION), STATUS_RETRY},
    /* the configuration */
    {E(_INVALID_ARG), STATUS_FATAL},
    {E(_NOT_CONFIGURED), STATUS_FATAL},
    {E(_NOT_IMPLEMENTED), STATUS_FATAL},
    {E(UNSUPPORTED_COMPRESSION_TYPE), STATUS_FATAL},
    {E(TOPIC_EXCEPTION), STATUS_FATAL},
    {E(INVALID_TRANSACTION_TIMEOUT), STATUS_FATAL},
    {E(INVALID_GROUP_ID), STATUS_FATAL},
};
#undef E

/* Any other code, fencing included, means STATUS_RESYNC: recreate the client. */
static enum status status_of(rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].code == code) {
            return meanings[i].status;
        }
    }
    return STATUS_RESYNC;
}

/* Only a faulty configuration ends a service, and the log names it. */
static const char *name_of(rd_kafka_resp_err_t code)
{
    return status_of(code) == STATUS_FATAL ? "config" : rd_kafka_err2name(code);
}

enum status kafka_status(rd_kafka_resp_err_t code, const char *what, struct err *err)
{
    enum status s = status_of(code);
    if (s == STATUS_OK) {
        return STATUS_OK;
    }
    return err_set(err, s, name_of(code), "%s: %s", what, rd_kafka_err2str(code));
}

/* A broker that answers, and does not let us in: waited for like one that is away, and said. */
static bool is_refusal(int code)
{
    return code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL ||
           code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM ||
           code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}

enum status kafka_client_error(int code, const char *reason, struct err *err)
{
    enum status s = status_of((rd_kafka_resp_err_t)code);
    if (is_refusal(code)) {
        log_warn(KAFKA_LIBRARY, LOG_TEXT("code", rd_kafka_err2name((rd_kafka_resp_err_t)code)),
                 LOG_TEXT("msg", reason));
    }
    return s == STATUS_OK ? s : err_set(err, s, name_of((rd_kafka_resp_err_t)code), "%s", reason);
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
    err_set(err, s, name_of(rd_kafka_error_code(e)), "%s: %s", what, rd_kafka_error_string(e));
    rd_kafka_error_destroy(e);
    return s;
}
