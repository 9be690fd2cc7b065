/* schema - which schemas these programs work with, and whether the database's is one of them. A
 * program goes by the number of the newest numbered migration that it knows. A schema goes by that
 * of the newest one after which all views and functions were applied. */
#ifndef COMMON_CASEFILE_SCHEMA_H
#define COMMON_CASEFILE_SCHEMA_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/pg/pg.h"

/* DAYFOUR_SCHEMA: the newest migration in schemas/sql when it was built. Programs need all the
 * migrations they know; a number here instead says that an older schema is enough. */
#define SCHEMA_KNOWN DAYFOUR_SCHEMA
#define SCHEMA_OLDEST DAYFOUR_SCHEMA

/* The first migration of databases that a development version before 1.0.0 made. Their history was
 * replaced, so no program works on them. */
#define SCHEMA_DEVELOPMENT "0001_core.sql"

/* Sets the error by which such a database is refused; gives STATUS_FATAL, "schema_development". */
enum status schema_refuse_development(struct err *err);

/* The database is at number, and serves programs from `serves` on (0: all). */
enum schema_fit { SCHEMA_FITS, SCHEMA_TOO_OLD, SCHEMA_TOO_NEW };
enum schema_fit schema_judge(int64_t number, int64_t serves);

/* On each (re)connection, waiting. STATUS_FATAL, code "schema_too_old", "schema_too_new" or
 * "schema_development".
 * STATUS_RESYNC: there is no migration in it yet; it may be being restored. */
enum status schema_check(struct pg *pg, struct err *err) NODISCARD;

/* The same every few seconds, for a migration under a running service. *looked_ms begins at 0. */
enum status schema_look(struct pg *pg, int64_t *looked_ms, struct err *err) NODISCARD;

/* The same for a caller with a pipeline of its own: the statement, and its answer. */
extern const struct pg_stmt schema_ask;
enum status schema_heard(const struct pg_result *r, struct err *err) NODISCARD;

#endif
