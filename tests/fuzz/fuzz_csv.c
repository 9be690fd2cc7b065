/* Any bytes are CSV: rows until the end or a refusal. Line numbers only rise. Rows written back
 * with every cell quoted are read again as the same. */
#include <stddef.h>
#include <stdint.h>

#include "common/feed/rows/csv.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define ROWS_MAX 64

struct row {
    const char **cells;
    size_t n;
};

static size_t read_rows(const char *text, size_t len, struct arena *a, struct row *rows,
                        enum status *ended)
{
    struct csv c;
    csv_begin(&c, text, len);
    size_t n_rows = 0;
    size_t last = 0;
    while (n_rows < ROWS_MAX) {
        struct row *r = &rows[n_rows];
        size_t line = 0;
        struct err err = {0};
        *ended = csv_row(&c, a, &r->cells, &r->n, &line, &err);
        if (*ended != STATUS_OK || r->n == 0) {
            MUST(*ended == STATUS_OK || *ended == STATUS_REJECT);
            return n_rows;
        }
        MUST(line > last);
        last = line;
        n_rows++;
    }
    return n_rows;
}

static void put_row(struct buf *b, const struct row *r)
{
    for (size_t i = 0; i < r->n; i++) {
        buf_puts(b, i == 0 ? "\"" : ",\"");
        for (const char *p = r->cells[i]; *p != '\0'; p++) {
            if (*p == '"') {
                buf_putc(b, '"');
            }
            buf_putc(b, *p);
        }
        buf_putc(b, '"');
    }
    buf_puts(b, "\r\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct arena *arena;
    static struct row rows[ROWS_MAX];
    static struct row again[ROWS_MAX];
    if (arena == NULL) {
        arena = arena_new(1 << 16);
    }
    arena_reset(arena);
    enum status ended = STATUS_OK;
    size_t n = read_rows((const char *)data, len, arena, rows, &ended);
    struct buf b = {0};
    buf_puts(&b, "");
    for (size_t i = 0; i < n; i++) {
        put_row(&b, &rows[i]);
    }
    MUST(read_rows(b.data, b.len, arena, again, &ended) == n && ended == STATUS_OK);
    for (size_t i = 0; i < n; i++) {
        MUST(again[i].n == rows[i].n);
        for (size_t k = 0; k < rows[i].n; k++) {
            MUST(strcmp(again[i].cells[k], rows[i].cells[k]) == 0);
        }
    }
    buf_clear(&b);
    return 0;
}
