/* dayfour tasks: the worklist; and the ids of tasks, as people write them. */
#include "services/cli/tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/cli/commands.h"

/* ---- oh.task, for programs ---- */

const struct view_column tasks_columns[] = {
    {"task_id", "task_id", VIEW_TEXT, 0},
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
    {"organisation", "organisation", VIEW_TEXT, 0},
    {"pathway", "pathway", VIEW_TEXT, 0},
    {"email", "email", VIEW_TEXT, 0},
    {"language", "language", VIEW_TEXT, 0},
    {"voicemail", "voicemail", VIEW_BOOL, 0},
    {"onset_date", "onset_date", VIEW_DATE, 0},
    {"work_by_date", "work_by_date", VIEW_DATE, 0},
    {"respond_by", "respond_by", VIEW_DATE, 0},
    {"end_reason", "end_reason", VIEW_TEXT, 0},
    {"last_outcome", "last_outcome", VIEW_TEXT, 0},
    {"first_attempt_at", "first_attempt_at", VIEW_INSTANT, 0},
    {"contacted_at", "contacted_at", VIEW_INSTANT, 0},
    {"in_target", "in_target", VIEW_BOOL, 0},
    {"elapsed_days", "elapsed_days", VIEW_INT, 0},
    {"elapsed_working_days", "elapsed_working_days", VIEW_INT, 0},
    {"relapse", "relapse", VIEW_BOOL, 0},
    {"late_report", "late_report", VIEW_BOOL, 0},
    {"backdated", "backdated", VIEW_BOOL, 0},
    {"review_first", "review_first", VIEW_BOOL, 0},
    {"red_flag", "red_flag", VIEW_BOOL, 0},
    {"reason_changed", "reason_changed", VIEW_BOOL, 0},
    {"expected_return", "expected_return", VIEW_DATE, 0},
    {"last_day", "last_day", VIEW_DATE, 0},
    {"spell_id", "spell_id", VIEW_TEXT, 0},
    {"period_id", "period_id", VIEW_TEXT, 0},
    {"absence_ids", "absence_ids", VIEW_TEXTS, 0},
};
_Static_assert(sizeof tasks_columns / sizeof tasks_columns[0] == TASKS_COLUMNS, "tasks.h");

/* ---- the worklist ---- */

#define SELECTED                                                                                   \
    " where ($1 is null or t.queue = $1) and ($2 is null or t.organisation = $2)"                  \
    "   and (not $3 or t.assigned_to = session_user) and (not $4 or t.assigned_to is null)"        \
    "   and (not $5 or t.state = 'open' and t.days_left < 0)"                                      \
    "   and (not $6 or t.state = 'open' and t.days_left = 0)"                                      \
    " order by t.state desc, t.due_date, t.priority, t.task_id"
static const uint32_t selected_by[] = {PG_TEXT, PG_TEXT, PG_BOOL, PG_BOOL, PG_BOOL, PG_BOOL, 0};

static const struct pg_stmt for_programs = {
    "tasks_all", "select " TASKS_SELECT " from oh.worklist t" SELECTED, selected_by};

/* What one needs to ring somebody; why a task is on the list again, and the days and times of day
 * at which it was tried. */
static const struct pg_stmt for_people = {
    "tasks",
    "select t.task_id, case when t.state = 'open' then t.due_date end,"
    " case when t.state = 'open' then t.days_left end, t.priority, t.name,"
    " coalesce(t.phone, case when t.email is not null then 'none: e-mail' else 'none' end),"
    " t.language, t.preferred_time, t.voicemail,"
    " case when t.attempts > 0 then"
    "  (select string_agg(to_char(e.at at time zone oh.time_zone(), 'Dy HH24:MI'), ', '"
    "                     order by e.at, e.entry_id)"
    "   from oh.entry e where e.task_id = t.task_id and e.kind = 'attempt'"
    "   and e.retracted_at is null) end,"
    " t.assigned_to,"
    " concat_ws(', ', case when t.red_flag then 'red flag' end,"
    "  case when t.state = 'contacted' then"
    "   (select e.kind || ' since ' || e.occurs_on from oh.event e"
    "    where e.organisation = t.organisation and e.spell_id = t.spell_id"
    "    and e.kind in ('follow-up.due', 'review.due', 'check-in.due') and e.withdrawn_at is null"
    "    order by e.occurs_on desc, e.kind limit 1) end,"
    "  case when t.relapse then 'relapse' end, case when t.late_report then 'late report' end,"
    "  case when t.review_first then 'review first' end,"
    "  case when t.backdated then 'backdated' end,"
    "  case when t.reason_changed then 'reason changed' end),"
    " t.queue, t.person_id, t.organisation"
    " from oh.worklist t" SELECTED,
    selected_by};
enum { DUE = 1, LEFT = 2, PHONE = 5, NOTES = 11 };
static const struct view_column list_columns[] = {
    {"task_id", "TASK", VIEW_TEXT, 0},
    {"due_date", "DUE", VIEW_DATE, 0},
    {"days_left", "LEFT", VIEW_INT, 0},
    {"priority", "P", VIEW_INT, 8},
    {"name", "NAME", VIEW_TEXT, 1},
    {"phone", "PHONE", VIEW_TEXT, 0},
    {"language", "LANG", VIEW_TEXT, 1},
    {"preferred_time", "BEST TIME", VIEW_TEXT, 1},
    {"voicemail", "VMAIL", VIEW_BOOL, 1},
    {"tried", "TRIED", VIEW_TEXT, 2},
    {"assigned_to", "WITH", VIEW_TEXT, 4},
    {"notes", "NOTES", VIEW_TEXT, 3},
    {"queue", "QUEUE", VIEW_TEXT, 6},
    {"person_id", "PERSON", VIEW_TEXT, 5},
    {"organisation", "ORGANISATION", VIEW_TEXT, 7},
};

#define RED "31"
#define YELLOW "33"

static const char *paint(const struct pg_result *r, size_t row, int col)
{
    bool due = !pg_is_null(r, row, LEFT);
    int64_t left = pg_i64(r, row, LEFT);
    if ((col == DUE || col == LEFT) && due && left <= 0) {
        return left < 0 ? RED : YELLOW;
    }
    if (col == PHONE && strncmp(pg_text(r, row, col), "none", 4) == 0) {
        return RED;
    }
    return col == NOTES && strncmp(pg_text(r, row, col), "red flag", 8) == 0 ? RED : NULL;
}

int tasks_list(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    bool json = options_flag(args, "json");
    pg_arg_text(&values, options_value(args, "queue"));
    pg_arg_text(&values, options_value(args, "organisation"));
    pg_arg_bool(&values, options_flag(args, "mine"));
    pg_arg_bool(&values, options_flag(args, "unclaimed"));
    pg_arg_bool(&values, options_flag(args, "overdue"));
    pg_arg_bool(&values, options_flag(args, "due-today"));
    enum status s = cli_query(cli, json ? &for_programs : &for_people, &values, &r, &err);
    pg_args_clear(&values);
    if (s != STATUS_OK) {
        return cli_fail("tasks", s, &err);
    }
    struct view all = {.columns = tasks_columns, .n = TASKS_COLUMNS};
    struct view list = {.columns = list_columns,
                        .n = sizeof list_columns / sizeof list_columns[0],
                        .empty = "nothing to do",
                        .paint = paint};
    view_print(json ? &all : &list, r, json);
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

static const struct pg_stmt find = {
    "tasks_find", "select task_id from oh.task where task_id >= $1 and task_id < $1 || '~' limit 2",
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
