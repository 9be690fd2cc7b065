#include <criterion/criterion.h>
#include <string.h>

#include "common/feed/mapping/moment.h"
#include "tests/unit/leakcheck.h"

TestSuite(feed_moment, .fini = leakcheck);

static struct zone *london(void)
{
    struct zone *z = NULL;
    struct err err = {0};
    cr_assert_eq(zone_load(&z, "Europe/London", &err), STATUS_OK);
    return z;
}

static void reads(const char *format, const char *text, const char *expected)
{
    struct zone *z = london();
    struct moment m;
    char out[INSTANT_TEXT];
    cr_assert_null(moment_fault(format), "%s: %s", format, moment_fault(format));
    cr_assert_eq(moment_read(format, text, &m), MOMENT_READ, "%s by %s", text, format);
    cr_assert_str_eq(instant_format(moment_instant(&m, z), out), expected, "%s by %s: %s", text,
                     format, out);
    zone_free(z);
}

static void ends(const char *format, const char *text, enum moment_end end)
{
    struct moment m;
    cr_assert_eq(moment_read(format, text, &m), end, "%s by %s", text, format);
}

Test(feed_moment, dates)
{
    reads("%d/%m/%Y", "07/09/2026", "2026-09-06T23:00:00Z");
    reads("%d/%m/%Y", "7/9/2026", "2026-09-06T23:00:00Z");
    reads("%m/%d/%Y", "09/07/2026", "2026-09-06T23:00:00Z");
    reads("%Y-%m-%d", "2026-12-01", "2026-12-01T00:00:00Z");
    reads("%Y%m%d", "20261201", "2026-12-01T00:00:00Z");
    reads("%F", "2026-12-01", "2026-12-01T00:00:00Z");
    reads("%d-%b-%Y", "01-DEC-2026", "2026-12-01T00:00:00Z");
    reads("%d-%b-%Y", "01-Sept-2026", "2026-08-31T23:00:00Z");
    reads("%e %B %Y", "1 December 2026", "2026-12-01T00:00:00Z");
    reads("%d.%m.%Y", "29.02.2028", "2028-02-29T00:00:00Z");
}

Test(feed_moment, times)
{
    reads("%d/%m/%Y %H:%M", "07/09/2026 08:10", "2026-09-07T07:10:00Z");
    reads("%d/%m/%Y %H:%M", "07/09/2026   8:10", "2026-09-07T07:10:00Z");
    reads("%d/%m/%Y %H:%M:%S", "07/12/2026 08:10:59", "2026-12-07T08:10:59Z");
    reads("%d/%m/%Y %I:%M %p", "07/12/2026 12:10 am", "2026-12-07T00:10:00Z");
    reads("%d/%m/%Y %I:%M %p", "07/12/2026 1:10 PM", "2026-12-07T13:10:00Z");
    reads("%FT%T%z", "2026-09-07T08:10:00+01:00", "2026-09-07T07:10:00Z");
    reads("%FT%T%z", "2026-09-07T08:10:00Z", "2026-09-07T08:10:00Z");
    reads("%FT%T.%f%z", "2026-09-07T08:10:00.123-0500", "2026-09-07T13:10:00Z");
}

Test(feed_moment, a_time_that_is_twice_or_never)
{
    reads("%F %H:%M", "2026-10-25 01:30", "2026-10-25T00:30:00Z");
    reads("%F %H:%M", "2026-03-29 01:30", "2026-03-29T01:00:00Z");
}

Test(feed_moment, what_is_no_date)
{
    ends("%d/%m/%Y", "31/02/2026", MOMENT_BAD);
    ends("%d/%m/%Y", "13/13/2026", MOMENT_BAD);
    ends("%d/%m/%Y", "2026-09-07", MOMENT_BAD);
    ends("%d/%m/%Y", "07/09/2026 00:00", MOMENT_BAD);
    ends("%d/%m/%Y", "07/09", MOMENT_BAD);
    ends("%d/%m/%Y", "07/09/20266", MOMENT_BAD);
    ends("%d/%m/%Y", "07/09/202", MOMENT_BAD);
    ends("%d/%m/%Y", "", MOMENT_BAD);
    ends("%d-%b-%Y", "01-Foo-2026", MOMENT_BAD);
    ends("%d-%b-%Y", "01-Ma-2026", MOMENT_BAD);
    ends("%F %H:%M", "2026-09-07 24:00", MOMENT_BAD);
    ends("%F %H:%M", "2026-09-07 08:60", MOMENT_BAD);
    ends("%F %I:%M %p", "2026-09-07 13:00 pm", MOMENT_BAD);
}

Test(feed_moment, years)
{
    ends("%d/%m/%Y", "07/09/26", MOMENT_TWO_DIGIT);
    ends("%d/%m/%Y", "31/02/26", MOMENT_BAD);
    ends("%d/%m/%Y", "31/12/4712", MOMENT_RANGE);
    ends("%d/%m/%Y", "31/12/9999", MOMENT_RANGE);
    ends("%d/%m/%Y", "31/12/1899", MOMENT_RANGE);
    ends("%d/%m/%Y", "01/01/0001", MOMENT_RANGE);
    ends("%d/%m/%Y", "01/01/1900", MOMENT_READ);
    ends("%d/%m/%Y", "31/12/2200", MOMENT_READ);
}

Test(feed_moment, formats)
{
    static const char *const bad[] = {"%d/%m/%y",    "%D",          "%d/%m",     "%m/%Y",
                                      "%d/%d/%m/%Y", "%d/%m/%Y/%Q", "%d/%m/%Y%", "%I:%M %F",
                                      "%H:%M %p %F", "%j %Y",       "%H %T %F"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not_null(moment_fault(bad[i]), "%s", bad[i]);
    }
    cr_assert(strstr(moment_fault("%d/%m/%y"), "two digits") != NULL);
    cr_assert(moment_could_swap("%d/%m/%Y"));
    cr_assert(moment_could_swap("%m-%d-%Y %H:%M"));
    cr_assert(!moment_could_swap("%Y-%m-%d"));
    cr_assert(!moment_could_swap("%d-%b-%Y"));
    cr_assert(!moment_could_swap("%F"));
}

Test(feed_moment, examples)
{
    char out[MOMENT_EXAMPLE];
    cr_assert_str_eq(moment_example("%d/%m/%Y %H:%M", out), "07/09/2026 08:10");
    cr_assert_str_eq(moment_example("%FT%T%z", out), "2026-09-07T08:10:00+01:00");
    cr_assert_str_eq(moment_example("%e %B %Y", out), "7 September 2026");
}
