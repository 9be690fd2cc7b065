/* The writer of markup. A format is read once, byte by byte: what is literal is copied, what a %
 * names is escaped. So a screen cannot forget to escape, and has no way to write without a format.
 *
 * Characters that change the order of others or speak to a terminal become U+FFFD. So no name can
 * make a row read as another. Line ends and tabs stay, as in a text area. */
#include "services/web/html.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/base/utf8.h"

#define NAME_CHARACTERS 100
#define INSTEAD "\xef\xbf\xbd" /* U+FFFD */

struct html {
    struct buf out;
};

struct html *html_new(void)
{
    return mem_alloc(sizeof(struct html));
}

void html_free(struct html *h)
{
    if (h != NULL) {
        buf_clear(&h->out);
        free(h);
    }
}

void html_reset(struct html *h)
{
    buf_reset(&h->out);
}

const char *html_bytes(const struct html *h, size_t *len)
{
    *len = h->out.len;
    return h->out.data == NULL ? "" : h->out.data;
}

static uint32_t code_point(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    switch (n) {
    case 2:
        return (uint32_t)(u[0] & 0x1F) << 6 | (u[1] & 0x3FU);
    case 3:
        return (uint32_t)(u[0] & 0x0F) << 12 | (uint32_t)(u[1] & 0x3F) << 6 | (u[2] & 0x3FU);
    case 4:
        return (uint32_t)(u[0] & 0x07) << 18 | (uint32_t)(u[1] & 0x3F) << 12 |
               (uint32_t)(u[2] & 0x3F) << 6 | (u[3] & 0x3FU);
    default:
        return u[0];
    }
}

/* Controls, separators of lines and paragraphs, marks of direction, and what HTML does not allow.
 */
static bool misleads(uint32_t c)
{
    return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c < 0xA0) || c == 0x061C ||
           c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x206F) || (c >= 0xFDD0 && c <= 0xFDEF) ||
           (c >= 0xFFF9 && c <= 0xFFFB) || (c & 0xFFFE) == 0xFFFE;
}

static void put_character(struct buf *out, const char *s, size_t n)
{
    switch (s[0]) {
    case '&':
        buf_puts(out, "&amp;");
        return;
    case '<':
        buf_puts(out, "&lt;");
        return;
    case '>':
        buf_puts(out, "&gt;");
        return;
    case '"':
        buf_puts(out, "&quot;");
        return;
    case '\'':
        buf_puts(out, "&#39;");
        return;
    default:
        if (misleads(code_point(s, n))) {
            buf_puts(out, INSTEAD);
        } else {
            buf_put(out, s, n);
        }
    }
}

/* At most so many characters; false: there were more. */
static bool escape_some(struct buf *out, const char *text, size_t characters)
{
    size_t len = strlen(text);
    for (size_t at = 0; at < len; characters--) {
        if (characters == 0) {
            return false;
        }
        size_t n = utf8_length(text + at, len - at);
        if (n == 0) {
            buf_puts(out, INSTEAD);
            n = 1;
        } else {
            put_character(out, text + at, n);
        }
        at += n;
    }
    return true;
}

void html_escape(struct buf *out, const char *text)
{
    if (text != NULL) {
        (void)escape_some(out, text, SIZE_MAX);
    }
}

/* NOLINTBEGIN(clang-analyzer-valist.Uninitialized): put() begins the list */

/* Writes a conversion; at stands behind the %. Returns what stands behind it. */
static const char *convert(struct buf *out, const char *at, va_list *args)
{
    if (at[0] == 's') {
        html_escape(out, va_arg(*args, const char *));
        return at + 1;
    }
    if (at[0] == '%') {
        buf_putc(out, '%');
        return at + 1;
    }
    if (at[0] == 'd') {
        buf_printf(out, "%d", va_arg(*args, int));
        return at + 1;
    }
    if (at[0] == 'u') {
        buf_printf(out, "%u", va_arg(*args, unsigned));
        return at + 1;
    }
    if (strncmp(at, "zu", 2) == 0) {
        buf_printf(out, "%zu", va_arg(*args, size_t));
        return at + 2;
    }
    if (strncmp(at, "ld", 2) == 0) {
        buf_printf(out, "%ld", va_arg(*args, long));
        return at + 2;
    }
    if (strncmp(at, "lld", 3) == 0) {
        buf_printf(out, "%lld", va_arg(*args, long long));
        return at + 3;
    }
    abort(); /* a format of ours that nobody ever tried */
}

/* NOLINTEND(clang-analyzer-valist.Uninitialized) */

void put(struct html *h, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    for (const char *at = fmt; *at != '\0';) {
        size_t n = strcspn(at, "%");
        buf_put(&h->out, at, n);
        at += n;
        if (*at == '%') {
            at = convert(&h->out, at + 1, &args);
        }
    }
    va_end(args);
    buf_puts(&h->out, "");
}

static void put_bdi(struct html *h, const char *name, size_t characters)
{
    buf_puts(&h->out, "<bdi>");
    if (name != NULL && !escape_some(&h->out, name, characters)) {
        buf_puts(&h->out, "…");
    }
    buf_puts(&h->out, "</bdi>");
}

void put_name(struct html *h, const char *name)
{
    put_bdi(h, name, NAME_CHARACTERS);
}

void put_name_whole(struct html *h, const char *name)
{
    put_bdi(h, name, SIZE_MAX);
}
