/* dayfour report: how the service does, by organisation, pathway and month. */
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/shown.h"
#include "services/cli/commands.h"
#include "services/cli/reports/chart.h"
#include "services/cli/reports/measure.h"
#include "services/cli/view.h"

struct asked {
    struct date from, to; /* NONE: as the database thinks fit */
    const char *organisation, *pathway;
};

/* YYYY-MM, or any day of the month. */
static bool parse_month(const char *text, struct date *out)
{
    char day[DATE_TEXT];
    if (strlen(text) == 7) {
        snprintf(day, sizeof day, "%s-01", text);
        return date_parse(day, strlen(day), out);
    }
    return date_parse(text, strlen(text), out);
}

static bool parse(const struct args *args, struct asked *out)
{
    const char *from = options_value(args, "from");
    const char *to = options_value(args, "to");
    *out = (struct asked){.from = DATE_NONE,
                          .to = DATE_NONE,
                          .organisation = options_value(args, "organisation"),
                          .pathway = options_value(args, "pathway")};
    return (from == NULL || parse_month(from, &out->from)) &&
           (to == NULL || parse_month(to, &out->to));
}

static enum status query(struct cli *cli, const struct pg_stmt *stmt, const struct asked *asked,
                         const struct pg_result **out, struct err *err)
{
    struct pg_args values = {0};
    pg_arg_date(&values, asked->from);
    pg_arg_date(&values, asked->to);
    pg_arg_text(&values, asked->organisation);
    pg_arg_text(&values, asked->pathway);
    enum status s = cli_query(cli, stmt, &values, out, err);
    pg_args_clear(&values);
    return s;
}

/* ---- for programs ---- */

static const uint32_t asked_types[] = {PG_DATE, PG_DATE, PG_TEXT, PG_TEXT, 0};

/* A row as a JSON object; and its members one by one. */
static const struct pg_stmt objects = {
    "report_objects", "select w.part, w.told::text from report.whole($1, $2, $3, $4) w",
    asked_types};
static const struct pg_stmt members = {
    "report_members",
    "select w.told ->> 'organisation', w.told ->> 'pathway', w.told ->> 'month', e.name"
    " || case when w.part = 'places' then ' by ' || (w.told ->> 'dimension') || ': '"
    " || coalesce(w.told ->> 'value', 'not given') else '' end, e.value"
    " from report.whole($1, $2, $3, $4) w, json_each_text(w.told) e(name, value)"
    " where e.name not in ('organisation', 'pathway', 'month', 'dimension', 'value')",
    asked_types};

static void print_part(const struct pg_result *r, const char *part)
{
    bool first = true;
    for (size_t row = 0; row < pg_rows(r); row++) {
        if (strcmp(pg_text(r, row, 0), part) == 0) {
            printf("%s\n%s", first ? "" : ",", pg_text(r, row, 1));
            first = false;
        }
    }
}

static void print_json(const struct pg_result *r)
{
    static const char *const parts[] = {"measures", "quality", "arrivals", "places", "unreached"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        printf("%s\"%s\":[", i == 0 ? "{" : ",", parts[i]);
        print_part(r, parts[i]);
        fputs("\n]", stdout);
    }
    fputs("}\n", stdout);
}

static void print_csv(const struct pg_result *r)
{
    struct buf line = {0};
    fputs("organisation,pathway,month,measure,value\r\n", stdout);
    for (size_t row = 0; row < pg_rows(r); row++) {
        buf_reset(&line);
        for (int col = 0; col < 5; col++) {
            buf_puts(&line, col == 0 ? "" : ",");
            shown_csv(&line, pg_text(r, row, col));
        }
        printf("%s\r\n", line.data);
    }
    buf_clear(&line);
}

/* ---- for people ---- */

static const struct pg_stmt measures_table = {
    "report_measures",
    "select organisation, pathway, month, t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9],"
    " t[10], t[11], t[12], t[13], t[14], t[15], t[16], t[17], t[18], t[19], t[20], t[21], t[22],"
    " t[23]"
    " from report.measures($1, $2, $3, $4) cross join lateral array_replace(array[spells::text,"
    " coalesce(in_target_raw_percent || ' %', '>= ' || in_target_raw_at_least || ' %'),"
    " coalesce(in_target_achievable_percent || ' %', '>= ' || in_target_achievable_at_least"
    " || ' %'),"
    " attempted_percent || ' %', days_to_contact_median::text, days_to_contact_p90::text,"
    " report_lag_median::text, report_lag_p90::text, fte_days_lost::text, duration_median::text,"
    " long_term_percent || ' %', relapse_percent || ' %', late_report::text, reason_late::text,"
    " opted_out::text, left_employment::text, no_contact_due::text, missed::text,"
    " fast_track_treatment::text, self_management_advice::text, onward_referral::text,"
    " no_action_needed::text, declined::text], null,"
    " case when report.is_over(month) then '*' else 'not over' end) t",
    asked_types};

#define HEADINGS 26
static const char *const performance[HEADINGS] = {
    "ORGANISATION", "PATHWAY",  "MONTH",       "SPELLS",    "IN TARGET",
    "ACHIEVABLE",   "TRIED",    "DAYS MEDIAN", "DAYS P90",  "LAG MEDIAN",
    "LAG P90",      "FTE DAYS", "OFF MEDIAN",  "LONG-TERM", "RELAPSED"};
static const char *const outcomes[HEADINGS] = {
    [0] = "ORGANISATION", [1] = "PATHWAY",     [2] = "MONTH",   [15] = "REPORTED LATE",
    [16] = "REASON LATE", [17] = "OPTED OUT",  [18] = "LEFT",   [19] = "NOT DUE",
    [20] = "MISSED",      [21] = "FAST TRACK", [22] = "ADVICE", [23] = "REFERRED",
    [24] = "NO ACTION",   [25] = "DECLINED"};

static const struct pg_stmt quality_table = {
    "report_quality",
    "select coalesce(organisation, '(not to be read)'), month, t[1], t[2], t[3], t[4], t[5]"
    " from report.quality($1, $2, $3) cross join lateral array_replace(array[records::text,"
    " without_reason_percent || ' %', reason_by_day_4_percent || ' %', backdated_percent || ' %',"
    " dead_letters::text], null, case when report.is_over(month) then '*' else 'not over' end) t"
    " where $4 is null",
    asked_types};
static const char *const quality[] = {"ORGANISATION", "MONTH",     "RECORDS",     "NO REASON",
                                      "BY DAY 4",     "BACKDATED", "DEAD LETTERS"};

static const struct pg_stmt arrivals_table = {
    "report_arrivals",
    "select organisation, month, t[1], t[2], t[3], t[4], t[5], t[6], t[7]"
    " from report.arrivals($1, $2, $3) cross join lateral array_replace(array["
    " without_reason_day_1_percent || ' %', without_reason_day_2_percent || ' %',"
    " without_reason_day_4_percent || ' %', recording_lag_median::text, recording_lag_p90::text,"
    " reason_lag_median::text, reason_lag_p90::text], null,"
    " case when report.is_over(month) then '*' else 'not over' end) t where $4 is null",
    asked_types};
static const char *const arrivals[] = {"ORGANISATION",  "MONTH",          "NO REASON DAY 1",
                                       "DAY 2",         "DAY 4",          "RECORDED, MEDIAN",
                                       "RECORDED, P90", "REASON, MEDIAN", "REASON, P90"};

static const struct pg_stmt unreached_table = {
    "report_unreached",
    "select organisation, pathway, month, coalesce(unable_to_contact::text,"
    " case when report.is_over(month) then '*' else 'not over' end)"
    " from report.unreached($1, $2, $3, $4)",
    asked_types};
static const char *const unreached[] = {"ORGANISATION", "PATHWAY", "MONTH", "UNABLE TO CONTACT"};

static const struct pg_stmt places_table = {
    "report_places",
    "select organisation, replace(dimension, '_', ' '), coalesce(value, '(not given)'), month,"
    " spells::text, coalesce(in_target_percent || ' %', '*')"
    " from report.places($1, $2, $3) where $4 is null",
    asked_types};
static const char *const places[] = {"ORGANISATION", "BY", "", "MONTH", "SPELLS", "IN TARGET"};

static void print_table(const char *title, const char *const *headings, size_t n,
                        const struct pg_result *r)
{
    struct view_column columns[HEADINGS];
    for (size_t i = 0; i < n; i++) {
        columns[i] = (struct view_column){.name = "", .heading = headings[i], .type = VIEW_TEXT};
    }
    struct view v = {.columns = columns, .n = n, .empty = "nothing: no organisation has sent any"};
    printf("%s\n", title);
    view_table(&v, r, stdout);
}

struct table {
    const char *title;
    const struct pg_stmt *stmt;
    const char *const *headings;
    size_t n;
    bool of_all; /* of all pathways together only */
};

#define TABLE(title, stmt, headings, of_all)                                                       \
    {                                                                                              \
        title, &(stmt), headings, sizeof(headings) / sizeof((headings)[0]), of_all                 \
    }
static const struct table tables[] = {
    TABLE("Not reached, by month of onset", unreached_table, unreached, false),
    TABLE("Records of HR, by month of onset", quality_table, quality, true),
    TABLE("Days until an absence and its reason were there, by month of onset", arrivals_table,
          arrivals, true),
    TABLE("By site and by staff group", places_table, places, true),
};

static enum status print_tables(struct cli *cli, const struct asked *asked, struct err *err)
{
    const struct pg_result *r = NULL;
    enum status s = query(cli, &measures_table, asked, &r, err);
    if (s != STATUS_OK) {
        return s;
    }
    print_table("Spells by month of onset", performance, HEADINGS, r);
    print_table("\nWhat became of them", outcomes, HEADINGS, r);
    for (size_t i = 0; s == STATUS_OK && i < sizeof tables / sizeof tables[0]; i++) {
        if (tables[i].of_all && asked->pathway != NULL) {
            continue;
        }
        s = query(cli, tables[i].stmt, asked, &r, err);
        if (s == STATUS_OK) {
            fputc('\n', stdout);
            print_table(tables[i].title, tables[i].headings, tables[i].n, r);
        }
    }
    fputs("\n* held back: fewer than 5, or would tell of fewer than 5. "
          "The meaning of each: dayfour report --define\n",
          stdout);
    return s;
}

/* ---- the command ---- */

static enum status print(struct cli *cli, const struct args *args, const struct asked *asked,
                         struct err *err)
{
    const struct pg_result *r = NULL;
    enum status s = STATUS_OK;
    if (options_flag(args, "json")) {
        s = query(cli, &objects, asked, &r, err);
        if (s == STATUS_OK) {
            print_json(r);
        }
        return s;
    }
    if (options_flag(args, "csv")) {
        s = query(cli, &members, asked, &r, err);
        if (s == STATUS_OK) {
            print_csv(r);
        }
        return s;
    }
    return print_tables(cli, asked, err);
}

static enum status draw(struct cli *cli, const struct asked *asked, const char *path,
                        struct err *err)
{
    static const struct pg_stmt stmt = {
        "report_chart",
        "select organisation, pathway, month, in_target_raw_percent::text,"
        " in_target_achievable_percent::text, days_to_contact_median, days_to_contact_p90"
        " from report.measures($1, $2, $3, $4)",
        asked_types};
    const struct pg_result *r = NULL;
    enum status s = query(cli, &stmt, asked, &r, err);
    return s == STATUS_OK ? chart_write(path, r, err) : s;
}

int report_run(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct asked asked;
    if (options_flag(args, "define")) {
        measure_define(stdout);
        return EXIT_DONE;
    }
    if (!parse(args, &asked)) {
        return cli_refuse("report: --from and --to: a month is needed, as 2026-09");
    }
    const char *svg = options_value(args, "svg");
    enum status s = svg != NULL ? draw(cli, &asked, svg, &err) : print(cli, args, &asked, &err);
    return s == STATUS_OK ? EXIT_DONE : cli_fail("report", s, &err);
}
