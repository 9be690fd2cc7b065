/* While it is read, a share is its digits and a power of ten. Reading ends at the first digit that
 * counts and has no place, so a hostile number costs no memory. */
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

/* False when a digit that counts is more than we keep. zeros: met since the last digit kept, they
 * count only if another digit follows. */
static bool keep_digit(struct digits *d, char c, int64_t *zeros)
{
    if (c == '0') {
        (*zeros)++;
        return true;
    }
    if (d->n == 0) {
        *zeros = 0;
    }
    if (*zeros >= DECIMAL_PLACES - (int64_t)d->n) {
        return false;
    }
    memset(d->text + d->n, '0', (size_t)*zeros);
    d->n += (size_t)*zeros;
    d->text[d->n++] = c;
    *zeros = 0;
    return true;
}

/* Reads what stands before an exponent and moves *at behind it. A point has a digit after it. */
static bool read_digits(const char **at, struct digits *d)
{
    const char *s = *at;
    bool fraction = false;
    int64_t zeros = 0;
    for (; is_digit(*s) || (*s == '.' && !fraction && is_digit(s[1])); s++) {
        if (*s == '.') {
            fraction = true;
            continue;
        }
        if (!keep_digit(d, *s, &zeros)) {
            return false;
        }
        if (d->n > 0 && !fraction) {
            d->point++;
        } else if (d->n == 0 && fraction) {
            d->point--;
        }
    }
    *at = s;
    return true;
}

static bool read_exponent(const char **at, struct digits *d)
{
    const char *s = *at;
    bool minus = *s == '-';
    if (*s == '-' || *s == '+') {
        s++;
    }
    if (!is_digit(*s)) {
        return false;
    }
    int64_t e = 0;
    for (; is_digit(*s); s++) {
        if (e < EXPONENT_MAX) {
            e = e * 10 + (*s - '0');
        }
    }
    d->point += minus ? -e : e;
    *at = s;
    return true;
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
    if (minus) {
        s++;
    }
    /* As JSON has it: a digit before the point, and no zero before another digit. */
    if (!is_digit(s[0]) || (s[0] == '0' && is_digit(s[1])) || !read_digits(&s, &d)) {
        return false;
    }
    if (form == DECIMAL_JSON && (*s == 'e' || *s == 'E')) {
        s++;
        if (!read_exponent(&s, &d)) {
            return false;
        }
    }
    return *s == '\0' && !(minus && d.n > 0) && write_share(&d, out);
}
