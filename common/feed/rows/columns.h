/* columns - damage and ambiguity that show in the whole of a column only, and for `check` what
 * became of its cells. Pure. */
#ifndef COMMON_FEED_ROWS_COLUMNS_H
#define COMMON_FEED_ROWS_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/feed/difference/difference_types.h"
#include "common/feed/rows/cells.h"

#define COLUMNS_DAYS                                                                               \
    20 /* so many different dates that could all be read both ways are no accident */

struct column_watch {
    struct difference_column seen;
    int64_t damaged;
    size_t n_days;
    int32_t day[COLUMNS_DAYS];
    bool read_one_way; /* a date that can be read in one way only */
};

struct columns {
    struct column_watch *watch; /* by the table's columns */
    size_t n;
    bool explains;
    struct arena *arena;
};

void columns_init(struct columns *c, const struct mapping_table *t, bool of_staff, bool explains,
                  struct arena *a);
/* Notes a cell of column i: as it stands in the file, and what was read of it. */
void columns_see(struct columns *c, size_t i, const char *raw, const char *plain,
                 const struct cell *cell);
/* False: the file is refused for a column of it. */
bool columns_judge(const struct columns *c, struct refusal *why);

/* A value as records keep it, in four bytes; 0: none. Dates are days, instants are
 * seconds, truth values are 1 or 2, and all else is a text. */
uint32_t columns_value(enum mapping_kind kind, const struct cell *cell, struct texts *texts);
struct date columns_value_date(uint32_t value); /* NONE for 0 */
#define COLUMNS_YES 2
#define COLUMNS_NO 1

#endif
