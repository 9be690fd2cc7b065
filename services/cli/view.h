/* view - rows of a query as a table for people or as JSON for programs. */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/pg.h"

enum view_type {
    VIEW_TEXT,
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
    /* Where the terminal is too narrow: 0 stays as it is; more is shortened; 2 and more is left
     * out if that does not do, the greatest first. */
    int gives;
};

struct view {
    const struct view_column *columns;
    size_t n;
    const char *empty; /* what to say instead of a table without rows */
    /* How a cell is coloured on a terminal: "31" and so on; NULL: not. May be NULL itself. */
    const char *(*paint)(const struct pg_result *r, size_t row, int col);
};

/* A table: to a terminal at most as wide as that is, elsewhere uncut. Control characters in values
 * are shown as "?": what HR sends must not speak to the terminal. */
void view_table(const struct view *v, const struct pg_result *r, FILE *to);
/* An array of objects, one a line. */
void view_json(const struct view *v, const struct pg_result *r, FILE *to);
void view_print(const struct view *v, const struct pg_result *r, bool json);

/* One row as "name  value" lines, those that are null left out; as one JSON object. */
void view_row(const struct view *v, const struct pg_result *r, size_t row, FILE *to);
void view_row_json(const struct view *v, const struct pg_result *r, size_t row, FILE *to);

/* Text with control characters replaced. */
void view_clean(struct buf *out, const char *text);
/* Characters a terminal shows for it, each taken as one wide. */
size_t view_width(const char *text);
/* Columns of the terminal on `to`; 0 when it is none. COLUMNS wins. */
size_t view_terminal(FILE *to);
/* Whether colours are for it: a terminal that knows some, and nobody set NO_COLOR. */
bool view_is_coloured(FILE *to);

#endif
