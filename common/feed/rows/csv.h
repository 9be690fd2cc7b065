/* csv - comma-separated values, strictly by RFC 4180. A cell is quoted whole or holds no quote, so
 * that a missing or extra quote cannot swallow rows. Lines end in LF or CRLF; a byte order mark at
 * the start is skipped. Pure. */
#ifndef COMMON_FEED_ROWS_CSV_H
#define COMMON_FEED_ROWS_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/err.h"

struct csv {
    const char *at, *end;
    size_t line; /* where the next row begins, from 1 */
    char delimiter;
    bool formulas; /* ="0042", as spreadsheets write digits that are text, is a cell too */
};

/* With commas, and without formulas. */
void csv_begin(struct csv *c, const char *text, size_t len);

/* The next row that is not blank: its cells, NUL-terminated in the arena, and the line it begins
 * on. *n is 0 at the end. STATUS_REJECT, naming the line: a stray or unclosed quote, or
 * a NUL byte. */
enum status csv_row(struct csv *c, struct arena *a, const char ***cells, size_t *n, size_t *line,
                    struct err *err) NODISCARD;

#endif
