/* tasks - tasks as programs get them, and ids as people write them. */
#ifndef SERVICES_CLI_TEAMS_TASKS_H
#define SERVICES_CLI_TEAMS_TASKS_H

#include "services/cli/cli.h"
#include "services/cli/view.h"

/* The columns that oh.calls() and oh.open_case() have in common, selected from "t". */
#define TASKS_SELECT                                                                               \
    "t.task_id, t.act_by, t.act_in_days, t.due_date, t.days_left, t.priority, t.state, t.queue,"   \
    " t.name, t.phone, t.preferred_time, t.person_id, t.attempts, t.assigned_to, t.assigned_name," \
    " t.organisation, t.pathway, t.email, t.language, t.voicemail, t.channel, t.needs, t.site,"    \
    " t.staff_group, t.job, t.onset_date, t.work_by_date, t.respond_by, t.call_back_at,"           \
    " t.end_reason, t.last_outcome, t.first_attempt_at, t.contacted_at, t.in_target,"              \
    " t.elapsed_days, t.elapsed_working_days, t.relapse, t.late_report, t.known_at,"               \
    " t.reason_late, t.backdated, t.review_first, t.red_flag, t.red_flag_open, t.unreachable,"     \
    " t.reason_changed, t.expected_return, t.last_day, t.oh_record, t.spell_id, t.period_id,"      \
    " t.absence_ids"
#define TASKS_COLUMNS 52
extern const struct view_column tasks_columns[TASKS_COLUMNS];

#define TASK_ID_TEXT 13

/* The id that begins so, of those the caller may see. Lower case, O for 0, I and L for 1 and the s
 * of an event's subject are taken as meant. STATUS_REJECT: none, or more than one. */
enum status tasks_find(struct cli *cli, const char *beginning, char out[TASK_ID_TEXT],
                       struct err *err) NODISCARD;

/* A day as people write it. */
#define DAY_FORMS "YYYY-MM-DD, today, tomorrow, yesterday or a day of the week"
/* ahead: a day of the week is the next one after today, else the last one before. what: the option,
 * for the error. */
enum status days_read(struct cli *cli, const char *what, const char *text, bool ahead,
                      struct date *out, struct err *err) NODISCARD;

#endif
