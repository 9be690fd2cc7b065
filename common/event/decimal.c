#include "common/event/decimal.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The value is 0.DIGITS times ten to the power of point; DIGITS neither begins nor ends with a
 * zero. */
struct digits {
    char text[DECIMAL_PLACES];
    size_t n; /* 0: the value is zero */
    int64_t point;
};

/* Far beyond what any message can balance with zeros, and far from overflow. */
#define EXPONENT_MAX INT64_C(1000000000000)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads the digits before the exponent, if any; NULL when there are none, or more that count than
 * we keep. */
static const char *read_digits(const char *s, struct digits *d)
{
    bool any = false;
    bool fraction = false;
    int64_t zeros = 0; /* met since the last digit kept: they count only if another one follows */
    for (;; s++) {
        if (*s == '.' && !fraction) {
            fraction = true;
            if (!is_digit(s[1])) {
                return NULL;
            }
            continue;
        }
        if (!is_digit(*s)) {
            return any ? s : NULL;
        }
        any = true;
        if (!fraction && (d->n > 0 || *s != '0')) {
            d->point++;
        }
        if (*s == '0') {
            if (d->n > 0) {
                zeros++;
            } else if (fraction) {
                d->point--;
            }
            continue;
        }
        if (zeros + 1 > DECIMAL_PLACES - (int64_t)d->n) {
            return NULL;
        }
        memset(d->text + d->n, '0', (size_t)zeros);
        d->n += (size_t)zeros;
        d->text[d->n++] = *s;
        zeros = 0;
    }
}

static const char *read_exponent(const char *s, struct digits *d)
{
    bool minus = *s == '-';
    if (*s == '-' || *s == '+') {
        s++;
    }
    if (!is_digit(*s)) {
        return NULL;
    }
    int64_t e = 0;
    for (; is_digit(*s); s++) {
        if (e < EXPONENT_MAX) {
            e = e * 10 + (*s - '0');
        }
    }
    d->point += minus ? -e : e;
    return s;
}

static bool write_share(const struct digits *d, char out[DECIMAL_TEXT])
{
    if (d->n == 0) {
        memcpy(out, "0", 2);
        return true;
    }
    if (d->point == 1 && d->n == 1 && d->text[0] == '1') {
        memcpy(out, "1", 2);
        return true;
    }
    if (d->point > 0 || d->point < -DECIMAL_PLACES || (int64_t)d->n - d->point > DECIMAL_PLACES) {
        return false;
    }
    size_t zeros = (size_t)-d->point;
    memcpy(out, "0.", 2);
    memset(out + 2, '0', zeros);
    memcpy(out + 2 + zeros, d->text, d->n);
    out[2 + zeros + d->n] = '\0';
    return true;
}

bool decimal_share(const char *s, enum decimal_form form, char out[DECIMAL_TEXT])
{
    struct digits d = {.n = 0};
    bool minus = form == DECIMAL_JSON && *s == '-';
    s = read_digits(minus ? s + 1 : s, &d);
    if (s && form == DECIMAL_JSON && (*s == 'e' || *s == 'E')) {
        s = read_exponent(s + 1, &d);
    }
    if (!s || *s != '\0' || (minus && d.n > 0)) {
        return false;
    }
    return write_share(&d, out);
}
