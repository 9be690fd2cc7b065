/* table - the rows of a CSV file, by the columns of a mapping: finds the header, and which cell is
 * which column. Pure. */
#ifndef COMMON_FEED_ROWS_TABLE_H
#define COMMON_FEED_ROWS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/feed/mapping/mapping.h"
#include "common/feed/rows/input.h"
#include "common/feed/rows/refusal.h"

struct table;

/* Finds the header. False: the file is refused. f and t are borrowed. */
bool table_open(struct table **out, const struct input *in, const struct mapping_file *f,
                const struct mapping_table *t, struct refusal *why);
void table_free(struct table *t); /* NULL is fine */

struct table_row {
    size_t line;  /* on which it begins */
    size_t cells; /* how many there are */
    bool whole;   /* as many as the header has */
};

/* The next row that is not blank. *more is false at the end. False: the file is refused. */
bool table_next(struct table *t, struct table_row *row, bool *more, struct refusal *why);

/* The cell of column i of the mapping's table in the row read last, plain (cells.h). Several
 * columns give the first that is not empty. "": empty, or the row has no such cell. raw: as it
 * stands in the file, NULL is fine. Both are valid until table_next. */
const char *table_cell(struct table *t, size_t i, const char **raw);
/* The name of the column in the mapping. */
const char *table_column(const struct table *t, size_t i);

#endif
