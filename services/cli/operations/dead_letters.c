/* dayfour dead-letters: what HR systems sent and Dayfour could not take. */
#include "services/cli/operations/dead_letters.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/cli/commands.h"
#include "services/cli/view.h"

/* ---- list ---- */

static const struct view_column listed[] = {
    {"topic", NULL, VIEW_TEXT, false},
    {"partition", NULL, VIEW_INT, false},
    {"offset", NULL, VIEW_INT, false},
    {"place", "TOPIC/PARTITION/OFFSET", VIEW_WORDS, false},
    {"reason", "REASON", VIEW_TEXT, false},
    {"detail", "DETAIL", VIEW_TEXT, true},
    {"organisation", "ORGANISATION", VIEW_TEXT, true},
    {"size", "BYTES", VIEW_INT, false},
    {"received_at", "RECEIVED", VIEW_INSTANT, false},
    {"published", "PUBLISHED", VIEW_BOOL, false},
    {"sha256", NULL, VIEW_TEXT, false},
};
#define LISTED (sizeof listed / sizeof listed[0])

static const struct pg_stmt list = {
    "dead_letters_list",
    "select topic, partition, \"offset\", topic || '/' || partition || '/' || \"offset\", reason,"
    " detail, organisation, size, received_at, published_batch is not null,"
    " encode(sha256, 'hex')"
    " from (select * from ops.dead_letter where $1 is null or reason = $1"
    "       order by received_at desc, topic, partition, \"offset\" limit $2) d"
    " order by received_at, topic, partition, \"offset\"",
    (const uint32_t[]){PG_TEXT, PG_INT8, 0}};

static bool parse_limit(const char *text, int64_t *out)
{
    char *end = NULL;
    *out = INT64_MAX;
    if (text == NULL) {
        return true;
    }
    *out = strtoll(text, &end, 10);
    return end != text && *end == '\0' && *out > 0;
}

int dead_letters_list(struct cli *cli, const struct args *args)
{
    int64_t limit = 0;
    if (!parse_limit(options_value(args, "limit"), &limit)) {
        return cli_refuse("dead-letters list: --limit: a number is needed");
    }
    struct err err = {0};
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, options_value(args, "reason"));
    pg_arg_i64(&values, limit);
    enum status s = cli_query(cli, &list, &values, &r, &err);
    pg_args_clear(&values);
    if (s != STATUS_OK) {
        return cli_fail("dead-letters", s, &err);
    }
    struct view v = {.columns = listed, .n = LISTED, .empty = "no dead letters"};
    view_print(&v, r, options_flag(args, "json"));
    return EXIT_DONE;
}

/* ---- show ---- */

bool dead_letters_parse(const char *text, struct record_position *out)
{
    const char *last = strrchr(text, '/');
    const char *before = last;
    while (before != NULL && before > text && *--before != '/') {
    }
    if (before == NULL || before == text || *before != '/' ||
        (size_t)(before - text) >= sizeof out->topic) {
        return false;
    }
    char *end = NULL;
    long partition = strtol(before + 1, &end, 10);
    bool good = end == last && end != before + 1 && partition >= 0 && partition <= INT_MAX;
    out->offset = strtoll(last + 1, &end, 10);
    good = good && end != last + 1 && *end == '\0' && out->offset >= 0;
    out->partition = (int32_t)partition;
    memcpy(out->topic, text, (size_t)(before - text));
    out->topic[before - text] = '\0';
    return good;
}

/* Headers, key and value are for those who own the feed of that organisation; others see the rest.
 */
static const struct pg_stmt may_see_raw = {
    "dead_letters_may", "select has_table_privilege('ops.dead_letter_raw', 'select')", NULL};

#define SHOWN_COLUMNS                                                                              \
    "topic || '/' || partition || '/' || \"offset\", reason, detail, organisation, size,"          \
    " received_at, published_batch is not null, encode(sha256, 'hex')"
#define AT_PLACE " where topic = $1 and partition = $2 and \"offset\" = $3"

static const struct pg_stmt show = {"dead_letters_show",
                                    "select " SHOWN_COLUMNS " from ops.dead_letter" AT_PLACE,
                                    (const uint32_t[]){PG_TEXT, PG_INT4, PG_INT8, 0}};
static const struct pg_stmt show_raw = {"dead_letters_show_raw",
                                        "select " SHOWN_COLUMNS
                                        ", headers, key, value from ops.dead_letter_raw" AT_PLACE,
                                        (const uint32_t[]){PG_TEXT, PG_INT4, PG_INT8, 0}};

static const struct view_column shown[] = {
    {"place", "place", VIEW_TEXT, false},
    {"reason", "reason", VIEW_TEXT, false},
    {"detail", "detail", VIEW_TEXT, false},
    {"organisation", "organisation", VIEW_TEXT, false},
    {"size", "bytes", VIEW_INT, false},
    {"received_at", "received", VIEW_INSTANT, false},
    {"published", "published", VIEW_BOOL, false},
    {"sha256", "sha256", VIEW_TEXT, false},
    {"headers", "headers", VIEW_HEADERS, false},
    {"key", "key", VIEW_BYTES, false},
    {"value", "value", VIEW_BYTES, false},
};
#define SHOWN (sizeof shown / sizeof shown[0])
#define OF_THE_SENDER 3 /* headers, key and value */

static enum status read_dead_letter(struct cli *cli, const struct pg_stmt *stmt,
                                    const struct record_position *position,
                                    const struct pg_result **out, struct err *err)
{
    struct pg_args values = {0};
    pg_arg_text(&values, position->topic);
    pg_arg_i32(&values, position->partition);
    pg_arg_i64(&values, position->offset);
    enum status s = cli_query(cli, stmt, &values, out, err);
    pg_args_clear(&values);
    return s;
}

int dead_letters_show(struct cli *cli, const struct args *args)
{
    struct record_position position;
    if (!dead_letters_parse(options_argument(args, 0), &position)) {
        return cli_refuse("dead-letters show: TOPIC/PARTITION/OFFSET is needed");
    }
    struct err err = {0};
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &may_see_raw, NULL, &r, &err);
    bool whole = s == STATUS_OK && pg_bool(r, 0, 0);
    if (whole) {
        s = read_dead_letter(cli, &show_raw, &position, &r, &err);
        whole = s == STATUS_OK && pg_rows(r) > 0;
    }
    if (s == STATUS_OK && !whole) {
        s = read_dead_letter(cli, &show, &position, &r, &err);
    }
    if (s != STATUS_OK) {
        return cli_fail("dead-letters", s, &err);
    }
    if (pg_rows(r) == 0) {
        return cli_refuse("dead-letters show: no dead letter at that place");
    }
    struct view v = {.columns = shown, .n = whole ? SHOWN : SHOWN - OF_THE_SENDER};
    if (options_flag(args, "json")) {
        view_row_json(&v, r, 0, stdout);
    } else {
        view_row(&v, r, 0, stdout);
    }
    return EXIT_DONE;
}
