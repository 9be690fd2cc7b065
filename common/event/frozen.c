/* The outbox and dead letters are stored in this form, so it cannot change. frozen_next() compares
 * each length with what is left, and ends at the first that does not fit. */
#include "common/event/frozen.h"

#include <stdint.h>
#include <string.h>

static void put_u32(struct buf *out, uint32_t v)
{
    const unsigned char be[4] = {(unsigned char)(v >> 24), (unsigned char)(v >> 16),
                                 (unsigned char)(v >> 8), (unsigned char)v};
    buf_put(out, be, sizeof be);
}

void frozen_put(struct buf *out, const struct header *h)
{
    size_t name_len = strlen(h->name);
    put_u32(out, (uint32_t)name_len);
    buf_put(out, h->name, name_len);
    put_u32(out, h->is_null ? UINT32_MAX : (uint32_t)h->len);
    if (!h->is_null) {
        buf_put(out, h->value, h->len);
    }
}

void frozen_put_text(struct buf *out, const char *name, const char *value)
{
    const struct header h = {.name = name, .value = value, .len = strlen(value)};
    frozen_put(out, &h);
}

static bool get_u32(const char *bytes, size_t len, size_t *at, uint32_t *out)
{
    if (len - *at < 4) {
        return false;
    }
    const unsigned char *p = (const unsigned char *)bytes + *at;
    *out = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    *at += 4;
    return true;
}

bool frozen_next(const char *bytes, size_t len, size_t *at, struct frozen_header *out)
{
    uint32_t n = 0;
    if (*at >= len || !get_u32(bytes, len, at, &n) || len - *at < n) {
        return false;
    }
    out->name = bytes + *at;
    out->name_len = n;
    *at += n;
    if (!get_u32(bytes, len, at, &n)) {
        return false;
    }
    out->value = n == UINT32_MAX ? NULL : bytes + *at;
    out->value_len = n == UINT32_MAX ? 0 : n;
    if (len - *at < out->value_len) {
        return false;
    }
    *at += out->value_len;
    return true;
}
