/* moment - dates and times as HR systems write them, by a format such as %d/%m/%Y %H:%M. Pure. */
#ifndef COMMON_FEED_MAPPING_MOMENT_H
#define COMMON_FEED_MAPPING_MOMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/date.h"
#include "common/base/zone.h"

/* A date and time as written: local time unless has_offset. */
struct moment {
    struct date day;
    bool has_time;
    int hour, minute, second;
    bool has_offset; /* the text says how far from UTC: Z, +01:00 */
    int offset_minutes;
    int month_number, day_number; /* as written, to see whether they could change places */
};

enum moment_end {
    MOMENT_READ,
    MOMENT_BAD,       /* not of this form, or no such day */
    MOMENT_TWO_DIGIT, /* of this form, but for a year of two digits */
    MOMENT_RANGE      /* a day before 1900 or after 2200 */
};

/* Formats: %Y %m %d %e %b %B %H %I %M %S %p %f %z %T %F, and any other characters as themselves.
 * NULL: the format is fine. Else what is wrong with it, in words: a year of two digits, a day, a
 * month or a year that is missing or twice. */
const char *moment_fault(const char *format);

/* format is one that moment_fault finds fine. Days, months and hours may lack their leading zero.
 */
enum moment_end moment_read(const char *format, const char *text, struct moment *out);

/* Whether day and month of this format could change places: both numbers, and the year not first.
 */
bool moment_could_swap(const char *format);

/* The local day of what was read, and the instant. */
struct date moment_date(const struct moment *m, const struct zone *z);
struct instant moment_instant(const struct moment *m, const struct zone *z);

/* 7 September 2026, 08:10 in this format: for messages. */
#define MOMENT_EXAMPLE 96
const char *moment_example(const char *format, char out[MOMENT_EXAMPLE]);

#endif
