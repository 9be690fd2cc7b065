/* query - one statement and its first result, for this room. */
#ifndef COMMON_RETENTION_QUERY_H
#define COMMON_RETENTION_QUERY_H

#include "common/pg/pg.h"

/* Waits. *out (NULL: not wanted) is valid until the next statement. */
static inline enum status query_run(struct pg *pg, const struct pg_stmt *stmt,
                                    const struct pg_args *args, const struct pg_result **out,
                                    struct err *err)
{
    enum status s = pg_run(pg, stmt, args, err);
    if (s == STATUS_OK && out != NULL) {
        *out = pg_result(pg, 0);
    }
    return s;
}

#endif
