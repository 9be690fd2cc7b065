/* clocks - this machine's clock, the database's, and the last now that a service stored: are they
 * within clock.apart_seconds of each other? */
#ifndef SERVICES_CLI_OPERATIONS_CLOCKS_H
#define SERVICES_CLI_OPERATIONS_CLOCKS_H

#include <stdbool.h>

#include "common/base/date.h"
#include "common/runtime/clock.h"
#include "services/cli/cli.h"

struct clocks {
    struct instant machine, database;
    struct instant last_now; /* NONE: no service has stored one */
    bool rehearsal;          /* time comes from a file: nothing is compared */
};

/* As an operator, or who may purge. */
enum status clocks_read(struct cli *cli, struct clocks *out, struct err *err) NODISCARD;

/* "": they agree; else what is apart from what. */
#define CLOCKS_TEXT 160
void clocks_judge(const struct cli *cli, const struct clocks *c, char out[CLOCKS_TEXT]);

/* STATUS_FATAL, code "clock_apart": they do not agree. */
enum status clocks_must_agree(struct cli *cli, struct err *err) NODISCARD;

#endif
