#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/kafka.h"
#include "common/kafka_check.h"
#include "common/kafka_topic.h"
#include "common/log.h"

TestSuite(kafka);

static enum status open_conf(struct conf *c, struct err *err)
{
    rd_kafka_conf_t *rconf = NULL;
    enum status s = kafka_conf_new(&rconf, c, "test", NULL, true, err);
    if (s == STATUS_OK) {
        rd_kafka_conf_destroy(rconf);
    }
    return s;
}

Test(kafka, properties_of_the_operator)
{
    char brokers[] = "127.0.0.1:1";
    char name[64];
    char value[64];
    struct conf_prop prop = {.name = name, .value = value};
    struct conf c = {.kafka_brokers = brokers, .kafka_props = &prop, .n_kafka_props = 1};
    static const struct {
        const char *name, *value;
        enum status expected;
    } cases[] = {
        {"security.protocol", "ssl", STATUS_OK},
        {"session.timeout.ms", "45000", STATUS_OK},
        {"session.timeout.ms", "soon", STATUS_FATAL},
        {"no.such.property", "1", STATUS_FATAL},
        {"enable.auto.commit", "true", STATUS_FATAL},
        {"isolation.level", "read_uncommitted", STATUS_FATAL},
        {"acks", "0", STATUS_FATAL},
        {"enable.idempotence", "false", STATUS_FATAL},
        {"transactional.id", "x", STATUS_FATAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        snprintf(name, sizeof name, "%s", cases[i].name);
        snprintf(value, sizeof value, "%s", cases[i].value);
        cr_assert_eq(open_conf(&c, &err), cases[i].expected, "%s = %s", name, value);
        cr_assert(cases[i].expected == STATUS_OK || strstr(err.text, name) != NULL);
    }
}

static enum status open_with(const char *brokers, const char *protocol, bool insecure,
                             struct err *err)
{
    char hosts[64];
    char name[] = "security.protocol";
    char value[32];
    (void)snprintf(hosts, sizeof hosts, "%s", brokers);
    (void)snprintf(value, sizeof value, "%s", protocol);
    struct conf_prop prop = {.name = name, .value = value};
    struct conf c = {.kafka_brokers = hosts,
                     .kafka_props = &prop,
                     .n_kafka_props = protocol[0] == '\0' ? 0 : 1,
                     .allow_insecure = insecure};
    return open_conf(&c, err);
}

Test(kafka, other_machines_are_spoken_to_over_tls_alone)
{
    static const struct {
        const char *brokers, *protocol;
        bool insecure;
        enum status expected;
    } cases[] = {
        {"127.0.0.1:9092,localhost:9093,[::1]:9094", "plaintext", false, STATUS_OK},
        {"kafka.example:9092", "plaintext", false, STATUS_FATAL},
        {"kafka.example:9092", "", false, STATUS_FATAL},
        {"127.0.0.1:9092, kafka.example:9092", "", false, STATUS_FATAL},
        {"PLAINTEXT://kafka.example:9092", "", false, STATUS_FATAL},
        {"127.0.0.1.example:9092", "", false, STATUS_FATAL},
        {"10.0.0.1:9092", "sasl_plaintext", false, STATUS_FATAL},
        {"kafka.example:9092", "ssl", false, STATUS_OK},
        {"kafka.example:9092", "sasl_ssl", false, STATUS_OK},
        {"kafka.example:9092", "plaintext", true, STATUS_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        enum status s = open_with(cases[i].brokers, cases[i].protocol, cases[i].insecure, &err);
        cr_assert_eq(s, cases[i].expected, "%s by %s", cases[i].brokers, cases[i].protocol);
        cr_assert(s == STATUS_OK || strstr(err.text, "allow_insecure") != NULL);
        cr_assert(s == STATUS_OK || strcmp(err.code, "config") == 0);
    }
}

Test(kafka, certificates_of_other_machines_are_checked)
{
    char hosts[] = "kafka.example:9092";
    char protocol[] = "security.protocol";
    char ssl[] = "ssl";
    static const char *const lines[][2] = {{"enable.ssl.certificate.verification", "false"},
                                           {"ssl.endpoint.identification.algorithm", "none"}};
    for (size_t i = 0; i < 2; i++) {
        char name[64];
        char value[16];
        (void)snprintf(name, sizeof name, "%s", lines[i][0]);
        (void)snprintf(value, sizeof value, "%s", lines[i][1]);
        struct conf_prop props[] = {{.name = protocol, .value = ssl},
                                    {.name = name, .value = value}};
        struct conf c = {.kafka_brokers = hosts, .kafka_props = props, .n_kafka_props = 2};
        struct err err = {0};
        cr_assert_eq(open_conf(&c, &err), STATUS_FATAL);
        cr_assert_not_null(strstr(err.text, lines[i][0]));
    }
}

Test(kafka, scram_of_an_old_library_is_named)
{
    char hosts[] = "127.0.0.1:9092";
    char names[2][32] = {"security.protocol", "sasl.mechanism"};
    char values[2][32] = {"sasl_ssl", "SCRAM-SHA-512"};
    struct conf_prop props[] = {{.name = names[0], .value = values[0]},
                                {.name = names[1], .value = values[1]}};
    struct conf c = {.kafka_brokers = hosts, .kafka_props = props, .n_kafka_props = 2};
    char warning[KAFKA_WARNING];
    struct err err = {0};
    cr_assert_eq(kafka_check(&c, warning, &err), STATUS_OK);
    cr_assert_eq(strstr(warning, "SCRAM-SHA-512") != NULL, rd_kafka_version() < 0x02060100);
    (void)snprintf(values[0], sizeof values[0], "ssl");
    cr_assert_eq(kafka_check(&c, warning, &err), STATUS_OK);
    cr_assert_eq(warning[0], '\0');
}

Test(kafka, a_value_is_not_told)
{
    char brokers[] = "127.0.0.1:1";
    char name[] = "session.timeout.ms";
    char value[] = "hunter2";
    struct conf_prop prop = {.name = name, .value = value};
    struct conf c = {.kafka_brokers = brokers, .kafka_props = &prop, .n_kafka_props = 1};
    struct err err = {0};
    cr_assert_eq(open_conf(&c, &err), STATUS_FATAL);
    cr_assert_null(strstr(err.text, value));
}

Test(kafka, brokers_are_needed)
{
    struct conf c = {0};
    struct err err = {0};
    cr_assert_eq(open_conf(&c, &err), STATUS_FATAL);
    cr_assert_str_eq(err.text, "kafka.brokers: not set (KAFKA_BROKERS, or a --config file)");
}

Test(kafka, codes_have_meanings)
{
    static const struct {
        rd_kafka_resp_err_t code;
        enum status expected;
    } cases[] = {
        {RD_KAFKA_RESP_ERR_NO_ERROR, STATUS_OK},
        {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, STATUS_RETRY},
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, STATUS_REJECT},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, STATUS_FATAL},
        {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, STATUS_RESYNC},
        {RD_KAFKA_RESP_ERR__FATAL, STATUS_RESYNC},
        {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, STATUS_RESYNC},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        cr_assert_eq(kafka_status(cases[i].code, "topic", &err), cases[i].expected, "case %zu", i);
    }
}

Test(kafka, no_error_object_is_fine)
{
    bool abort_first = true;
    cr_assert_eq(kafka_error(NULL, "commit", &abort_first, NULL), STATUS_OK);
    cr_assert_not(abort_first);
}

Test(kafka, topics_of_organisations)
{
    static const struct {
        const char *topic, *organisation, *expected;
    } cases[] = {
        {"return-to-work.events", "RW3", "return-to-work.events"},
        {"rtw.{organisation}", "RW3", "rtw.RW3"},
        {"{organisation}.rtw", NULL, "none.rtw"},
        {"{organisation}.rtw", "", "none.rtw"},
        {"rtw.{organisation}", "St. Mary's/2", "rtw.St._Mary_s_2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b = {0};
        kafka_topic_for(&b, cases[i].topic, cases[i].organisation);
        cr_assert_str_eq(b.data, cases[i].expected);
        buf_clear(&b);
    }
}
