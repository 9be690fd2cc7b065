#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/zone.h"
#include "tests/unit/leakcheck.h"

TestSuite(zone, .fini = leakcheck);

static struct zone *load(const char *name)
{
    struct zone *z = NULL;
    struct err err;
    cr_assert_eq(zone_load(&z, name, &err), STATUS_OK, "%s", name);
    return z;
}

static struct instant at(const char *text)
{
    struct instant t;
    cr_assert(instant_parse(text, strlen(text), &t));
    return t;
}

static void shows(const struct zone *z, const char *utc, const char *day, int minute)
{
    char text[DATE_TEXT];
    cr_assert_str_eq(date_format(zone_date(z, at(utc)), text), day, "%s is %s", utc, text);
    cr_assert_eq(zone_minute(z, at(utc)), minute, "%s", utc);
}

static void when(const struct zone *z, const char *day, int minute, const char *utc)
{
    struct date d;
    char text[INSTANT_TEXT];
    cr_assert(date_parse(day, 10, &d));
    cr_assert_str_eq(instant_format(zone_at(z, d, minute), text), utc, "%s %d: %s", day, minute,
                     text);
}

Test(zone, london_by_hand)
{
    struct zone *z = load("Europe/London");
    cr_assert_str_eq(zone_name(z), "Europe/London");
    shows(z, "2026-01-15T23:59:59.999999Z", "2026-01-15", 1439);
    shows(z, "2026-07-15T22:59:59Z", "2026-07-15", 1439);
    shows(z, "2026-07-15T23:00:00Z", "2026-07-16", 0);
    shows(z, "2026-03-29T00:59:59Z", "2026-03-29", 59);
    shows(z, "2026-03-29T01:00:00Z", "2026-03-29", 120);
    shows(z, "2026-10-25T00:59:59Z", "2026-10-25", 119);
    shows(z, "2026-10-25T01:00:00Z", "2026-10-25", 60);
    shows(z, "1970-06-01T00:00:00Z", "1970-06-01", 60); /* British standard time */
    shows(z, "1943-06-15T22:00:00Z", "1943-06-16", 0);  /* double summer time */
    shows(z, "2150-07-15T23:00:00Z", "2150-07-16", 0);  /* by rule, beyond the data's list */
    when(z, "2026-01-15", 540, "2026-01-15T09:00:00Z");
    when(z, "2026-07-15", 540, "2026-07-15T08:00:00Z");
    when(z, "2026-07-15", 0, "2026-07-14T23:00:00Z");
    when(z, "2026-03-29", 0, "2026-03-29T00:00:00Z");
    when(z, "2026-03-29", 59, "2026-03-29T00:59:00Z");
    when(z, "2026-03-29", 60, "2026-03-29T01:00:00Z"); /* skipped: the instant of the change */
    when(z, "2026-03-29", 119, "2026-03-29T01:00:00Z");
    when(z, "2026-03-29", 120, "2026-03-29T01:00:00Z");
    when(z, "2026-10-25", 59, "2026-10-24T23:59:00Z");
    when(z, "2026-10-25", 60, "2026-10-25T00:00:00Z"); /* twice: the first */
    when(z, "2026-10-25", 119, "2026-10-25T00:59:00Z");
    when(z, "2026-10-25", 120, "2026-10-25T02:00:00Z");
    zone_free(z);
}

Test(zone, a_skipped_day_and_a_skipped_midnight)
{
    struct zone *apia = load("Pacific/Apia"); /* had no 30 December 2011 */
    when(apia, "2011-12-29", 1439, "2011-12-30T09:59:00Z");
    when(apia, "2011-12-30", 0, "2011-12-30T10:00:00Z");
    when(apia, "2011-12-30", 720, "2011-12-30T10:00:00Z");
    when(apia, "2011-12-31", 0, "2011-12-30T10:00:00Z");
    zone_free(apia);
    struct zone *z = load("America/Sao_Paulo"); /* changed at midnight: no 00:00 on that day */
    when(z, "2018-11-04", 0, "2018-11-04T03:00:00Z");
    shows(z, "2018-11-04T03:00:00Z", "2018-11-04", 60);
    zone_free(z);
}

Test(zone, offsets_of_odd_seconds)
{
    struct zone *z = load("Africa/Monrovia"); /* 44 minutes and 30 seconds behind, until 1972 */
    shows(z, "1960-01-02T00:00:00Z", "1960-01-01", 1395);
    when(z, "1960-01-02", 0, "1960-01-02T00:44:30Z");
    zone_free(z);
}

/* Every third hour of 1900-2200 against the C library, for zones of different kinds. */
Test(zone, agrees_with_localtime, .timeout = 60)
{
    static const char *const names[] = {
        "Europe/London",  "Europe/Dublin",       "UTC",
        "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct zone *z = load(names[i]);
        char tz[64];
        snprintf(tz, sizeof tz, ":%s", names[i]);
        setenv("TZ", tz, 1);
        tzset();
        for (int64_t t = INT64_C(-2208988800); t < INT64_C(7289654400); t += 3 * 3600 + 1) {
            time_t when_s = (time_t)t;
            struct tm tm;
            localtime_r(&when_s, &tm);
            struct date d;
            cr_assert(date_from_ymd(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, &d));
            struct instant in = {t * US_PER_SECOND};
            if (zone_date(z, in).days != d.days ||
                zone_minute(z, in) != tm.tm_hour * 60 + tm.tm_min) {
                cr_assert_fail("%s at %lld", names[i], (long long)t);
            }
        }
        zone_free(z);
    }
}

/* zone_at is the first instant that shows a time not earlier than the one asked for: by trying. */
Test(zone, at_is_the_inverse_around_every_change)
{
    struct zone *z = load("Europe/London");
    for (int32_t day = DATE_FIRST.days + 1; day <= DATE_LAST.days; day++) {
        struct date d = {day};
        int64_t length = zone_at(z, date_add(d, 1), 0).us - zone_at(z, d, 0).us;
        for (int minute = 0; minute < 1440; minute += length == US_PER_DAY ? 480 : 1) {
            struct instant t = zone_at(z, d, minute);
            bool exact = date_eq(zone_date(z, t), d) && zone_minute(z, t) == minute;
            struct instant before = instant_add_us(t, -60 * US_PER_SECOND);
            bool jumped = zone_minute(z, before) < minute && zone_minute(z, t) > minute;
            if (!exact && !jumped) {
                cr_assert_fail("day %d minute %d", day, minute);
            }
            struct instant earlier = instant_add_us(t, -3600 * US_PER_SECOND);
            bool was_first =
                !date_eq(zone_date(z, earlier), d) || zone_minute(z, earlier) != minute;
            cr_assert(was_first, "day %d minute %d", day, minute);
        }
    }
    zone_free(z);
}

Test(zone, unknown_names_are_refused)
{
    static const char *const bad[] = {
        "",         "Europe/Atlantis", "/etc/localtime",  "../zoneinfo/UTC", "Europe",
        "zone.tab", "GMT0BST",         "Europe/London\n", "UTC Plus1",       ":UTC"};
    struct zone *z = NULL;
    struct err err;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_eq(zone_load(&z, bad[i], &err), STATUS_REJECT, "%s", bad[i]);
        cr_assert_null(z);
    }
    zone_free(NULL);
}

Test(zone, the_process_keeps_its_own_zone)
{
    setenv("TZ", "America/New_York", 1);
    tzset();
    zone_free(load("Europe/London"));
    cr_assert_str_eq(getenv("TZ"), "America/New_York");
    time_t t = 0;
    struct tm tm;
    localtime_r(&t, &tm);
    cr_assert_eq(tm.tm_hour, 19);
    unsetenv("TZ");
    zone_free(load("Europe/London"));
    cr_assert_null(getenv("TZ"));
}

Test(zone, none_and_the_ends_of_time)
{
    struct zone *z = load("Europe/London");
    cr_assert(date_is_none(zone_date(z, INSTANT_NONE)));
    cr_assert(instant_is_none(zone_at(z, DATE_NONE, 0)));
    cr_assert_gt(zone_date(z, INSTANT_MAX).days, DATE_LAST.days);
    cr_assert_lt(zone_date(z, (struct instant){INT64_MIN + 1}).days, DATE_FIRST.days);
    cr_assert_geq(zone_minute(z, INSTANT_MAX), 0);
    zone_free(z);
}
