#include <criterion/criterion.h>
#include <string.h>

#include "common/base/buf.h"
#include "tests/unit/leakcheck.h"

TestSuite(buf, .fini = leakcheck);

Test(buf, grows_and_stays_terminated)
{
    struct buf b = {0};
    for (int i = 0; i < 1000; i++) {
        buf_puts(&b, "ab");
        buf_putc(&b, 'c');
    }
    cr_assert_eq(b.len, 3000);
    cr_assert_eq(strlen(b.data), 3000);
    cr_assert_str_eq(b.data + 2997, "abc");
    buf_clear(&b);
    cr_assert_null(b.data);
}

Test(buf, printf_of_any_length)
{
    struct buf b = {0};
    for (int width = 0; width < 300; width++) {
        buf_reset(&b);
        buf_printf(&b, "<%*s>", width, "");
        cr_assert_eq(b.len, (size_t)width + 2);
        cr_assert_eq(strlen(b.data), b.len);
        cr_assert_eq(b.data[b.len - 1], '>');
    }
    buf_clear(&b);
}

Test(buf, bytes_with_nul_and_nothing_at_all)
{
    struct buf b = {0};
    buf_reset(&b);
    buf_put(&b, NULL, 0);
    cr_assert_eq(b.len, 0);
    buf_put(&b, "a\0b", 3);
    cr_assert_eq(b.len, 3);
    cr_assert_arr_eq(b.data, "a\0b", 4);
    buf_clear(&b);
    buf_clear(&b);
}
