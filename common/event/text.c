/* No function asks the locale or ctype, so that a text matches the same on every machine. Reasons
 * that are texts are stored folded: another folding would no longer match them. A folded text is as
 * long as the text. */
#include "common/event/text.h"

#include <string.h>

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool text_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool text_equal(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool text_equal_n(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

/* How many bytes of the len at s are one character that may stand around a text; 0: none. */
static size_t around(const char *s, size_t len, enum text_around what)
{
    static const struct {
        const char *bytes;
        unsigned char last; /* of the last byte: a run of characters that differ in it alone */
        bool invisible;
    } runs[] = {
        {"\xc2\x85", 0x85, false},     {"\xc2\xa0", 0xa0, false},     {"\xe1\x9a\x80", 0x80, false},
        {"\xe2\x80\x80", 0x8a, false}, {"\xe2\x80\xa8", 0xa9, false}, {"\xe2\x80\xaf", 0xaf, false},
        {"\xe2\x81\x9f", 0x9f, false}, {"\xe3\x80\x80", 0x80, false}, {"\xe2\x80\x8b", 0x8b, true},
        {"\xe2\x81\xa0", 0xa0, true},  {"\xef\xbb\xbf", 0xbf, true},
    };
    if (len == 0 || (unsigned char)s[0] < 0x80) {
        return len > 0 && (s[0] == ' ' || (s[0] >= '\t' && s[0] <= '\r')) ? 1 : 0;
    }
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        size_t n = strlen(runs[i].bytes);
        if (len >= n && memcmp(s, runs[i].bytes, n - 1) == 0 &&
            (unsigned char)s[n - 1] >= (unsigned char)runs[i].bytes[n - 1] &&
            (unsigned char)s[n - 1] <= runs[i].last &&
            (!runs[i].invisible || what == TEXT_INVISIBLE)) {
            return n;
        }
    }
    return 0;
}

/* The same of what ends at s + len. */
static size_t around_end(const char *s, size_t len, enum text_around what)
{
    for (size_t n = 1; n <= 3 && n <= len; n++) {
        if (around(s + len - n, n, what) == n) {
            return n;
        }
    }
    return 0;
}

const char *text_trim(const char *s, size_t len, enum text_around what, size_t *trimmed_len)
{
    for (size_t n = around(s, len, what); n > 0; n = around(s, len, what)) {
        s += n;
        len -= n;
    }
    for (size_t n = around_end(s, len, what); n > 0; n = around_end(s, len, what)) {
        len -= n;
    }
    *trimmed_len = len;
    return s;
}

bool text_blank(const char *s)
{
    size_t len = 0;
    (void)text_trim(s, strlen(s), TEXT_SPACE, &len);
    return len == 0;
}

/* The second byte of the small letter of a two-byte character; its first byte stays the same.
 * Covered are the capitals of Latin-1, and those of Latin Extended-A that Welsh, Polish and Czech
 * need. */
static unsigned char fold_second(unsigned char first, unsigned char second)
{
    if (first == 0xC3 && second <= 0x9E && second != 0x97) {
        return (unsigned char)(second + 0x20); /* À-Þ without × */
    }
    /* C4 B0 is the dotted capital I: without a small letter of its own. */
    bool even_is_capital = (first == 0xC4 && second < 0xB8 && second != 0xB0) ||
                           (first == 0xC5 && second >= 0x8A && second <= 0xB7);
    bool odd_is_capital = (first == 0xC4 && second >= 0xB9 && second <= 0xBD) ||
                          (first == 0xC5 && ((second >= 0x81 && second <= 0x87) ||
                                             (second >= 0xB9 && second <= 0xBD)));
    bool is_capital = second % 2 == 0 ? even_is_capital : odd_is_capital;
    return (unsigned char)(second + (is_capital ? 1 : 0));
}

bool text_fold(const char *s, size_t len, char *out, size_t size)
{
    if (len >= size) {
        return false;
    }
    for (size_t n = 0; n < len; n++) {
        unsigned char c = (unsigned char)s[n];
        if (c >= 'A' && c <= 'Z') {
            c = (unsigned char)(c - 'A' + 'a');
        } else if (n > 0) {
            c = fold_second((unsigned char)s[n - 1], c);
        }
        out[n] = (char)c;
    }
    out[len] = '\0';
    return true;
}
