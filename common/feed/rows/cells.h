/* cells - one cell of a row as the member it becomes: trimmed, undamaged, within the bounds of our
 * events. Pure. */
#ifndef COMMON_FEED_ROWS_CELLS_H
#define COMMON_FEED_ROWS_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/feed/mapping/mapping.h"
#include "common/feed/mapping/moment.h"
#include "common/feed/rows/refusal.h"

/* 1 to 100 bytes, nothing around it that nobody sees: what our events take for an identifier. */
bool cells_is_id(const char *s);

/* Without what stands around it and nobody sees, ="…" and what the mapping calls empty. Into out,
 * of at least strlen(raw) + 1 bytes; false: nothing is left, and out is "". */
bool cells_plain(const struct mapping_texts *empty, const char *raw, char *out);

#define CELL_TEXT_MAX 1000 /* bytes of a member that is text */

struct cell {
    enum row_fault fault;
    bool given;           /* there is a value */
    bool passes;          /* of category and organisation: the row is passed over */
    bool spreadsheet;     /* damaged as spreadsheets do it, whether that is the fault or not */
    const char *text;     /* of texts and identifiers: NUL-terminated, in room or in the mapping */
    struct date day;      /* of a date */
    uint32_t second;      /* of an instant: seconds since 1970 */
    bool yes;             /* of a truth value */
    struct moment moment; /* of dates and instants, as written */
    char room[CELL_TEXT_MAX + 1];
};

/* plain: as cells_plain gives it; may be "". */
void cells_read(const struct mapping *m, const struct mapping_column *c, const char *plain,
                struct cell *out);

#endif
