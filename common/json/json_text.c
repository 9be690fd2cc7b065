/* The scan judges every escape; json_text_unescape() then writes out names that have some. So two
 * spellings of one name count as the same. A number too large for a double is refused by its
 * magnitude: only at the edge are its digits worked out. */
#include "common/json/json_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- escapes ---- */

static int hex4(const char *p, const char *end)
{
    if (end - p < 4) {
        return -1;
    }
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit;
        if (c >= '0' && c <= '9') {
            digit = c - '0';
        } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
            digit = (c | 0x20) - 'a' + 10;
        } else {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

const char *json_text_escape(const char *p, const char *end, int *code)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (end - p < 2) {
        return NULL;
    }
    if (p[1] != 'u') {
        const char *at = memchr(letters, p[1], sizeof letters - 1);
        *code = at == NULL ? 0 : meanings[at - letters];
        return at == NULL ? NULL : p + 2;
    }
    *code = hex4(p + 2, end);
    if (*code < 0) {
        return NULL;
    }
    p += 6;
    if (*code >= 0xD800 && *code <= 0xDBFF && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
        int low = hex4(p + 2, end);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
            p += 6;
        }
    }
    return p;
}

static size_t encode(int code, char *out)
{
    unsigned c = (unsigned)code;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

size_t json_text_unescape(const char *s, size_t len, char *out)
{
    const char *end = s + len;
    size_t n = 0;
    while (s < end) {
        if (*s != '\\') {
            out[n++] = *s++;
            continue;
        }
        int code = 0;
        s = json_text_escape(s, end, &code);
        n += encode(code, out + n);
    }
    return n;
}

/* ---- numbers ---- */

/* The digits of a number without its sign, its point and its leading zeros: how many; into out
 * unless NULL. *exponent is the power of ten they are to be multiplied with. */
static size_t significant(const char *p, const char *end, char *out, int64_t *exponent)
{
    size_t n = 0;
    bool after_point = false;
    *exponent = 0;
    for (; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.') {
            after_point = true;
            continue;
        }
        *exponent -= after_point ? 1 : 0;
        if (*p != '-' && (n > 0 || *p != '0')) {
            if (out != NULL) {
                out[n] = *p;
            }
            n++;
        }
    }
    if (p < end) {
        bool negative = p[1] == '-';
        int64_t e = 0;
        for (p += negative || p[1] == '+' ? 2 : 1; p < end && e < INT64_C(1000000000000); p++) {
            e = e * 10 + (*p - '0');
        }
        *exponent += negative ? -e : e;
    }
    return n;
}

/* A number is worked out only where its magnitude alone does not decide. strtod() does it: without
 * a point to read it gives the same in every locale. */
bool json_text_is_infinite(const char *p, const char *end, struct arena *a)
{
    int64_t exponent;
    size_t n = significant(p, end, NULL, &exponent);
    int64_t magnitude =
        exponent + (int64_t)n; /* at least 10^(magnitude-1), less than 10^magnitude */
    if (n == 0 || magnitude != 309) {
        return n > 0 && magnitude > 309;
    }
    char *digits = arena_alloc(a, n + 32);
    significant(p, end, digits, &exponent);
    snprintf(digits + n, 32, "e%" PRId64, exponent);
    return isinf(strtod(digits, NULL));
}
