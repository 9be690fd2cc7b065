/* feed_explain - a comparison of files in words, on standard output: for `dayfour feed check`. */
#ifndef FEED_EXPLAIN_H
#define FEED_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/feed/difference/difference.h"

/* Text of a file or of the command line, fit for a terminal. */
void feed_explain_clean(const char *text);
/* Column by column of the extract or of the staff list: what it became, with masked examples. */
void feed_explain_columns(const struct difference *d, bool of_staff);
/* The first bad rows by line, column and reason, under a heading. */
void feed_explain_rejected(const char *what, const struct rejected_row *row, size_t n);
/* How many events there are of each type, and the first of them in words. */
void feed_explain_events(const struct difference *d);

#endif
