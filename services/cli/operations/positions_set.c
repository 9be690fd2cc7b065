/* dayfour positions set: moves the position of one partition, back to take messages in again, or on
 * past some that are then never taken in. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/kafka/kafka.h"
#include "services/cli/commands.h"

#define WAIT_MS 6000

struct move {
    const char *topic;
    int32_t partition;
    int64_t to, was; /* was: -1, none */
    int64_t log_start, log_end;
};

static const struct pg_stmt read_position = {
    "position_was", "select next_offset from ops.position where topic = $1 and partition = $2",
    (const uint32_t[]){PG_TEXT, PG_INT4, 0}};
static const struct pg_stmt set_position = {"position_set", "select ops.set_position($1, $2, $3)",
                                            (const uint32_t[]){PG_TEXT, PG_INT4, PG_INT8, 0}};

static bool whole_number(const char *text, int64_t max, int64_t *out)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != '\0') {
        return false;
    }
    *out = strtoll(text, NULL, 10);
    return *out <= max;
}

static enum status ask_brokers(struct cli *cli, struct move *m, struct err *err)
{
    rd_kafka_conf_t *rconf = NULL;
    rd_kafka_t *rk = NULL;
    enum status s = kafka_conf_new(&rconf, cli->conf, "dayfour", NULL, true, err);
    s = s == STATUS_OK ? kafka_client_new(&rk, RD_KAFKA_PRODUCER, rconf, err) : s;
    if (s == STATUS_OK) {
        s = kafka_status(rd_kafka_query_watermark_offsets(rk, m->topic, m->partition, &m->log_start,
                                                          &m->log_end, WAIT_MS),
                         m->topic, err);
        (void)kafka_client_free(rk, 0, CLI_CLOSE_MS);
    }
    return s;
}

static enum status read_old(struct cli *cli, struct move *m, struct err *err)
{
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, m->topic);
    pg_arg_i32(&values, m->partition);
    enum status s = cli_query(cli, &read_position, &values, &r, err);
    pg_args_clear(&values);
    if (s == STATUS_OK) {
        m->was = pg_rows(r) == 1 && !pg_is_null(r, 0, 0) ? pg_i64(r, 0, 0) : -1;
    }
    return s;
}

static enum status set(struct cli *cli, const struct move *m, struct err *err)
{
    struct pg_args values = {0};
    pg_arg_text(&values, m->topic);
    pg_arg_i32(&values, m->partition);
    pg_arg_i64(&values, m->to);
    enum status s = cli_query(cli, &set_position, &values, NULL, err);
    pg_args_clear(&values);
    return s;
}

static void explain(const struct move *m)
{
    int64_t from = m->was < m->log_start ? m->log_start : m->was;
    int64_t stored = m->was < 0 ? m->log_start : from;
    fprintf(stderr,
            "%s partition %" PRId32 ": from %" PRId64 " to %" PRId64 "; its log is %" PRId64
            " to %" PRId64 "\n",
            m->topic, m->partition, stored, m->to, m->log_start, m->log_end);
    if (m->was > m->log_end) {
        fprintf(stderr,
                "the position %" PRId64 " is not in it: the topic was made again, or lost records\n"
                "intake will read the %" PRId64 " records from the new position on\n",
                m->was, m->log_end - m->to);
    } else if (m->to > stored) {
        fprintf(stderr, "%" PRId64 " messages will be skipped: never taken in\n", m->to - stored);
    } else {
        fprintf(stderr,
                "%" PRId64 " messages will be taken in again; known versions change nothing\n",
                stored - m->to);
    }
}

/* Typing its name is what makes sure that this topic is meant. */
static bool confirmed(const struct move *m)
{
    char line[300];
    fputs("Type the topic's name to continue: ", stderr);
    (void)fflush(stderr);
    if (fgets(line, sizeof line, stdin) == NULL) {
        return false;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return strcmp(line, m->topic) == 0;
}

static bool parse(const struct args *args, struct move *m, bool *earliest, bool *end)
{
    int64_t partition = 0;
    const char *offset = options_argument(args, 2);
    m->topic = options_argument(args, 0);
    *earliest = strcmp(offset, "earliest") == 0;
    *end = strcmp(offset, "end") == 0;
    bool fine = whole_number(options_argument(args, 1), INT32_MAX, &partition) &&
                (*earliest || *end || whole_number(offset, INT64_MAX, &m->to));
    m->partition = (int32_t)partition;
    return fine;
}

int positions_set(struct cli *cli, const struct args *args)
{
    struct move m = {.was = -1};
    struct err err = {0};
    bool earliest = false;
    bool end = false;
    if (!parse(args, &m, &earliest, &end)) {
        return cli_refuse("positions set: PARTITION is a number, OFFSET a number, earliest or end");
    }
    enum status s = read_old(cli, &m, &err);
    s = s == STATUS_OK ? ask_brokers(cli, &m, &err) : s;
    if (s != STATUS_OK) {
        return cli_fail("positions set", s, &err);
    }
    m.to = earliest ? m.log_start : end ? m.log_end : m.to;
    if (m.to < m.log_start || m.to > m.log_end) {
        return cli_refuse("positions set: the log of that partition is %" PRId64 " to %" PRId64
                          "; nothing was changed",
                          m.log_start, m.log_end);
    }
    explain(&m);
    if (!confirmed(&m)) {
        return cli_refuse("positions set: that is not the topic's name; nothing was changed");
    }
    s = set(cli, &m, &err);
    if (s != STATUS_OK) {
        return cli_fail("positions set", s, &err);
    }
    printf("intake reads partition %" PRId32 " of %s from %" PRId64 "\n", m.partition, m.topic,
           m.to);
    return EXIT_DONE;
}
