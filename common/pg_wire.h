/* pg_wire - what parameters and results in binary have in common. Of pg_args.c and pg_result.c
 * alone. */
#ifndef COMMON_PG_WIRE_H
#define COMMON_PG_WIRE_H

#include "common/date.h"

/* PostgreSQL counts days and microseconds from 2000-01-01. */
#define PG_EPOCH_DAYS 10957
#define PG_EPOCH_US (PG_EPOCH_DAYS * US_PER_DAY)

/* An array in binary: dimensions, has-nulls, element type, size, lower bound, then (length, bytes)
 * each. */
#define ARRAY_HEAD 20

#endif
