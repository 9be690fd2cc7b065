/* columns - array parameters, a column at a time. */
#ifndef COMMON_PG_COLUMNS_H
#define COMMON_PG_COLUMNS_H

#include "common/pg/pg.h"

/* For every i below n, give(&args, value): value may name i, and `struct pg_args args` is in scope.
 */
#define COLUMN(type, give, n, value)                                                               \
    do {                                                                                           \
        pg_array_begin(&args, type);                                                               \
        for (size_t i = 0; i < (n); i++) {                                                         \
            give(&args, value);                                                                    \
        }                                                                                          \
        pg_array_end(&args);                                                                       \
    } while (0)

#endif
