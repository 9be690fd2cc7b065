#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/kafka/kafka.h"
#include "common/kafka/kafka_check.h"
#include "common/kafka/kafka_topic.h"
#include "common/runtime/log.h"

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
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, STATUS_RESYNC},
        {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, STATUS_RESYNC},
        {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, STATUS_RESYNC},
        {RD_KAFKA_RESP_ERR__AUTHENTICATION, STATUS_RESYNC},
        {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, STATUS_FATAL},
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

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
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
        {"rtw.{organisation}", "none", "rtw._6Eone"},
        {"rtw.{organisation}", "RW3-b", "rtw.RW3-b"},
        {"rtw.{organisation}", "St. Mary's/2", "rtw.St_2E_20Mary_27s_2F2"},
        {"rtw.{organisation}", "Zo\u00eb", "rtw.Zo_C3_AB"},
        {"{organisation}", "oh.follow-up.events", "oh_2Efollow-up_2Eevents"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b = {0};
        kafka_topic_for(&b, cases[i].topic, cases[i].organisation);
        cr_assert_str_eq(b.data, cases[i].expected);
        buf_clear(&b);
    }
}

/* Two of a few characters, where names that are alike are many; and every name is one that brokers
 * take. */
Test(kafka, no_two_organisations_share_a_topic)
{
    static const char some[] = "a_.-2E\xc3/";
    enum { N = sizeof some - 1, NAMES = N * N * N * N };
    char(*topics)[40] = calloc(NAMES + 2, sizeof *topics);
    for (size_t i = 0; i < NAMES + 2; i++) {
        char name[5] = {some[i % N], some[i / N % N], some[i / N / N % N], some[i / N / N / N % N]};
        struct buf b = {0};
        kafka_topic_for(&b, "{organisation}", i < NAMES ? name : i == NAMES ? NULL : "none");
        cr_assert_eq(
            strspn(b.data, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"),
            b.len);
        (void)snprintf(topics[i], sizeof *topics, "%s", b.data);
        buf_clear(&b);
    }
    qsort(topics, NAMES + 2, sizeof *topics, by_text);
    for (size_t i = 1; i < NAMES + 2; i++) {
        cr_assert_str_neq(topics[i - 1], topics[i]);
    }
    free(topics);
}

Test(kafka, no_name_of_an_organisation_is_too_long_for_a_topic)
{
    char one[101];
    char other[101];
    memset(one, '/', 100);
    one[100] = '\0';
    memcpy(other, one, 101);
    other[99] = '.';
    struct buf a = {0};
    struct buf b = {0};
    kafka_topic_for(&a, "return-to-work.{organisation}", one);
    kafka_topic_for(&b, "return-to-work.{organisation}", other);
    cr_assert(a.len < 150 && b.len < 150);
    cr_assert_str_neq(a.data, b.data);
    buf_clear(&a);
    buf_clear(&b);
}
