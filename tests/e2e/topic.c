/* topic - Kafka for tests: it writes records byte for byte as given, and prints their offsets.
 *
 *   e2e_topic produce BROKERS TOPIC [TRANSACTIONAL_ID]   lines on standard input:
 *       PARTITION KEY VALUE [NAME VALUE]...    each in base64; - is null, = is empty
 *       flush | commit | abort                 answered by: PARTITION:NEXT...
 *   e2e_topic consume BROKERS TOPIC            all that is committed, as PARTITION OFFSET and the
 *                                              same fields
 *   e2e_topic look BROKERS TOPIC               all there is, committed or not: PARTITION OFFSET
 *                                              TIMESTAMP and the same fields after the word
 *                                              record; and end PARTITION OFFSET for each partition
 *   e2e_topic trim BROKERS TOPIC PARTITION OFFSET        deletes the records before OFFSET
 *   e2e_topic forget BROKERS GROUP TOPIC PARTITION       as brokers do after some days: the
 * position e2e_topic position BROKERS GROUP TOPIC PARTITION     prints it, -1 for none
 */
#include <librdkafka/rdkafka.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTITIONS_MAX 256
#define WAIT_MS 180000

static _Noreturn void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "e2e_topic: %s: %s\n", what, why);
    exit(1);
}

static void check(rd_kafka_resp_err_t code, const char *what)
{
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        die(what, rd_kafka_err2str(code));
    }
}

static void check_error(rd_kafka_error_t *e, const char *what)
{
    if (e != NULL) {
        die(what, rd_kafka_error_string(e));
    }
}

static rd_kafka_conf_t *conf_new(const char *brokers, const char *const *pairs)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];
    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof why) != 0) {
        die("brokers", why);
    }
    for (; *pairs != NULL; pairs += 2) {
        if (rd_kafka_conf_set(conf, pairs[0], pairs[1], why, sizeof why) != 0) {
            die(pairs[0], why);
        }
    }
    return conf;
}

static rd_kafka_t *client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
    char why[256];
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
    if (rk == NULL) {
        die("client", why);
    }
    return rk;
}

/* ---- base64 ---- */

struct bytes {
    void *data; /* NULL: null */
    size_t len;
};

static struct bytes decode(const char *text)
{
    struct bytes b = {0};
    if (strcmp(text, "-") == 0) {
        return b;
    }
    size_t n = strcmp(text, "=") == 0 ? 0 : strlen(text);
    b.data = malloc(n + 1);
    if (b.data == NULL) {
        abort();
    }
    int got = EVP_DecodeBlock(b.data, (const unsigned char *)text, (int)n);
    if (got < 0) {
        die("input", "not base64");
    }
    size_t padding = n >= 2 && text[n - 2] == '=' ? 2 : n >= 1 && text[n - 1] == '=' ? 1 : 0;
    b.len = (size_t)got - padding;
    return b;
}

static void put_encoded(const void *data, size_t len)
{
    if (data == NULL || len == 0) {
        (void)fputs(data == NULL ? " -" : " =", stdout);
        return;
    }
    char *text = malloc(len * 4 / 3 + 8);
    if (text == NULL) {
        abort();
    }
    (void)EVP_EncodeBlock((unsigned char *)text, data, (int)len);
    (void)printf(" %s", text);
    free(text);
}

/* ---- produce ---- */

struct producer {
    rd_kafka_t *rk;
    const char *topic;
    int64_t next[PARTITIONS_MAX]; /* after the last record that was acknowledged */
};

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    struct producer *p = opaque;
    if (m->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || m->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
        return; /* of a transaction that is aborted */
    }
    check(m->err, "delivery");
    if (m->partition >= 0 && m->partition < PARTITIONS_MAX) {
        p->next[m->partition] = m->offset + 1;
    }
}

static rd_kafka_headers_t *take_headers(char **rest)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(8);
    const char *name_text;
    while ((name_text = strtok_r(NULL, " ", rest)) != NULL) {
        const char *value_text = strtok_r(NULL, " ", rest);
        if (value_text == NULL) {
            die("input", "a header without a value");
        }
        struct bytes name = decode(name_text);
        struct bytes value = decode(value_text);
        check(rd_kafka_header_add(headers, name.data, (ssize_t)name.len, value.data,
                                  (ssize_t)value.len),
              "header");
        free(name.data);
        free(value.data);
    }
    return headers;
}

static void produce_line(struct producer *p, const char *partition, char **rest)
{
    const char *key_text = strtok_r(NULL, " ", rest);
    const char *value_text = strtok_r(NULL, " ", rest);
    if (key_text == NULL || value_text == NULL) {
        die("input", "a record needs partition, key and value");
    }
    struct bytes key = decode(key_text);
    struct bytes value = decode(value_text);
    rd_kafka_headers_t *headers = take_headers(rest);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    do {
        rd_kafka_poll(p->rk, code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 100 : 0);
        code = rd_kafka_producev(
            p->rk, RD_KAFKA_V_TOPIC(p->topic), RD_KAFKA_V_PARTITION((int32_t)atoi(partition)),
            RD_KAFKA_V_KEY(key.data, key.len), RD_KAFKA_V_VALUE(value.data, value.len),
            RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    check(code, "produce");
    free(key.data);
    free(value.data);
}

static void answer(const struct producer *p)
{
    for (int i = 0; i < PARTITIONS_MAX; i++) {
        if (p->next[i] > 0) {
            (void)printf("%d:%lld ", i, (long long)p->next[i]);
        }
    }
    (void)putchar('\n');
    (void)fflush(stdout);
}

static int produce(const char *brokers, const char *topic, const char *transactional_id)
{
    struct producer p = {.topic = topic};
    const char *plain[] = {"enable.idempotence",
                           "true",
                           "linger.ms",
                           "1",
                           "message.max.bytes",
                           "2000000",
                           NULL,
                           NULL,
                           NULL};
    if (getenv("E2E_CODEC") != NULL) { /* such as gzip */
        plain[6] = "compression.codec";
        plain[7] = getenv("E2E_CODEC");
    } else if (transactional_id != NULL) {
        plain[6] = "transactional.id";
        plain[7] = transactional_id;
    }
    rd_kafka_conf_t *conf = conf_new(brokers, plain);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_opaque(conf, &p);
    p.rk = client_new(RD_KAFKA_PRODUCER, conf);
    if (transactional_id != NULL) {
        check_error(rd_kafka_init_transactions(p.rk, WAIT_MS), "init_transactions");
        check_error(rd_kafka_begin_transaction(p.rk), "begin_transaction");
    }
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    while ((len = getline(&line, &size, stdin)) > 0) {
        line[strcspn(line, "\n")] = '\0';
        char *rest = NULL;
        const char *word = strtok_r(line, " ", &rest);
        if (word == NULL) {
            continue;
        }
        bool ends = strcmp(word, "commit") == 0 || strcmp(word, "abort") == 0;
        if (strcmp(word, "flush") != 0 && !ends) {
            produce_line(&p, word, &rest);
            continue;
        }
        check(rd_kafka_flush(p.rk, WAIT_MS), "flush");
        if (ends) {
            check_error(strcmp(word, "abort") == 0 ? rd_kafka_abort_transaction(p.rk, WAIT_MS)
                                                   : rd_kafka_commit_transaction(p.rk, WAIT_MS),
                        word);
            check_error(rd_kafka_begin_transaction(p.rk), "begin_transaction");
        }
        answer(&p);
    }
    free(line);
    if (transactional_id != NULL) {
        check_error(rd_kafka_abort_transaction(p.rk, WAIT_MS), "abort");
    }
    check(rd_kafka_flush(p.rk, WAIT_MS), "flush");
    rd_kafka_destroy(p.rk);
    return 0;
}

/* ---- consume ---- */

static void print_record(const rd_kafka_message_t *m, bool stamped)
{
    (void)printf("%s%d %lld", stamped ? "record " : "", m->partition, (long long)m->offset);
    if (stamped) {
        (void)printf(" %lld", (long long)rd_kafka_message_timestamp(m, NULL));
    }
    put_encoded(m->key, m->key_len);
    put_encoded(m->payload, m->len);
    rd_kafka_headers_t *headers = NULL;
    const char *name = NULL;
    const void *value = NULL;
    size_t len = 0;
    if (rd_kafka_message_headers(m, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        for (size_t i = 0;
             rd_kafka_header_get_all(headers, i, &name, &value, &len) == RD_KAFKA_RESP_ERR_NO_ERROR;
             i++) {
            put_encoded(name, strlen(name));
            put_encoded(value, len);
        }
    }
    (void)putchar('\n');
}

static int partitions_of(rd_kafka_t *rk, const char *topic)
{
    rd_kafka_topic_t *t = rd_kafka_topic_new(rk, topic, NULL);
    const struct rd_kafka_metadata *meta = NULL;
    check(rd_kafka_metadata(rk, 0, t, &meta, WAIT_MS), "metadata");
    check(meta->topics[0].err, topic);
    int n = meta->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(meta);
    rd_kafka_topic_destroy(t);
    return n;
}

static int consume(const char *brokers, const char *topic, bool look)
{
    const char *const settings[] = {"group.id",
                                    "e2e-topic",
                                    "enable.auto.commit",
                                    "false",
                                    "isolation.level",
                                    look ? "read_uncommitted" : "read_committed",
                                    "enable.partition.eof",
                                    "true",
                                    NULL};
    rd_kafka_t *rk = client_new(RD_KAFKA_CONSUMER, conf_new(brokers, settings));
    rd_kafka_poll_set_consumer(rk);
    int left = partitions_of(rk, topic);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(left);
    for (int i = 0; i < left; i++) {
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    check(rd_kafka_assign(rk, list), "assign");
    rd_kafka_topic_partition_list_destroy(list);
    while (left > 0) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, WAIT_MS);
        if (m == NULL) {
            die("consume", "nothing came");
        }
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            left--;
            if (look) {
                (void)printf("end %d %lld\n", m->partition, (long long)m->offset);
            }
        } else {
            check(m->err, "consume");
            print_record(m, look);
        }
        rd_kafka_message_destroy(m);
    }
    (void)rd_kafka_assign(rk, NULL);
    rd_kafka_destroy(rk);
    return 0;
}

/* ---- trim ---- */

static int trim(const char *brokers, const char *topic, int32_t partition, int64_t offset)
{
    static const char *const settings[] = {NULL};
    rd_kafka_t *rk = client_new(RD_KAFKA_PRODUCER, conf_new(brokers, settings));
    rd_kafka_topic_partition_list_t *before = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(before, topic, partition)->offset = offset;
    rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(before);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_DeleteRecords(rk, &request, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
    check(event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event), "trim");
    const rd_kafka_topic_partition_list_t *done =
        rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
    check(done->elems[0].err, "trim");
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_DeleteRecords_destroy(request);
    rd_kafka_topic_partition_list_destroy(before);
    rd_kafka_destroy(rk);
    return 0;
}

/* ---- positions ---- */

static rd_kafka_topic_partition_list_t *one_partition(char **argv)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, argv[2], (int32_t)atoi(argv[3]));
    return list;
}

static int forget(char **argv)
{
    static const char *const settings[] = {NULL};
    rd_kafka_t *rk = client_new(RD_KAFKA_PRODUCER, conf_new(argv[0], settings));
    rd_kafka_topic_partition_list_t *list = one_partition(argv);
    rd_kafka_DeleteConsumerGroupOffsets_t *request =
        rd_kafka_DeleteConsumerGroupOffsets_new(argv[1], list);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_DeleteConsumerGroupOffsets(rk, &request, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
    check(event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event), "forget");
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_DeleteConsumerGroupOffsets_destroy(request);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
    return 0;
}

static int position(char **argv)
{
    const char *const settings[] = {"group.id", argv[1], NULL};
    rd_kafka_t *rk = client_new(RD_KAFKA_CONSUMER, conf_new(argv[0], settings));
    rd_kafka_topic_partition_list_t *list = one_partition(argv);
    check(rd_kafka_committed(rk, list, WAIT_MS), "position");
    (void)printf("%lld\n", (long long)(list->elems[0].offset < 0 ? -1 : list->elems[0].offset));
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "forget") == 0) {
        return forget(argv + 2);
    }
    if (argc == 6 && strcmp(argv[1], "position") == 0) {
        return position(argv + 2);
    }
    if (argc >= 4 && argc <= 5 && strcmp(argv[1], "produce") == 0) {
        return produce(argv[2], argv[3], argc == 5 ? argv[4] : NULL);
    }
    if (argc == 4 && strcmp(argv[1], "consume") == 0) {
        return consume(argv[2], argv[3], false);
    }
    if (argc == 4 && strcmp(argv[1], "look") == 0) {
        return consume(argv[2], argv[3], true);
    }
    if (argc == 6 && strcmp(argv[1], "trim") == 0) {
        return trim(argv[2], argv[3], (int32_t)atoi(argv[4]), (int64_t)atoll(argv[5]));
    }
    die("arguments", "produce, consume, look, trim, forget or position");
}
