/* settings_dry_run - what other settings would change, counted over everybody; nothing is touched.
 */
#ifndef SERVICES_CLI_SETTINGS_SETTINGS_DRY_RUN_H
#define SERVICES_CLI_SETTINGS_SETTINGS_DRY_RUN_H

#include <stddef.h>

#include "common/casework/rules/settings.h"
#include "services/cli/cli.h"

struct settings_dry_run {
    size_t open;               /* tasks, by the settings in force */
    size_t opened, ended;      /* tasks */
    size_t moved;              /* open tasks that get another due date or queue */
    size_t emitted, withdrawn; /* events */
};

/* settings is only read. Reads everybody in pieces, each as it is at that moment. Settled cases do
 * not count. */
enum status settings_dry_run_of(struct cli *cli, struct settings *settings,
                                struct settings_dry_run *out, struct err *err) NODISCARD;

#endif
