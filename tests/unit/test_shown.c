#include <criterion/criterion.h>
#include <string.h>

#include "common/base/shown.h"
#include "tests/unit/leakcheck.h"

static struct buf b;

static void clear(void)
{
    buf_clear(&b);
    leakcheck();
}

TestSuite(shown, .fini = clear);

static const char *cleaned(const char *text)
{
    buf_reset(&b);
    shown_clean(&b, text);
    return b.data;
}

static const char *cell(const char *text)
{
    buf_reset(&b);
    shown_csv(&b, text);
    return b.data;
}

Test(shown, what_speaks_to_the_terminal_is_a_question_mark)
{
    cr_assert_str_eq(cleaned("a\x1b[31m\tb\r\n\x7f"), "a?[31m?b???");
    cr_assert_str_eq(cleaned("\xc2\x9b"
                             "31m"),
                     "?31m");
    cr_assert_str_eq(cleaned("07700 \u202e210009\u202c"), "07700 ?210009?");
    cr_assert_str_eq(cleaned("\u061c\u200e\u200f\u202a\u2066\u2067\u2068\u2069\u206a"),
                     "?????????");
    cr_assert_str_eq(cleaned("a\u2028b\u2029c\ufff9d"), "a?b?c?d");
    cr_assert_str_eq(cleaned("a\xff\xc3"), "a??");
    cr_assert_str_eq(cleaned("Zo\u00eb \u6d4b\u8bd5 \u05d0\u0628"),
                     "Zo\u00eb \u6d4b\u8bd5 \u05d0\u0628");
    cr_assert_str_eq(cleaned(""), "");
}

Test(shown, columns)
{
    cr_assert_eq(shown_width(""), 0);
    cr_assert_eq(shown_width("Test"), 4);
    cr_assert_eq(shown_width("\u6d4b\u8bd5 \u4eba\u5458 3"), 11);
    cr_assert_eq(shown_width("\uff34\uff45\uff53\uff54 15"), 11);
    cr_assert_eq(shown_width("\u0e17\u0e14\u0e2a\u0e2d\u0e1a \u0e04\u0e19 13"), 11);
    cr_assert_eq(shown_width("Teste\u0301 Person 10"), 15);
    cr_assert_eq(shown_width("Test\u200bPerson 12"), 13);
    cr_assert_eq(shown_width("\u0e19\u0e49\u0e33"), 2); /* a vowel above and a tone */
    cr_assert_eq(shown_width("\U0001f469"), 2);
    cr_assert_eq(shown_width("a\xff"), 2);
}

Test(shown, cut_between_characters)
{
    cr_assert_eq(shown_fit("Test", 4), 4);
    cr_assert_eq(shown_fit("Test", 3), 3);
    cr_assert_eq(shown_fit("Test", 9), 4);
    cr_assert_eq(shown_fit("Test", 0), 0);
    cr_assert_eq(shown_fit("\u6d4b\u8bd5", 3), 3); /* the second has no room for both its halves */
    cr_assert_eq(shown_fit("\u6d4b\u8bd5", 4), 6);
    cr_assert_eq(shown_fit("e\u0301e\u0301", 1), 3); /* with its accent */
    cr_assert_eq(shown_fit("Zo\u00eb", 3), 4);
}

Test(shown, characters_without_end_that_combine_fill_no_line)
{
    char many[2000] = "e";
    for (size_t i = 1; i + 2 < sizeof many; i++) {
        many[i] = i % 2 == 1 ? '\xcc' : '\x81';
    }
    many[sizeof many - 1] = '\0';
    size_t n = shown_fit(many, 60);
    cr_assert(n <= 480 && n > 470);
    cr_assert_eq((unsigned char)many[n - 1], 0x81, "a whole character");
}

Test(shown, cells_of_a_spreadsheet)
{
    cr_assert_str_eq(cell(NULL), "");
    cr_assert_str_eq(cell("RW3"), "RW3");
    cr_assert_str_eq(cell("a,b\"c"), "\"a,b\"\"c\"");
    cr_assert_str_eq(cell("a\r\nb"), "a??b");
    cr_assert_str_eq(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
    cr_assert_str_eq(cell("+1+2"), "\"'+1+2\"");
    cr_assert_str_eq(cell("-cmd|' /C calc'!A0"), "\"'-cmd|' /C calc'!A0\"");
    cr_assert_str_eq(cell("@SUM(A1)"), "\"'@SUM(A1)\"");
    cr_assert_str_eq(cell("\t=1"), "\"'?=1\"");
    cr_assert_str_eq(cell("\r=1"), "\"'?=1\"");
    cr_assert_str_eq(cell("\uff1d1+1"), "\"'\uff1d1+1\"");
    cr_assert_str_eq(cell("-12.5"), "-12.5");
    cr_assert_str_eq(cell("-1-2"), "\"'-1-2\"");
    cr_assert_str_eq(cell("-1."), "\"'-1.\"");
    cr_assert_str_eq(cell("68.4"), "68.4");
    cr_assert_str_eq(cell("P\u202e77"), "P?77");
}
