/* dayfour positions: how far intake has taken the topic in, and how far that is behind. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/json/json.h"
#include "common/kafka/kafka.h"
#include "services/cli/commands.h"
#include "services/cli/operations/positions_count.h"
#include "services/cli/view.h"

#define WAIT_MS 6000

/* A partition; NONE where it is not known. */
#define NONE (-1)
struct partition {
    int32_t partition;
    int64_t next_offset, log_start, log_end;
    int64_t seen_end; /* between next_offset and this there are no messages */
    int64_t waiting;  /* messages, counted */
    const char *owner;
    struct instant updated_at;
};

struct partitions {
    struct partition *item;
    size_t n;
};

static const struct pg_stmt read_positions = {
    "positions",
    "select partition, next_offset, owner, updated_at, greatest(next_offset, seen_end)"
    " from ops.position where topic = $1 order by partition",
    (const uint32_t[]){PG_TEXT, 0}};

static enum status from_database(struct cli *cli, struct partitions *out, struct err *err)
{
    struct pg_args args = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&args, cli->conf->kafka_topic_absences);
    enum status s = cli_query(cli, &read_positions, &args, &r, err);
    pg_args_clear(&args);
    if (s != STATUS_OK) {
        return s;
    }
    out->n = pg_rows(r);
    out->item = arena_array(cli->arena, out->n, sizeof *out->item);
    for (size_t i = 0; i < out->n; i++) {
        out->item[i] =
            (struct partition){.partition = (int32_t)pg_i64(r, i, 0),
                               .next_offset = pg_is_null(r, i, 1) ? NONE : pg_i64(r, i, 1),
                               .seen_end = pg_is_null(r, i, 4) ? NONE : pg_i64(r, i, 4),
                               .log_start = NONE,
                               .log_end = NONE,
                               .waiting = NONE,
                               .owner = arena_strdup(cli->arena, pg_text(r, i, 2)),
                               .updated_at = pg_instant(r, i, 3)};
    }
    return STATUS_OK;
}

/* The partitions of the topic, with those the database knows filled in. */
static void join(struct cli *cli, int32_t count, struct partitions *all)
{
    struct partitions known = *all;
    size_t n = (size_t)count;
    for (size_t i = 0; i < known.n; i++) {
        if ((size_t)known.item[i].partition >= n) {
            n = (size_t)known.item[i].partition + 1;
        }
    }
    all->n = n;
    all->item = arena_array(cli->arena, n, sizeof *all->item);
    for (size_t i = 0; i < n; i++) {
        all->item[i] = (struct partition){.partition = (int32_t)i,
                                          .next_offset = NONE,
                                          .seen_end = NONE,
                                          .log_start = NONE,
                                          .log_end = NONE,
                                          .waiting = NONE,
                                          .updated_at = INSTANT_NONE};
    }
    for (size_t i = 0; i < known.n; i++) {
        all->item[known.item[i].partition] = known.item[i];
    }
}

static enum status count_partitions(rd_kafka_t *rk, const char *topic, int32_t *n, struct err *err)
{
    rd_kafka_topic_t *t = rd_kafka_topic_new(rk, topic, NULL);
    if (t == NULL) {
        return kafka_status(rd_kafka_last_error(), topic, err);
    }
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 0, t, &md, WAIT_MS);
    rd_kafka_topic_destroy(t);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return err_set(err, STATUS_RETRY, rd_kafka_err2name(code), "no broker can be reached");
    }
    if (md->topic_cnt == 1) {
        code = md->topics[0].err;
        *n = md->topics[0].partition_cnt;
    }
    rd_kafka_metadata_destroy(md);
    return kafka_status(code, topic, err);
}

static enum status ask_brokers(struct cli *cli, rd_kafka_t *rk, struct partitions *all,
                               struct err *err)
{
    const char *topic = cli->conf->kafka_topic_absences;
    int32_t n = 0;
    enum status s = count_partitions(rk, topic, &n, err);
    if (s != STATUS_OK) {
        return s;
    }
    join(cli, n, all);
    for (int32_t i = 0; i < n && s == STATUS_OK; i++) {
        struct partition *p = &all->item[i];
        s = kafka_status(
            rd_kafka_query_watermark_offsets(rk, topic, i, &p->log_start, &p->log_end, WAIT_MS),
            topic, err);
        if (s != STATUS_OK) {
            p->log_start = p->log_end = NONE;
        }
    }
    return s;
}

static enum status from_brokers(struct cli *cli, struct partitions *all, struct err *err)
{
    rd_kafka_conf_t *rconf = NULL;
    rd_kafka_t *rk = NULL;
    enum status s = kafka_conf_new(&rconf, cli->conf, "dayfour", NULL, true, err);
    s = s == STATUS_OK ? kafka_client_new(&rk, RD_KAFKA_PRODUCER, rconf, err) : s;
    if (s == STATUS_OK) {
        s = ask_brokers(cli, rk, all, err);
        (void)kafka_client_free(rk, 0, CLI_CLOSE_MS);
    }
    return s;
}

/* A partition without a position is taken in from its earliest record. */
static int64_t next_of(const struct partition *p)
{
    return p->next_offset < p->log_start ? p->log_start : p->next_offset;
}

static int64_t lag(const struct partition *p)
{
    if (p->log_end == NONE) {
        return NONE;
    }
    if (p->waiting != NONE) {
        return p->waiting;
    }
    int64_t next = next_of(p);
    return p->log_end > next ? p->log_end - next : 0;
}

/* Intake stops at such a partition: its topic was made again, or lost records that were not read.
 */
static bool is_lost(const struct partition *p)
{
    return p->next_offset != NONE && p->log_end != NONE &&
           (p->next_offset > p->log_end || p->seen_end < p->log_start);
}

/* Where offsets say that something waits, it is looked at: it may be no more than markers. */
static void count_waiting(struct cli *cli, struct partitions *all)
{
    struct waiting *w = arena_array(cli->arena, all->n, sizeof *w);
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++) {
        const struct partition *p = &all->item[i];
        if (lag(p) > 0) {
            w[n++] =
                (struct waiting){.partition = p->partition, .from = next_of(p), .messages = NONE};
        }
    }
    positions_count(cli->conf, cli->conf->kafka_topic_absences, w, n);
    for (size_t i = 0; i < n; i++) {
        all->item[w[i].partition].waiting = w[i].messages;
    }
}

static const char *number(int64_t n, const char *none, char out[24])
{
    if (n == NONE) {
        return none;
    }
    snprintf(out, 24, "%" PRId64, n);
    return out;
}

static void print_table(const char *topic, const struct partitions *all, bool known)
{
    int64_t total = 0;
    int64_t lost = 0;
    printf("PARTITION  NEXT OFFSET      LOG END          LAG  OWNER\n");
    for (size_t i = 0; i < all->n; i++) {
        const struct partition *p = &all->item[i];
        char next[24];
        char end[24];
        char behind[24];
        struct buf owner = {0};
        view_clean(&owner, p->owner == NULL ? "" : p->owner);
        total += lag(p) > 0 ? lag(p) : 0;
        lost += is_lost(p) ? 1 : 0;
        printf("%9" PRId32 "  %11s  %11s  %11s  %s\n", p->partition,
               number(p->next_offset, "-", next), number(p->log_end, "-", end),
               is_lost(p) ? "lost" : number(lag(p), "-", behind), owner.data);
        buf_clear(&owner);
    }
    printf("%s: %zu %s", topic, all->n, cli_plural((int64_t)all->n, "partition", "partitions"));
    if (known) {
        printf(", %" PRId64 " %s to be taken in", total, cli_plural(total, "record", "records"));
    } else {
        printf("; how many records wait is not known");
    }
    if (lost > 0) {
        printf("; %" PRId64 " %s not in its log: see position_lost in doc/operations.md", lost,
               cli_plural(lost, "position is", "positions are"));
    }
    puts("");
}

static void print_json(const char *topic, const struct partitions *all)
{
    struct buf b = {0};
    for (size_t i = 0; i < all->n; i++) {
        const struct partition *p = &all->item[i];
        char text[24];
        char when[INSTANT_TEXT];
        buf_puts(&b, i == 0 ? "\n{\"topic\":" : ",\n{\"topic\":");
        json_put_string(&b, topic);
        buf_printf(&b, ",\"partition\":%" PRId32, p->partition);
        buf_printf(&b, ",\"next_offset\":%s", number(p->next_offset, "null", text));
        buf_printf(&b, ",\"log_end\":%s", number(p->log_end, "null", text));
        buf_printf(&b, ",\"lag\":%s", number(lag(p), "null", text));
        buf_puts(&b, ",\"owner\":");
        if (p->owner == NULL) {
            buf_puts(&b, "null,\"updated_at\":null}");
        } else {
            json_put_string(&b, p->owner);
            buf_printf(&b, ",\"updated_at\":\"%s\"}", instant_format(p->updated_at, when));
        }
    }
    printf("[%s\n]\n", b.data == NULL ? "" : b.data);
    buf_clear(&b);
}

int positions_run(struct cli *cli, const struct args *args)
{
    struct partitions all = {0};
    struct err err = {0};
    enum status s = from_database(cli, &all, &err);
    if (s != STATUS_OK) {
        return cli_fail("positions", s, &err);
    }
    s = from_brokers(cli, &all, &err);
    if (s == STATUS_OK) {
        count_waiting(cli, &all);
    }
    if (options_flag(args, "json")) {
        print_json(cli->conf->kafka_topic_absences, &all);
    } else {
        print_table(cli->conf->kafka_topic_absences, &all, s == STATUS_OK);
    }
    return s == STATUS_OK ? EXIT_DONE : cli_fail("positions", s, &err);
}
