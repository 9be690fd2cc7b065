/* cli - what every command is given: configuration, a database session, a place for results. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

#include "common/arena.h"
#include "common/conf.h"
#include "common/err.h"
#include "common/pg.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_INPUT = 1,  /* bad arguments or input */
    EXIT_CONFIG = 2, /* bad configuration */
    EXIT_STUCK = 3   /* cannot go on */
};

struct cli {
    struct conf *conf;
    struct pg *pg;       /* NULL until cli_connect */
    struct arena *arena; /* of the whole call */
};

/* Before the configuration is read: PG_DSN and KAFKA_BROKERS that are unset are taken from the env
 * file of the run folder, if there is one. */
void cli_environment(void);

/* The session of the caller's own role. */
enum status cli_connect(struct cli *cli, struct err *err) NODISCARD;
/* One statement by itself; gives its result, valid until the next. */
enum status cli_query(struct cli *cli, const struct pg_stmt *stmt, const struct pg_args *args,
                      const struct pg_result **out, struct err *err) NODISCARD;

/* The product's now by this machine: its clock, or the clock file; whole seconds. */
enum status cli_now(struct cli *cli, struct instant *out, struct err *err) NODISCARD;

/* Times are shown as they are entered: in the time of the installation, not of this machine. */
enum status cli_local_time(struct cli *cli, struct err *err) NODISCARD;

/* Says on standard error what went wrong, in one line, and gives the exit code. what: "" or what
 * was being done. */
int cli_fail(const char *what, enum status s, const struct err *err);
/* The same for a fault in arguments or input. */
int cli_refuse(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* The whole of a file, or of standard input ("-"), into the arena or the heap; NUL-terminated.
 * A fault is STATUS_REJECT. Free *out with free(). */
enum status cli_read(const char *path, char **out, size_t *len, struct err *err) NODISCARD;

#endif
