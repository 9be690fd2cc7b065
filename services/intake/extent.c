/* Three questions: which partitions have a leader, where these begin, where they end. Without the
 * first two answers a partition stays in doubt, and is asked about again. */
#include "services/intake/extent.h"

#include <stdbool.h>

#include "services/intake/stand.h"

#define WAIT_MS 1200 /* each of three questions */

static bool has_leader(const struct rd_kafka_metadata *md, int32_t partition)
{
    if (md->topic_cnt != 1 || md->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
    }
    for (int i = 0; i < md->topics[0].partition_cnt; i++) {
        const struct rd_kafka_metadata_partition *p = &md->topics[0].partitions[i];
        if (p->id == partition) {
            return p->leader >= 0;
        }
    }
    return false;
}

/* Those that can answer: one that cannot would make all wait. */
static rd_kafka_topic_partition_list_t *with_leaders(rd_kafka_t *rk, const char *name,
                                                     const struct extent *e, size_t n)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
    const struct rd_kafka_metadata *md = NULL;
    if (topic != NULL &&
        rd_kafka_metadata(rk, 0, topic, &md, WAIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        for (size_t i = 0; i < n; i++) {
            if (has_leader(md, e[i].partition)) {
                rd_kafka_topic_partition_list_add(list, name, e[i].partition);
            }
        }
        rd_kafka_metadata_destroy(md);
    }
    if (topic != NULL) {
        rd_kafka_topic_destroy(topic);
    }
    return list;
}

/* In one question for all of them: the library asks for offsets by time, and these two are "times"
 * of the protocol. */
static bool ask(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, int64_t which)
{
    for (int i = 0; i < list->cnt; i++) {
        list->elems[i].offset = which;
        list->elems[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(rk, list, WAIT_MS);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static int64_t answer(const rd_kafka_topic_partition_list_t *list, int32_t partition)
{
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &list->elems[i];
        if (p->partition == partition && p->err == RD_KAFKA_RESP_ERR_NO_ERROR && p->offset >= 0) {
            return p->offset;
        }
    }
    return NO_OFFSET;
}

void extent_ask(rd_kafka_t *rk, const char *topic, struct extent *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        e[i].start = e[i].end = NO_OFFSET;
    }
    if (n == 0) {
        return;
    }
    rd_kafka_topic_partition_list_t *list = with_leaders(rk, topic, e, n);
    if (list->cnt > 0 && ask(rk, list, RD_KAFKA_OFFSET_BEGINNING)) {
        for (size_t i = 0; i < n; i++) {
            e[i].start = answer(list, e[i].partition);
        }
        if (ask(rk, list, RD_KAFKA_OFFSET_END)) {
            for (size_t i = 0; i < n; i++) {
                e[i].end = answer(list, e[i].partition);
            }
        }
    }
    rd_kafka_topic_partition_list_destroy(list);
}
