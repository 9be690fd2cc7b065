/* view - rows of a query as a table for people or as JSON for programs. */
#ifndef SERVICES_CLI_VIEW_H
#define SERVICES_CLI_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "common/pg/pg.h"

enum view_type {
    VIEW_TEXT,
    VIEW_WORDS, /* text that we put together, with nothing of any length in it */
    VIEW_INT,
    VIEW_BOOL,
    VIEW_DATE,
    VIEW_INSTANT, /* JSON: RFC 3339, UTC; table: local time of this machine, to the minute */
    VIEW_TEXTS,   /* text[] */
    VIEW_JSON,    /* text that is JSON */
    VIEW_BYTES,   /* JSON: text where it is UTF-8, else {"base64": …} */
    VIEW_HEADERS  /* as in common/event/frozen.h; JSON: [name, value] each */
};

/* The n-th column of the result. */
struct view_column {
    const char *name;    /* in JSON */
    const char *heading; /* in the table; NULL: not shown there */
    enum view_type type;
    /* Where the terminal is too narrow: 0 stays as it is; more is shortened; 2 and more is left out
     * if that is not enough, the greatest first. 6 and more is not folded where every row has the
     * same in it. */
    int gives;
};

struct view {
    const struct view_column *columns;
    size_t n;
    const char *empty; /* what to say instead of a table without rows */
    /* Columns that a narrow terminal leaves out stand in lines below the row, with their headings.
     */
    bool folds;
    /* How a cell is coloured on a terminal: "31" and so on; NULL: not. May be NULL itself. */
    const char *(*paint)(const struct pg_result *r, size_t row, int col);
};

/* A table: to a terminal at most as wide as that is, and no value wider than 60 columns but those
 * of VIEW_WORDS. Values are cleaned (common/base/shown): what HR sends must not speak to the
 * terminal.
 */
void view_table(const struct view *v, const struct pg_result *r, FILE *to);
/* An array of objects, one a line. */
void view_json(const struct view *v, const struct pg_result *r, FILE *to);
void view_print(const struct view *v, const struct pg_result *r, bool json);

/* A row as "name  value" lines, without those that are null; as a JSON object. */
void view_row(const struct view *v, const struct pg_result *r, size_t row, FILE *to);
void view_row_json(const struct view *v, const struct pg_result *r, size_t row, FILE *to);

/* Text fit for a terminal: shown_clean(). */
void view_clean(struct buf *out, const char *text);
/* The same, and an ellipsis instead of what is beyond 60 columns. */
void view_short(struct buf *out, const char *text);
/* Columns of the terminal on `to`; 0 when it is none. COLUMNS wins. */
size_t view_terminal(FILE *to);
/* Whether colours are for it: a terminal that knows some, and nobody set NO_COLOR. */
bool view_is_coloured(FILE *to);

#endif
