/* dayfour tasks: the calls to make, in the order of oh.calls(), which also notes whom it showed;
 * and the ids of tasks, as people write them. */
#include "services/cli/teams/tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "services/cli/commands.h"

/* ---- a call, for programs ---- */

const struct view_column tasks_columns[] = {
    {"task_id", "task_id", VIEW_TEXT, 0},
    {"act_by", "act_by", VIEW_DATE, 0},
    {"act_in_days", "act_in_days", VIEW_INT, 0},
    {"due_date", "due_date", VIEW_DATE, 0},
    {"days_left", "days_left", VIEW_INT, 0},
    {"priority", "priority", VIEW_INT, 0},
    {"state", "state", VIEW_TEXT, 0},
    {"queue", "queue", VIEW_TEXT, 0},
    {"name", "name", VIEW_TEXT, 0},
    {"phone", "phone", VIEW_TEXT, 0},
    {"preferred_time", "preferred_time", VIEW_TEXT, 0},
    {"person_id", "person_id", VIEW_TEXT, 0},
    {"attempts", "attempts", VIEW_INT, 0},
    {"assigned_to", "assigned_to", VIEW_TEXT, 0},
    {"assigned_name", "assigned_name", VIEW_TEXT, 0},
    {"organisation", "organisation", VIEW_TEXT, 0},
    {"pathway", "pathway", VIEW_TEXT, 0},
    {"email", "email", VIEW_TEXT, 0},
    {"language", "language", VIEW_TEXT, 0},
    {"voicemail", "voicemail", VIEW_BOOL, 0},
    {"channel", "channel", VIEW_TEXT, 0},
    {"needs", "needs", VIEW_TEXT, 0},
    {"site", "site", VIEW_TEXT, 0},
    {"staff_group", "staff_group", VIEW_TEXT, 0},
    {"job", "job", VIEW_TEXT, 0},
    {"onset_date", "onset_date", VIEW_DATE, 0},
    {"work_by_date", "work_by_date", VIEW_DATE, 0},
    {"respond_by", "respond_by", VIEW_DATE, 0},
    {"call_back_at", "call_back_at", VIEW_INSTANT, 0},
    {"end_reason", "end_reason", VIEW_TEXT, 0},
    {"last_outcome", "last_outcome", VIEW_TEXT, 0},
    {"first_attempt_at", "first_attempt_at", VIEW_INSTANT, 0},
    {"contacted_at", "contacted_at", VIEW_INSTANT, 0},
    {"in_target", "in_target", VIEW_BOOL, 0},
    {"elapsed_days", "elapsed_days", VIEW_INT, 0},
    {"elapsed_working_days", "elapsed_working_days", VIEW_INT, 0},
    {"relapse", "relapse", VIEW_BOOL, 0},
    {"late_report", "late_report", VIEW_BOOL, 0},
    {"known_at", "known_at", VIEW_INSTANT, 0},
    {"reason_late", "reason_late", VIEW_BOOL, 0},
    {"backdated", "backdated", VIEW_BOOL, 0},
    {"review_first", "review_first", VIEW_BOOL, 0},
    {"red_flag", "red_flag", VIEW_BOOL, 0},
    {"red_flag_open", "red_flag_open", VIEW_BOOL, 0},
    {"unreachable", "unreachable", VIEW_BOOL, 0},
    {"reason_changed", "reason_changed", VIEW_BOOL, 0},
    {"expected_return", "expected_return", VIEW_DATE, 0},
    {"last_day", "last_day", VIEW_DATE, 0},
    {"oh_record", "oh_record", VIEW_TEXT, 0},
    {"spell_id", "spell_id", VIEW_TEXT, 0},
    {"period_id", "period_id", VIEW_TEXT, 0},
    {"absence_ids", "absence_ids", VIEW_TEXTS, 0},
};
_Static_assert(sizeof tasks_columns / sizeof tasks_columns[0] == TASKS_COLUMNS, "tasks.h");

/* ---- the list ---- */

#define MOST "5000" /* rows in one answer */

/* The view and --by are the function's; the other choices are made here. */
#define CALLS                                                                                      \
    " from oh.calls($1, $2, null, null, " MOST ", $3, $4) t"                                       \
    " where (not $5 or t.is_mine) and (not $6 or t.assigned_to is null)"                           \
    " and (not $7 or t.state = 'open' and t.days_left < 0)"                                        \
    " and (not $8 or t.state = 'open' and t.days_left = 0) order by t.row_no"
static const uint32_t called_by[] = {PG_TEXT, PG_TEXT, PG_DATE, PG_TEXT, PG_BOOL,
                                     PG_BOOL, PG_BOOL, PG_BOOL, 0};

static const struct pg_stmt for_programs = {"tasks_all", "select " TASKS_SELECT CALLS, called_by};

/* All it takes to call somebody, and why somebody is on the list. */
static const struct pg_stmt for_people = {
    "tasks",
    "select t.task_id,"
    " case when t.is_promised or t.call_back_at is not null"
    "   then case when (t.call_back_at at time zone z)::date = oh.today() then 'today'"
    "        else to_char(t.call_back_at at time zone z, 'Dy FMDD Mon') end"
    "        || to_char(t.call_back_at at time zone z, ' HH24:MI')"
    "  when t.act_in_days = 0 then 'today' when t.act_in_days = 1 then 'tomorrow'"
    "  else to_char(t.act_by, 'Dy FMDD Mon') end,"
    " t.name,"
    " coalesce(t.phone, case when t.email is not null then 'none: e-mail' else 'none' end),"
    " case when t.is_mine then 'you' when t.assigned_to is null then 'nobody'"
    "  else t.assigned_name end,"
    " nullif(concat_ws(', ', case when t.red_flag_open then 'red flag' end,"
    "  case when t.is_promised then 'promised' end,"
    "  case when t.days_overdue is not null then t.days_overdue || case t.days_overdue when 1"
    "   then ' day' else ' days' end || ' overdue' end,"
    "  case t.overdue_why when 'reported_late' then 'reported late' when 'reason_late'"
    "   then 'reason added late' when 'start_moved' then 'start date moved earlier' end,"
    "  t.look_again || ' since ' || to_char(t.look_again_since, 'Dy FMDD Mon'),"
    "  case when t.unreachable then 'not reached' end,"
    "  case when t.relapse then 'recurrence' end,"
    "  case when t.review_first then 'review first' end,"
    "  case when t.backdated and t.overdue_why is distinct from 'start_moved'"
    "   then 'start date moved earlier' end,"
    "  case when t.reason_changed then 'reason changed' end,"
    "  case when t.hr_changed_at is not null then 'HR changed this' end), ''),"
    " case when t.state = 'open' then t.due_date end, t.tried, t.preferred_time, t.voicemail,"
    " t.language, t.needs, nullif(t.channel, 'phone'), t.site, t.queue, t.person_id,"
    " t.organisation, t.days_overdue, t.red_flag_open, t.total"
    " from oh.time_zone() z cross join lateral (select *" CALLS ") t order by t.row_no",
    called_by};
enum { CALL_BY = 1, PHONE = 3, NOTES = 5, DUE = 6, OVERDUE = 17, RED_FLAG = 18, TOTAL = 19 };
static const struct view_column list_columns[] = {
    {"task_id", "TASK", VIEW_TEXT, 0},
    {"call_by", "CALL BY", VIEW_WORDS, 0},
    {"name", "NAME", VIEW_TEXT, 1},
    {"phone", "PHONE", VIEW_TEXT, 0},
    {"with", "WITH", VIEW_TEXT, 1},
    {"notes", "NOTES", VIEW_TEXT, 2},
    {"due_date", "DUE", VIEW_DATE, 4},
    {"tried", "TRIED", VIEW_TEXT, 3},
    {"preferred_time", "BEST TIME", VIEW_TEXT, 5},
    {"voicemail", "VOICEMAIL", VIEW_BOOL, 5},
    {"language", "LANGUAGE", VIEW_TEXT, 5},
    {"needs", "NEEDS", VIEW_TEXT, 5},
    {"channel", "BY", VIEW_TEXT, 5},
    {"site", "SITE", VIEW_TEXT, 5},
    {"queue", "QUEUE", VIEW_TEXT, 6},
    {"person_id", "STAFF NO", VIEW_TEXT, 6},
    {"organisation", "ORGANISATION", VIEW_TEXT, 6},
    {"days_overdue", NULL, VIEW_INT, 0},
    {"red_flag_open", NULL, VIEW_BOOL, 0},
    {"total", NULL, VIEW_INT, 0},
};

#define RED "31"
#define YELLOW "33"

static const char *paint(const struct pg_result *r, size_t row, int col)
{
    if (col == CALL_BY || col == DUE) {
        bool today = strncmp(pg_text(r, row, CALL_BY), "today", 5) == 0;
        return !pg_is_null(r, row, OVERDUE) ? RED : today ? YELLOW : NULL;
    }
    if (col == PHONE && strncmp(pg_text(r, row, col), "none", 4) == 0) {
        return RED;
    }
    return col == NOTES && pg_bool(r, row, RED_FLAG) ? RED : NULL;
}

/* ---- days ---- */

static const struct pg_stmt today = {"tasks_today", "select oh.today()", (const uint32_t[]){0}};

/* 0 Monday to 6 Sunday, by three letters or the whole name; -1: none. */
static int weekday_of(const char *text)
{
    static const char *const names[] = {"monday", "tuesday",  "wednesday", "thursday",
                                        "friday", "saturday", "sunday"};
    size_t len = strlen(text);
    for (int i = 0; i < 7; i++) {
        if ((len == 3 || len == strlen(names[i])) && strncasecmp(text, names[i], len) == 0) {
            return i;
        }
    }
    return -1;
}

enum status days_read(struct cli *cli, const char *what, const char *text, bool ahead,
                      struct date *out, struct err *err)
{
    static const char *const near[] = {"yesterday", "today", "tomorrow"};
    struct pg_args none = {0};
    const struct pg_result *r = NULL;
    int by = -2;
    for (int i = 0; i < 3; i++) {
        by = strcasecmp(text, near[i]) == 0 ? i - 1 : by;
    }
    int weekday = weekday_of(text);
    if (date_parse(text, strlen(text), out)) {
        return STATUS_OK;
    }
    if (by == -2 && weekday < 0) {
        return err_set(err, STATUS_REJECT, "input", "%s: " DAY_FORMS, what);
    }
    enum status s = cli_query(cli, &today, &none, &r, err);
    if (s != STATUS_OK) {
        return s;
    }
    struct date d = pg_date(r, 0, 0);
    if (by == -2) {
        int from = (int)date_weekday(d);
        by = ahead ? (weekday - from + 6) % 7 + 1 : -((from - weekday + 6) % 7 + 1);
    }
    *out = date_add(d, by);
    return STATUS_OK;
}

static const char *view_of(const struct args *args)
{
    if (options_flag(args, "contacted")) {
        return "follow-up";
    }
    return options_flag(args, "mine")        ? "mine"
           : options_flag(args, "unclaimed") ? "unassigned"
                                             : "all";
}

int tasks_list(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    struct date by = DATE_NONE;
    bool json = options_flag(args, "json");
    const char *by_text = options_value(args, "by");
    enum status s = by_text == NULL ? STATUS_OK : days_read(cli, "--by", by_text, true, &by, &err);
    if (s == STATUS_OK) {
        pg_arg_text(&values, view_of(args));
        pg_arg_text(&values, options_value(args, "queue"));
        pg_arg_date(&values, by);
        pg_arg_text(&values, options_value(args, "organisation"));
        pg_arg_bool(&values, options_flag(args, "mine"));
        pg_arg_bool(&values, options_flag(args, "unclaimed"));
        pg_arg_bool(&values, options_flag(args, "overdue"));
        pg_arg_bool(&values, options_flag(args, "due-today"));
        s = cli_query(cli, json ? &for_programs : &for_people, &values, &r, &err);
        pg_args_clear(&values);
    }
    if (s != STATUS_OK) {
        return cli_fail("tasks", s, &err);
    }
    struct view all = {.columns = tasks_columns, .n = TASKS_COLUMNS};
    struct view list = {.columns = list_columns,
                        .n = sizeof list_columns / sizeof list_columns[0],
                        .empty = "no calls",
                        .folds = true,
                        .paint = paint};
    view_print(json ? &all : &list, r, json);
    if (!json && pg_rows(r) > 0 && pg_i64(r, 0, TOTAL) > strtoll(MOST, NULL, 10)) {
        printf("and more: only " MOST " are listed at once. Choose with --queue or --by.\n");
    }
    return EXIT_DONE;
}

/* ---- ids ---- */

/* False: what no id begins with. */
static bool normalise(const char *text, char out[TASK_ID_TEXT])
{
    size_t len = strlen(text);
    if (len == TASK_ID_TEXT && text[0] == 's') {
        text++;
        len--;
    }
    if (len == 0 || len >= TASK_ID_TEXT) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c >= 'a' && c <= 'z') {
            c = (char)(c - 'a' + 'A');
        }
        if (c == 'O') {
            c = '0';
        } else if (c == 'I' || c == 'L') {
            c = '1';
        }
        if (strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", c) == NULL) {
            return false;
        }
        out[i] = c;
    }
    out[len] = '\0';
    return true;
}

static const struct pg_stmt find = {"tasks_find", "select task_id from oh.task_ids($1)",
                                    (const uint32_t[]){PG_TEXT, 0}};

enum status tasks_find(struct cli *cli, const char *beginning, char out[TASK_ID_TEXT],
                       struct err *err)
{
    char id[TASK_ID_TEXT];
    if (!normalise(beginning, id)) {
        return err_set(err, STATUS_REJECT, "input", "that is no task id, nor the beginning of one");
    }
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, id);
    enum status s = cli_query(cli, &find, &values, &r, err);
    pg_args_clear(&values);
    if (s != STATUS_OK) {
        return s;
    }
    if (pg_rows(r) != 1) {
        return err_set(err, STATUS_REJECT, "input",
                       pg_rows(r) == 0 ? "no such task for you"
                                       : "more than one task begins like that");
    }
    snprintf(out, TASK_ID_TEXT, "%s", pg_text(r, 0, 0));
    return STATUS_OK;
}
