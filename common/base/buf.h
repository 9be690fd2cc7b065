/* buf - growing bytes. */
#ifndef COMMON_BASE_BUF_H
#define COMMON_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data; /* NUL-terminated after buf_puts and buf_printf */
    size_t len;
    size_t cap;
};

/* Zero-initialise, then use. Running out of memory ends the process. */
void buf_put(struct buf *b, const void *bytes, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_reset(struct buf *b); /* keeps the memory */
void buf_clear(struct buf *b); /* gives it back; may be used again */

#endif
