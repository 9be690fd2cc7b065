#include <criterion/criterion.h>
#include <string.h>

#include "services/web/words.h"
#include "tests/unit/leakcheck.h"

static struct words w;
static struct zone *zone;

static void begin(void)
{
    struct err err;
    cr_assert_eq(zone_load(&zone, "Europe/London", &err), STATUS_OK);
    w = (struct words){.arena = arena_new(1024), .zone = zone};
    w.now = words_instant_of("2026-09-10 07:30:00+00"); /* Thursday, 8:30am in London */
    w.today = words_date_of("2026-09-10");
}

static void end(void)
{
    arena_free(w.arena);
    zone_free(zone);
    leakcheck();
}

TestSuite(web_words, .init = begin, .fini = end);

#define D(text) words_date_of(text)
#define T(text) words_instant_of(text)

Test(web_words, dates)
{
    cr_assert_str_eq(words_date(&w, D("2026-09-11")), "Friday 11 September");
    cr_assert_str_eq(words_date(&w, D("2025-12-31")), "Wednesday 31 December 2025");
    cr_assert_str_eq(words_short_date(&w, D("2026-09-03")), "Thu 3 Sep");
    cr_assert_str_eq(words_full_date(&w, D("1984-03-04")), "4 March 1984");
    cr_assert_str_eq(words_date(&w, DATE_NONE), "");
    cr_assert_str_eq(words_day(&w, D("2026-09-10")), "today");
    cr_assert_str_eq(words_day(&w, D("2026-09-11")), "tomorrow");
    cr_assert_str_eq(words_day(&w, D("2026-09-09")), "yesterday");
    cr_assert_str_eq(words_day(&w, D("2026-09-12")), "Saturday 12 September");
}

Test(web_words, times)
{
    cr_assert_str_eq(words_time(&w, T("2026-09-10 13:10:00+00")), "2:10pm");
    cr_assert_str_eq(words_time(&w, T("2026-01-10 00:05:00+00")), "12:05am");
    cr_assert_str_eq(words_time(&w, T("2026-01-10 12:00:00.5+00")), "12:00pm");
    cr_assert_str_eq(words_moment(&w, w.now), "today 8:30am");
    cr_assert_str_eq(words_short_moment(&w, T("2026-09-07 08:10:00+00")), "Mon 9:10am");
    cr_assert_str_eq(words_short_moment(&w, T("2026-09-03 08:10:00+00")), "Thu 3 Sep 9:10am");
    cr_assert_str_eq(words_at(&w, w.now), "at 8:30am");
    cr_assert_str_eq(words_at(&w, T("2026-09-07 08:10:00+00")), "on Monday 7 September at 9:10am");
    cr_assert_str_eq(words_time(&w, INSTANT_NONE), "");
}

Test(web_words, days_and_counts)
{
    cr_assert_str_eq(words_days_left(&w, 2), "2 days left");
    cr_assert_str_eq(words_days_left(&w, 1), "1 day left");
    cr_assert_str_eq(words_days_left(&w, 0), "today");
    cr_assert_str_eq(words_days_left(&w, -1), "1 day overdue");
    cr_assert_str_eq(words_count(&w, 1, "case", "cases"), "1 case");
    cr_assert_str_eq(words_count(&w, 0, "case", "cases"), "0 cases");
}

Test(web_words, what_the_database_says)
{
    cr_assert(date_is_none(words_date_of(NULL)) && date_is_none(words_date_of("infinity")));
    cr_assert(instant_is_none(words_instant_of("")) &&
              instant_is_none(words_instant_of("2026-09-10")));
    cr_assert(words_is_infinity("infinity") && !words_is_infinity(NULL));
    cr_assert_eq(T("2026-09-10 09:30:00+02").us, w.now.us);
    cr_assert_str_eq(words_iso_instant(&w, w.now), "2026-09-10T07:30:00Z");
    cr_assert_eq(T(words_iso_instant(&w, w.now)).us, w.now.us);
    cr_assert_null(words_iso_date(&w, DATE_NONE));
}

static bool reads(const char *day, const char *month, const char *year, const char *expected)
{
    struct date d;
    return words_read_date(day, month, year, &d) ? date_eq(d, D(expected)) : expected[0] == '\0';
}

Test(web_words, dates_that_people_type)
{
    cr_assert(reads("11", "9", "2026", "2026-09-11"));
    cr_assert(reads(" 1 ", "09", "2026", "2026-09-01"));
    cr_assert(reads("11", "September", "2026", "2026-09-11"));
    cr_assert(reads("11", "sep", "2026", "2026-09-11"));
    cr_assert(reads("11", "Sept.", "2026", "2026-09-11"));
    cr_assert(reads("29", "2", "2028", "2028-02-29"));
    static const char *const bad[][3] = {
        {"31", "2", "2026"}, {"29", "2", "2026"}, {"0", "1", "2026"},      {"1", "13", "2026"},
        {"1", "1", "26"},    {"", "1", "2026"},   {"1", "ma", "2026"},     {"x", "1", "2026"},
        {"1", "1", "2026x"}, {"-1", "1", "2026"}, {"1", "marches", "2026"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert(reads(bad[i][0], bad[i][1], bad[i][2], ""), "%zu", i);
    }
}

/* Today is 2026-09-11. */
static const char *day_of(bool ahead, const char *day, const char *month, const char *year)
{
    static char text[DATE_TEXT];
    struct date d;
    const struct words on_friday = {.today = D("2026-09-11")};
    return words_read_day(&on_friday, ahead, day, month, year, &d) ? date_format(d, text) : "none";
}

Test(web_words, a_day_without_month_or_year)
{
    cr_assert_str_eq(day_of(true, "12", "", ""), "2026-09-12");
    cr_assert_str_eq(day_of(true, "11", "", ""), "2026-09-11"); /* today is the next 11th */
    cr_assert_str_eq(day_of(true, "10", " ", ""), "2026-10-10");
    cr_assert_str_eq(day_of(true, "31", "", ""), "2026-10-31"); /* September has none */
    cr_assert_str_eq(day_of(true, "2", "jan", ""), "2027-01-02");
    cr_assert_str_eq(day_of(true, "29", "2", ""), "2028-02-29");
    cr_assert_str_eq(day_of(false, "11", "", ""), "2026-09-11");
    cr_assert_str_eq(day_of(false, "12", "", ""), "2026-08-12");
    cr_assert_str_eq(day_of(false, "30", "12", ""), "2025-12-30");
    cr_assert_str_eq(day_of(true, "1", "9", "2026"),
                     "2026-09-01"); /* a year is never guessed over */
    cr_assert_str_eq(day_of(true, "", "9", ""), "none");
    cr_assert_str_eq(day_of(true, "30", "2", ""), "none");
    cr_assert_str_eq(day_of(true, "11", "x", ""), "none");
    cr_assert_str_eq(day_of(true, "11", "", "2026"), "none");
}

Test(web_words, times_that_people_type)
{
    static const struct {
        const char *text;
        int minute; /* -1: refused */
    } cases[] = {{"2pm", 840},     {"2:30pm", 870}, {"2.30pm", 870}, {"14:30", 870}, {"1430", 870},
                 {"2:30 pm", 870}, {"12am", 0},     {"12pm", 720},   {"0:05", 5},    {"9.05", 545},
                 {" 9:05 ", 545},  {"230pm", 870},  {"2", -1},       {"230", -1},    {"25:00", -1},
                 {"14:60", -1},    {"13pm", -1},    {"0am", -1},     {"", -1},       {"2:3", -1},
                 {"2:30x", -1},    {"14302", -1},   {":30", -1},     {"2::30", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int minute = -1;
        bool good = words_read_time(cases[i].text, &minute);
        cr_assert_eq(good ? minute : -1, cases[i].minute, "%s", cases[i].text);
    }
}

Test(web_words, hours_that_come_twice_or_never)
{
    struct instant t;
    cr_assert(words_instant_at(&w, D("2026-10-25"), 90, &t));
    cr_assert_eq(t.us, T("2026-10-25 00:30:00+00").us, "not the first of two");
    cr_assert_not(words_instant_at(&w, D("2026-03-29"), 90, &t));
    cr_assert(words_instant_at(&w, D("2026-03-29"), 120, &t));
}

Test(web_words, numbers_to_dial)
{
    cr_assert_str_eq(words_dial(&w, "+44 (0)161 496-0000"), "+441614960000");
    cr_assert_str_eq(words_dial(&w, "07700 900101 <b>"), "07700900101");
    cr_assert_str_eq(words_dial(&w, ""), "");
}

Test(web_words, codes)
{
    cr_assert_str_eq(words_outcome("no_answer"), "no answer");
    cr_assert_str_eq(words_outcome("something_new"), "something_new");
    cr_assert_str_eq(words_outcome(NULL), "");
    cr_assert_str_eq(words_queue(&w, "mental-health"), "Mental health");
    cr_assert_str_eq(words_language("en"), "");
    cr_assert_str_eq(words_language("cy"), "Welsh");
}
