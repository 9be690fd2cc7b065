/* After a refusal the reader stands within a row, and no further row can be read. A bad quote is
 * reported with the line on which its cell began, since it may show only far behind that. */
#include "common/feed/rows/csv.h"

#include <string.h>

#include "common/base/buf.h"

#define CELLS_MAX 256

void csv_begin(struct csv *c, const char *text, size_t len)
{
    bool mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
    c->at = mark ? text + 3 : text;
    c->end = text + len;
    c->line = 1;
    c->delimiter = ',';
    c->formulas = false;
}

static bool at_line_end(const struct csv *c)
{
    return c->at == c->end || *c->at == '\n' ||
           (*c->at == '\r' && c->at + 1 < c->end && c->at[1] == '\n');
}

static void pass_line_end(struct csv *c)
{
    if (c->at < c->end && *c->at == '\r') {
        c->at++;
    }
    if (c->at < c->end) {
        c->at++;
        c->line++;
    }
}

static enum status after_quote(const struct csv *c, size_t began, struct err *err)
{
    if (at_line_end(c) || *c->at == c->delimiter) {
        return STATUS_OK;
    }
    return err_set(err, STATUS_REJECT, "csv",
                   "line %zu: the quote that opens a cell is closed on line %zu, and neither %s"
                   " nor the end of the line follows",
                   began, c->line, c->delimiter == ',' ? "a comma" : "the delimiter");
}

static enum status quoted(struct csv *c, struct buf *cell, struct err *err)
{
    size_t began = c->line;
    for (c->at++; c->at < c->end; c->at++) {
        if (*c->at == '"') {
            c->at++;
            if (c->at == c->end || *c->at != '"') {
                return after_quote(c, began, err);
            }
        }
        c->line += *c->at == '\n';
        buf_putc(cell, *c->at);
    }
    return err_set(err, STATUS_REJECT, "csv", "line %zu: a quote that opens a cell is not closed",
                   began);
}

static enum status one_cell(struct csv *c, struct buf *cell, struct err *err)
{
    bool formula = c->formulas && c->end - c->at >= 2 && c->at[0] == '=' && c->at[1] == '"';
    if (formula) {
        buf_put(cell, "=\"", 2);
        c->at++;
    }
    if (c->at < c->end && *c->at == '"') {
        enum status s = quoted(c, cell, err);
        if (s != STATUS_OK) {
            return s;
        }
    }
    if (formula) {
        buf_putc(cell, '"');
    }
    while (!at_line_end(c) && *c->at != c->delimiter) {
        if (*c->at == '"') {
            return err_set(err, STATUS_REJECT, "csv",
                           "line %zu: a quote inside a cell: quote the whole cell, and double it",
                           c->line);
        }
        buf_putc(cell, *c->at++);
    }
    buf_puts(cell, "");
    if (memchr(cell->data, '\0', cell->len) != NULL) {
        return err_set(err, STATUS_REJECT, "csv", "line %zu: a NUL byte", c->line);
    }
    return STATUS_OK;
}

static void pass_blank_lines(struct csv *c)
{
    while (c->at < c->end && at_line_end(c)) {
        pass_line_end(c);
    }
}

enum status csv_row(struct csv *c, struct arena *a, const char ***cells, size_t *n, size_t *line,
                    struct err *err)
{
    const char **out = NULL;
    size_t count = 0;
    struct buf cell = {0};
    enum status s = STATUS_OK;
    pass_blank_lines(c);
    *line = c->line;
    for (bool more = c->at < c->end; more && s == STATUS_OK;) {
        if (out == NULL) {
            out = arena_array(a, CELLS_MAX, sizeof *out);
        }
        buf_reset(&cell);
        s = one_cell(c, &cell, err);
        if (s == STATUS_OK && count == CELLS_MAX) {
            s = err_set(err, STATUS_REJECT, "csv", "line %zu: over %d cells", *line, CELLS_MAX);
        }
        if (s == STATUS_OK) {
            out[count++] = arena_strndup(a, cell.data, cell.len);
        }
        more = c->at < c->end && *c->at == c->delimiter;
        c->at += more;
    }
    buf_clear(&cell);
    if (s != STATUS_OK) {
        return s;
    }
    pass_line_end(c);
    *cells = out;
    *n = count;
    return STATUS_OK;
}
