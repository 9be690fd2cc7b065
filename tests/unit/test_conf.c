#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/runtime/conf.h"
#include "tests/unit/leakcheck.h"

static char path[] = "/tmp/dayfour-conf-XXXXXX";

/* Each test is a process of its own, so the environment may be changed at will. */
static void begin(void)
{
    static const char *const variables[] = {"PG_DSN", "KAFKA_BROKERS", "DAYFOUR_RUN_DIR"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        unsetenv(variables[i]);
    }
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
}

static void end(void)
{
    unlink(path);
    leakcheck();
}

TestSuite(conf, .init = begin, .fini = end);

static void write_bytes(const char *text, size_t len)
{
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f);
    fwrite(text, 1, len, f);
    fclose(f);
}

static struct conf *load(enum conf_program program, const char *text)
{
    struct conf *c = NULL;
    struct err err = {0};
    write_bytes(text, strlen(text));
    cr_assert_eq(conf_load(&c, program, path, &err), STATUS_OK, "%s", err.text);
    return c;
}

/* expected is what stands after "FILE:". */
static void refuses(const char *text, const char *expected)
{
    struct conf *c = NULL;
    struct err err = {0};
    write_bytes(text, strlen(text));
    cr_assert_eq(conf_load(&c, CONF_INTAKE, path, &err), STATUS_FATAL, "%s", text);
    cr_assert_null(c);
    cr_assert_eq(strncmp(err.text, path, strlen(path)), 0);
    cr_assert_str_eq(err.text + strlen(path) + 1, expected);
}

Test(conf, defaults)
{
    struct conf *c = NULL;
    cr_assert_eq(conf_load(&c, CONF_INTAKE, NULL, NULL), STATUS_OK);
    cr_assert_null(c->kafka_brokers);
    cr_assert_null(c->pg_dsn);
    cr_assert_null(c->http_listen);
    cr_assert_str_eq(c->kafka_topic_absences, "absence.events");
    cr_assert_str_eq(c->kafka_topic_follow_up, "oh.follow-up.events");
    cr_assert_str_eq(c->kafka_topic_return_to_work, "return-to-work.events");
    cr_assert_str_eq(c->kafka_topic_dead_letter, "absence.events.dead-letter");
    cr_assert_null(c->kafka_group);
    cr_assert_eq(c->batch_max_rows, 5000);
    cr_assert_eq(c->batch_linger_ms, 10);
    cr_assert_eq(c->intake_max_bytes, 262144);
    cr_assert_eq(c->intake_sessions, 2);
    cr_assert_eq(c->followup_shards, 1);
    cr_assert_str_eq(c->log_level, "info");
    cr_assert_str_eq(c->log_format, "json");
    cr_assert_not(c->allow_insecure);
    conf_free(c);
    conf_free(NULL);
}

Test(conf, lines_comments_and_blanks)
{
    struct conf *c =
        load(CONF_INTAKE, "# a comment\n\n  \t\n"
                          "pg.dsn   = host=db user=intake application_name=a#b  # tail\r\n"
                          "batch.max_rows=20000\n"
                          "batch.linger_ms = 0\t#0..1000\n"
                          "http.listen =\n"
                          "kafka.group =   # back to its default\n"
                          "allow_insecure = true\n"
                          "kafka.prop.session.timeout.ms = 45000\n"
                          "log.format = logfmt");
    cr_assert_str_eq(c->pg_dsn, "host=db user=intake application_name=a#b");
    cr_assert_eq(c->batch_max_rows, 20000);
    cr_assert_eq(c->batch_linger_ms, 0);
    cr_assert_null(c->http_listen);
    cr_assert_null(c->kafka_group);
    cr_assert(c->allow_insecure);
    cr_assert_eq(c->n_kafka_props, 1);
    cr_assert_str_eq(c->kafka_props[0].name, "session.timeout.ms");
    cr_assert_str_eq(c->kafka_props[0].value, "45000");
    cr_assert_str_eq(c->log_format, "logfmt");
    conf_free(c);
}

/* The file of this test belongs to us, so its group is not the packages'. */
Test(conf, a_password_in_a_file_that_others_read)
{
    static const char *const with[] = {
        "\npg.dsn = host=db user=u password=secret\n",
        "\npg.dsn = host=db user=u PassWord = 'secret'\n",
        "\npg.dsn = postgresql://u:secret@db/x\n",
        "\npg.dsn = postgresql://u@db/x?password=secret\n",
        "\npg.dsn = host=db sslpassword=secret\n",
        "\nkafka.prop.sasl.password = secret\n",
        "\nkafka.prop.ssl.key.pem = secret\n",
    };
    static const char *const without[] = {"pg.dsn = host=db user=u\n",
                                          "pg.dsn = host=db password=''\n",
                                          "pg.dsn = postgresql://u@db:5432/x?sslmode=verify-full\n",
                                          "pg.dsn = host=db password=\n",
                                          "kafka.prop.sasl.username = u\n",
                                          "pg.password_file = /run/secret\n"};
    static const mode_t open_modes[] = {0604, 0640, 0660, 0644, 0606};
    for (size_t i = 0; i < sizeof with / sizeof with[0]; i++) {
        for (size_t m = 0; m < sizeof open_modes / sizeof open_modes[0]; m++) {
            struct conf *c = NULL;
            struct err err = {0};
            write_bytes(with[i], strlen(with[i]));
            cr_assert_eq(chmod(path, open_modes[m]), 0);
            cr_assert_eq(conf_load(&c, CONF_INTAKE, path, &err), STATUS_FATAL, "%s", with[i]);
            cr_assert_not_null(strstr(err.text, ":2: "), "%s", err.text);
            cr_assert_not_null(
                strstr(err.text, strstr(with[i], "pg.dsn") ? "pg.dsn" : "kafka.prop"));
            cr_assert_null(strstr(err.text, "secret"));
        }
        cr_assert_eq(chmod(path, 0600), 0);
        conf_free(load(CONF_INTAKE, with[i]));
    }
    cr_assert_eq(chmod(path, 0644), 0);
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        conf_free(load(CONF_INTAKE, without[i]));
    }
}

Test(conf, faults_name_file_line_and_key)
{
    refuses("\nbatch.max_row = 5\n", "2: batch.max_row: unknown key; --help lists all there are");
    refuses("batch.max_rows = 0\n", "1: batch.max_rows: must be a whole number from 1 to 20000");
    refuses("batch.max_rows = 20001\n",
            "1: batch.max_rows: must be a whole number from 1 to 20000");
    refuses("batch.max_rows = 5k\n", "1: batch.max_rows: must be a whole number from 1 to 20000");
    refuses("batch.max_rows = 0x10\n", "1: batch.max_rows: must be a whole number from 1 to 20000");
    refuses("batch.linger_ms = 99999999999999999999\n",
            "1: batch.linger_ms: must be a whole number from 0 to 1000");
    refuses("intake.max_bytes = 1000001\n",
            "1: intake.max_bytes: must be a whole number from 1024 to 1000000");
    refuses("log.level = verbose\n", "1: log.level: must be one of error|warn|info|debug");
    refuses("log.level = war\n", "1: log.level: must be one of error|warn|info|debug");
    refuses("log.level = error|warn\n", "1: log.level: must be one of error|warn|info|debug");
    refuses("allow_insecure = yes\n", "1: allow_insecure: must be true or false");
    refuses("log.level = info\n\nlog.level = info\n", "3: log.level: set twice");
    refuses("followup.shards = 1\nfollowup.shards = 1\n", "2: followup.shards: set twice");
    refuses("kafka.prop.a = 1\nkafka.prop.a = 2\n", "2: kafka.prop.a: set twice");
    refuses("kafka.prop. = 1\n", "1: kafka.prop.: names no property");
    refuses("kafka.prop.* = 1\nlog.levels = info\n",
            "2: log.levels: unknown key; --help lists all there are");
    refuses("just words\n", "1: (line): must be key = value");
    refuses("password hunter2 = x\n",
            "1: (key): unknown key; --help lists all there are"); /* never what may be a secret */
    refuses("kafka.prop.acks = 1\n", "1: kafka.prop.acks: exactly-once delivery rests on it");
    refuses("kafka.prop.enable.auto.commit = false\n",
            "1: kafka.prop.enable.auto.commit: positions are kept in the database");
    refuses("kafka.prop.group.id = x\n",
            "1: kafka.prop.group.id: has a key of its own in this file: kafka.group");
    refuses("kafka.prop.message.timeout.ms = 0\n", "1: kafka.prop.message.timeout.ms: must be 1 to "
                                                   "900000: every wait for a delivery has an end");
}

Test(conf, a_nul_byte_is_refused)
{
    struct conf *c = NULL;
    struct err err = {0};
    write_bytes("log.level = info\0x\n", 19);
    cr_assert_eq(conf_load(&c, CONF_INTAKE, path, &err), STATUS_FATAL);
}

Test(conf, what_correctness_rests_on_is_refused)
{
    static const char *const names[] = {"enable.auto.commit",
                                        "enable.auto.offset.store",
                                        "auto.offset.reset",
                                        "isolation.level",
                                        "acks",
                                        "request.required.acks",
                                        "enable.idempotence",
                                        "transactional.id",
                                        "group.id",
                                        "bootstrap.servers",
                                        "metadata.broker.list",
                                        "partition.assignment.strategy",
                                        "auto.commit.interval.ms",
                                        "offset.store.sync.interval.ms",
                                        "group.instance.id",
                                        "max.poll.interval.ms",
                                        "plugin.library.paths",
                                        "topic.blacklist",
                                        "api.version.request",
                                        "api.version.fallback.ms",
                                        "broker.version.fallback",
                                        "internal.termination.signal",
                                        "batch.num.messages",
                                        "log.connection.close",
                                        "partitioner_cb",
                                        "message.max.bytes"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char line[128];
        struct conf *c = NULL;
        snprintf(line, sizeof line, "kafka.prop.%s = x\n", names[i]);
        write_bytes(line, strlen(line));
        cr_assert_eq(conf_load(&c, CONF_FOLLOWUP, path, NULL), STATUS_FATAL, "%s", names[i]);
    }
    conf_free(
        load(CONF_INTAKE, "kafka.prop.client.rack = a\nkafka.prop.message.timeout.ms=2000\n"));
}

/* Smaller, and what this product has to say would not fit: a dead letter, a case with many records.
 */
Test(conf, properties_that_must_be_large_enough)
{
    static const char *const bad[] = {
        "message.max.bytes = 1000",       "message.max.bytes = 999999",
        "message.max.bytes = 1000000001", "message.max.bytes = -1",
        "message.max.bytes = 1M",         "request.timeout.ms = 0",
        "request.timeout.ms = 900001",    "message.timeout.ms = 0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char line[128];
        struct conf *c = NULL;
        struct err err = {0};
        snprintf(line, sizeof line, "kafka.prop.%s\n", bad[i]);
        write_bytes(line, strlen(line));
        cr_assert_eq(conf_load(&c, CONF_FOLLOWUP, path, &err), STATUS_FATAL, "%s", bad[i]);
    }
    conf_free(load(CONF_FOLLOWUP, "kafka.prop.message.max.bytes = 1000000\n"
                                  "kafka.prop.compression.type = zstd\n"
                                  "kafka.prop.request.timeout.ms = 30000\n"
                                  "kafka.prop.linger.ms = 5\n"));
}

Test(conf, files_that_cannot_be_read)
{
    struct conf *c = NULL;
    struct err err = {0};
    cr_assert_eq(conf_load(&c, CONF_INTAKE, "/nonexistent/x.conf", &err), STATUS_FATAL);
    cr_assert_not_null(strstr(err.text, "/nonexistent/x.conf"));
    cr_assert_eq(conf_load(&c, CONF_INTAKE, "/tmp", &err), STATUS_FATAL);
}

Test(conf, keys_of_other_programs_are_passed_over)
{
    struct conf *c = load(CONF_CLI, "followup.shards = 64\nbatch.max_rows = 7\n");
    cr_assert_eq(c->followup_shards, 1);
    cr_assert_eq(c->batch_max_rows, 5000);
    conf_free(c);
}

Test(conf, the_environment_goes_before_the_file)
{
    setenv("DAYFOUR_PG_DSN", "host=env", 1);
    setenv("DAYFOUR_KAFKA_TOPIC_FOLLOW_UP", "x.y", 1);
    setenv("DAYFOUR_KAFKA_PROP_SESSION_TIMEOUT_MS", "6000", 1);
    setenv("DAYFOUR_KAFKA_PROP_LINGER_MS", "", 1);
    setenv("DAYFOUR_HTTP_LISTEN", "", 1);
    setenv("DAYFOUR_RUN_DIR", "/x", 1);
    setenv("DAYFOUR_TEST_ANYTHING", "1", 1);
    setenv("PG_DSN", "host=plain", 1);
    setenv("KAFKA_BROKERS", "plain:9092", 1);
    struct conf *c = load(CONF_FOLLOWUP, "pg.dsn = host=file\nkafka.topic.follow_up = z\n"
                                         "kafka.prop.session.timeout.ms = 1\n"
                                         "kafka.prop.linger.ms = 5\nhttp.listen = :80\n");
    cr_assert_str_eq(c->pg_dsn, "host=env");
    cr_assert_str_eq(c->kafka_brokers, "plain:9092");
    cr_assert_str_eq(c->kafka_topic_follow_up, "x.y");
    cr_assert_eq(c->n_kafka_props, 1);
    cr_assert_str_eq(c->kafka_props[0].value, "6000");
    cr_assert_null(c->http_listen);
    conf_free(c);
}

Test(conf, plain_names_are_for_what_is_unset)
{
    setenv("PG_DSN", "host=plain", 1);
    setenv("KAFKA_BROKERS", "", 1);
    struct conf *c = load(CONF_INTAKE, "");
    cr_assert_str_eq(c->pg_dsn, "host=plain");
    cr_assert_null(c->kafka_brokers);
    conf_free(c);
    c = load(CONF_INTAKE, "pg.dsn = host=file\n");
    cr_assert_str_eq(c->pg_dsn, "host=file");
    conf_free(c);
}

static void refuses_variable(const char *name, const char *value, const char *expected)
{
    struct conf *c = NULL;
    struct err err = {0};
    setenv(name, value, 1);
    cr_assert_eq(conf_load(&c, CONF_INTAKE, NULL, &err), STATUS_FATAL);
    cr_assert_str_eq(err.text, expected);
    unsetenv(name);
}

Test(conf, a_variable_is_heard_or_refused)
{
    refuses_variable("DAYFOUR_PGDSN", "x", "environment: DAYFOUR_PGDSN: PGDSN: unknown variable");
    refuses_variable("DAYFOUR_BATCH_MAX_ROWS", "many",
                     "environment: DAYFOUR_BATCH_MAX_ROWS: batch.max_rows: must be a whole number "
                     "from 1 to 20000");
    refuses_variable("DAYFOUR_KAFKA_PROP_ACKS", "0",
                     "environment: DAYFOUR_KAFKA_PROP_ACKS: kafka.prop.acks: exactly-once delivery "
                     "rests on it");
}

static const char *printed(const struct conf *c, enum conf_program program)
{
    static char text[8192];
    FILE *f = fmemopen(text, sizeof text, "w");
    if (c != NULL) {
        conf_print(c, program, f);
    } else {
        conf_print_sample(program, f);
    }
    fclose(f);
    return text;
}

static void masks(const char *dsn, const char *expected)
{
    char line[512];
    snprintf(line, sizeof line, "pg.dsn = %s\n", dsn);
    struct conf *c = load(CONF_INTAKE, line);
    const char *text = printed(c, CONF_INTAKE);
    snprintf(line, sizeof line, "\npg.dsn = %s\n", expected);
    cr_assert_not_null(strstr(text, line), "%s", text);
    cr_assert_null(strstr(text, "hunter"));
    conf_free(c);
}

Test(conf, secrets_are_masked)
{
    masks("host=db password=hunter2 user=u", "host=db password=*** user=u");
    masks("host=db password = 'hunter\\'2 x' user=u", "host=db password=*** user=u");
    masks("password=hunter\\ 2 user=u", "password=*** user=u");
    masks("PASSWORD=hunter2 sslpassword=hunter", "PASSWORD=*** sslpassword=***");
    masks("password='hunter2", "password=***");
    masks("postgresql://u:hunter2@db:5432/x?sslmode=require",
          "postgresql://u:***@db:5432/x?sslmode=require");
    masks("postgres://u:hun@/ter@db/x", "postgres://u:***@db/x");
    masks("postgres://u:hunter?2@db/x", "postgres://u:***@db/x");
    masks("postgres://db:5432/x?user=u&password=hunter2&sslmode=require",
          "postgres://db:5432/x?user=u&password=***&sslmode=require");
    masks("postgres://u@[::1]:5432/x", "postgres://u@[::1]:5432/x");
    masks("hunter2", "***");
    masks("host=db options='-c x=y'", "host=db options='-c x=y'");
}

Test(conf, a_value_that_begins_with_a_hash_is_printed_as_one)
{
    struct conf *c = load(CONF_INTAKE, "kafka.prop.client.id =#x\nkafka.brokers =#a:1\n");
    struct conf *again = load(CONF_INTAKE, printed(c, CONF_INTAKE));
    cr_assert_str_eq(again->kafka_brokers, "#a:1");
    cr_assert_eq(again->n_kafka_props, 1);
    cr_assert_str_eq(again->kafka_props[0].value, "#x");
    conf_free(again);
    conf_free(c);
}

Test(conf, prints_what_it_reads)
{
    struct conf *c =
        load(CONF_INTAKE, "kafka.prop.sasl.password = hunter2\nkafka.prop.client.id = x\n"
                          "kafka.brokers = a:1,b:2\n");
    const char *text = printed(c, CONF_INTAKE);
    cr_assert_not_null(strstr(text, "kafka.brokers = a:1,b:2\n"));
    cr_assert_not_null(strstr(text, "kafka.prop.sasl.password = ***\n"));
    cr_assert_not_null(strstr(text, "kafka.prop.client.id = x\n"));
    cr_assert_not_null(strstr(text, "pg.dsn =\n"));
    cr_assert_not_null(strstr(text, "allow_insecure = false\n"));
    cr_assert_null(strstr(text, "followup.shards"));
    conf_free(c);
}

/* A sample is a good file that says what stands without one, and names every key. */
Test(conf, the_sample_is_the_defaults)
{
    static const enum conf_program programs[] = {CONF_INTAKE, CONF_FOLLOWUP, CONF_CLI};
    for (size_t i = 0; i < 3; i++) {
        char sample[8192];
        snprintf(sample, sizeof sample, "%s", printed(NULL, programs[i]));
        struct conf *c = load(programs[i], sample);
        char with[8192];
        snprintf(with, sizeof with, "%s", printed(c, programs[i]));
        conf_free(c);
        c = load(programs[i], "");
        cr_assert_str_eq(printed(c, programs[i]), with);
        conf_free(c);
        for (size_t k = 0; k < conf_n_keys; k++) {
            bool known = (conf_keys[k].programs & programs[i]) != 0;
            char start[128];
            snprintf(start, sizeof start, "%s =", conf_keys[k].name);
            cr_assert_eq(strstr(sample, start) != NULL, known, "%s", conf_keys[k].name);
        }
    }
}

static enum status read_secret(const char *text, mode_t mode, char **out)
{
    struct err err = {0};
    write_bytes(text, strlen(text));
    cr_assert_eq(chmod(path, mode), 0);
    enum status s = conf_read_secret(path, out, &err);
    cr_assert_null(strstr(err.text, "hunter"));
    chmod(path, 0600);
    return s;
}

Test(conf, secrets_from_files)
{
    char *secret = NULL;
    cr_assert_eq(read_secret("hunter2\n", 0600, &secret), STATUS_OK);
    cr_assert_str_eq(secret, "hunter2");
    free(secret);
    cr_assert_eq(read_secret("hunter 2 ", 0640, &secret), STATUS_OK);
    cr_assert_str_eq(secret, "hunter 2 ");
    free(secret);
    cr_assert_eq(read_secret("hunter2\n", 0644, &secret), STATUS_FATAL);
    cr_assert_eq(read_secret("hunter2\n", 0602, &secret), STATUS_FATAL);
    cr_assert_eq(read_secret("", 0600, &secret), STATUS_FATAL);
    cr_assert_eq(read_secret("\n", 0600, &secret), STATUS_FATAL);
    cr_assert_eq(read_secret("hunter2\nx\n", 0600, &secret), STATUS_FATAL);
    cr_assert_eq(conf_read_secret("/tmp", &secret, NULL), STATUS_FATAL);
    cr_assert_eq(conf_read_secret("/nonexistent", &secret, NULL), STATUS_FATAL);
}
