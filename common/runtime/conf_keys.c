/* Two tables: keys of all programs, and properties of the Kafka library that are refused or
 * bounded. The library knows some properties by several names, and each of these names needs a row.
 * Correctness rests on what is refused here. */
#include "common/runtime/conf_keys.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/runtime/conf_values.h"

#define INTAKE CONF_INTAKE
#define FOLLOWUP CONF_FOLLOWUP
#define CLI CONF_CLI
#define WEB CONF_WEB
#define SERVICES (CONF_INTAKE | CONF_FOLLOWUP)
#define KAFKA_ALL (CONF_INTAKE | CONF_FOLLOWUP | CONF_CLI)
#define ALL (CONF_INTAKE | CONF_FOLLOWUP | CONF_CLI | CONF_WEB)

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
    TEXT("kafka.brokers", kafka_brokers, NULL, KAFKA_ALL, "host:port of brokers, separated by commas"),
    TEXT("kafka.topic.absences", kafka_topic_absences, "absence.events", INTAKE | CLI,
         "absence events from HR systems"),
    TEXT("kafka.topic.follow_up", kafka_topic_follow_up, "oh.follow-up.events", FOLLOWUP,
         "events for occupational health"),
    TEXT("kafka.topic.return_to_work", kafka_topic_return_to_work, "return-to-work.events", FOLLOWUP,
         "events for HR; may contain {organisation}: a topic each"),
    TEXT("kafka.topic.dead_letter", kafka_topic_dead_letter, "absence.events.dead-letter", FOLLOWUP,
         "rejected absence events; may contain {organisation}: a topic each"),
    TEXT("kafka.group", kafka_group, NULL, INTAKE,
         "group that divides the partitions; unset: dayfour-intake- and the installation's id"),
    TEXT("kafka.transactional_id", kafka_transactional_id, NULL, FOLLOWUP,
         "prefix of the transactional ids; unset: dayfour-followup- and the installation's id"),
    {.name = "kafka.prop.*", .type = CONF_PROPS, .offset = offsetof(struct conf, kafka_props), .programs = KAFKA_ALL,
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
    TEXT("http.listen", http_listen, NULL, SERVICES | WEB,
         "host:port of /healthz, /readyz and /metrics; unset: off"),
    TEXT("clock.file", clock_file, NULL, KAFKA_ALL,
         "tests and rehearsals only: file with the instant to take for now"),
    TEXT("feed.key_file", feed_key_file, NULL, CLI,
         "key under which dayfour feed digests records; made by the first run; unset: .feed.key in its folder"),
    INT("clock.apart_seconds", clock_apart_seconds, "300", 1, 300, SERVICES | CLI,
        "clocks further apart than this: nothing is stored, published or purged"),
    {.name = "allow_insecure", .type = CONF_BOOL, .offset = offsetof(struct conf, allow_insecure),
     .def = "false", .programs = ALL,
     .help = "true: do without TLS and passwords where they are asked for; development only"},
    TEXT("web.listen", web_listen, "127.0.0.1:8086", WEB,
         "host:port of the page on this machine, or unix:/path of a socket"),
    TEXT("web.origin", web_origin, NULL, WEB,
         "the page's address outside, such as https://calls.example.org; unset: http:// and web.listen"),
    CHOICE("web.identity", web_identity, "password", "password|header", WEB,
           "header: a reverse proxy signs people in and names them; needs web.listen = unix:/path"),
    TEXT("web.identity_header", web_identity_header, "X-Remote-User", WEB, "the header that names them"),
    TEXT("web.forwarded_for", web_forwarded_for, NULL, WEB,
         "the proxy's header with the address of whoever asks, such as X-Forwarded-For; unset: none"),
    TEXT("web.key_file", web_key_file, NULL, WEB,
         "file of 32 bytes or more from which passwords are derived; for web.identity = header"),
    TEXT("web.logout_url", web_logout_url, NULL, WEB,
         "where people go on to after logging out, such as the proxy's own log-out"),
    TEXT("web.logo", web_logo, NULL, WEB, "file with the organisation's own logo, .svg or .png"),
    {.name = "web.front_door", .type = CONF_BOOL, .offset = offsetof(struct conf, web_front_door),
     .def = "false", .programs = WEB, .help = "true: people may ask for help themselves; for later"},
    INT("web.idle_minutes", web_idle_minutes, "30", 1, 30, WEB, "a session without a click ends after these"),
    INT("web.session_minutes", web_session_minutes, "600", 1, 600, WEB, "every session ends after these"),
    INT("web.max_sessions", web_max_sessions, "200", 1, 5000, WEB,
        "people logged in at a time; each has a database connection"),
};
/* clang-format on */

const size_t conf_n_keys = sizeof conf_keys / sizeof conf_keys[0];

/* Properties that correctness depends on are set in code. */
#define POSITION "positions are kept in the database"
#define EXACTLY_ONCE "exactly-once delivery rests on it"
#define SET_BY_PROGRAMS "set by the programs as they need it"
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
    {"auto.commit.interval.ms", POSITION},
    {"offset.store.sync.interval.ms", POSITION},
    {"group.instance.id", "taking over partitions rests on leaving the group at once"},
    {"max.poll.interval.ms", SET_BY_PROGRAMS},
    {"batch.num.messages", SET_BY_PROGRAMS},
    {"log.connection.close", SET_BY_PROGRAMS},
    {"plugin.library.paths", "what comes between could change, drop or keep a record"},
    {"topic.blacklist", "a topic that is hidden looks as if it were missing"},
    {"api.version.request", "headers and transactions need brokers that say what they can do"},
    {"api.version.fallback.ms", "headers and transactions need brokers that say what they can do"},
    {"broker.version.fallback", "headers and transactions need brokers that say what they can do"},
    {"internal.termination.signal", "the signal may be the one that ends the service"},
    {"partitioner_cb", "the order of a person's events rests on it"},
    {"check.crcs", "what was damaged on its way must not be read"},
    {"group.protocol", "taking over partitions rests on it"},
    {"partitioner", "the order of a person's events rests on it"},
    {"msg_order_cmp", "the order of a person's events rests on it"},
    {"partition.assignment.strategy", "taking over partitions rests on it"},
    {"enable.partition.eof", SET_BY_PROGRAMS},
    {"log.queue", SET_BY_PROGRAMS},
    {"allow.auto.create.topics", "topics are made by whoever runs the broker"},
    {"test.mock.num.brokers", "a broker inside the process keeps nothing"},
    {"bootstrap.servers", OWN_KEY ": kafka.brokers"},
    {"metadata.broker.list", OWN_KEY ": kafka.brokers"},
    {"group.id", OWN_KEY ": kafka.group"},
    {"transactional.id", OWN_KEY ": kafka.transactional_id"},
};

/* Values that are taken within bounds only. */
static const struct {
    const char *name;
    int64_t min, max;
    const char *why;
} bounded[] = {
    {"message.timeout.ms", 1, 900000, "must be 1 to 900000: every wait for a delivery has an end"},
    {"delivery.timeout.ms", 1, 900000, "must be 1 to 900000: every wait for a delivery has an end"},
    {"request.timeout.ms", 1, 900000, "must be 1 to 900000: every wait for a broker has an end"},
    {"message.max.bytes", 1000000, 1000000000,
     "must be 1000000 to 1000000000: smaller, an event or a dead letter would not fit"},
};

static bool is_within(const char *value, int64_t min, int64_t max)
{
    size_t digits = strspn(value, "0123456789");
    int64_t n = digits > 0 && digits < 12 && value[digits] == '\0' ? strtoll(value, NULL, 10) : -1;
    return n >= min && n <= max;
}

const char *conf_keys_prop_refusal(const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (strcmp(refused[i].name, name) == 0) {
            return refused[i].why;
        }
    }
    for (size_t i = 0; i < sizeof bounded / sizeof bounded[0]; i++) {
        if (strcmp(bounded[i].name, name) == 0 &&
            !is_within(value, bounded[i].min, bounded[i].max)) {
            return bounded[i].why;
        }
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

/* "password = something", "sslpassword='something'": in a string of words, or after a URI's ?. */
static bool has_password_word(const char *dsn)
{
    static const char word[] = "password";
    for (const char *at = dsn; *at != '\0'; at++) {
        if (strncasecmp(at, word, sizeof word - 1) != 0) {
            continue;
        }
        const char *value = at + sizeof word - 1;
        value += strspn(value, " \t");
        if (*value != '=') {
            continue;
        }
        value++;
        value += strspn(value, " \t");
        if (*value != '\0' && *value != '&' && strncmp(value, "''", 2) != 0) {
            return true;
        }
    }
    return false;
}

/* scheme://user:password@… */
static bool has_password_in_uri(const char *dsn)
{
    const char *from = strstr(dsn, "://");
    const char *at = from == NULL ? NULL : strrchr(from, '@');
    const char *colon = from == NULL ? NULL : strchr(from + 3, ':');
    return at != NULL && colon != NULL && colon + 1 < at;
}

bool conf_keys_holds_secret(const char *key, const char *value)
{
    if (strncmp(key, CONF_PROP_PREFIX, strlen(CONF_PROP_PREFIX)) == 0) {
        return value[0] != '\0' && conf_keys_prop_is_secret(key + strlen(CONF_PROP_PREFIX));
    }
    return strcmp(key, "pg.dsn") == 0 && (has_password_word(value) || has_password_in_uri(value));
}
