/* conf_values - what the settings of all programs come to, and the one table that describes them.
 */
#ifndef COMMON_RUNTIME_CONF_VALUES_H
#define COMMON_RUNTIME_CONF_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_program { CONF_INTAKE = 1, CONF_FOLLOWUP = 2, CONF_CLI = 4, CONF_WEB = 8 };

struct conf_prop { /* kafka.prop.NAME = value, given to the Kafka library as it is */
    char *name, *value;
};

/* Strings are owned; NULL where not given and without default. */
struct conf {
    char *kafka_brokers;
    char *kafka_topic_absences, *kafka_topic_follow_up, *kafka_topic_return_to_work,
        *kafka_topic_dead_letter;
    char *kafka_group;            /* NULL: made of the installation's id */
    char *kafka_transactional_id; /* prefix; NULL: made of the installation's id */
    struct conf_prop *kafka_props;
    size_t n_kafka_props;
    char *pg_dsn, *pg_password_file;
    int64_t batch_max_rows, batch_linger_ms;
    int64_t intake_max_bytes;
    int64_t intake_sessions; /* database sessions, partitions divided among them: 1..8, default 2 */
    int64_t followup_shards, followup_batch_people;
    char *log_level, *log_format; /* error|warn|info|debug; json|logfmt */
    char *http_listen;            /* host:port; NULL: off */
    char *clock_file;
    char *feed_key_file; /* NULL: beside the folder's files */
    int64_t clock_apart_seconds;
    bool allow_insecure;
    /* the page */
    char *web_listen;   /* host:port, or unix:/path */
    char *web_origin;   /* https://calls.example.org; NULL: as web_listen says */
    char *web_identity; /* password|header */
    char *web_identity_header, *web_forwarded_for;
    char *web_key_file, *web_logout_url, *web_logo;
    bool web_front_door;
    int64_t web_idle_minutes, web_session_minutes, web_max_sessions;
};

/* The description of a row of the table. --help, the sample files and the docs are made from it. */
struct conf_key {
    const char *name; /* "pg.dsn"; of CONF_PROPS "kafka.prop.*", for any number of keys */
    enum { CONF_TEXT, CONF_INT, CONF_BOOL, CONF_CHOICE, CONF_PROPS } type;
    size_t offset;
    const char *def;     /* NULL: none */
    int64_t min, max;    /* of CONF_INT */
    const char *choices; /* of CONF_CHOICE: "error|warn|info|debug" */
    bool secret;         /* masked when printed */
    unsigned programs;   /* enum conf_program bits: others do not know the key */
    const char *help;    /* one line of sense */
};
extern const struct conf_key conf_keys[];
extern const size_t conf_n_keys;

#endif
