/* date - civil dates and instants as types of their own, so that days, local dates and UTC cannot
 * mix. */
#ifndef COMMON_BASE_DATE_H
#define COMMON_BASE_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A calendar day of the proleptic Gregorian calendar, as days since 1970-01-01. No time zone. */
struct date {
    int32_t days;
};

/* Microseconds since 1970-01-01T00:00:00Z. */
struct instant {
    int64_t us;
};

#define DATE_NONE ((struct date){INT32_MIN})
#define INSTANT_NONE ((struct instant){INT64_MIN})
#define INSTANT_MAX ((struct instant){INT64_MAX})
#define US_PER_SECOND INT64_C(1000000)
#define US_PER_DAY (INT64_C(86400) * US_PER_SECOND)

/* The range the product takes: 1900-01-01 to 2200-12-31. */
#define DATE_FIRST ((struct date){-25567})
#define DATE_LAST ((struct date){84370})

static inline bool date_is_none(struct date d)
{
    return d.days == INT32_MIN;
}
static inline bool instant_is_none(struct instant t)
{
    return t.us == INT64_MIN;
}
/* NONE stays NONE. */
static inline struct date date_add(struct date d, int32_t n)
{
    return date_is_none(d) ? d : (struct date){d.days + n};
}
static inline struct instant instant_add_us(struct instant t, int64_t us)
{
    return instant_is_none(t) ? t : (struct instant){t.us + us};
}
/* Days from a to b: negative when b is earlier. Neither may be NONE. */
static inline int32_t date_diff(struct date a, struct date b)
{
    return b.days - a.days;
}
static inline bool date_eq(struct date a, struct date b)
{
    return a.days == b.days;
}

enum weekday { MON, TUE, WED, THU, FRI, SAT, SUN };

bool date_from_ymd(int year, int month, int day, struct date *out); /* false: no such day */
void date_to_ymd(struct date d, int *year, int *month, int *day);
enum weekday date_weekday(struct date d);

/* Exactly YYYY-MM-DD, a real day within DATE_FIRST..DATE_LAST. */
bool date_parse(const char *s, size_t len, struct date *out);
#define DATE_TEXT 11
char *date_format(struct date d, char out[DATE_TEXT]); /* NONE, and years beyond 1-9999, give "" */

/* Reads an RFC 3339 date-time with Z or an offset. Fractions beyond microseconds are cut off. A
 * leap second 23:59:60 UTC counts as the next second. Years are 1900-2200, in UTC too. */
bool instant_parse(const char *s, size_t len, struct instant *out);
#define INSTANT_TEXT 28
/* YYYY-MM-DDTHH:MM:SS.ffffffZ, without the fraction when it is zero; else as date_format. */
char *instant_format(struct instant t, char out[INSTANT_TEXT]);

#endif
