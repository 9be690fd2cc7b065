/* shown - text that other systems sent, made fit for people's eyes: on a terminal, in a table, in a
 * spreadsheet. Takes UTF-8; what is not well-formed is shown as "?". */
#ifndef COMMON_BASE_SHOWN_H
#define COMMON_BASE_SHOWN_H

#include <stddef.h>

#include "common/base/buf.h"

/* Appends the text with "?" for each character that would control the terminal or change the order
 * of others. These are controls, line and paragraph separators, and marks of direction.
 * Terminates. */
void shown_clean(struct buf *out, const char *text);

/* Columns of a terminal that clean text fills: 2 for a wide character, 0 for one that combines. */
size_t shown_width(const char *text);

/* How many bytes of clean text fit into that many columns: whole characters, each with what
 * combines with it. At most 8 bytes a column, as combining characters have no end. */
size_t shown_fit(const char *text, size_t columns);

/* Appends a cell of CSV (RFC 4180): clean, quoted where needed. Text that a spreadsheet would take
 * for a formula has an apostrophe before it. Numbers stay as they are. NULL is an empty cell. */
void shown_csv(struct buf *out, const char *text);

#endif
