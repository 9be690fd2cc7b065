/* dayfour audit list, dayfour audit export: what was done and read, by whom. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "services/cli/commands.h"
#include "services/cli/view.h"

#define PAGE 1000 /* entries in memory at once */
#define SHOWN "50"

/* A day is one of the installation's, which the database knows. */
#define SINCE "($1 is null or e.at >= $1)"
#define BEFORE "($2 is null or e.at < $2)"

static const struct pg_stmt day_begins = {"audit_day",
                                          "select ($1 + $2)::timestamp at time zone oh.time_zone()",
                                          (const uint32_t[]){PG_DATE, PG_INT4, 0}};

/* end: the end of a day is meant. Not given: NONE. */
static enum status read_time(struct cli *cli, const struct args *args, const char *option, bool end,
                             struct instant *out, struct err *err)
{
    const char *text = options_value(args, option);
    struct date day;
    *out = INSTANT_NONE;
    if (text == NULL || instant_parse(text, strlen(text), out)) {
        return STATUS_OK;
    }
    if (!date_parse(text, strlen(text), &day)) {
        return err_set(err, STATUS_REJECT, "input", "--%s: YYYY-MM-DD or an RFC 3339 time", option);
    }
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_date(&values, day);
    pg_arg_i32(&values, end ? 1 : 0);
    enum status s = cli_query(cli, &day_begins, &values, &r, err);
    pg_args_clear(&values);
    if (s == STATUS_OK) {
        *out = pg_instant(r, 0, 0);
    }
    return s;
}

static enum status read_times(struct cli *cli, const struct args *args, struct instant *from,
                              struct instant *to, struct err *err)
{
    enum status s = read_time(cli, args, "from", false, from, err);
    return s == STATUS_OK ? read_time(cli, args, "to", true, to, err) : s;
}

/* ---- list ---- */

#define READER "coalesce(case when e.what = 'reads' then e.detail ->> 'reader' end, e.who)"

/* Entries about a person. They include bulk reads of the organisation that may have shown the
 * person, statements of older versions that name the person, and today's reads that no entry counts
 * yet. */
static const struct pg_stmt list = {
    "audit_list",
    "select * from ("
    " (select e.entry_id, e.at, " READER " as who, e.what, e.organisation, e.person_id, e.why,"
    "         e.detail::text"
    "  from audit.entry e where " SINCE " and " BEFORE " and ($3 is null or " READER " = $3)"
    "  and ($4 is null or e.organisation = $4 or $5 is not null and e.detail ? 'query')"
    "  and ($7 or $5 is not null or e.what not in ('read_about', 'reads'))"
    "  and ($5 is null or e.person_id = $5 or e.what = 'read_bulk' and $4 is not null"
    "       or strpos(e.detail ->> 'query', quote_literal($5)) > 0)"
    "  order by e.entry_id desc limit $6)"
    " union all"
    " (select null, e.at, e.who, 'reads', $4, $5, null,"
    "         json_build_object('times', e.times, 'first', e.first_at, 'last', e.at,"
    "                           'views', e.views)::text"
    "  from (select u.*, u.last_at as at from audit.uncounted($4, $5) u) e"
    "  where " SINCE " and " BEFORE " and ($3 is null or e.who = $3))"
    " order by 1 desc nulls first limit $6) n order by n.entry_id nulls last, n.at",
    (const uint32_t[]){PG_TIMESTAMPTZ, PG_TIMESTAMPTZ, PG_TEXT, PG_TEXT, PG_TEXT, PG_INT8, PG_BOOL,
                       0}};
static const struct view_column listed[] = {
    {"entry_id", "ENTRY", VIEW_INT, false},
    {"at", "AT", VIEW_INSTANT, false},
    {"who", "WHO", VIEW_TEXT, true},
    {"what", "WHAT", VIEW_TEXT, false},
    {"organisation", "ORGANISATION", VIEW_TEXT, true},
    {"person_id", "PERSON", VIEW_TEXT, true},
    {"why", "WHY", VIEW_TEXT, true},
    {"detail", "DETAIL", VIEW_JSON, true},
};

/* --person ORGANISATION PERSON_ID; or --person PERSON_ID, of any organisation. False: neither. */
static bool read_person(const struct args *args, const char **organisation, const char **person)
{
    *organisation = options_value(args, "organisation");
    *person = options_value(args, "person");
    if (args->n == 1 && *person != NULL && *organisation == NULL) {
        *organisation = *person;
        *person = options_argument(args, 0);
        return true;
    }
    return args->n == 0;
}

int audit_list(struct cli *cli, const struct args *args)
{
    const char *organisation = NULL;
    const char *person = NULL;
    if (!read_person(args, &organisation, &person)) {
        return cli_refuse("audit list: --person ORGANISATION PERSON_ID is needed");
    }
    const char *most = options_value(args, "limit");
    char *end = NULL;
    long long limit = strtoll(most == NULL ? SHOWN : most, &end, 10);
    if (*end != '\0' || limit <= 0) {
        return cli_refuse("audit list: --limit: a number is needed");
    }
    struct err err = {0};
    struct instant from;
    struct instant to;
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    enum status s = cli_local_time(cli, &err);
    s = s == STATUS_OK ? read_times(cli, args, &from, &to, &err) : s;
    if (s == STATUS_OK) {
        pg_arg_instant(&values, from);
        pg_arg_instant(&values, to);
        pg_arg_text(&values, options_value(args, "who"));
        pg_arg_text(&values, organisation);
        pg_arg_text(&values, person);
        pg_arg_i64(&values, limit);
        pg_arg_bool(&values, options_flag(args, "all"));
        s = cli_query(cli, &list, &values, &r, &err);
        pg_args_clear(&values);
    }
    if (s != STATUS_OK) {
        return cli_fail("audit list", s, &err);
    }
    struct view v = {
        .columns = listed, .n = sizeof listed / sizeof listed[0], .empty = "no entries"};
    view_print(&v, r, options_flag(args, "json"));
    return EXIT_DONE;
}

/* ---- export ---- */

static const struct pg_stmt page = {
    "audit_page",
    "select e.entry_id, e.at, e.who, e.what, e.organisation, e.person_id, e.why, e.detail::text,"
    " e.xact::text, e.statement_at, s.seal_no, s.sealed_at, encode(s.salt, 'hex'),"
    " encode(s.digest, 'hex'), encode(s.entry_hash, 'hex'), encode(s.hash, 'hex'),"
    " s.entry_id is not null and s.salt is null"
    " from audit.entry e left join audit.seal s using (entry_id)"
    " where " SINCE " and " BEFORE " and e.entry_id > $3 order by e.entry_id limit $4",
    (const uint32_t[]){PG_TIMESTAMPTZ, PG_TIMESTAMPTZ, PG_INT8, PG_INT8, 0}};
static const struct view_column exported[] = {
    {"entry_id", NULL, VIEW_INT, false},      {"at", NULL, VIEW_INSTANT, false},
    {"who", NULL, VIEW_TEXT, false},          {"what", NULL, VIEW_TEXT, false},
    {"organisation", NULL, VIEW_TEXT, false}, {"person_id", NULL, VIEW_TEXT, false},
    {"why", NULL, VIEW_TEXT, false},          {"detail", NULL, VIEW_JSON, false},
    {"xact", NULL, VIEW_TEXT, false},         {"statement_at", NULL, VIEW_INSTANT, false},
    {"seal_no", NULL, VIEW_INT, false},       {"sealed_at", NULL, VIEW_INSTANT, false},
    {"salt", NULL, VIEW_TEXT, false},         {"digest", NULL, VIEW_TEXT, false},
    {"entry_hash", NULL, VIEW_TEXT, false},   {"hash", NULL, VIEW_TEXT, false},
    {"erased", NULL, VIEW_BOOL, false},
};

/* *last: the entry to continue behind, INT64_MAX after the last. */
static enum status export_page(struct cli *cli, struct instant from, struct instant to,
                               int64_t *last, struct err *err)
{
    struct view v = {.columns = exported, .n = sizeof exported / sizeof exported[0]};
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_instant(&values, from);
    pg_arg_instant(&values, to);
    pg_arg_i64(&values, *last);
    pg_arg_i64(&values, PAGE);
    enum status s = cli_query(cli, &page, &values, &r, err);
    pg_args_clear(&values);
    if (s != STATUS_OK) {
        return s;
    }
    for (size_t row = 0; row < pg_rows(r); row++) {
        view_row_json(&v, r, row, stdout);
    }
    *last = pg_rows(r) < PAGE ? INT64_MAX : pg_i64(r, PAGE - 1, 0);
    return STATUS_OK;
}

int audit_export(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct instant from;
    struct instant to;
    int64_t last = 0;
    enum status s = read_times(cli, args, &from, &to, &err);
    while (s == STATUS_OK && last != INT64_MAX) {
        s = export_page(cli, from, to, &last, &err);
    }
    return s == STATUS_OK ? EXIT_DONE : cli_fail("audit export", s, &err);
}
