/* rows - rows of CSV as structured CloudEvents. Columns: type, source, id, time, and the members of
 * data with dots (organisation, reason.code, contact.phone), with or without "data." before them.
 * An empty cell is no member. Pure. */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/date.h"
#include "common/err.h"

struct rows;

/* names are borrowed. STATUS_REJECT, naming the column: unknown (unless lenient: then its cells are
 * sent as text), given twice, or type or source missing. */
enum status rows_new(struct rows **out, const char *const *names, size_t n, bool lenient,
                     struct err *err) NODISCARD;
void rows_free(struct rows *r);

/* Appends the event of one row. now: its time, where the row has none; its id is then derived, so
 * that the same row is the same event. STATUS_REJECT: not as many cells as columns. */
enum status rows_event(const struct rows *r, const char *const *cells, size_t n, struct instant now,
                       struct buf *out, struct err *err) NODISCARD;

#endif
