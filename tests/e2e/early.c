/* early - to be loaded before librdkafka into an intake under test: reading begins some messages
 * earlier than it asks for, as if the library still held what it had fetched before. */
#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <string.h>

#define EARLIER 7

typedef rd_kafka_resp_err_t assign_fn(rd_kafka_t *, const rd_kafka_topic_partition_list_t *);
typedef rd_kafka_resp_err_t seek_fn(rd_kafka_topic_t *, int32_t, int64_t, int);

/* ISO C has no cast from an object's address to a function's. */
static void find(const char *name, void *out)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(out, &found, sizeof found);
}

static int64_t earlier(int64_t offset)
{
    if (offset < 0) {
        return offset;
    }
    return offset > EARLIER ? offset - EARLIER : 0;
}

rd_kafka_resp_err_t rd_kafka_assign(rd_kafka_t *rk,
                                    const rd_kafka_topic_partition_list_t *partitions)
{
    assign_fn *real = NULL;
    find("rd_kafka_assign", &real);
    if (partitions == NULL) {
        return real(rk, NULL);
    }
    rd_kafka_topic_partition_list_t *copy = rd_kafka_topic_partition_list_copy(partitions);
    for (int i = 0; i < copy->cnt; i++) {
        copy->elems[i].offset = earlier(copy->elems[i].offset);
    }
    rd_kafka_resp_err_t code = real(rk, copy);
    rd_kafka_topic_partition_list_destroy(copy);
    return code;
}

rd_kafka_resp_err_t rd_kafka_seek(rd_kafka_topic_t *rkt, int32_t partition, int64_t offset,
                                  int timeout_ms)
{
    seek_fn *real = NULL;
    find("rd_kafka_seek", &real);
    return real(rkt, partition, earlier(offset), timeout_ms);
}
