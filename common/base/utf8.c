/* Eight bytes are judged at a time while all are ASCII, else one character at a time. No byte
 * beyond len is read, so that a text needs no NUL. */
#include "common/base/utf8.h"

#include <stdint.h>
#include <string.h>

static bool is_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* s has len bytes, the first of them not ASCII. */
static size_t long_length(const unsigned char *s, size_t len)
{
    if (len < 2 || s[0] < 0xC2 || s[0] > 0xF4 || !is_continuation(s[1])) {
        return 0; /* 80..BF continue, C0 and C1 are overlong, F5.. are beyond */
    }
    if (s[0] < 0xE0) {
        return 2;
    }
    if (len < 3 || !is_continuation(s[2])) {
        return 0;
    }
    if (s[0] < 0xF0) {
        bool overlong = s[0] == 0xE0 && s[1] < 0xA0;
        bool surrogate = s[0] == 0xED && s[1] > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    bool overlong = s[0] == 0xF0 && s[1] < 0x90;
    bool beyond = s[0] == 0xF4 && s[1] > 0x8F;
    return len < 4 || !is_continuation(s[3]) || overlong || beyond ? 0 : 4;
}

size_t utf8_length(const char *s, size_t len)
{
    if (len == 0 || (unsigned char)s[0] < 0x80) {
        return len == 0 ? 0 : 1;
    }
    return long_length((const unsigned char *)s, len);
}

bool utf8_valid(const char *s, size_t len)
{
    size_t at = 0;
    while (at < len) {
        uint64_t word; /* eight ASCII bytes at a time: nearly all there is */
        while (len - at >= sizeof word) {
            memcpy(&word, s + at, sizeof word);
            if ((word & UINT64_C(0x8080808080808080)) != 0) {
                break;
            }
            at += sizeof word;
        }
        if (at == len) {
            break;
        }
        size_t n = utf8_length(s + at, len - at);
        if (n == 0) {
            return false;
        }
        at += n;
    }
    return true;
}
