/* cli - what every command is given: configuration, a database session, a place for results. */
#ifndef SERVICES_CLI_CLI_H
#define SERVICES_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/pg/pg.h"
#include "common/runtime/conf.h"

#define CLI_CLOSE_MS 5000   /* for the end of a Kafka client */
#define CLI_LONG_MS 3600000 /* patience for what may take long: migrations, settings */

enum exit_code {
    EXIT_DONE = 0,
    EXIT_INPUT = 1,  /* bad arguments or input */
    EXIT_CONFIG = 2, /* bad configuration */
    EXIT_STUCK = 3,  /* cannot go on */
    EXIT_HELD = 4    /* feed: a file is held by a threshold */
};

struct cli {
    struct conf *conf;
    int64_t waited_ms, waiting_since_ms; /* for the database */
    struct pg *pg;                       /* NULL until cli_connect */
    struct arena *arena;                 /* of the whole call */
};

/* Before the configuration is read: PG_DSN and KAFKA_BROKERS that are unset are taken from the env
 * file of the run folder, if there is one. */
void cli_environment(void);

/* The session of the caller's own role. */
enum status cli_connect(struct cli *cli, struct err *err) NODISCARD;
/* Runs a single statement; gives its result, valid until the next. */
enum status cli_query(struct cli *cli, const struct pg_stmt *stmt, const struct pg_args *args,
                      const struct pg_result **out, struct err *err) NODISCARD;

/* The product's now by this machine: its clock, or the clock file; whole seconds. */
enum status cli_now(struct cli *cli, struct instant *out, struct err *err) NODISCARD;

/* Times are shown as they are entered: in the time of the installation, not of this machine. */
enum status cli_local_time(struct cli *cli, struct err *err) NODISCARD;

/* "1 person", "2 people": for printf("%lld %s", n, cli_plural(n, "person", "people")). */
const char *cli_plural(int64_t n, const char *one, const char *many);

/* The advice of cli_fail() to a login that lacks a right; by the command that runs. NULL: the
 * server's own words are printed. */
void cli_advise(const char *ask);

/* Says on standard error what went wrong, in one line, and gives the exit code. what: "" or what
 * was being done. */
int cli_fail(const char *what, enum status s, const struct err *err);
/* The same for a fault in arguments or input. */
int cli_refuse(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* The whole of a file, or of standard input ("-"), into the arena or the heap; NUL-terminated.
 * A fault is STATUS_REJECT. Free *out with free(). */
enum status cli_read(const char *path, char **out, size_t *len, struct err *err) NODISCARD;

#endif
