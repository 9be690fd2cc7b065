/* OpenSSL decodes, and takes more than the header promises. So the form is judged here first.
 * OpenSSL also counts the padding as bytes; base64_read() subtracts it again. */
#include "common/base/base64.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_put(struct buf *out, const void *data, size_t len)
{
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

/* OpenSSL itself passes over white space at both ends, and takes a "=" anywhere. */
static bool is_padded(const char *text, size_t len, size_t *padding)
{
    size_t n = 0;
    while (n < len && text[n] != '=') {
        if (text[n] == '\0' || strchr(digits, text[n]) == NULL) {
            return false;
        }
        n++;
    }
    *padding = len - n;
    return len % 4 == 0 && *padding <= 2 && (*padding < 2 || text[len - 1] == '=');
}

bool base64_read(const char *text, size_t len, struct arena *a, char **out, size_t *out_len)
{
    size_t padding = 0;
    if (len > INT_MAX || !is_padded(text, len, &padding)) {
        return false;
    }
    unsigned char *bytes = arena_alloc(a, len / 4 * 3 + 1);
    int n = len == 0 ? 0 : EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len);
    if (n < 0) {
        return false;
    }
    *out = (char *)bytes;
    *out_len = (size_t)n - padding;
    return true;
}
