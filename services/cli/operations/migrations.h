/* migrations - the files of schemas/sql against ops.migration, the table of those applied.
 *
 * Numbered files make tables. Each is applied once, in order; a database that was given another
 * text of one is refused. Repeatable files (schemas/sql/repeatable) make views and functions. They
 * are applied after the numbered ones, in the order of their names. A repeatable file is due when
 * its text has changed, or when a numbered file was applied since: that may drop views in its way.
 */
#ifndef SERVICES_CLI_OPERATIONS_MIGRATIONS_H
#define SERVICES_CLI_OPERATIONS_MIGRATIONS_H

#include <stddef.h>

#include "services/cli/cli.h"

struct migrations {
    bool *applied; /* for each of embed_sql: it need not be applied */
    bool *current; /* for each of embed_repeatable: the same */
    size_t due;    /* files of both kinds that are to be applied */
};

/* Connects if necessary, and waits for any other `migrate` to end. */
enum status migrations_lock(struct cli *cli, struct err *err) NODISCARD;

/* Finds what is due. STATUS_FATAL: the database is newer than this program, has another text of a
 * numbered file, or was made by a development version. out lives in the arena of cli. */
enum status migrations_read(struct cli *cli, struct migrations *out, struct err *err) NODISCARD;

/* Applies what is due, a transaction for each file, and prints each name. */
enum status migrations_apply(struct cli *cli, const struct migrations *m,
                             struct err *err) NODISCARD;

/* "would apply NAME" for each file that is due; gives how many. */
size_t migrations_print_due(const struct migrations *m);

/* The number of the schema, and the oldest program that it serves. */
void migrations_print_range(void);

#endif
