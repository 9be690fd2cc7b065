#include <criterion/criterion.h>
#include <string.h>

#include "common/base/utf8.h"
#include "tests/unit/leakcheck.h"

TestSuite(utf8, .fini = leakcheck);

static size_t encode(unsigned c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

Test(utf8, every_character_but_surrogates)
{
    for (unsigned c = 0; c < 0x1FFFFF; c++) {
        char text[4];
        size_t len = encode(c, text);
        bool good = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
        cr_assert_eq(utf8_length(text, len), good ? len : 0, "U+%04X", c);
        cr_assert_eq(utf8_length(text, len - 1), 0, "U+%04X cut", c);
    }
}

Test(utf8, every_pair_and_triple_of_bytes_agrees_with_the_definition)
{
    /* Accepted bytes must be those that encode() makes of the character: nothing overlong.
     */
    for (unsigned n = 0; n < 0x1000000; n += n < 0x10000 ? 1 : 7) {
        const unsigned char s[3] = {(unsigned char)(n >> 16), (unsigned char)(n >> 8),
                                    (unsigned char)n};
        size_t len = utf8_length((const char *)s, 3);
        unsigned c = len == 2 ? (s[0] & 31U) << 6 | (s[1] & 63U)
                              : (s[0] & 15U) << 12 | (s[1] & 63U) << 6 | (s[2] & 63U);
        char again[4];
        if (len == 2 || len == 3) {
            cr_assert_eq(encode(c, again), len, "%06X", n);
            cr_assert_arr_eq(again, s, len, "%06X", n);
        }
    }
}

Test(utf8, a_bad_byte_is_found_wherever_it_stands)
{
    char text[40];
    for (size_t len = 1; len <= sizeof text; len++) {
        for (size_t at = 0; at < len; at++) {
            memset(text, 'a', len);
            cr_assert(utf8_valid(text, len));
            text[at] = (char)0xFF;
            cr_assert_not(utf8_valid(text, len), "%zu of %zu", at, len);
            text[at] = (char)0xC3; /* wants a byte more, gets 'a' or the end */
            cr_assert_not(utf8_valid(text, len), "%zu of %zu", at, len);
        }
    }
    cr_assert(utf8_valid("", 0));
    cr_assert(utf8_valid("a\0b\xC3\xA9", 5));
}
