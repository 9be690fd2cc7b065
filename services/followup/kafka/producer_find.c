/* A client of its own reads: a producer cannot. It joins no group and commits nothing. All of this
 * waits, so it runs on the sink's thread, for little longer than FIND_MS. A failure that passes is
 * given as RESYNC, since the caller has to open its producer again anyway. */
#include "services/followup/kafka/producer_find.h"

#include <stdlib.h>
#include <string.h>

#include "common/kafka/kafka.h"
#include "common/runtime/clock.h"

#define TAIL_RECORDS 20000
#define FIND_MS 60000
#define STEP_MS 250
#define CLOSE_MS 5000

struct search {
    const struct find_options *o;
    rd_kafka_t *rk;
    int partitions, ended;
    int64_t end_ms;
};

static enum status new_client(struct search *f, struct err *err)
{
    const struct kafka_setting settings[] = {
        {"group.id", "dayfour-followup-position"}, {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},     {"isolation.level", "read_committed"},
        {"allow.auto.create.topics", "false"},     {"auto.offset.reset", "earliest"},
        {"enable.partition.eof", "true"},          {NULL, NULL}};
    rd_kafka_conf_t *rconf = NULL;
    enum status s =
        kafka_conf_new(&rconf, f->o->conf, "dayfour-followup-find", settings, true, err);
    if (s == STATUS_OK) {
        s = kafka_client_new(&f->rk, RD_KAFKA_CONSUMER, rconf, err);
    }
    if (s == STATUS_OK) {
        rd_kafka_poll_set_consumer(f->rk);
    }
    return s;
}

static enum status count_partitions(struct search *f, struct err *err)
{
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(f->rk, f->o->topic, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(f->rk, 0, topic, &md, 20 * STEP_MS);
    rd_kafka_topic_destroy(topic);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_status(code, f->o->topic, err);
    }
    code = md->topic_cnt == 1 ? md->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    f->partitions = md->topic_cnt == 1 ? md->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(md);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : kafka_status(code, f->o->topic, err);
}

static enum status assign_tails(struct search *f, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(f->partitions);
    enum status s = STATUS_OK;
    for (int i = 0; i < f->partitions && s == STATUS_OK; i++) {
        int64_t low = 0;
        int64_t high = 0;
        rd_kafka_resp_err_t code =
            rd_kafka_query_watermark_offsets(f->rk, f->o->topic, i, &low, &high, 20 * STEP_MS);
        s = code == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : kafka_status(code, f->o->topic, err);
        rd_kafka_topic_partition_list_add(list, f->o->topic, i)->offset =
            high - TAIL_RECORDS > low ? high - TAIL_RECORDS : low;
    }
    if (s == STATUS_OK) {
        rd_kafka_resp_err_t code = rd_kafka_assign(f->rk, list);
        s = code == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : kafka_status(code, "assign", err);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return s;
}

static bool is_it(const struct search *f, const rd_kafka_message_t *m)
{
    rd_kafka_headers_t *headers = NULL;
    const void *value = NULL;
    size_t len = 0;
    return rd_kafka_message_headers(m, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           rd_kafka_header_get_last(headers, f->o->header, &value, &len) ==
               RD_KAFKA_RESP_ERR_NO_ERROR &&
           len == strlen(f->o->value) && memcmp(value, f->o->value, len) == 0;
}

static enum status read_tails(struct search *f, bool *found, struct err *err)
{
    while (f->ended < f->partitions && !*found) {
        int64_t now = clock_mono_ms();
        if (now >= atomic_load(f->o->give_up_at)) {
            return err_set(err, STATUS_STOP, "stop", "asked to stop");
        }
        if (now >= f->end_ms) {
            return err_set(err, STATUS_RESYNC, "_TIMED_OUT", "%s: not read in time", f->o->topic);
        }
        rd_kafka_message_t *m = rd_kafka_consumer_poll(f->rk, STEP_MS);
        if (m == NULL) {
            continue;
        }
        enum status s = STATUS_OK;
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            f->ended++;
        } else if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            s = kafka_status(m->err, f->o->topic, err);
        } else {
            *found = is_it(f, m);
        }
        rd_kafka_message_destroy(m);
        if (s != STATUS_OK && s != STATUS_RETRY) {
            return s;
        }
    }
    return STATUS_OK;
}

enum status find_record(const struct find_options *o, bool *found, struct err *err)
{
    struct search f = {.o = o, .end_ms = clock_mono_ms() + FIND_MS};
    *found = false;
    enum status s = new_client(&f, err);
    if (s == STATUS_OK) {
        s = count_partitions(&f, err);
    }
    if (s == STATUS_OK) {
        s = assign_tails(&f, err);
    }
    if (s == STATUS_OK) {
        s = read_tails(&f, found, err);
    }
    if (f.rk != NULL) {
        (void)kafka_client_free(f.rk, 0, CLOSE_MS); /* nothing of ours is used by one that hangs */
    }
    return s == STATUS_RETRY ? STATUS_RESYNC : s;
}
