/* impact - what other settings would change, counted over everybody; nothing is touched. */
#ifndef CLI_IMPACT_H
#define CLI_IMPACT_H

#include <stddef.h>

#include "common/casework/settings.h"
#include "services/cli/cli.h"

struct impact {
    size_t open;               /* tasks, by the settings in force */
    size_t opened, ended;      /* tasks */
    size_t moved;              /* open tasks that get another due date or queue */
    size_t emitted, withdrawn; /* events */
};

/* settings is only read. Reads everybody in pieces, each as it is at that moment. Settled cases do
 * not count. */
enum status impact_of(struct cli *cli, struct settings *settings, struct impact *out,
                      struct err *err) NODISCARD;

#endif
