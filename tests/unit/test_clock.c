#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/runtime/clock.h"
#include "tests/unit/leakcheck.h"

TestSuite(clock, .fini = leakcheck);

static char dir[] = "/tmp/dayfour-clock-XXXXXX";
static char path[128];
static char next[128];

static void write_file(const char *text)
{
    FILE *f = fopen(next, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
    cr_assert_eq(rename(next, path), 0);
}

static void begin(void)
{
    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/now", dir);
    snprintf(next, sizeof next, "%s/next", dir);
}

static void end(void)
{
    unlink(path);
    rmdir(dir);
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

Test(clock, the_system_clock)
{
    struct clock *c = NULL;
    cr_assert_eq(clock_open(&c, "", NULL), STATUS_OK);
    cr_assert_not(clock_is_file(c));
    struct instant a = clock_now(c);
    cr_assert_lt(llabs((long long)(a.us / US_PER_SECOND - (int64_t)time(NULL))), 2);
    clock_free(c);
    clock_free(NULL);
}

Test(clock, a_file_is_followed_and_kept_while_it_is_bad)
{
    begin();
    struct err err;
    struct clock *c = NULL;
    char text[INSTANT_TEXT];
    write_file("2026-09-07T08:10:00Z\n");
    cr_assert_eq(clock_open(&c, path, &err), STATUS_OK);
    cr_assert(clock_is_file(c));
    cr_assert_str_eq(instant_format(clock_now(c), text), "2026-09-07T08:10:00Z");
    write_file("  2026-09-11T09:00:00.25Z  ");
    pause_ms(60);
    cr_assert_str_eq(instant_format(clock_now(c), text), "2026-09-11T09:00:00.250000Z");
    write_file("no time");
    pause_ms(60);
    cr_assert_str_eq(instant_format(clock_now(c), text), "2026-09-11T09:00:00.250000Z");
    unlink(path);
    pause_ms(60);
    cr_assert_str_eq(instant_format(clock_now(c), text), "2026-09-11T09:00:00.250000Z");
    write_file("2026-09-01T00:00:00Z"); /* back is fine: who must not go back sees to it */
    pause_ms(60);
    cr_assert_str_eq(instant_format(clock_now(c), text), "2026-09-01T00:00:00Z");
    clock_free(c);
    end();
}

Test(clock, a_bad_file_at_the_start_is_fatal)
{
    begin();
    struct err err;
    struct clock *c = NULL;
    cr_assert_eq(clock_open(&c, path, &err), STATUS_FATAL);
    static const char *const bad[] = {"", "\n", "yesterday", "2026-09-07", "2026-09-07T08:10:00"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_file(bad[i]);
        cr_assert_eq(clock_open(&c, path, &err), STATUS_FATAL, "%s", bad[i]);
    }
    cr_assert_null(c);
    end();
}

Test(clock, monotonic_goes_on)
{
    int64_t a = clock_mono_ms();
    pause_ms(20);
    int64_t b = clock_mono_ms();
    cr_assert_geq(b - a, 20);
    cr_assert_lt(b - a, 5000);
}
