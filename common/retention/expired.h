/* expired - deletes rows that are kept for a number of days, whoever they are about. They are
 * digests of purged records, dead letters, entries of the audit and ids of requests. */
#ifndef COMMON_RETENTION_EXPIRED_H
#define COMMON_RETENTION_EXPIRED_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/date.h"
#include "common/pg/pg.h"

/* Called after each piece of at most 500 rows: may wait a little, so that others can work too. */
typedef void expired_pause(void);

/* Digests of purged records that were kept for days before today. *n: how many; of a dry run how
 * many would go. */
enum status expired_digests(struct pg *pg, int days, struct date today, bool dry_run, int64_t *n,
                            struct err *err) NODISCARD;

/* Rows that count entries of tasks that were deleted while a person was entering something. */
enum status expired_turns(struct pg *pg, struct err *err) NODISCARD;

/* Ids of requests that are older than a day. */
enum status expired_requests(struct pg *pg, struct err *err) NODISCARD;

/* Dead letters received before an instant. Unpublished ones stay until followup has
 * published them: *waiting counts them. */
enum status expired_dead_letters(struct pg *pg, struct instant before, bool dry_run,
                                 expired_pause *pause, int64_t *n, int64_t *waiting,
                                 struct err *err) NODISCARD;

/* Entries of the audit, by the settings. */
enum status expired_audit(struct pg *pg, bool dry_run, expired_pause *pause, int64_t *n,
                          struct err *err) NODISCARD;

#endif
