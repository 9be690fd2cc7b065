/* Headers as one string of bytes, and what is made of bytes that are none. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/frozen.h"
#include "tests/unit/leakcheck.h"

TestSuite(frozen, .fini = leakcheck, .timeout = 30);

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct header headers[] = {
    {"ce_id", "e-1", 3, false}, {"x", "a\0b", 3, false}, {"gone", NULL, 0, true},
    {"", "", 0, false},         {"last", "", 0, false},
};
static const char bytes[] = "\0\0\0\5ce_id\0\0\0\3e-1"
                            "\0\0\0\1x\0\0\0\3a\0b"
                            "\0\0\0\4gone\xff\xff\xff\xff"
                            "\0\0\0\0\0\0\0\0"
                            "\0\0\0\4last\0\0\0\0";
#define N_BYTES (sizeof bytes - 1)
/* Where each of them ends. */
static const size_t ends[LENGTH(headers)] = {16, 28, 40, 48, N_BYTES};

static void check_header(const struct frozen_header *got, const struct header *put)
{
    cr_assert_eq(got->name_len, strlen(put->name));
    cr_assert_eq(memcmp(got->name, put->name, got->name_len), 0);
    cr_assert_eq(got->value == NULL, put->is_null, "%s", put->name);
    cr_assert_eq(got->value_len, put->len);
    cr_assert(put->is_null || memcmp(got->value, put->value, put->len) == 0);
}

/* How many headers there are in memory of exactly this size. */
static size_t count(const char *from, size_t len)
{
    char *copy = malloc(len > 0 ? len : 1);
    memcpy(copy, from, len);
    struct frozen_header h;
    size_t n = 0;
    for (size_t at = 0; frozen_next(copy, len, &at, &h); n++) {
        cr_assert_lt(n, LENGTH(headers));
        check_header(&h, &headers[n]);
    }
    free(copy);
    return n;
}

Test(frozen, the_documented_bytes)
{
    struct buf b = {0};
    for (size_t i = 0; i < LENGTH(headers); i++) {
        frozen_put(&b, &headers[i]);
        cr_assert_eq(b.len, ends[i]);
    }
    cr_assert_eq(b.len, N_BYTES);
    cr_assert_eq(memcmp(b.data, bytes, N_BYTES), 0);
    cr_assert_eq(count(b.data, b.len), LENGTH(headers));
    buf_clear(&b);
    frozen_put_text(&b, "ce_id", "e-1");
    cr_assert_eq(b.len, ends[0]);
    cr_assert_eq(memcmp(b.data, bytes, ends[0]), 0);
    buf_clear(&b);
}

Test(frozen, cut_short_anywhere_only_whole_headers_come_out)
{
    for (size_t len = 0; len <= N_BYTES; len++) {
        size_t whole = 0;
        while (whole < LENGTH(headers) && ends[whole] <= len) {
            whole++;
        }
        cr_assert_eq(count(bytes, len), whole, "%zu bytes", len);
    }
}

Test(frozen, lengths_beyond_the_end)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {{"\0\0\0\6ce_id\0\0\0\3e-1", 16},
                {"\xff\xff\xff\xff", 4},
                {"\xff\xff\xff\xff\0\0\0\0", 8},
                {"\0\0\0\5ce_id\0\0\0\4e-1", 16},
                {"\0\0\0\5ce_id\xff\xff\xff\xfe"
                 "e-1",
                 16}};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        cr_assert_eq(count(rows[i].bytes, rows[i].len), 0, "row %zu", i);
    }
}
