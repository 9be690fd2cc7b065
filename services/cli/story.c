/* dayfour show: who is to be rung, and their story in order. */
#include <stdio.h>
#include <string.h>

#include "services/cli/commands.h"
#include "services/cli/tasks.h"

/* ---- the task ---- */

static const struct pg_stmt one_task = {
    "show_task", "select " TASKS_SELECT " from oh.task t where t.task_id = $1",
    (const uint32_t[]){PG_TEXT, 0}};

/* The same in the words one needs before ringing. */
static const struct pg_stmt in_words = {
    "show_words",
    "select concat_ws(', ', t.name, t.person_id || ' of ' || t.organisation),"
    " concat_ws(', ', coalesce(t.phone, 'no number known'), t.email,"
    "  'best ' || t.preferred_time, 'language ' || t.language,"
    "  case when t.voicemail then 'voicemail allowed' when not t.voicemail then 'no voicemail'"
    "       else 'voicemail not asked' end),"
    " concat_ws(', ', t.task_id || ' of ' || t.queue || ' (' || t.pathway || ')', t.state,"
    "  replace(t.end_reason, '_', ' '), case when t.state = 'open' then"
    "   case when t.days_left < 0 then -t.days_left || ' days overdue'"
    "        when t.days_left = 0 then 'due today' else t.days_left || ' days left' end end,"
    "  'priority ' || t.priority),"
    " concat_ws(', ', t.due_date, 'work by ' || t.work_by_date, 'respond by ' || t.respond_by),"
    " concat_ws(', ', 'from ' || t.onset_date, 'last day ' || t.last_day,"
    "  'expected back ' || t.expected_return),"
    " t.assigned_to,"
    " to_char(t.contacted_at at time zone oh.time_zone(), 'YYYY-MM-DD HH24:MI')"
    "  || case when t.in_target then ', in time' else ', late' end || ', after ' || t.elapsed_days"
    "  || ' days',"
    " nullif(concat_ws(', ', case when t.red_flag then 'red flag' end,"
    "  case when t.relapse then 'relapse' end, case when t.late_report then 'late report' end,"
    "  case when t.review_first then 'review first' end,"
    "  case when t.backdated then 'backdated' end,"
    "  case when t.reason_changed then 'reason changed since the contact' end), '')"
    " from oh.task t where t.task_id = $1",
    (const uint32_t[]){PG_TEXT, 0}};
static const struct view_column word_columns[] = {
    {"person", "person", VIEW_TEXT, 0},       {"ring", "ring", VIEW_TEXT, 0},
    {"task", "task", VIEW_TEXT, 0},           {"due", "due", VIEW_TEXT, 0},
    {"absent", "absent", VIEW_TEXT, 0},       {"with", "with", VIEW_TEXT, 0},
    {"contacted", "contacted", VIEW_TEXT, 0}, {"notes", "notes", VIEW_TEXT, 0},
};

/* ---- the story ---- */

/* What HR said, what came of it, what was done, what was told: each by its own time. Of a record
 * the first notice and the newest version are known, not those between. */
static const struct pg_stmt story = {
    "show_story",
    "with k as (select * from oh.record where task_id = $1),"
    " t as (select * from oh.task where task_id = $1),"
    " h as ("
    "  select k.*, concat_ws(', ', case when k.cancelled then 'cancelled' end,"
    "   'from ' || k.onset_date, 'last day ' || k.last_day,"
    "   case when k.open_ended then 'open-ended' end, 'expected back ' || k.expected_return,"
    "   'fit note' || coalesce(' from ' || k.fit_note_from, '') || ' to ' || k.fit_note_to,"
    "   'phased return from ' || k.phased_return_from,"
    "   'reason ' || k.scheme || ' ' || k.code) as said from k)"
    " select at, who, entry_id, what from ("
    "  select h.first_notice_at as at, 1 as rank, 'HR' as who, null::bigint as entry_id,"
    "   'absence ' || h.absence_id || ': ' || case when h.changed_at > h.first_notice_at"
    "    then 'from ' || h.first_onset_date else h.said end as what from h"
    "  union all"
    "  select h.changed_at, 1, 'HR', null,"
    "   'absence ' || h.absence_id || ', version ' || h.version || ': ' || h.said"
    "  from h where h.changed_at > h.first_notice_at"
    "  union all"
    "  select min(k.first_notice_at), 2, 'Dayfour', null,"
    "   'matched ' || t.pathway || ': a task for ' || t.queue || ', due ' || t.due_date"
    "  from t, k group by t.pathway, t.queue, t.due_date"
    "  union all"
    "  select e.at, 3, e.by, e.entry_id,"
    "   case when e.retracted_at is not null"
    "    then 'taken back (' || e.retracted_why || '): ' else '' end ||"
    "   concat_ws(', ', case e.kind when 'attempt' then 'tried to ring: '"
    "     || replace(e.outcome, '_', ' ') when 'contact' then 'spoke to them: '"
    "     || replace(e.outcome, '_', ' ') when 'claim' then 'claimed' when 'release'"
    "     then 'released' when 'assign' then 'assigned to ' || e.assignee when 'close'"
    "     then 'closed the case: ' || e.outcome else 'reopened the case' end,"
    "    case when e.red_flag then 'red flag' end, 'follow up on ' || e.review_on,"
    "    case when (e.entered_at at time zone oh.time_zone())::date"
    "              > (e.at at time zone oh.time_zone())::date"
    "         then 'written down on ' || (e.entered_at at time zone oh.time_zone())::date end)"
    "  from oh.entry e where e.task_id = $1"
    "  union all"
    "  select e.emitted_at, 4, 'Dayfour', null,"
    "   concat_ws(', ', case when e.topic_of_oh then 'told OH: ' else 'told HR: ' end || e.kind,"
    "    'due ' || e.due_on, case when e.late then 'late: of ' || e.occurs_on end)"
    "  from (select v.*, left(v.subject, 1) = 's' or v.kind = 'reason.missing' as topic_of_oh"
    "        from oh.event v where v.spell_id = $1 or v.period_id = (select period_id from t)) e"
    "  union all"
    "  select e.withdrawn_at, 4, 'Dayfour', null, 'took back: ' || e.kind || ' of ' || e.occurs_on"
    "  from oh.event e where e.withdrawn_at is not null"
    "  and (e.spell_id = $1 or e.period_id = (select period_id from t))) s"
    " order by at, rank, entry_id, what",
    (const uint32_t[]){PG_TEXT, 0}};
static const struct view_column story_columns[] = {
    {"at", "AT", VIEW_INSTANT, 0},
    {"who", "WHO", VIEW_TEXT, 0},
    {"entry_id", "ENTRY", VIEW_INT, 0},
    {"what", "WHAT", VIEW_TEXT, 0},
};

/* ---- its parts, for programs ---- */

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
    " retracted_at, retracted_why from oh.entry where task_id = $1 order by at, entry_id",
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
};

static const struct pg_stmt events = {
    "show_events",
    "select e.event_id, e.emitted_at, e.kind, e.occurs_on, e.due_on, e.late, e.withdrawn_at, e.topic"
    " from oh.event e where e.spell_id = $1"
    " or e.period_id = (select t.period_id from oh.task t where t.task_id = $1)"
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
    if (s == STATUS_OK && (stmt == &one_task || stmt == &in_words) && pg_rows(*out) == 0) {
        s = err_set(err, STATUS_REJECT, "input", "no such task for you");
    }
    return s;
}

static enum status show_json(struct cli *cli, const char *id, struct err *err)
{
    const struct {
        const char *name;
        const struct pg_stmt *stmt;
        struct view view;
    } parts[] = {{"records", &records, VIEW_OF(record_columns)},
                 {"entries", &entries, VIEW_OF(entry_columns)},
                 {"events", &events, VIEW_OF(event_columns)}};
    const struct pg_result *r = NULL;
    enum status s = ask(cli, &one_task, id, &r, err);
    if (s == STATUS_OK) {
        printf("{\"task\":");
        view_row_json(&VIEW_OF(tasks_columns), r, 0, stdout);
    }
    for (size_t i = 0; s == STATUS_OK && i < sizeof parts / sizeof parts[0]; i++) {
        s = ask(cli, parts[i].stmt, id, &r, err);
        if (s == STATUS_OK) {
            printf(",\"%s\":", parts[i].name);
            view_json(&parts[i].view, r, stdout);
        }
    }
    fputs(s == STATUS_OK ? "}\n" : "", stdout);
    return s;
}

static enum status show_text(struct cli *cli, const char *id, struct err *err)
{
    const struct pg_result *r = NULL;
    enum status s = cli_local_time(cli, err);
    s = s == STATUS_OK ? ask(cli, &in_words, id, &r, err) : s;
    if (s == STATUS_OK) {
        view_row(&VIEW_OF(word_columns), r, 0, stdout);
        fputc('\n', stdout);
        s = ask(cli, &story, id, &r, err);
    }
    if (s == STATUS_OK) {
        view_table(&VIEW_OF(story_columns), r, stdout);
    }
    return s;
}

int tasks_show(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    char id[TASK_ID_TEXT];
    enum status s = tasks_find(cli, options_argument(args, 0), id, &err);
    if (s == STATUS_OK) {
        s = options_flag(args, "json") ? show_json(cli, id, &err) : show_text(cli, id, &err);
    }
    return s == STATUS_OK ? EXIT_DONE : cli_fail("show", s, &err);
}
