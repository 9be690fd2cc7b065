/* wcwidth() is of X/Open. */
#define _XOPEN_SOURCE 700 /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

#include "common/base/shown.h"

#include <locale.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "common/base/utf8.h"

#define BYTES_A_COLUMN 8

/* The character at s, of which len bytes may be read; its length. 0: not well-formed. */
static size_t decode(const char *s, size_t len, uint32_t *out)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = utf8_length(s, len);
    *out = n < 2 ? u[0] : u[0] & (0xFFU >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        *out = *out << 6 | (u[i] & 0x3F);
    }
    return n;
}

/* ---- what is not shown ---- */

static bool speaks(uint32_t c)
{
    bool control = c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
    bool direction = c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
                     (c >= 0x2066 && c <= 0x206F);
    return control || direction || (c >= 0xFFF9 && c <= 0xFFFB);
}

void shown_clean(struct buf *out, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        uint32_t c = 0;
        size_t len = decode(text, left, &c);
        if (len == 0 || speaks(c)) {
            buf_putc(out, '?');
            len = len == 0 ? 1 : len;
        } else {
            buf_put(out, text, len);
        }
        text += len;
        left -= len;
    }
    buf_puts(out, "");
}

/* ---- columns ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t unicode; /* 0: the C library has none */

static void open_unicode(void)
{
    unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* wcwidth() knows every character, but only in a locale of UTF-8. */
static size_t columns_of(uint32_t c)
{
    if (c < 0x7F) {
        return 1;
    }
    (void)pthread_once(&once, open_unicode);
    if (unicode == (locale_t)0) {
        return 1;
    }
    locale_t before = uselocale(unicode);
    int width = wcwidth((wchar_t)c);
    (void)uselocale(before);
    return width < 0 ? 1 : (size_t)width; /* one that the C library does not know */
}

size_t shown_width(const char *text)
{
    size_t width = 0;
    size_t left = strlen(text);
    while (left > 0) {
        uint32_t c = 0;
        size_t len = decode(text, left, &c);
        width += len == 0 ? 1 : columns_of(c);
        len = len == 0 ? 1 : len;
        text += len;
        left -= len;
    }
    return width;
}

size_t shown_fit(const char *text, size_t columns)
{
    size_t most = strnlen(text, columns * BYTES_A_COLUMN + 1);
    size_t at = 0;
    size_t width = 0;
    while (at < most) {
        uint32_t c = 0;
        size_t len = decode(text + at, most - at, &c);
        width += len == 0 ? 1 : columns_of(c);
        len = len == 0 ? 1 : len;
        if (width > columns || at + len > columns * BYTES_A_COLUMN) {
            break;
        }
        at += len;
    }
    return at;
}

/* ---- spreadsheets ---- */

static bool is_number(const char *text)
{
    const char *p = text + (*text == '-');
    size_t whole = strspn(p, "0123456789");
    size_t part = p[whole] == '.' ? strspn(p + whole + 1, "0123456789") : 0;
    return whole > 0 && p[whole + (part > 0 ? part + 1 : 0)] == '\0';
}

/* Spreadsheets take full-width signs for the plain ones. */
static bool begins_formula(const char *text)
{
    static const char *const wide[] = {"\uff1d", "\uff0b", "\uff0d", "\uff20"};
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        if (strncmp(text, wide[i], strlen(wide[i])) == 0) {
            return true;
        }
    }
    return text[0] != '\0' && strchr("=+-@\t\r\n", text[0]) != NULL;
}

void shown_csv(struct buf *out, const char *text)
{
    struct buf clean = {0};
    const char *raw = text == NULL ? "" : text;
    buf_puts(&clean, begins_formula(raw) && !is_number(raw) ? "'" : "");
    shown_clean(&clean, raw);
    bool quote = strpbrk(clean.data, ",;\"'") != NULL;
    buf_puts(out, quote ? "\"" : "");
    for (const char *p = clean.data; *p != '\0'; p++) {
        buf_puts(out, *p == '"' ? "\"" : "");
        buf_putc(out, *p);
    }
    buf_puts(out, quote ? "\"" : "");
    buf_clear(&clean);
}
