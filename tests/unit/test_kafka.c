#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/kafka.h"
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
    cr_assert_str_eq(err.text, "kafka.brokers: not set");
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
