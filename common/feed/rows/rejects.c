#include "common/feed/rows/rejects.h"

#include <stdlib.h>

#include "common/base/mem.h"

void rejects_add(struct rejects *r, size_t line, const char *column, enum row_fault why)
{
    if (r->n == r->cap) {
        r->cap = r->cap == 0 ? 64 : r->cap * 2;
        r->row = mem_resize(r->row, r->cap, sizeof *r->row);
    }
    r->row[r->n++] =
        (struct rejected_row){.line = line, .column = column == NULL ? "" : column, .why = why};
}

static int by_line(const void *x, const void *y)
{
    const struct rejected_row *a = x;
    const struct rejected_row *b = y;
    return (a->line > b->line) - (a->line < b->line);
}

void rejects_sort(struct rejects *r)
{
    if (r->n > 0) {
        qsort(r->row, r->n, sizeof *r->row, by_line);
    }
}

void rejects_clear(struct rejects *r)
{
    free(r->row);
    *r = (struct rejects){0};
}
