/* pg_wire - shared by binary parameters and results. Only pg_args.c and pg_result.c use it. */
#ifndef COMMON_PG_PG_WIRE_H
#define COMMON_PG_PG_WIRE_H

#include "common/base/date.h"

/* PostgreSQL counts days and microseconds from 2000-01-01. */
#define PG_EPOCH_DAYS 10957
#define PG_EPOCH_US (PG_EPOCH_DAYS * US_PER_DAY)

/* An array in binary: dimensions, has-nulls, element type, size, lower bound, then (length, bytes)
 * each. */
#define ARRAY_HEAD 20

#endif
