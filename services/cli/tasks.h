/* tasks - ids as people write them. */
#ifndef CLI_TASKS_H
#define CLI_TASKS_H

#include "services/cli/cli.h"

#define TASK_ID_TEXT 13

/* The id that begins so, of those the caller may see. Lower case, O for 0, I and L for 1 and the s
 * of an event's subject are taken as meant. STATUS_REJECT: none, or more than one. */
enum status tasks_find(struct cli *cli, const char *beginning, char out[TASK_ID_TEXT],
                       struct err *err) NODISCARD;

#endif
