/* Days count from 1970-01-01, years run from March inside an era of 400 years, so that the leap
 * day is the last of its year. Parsing accepts exactly the forms of the contract. */
#include "common/base/date.h"

#include <stdio.h>
#include <string.h>

#define SECONDS_PER_DAY 86400

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

/* Counts years from March, so that the leap day is a year's last, in eras of 400 years (146097
 * days). */
bool date_from_ymd(int year, int month, int day, struct date *out)
{
    if (year < -9999 || year > 9999 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month)) {
        return false;
    }
    int y = month <= 2 ? year - 1 : year;
    int era = (int)floor_div(y, 400);
    int year_of_era = y - era * 400;
    int day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    out->days = era * 146097 + day_of_era - 719468; /* from 0000-03-01 to 1970-01-01 */
    return true;
}

void date_to_ymd(struct date d, int *year, int *month, int *day)
{
    int64_t z = (int64_t)d.days + 719468;
    int64_t era = floor_div(z, 146097);
    int doe = (int)(z - era * 146097);
    int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int from_march = (5 * doy + 2) / 153;
    *day = doy - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = (int)(era * 400) + yoe + (*month <= 2 ? 1 : 0);
}

enum weekday date_weekday(struct date d)
{
    int64_t since_monday = (int64_t)d.days + 3; /* 1970-01-01 was a Thursday */
    return (enum weekday)(since_monday - floor_div(since_monday, 7) * 7);
}

/* n decimal digits at s; -1 when they are not. */
static int digits(const char *s, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') {
            return -1;
        }
        value = value * 10 + (s[i] - '0');
    }
    return value;
}

bool date_parse(const char *s, size_t len, struct date *out)
{
    if (len != 10 || s[4] != '-' || s[7] != '-') {
        return false;
    }
    int year = digits(s, 4);
    int month = digits(s + 5, 2);
    int day = digits(s + 8, 2);
    return year >= 1900 && year <= 2200 && date_from_ymd(year, month, day, out);
}

/* n decimal digits of value at out; sprintf is ten times slower, and every event has a handful of
 * dates. */
static void put_digits(char *out, int value, int n)
{
    for (int i = n - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

char *date_format(struct date d, char out[DATE_TEXT])
{
    int year;
    int month;
    int day;
    date_to_ymd(d, &year, &month, &day);
    if (date_is_none(d) || year < 1 || year > 9999) {
        out[0] = '\0';
        return out;
    }
    put_digits(out, year, 4);
    out[4] = '-';
    put_digits(out + 5, month, 2);
    out[7] = '-';
    put_digits(out + 8, day, 2);
    out[10] = '\0';
    return out;
}

/* ".123456789" at s: its length with the point, 0 when there is none, -1 for a bare point. */
static int fraction(const char *s, size_t len, int *us)
{
    *us = 0;
    if (len == 0 || s[0] != '.') {
        return 0;
    }
    int worth = 100000;
    size_t n = 1;
    while (n < len && s[n] >= '0' && s[n] <= '9') {
        *us += (s[n] - '0') * worth;
        worth /= 10;
        n++;
    }
    return n > 1 && n < 100 ? (int)n : -1;
}

/* "Z" or "+hh:mm", to the end of the text. */
static bool offset_seconds(const char *s, size_t len, int *out)
{
    if (len == 1 && (s[0] == 'Z' || s[0] == 'z')) {
        *out = 0;
        return true;
    }
    if (len != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':') {
        return false;
    }
    int hour = digits(s + 1, 2);
    int minute = digits(s + 4, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) {
        return false;
    }
    *out = (hour * 60 + minute) * (s[0] == '-' ? -60 : 60);
    return true;
}

bool instant_parse(const char *s, size_t len, struct instant *out)
{
    struct date d;
    if (len < 20 || !date_parse(s, 10, &d) || (s[10] != 'T' && s[10] != 't') || s[13] != ':' ||
        s[16] != ':') {
        return false;
    }
    int hour = digits(s + 11, 2);
    int minute = digits(s + 14, 2);
    int second = digits(s + 17, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
        return false;
    }
    int us;
    int offset;
    int n = fraction(s + 19, len - 19, &us);
    if (n < 0 || !offset_seconds(s + 19 + n, len - 19 - (size_t)n, &offset)) {
        return false;
    }
    int64_t t =
        (int64_t)d.days * SECONDS_PER_DAY + (hour * 60 + minute) * INT64_C(60) + second - offset;
    if (second == 60 && t != floor_div(t, SECONDS_PER_DAY) * SECONDS_PER_DAY) {
        return false; /* leap seconds come at the end of a UTC day, whatever the local time */
    }
    if (t < (int64_t)DATE_FIRST.days * SECONDS_PER_DAY ||
        t >= ((int64_t)DATE_LAST.days + 1) * SECONDS_PER_DAY) {
        return false;
    }
    out->us = t * US_PER_SECOND + us;
    return true;
}

char *instant_format(struct instant t, char out[INSTANT_TEXT])
{
    int64_t day = floor_div(t.us, US_PER_DAY);
    date_format((struct date){(int32_t)day}, out);
    if (instant_is_none(t) || out[0] == '\0') {
        out[0] = '\0';
        return out;
    }
    int64_t us = t.us - day * US_PER_DAY;
    int second = (int)(us / US_PER_SECOND);
    int rest = (int)(us % US_PER_SECOND);
    out[10] = 'T';
    put_digits(out + 11, second / 3600, 2);
    out[13] = ':';
    put_digits(out + 14, second / 60 % 60, 2);
    out[16] = ':';
    put_digits(out + 17, second % 60, 2);
    size_t at = 19;
    if (rest != 0) {
        out[at] = '.';
        put_digits(out + at + 1, rest, 6);
        at += 7;
    }
    out[at] = 'Z';
    out[at + 1] = '\0';
    return out;
}
