/* dayfour show: one case. First whom to call and what to know before, then what happened, in order.
 * oh.open_case() notes each opening, so it is asked once; the other parts follow it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/cli/commands.h"
#include "services/cli/teams/tasks.h"

/* ---- the case ---- */

/* For programs: what a list has, then what only a case has. */
static const struct view_column more_columns[] = {
    {"date_of_birth", NULL, VIEW_DATE, 0},
    {"display_reason", NULL, VIEW_TEXT, 0},
    {"fte", NULL, VIEW_JSON, 0},
    {"days_off", NULL, VIEW_INT, 0},
    {"do_not_call", NULL, VIEW_TEXT, 0},
    {"do_not_call_since", NULL, VIEW_DATE, 0},
    {"case_closed", NULL, VIEW_BOOL, 0},
    {"close_reason", NULL, VIEW_TEXT, 0},
    {"previous_onset", NULL, VIEW_DATE, 0},
    {"previous_last_day", NULL, VIEW_DATE, 0},
    {"overdue_why", NULL, VIEW_TEXT, 0},
    {"look_again", NULL, VIEW_TEXT, 0},
    {"look_again_since", NULL, VIEW_DATE, 0},
    {"follow_up_on", NULL, VIEW_DATE, 0},
    {"hr_changed_at", NULL, VIEW_INSTANT, 0},
    {"hr_was", NULL, VIEW_JSON, 0},
};
enum { N_MORE = sizeof more_columns / sizeof more_columns[0] };
static const struct pg_stmt one_case = {
    "show_case",
    "select " TASKS_SELECT ", t.date_of_birth, t.display_reason, t.fte::text, t.days_off,"
    " t.do_not_call, t.do_not_call_since, t.case_closed, t.close_reason, t.previous_onset,"
    " t.previous_last_day, t.overdue_why, t.look_again, t.look_again_since, t.follow_up_on,"
    " t.hr_changed_at, t.hr_was::text from oh.open_case($1) t",
    (const uint32_t[]){PG_TEXT, 0}};

/* Long text that others wrote is cut, so that the rest of the line is seen. */
#define SHORT(text)                                                                                \
    "(case when length(" text ") > 60 then left(" text ", 59) || '\u2026' else " text " end)"
#define DAY(date) "to_char(" date ", 'Dy FMDD Mon YYYY')"
#define TIME(instant) "to_char(" instant " at time zone oh.time_zone(), 'Dy FMDD Mon YYYY HH24:MI')"

/* The same in the words one needs before calling. */
static const struct pg_stmt in_words = {"show_words",
                                        /* clang-format off */
    "select concat_ws(', ', " SHORT("t.name") ", 'staff number ' || t.person_id || ' of ' || t.organisation),"
    " case t.do_not_call when 'died' then 'NO: died on ' || " DAY("t.do_not_call_since")
    "  when 'left' then 'NO: left on ' || " DAY("t.do_not_call_since")
    "  when 'opted_out' then 'NO: does not want calls since ' || " DAY("t.do_not_call_since")
    "  else concat_ws(', ', coalesce(" SHORT("t.phone") ", 'no number'), " SHORT("t.email") ","
    "   'best ' || " SHORT("t.preferred_time") ", 'language ' || " SHORT("t.language") ","
    "   'prefers ' || nullif(t.channel, 'phone'),"
    "   case when t.voicemail then 'messages allowed' when not t.voicemail then 'no messages' end) end,"
    " to_char(t.date_of_birth, 'FMDD Mon YYYY'), " SHORT("t.needs") ","
    " nullif(concat_ws(', ', " SHORT("t.job") ", " SHORT("t.staff_group") ", " SHORT("t.site") ","
    "  case when t.fte < 1 then trim_scale(round(t.fte, 2)) || ' of full time' end), ''),"
    " concat_ws(', ', " DAY("t.onset_date") " || ' (day ' || t.days_off || ')',"
    "  case when t.reason_hidden then 'reason not shown: no longer a matter of this queue'"
    "   else t.display_reason end, 'last day ' || " DAY("t.last_day") ","
    "  'expected back ' || " DAY("t.expected_return") "),"
    " concat_ws(', ', case when t.call_back_at is not null then " TIME("t.call_back_at") " || ' (promised)'"
    "  when t.act_by is not null then " DAY("t.act_by") " end,"
    "  case when t.days_overdue is not null then t.days_overdue || case t.days_overdue when 1"
    "   then ' day' else ' days' end || ' overdue' end,"
    "  case t.overdue_why when 'reported_late' then 'reported late' when 'reason_late'"
    "   then 'reason added late' when 'start_moved' then 'start date moved earlier' end,"
    "  t.look_again || ' since ' || " DAY("t.look_again_since") ", 'due ' || " DAY("t.due_date") "),"
    " concat_ws(', ', t.task_id || ' of ' || t.queue, case when t.case_closed then 'closed' else t.state end,"
    "  replace(coalesce(t.end_reason, t.close_reason), '_', ' ')),"
    " case when t.is_mine then 'you' when t.assigned_to is null then 'nobody' else t.assigned_name end,"
    " " TIME("t.contacted_at") " || case when t.in_target then ', in time' else ', late' end"
    "  || ', after ' || t.elapsed_days || case t.elapsed_days when 1 then ' day' else ' days' end,"
    " 'off with the same kind of problem from ' || " DAY("t.previous_onset")
    "  || ' to ' || " DAY("t.previous_last_day") ","
    " t.oh_record,"
    " nullif(concat_ws(', ', case when t.red_flag_open then 'red flag, not yet acknowledged'"
    "  when t.red_flag then 'red flag' end, case when t.unreachable then 'not reached' end,"
    "  case when t.relapse then 'recurrence' end, case when t.review_first then 'review first' end,"
    "  case when t.backdated then 'start date moved earlier' end,"
    "  case when t.reason_changed then 'reason changed since the contact' end,"
    "  case when t.hr_changed_at is not null then 'HR changed this since you last opened it' end), '')"
    " from oh.open_case($1) t",
                                        /* clang-format on */
                                        (const uint32_t[]){PG_TEXT, 0}};
static const struct view_column word_columns[] = {
    {"person", "person", VIEW_TEXT, 0},
    {"call", "call", VIEW_TEXT, 0},
    {"date_of_birth", "date of birth", VIEW_TEXT, 0},
    {"needs", "needs", VIEW_TEXT, 0},
    {"job", "job", VIEW_TEXT, 0},
    {"off since", "off since", VIEW_TEXT, 0},
    {"call by", "call by", VIEW_TEXT, 0},
    {"case", "case", VIEW_TEXT, 0},
    {"with", "with", VIEW_TEXT, 0},
    {"contacted", "contacted", VIEW_TEXT, 0},
    {"before", "before", VIEW_TEXT, 0},
    {"OH record", "OH record", VIEW_TEXT, 0},
    {"notes", "notes", VIEW_TEXT, 0},
};

/* ---- what happened ---- */

static const struct pg_stmt story = {
    "show_story",
    /* clang-format off */
    "select h.at, case h.actor when 'hr' then 'HR' when 'dayfour' then 'Dayfour' else h.by_name end, h.entry_id,"
    " case when h.actor = 'hr' then"
    "  'absence ' || h.absence_id || coalesce(', version ' || h.version, '') || ': '"
    "  || concat_ws(', ', case when h.cancelled then 'cancelled' end, 'off since ' || h.onset_date,"
    "   'last day ' || h.last_day, case when h.open_ended then 'open-ended' end,"
    "   'expected back ' || h.expected_return,"
    "   'fit note' || coalesce(' from ' || h.fit_note_from, '') || ' to ' || h.fit_note_to,"
    "   'phased return from ' || h.phased_return_from,"
    "   'reason ' || coalesce(h.reason || ' (' || h.code || ')', h.scheme || ' ' || h.code))"
    " when h.what = 'opened' then 'case opened for ' || h.queue || ', due ' || h.due_date"
    " when h.actor = 'dayfour' then"
    "  concat_ws(', ', h.what || case when h.for_hr then ' to HR: ' else ' to OH: ' end || h.kind,"
    "   'of ' || h.occurs_on, 'due ' || h.due_on, case when h.late and h.what = 'published' then 'late' end)"
    " else case when h.retracted_at is not null"
    "  then 'undone (' || " SHORT("h.retracted_why") " || '): ' else '' end"
    "  || concat_ws(', ', case h.what when 'attempt' then 'did not reach them: ' || replace(h.outcome, '_', ' ')"
    "   when 'contact' then 'spoke to them: ' || replace(h.outcome, '_', ' ') when 'claim' then 'took the case'"
    "   when 'release' then 'put the case back' when 'assign' then 'gave the case to ' || h.assignee_name"
    "   when 'close' then 'closed the case: ' || replace(h.outcome, '_', ' ') when 'reopen' then 'reopened the case'"
    "   when 'acknowledge' then 'has seen to the red flag'"
    "   when 'oh_record' then 'OH record ' || coalesce(h.oh_record, 'removed') else h.what end,"
    "   'by ' || replace(nullif(h.channel, 'phone'), '_', ' '),"
    "   'promised a call ' || " TIME("h.call_back_at") ", case when h.red_flag then 'red flag' end,"
    "   'look again on ' || nullif(h.review_on, date 'infinity'),"
    "   case when h.review_on = 'infinity' then 'no follow-up' end,"
    "   'related to work: ' || replace(h.work_related, '_', ' '),"
    "   'could work: ' || replace(h.work_ability, '_', ' '), 'likely back ' || h.likely_return,"
    "   case when (h.known_at at time zone oh.time_zone())::date > (h.at at time zone oh.time_zone())::date"
    "        then 'entered on ' || (h.known_at at time zone oh.time_zone())::date end) end"
    " from oh.case_history($1) with ordinality h order by h.ordinality",
    /* clang-format on */
    (const uint32_t[]){PG_TEXT, 0}};
static const struct view_column story_columns[] = {
    {"at", "AT", VIEW_INSTANT, 0},
    {"who", "WHO", VIEW_TEXT, 0},
    {"entry_id", "ENTRY", VIEW_INT, 0},
    {"what", "WHAT", VIEW_WORDS, 0},
};

static const struct pg_stmt told_hr = {
    "show_told",
    "select kind, occurs_on, due_on, emitted_at, withdrawn_at, late, planned from oh.told_hr($1)",
    (const uint32_t[]){PG_TEXT, 0}};
static const struct view_column told_columns[] = {
    {"kind", NULL, VIEW_TEXT, 0},
    {"occurs_on", NULL, VIEW_DATE, 0},
    {"due_on", NULL, VIEW_DATE, 0},
    {"emitted_at", NULL, VIEW_INSTANT, 0},
    {"withdrawn_at", NULL, VIEW_INSTANT, 0},
    {"late", NULL, VIEW_BOOL, 0},
    {"planned", NULL, VIEW_BOOL, 0},
};

/* ---- the person's other cases ---- */

static const struct pg_stmt others = {
    "show_others",
    "select other_id, onset_date, last_day, state, replace(end_reason, '_', ' '), queue,"
    " contacted_at, replace(last_outcome, '_', ' '), case when relapse then 'recurrence' end"
    " from oh.case_others($1)",
    (const uint32_t[]){PG_TEXT, 0}};
static const struct view_column other_columns[] = {
    {"task_id", "TASK", VIEW_TEXT, 0},
    {"onset_date", "OFF SINCE", VIEW_DATE, 0},
    {"last_day", "LAST DAY", VIEW_DATE, 1},
    {"state", "STATE", VIEW_TEXT, 0},
    {"end_reason", "WHY", VIEW_TEXT, 2},
    {"queue", "QUEUE", VIEW_TEXT, 2},
    {"contacted_at", "CONTACTED", VIEW_INSTANT, 1},
    {"last_outcome", "OUTCOME", VIEW_TEXT, 2},
    {"notes", "NOTES", VIEW_TEXT, 3},
};

/* ---- parts, for programs ---- */

static const struct pg_stmt records = {
    "show_records",
    "select absence_id, version, first_notice_at, changed_at, onset_date, last_day, open_ended,"
    " expected_return, fit_note_from, fit_note_to, phased_return_from, cancelled, scheme, code"
    " from oh.record where task_id = $1 order by first_notice_at, absence_id",
    (const uint32_t[]){PG_TEXT, 0}};
static const struct view_column record_columns[] = {
    {"absence_id", NULL, VIEW_TEXT, 0},
    {"version", NULL, VIEW_INT, 0},
    {"first_notice_at", NULL, VIEW_INSTANT, 0},
    {"changed_at", NULL, VIEW_INSTANT, 0},
    {"onset_date", NULL, VIEW_DATE, 0},
    {"last_day", NULL, VIEW_DATE, 0},
    {"open_ended", NULL, VIEW_BOOL, 0},
    {"expected_return", NULL, VIEW_DATE, 0},
    {"fit_note_from", NULL, VIEW_DATE, 0},
    {"fit_note_to", NULL, VIEW_DATE, 0},
    {"phased_return_from", NULL, VIEW_DATE, 0},
    {"cancelled", NULL, VIEW_BOOL, 0},
    {"scheme", NULL, VIEW_TEXT, 0},
    {"code", NULL, VIEW_TEXT, 0},
};

static const struct pg_stmt entries = {
    "show_entries",
    "select entry_id, at, kind, outcome, by, assignee, review_on, red_flag, entered_at,"
    " retracted_at, retracted_why, call_back_at, channel, work_related, work_ability,"
    " likely_return, service from oh.entry where task_id = $1 order by at, entry_id",
    (const uint32_t[]){PG_TEXT, 0}};
static const struct view_column entry_columns[] = {
    {"entry_id", NULL, VIEW_INT, 0},
    {"at", NULL, VIEW_INSTANT, 0},
    {"kind", NULL, VIEW_TEXT, 0},
    {"outcome", NULL, VIEW_TEXT, 0},
    {"by", NULL, VIEW_TEXT, 0},
    {"assignee", NULL, VIEW_TEXT, 0},
    {"review_on", NULL, VIEW_DATE, 0},
    {"red_flag", NULL, VIEW_BOOL, 0},
    {"entered_at", NULL, VIEW_INSTANT, 0},
    {"retracted_at", NULL, VIEW_INSTANT, 0},
    {"retracted_why", NULL, VIEW_TEXT, 0},
    {"call_back_at", NULL, VIEW_INSTANT, 0},
    {"channel", NULL, VIEW_TEXT, 0},
    {"work_related", NULL, VIEW_TEXT, 0},
    {"work_ability", NULL, VIEW_TEXT, 0},
    {"likely_return", NULL, VIEW_DATE, 0},
    {"service", NULL, VIEW_TEXT, 0},
};

static const struct pg_stmt events = {
    "show_events",
    "select e.event_id, e.emitted_at, e.kind, e.occurs_on, e.due_on, e.late, e.withdrawn_at, e.topic"
    " from oh.event e where e.spell_id = $1"
    " or e.period_id = (select t.period_id from oh.spell t where t.spell_id = $1)"
    " order by e.emitted_at, e.event_id",
    (const uint32_t[]){PG_TEXT, 0}};
static const struct view_column event_columns[] = {
    {"event_id", NULL, VIEW_TEXT, 0},
    {"emitted_at", NULL, VIEW_INSTANT, 0},
    {"kind", NULL, VIEW_TEXT, 0},
    {"occurs_on", NULL, VIEW_DATE, 0},
    {"due_on", NULL, VIEW_DATE, 0},
    {"late", NULL, VIEW_BOOL, 0},
    {"withdrawn_at", NULL, VIEW_INSTANT, 0},
    {"topic", NULL, VIEW_TEXT, 0},
};

#define VIEW_OF(list)                                                                              \
    (const struct view)                                                                            \
    {                                                                                              \
        .columns = (list), .n = sizeof(list) / sizeof((list)[0])                                   \
    }

static enum status ask(struct cli *cli, const struct pg_stmt *stmt, const char *id,
                       const struct pg_result **out, struct err *err)
{
    struct pg_args values = {0};
    pg_arg_text(&values, id);
    enum status s = cli_query(cli, stmt, &values, out, err);
    pg_args_clear(&values);
    return s;
}

static enum status show_json(struct cli *cli, const char *id, bool person, struct err *err)
{
    const struct {
        const char *name;
        const struct pg_stmt *stmt;
        struct view view;
    } parts[] = {{"records", &records, VIEW_OF(record_columns)},
                 {"entries", &entries, VIEW_OF(entry_columns)},
                 {"events", &events, VIEW_OF(event_columns)},
                 {"told_hr", &told_hr, VIEW_OF(told_columns)},
                 {"others", &others, VIEW_OF(other_columns)}};
    size_t n = sizeof parts / sizeof parts[0] - (person ? 0 : 1);
    struct view_column all[TASKS_COLUMNS + N_MORE];
    memcpy(all, tasks_columns, sizeof tasks_columns);
    memcpy(all + TASKS_COLUMNS, more_columns, sizeof more_columns);
    const struct pg_result *r = NULL;
    enum status s = ask(cli, &one_case, id, &r, err);
    if (s == STATUS_OK) {
        printf("{\"task\":");
        view_row_json(&VIEW_OF(all), r, 0, stdout);
    }
    for (size_t i = 0; s == STATUS_OK && i < n; i++) {
        s = ask(cli, parts[i].stmt, id, &r, err);
        if (s == STATUS_OK) {
            printf(",\"%s\":", parts[i].name);
            view_json(&parts[i].view, r, stdout);
        }
    }
    fputs(s == STATUS_OK ? "}\n" : "", stdout);
    return s;
}

/* The next prompt to HR, if one is planned: it comes first. */
static void put_planned(const struct pg_result *r)
{
    enum { KIND = 0, OCCURS_ON = 1, PLANNED = 6 };
    if (pg_rows(r) > 0 && pg_bool(r, 0, PLANNED)) {
        char day[DATE_TEXT];
        printf("HR next        %s on %s, as for every absence\n", pg_text(r, 0, KIND),
               date_format(pg_date(r, 0, OCCURS_ON), day));
    }
}

static enum status show_text(struct cli *cli, const char *id, bool person, struct err *err)
{
    const struct pg_result *r = NULL;
    enum status s = cli_local_time(cli, err);
    s = s == STATUS_OK ? ask(cli, &in_words, id, &r, err) : s;
    if (s == STATUS_OK) {
        view_row(&VIEW_OF(word_columns), r, 0, stdout);
        s = ask(cli, &told_hr, id, &r, err);
    }
    if (s == STATUS_OK) {
        put_planned(r);
        fputc('\n', stdout);
        s = ask(cli, &story, id, &r, err);
    }
    if (s == STATUS_OK) {
        view_table(&VIEW_OF(story_columns), r, stdout);
        s = person ? ask(cli, &others, id, &r, err) : s;
    }
    if (s == STATUS_OK && person) {
        struct view v = VIEW_OF(other_columns);
        v.empty = "no other case";
        v.folds = true;
        fputc('\n', stdout);
        view_table(&v, r, stdout);
    }
    return s;
}

/* ORGANISATION PERSON_ID, with --person: the person's newest case. */
static const struct pg_stmt newest_of = {"show_newest", "select task_id from oh.tasks_of($1, $2)",
                                         (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};

static enum status find_case(struct cli *cli, const struct args *args, char id[TASK_ID_TEXT],
                             struct err *err)
{
    if (args->n == 1) {
        return tasks_find(cli, options_argument(args, 0), id, err);
    }
    if (!options_flag(args, "person")) {
        return err_set(err, STATUS_REJECT, "input",
                       "TASK: one; with --person ORGANISATION and PERSON_ID instead");
    }
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, options_argument(args, 0));
    pg_arg_text(&values, options_argument(args, 1));
    enum status s = cli_query(cli, &newest_of, &values, &r, err);
    pg_args_clear(&values);
    if (s == STATUS_OK && pg_rows(r) == 0) {
        s = err_set(err, STATUS_REJECT, "input", "nobody among your cases has that staff number");
    }
    if (s == STATUS_OK) {
        snprintf(id, TASK_ID_TEXT, "%s", pg_text(r, 0, 0));
    }
    return s;
}

int tasks_show(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    char id[TASK_ID_TEXT];
    bool person = options_flag(args, "person");
    enum status s = find_case(cli, args, id, &err);
    if (s == STATUS_OK) {
        s = options_flag(args, "json") ? show_json(cli, id, person, &err)
                                       : show_text(cli, id, person, &err);
    }
    return s == STATUS_OK ? EXIT_DONE : cli_fail("show", s, &err);
}
