#include <criterion/criterion.h>
#include <string.h>

#include "common/base/buf.h"
#include "services/web/html.h"
#include "tests/unit/leakcheck.h"

static struct html *h;

static void begin(void)
{
    h = html_new();
}

static void end(void)
{
    html_free(h);
    leakcheck();
}

TestSuite(web_html, .init = begin, .fini = end);

static const char *text(void)
{
    size_t len = 0;
    const char *bytes = html_bytes(h, &len);
    cr_assert_eq(strlen(bytes), len);
    return bytes;
}

static const char *escaped(const char *value)
{
    html_reset(h);
    put(h, "%s", value);
    return text();
}

Test(web_html, what_is_put_into_a_format_is_escaped)
{
    put(h, "<p title=\"%s\">%s</p>", "\"><script>", "a & b < 'c'");
    cr_assert_str_eq(text(),
                     "<p title=\"&quot;&gt;&lt;script&gt;\">a &amp; b &lt; &#39;c&#39;</p>");
}

Test(web_html, numbers_and_percent)
{
    put(h, "%d %u %zu %ld %lld 100 %%", -1, 2U, (size_t)3, 4L, 5LL);
    cr_assert_str_eq(text(), "-1 2 3 4 5 100 %");
}

Test(web_html, nothing_is_nothing)
{
    const char *volatile nothing = NULL; /* so that the compiler does not object */
    put(h, "[%s]", nothing);
    cr_assert_str_eq(text(), "[]");
    html_reset(h);
    cr_assert_str_eq(text(), "");
}

Test(web_html, controls_and_marks_of_direction_become_one_character)
{
    cr_assert_str_eq(escaped("a\x1b[31m\rb\x7f"), "a\ufffd[31m\ufffd"
                                                  "b\ufffd");
    cr_assert_str_eq(escaped("07700 \u202e210009\u202c"), "07700 \ufffd210009\ufffd");
    cr_assert_str_eq(escaped("\u061c\u200e\u200f\u2066\u2069\u2028\u2029\u206a"),
                     "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd");
    cr_assert_str_eq(escaped("\xc2\x85\xc2\x9b"), "\ufffd\ufffd");
    cr_assert_str_eq(escaped("\ufdd0\uffff\U0001fffe"), "\ufffd\ufffd\ufffd");
    cr_assert_str_eq(escaped("two\nlines\tand a tab"), "two\nlines\tand a tab");
}

Test(web_html, what_is_no_utf8_becomes_one_character_a_byte)
{
    cr_assert_str_eq(escaped("a\xff\xc3z\xe2\x82"), "a\ufffd\ufffdz\ufffd\ufffd");
    cr_assert_str_eq(escaped("\xc0\xbcscript\xc0\xbe"), "\ufffd\ufffdscript\ufffd\ufffd");
}

Test(web_html, other_scripts_stay)
{
    cr_assert_str_eq(escaped("Zo\u00eb \u6d4b\u8bd5 \u05d0\u0628 \U0001f600"),
                     "Zo\u00eb \u6d4b\u8bd5 \u05d0\u0628 \U0001f600");
}

Test(web_html, names_stand_alone_and_are_cut)
{
    char name[400];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    put_name(h, "<Test> Person");
    cr_assert_str_eq(text(), "<bdi>&lt;Test&gt; Person</bdi>");
    html_reset(h);
    put_name(h, name);
    cr_assert_eq(strlen(text()), strlen("<bdi></bdi>") + 100 + strlen("…"));
    html_reset(h);
    put_name_whole(h, name);
    cr_assert_eq(strlen(text()), strlen("<bdi></bdi>") + 399);
    html_reset(h);
    put_name(h, NULL);
    cr_assert_str_eq(text(), "<bdi></bdi>");
}

Test(web_html, a_cut_name_ends_with_a_whole_character)
{
    struct buf b = {0};
    for (int i = 0; i < 101; i++) {
        buf_puts(&b, "\u6d4b");
    }
    put_name(h, b.data);
    cr_assert_eq(strlen(text()), strlen("<bdi></bdi>") + 300 + strlen("…"));
    buf_clear(&b);
}
