/* What dayfour doctor looks at in Kafka: brokers, topics and their settings, positions. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/kafka.h"
#include "common/kafka_topic.h"
#include "services/cli/doctor.h"

#define WAIT_MS 6000
#define RETENTION_LEAST_H 72

/* ---- settings of a topic ---- */

struct topic_config {
    int64_t retention_ms, max_bytes; /* -1: without end, or not known */
    bool compacted;
};

static void take_entry(struct topic_config *out, const rd_kafka_ConfigEntry_t *e)
{
    const char *name = rd_kafka_ConfigEntry_name(e);
    const char *value = rd_kafka_ConfigEntry_value(e);
    if (value == NULL) {
        return;
    }
    if (strcmp(name, "retention.ms") == 0) {
        out->retention_ms = strtoll(value, NULL, 10);
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
    for (size_t i = 0; i < n; i++) {
        size_t entries = 0;
        const rd_kafka_ConfigEntry_t **e = rd_kafka_ConfigResource_configs(of[i], &entries);
        for (size_t k = 0; k < entries; k++) {
            take_entry(out, e[k]);
        }
    }
}

static struct topic_config ask_config(rd_kafka_t *rk, const char *topic)
{
    struct topic_config out = {.retention_ms = -1, .max_bytes = -1};
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_ConfigResource_t *res = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_DescribeConfigs(rk, &res, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
    if (event != NULL) {
        take_result(event, &out);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_ConfigResource_destroy(res);
    rd_kafka_queue_destroy(queue);
    return out;
}

/* ---- topics ---- */

/* Partitions of a topic; 0: told what is wrong. */
static int look_at_topic(struct doctor *d, rd_kafka_t *rk, const char *name)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
    const struct rd_kafka_metadata *md = NULL;
    int partitions = 0;
    if (topic == NULL ||
        rd_kafka_metadata(rk, 0, topic, &md, WAIT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        md->topic_cnt != 1) {
        doctor_say(d, WRONG, "topic_unknown", "see whether the brokers are well", "%s: no answer",
                   name);
    } else if (md->topics[0].err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        doctor_say(d, WRONG, "topic_rights", "allow Describe, and Read or Write, on it",
                   "%s: not allowed", name);
    } else if (md->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        doctor_say(d, WRONG, "topic_missing", "make it, with as many partitions as wanted",
                   "%s: %s", name, rd_kafka_err2str(md->topics[0].err));
    } else {
        partitions = md->topics[0].partition_cnt;
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

static void look_at_config(struct doctor *d, rd_kafka_t *rk, const char *name, int64_t needs_bytes,
                           bool is_inbound)
{
    struct topic_config c = ask_config(rk, name);
    if (c.compacted) {
        doctor_say(d, WRONG, "topic_compacted", "set its cleanup.policy to delete",
                   "%s: compaction removes events that were not read yet", name);
    }
    if (is_inbound && c.retention_ms >= 0 &&
        c.retention_ms < (int64_t)RETENTION_LEAST_H * 3600000) {
        doctor_say(d, WRONG, "topic_retention",
                   "set its retention.ms to longer than the longest outage you can imagine",
                   "%s: events are kept for %" PRId64 " hours, less than three days", name,
                   c.retention_ms / 3600000);
    }
    if (c.max_bytes >= 0 && c.max_bytes < needs_bytes) {
        doctor_say(d, WRONG, "topic_message_size", "raise its max.message.bytes to that",
                   "%s: messages over %" PRId64 " bytes are refused, %" PRId64 " are needed", name,
                   c.max_bytes, needs_bytes);
    }
}

/* ---- positions ---- */

static const struct pg_stmt read_positions = {
    "doctor_positions",
    "select partition, next_offset from ops.position where topic = $1 order by 1",
    (const uint32_t[]){PG_TEXT, 0}};

static void look_at_position(struct doctor *d, rd_kafka_t *rk, const char *topic, int32_t partition,
                             int64_t next)
{
    int64_t start = 0;
    int64_t end = 0;
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(rk, topic, partition, &start, &end, WAIT_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR || next < start || next > end) {
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
            look_at_position(d, rk, topic, (int32_t)pg_i64(r, i, 0), pg_i64(r, i, 1));
        }
    }
    pg_args_clear(&args);
}

/* ---- all of it ---- */

static void look_at_inbound(struct doctor *d, rd_kafka_t *rk)
{
    const char *topic = d->intake->kafka_topic_absences;
    if (look_at_topic(d, rk, topic) > 0) {
        look_at_config(d, rk, topic, d->intake->intake_max_bytes, true);
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
        kafka_topic_for(&topic, names[i], NULL);
        int partitions = look_at_topic(d, rk, topic.data);
        if (i == 0 && partitions > 0 && partitions < c->followup_shards) {
            doctor_say(d, WRONG, "shards",
                       "give the topic more partitions, or set fewer followup.shards",
                       "%s has %d partitions, fewer than the %" PRId64 " shards", topic.data,
                       partitions, c->followup_shards);
        }
        if (partitions > 0) {
            look_at_config(d, rk, topic.data, i == 2 ? 400000 : 0, false);
        }
        buf_clear(&topic);
    }
}

static rd_kafka_t *reach(struct doctor *d, const struct conf *c)
{
    struct err err = {0};
    rd_kafka_conf_t *rconf = NULL;
    rd_kafka_t *rk = NULL;
    enum status s = kafka_conf_new(&rconf, c, "dayfour", NULL, true, &err);
    s = s == STATUS_OK ? kafka_client_new(&rk, RD_KAFKA_PRODUCER, rconf, &err) : s;
    if (s != STATUS_OK) {
        doctor_say(d, WRONG, "kafka_configuration", "put kafka.* of the configuration right", "%s",
                   err.text);
        return NULL;
    }
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 0, NULL, &md, WAIT_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        doctor_say(
            d, WRONG, "kafka_unreachable",
            "is Kafka running, are kafka.brokers right, TLS and login as the brokers want them?",
            "no broker can be reached: %s", rd_kafka_err2str(code));
        rd_kafka_destroy(rk);
        return NULL;
    }
    doctor_say(d, FINE, "kafka", "", "%d brokers", md->broker_cnt);
    rd_kafka_metadata_destroy(md);
    return rk;
}

void doctor_kafka(struct doctor *d)
{
    const struct conf *any = d->intake != NULL ? d->intake : d->followup;
    rd_kafka_t *rk = any == NULL ? NULL : reach(d, any);
    if (rk == NULL) {
        return;
    }
    if (d->intake != NULL) {
        look_at_inbound(d, rk);
    }
    if (d->followup != NULL) {
        look_at_outbound(d, rk);
    }
    rd_kafka_destroy(rk);
}
