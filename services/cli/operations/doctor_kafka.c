/* dayfour doctor on Kafka: brokers, topics and their settings, positions. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/kafka/kafka.h"
#include "common/kafka/kafka_check.h"
#include "common/kafka/kafka_topic.h"
#include "services/cli/operations/doctor.h"

#define WAIT_MS 6000
#define RETENTION_LEAST_H 72

/* ---- settings of a topic ---- */

struct topic_config {
    int64_t retention_ms, retention_bytes, max_bytes,
        min_copies; /* -1: without end, or not known */
    bool compacted;
    char why[128]; /* it could not be read; "": it was */
};

enum role { INBOUND, OUTBOUND };

static void take_entry(struct topic_config *out, const rd_kafka_ConfigEntry_t *e)
{
    const char *name = rd_kafka_ConfigEntry_name(e);
    const char *value = rd_kafka_ConfigEntry_value(e);
    if (value == NULL) {
        return;
    }
    if (strcmp(name, "retention.ms") == 0) {
        out->retention_ms = strtoll(value, NULL, 10);
    } else if (strcmp(name, "retention.bytes") == 0) {
        out->retention_bytes = strtoll(value, NULL, 10);
    } else if (strcmp(name, "min.insync.replicas") == 0) {
        out->min_copies = strtoll(value, NULL, 10);
    } else if (strcmp(name, "max.message.bytes") == 0) {
        out->max_bytes = strtoll(value, NULL, 10);
    } else if (strcmp(name, "cleanup.policy") == 0) {
        out->compacted = strstr(value, "compact") != NULL;
    }
}

static void take_result(rd_kafka_event_t *event, struct topic_config *out)
{
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    size_t n = 0;
    const rd_kafka_ConfigResource_t **of =
        result == NULL ? NULL : rd_kafka_DescribeConfigs_result_resources(result, &n);
    rd_kafka_resp_err_t code =
        n == 0 ? rd_kafka_event_error(event) : rd_kafka_ConfigResource_error(of[0]);
    if (n == 0 || code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        (void)snprintf(out->why, sizeof out->why, "%s", rd_kafka_err2str(code));
        return;
    }
    size_t entries = 0;
    const rd_kafka_ConfigEntry_t **e = rd_kafka_ConfigResource_configs(of[0], &entries);
    for (size_t k = 0; k < entries; k++) {
        take_entry(out, e[k]);
    }
}

static struct topic_config ask_config(rd_kafka_t *rk, const char *topic)
{
    struct topic_config out = {
        .retention_ms = -1, .retention_bytes = -1, .max_bytes = -1, .min_copies = -1};
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_ConfigResource_t *res = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_DescribeConfigs(rk, &res, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
    if (event != NULL) {
        take_result(event, &out);
        rd_kafka_event_destroy(event);
    } else {
        (void)snprintf(out.why, sizeof out.why, "no answer");
    }
    rd_kafka_ConfigResource_destroy(res);
    rd_kafka_queue_destroy(queue);
    return out;
}

/* ---- topics ---- */

/* Partitions of a topic, and the copies of each; 0: the fault has been reported. */
static int look_at_topic(struct doctor *d, rd_kafka_t *rk, const char *name, int *copies)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
    const struct rd_kafka_metadata *md = NULL;
    int partitions = 0;
    if (topic == NULL ||
        rd_kafka_metadata(rk, 0, topic, &md, WAIT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        md->topic_cnt != 1) {
        doctor_say(d, WRONG, "topic_unknown", "see the logs of the brokers", "%s: no answer", name);
    } else if (md->topics[0].err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        doctor_say(d, WRONG, "topic_rights", "allow Describe, and Read or Write, on it",
                   "%s: not allowed", name);
    } else if (md->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        doctor_say(d, WRONG, "topic_missing",
                   "create the topic (doc/operations.md, \"Install\", step 2)", "%s: %s", name,
                   rd_kafka_err2str(md->topics[0].err));
    } else {
        partitions = md->topics[0].partition_cnt;
        *copies = partitions > 0 ? md->topics[0].partitions[0].replica_cnt : 0;
        doctor_say(d, FINE, "topic", "", "%s, %d partitions", name, partitions);
    }
    if (md != NULL) {
        rd_kafka_metadata_destroy(md);
    }
    if (topic != NULL) {
        rd_kafka_topic_destroy(topic);
    }
    return partitions;
}

static void look_at_retention(struct doctor *d, const char *name, const struct topic_config *c,
                              enum role role)
{
    static const char mend[] =
        "set its retention.ms to longer than the longest outage you can imagine";
    if (c->retention_ms >= 0 && c->retention_ms < (int64_t)RETENTION_LEAST_H * 3600000) {
        /* What goes out is told; who reads it may be quicker than that. */
        doctor_say(d, role == INBOUND ? WRONG : WORTH_KNOWING, "topic_retention", mend,
                   "%s: events are kept for %" PRId64 " hours, less than three days", name,
                   c->retention_ms / 3600000);
    }
    if (role == INBOUND && c->retention_bytes >= 0) {
        doctor_say(d, WORTH_KNOWING, "topic_retention_bytes", "set its retention.bytes to -1",
                   "%s: each partition keeps no more than %" PRId64 " bytes, however new they are",
                   name, c->retention_bytes);
    }
}

static void look_at_config(struct doctor *d, rd_kafka_t *rk, const char *name, int64_t needs_bytes,
                           int copies, enum role role)
{
    struct topic_config c = ask_config(rk, name);
    if (c.why[0] != '\0') {
        doctor_say(d, WORTH_KNOWING, "topic_settings",
                   "allow DescribeConfigs on it, or look yourself: retention.ms, cleanup.policy, "
                   "max.message.bytes",
                   "%s: its settings were not checked: %s", name, c.why);
        return;
    }
    if (c.compacted) {
        doctor_say(d, WRONG, "topic_compacted", "set its cleanup.policy to delete",
                   "%s: compaction removes events that were not read yet", name);
    }
    look_at_retention(d, name, &c, role);
    if (c.max_bytes >= 0 && c.max_bytes < needs_bytes) {
        doctor_say(d, WRONG, "topic_message_size", "raise its max.message.bytes",
                   "%s: messages over %" PRId64 " bytes are refused, %" PRId64 " are needed", name,
                   c.max_bytes, needs_bytes);
    }
    if (copies == 1 || c.min_copies == 1) {
        doctor_say(d, WORTH_KNOWING, "topic_copies",
                   "three replicas and min.insync.replicas=2, where there are three brokers",
                   "%s: the loss of one broker can lose messages", name);
    }
}

/* ---- positions ---- */

static const struct pg_stmt read_positions = {
    "doctor_positions",
    "select partition, next_offset, greatest(next_offset, seen_end) from ops.position"
    " where topic = $1 and next_offset is not null order by 1",
    (const uint32_t[]){PG_TEXT, 0}};

/* Between next and seen are no messages. */
static void look_at_position(struct doctor *d, rd_kafka_t *rk, const char *topic, int32_t partition,
                             int64_t next, int64_t seen)
{
    int64_t start = 0;
    int64_t end = 0;
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(rk, topic, partition, &start, &end, WAIT_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR || seen < start || next > end) {
        doctor_say(d, WRONG, "position_lost",
                   "doc/operations.md, \"position_lost\"; then dayfour positions set",
                   "%s partition %" PRId32 ": the position %" PRId64 " is not in its log (%" PRId64
                   " to %" PRId64 ")",
                   topic, partition, next, start, end);
    }
}

static void look_at_positions(struct doctor *d, rd_kafka_t *rk, const char *topic)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    struct pg_args args = {0};
    pg_arg_text(&args, topic);
    if (d->cli->pg != NULL && pg_is_up(d->cli->pg) &&
        cli_query(d->cli, &read_positions, &args, &r, &err) == STATUS_OK) {
        for (size_t i = 0; i < pg_rows(r); i++) {
            look_at_position(d, rk, topic, (int32_t)pg_i64(r, i, 0), pg_i64(r, i, 1),
                             pg_i64(r, i, 2));
        }
    }
    pg_args_clear(&args);
}

/* ---- all of it ---- */

static void look_at_inbound(struct doctor *d, rd_kafka_t *rk)
{
    const char *topic = d->intake->kafka_topic_absences;
    int copies = 0;
    int partitions = look_at_topic(d, rk, topic, &copies);
    if (partitions == 1) {
        doctor_say(d, WORTH_KNOWING, "topic_partitions", "add some, while it has little in it",
                   "%s has one partition: a second intake can only stand by", topic);
    }
    if (partitions > 0) {
        look_at_config(d, rk, topic, d->intake->intake_max_bytes, copies, INBOUND);
        look_at_positions(d, rk, topic);
    }
}

static void look_at_outbound(struct doctor *d, rd_kafka_t *rk)
{
    const struct conf *c = d->followup;
    const char *names[] = {c->kafka_topic_follow_up, c->kafka_topic_return_to_work,
                           c->kafka_topic_dead_letter};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct buf topic = {0};
        int copies = 0;
        kafka_topic_for(&topic, names[i], NULL);
        int partitions = look_at_topic(d, rk, topic.data, &copies);
        if (i == 0 && partitions > 0 && partitions < c->followup_shards) {
            doctor_say(d, WRONG, "shards",
                       "give the topic more partitions, or set fewer followup.shards",
                       "%s has %d partitions, fewer than the %" PRId64 " shards", topic.data,
                       partitions, c->followup_shards);
        }
        if (partitions > 0) {
            look_at_config(d, rk, topic.data, i == 2 ? 400000 : 0, copies, OUTBOUND);
        }
        buf_clear(&topic);
    }
}

/* A right password that the brokers refuse all the same, because of the library here. */
static void look_at_library(struct doctor *d, const struct conf *c)
{
    char warning[KAFKA_WARNING];
    struct err err = {0};
    if (kafka_check(c, warning, &err) == STATUS_OK && warning[0] != '\0') {
        doctor_say(d, WRONG, "kafka_library", "client certificates, or Debian 13", "%s", warning);
    } else {
        doctor_say(d, FINE, "kafka_library", "", "librdkafka %s", rd_kafka_version_str());
    }
}

static rd_kafka_t *reach(struct doctor *d, const char *service, const struct conf *c)
{
    struct err err = {0};
    rd_kafka_conf_t *rconf = NULL;
    rd_kafka_t *rk = NULL;
    enum status s = kafka_conf_new(&rconf, c, "dayfour", NULL, true, &err);
    s = s == STATUS_OK ? kafka_client_new(&rk, RD_KAFKA_PRODUCER, rconf, &err) : s;
    if (s != STATUS_OK) {
        doctor_say(d, WRONG, "kafka_configuration", "put kafka.* of the configuration right",
                   "%s: %s", service, err.text);
        return NULL;
    }
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 0, NULL, &md, WAIT_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        doctor_say(d, WRONG, "kafka_unreachable",
                   "is Kafka running? are kafka.brokers right? do TLS and login fit the brokers?",
                   "%s: no broker can be reached: %s", service, rd_kafka_err2str(code));
        (void)kafka_client_free(rk, 0, CLI_CLOSE_MS);
        return NULL;
    }
    doctor_say(d, FINE, "kafka", "", "%s reaches %d %s", service, md->broker_cnt,
               cli_plural(md->broker_cnt, "broker", "brokers"));
    rd_kafka_metadata_destroy(md);
    return rk;
}

/* Each with its service's login, as the rights of one do not let it see the other's topics. */
static void look_as_service(struct doctor *d, const char *service, const struct conf *c,
                            void (*look)(struct doctor *, rd_kafka_t *))
{
    rd_kafka_t *rk = c == NULL ? NULL : reach(d, service, c);
    if (rk != NULL) {
        look_at_library(d, c);
        look(d, rk);
        (void)kafka_client_free(rk, 0, CLI_CLOSE_MS);
    }
}

void doctor_kafka(struct doctor *d)
{
    look_as_service(d, "intake", d->intake, look_at_inbound);
    look_as_service(d, "followup", d->followup, look_at_outbound);
}
