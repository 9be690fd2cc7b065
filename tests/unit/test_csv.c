#include <criterion/criterion.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/feed/rows/csv.h"
#include "tests/unit/leakcheck.h"

TestSuite(csv, .fini = leakcheck);

/* Rows as "cell|cell;cell|cell", or "!" and the fault. */
static void check(const char *text, const char *expected)
{
    struct arena *a = arena_new(1024);
    struct err err = {0};
    struct csv c;
    struct buf got = {0};
    csv_begin(&c, text, strlen(text));
    for (;;) {
        const char **cells = NULL;
        size_t n = 0;
        size_t line = 0;
        if (csv_row(&c, a, &cells, &n, &line, &err) != STATUS_OK) {
            buf_printf(&got, "!%s", err.text);
            break;
        }
        if (n == 0) {
            break;
        }
        buf_puts(&got, got.len == 0 ? "" : ";");
        for (size_t i = 0; i < n; i++) {
            buf_printf(&got, "%s%s", i == 0 ? "" : "|", cells[i]);
        }
    }
    cr_assert_str_eq(got.data == NULL ? "" : got.data, expected);
    buf_clear(&got);
    arena_free(a);
}

Test(csv, rows_and_cells)
{
    check("a,b\n1,2\n", "a|b;1|2");
    check("a,b\r\n1,2", "a|b;1|2");
    check("\xef\xbb\xbf"
          "a,b\n",
          "a|b");
    check("a,\n,b\n", "a|;|b");
    check("a\n\n\r\nb\n", "a;b");
    check("", "");
    check("\n\n", "");
}

Test(csv, quotes)
{
    check("\"a,b\",c\n", "a,b|c");
    check("\"a \"\"b\"\"\"\n", "a \"b\"");
    check("\"two\nlines\",c\nd\n", "two\nlines|c;d");
    check("\"\",\"\"\n", "|");
    check("a,\"b\n", "!line 1: a quote that opens a cell is not closed");
    check("a\n\"b\"c\n", "a!line 2: the quote that opens a cell is closed on line 2, and neither a "
                         "comma nor the end of the line follows");
    check("a,\"b\nc,\"d\n",
          "!line 1: the quote that opens a cell is closed on line 2, and neither a "
          "comma nor the end of the line follows");
    check("a\nb\"c\n", "a!line 2: a quote inside a cell: quote the whole cell, and double it");
}

Test(csv, lines_are_counted_through_quotes)
{
    struct arena *a = arena_new(1024);
    struct err err = {0};
    struct csv c;
    static const char text[] = "h\n\"x\ny\"\n\nz\n";
    const char **cells = NULL;
    size_t n = 0;
    size_t line = 0;
    static const size_t lines[] = {1, 2, 5};
    csv_begin(&c, text, sizeof text - 1);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(csv_row(&c, a, &cells, &n, &line, &err), STATUS_OK);
        cr_assert_eq(line, lines[i], "row %zu is said to be on line %zu", i, line);
    }
    arena_free(a);
}

Test(csv, a_nul_is_no_text)
{
    struct arena *a = arena_new(1024);
    struct err err = {0};
    struct csv c;
    const char **cells = NULL;
    size_t n = 0;
    size_t line = 0;
    csv_begin(&c, "a\0b\n", 4);
    cr_assert_eq(csv_row(&c, a, &cells, &n, &line, &err), STATUS_REJECT);
    arena_free(a);
}
