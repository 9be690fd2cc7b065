/* rulebook - settings and bank holidays in the database: every SQL statement that changes them.
 * Statements only: the caller begins, takes rulebook_lock, and commits, or has rulebook_change do
 * that. */
#ifndef SERVICES_CLI_HR_RULEBOOK_H
#define SERVICES_CLI_HR_RULEBOOK_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/casework/rules/calendar.h"
#include "common/pg/pg.h"
#include "services/cli/cli.h"

/* The product's now, as services and oh.now() have it. */
enum status rulebook_now(struct cli *cli, struct instant *now, struct err *err) NODISCARD;

/* The same, and until the end of the transaction nobody else's batch commits. */
enum status rulebook_lock(struct cli *cli, struct instant *now, struct err *err) NODISCARD;

/* A transaction of its own: begins, takes the lock, calls change, commits. Batches lock people
 * first and the rules after: a deadlock with one is tried again. change may so be called several
 * times.
 */
enum status rulebook_change(struct cli *cli,
                            enum status (*change)(struct cli *cli, struct instant now, void *arg,
                                                  struct err *err),
                            void *arg, struct err *err) NODISCARD;

/* Puts the document in force; gives its serial. */
enum status rulebook_put_settings(struct cli *cli, const char *version, const char *document,
                                  struct instant now, int32_t *serial, struct err *err) NODISCARD;

/* Replaces the holidays of the divisions named by bits. */
enum status rulebook_put_holidays(struct cli *cli, const struct holiday *holidays, size_t n,
                                  unsigned divisions, struct err *err) NODISCARD;

/* Everybody is looked at again; cases that are settled stay as they are, which is for those who
 * derive them to see to. Gives how many people that is. */
enum status rulebook_wake_all(struct cli *cli, struct instant now, int64_t *people,
                              struct err *err) NODISCARD;

/* A line of the audit. detail: a JSON object, or NULL. */
enum status rulebook_audit(struct cli *cli, struct instant now, const char *what,
                           const char *detail, struct err *err) NODISCARD;

#endif
