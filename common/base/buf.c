/* Nothing is allocated before something is appended: until then data is NULL. buf_puts(b, "") makes
 * it an empty text. grow() leaves room for a NUL behind the bytes, which len does not count. */
#include "common/base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

/* Room for more bytes and a NUL. */
static void grow(struct buf *b, size_t more)
{
    if (more >= SIZE_MAX / 2 - b->len) {
        mem_fail();
    }
    size_t need = b->len + more + 1;
    if (need <= b->cap) {
        return;
    }
    size_t cap = b->cap < 64 ? 64 : b->cap * 2;
    if (cap < need) {
        cap = need;
    }
    b->data = mem_resize(b->data, cap, 1);
    b->cap = cap;
}

void buf_put(struct buf *b, const void *bytes, size_t len)
{
    grow(b, len);
    if (len > 0) {
        memcpy(b->data + b->len, bytes, len);
    }
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
    buf_put(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
    buf_put(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    grow(b, 0);
    int len = vsnprintf(b->data + b->len, b->cap - b->len, fmt, args);
    va_end(args);
    if (len > 0 && (size_t)len >= b->cap - b->len) {
        grow(b, (size_t)len);
        vsnprintf(b->data + b->len, (size_t)len + 1, fmt, again);
    }
    va_end(again);
    b->len += len > 0 ? (size_t)len : 0;
    b->data[b->len] = '\0';
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    if (b->data != NULL) {
        b->data[0] = '\0';
    }
}

void buf_clear(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}
