/* dayfour tasks, dayfour show: the worklist, and all there is about one task. */
#include "services/cli/tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/cli/commands.h"
#include "services/cli/view.h"

/* ---- columns, in the order of oh.task; some more for the table ---- */

#define TASK_COLUMNS                                                                               \
    "t.task_id, t.due_date, t.days_left, t.priority, t.state, t.queue, t.name, t.phone,"           \
    " t.preferred_time, t.person_id, t.attempts, t.assigned_to, t.organisation, t.pathway,"        \
    " t.email, t.language, t.voicemail, t.onset_date, t.work_by_date, t.respond_by, t.end_reason," \
    " t.last_outcome, t.first_attempt_at, t.contacted_at, t.in_target, t.elapsed_days,"            \
    " t.elapsed_working_days, t.relapse, t.late_report, t.backdated, t.review_first, t.red_flag,"  \
    " t.reason_changed, t.expected_return, t.last_day, t.spell_id, t.period_id, t.absence_ids"

#define NOTES                                                                                      \
    ", concat_ws(', ', case when t.red_flag then 'red flag' end,"                                  \
    " case when t.relapse then 'relapse' end, case when t.late_report then 'late report' end,"     \
    " case when t.review_first then 'review first' end,"                                           \
    " case when t.backdated then 'backdated' end,"                                                 \
    " case when t.reason_changed then 'reason changed' end)"

static const struct view_column task_columns[] = {
    {"task_id", "TASK", VIEW_TEXT, false},
    {"due_date", "DUE", VIEW_DATE, false},
    {"days_left", "LEFT", VIEW_INT, false},
    {"priority", "P", VIEW_INT, false},
    {"state", "STATE", VIEW_TEXT, false},
    {"queue", "QUEUE", VIEW_TEXT, true},
    {"name", "NAME", VIEW_TEXT, true},
    {"phone", "PHONE", VIEW_TEXT, false},
    {"preferred_time", "BEST TIME", VIEW_TEXT, true},
    {"person_id", "PERSON", VIEW_TEXT, true},
    {"attempts", "TRIES", VIEW_INT, false},
    {"assigned_to", "WITH", VIEW_TEXT, true},
    {"organisation", NULL, VIEW_TEXT, false},
    {"pathway", NULL, VIEW_TEXT, false},
    {"email", NULL, VIEW_TEXT, false},
    {"language", NULL, VIEW_TEXT, false},
    {"voicemail", NULL, VIEW_BOOL, false},
    {"onset_date", NULL, VIEW_DATE, false},
    {"work_by_date", NULL, VIEW_DATE, false},
    {"respond_by", NULL, VIEW_DATE, false},
    {"end_reason", NULL, VIEW_TEXT, false},
    {"last_outcome", NULL, VIEW_TEXT, false},
    {"first_attempt_at", NULL, VIEW_INSTANT, false},
    {"contacted_at", NULL, VIEW_INSTANT, false},
    {"in_target", NULL, VIEW_BOOL, false},
    {"elapsed_days", NULL, VIEW_INT, false},
    {"elapsed_working_days", NULL, VIEW_INT, false},
    {"relapse", NULL, VIEW_BOOL, false},
    {"late_report", NULL, VIEW_BOOL, false},
    {"backdated", NULL, VIEW_BOOL, false},
    {"review_first", NULL, VIEW_BOOL, false},
    {"red_flag", NULL, VIEW_BOOL, false},
    {"reason_changed", NULL, VIEW_BOOL, false},
    {"expected_return", NULL, VIEW_DATE, false},
    {"last_day", NULL, VIEW_DATE, false},
    {"spell_id", NULL, VIEW_TEXT, false},
    {"period_id", NULL, VIEW_TEXT, false},
    {"absence_ids", NULL, VIEW_TEXTS, false},
    {"notes", "NOTES", VIEW_TEXT, true},
};
#define TASK_SHOWN (sizeof task_columns / sizeof task_columns[0])
#define TASK_JSON (TASK_SHOWN - 1) /* the notes say again what other members say */

/* ---- the worklist ---- */

static const struct pg_stmt worklist = {
    "tasks",
    "select " TASK_COLUMNS NOTES " from oh.worklist t"
    " where ($1 is null or t.queue = $1) and ($2 is null or t.organisation = $2)"
    "   and (not $3 or t.assigned_to = session_user) and (not $4 or t.assigned_to is null)"
    "   and (not $5 or t.state = 'open' and t.days_left < 0)"
    "   and (not $6 or t.state = 'open' and t.days_left = 0)"
    " order by t.state desc, t.due_date, t.priority, t.task_id",
    (const uint32_t[]){PG_TEXT, PG_TEXT, PG_BOOL, PG_BOOL, PG_BOOL, PG_BOOL, 0}};

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
    enum status s = cli_query(cli, &worklist, &values, &r, &err);
    pg_args_clear(&values);
    if (s != STATUS_OK) {
        return cli_fail("tasks", s, &err);
    }
    struct view v = {
        .columns = task_columns, .n = json ? TASK_JSON : TASK_SHOWN, .empty = "nothing to do"};
    view_print(&v, r, json);
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

/* ---- one task ---- */

static const struct pg_stmt one_task = {"tasks_one",
                                        "select " TASK_COLUMNS " from oh.task t"
                                        " where t.task_id = $1",
                                        (const uint32_t[]){PG_TEXT, 0}};

static const struct pg_stmt entries = {
    "tasks_entries",
    "select entry_id, at, kind, outcome, by, retracted_at from oh.entry where task_id = $1"
    " order by at, entry_id",
    (const uint32_t[]){PG_TEXT, 0}};
static const struct view_column entry_columns[] = {
    {"entry_id", "ENTRY", VIEW_INT, false}, {"at", "AT", VIEW_INSTANT, false},
    {"kind", "KIND", VIEW_TEXT, false},     {"outcome", "OUTCOME", VIEW_TEXT, false},
    {"by", "BY", VIEW_TEXT, true},          {"retracted_at", "RETRACTED", VIEW_INSTANT, false},
};

static const struct pg_stmt events = {
    "tasks_events",
    "select e.event_id, e.emitted_at, e.kind, e.occurs_on, e.due_on, e.late, e.withdrawn_at, e.topic"
    " from oh.event e where e.spell_id = $1 or e.period_id = $2"
    " order by e.emitted_at, e.event_id",
    (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};
static const struct view_column event_columns[] = {
    {"event_id", NULL, VIEW_TEXT, false},
    {"emitted_at", "EMITTED", VIEW_INSTANT, false},
    {"kind", "KIND", VIEW_TEXT, false},
    {"occurs_on", "OCCURS ON", VIEW_DATE, false},
    {"due_on", "DUE ON", VIEW_DATE, false},
    {"late", "LATE", VIEW_BOOL, false},
    {"withdrawn_at", "WITHDRAWN", VIEW_INSTANT, false},
    {"topic", NULL, VIEW_TEXT, false},
};

#define VIEW_OF(list, text)                                                                        \
    (const struct view)                                                                            \
    {                                                                                              \
        .columns = (list), .n = sizeof(list) / sizeof((list)[0]), .empty = (text)                  \
    }

/* The task's columns, every one of them with its own name as the heading. */
static struct view all_of_task(struct view_column columns[TASK_JSON])
{
    for (size_t i = 0; i < TASK_JSON; i++) {
        columns[i] = task_columns[i];
        columns[i].heading = columns[i].name;
    }
    return (struct view){.columns = columns, .n = TASK_JSON};
}

static void show_part(const struct view *v, const struct pg_result *r, const char *name, bool json)
{
    printf(json ? ",\"%s\":" : "\n%s\n", name);
    view_print(v, r, json);
}

static enum status show_task(struct cli *cli, const char *id, bool json, char period[TASK_ID_TEXT],
                             struct err *err)
{
    struct view_column columns[TASK_JSON];
    struct view v = all_of_task(columns);
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, id);
    enum status s = cli_query(cli, &one_task, &values, &r, err);
    if (s == STATUS_OK && pg_rows(r) == 0) {
        s = err_set(err, STATUS_REJECT, "input", "no such task for you");
    }
    if (s == STATUS_OK) {
        snprintf(period, TASK_ID_TEXT, "%s", pg_text(r, 0, (int)TASK_JSON - 2));
        if (json) {
            printf("{\"task\":");
            view_row_json(&v, r, 0, stdout);
        } else {
            view_row(&v, r, 0, stdout);
        }
        s = cli_query(cli, &entries, &values, &r, err);
    }
    if (s == STATUS_OK) {
        struct view entered = VIEW_OF(entry_columns, "nothing yet");
        show_part(&entered, r, "entries", json);
    }
    pg_args_clear(&values);
    return s;
}

static enum status show_events(struct cli *cli, const char *id, const char *period, bool json,
                               struct err *err)
{
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, id);
    pg_arg_text(&values, period);
    enum status s = cli_query(cli, &events, &values, &r, err);
    if (s == STATUS_OK) {
        struct view v = VIEW_OF(event_columns, "nothing yet");
        show_part(&v, r, "events", json);
        fputs(json ? "}\n" : "", stdout);
    }
    pg_args_clear(&values);
    return s;
}

int tasks_show(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    char id[TASK_ID_TEXT];
    char period[TASK_ID_TEXT] = "";
    bool json = options_flag(args, "json");
    enum status s = tasks_find(cli, options_argument(args, 0), id, &err);
    s = s == STATUS_OK ? cli_local_time(cli, &err) : s;
    s = s == STATUS_OK ? show_task(cli, id, json, period, &err) : s;
    s = s == STATUS_OK ? show_events(cli, id, period, json, &err) : s;
    return s == STATUS_OK ? EXIT_DONE : cli_fail("show", s, &err);
}
