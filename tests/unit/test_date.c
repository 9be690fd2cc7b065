#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/date.h"
#include "tests/unit/leakcheck.h"

TestSuite(date, .fini = leakcheck);

/* Every day of the range against the C library, there and back. */
Test(date, every_day_agrees_with_gmtime)
{
    for (int32_t days = DATE_FIRST.days; days <= DATE_LAST.days; days++) {
        time_t t = (time_t)days * 86400;
        struct tm tm;
        cr_assert_not_null(gmtime_r(&t, &tm));
        int year;
        int month;
        int day;
        date_to_ymd((struct date){days}, &year, &month, &day);
        cr_assert(year == tm.tm_year + 1900 && month == tm.tm_mon + 1 && day == tm.tm_mday,
                  "day %d", days);
        struct date back;
        cr_assert(date_from_ymd(year, month, day, &back));
        cr_assert_eq(back.days, days);
        cr_assert_eq((int)date_weekday(back), (tm.tm_wday + 6) % 7);
        char text[DATE_TEXT];
        char expected[64];
        strftime(expected, sizeof expected, "%Y-%m-%d", &tm);
        cr_assert_str_eq(date_format(back, text), expected);
        cr_assert(date_parse(text, 10, &back));
        cr_assert_eq(back.days, days);
    }
}

/* Texts that look like dates: as many are accepted as the range has days. */
Test(date, no_other_days_exist)
{
    int taken = 0;
    struct date d;
    char text[64];
    for (int year = 1899; year <= 2201; year++) {
        for (int month = 0; month <= 13; month++) {
            for (int day = 0; day <= 32; day++) {
                snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
                taken += date_parse(text, 10, &d) ? 1 : 0;
            }
        }
    }
    cr_assert_eq(taken, DATE_LAST.days - DATE_FIRST.days + 1);
}

Test(date, days_far_away_come_back)
{
    struct date d;
    int year;
    int month;
    int day;
    for (int y = -9999; y <= 9999; y += 7) {
        cr_assert(date_from_ymd(y, 2, 28, &d));
        date_to_ymd(date_add(d, 1), &year, &month, &day);
        bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
        cr_assert_eq(month, leap ? 2 : 3);
        cr_assert_eq(year, y);
    }
    date_to_ymd((struct date){INT32_MAX}, &year, &month, &day); /* no overflow */
    date_to_ymd((struct date){INT32_MIN + 1}, &year, &month, &day);
}

Test(date, forms_refused)
{
    static const char *const bad[] = {
        "",           "2026-9-07",      "2026-09-7",  "20260907",   "2026-09-07 ", " 2026-09-07",
        "2026/09/07", "2026-09-0x",     "+026-09-07", "2026-02-29", "1899-12-31",  "2201-01-01",
        "2026-13-01", "2026-00-10",     "2026-04-31", "2100-02-29", "2026-09-07T", "0000-00-00",
        "2026-09--1", "2026-0\xd9\xa9", "-2026-09-0"};
    struct date d = {123};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(date_parse(bad[i], strlen(bad[i]), &d), "%s", bad[i]);
    }
    cr_assert_eq(d.days, 123);
}

Test(date, none_stays_none)
{
    char text[INSTANT_TEXT];
    cr_assert(date_is_none(date_add(DATE_NONE, 5)));
    cr_assert(instant_is_none(instant_add_us(INSTANT_NONE, 5)));
    cr_assert_str_eq(date_format(DATE_NONE, text), "");
    cr_assert_str_eq(instant_format(INSTANT_NONE, text), "");
    cr_assert_str_eq(instant_format(INSTANT_MAX, text), "");
    cr_assert_eq(date_diff(DATE_FIRST, DATE_LAST), 109937);
}

static void parses(const char *text, const char *expected)
{
    struct instant t;
    char out[INSTANT_TEXT];
    cr_assert(instant_parse(text, strlen(text), &t), "%s", text);
    cr_assert_str_eq(instant_format(t, out), expected, "%s: %s", text, out);
}

Test(date, instants)
{
    parses("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z");
    parses("2026-09-07T08:10:00Z", "2026-09-07T08:10:00Z");
    parses("2026-09-07t08:10:00z", "2026-09-07T08:10:00Z");
    parses("2026-09-07T08:10:00.5Z", "2026-09-07T08:10:00.500000Z");
    parses("2026-09-07T08:10:00.1234567899Z", "2026-09-07T08:10:00.123456Z");
    parses("2026-09-07T08:10:00.0000009Z", "2026-09-07T08:10:00Z");
    parses("2026-09-07T08:10:00+01:00", "2026-09-07T07:10:00Z");
    parses("2026-09-07T00:10:00+05:45", "2026-09-06T18:25:00Z");
    parses("2026-12-31T23:10:00-05:00", "2027-01-01T04:10:00Z");
    parses("2026-09-07T08:10:00-00:00", "2026-09-07T08:10:00Z");
    parses("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z");
    parses("2016-12-31T18:59:60.25-05:00", "2017-01-01T00:00:00.250000Z");
    parses("1900-01-01T00:00:00Z", "1900-01-01T00:00:00Z");
    parses("1900-01-01T00:00:00.000001Z", "1900-01-01T00:00:00.000001Z");
    parses("2200-12-31T23:59:59.999999Z", "2200-12-31T23:59:59.999999Z");
}

Test(date, instants_refused)
{
    static const char *const bad[] = {"",
                                      "2026-09-07",
                                      "2026-09-07T08:10:00",
                                      "2026-09-07 08:10:00Z",
                                      "2026-09-07T08:10Z",
                                      "2026-09-07T24:00:00Z",
                                      "2026-09-07T08:60:00Z",
                                      "2026-09-07T08:10:60Z",
                                      "2026-09-07T08:10:61Z",
                                      "2026-09-07T08:10:00.Z",
                                      "2026-09-07T08:10:00,5Z",
                                      "2026-09-07T08:10:00+01",
                                      "2026-09-07T08:10:00+0100",
                                      "2026-09-07T08:10:00+24:00",
                                      "2026-09-07T08:10:00+01:60",
                                      "2026-09-07T08:10:00Zx",
                                      "2026-02-30T08:10:00Z",
                                      "1899-12-31T23:59:59Z",
                                      "1900-01-01T00:30:00+01:00",
                                      "2200-12-31T23:30:00-01:00",
                                      "2200-12-31T23:59:60Z",
                                      "2026-09-07T-8:10:00Z"};
    struct instant t;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(instant_parse(bad[i], strlen(bad[i]), &t), "%s", bad[i]);
    }
}
