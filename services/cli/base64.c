#include "services/cli/base64.h"

#include <stdint.h>

void base64_put(struct buf *out, const void *data, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = data;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t three = (uint32_t)p[i] << 16;
        three |= i + 1 < len ? (uint32_t)p[i + 1] << 8 : 0;
        three |= i + 2 < len ? p[i + 2] : 0;
        buf_putc(out, digits[three >> 18]);
        buf_putc(out, digits[three >> 12 & 63]);
        buf_put(out, i + 1 < len ? &digits[three >> 6 & 63] : "=", 1);
        buf_put(out, i + 2 < len ? &digits[three & 63] : "=", 1);
    }
    buf_puts(out, "");
}
