/* The library's admin client has a function for this. While the group's coordinator is loading, it
 * ends the process in an assertion (rd_kafka_enq_once_del_source_return, in 2.0.2). Coordinators
 * load after each start and change of leader. A consumer that never subscribes asks the same, and
 * retries as it should. */
#include "services/followup/kafka/producer_position.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/kafka/kafka.h"

#define ASK_MS 500
#define CLOSE_MS 5000

struct position_reader {
    const struct producer_options *o;
    rd_kafka_t *rk;
};

enum status position_reader_open(struct position_reader **out, const struct producer_options *o,
                                 struct err *err)
{
    /* read_committed: waits for a position that a transaction is changing. */
    const struct kafka_setting settings[] = {
        {"group.id", POSITION_GROUP},          {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"}, {"isolation.level", "read_committed"},
        {"allow.auto.create.topics", "false"}, {NULL, NULL}};
    rd_kafka_conf_t *rconf = NULL;
    enum status s =
        kafka_conf_new(&rconf, o->conf, "dayfour-followup-position", settings, true, err);
    rd_kafka_t *rk = NULL;
    s = s == STATUS_OK ? kafka_client_new(&rk, RD_KAFKA_CONSUMER, rconf, err) : s;
    if (s == STATUS_OK) {
        *out = mem_alloc(sizeof **out);
        **out = (struct position_reader){.o = o, .rk = rk};
    }
    return s;
}

void position_reader_close(struct position_reader *r)
{
    if (r != NULL) {
        (void)kafka_client_free(r->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE, CLOSE_MS);
        free(r);
    }
}

/* Versions before this one named none. */
static bool is_foreign(const char *installation, const rd_kafka_topic_partition_t *at)
{
    size_t len = strlen(installation);
    return at->offset >= 0 && at->metadata_size > 0 &&
           (at->metadata_size != len || memcmp(at->metadata, installation, len) != 0);
}

enum status position_reader_ask(struct position_reader *r, int64_t *out, bool *foreign,
                                struct err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    const rd_kafka_topic_partition_t *at =
        rd_kafka_topic_partition_list_add(list, r->o->conf->kafka_topic_follow_up, r->o->shard);
    rd_kafka_resp_err_t code = rd_kafka_committed(r->rk, list, ASK_MS);
    code = code == RD_KAFKA_RESP_ERR_NO_ERROR ? at->err : code;
    enum status s = kafka_status(code, "position", err);
    if (s == STATUS_OK) {
        *out = at->offset >= 0 ? at->offset : NO_POSITION;
        *foreign = is_foreign(r->o->installation, at);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return s;
}
