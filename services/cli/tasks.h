/* tasks - tasks as programs get them, and ids as people write them. */
#ifndef CLI_TASKS_H
#define CLI_TASKS_H

#include "services/cli/cli.h"
#include "services/cli/view.h"

/* The columns of oh.task, selected from "t". */
#define TASKS_SELECT                                                                               \
    "t.task_id, t.due_date, t.days_left, t.priority, t.state, t.queue, t.name, t.phone,"           \
    " t.preferred_time, t.person_id, t.attempts, t.assigned_to, t.organisation, t.pathway,"        \
    " t.email, t.language, t.voicemail, t.onset_date, t.work_by_date, t.respond_by, t.end_reason," \
    " t.last_outcome, t.first_attempt_at, t.contacted_at, t.in_target, t.elapsed_days,"            \
    " t.elapsed_working_days, t.relapse, t.late_report, t.backdated, t.review_first, t.red_flag,"  \
    " t.reason_changed, t.expected_return, t.last_day, t.spell_id, t.period_id, t.absence_ids"
#define TASKS_COLUMNS 38
extern const struct view_column tasks_columns[TASKS_COLUMNS];

#define TASK_ID_TEXT 13

/* The id that begins so, of those the caller may see. Lower case, O for 0, I and L for 1 and the s
 * of an event's subject are taken as meant. STATUS_REJECT: none, or more than one. */
enum status tasks_find(struct cli *cli, const char *beginning, char out[TASK_ID_TEXT],
                       struct err *err) NODISCARD;

#endif
