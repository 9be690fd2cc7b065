/* Dates and times, in the words of the house: "Friday 11 September", "2:10pm", "2 days left". The
 * year is there where it is not this one. Codes in words: words_code.c. */
#include "services/web/words.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const day_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};
static const char *const month_names[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};

/* ---- from the database's text ---- */

bool words_is_infinity(const char *text)
{
    return text != NULL && strcmp(text, "infinity") == 0;
}

struct date words_date_of(const char *text)
{
    struct date d = DATE_NONE;
    if (text == NULL || !date_parse(text, strlen(text), &d)) {
        return DATE_NONE;
    }
    return d;
}

/* The server's own form has a blank for the T and an offset of whole hours. */
struct instant words_instant_of(const char *text)
{
    char copy[48];
    size_t n = text == NULL ? 0 : strlen(text);
    if (n < 20 || n + 4 > sizeof copy) {
        return INSTANT_NONE;
    }
    memcpy(copy, text, n + 1);
    copy[10] = 'T';
    if (copy[n - 3] == '+' || copy[n - 3] == '-') {
        memcpy(copy + n, ":00", 4);
        n += 3;
    }
    struct instant t;
    return instant_parse(copy, n, &t) ? t : INSTANT_NONE;
}

/* ---- to people ---- */

static int year_of(struct date d)
{
    int y = 0;
    int m = 0;
    int day = 0;
    date_to_ymd(d, &y, &m, &day);
    return y;
}

/* Names of days and months are cut after so many letters. Another year than this one is named. */
static const char *date_words(const struct words *w, struct date d, int letters)
{
    if (date_is_none(d)) {
        return "";
    }
    int y = 0;
    int m = 0;
    int day = 0;
    date_to_ymd(d, &y, &m, &day);
    const char *of_week = day_names[date_weekday(d)];
    const char *month = month_names[m - 1];
    return y == year_of(w->today)
               ? arena_printf(w->arena, "%.*s %d %.*s", letters, of_week, day, letters, month)
               : arena_printf(w->arena, "%.*s %d %.*s %d", letters, of_week, day, letters, month,
                              y);
}

const char *words_date(const struct words *w, struct date d)
{
    return date_words(w, d, INT_MAX);
}

const char *words_short_date(const struct words *w, struct date d)
{
    return date_words(w, d, 3);
}

const char *words_full_date(const struct words *w, struct date d)
{
    if (date_is_none(d)) {
        return "";
    }
    int y = 0;
    int m = 0;
    int day = 0;
    date_to_ymd(d, &y, &m, &day);
    return arena_printf(w->arena, "%d %s %d", day, month_names[m - 1], y);
}

/* NULL: not one of the three that have a name. */
static const char *near_day(const struct words *w, struct date d)
{
    switch (date_diff(w->today, d)) {
    case -1:
        return "yesterday";
    case 0:
        return "today";
    case 1:
        return "tomorrow";
    default:
        return NULL;
    }
}

const char *words_day(const struct words *w, struct date d)
{
    if (date_is_none(d)) {
        return "";
    }
    const char *near = near_day(w, d);
    return near != NULL ? near : words_date(w, d);
}

const char *words_time(const struct words *w, struct instant t)
{
    if (instant_is_none(t)) {
        return "";
    }
    int minute = zone_minute(w->zone, t);
    int hour = minute / 60;
    return arena_printf(w->arena, "%d:%02d%s", hour % 12 == 0 ? 12 : hour % 12, minute % 60,
                        hour < 12 ? "am" : "pm");
}

const char *words_moment(const struct words *w, struct instant t)
{
    if (instant_is_none(t)) {
        return "";
    }
    return arena_printf(w->arena, "%s %s", words_day(w, zone_date(w->zone, t)), words_time(w, t));
}

const char *words_short_moment(const struct words *w, struct instant t)
{
    if (instant_is_none(t)) {
        return "";
    }
    struct date d = zone_date(w->zone, t);
    int ago = date_diff(d, w->today);
    if (ago == 0) {
        return arena_printf(w->arena, "today %s", words_time(w, t));
    }
    if (ago > 0 && ago < 7) {
        return arena_printf(w->arena, "%.3s %s", day_names[date_weekday(d)], words_time(w, t));
    }
    return arena_printf(w->arena, "%s %s", words_short_date(w, d), words_time(w, t));
}

const char *words_at(const struct words *w, struct instant t)
{
    if (instant_is_none(t)) {
        return "";
    }
    struct date d = zone_date(w->zone, t);
    if (date_eq(d, w->today)) {
        return arena_printf(w->arena, "at %s", words_time(w, t));
    }
    return arena_printf(w->arena, "on %s at %s", words_date(w, d), words_time(w, t));
}

const char *words_days_left(const struct words *w, int days)
{
    if (days == 0) {
        return "today";
    }
    int n = days < 0 ? -days : days;
    return arena_printf(w->arena, "%d %s %s", n, n == 1 ? "day" : "days",
                        days < 0 ? "overdue" : "left");
}

const char *words_count(const struct words *w, long n, const char *one, const char *many)
{
    return arena_printf(w->arena, "%ld %s", n, n == 1 ? one : many);
}

const char *words_dial(const struct words *w, const char *phone)
{
    char *out = arena_alloc(w->arena, strlen(phone) + 1);
    size_t n = 0;
    for (const char *c = phone; *c != '\0'; c++) {
        bool trunk = out[0] == '+' && n > 0 && strncmp(c, "(0)", 3) == 0;
        c += trunk ? 2 : 0; /* +44 (0)161: the nought is for callers within */
        if ((*c >= '0' && *c <= '9') || (*c == '+' && n == 0)) {
            out[n++] = *c;
        }
    }
    out[n] = '\0';
    return out;
}

/* ---- from people ---- */

/* Only digits, at most `most` of them, blanks around. -1: anything else. */
static int number_of(const char *text, size_t most)
{
    text += strspn(text, " ");
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > most || text[n + strspn(text + n, " ")] != '\0') {
        return -1;
    }
    return (int)strtol(text, NULL, 10);
}

static int month_of(const char *text)
{
    int number = number_of(text, 2);
    if (number > 0) {
        return number;
    }
    text += strspn(text, " ");
    size_t n = strlen(text);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '.')) {
        n--;
    }
    for (int i = 0; i < 12 && n >= 3; i++) {
        bool sept = i == 8 && n == 4 && strncasecmp(text, "sept", 4) == 0;
        bool whole = n == strlen(month_names[i]) || n == 3;
        if (sept || (whole && strncasecmp(text, month_names[i], n) == 0)) {
            return i + 1;
        }
    }
    return -1;
}

bool words_read_date(const char *day, const char *month, const char *year, struct date *out)
{
    int d = number_of(day, 2);
    int m = month_of(month);
    int y = number_of(year, 4);
    return d > 0 && m > 0 && y >= 1900 && y <= 2200 && date_from_ymd(y, m, d, out);
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " ")] == '\0';
}

/* Four years have each day of each month. */
#define DAYS_TRIED (4 * 366)

bool words_read_day(const struct words *w, bool ahead, const char *day, const char *month,
                    const char *year, struct date *out)
{
    int d = number_of(day, 2);
    int m = is_blank(month) ? 0 : month_of(month);
    if (!is_blank(year)) {
        return words_read_date(day, month, year, out);
    }
    for (int i = 0; i < DAYS_TRIED && d > 0 && m >= 0; i++) {
        int y = 0, of_year = 0, of_month = 0;
        *out = (struct date){w->today.days + (ahead ? i : -i)};
        date_to_ymd(*out, &y, &of_year, &of_month);
        if (of_month == d && (m == 0 || of_year == m)) {
            return true;
        }
    }
    return false;
}

/* h, hh, hmm, hhmm or with a point between; then am or pm. */
bool words_read_time(const char *text, int *minute_of_day)
{
    char digits[8];
    size_t n = 0;
    int hour_digits = -1;
    text += strspn(text, " ");
    for (; n < 5 && *text != '\0'; text++) {
        if (*text >= '0' && *text <= '9') {
            digits[n++] = *text;
        } else if ((*text == ':' || *text == '.') && hour_digits < 0 && n > 0) {
            hour_digits = (int)n;
        } else {
            break;
        }
    }
    digits[n] = '\0';
    text += strspn(text, " ");
    bool am = strncasecmp(text, "am", 2) == 0;
    bool pm = strncasecmp(text, "pm", 2) == 0;
    text += am || pm ? 2 : 0;
    text += strspn(text, " ");
    if (n == 0 || n > 4 || *text != '\0' || (hour_digits >= 0 && n != (size_t)hour_digits + 2)) {
        return false;
    }
    if (n == 3 && hour_digits < 0 && !am && !pm) {
        return false; /* 230 alone may be either half of the day, or a slip */
    }
    int all = (int)strtol(digits, NULL, 10);
    int hour = n <= 2 ? all : all / 100;
    int minute = n <= 2 ? 0 : all % 100;
    bool bare = n <= 2 && hour_digits < 0 && !am && !pm; /* "2": of the morning or not? */
    if (bare || minute > 59 || hour > 23 || ((am || pm) && (hour < 1 || hour > 12))) {
        return false;
    }
    if (am || pm) {
        hour = hour % 12 + (pm ? 12 : 0);
    }
    *minute_of_day = hour * 60 + minute;
    return true;
}

bool words_instant_at(const struct words *w, struct date d, int minute_of_day, struct instant *out)
{
    *out = zone_at(w->zone, d, minute_of_day);
    return date_eq(zone_date(w->zone, *out), d) && zone_minute(w->zone, *out) == minute_of_day;
}

/* ---- for the database ---- */

const char *words_iso_date(const struct words *w, struct date d)
{
    char text[DATE_TEXT];
    return date_is_none(d) ? NULL : arena_strdup(w->arena, date_format(d, text));
}

const char *words_iso_instant(const struct words *w, struct instant t)
{
    char text[INSTANT_TEXT];
    return instant_is_none(t) ? NULL : arena_strdup(w->arena, instant_format(t, text));
}
