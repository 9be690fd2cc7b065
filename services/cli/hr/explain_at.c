/* dayfour explain --at: what became of one message of the topic. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/json/json.h"
#include "common/kafka/kafka.h"
#include "services/cli/commands.h"
#include "services/cli/hr/explain.h"
#include "services/cli/operations/dead_letters.h"
#include "services/cli/wanted.h"

#define WAIT_MS 6000

enum state { STATE_DEAD, STATE_TAKEN, STATE_WAITING };
static const char *const state_names[] = {"dead_letter", "taken_in", "waiting"};

struct message {
    struct record_position position;
    const char *text; /* the place as it was given */
    enum state state;
    int64_t next_offset;         /* of intake; -1: none */
    const char *reason, *detail; /* of a dead letter */
    struct instant received;
    const char *unread; /* why it cannot be said what it is; NULL: it can */
    struct arena *arena;
};

/* ---- the database ---- */

static const struct pg_stmt find_dead_letter = {
    "explain_dead_letter",
    "select reason, detail, received_at from ops.dead_letter"
    " where topic = $1 and partition = $2 and \"offset\" = $3",
    (const uint32_t[]){PG_TEXT, PG_INT4, PG_INT8, 0}};
static const struct pg_stmt find_position = {
    "explain_position", "select next_offset from ops.position where topic = $1 and partition = $2",
    (const uint32_t[]){PG_TEXT, PG_INT4, 0}};

static enum status ask_dead_letter(struct cli *cli, struct message *m, struct err *err)
{
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, m->position.topic);
    pg_arg_i32(&values, m->position.partition);
    pg_arg_i64(&values, m->position.offset);
    enum status s = cli_query(cli, &find_dead_letter, &values, &r, err);
    pg_args_clear(&values);
    if (s == STATUS_OK && pg_rows(r) == 1) {
        m->state = STATE_DEAD;
        m->reason = arena_strdup(m->arena, pg_text(r, 0, 0));
        m->detail = arena_strdup(m->arena, pg_text(r, 0, 1));
        m->received = pg_instant(r, 0, 2);
    }
    return s;
}

static enum status ask_position(struct cli *cli, struct message *m, struct err *err)
{
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, m->position.topic);
    pg_arg_i32(&values, m->position.partition);
    enum status s = cli_query(cli, &find_position, &values, &r, err);
    pg_args_clear(&values);
    if (s == STATUS_OK) {
        bool known = pg_rows(r) == 1 && !pg_is_null(r, 0, 0);
        m->next_offset = known ? pg_i64(r, 0, 0) : -1;
        m->state = m->next_offset > m->position.offset ? STATE_TAKEN : STATE_WAITING;
    }
    return s;
}

/* ---- the topic ---- */

static struct raw_record record_of(const rd_kafka_message_t *from, struct arena *a)
{
    rd_kafka_headers_t *headers = NULL;
    struct raw_record raw = {.len = from->len};
    if (from->payload != NULL) {
        raw.value = arena_strndup(a, from->payload, from->len);
    }
    if (rd_kafka_message_headers(from, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return raw;
    }
    size_t n = rd_kafka_header_cnt(headers);
    struct header *out = arena_array(a, n, sizeof *out);
    const char *name = NULL;
    const void *value = NULL;
    size_t len = 0;
    for (size_t i = 0; i < n && rd_kafka_header_get_all(headers, i, &name, &value, &len) ==
                                    RD_KAFKA_RESP_ERR_NO_ERROR;
         i++) {
        out[i] = (struct header){.name = arena_strdup(a, name),
                                 .value = value == NULL ? NULL : arena_strndup(a, value, len),
                                 .len = len,
                                 .is_null = value == NULL};
    }
    raw.headers = out;
    raw.n_headers = n;
    return raw;
}

/* m->unread says what keeps it from being read. */
static void consume(rd_kafka_t *rk, struct message *m, struct raw_record *raw)
{
    struct err err = {0};
    int64_t low = 0;
    int64_t high = 0;
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
        rk, m->position.topic, m->position.partition, &low, &high, WAIT_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        (void)kafka_status(code, m->position.topic, &err);
        m->unread = arena_strdup(m->arena, err.text);
        return;
    }
    if (m->position.offset < low || m->position.offset >= high) {
        m->unread = m->position.offset < low ? "it is not in the topic any more"
                                             : "the topic does not reach that far yet";
        return;
    }
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, m->position.topic, NULL);
    if (topic == NULL ||
        rd_kafka_consume_start(topic, m->position.partition, m->position.offset) != 0) {
        m->unread = "it could not be read";
    } else {
        rd_kafka_message_t *got = rd_kafka_consume(topic, m->position.partition, WAIT_MS);
        if (got != NULL && got->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
            got->offset == m->position.offset) {
            *raw = record_of(got, m->arena);
        } else if (got != NULL && (got->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
                                   got->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)) {
            m->unread = "no message stands there: it is a producer's mark, or was removed";
        } else {
            (void)kafka_status(got == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : got->err,
                               m->position.topic, &err);
            m->unread = arena_strdup(m->arena, err.text);
        }
        if (got != NULL) {
            rd_kafka_message_destroy(got);
        }
        (void)rd_kafka_consume_stop(topic, m->position.partition);
    }
    if (topic != NULL) {
        rd_kafka_topic_destroy(topic);
    }
}

static void read_topic(struct cli *cli, struct message *m, struct raw_record *raw)
{
    static const struct kafka_setting settings[] = {{"enable.auto.commit", "false"},
                                                    {"enable.partition.eof", "true"},
                                                    {"isolation.level", "read_committed"},
                                                    {NULL, NULL}};
    struct err err = {0};
    rd_kafka_conf_t *rconf = NULL;
    rd_kafka_t *rk = NULL;
    enum status s = kafka_conf_new(&rconf, cli->conf, "dayfour", settings, true, &err);
    s = s == STATUS_OK ? kafka_client_new(&rk, RD_KAFKA_CONSUMER, rconf, &err) : s;
    if (s != STATUS_OK) {
        m->unread = arena_strdup(m->arena, err.text);
        return;
    }
    consume(rk, m, raw);
    rd_kafka_destroy(rk);
}

/* ---- telling ---- */

static void put_verdict(struct message *m, struct dry_run *w, const struct inbound *in, bool json,
                        struct buf *out)
{
    struct verdict_line v;
    explain_judge(w, in, &v);
    if (json) {
        explain_put_json(&v, out);
        return;
    }
    printf("%s: sent again now it would be: ", m->text);
    explain_print_text(&v);
    putchar('\n');
}

/* The effect that the message would have now. A caller who may not read the facts learns that. */
static void tell_message(struct cli *cli, struct message *m, const struct raw_record *raw,
                         bool json, struct buf *out)
{
    struct err err = {0};
    struct dry_run *w = NULL;
    enum status s = dry_run_open(&w, cli, NULL, &err);
    if (s == STATUS_OK) {
        struct inbound *in = arena_alloc(m->arena, sizeof *in);
        struct inbound_limits limits = dry_run_limits(w);
        inbound_decode(raw, &limits, m->arena, in);
        s = dry_run_load(w, in, 1, &err);
        if (s == STATUS_OK) {
            put_verdict(m, w, in, json, out);
        }
    }
    if (s != STATUS_OK) {
        m->unread = "only a login that may read absences sees what it would do now";
    }
    dry_run_free(w);
}

static void put_wanted(const struct message *m, struct buf *out)
{
    buf_puts(out, "");
    for (int r = 0; m->reason != NULL && r < REJECT_COUNT; r++) {
        if (strcmp(reject_reason_name((enum reject_reason)r), m->reason) == 0) {
            wanted_put(out, (enum reject_reason)r, m->detail, "2026-09-07");
        }
    }
}

static void tell_state(const struct message *m)
{
    struct buf wanted = {0};
    char received[INSTANT_TEXT];
    put_wanted(m, &wanted);
    if (m->state == STATE_DEAD) {
        printf("%s: a dead letter of %s: %s%s%s: %s is wanted\n", m->text,
               instant_format(m->received, received), m->reason, m->detail[0] == '\0' ? "" : " at ",
               m->detail, wanted.data);
    } else if (m->next_offset < 0) {
        printf("%s: intake has read nothing of that partition\n", m->text);
    } else {
        printf("%s: %s (it continues at offset %" PRId64 ")\n", m->text,
               m->state == STATE_TAKEN ? "intake has taken it in, or passed it over"
                                       : "intake has not read it yet",
               m->next_offset);
    }
    buf_clear(&wanted);
}

static void put_state_json(const struct message *m, struct buf *b)
{
    struct buf wanted = {0};
    put_wanted(m, &wanted);
    buf_puts(b, "{\"place\":");
    json_put_string(b, m->text);
    buf_printf(b, ",\"state\":\"%s\",\"next_offset\":", state_names[m->state]);
    if (m->state == STATE_DEAD || m->next_offset < 0) {
        buf_puts(b, "null");
    } else {
        buf_printf(b, "%" PRId64, m->next_offset);
    }
    buf_puts(b, ",\"reason\":");
    json_put_string(b, m->reason == NULL ? "" : m->reason);
    buf_puts(b, ",\"detail\":");
    json_put_string(b, m->detail == NULL ? "" : m->detail);
    buf_puts(b, ",\"wanted\":");
    json_put_string(b, wanted.data);
    buf_puts(b, ",\"message\":");
    buf_clear(&wanted);
}

static void tell(struct cli *cli, struct message *m, const struct raw_record *raw, bool json)
{
    struct buf b = {0};
    if (json) {
        put_state_json(m, &b);
    } else {
        tell_state(m);
    }
    if (m->unread == NULL) {
        tell_message(cli, m, raw, json, &b);
    }
    if (json) {
        buf_puts(&b, m->unread == NULL ? "" : "null");
        buf_puts(&b, ",\"unread\":");
        json_put_string(&b, m->unread == NULL ? "" : m->unread);
        buf_puts(&b, "}");
        puts(b.data);
    } else if (m->unread != NULL) {
        printf("%s: %s\n", m->text, m->unread);
    }
    buf_clear(&b);
}

int explain_at(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct message m = {.text = options_value(args, "at"), .arena = cli->arena, .next_offset = -1};
    struct raw_record raw = {0};
    if (!dead_letters_parse(m.text, &m.position)) {
        return cli_refuse("explain: --at: TOPIC/PARTITION/OFFSET is needed");
    }
    enum status s = ask_dead_letter(cli, &m, &err);
    s = s == STATUS_OK && m.reason == NULL ? ask_position(cli, &m, &err) : s;
    if (s != STATUS_OK) {
        return cli_fail("explain", s, &err);
    }
    read_topic(cli, &m, &raw);
    tell(cli, &m, &raw, options_flag(args, "json"));
    return EXIT_DONE;
}
