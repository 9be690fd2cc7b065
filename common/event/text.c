#include "common/event/text.h"

#include <stdint.h>
#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
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

bool text_blank(const char *s)
{
    return s[strspn(s, " \t\r\n\v\f")] == '\0';
}

/* Bytes of the character s begins with, 0 if it is none: no overlong form, no surrogate, nothing
 * over U+10FFFF. */
static size_t character(const uint8_t *s, size_t len)
{
    if (s[0] < 0x80) {
        return 1;
    }
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || len < n) {
        return 0;
    }
    uint8_t least = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t most = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < least || s[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return n;
}

bool text_is_utf8(const char *s, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t n = character((const uint8_t *)s + at, len - at);
        if (n == 0) {
            return false;
        }
        at += n;
    }
    return true;
}
