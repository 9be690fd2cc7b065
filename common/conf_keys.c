#include "common/conf_keys.h"

#include <stdlib.h>
#include <string.h>

#include "common/conf.h"

#define INTAKE CONF_INTAKE
#define FOLLOWUP CONF_FOLLOWUP
#define CLI CONF_CLI
#define SERVICES (CONF_INTAKE | CONF_FOLLOWUP)
#define ALL (CONF_INTAKE | CONF_FOLLOWUP | CONF_CLI)

#define TEXT(key, field, default_value, who, sense)                                                \
    {                                                                                              \
        .name = (key), .type = CONF_TEXT, .offset = offsetof(struct conf, field),                  \
        .def = (default_value), .programs = (who), .help = (sense)                                 \
    }
#define INT(key, field, default_value, least, most, who, sense)                                    \
    {                                                                                              \
        .name = (key), .type = CONF_INT, .offset = offsetof(struct conf, field),                   \
        .def = (default_value), .min = (least), .max = (most), .programs = (who), .help = (sense)  \
    }
#define CHOICE(key, field, default_value, among, who, sense)                                       \
    {                                                                                              \
        .name = (key), .type = CONF_CHOICE, .offset = offsetof(struct conf, field),                \
        .def = (default_value), .choices = (among), .programs = (who), .help = (sense)             \
    }

/* clang-format off */
const struct conf_key conf_keys[] = {
    TEXT("kafka.brokers", kafka_brokers, NULL, ALL, "host:port of brokers, separated by commas"),
    TEXT("kafka.topic.absences", kafka_topic_absences, "absence.events", INTAKE | CLI,
         "absence events from HR systems"),
    TEXT("kafka.topic.follow_up", kafka_topic_follow_up, "oh.follow-up.events", FOLLOWUP,
         "events for occupational health"),
    TEXT("kafka.topic.return_to_work", kafka_topic_return_to_work, "return-to-work.events", FOLLOWUP,
         "events for HR; may contain {organisation}: a topic each"),
    TEXT("kafka.topic.dead_letter", kafka_topic_dead_letter, "absence.events.dead-letter", FOLLOWUP,
         "rejected absence events; may contain {organisation}: a topic each"),
    TEXT("kafka.group", kafka_group, "dayfour-intake", INTAKE,
         "consumer group that divides the partitions among the intakes"),
    TEXT("kafka.transactional_id", kafka_transactional_id, NULL, FOLLOWUP,
         "prefix of the transactional ids; unset: dayfour-followup- and the installation's id"),
    {.name = "kafka.prop.*", .type = CONF_PROPS, .offset = offsetof(struct conf, kafka_props), .programs = ALL,
     .help = "given to the Kafka library as it is, such as kafka.prop.security.protocol"},
    {.name = "pg.dsn", .type = CONF_TEXT, .offset = offsetof(struct conf, pg_dsn), .secret = true,
     .programs = ALL, .help = "PostgreSQL connection string or URI"},
    TEXT("pg.password_file", pg_password_file, NULL, ALL,
         "file with the database password, which not everybody may read"),
    INT("batch.max_rows", batch_max_rows, "5000", 1, 20000, INTAKE, "messages of one database transaction"),
    INT("batch.linger_ms", batch_linger_ms, "10", 0, 1000, INTAKE,
        "how long a batch waits to become fuller, in milliseconds"),
    INT("intake.max_bytes", intake_max_bytes, "262144", 1024, 1000000, INTAKE | CLI,
        "longer messages become dead letters"),
    INT("intake.sessions", intake_sessions, "2", 1, 8, INTAKE,
        "database sessions; the partitions are divided among them"),
    INT("followup.shards", followup_shards, "1", 1, 64, FOLLOWUP,
        "parts followup's work is divided into; not more than the follow-up topic has partitions"),
    INT("followup.batch_people", followup_batch_people, "1500", 1, 5000, FOLLOWUP,
        "people looked at in one database transaction"),
    CHOICE("log.level", log_level, "info", "error|warn|info|debug", ALL, "the least serious level logged"),
    CHOICE("log.format", log_format, "json", "json|logfmt", ALL, "logfmt is for terminals"),
    TEXT("http.listen", http_listen, NULL, SERVICES,
         "host:port of /healthz, /readyz and /metrics; unset: off"),
    TEXT("clock.file", clock_file, NULL, ALL,
         "tests and rehearsals only: file with the instant to take for now"),
    {.name = "allow_insecure", .type = CONF_BOOL, .offset = offsetof(struct conf, allow_insecure),
     .def = "false", .programs = ALL,
     .help = "true: do without TLS and passwords where they are asked for; development only"},
};
/* clang-format on */

const size_t conf_n_keys = sizeof conf_keys / sizeof conf_keys[0];

/* What correctness rests on is set in code. */
#define POSITION "positions are kept in the database"
#define EXACTLY_ONCE "exactly-once delivery rests on it"
#define OWN_KEY "has a key of its own in this file"

static const struct {
    const char *name;
    const char *why;
} refused[] = {
    {"enable.auto.commit", POSITION},
    {"auto.commit.enable", POSITION},
    {"enable.auto.offset.store", POSITION},
    {"offset.store.method", POSITION},
    {"offset.store.path", POSITION},
    {"auto.offset.reset", "a lost position must stop the service, not move it"},
    {"isolation.level", "messages of aborted transactions must not be read"},
    {"acks", EXACTLY_ONCE},
    {"request.required.acks", EXACTLY_ONCE},
    {"enable.idempotence", EXACTLY_ONCE},
    {"enable.gapless.guarantee", EXACTLY_ONCE},
    {"delivery.report.only.error", EXACTLY_ONCE},
    {"queuing.strategy", EXACTLY_ONCE},
    {"max.in.flight", EXACTLY_ONCE},
    {"max.in.flight.requests.per.connection", EXACTLY_ONCE},
    {"message.send.max.retries", EXACTLY_ONCE},
    {"retries", EXACTLY_ONCE},
    {"transaction.timeout.ms", EXACTLY_ONCE},
    {"check.crcs", "what was damaged on its way must not be read"},
    {"group.protocol", "taking over partitions rests on it"},
    {"partitioner", "the order of a person's events rests on it"},
    {"msg_order_cmp", "the order of a person's events rests on it"},
    {"partition.assignment.strategy", "taking over partitions rests on it"},
    {"enable.partition.eof", "set by the programs as they need it"},
    {"log.queue", "set by the programs as they need it"},
    {"allow.auto.create.topics", "topics are made by whoever runs the broker"},
    {"test.mock.num.brokers", "a broker inside the process keeps nothing"},
    {"bootstrap.servers", OWN_KEY ": kafka.brokers"},
    {"metadata.broker.list", OWN_KEY ": kafka.brokers"},
    {"group.id", OWN_KEY ": kafka.group"},
    {"transactional.id", OWN_KEY ": kafka.transactional_id"},
};

/* Whole milliseconds, at most 15 minutes; 0 would wait for ever. */
static bool is_bounded_wait(const char *value)
{
    size_t digits = strspn(value, "0123456789");
    long ms = digits > 0 && digits < 9 && value[digits] == '\0' ? strtol(value, NULL, 10) : 0;
    return ms >= 1 && ms <= 900000;
}

const char *conf_keys_prop_refusal(const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (strcmp(refused[i].name, name) == 0) {
            return refused[i].why;
        }
    }
    bool is_timeout =
        strcmp(name, "message.timeout.ms") == 0 || strcmp(name, "delivery.timeout.ms") == 0;
    if (is_timeout && !is_bounded_wait(value)) {
        return "must be 1 to 900000: every wait for a delivery has an end";
    }
    return NULL;
}

bool conf_keys_prop_is_secret(const char *name)
{
    static const char *const parts[] = {"password", "secret", "key.pem", "oauthbearer.config"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strstr(name, parts[i]) != NULL) {
            return true;
        }
    }
    return false;
}
