/* csv - comma-separated values as RFC 4180 has them: quotes, doubled quotes, line ends within
 * quotes; lines end in LF or CRLF; a byte order mark at the start is passed over. Pure. */
#ifndef CLI_CSV_H
#define CLI_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"
#include "common/err.h"

struct csv {
    const char *at, *end;
    size_t line; /* where the next row begins, from 1 */
};

void csv_begin(struct csv *c, const char *text, size_t len);

/* The next row that is not blank: its cells, NUL-terminated in the arena, and the line it begins
 * on. *n is 0 at the end. STATUS_REJECT: a quote is not closed, or a NUL byte. */
enum status csv_row(struct csv *c, struct arena *a, const char ***cells, size_t *n, size_t *line,
                    struct err *err) NODISCARD;

#endif
