/* conf - the one table of settings of all three programs, and its reading from file and
 * environment. */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"

enum conf_program { CONF_INTAKE = 1, CONF_FOLLOWUP = 2, CONF_CLI = 4 };

struct conf_prop { /* kafka.prop.NAME = value, given to the Kafka library as it is */
    char *name, *value;
};

/* Strings are owned; NULL where not given and without default. */
struct conf {
    char *kafka_brokers;
    char *kafka_topic_absences, *kafka_topic_follow_up, *kafka_topic_return_to_work,
        *kafka_topic_dead_letter;
    char *kafka_group;
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
    bool allow_insecure;
};

/* What one row of the table says; for --help, the sample files and the docs, which are made from
 * it. */
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

/* Defaults, then file (NULL: none), then DAYFOUR_* from the environment (pg.dsn is DAYFOUR_PG_DSN;
 * an empty value takes a key back to its default), then plain PG_DSN and KAFKA_BROKERS for what is
 * still unset. A key of another program of ours is passed over, an unknown one is a fault, as is an
 * unknown DAYFOUR_* variable but DAYFOUR_RUN_DIR, _BIN, _JOBS, _LOG_LINES, _FAULT and
 * DAYFOUR_TEST_*, which belong to ./run and the tests. STATUS_FATAL: err.text is "FILE:LINE: key:
 * what is wrong" (or "environment: VARIABLE: …"), never a value. */
enum status conf_load(struct conf **out, enum conf_program program, const char *file,
                      struct err *err) NODISCARD;
void conf_free(struct conf *c);

/* The one line of a file with a secret, such as pg.password_file, without its line end; *out is the
 * caller's to free(). STATUS_FATAL when it is no regular file, can be read or written by everybody,
 * or is empty. */
enum status conf_read_secret(const char *path, char **out, struct err *err) NODISCARD;

/* key = value lines of all this program reads, secrets masked (passwords inside pg.dsn too). */
void conf_print(const struct conf *c, enum conf_program program, FILE *to);
/* A sample file: every key of the program with its default and help. */
void conf_print_sample(enum conf_program program, FILE *to);

#endif
