/* rejects - the rows that are put aside, in the order in which they are found. */
#ifndef COMMON_FEED_ROWS_REJECTS_H
#define COMMON_FEED_ROWS_REJECTS_H

#include "common/feed/rows/refusal.h"

struct rejects {
    struct rejected_row *row;
    size_t n, cap;
};

/* column: stays where it is; NULL is "". */
void rejects_add(struct rejects *r, size_t line, const char *column, enum row_fault why);
void rejects_sort(struct rejects *r); /* by line */
void rejects_clear(struct rejects *r);

#endif
