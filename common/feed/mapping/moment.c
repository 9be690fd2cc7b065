/* A format is read character by character beside the text: no locale, no global. strptime will not
 * do: it takes years of two digits and days that are none. */
#include "common/feed/mapping/moment.h"

#include <stdio.h>
#include <string.h>

#include "common/event/text.h"

static const char *const months[12] = {"January",   "February", "March",    "April",
                                       "May",       "June",     "July",     "August",
                                       "September", "October",  "November", "December"};

/* A text on its way through a format. */
struct reading {
    const char *at;
    struct moment *out;
    int year, month, day;
    bool two_digit, pm, am;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* From least to most digits at *at, moved behind them. */
static bool number(const char **at, size_t least, size_t most, int max, int *out)
{
    size_t n = 0;
    *out = 0;
    for (; n < most && is_digit(**at); n++, (*at)++) {
        *out = *out * 10 + (**at - '0');
    }
    return n >= least && *out <= max;
}

static bool year(struct reading *r)
{
    size_t n = 0;
    while (n < 4 && is_digit(r->at[n])) {
        n++;
    }
    if (n == 2) {
        r->two_digit = true;
        r->year = 2000;
        r->at += 2;
        return true;
    }
    return number(&r->at, 4, 4, 9999, &r->year);
}

static bool month_name(struct reading *r)
{
    size_t len = 0;
    while ((r->at[len] >= 'A' && r->at[len] <= 'Z') || (r->at[len] >= 'a' && r->at[len] <= 'z')) {
        len++;
    }
    for (int i = 0; i < 12 && len >= 3; i++) {
        if (len <= strlen(months[i]) && text_equal_n(r->at, months[i], len)) {
            r->month = i + 1;
            r->at += len;
            r->at += *r->at == '.';
            return true;
        }
    }
    return false;
}

static bool half_of_day(struct reading *r)
{
    bool half = (r->at[0] == 'a' || r->at[0] == 'A' || r->at[0] == 'p' || r->at[0] == 'P') &&
                (r->at[1] == 'm' || r->at[1] == 'M');
    if (half) {
        r->pm = r->at[0] == 'p' || r->at[0] == 'P';
        r->am = !r->pm;
        r->at += 2;
    }
    return half;
}

static bool offset(struct reading *r)
{
    int hours = 0;
    int minutes = 0;
    r->out->has_offset = true;
    if (*r->at == 'Z' || *r->at == 'z') {
        r->at++;
        return true;
    }
    bool west = *r->at == '-';
    if (!west && *r->at != '+') {
        return false;
    }
    r->at++;
    bool good = number(&r->at, 2, 2, 23, &hours);
    r->at += *r->at == ':';
    good = good && number(&r->at, 2, 2, 59, &minutes);
    r->out->offset_minutes = (hours * 60 + minutes) * (west ? -1 : 1);
    return good;
}

static bool time_of_day(struct reading *r)
{
    bool good = number(&r->at, 1, 2, 23, &r->out->hour) && *r->at == ':';
    r->at += good;
    good = good && number(&r->at, 2, 2, 59, &r->out->minute) && *r->at == ':';
    r->at += good;
    return good && number(&r->at, 2, 2, 59, &r->out->second);
}

static bool whole_date(struct reading *r)
{
    bool good = year(r) && *r->at == '-';
    r->at += good;
    good = good && number(&r->at, 1, 2, 12, &r->month) && *r->at == '-';
    r->at += good;
    return good && number(&r->at, 1, 2, 31, &r->day);
}

static bool fraction(struct reading *r)
{
    size_t n = strspn(r->at, "0123456789");
    r->at += n;
    return n > 0 && n <= 9;
}

static bool conversion(struct reading *r, char what)
{
    struct moment *m = r->out;
    m->has_time = m->has_time || strchr("HIT", what) != NULL;
    switch (what) {
    case 'Y':
        return year(r);
    case 'm':
        return number(&r->at, 1, 2, 12, &r->month);
    case 'd':
    case 'e':
        return number(&r->at, 1, 2, 31, &r->day);
    case 'b':
    case 'B':
        return month_name(r);
    case 'H':
        return number(&r->at, 1, 2, 23, &m->hour);
    case 'I':
        return number(&r->at, 1, 2, 12, &m->hour) && m->hour > 0;
    case 'M':
        return number(&r->at, 1, 2, 59, &m->minute);
    case 'S':
        return number(&r->at, 1, 2, 59, &m->second);
    case 'p':
        return half_of_day(r);
    case 'f':
        return fraction(r);
    case 'z':
        return offset(r);
    case 'T':
        return time_of_day(r);
    case 'F':
        return whole_date(r);
    default:
        return false;
    }
}

static bool follow(struct reading *r, const char *format)
{
    bool good = true;
    for (const char *p = format; *p != '\0' && good; p++) {
        if (*p == '%') {
            p++;
            good = conversion(r, *p);
        } else if (*p == ' ') {
            good = *r->at == ' ';
            r->at += strspn(r->at, " ");
        } else {
            good = *r->at == *p;
            r->at += good;
        }
    }
    return good && *r->at == '\0';
}

enum moment_end moment_read(const char *format, const char *text, struct moment *out)
{
    struct reading r = {.at = text, .out = out};
    *out = (struct moment){.day = DATE_NONE};
    if (!follow(&r, format)) {
        return MOMENT_BAD;
    }
    if (r.pm || r.am) {
        out->hour = out->hour % 12 + (r.pm ? 12 : 0);
    }
    out->month_number = r.month;
    out->day_number = r.day;
    if (!date_from_ymd(r.year, r.month, r.day, &out->day)) {
        return r.year == 0 ? MOMENT_RANGE : MOMENT_BAD;
    }
    if (r.two_digit) {
        return MOMENT_TWO_DIGIT;
    }
    bool within = out->day.days >= DATE_FIRST.days && out->day.days <= DATE_LAST.days;
    return within ? MOMENT_READ : MOMENT_RANGE;
}

/* ---- formats ---- */

const char *moment_fault(const char *format)
{
    int days = 0;
    int month_fields = 0;
    int years = 0;
    int hours = 0;
    bool half = false;
    bool twelve = false;
    for (const char *p = format; *p != '\0'; p++) {
        if (*p != '%') {
            continue;
        }
        p++;
        if (*p == 'y' || *p == 'g' || *p == 'D' || *p == 'x') {
            return "years of two digits are not taken: the extract has to write four (%Y)";
        }
        if (*p == '\0' || strchr("YmdebBHIMSpfzTF", *p) == NULL) {
            return "known are %Y %m %d %e %b %B %H %I %M %S %p %f %z %T %F";
        }
        days += *p == 'd' || *p == 'e' || *p == 'F';
        month_fields += *p == 'm' || *p == 'b' || *p == 'B' || *p == 'F';
        years += *p == 'Y' || *p == 'F';
        hours += *p == 'H' || *p == 'I' || *p == 'T';
        twelve = twelve || *p == 'I';
        half = half || *p == 'p';
    }
    if (days != 1 || month_fields != 1 || years != 1) {
        return "a day, a month and a year of four digits once each are wanted, as %d/%m/%Y";
    }
    if (hours > 1 || half != twelve) {
        return "hours once: %H, or %I with %p";
    }
    return strlen(format) > 40 ? "at most 40 bytes" : NULL;
}

bool moment_could_swap(const char *format)
{
    const char *first = strchr(format, '%');
    bool named = strstr(format, "%b") != NULL || strstr(format, "%B") != NULL;
    return !named && first != NULL && first[1] != 'Y' && first[1] != 'F';
}

static const char *example_of(char what)
{
    switch (what) {
    case 'Y':
        return "2026";
    case 'm':
        return "09";
    case 'd':
        return "07";
    case 'e':
        return "7";
    case 'b':
        return "Sep";
    case 'B':
        return "September";
    case 'H':
    case 'I':
        return "08";
    case 'M':
        return "10";
    case 'p':
        return "AM";
    case 'z':
        return "+01:00";
    case 'T':
        return "08:10:00";
    case 'F':
        return "2026-09-07";
    default:
        return "00";
    }
}

const char *moment_example(const char *format, char out[MOMENT_EXAMPLE])
{
    size_t n = 0;
    for (const char *p = format; *p != '\0' && n + 12 < MOMENT_EXAMPLE; p++) {
        if (*p != '%') {
            out[n++] = *p;
            continue;
        }
        p++;
        n += (size_t)snprintf(out + n, MOMENT_EXAMPLE - n, "%s", example_of(*p));
    }
    out[n] = '\0';
    return out;
}

/* ---- what was read ---- */

struct instant moment_instant(const struct moment *m, const struct zone *z)
{
    int minute = m->hour * 60 + m->minute;
    if (!m->has_offset) {
        return instant_add_us(zone_at(z, m->day, minute), m->second * US_PER_SECOND);
    }
    int64_t us = m->day.days * US_PER_DAY +
                 ((minute - m->offset_minutes) * INT64_C(60) + m->second) * US_PER_SECOND;
    return (struct instant){us};
}

struct date moment_date(const struct moment *m, const struct zone *z)
{
    return m->has_offset ? zone_date(z, moment_instant(m, z)) : m->day;
}
