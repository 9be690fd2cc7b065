/* Working days, service days, and the government's file of bank holidays. */
#include <criterion/criterion.h>
#include <string.h>

#include "common/casework/derive/feed.h"
#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(calendar, .fini = leakcheck);

#define EW DIVISION_ENGLAND_AND_WALES

static void check_step(const struct scene *sc, enum division division, const char *from, int n,
                       const char *to)
{
    cr_assert_date(calendar_step(sc->calendar, division, scene_date(from), n), to);
}

/* */
Test(calendar, working_days)
{
    struct scene *sc = scene_open("RW3");
    check_step(sc, EW, "2026-04-02", 0, "2026-04-02");
    check_step(sc, EW, "2026-04-02", 1, "2026-04-07");
    check_step(sc, DIVISION_SCOTLAND, "2026-04-02", 1, "2026-04-06");
    check_step(sc, EW, "2026-04-07", -1, "2026-04-02");
    check_step(sc, EW, "2026-04-04", 0, "2026-04-04");
    check_step(sc, EW, "2026-12-24", 1, "2026-12-29");
    check_step(sc, EW, "2026-12-31", 1, "2027-01-04");
    check_step(sc, DIVISION_SCOTLAND, "2026-12-31", 1, "2027-01-05");
    check_step(sc, DIVISION_NORTHERN_IRELAND, "2026-07-10", 1, "2026-07-14");
    check_step(sc, EW, "2026-09-04", 10, "2026-09-18");
    cr_assert_eq(
        calendar_working_days(sc->calendar, EW, scene_date("2026-04-02"), scene_date("2026-04-10")),
        4);
    cr_assert_eq(
        calendar_working_days(sc->calendar, EW, scene_date("2026-04-02"), scene_date("2026-04-02")),
        0);
    cr_assert_eq(
        calendar_working_days(sc->calendar, EW, scene_date("2026-04-02"), scene_date("2026-03-02")),
        0);
    cr_assert_not(calendar_is_working_day(sc->calendar, EW, scene_date("2026-08-31")));
    cr_assert(calendar_is_working_day(sc->calendar, DIVISION_SCOTLAND, scene_date("2026-08-31")));
    scene_close(sc);
}

/* */
Test(calendar, beyond_the_dates_a_message_can_name)
{
    struct calendar *c = calendar_new();
    calendar_add(c, EW, (struct date){DATE_LAST.days + 1});
    calendar_add(c, EW, (struct date){DATE_FIRST.days - 1});
    calendar_add(c, EW, DATE_LAST);
    calendar_add(c, EW, DATE_FIRST);
    cr_assert_not(calendar_is_working_day(c, EW, DATE_LAST));
    cr_assert_eq(calendar_step(c, EW, DATE_LAST, 1).days, DATE_LAST.days + 1);
    cr_assert_eq(date_weekday(DATE_FIRST), MON);
    cr_assert_eq(calendar_step(c, EW, DATE_FIRST, -1).days, DATE_FIRST.days - 3);
    calendar_free(c);
}

/* */
Test(calendar, last_service_day)
{
    struct scene *sc = scene_open("RW3");
    scene_settings(sc, "\"closures\": []", "\"closures\": [\"2026-09-11\", \"2026-09-10\"]");
    const struct org_rules *r = sc->rules.org;
    const struct date from = scene_date("2026-09-07"), to = scene_date("2026-09-13");
    cr_assert_date(calendar_last_service_day(sc->calendar, r, from, to), "2026-09-09");
    cr_assert_date(calendar_last_service_day(sc->calendar, r, to, to), "");
    scene_settings(sc, "[\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]", "[\"sat\"]");
    r = sc->rules.org;
    cr_assert_date(calendar_last_service_day(sc->calendar, r, from, to), "2026-09-12");
    cr_assert_date(calendar_last_service_day(sc->calendar, r, scene_date("2026-09-13"),
                                             scene_date("2026-09-18")),
                   "");
    scene_close(sc);
}

struct text {
    const char *json, *fault; /* NULL: taken */
};

/* */
Test(calendar, the_governments_file)
{
    const struct text rows[] = {
        {"{\"scotland\": {\"division\": \"scotland\", \"events\": [{\"title\": \"x\", \"date\": "
         "\"2026-06-15\", \"notes\": \"\", \"bunting\": true}]}}",
         NULL},
        {"{\"scotland\": {\"events\": [{\"title\": \"x\", \"date\": \"2026-06-15\"}]}}", NULL},
        {"{\"scotland\": {\"events\": []}}", "scotland: needs at least one event"},
        {"{\"scotland\": {\"division\": \"northern-ireland\", \"events\": [{\"title\": \"x\", "
         "\"date\": \"2026-06-15\"}]}}",
         "scotland.division: must be the name it stands under"},
        {"{\"scotland\": {\"division\": 7, \"events\": [{\"title\": \"x\", \"date\": "
         "\"2026-06-15\"}]}}",
         "scotland.division: must be the name it stands under"},
        {"[]", "an object of divisions"},
        {"{}", "an object of divisions"},
        {"{\"wales\": {\"events\": []}}", "wales: no such division"},
        {"{\"scotland\": {}}", "scotland: needs a list of events"},
        {"{\"scotland\": 7}", "scotland: needs a list of events"},
        {"{\"scotland\": {\"events\": {}}}", "scotland: needs a list of events"},
        {"{\"scotland\": {\"events\": [7]}}", "scotland.events.0: needs title and date"},
        {"{\"scotland\": {\"events\": [{\"date\": \"2026-06-15\"}]}}",
         "scotland.events.0: needs title and date"},
        {"{\"scotland\": {\"events\": [{\"title\": \"\", \"date\": \"2026-06-15\"}]}}",
         "scotland.events.0.title: a string of 1 to 200 bytes"},
        {"{\"scotland\": {\"events\": [{\"title\": \"x\", \"date\": \"2026-02-30\"}]}}",
         "scotland.events.0.date: a real date, YYYY-MM-DD"},
        {"{\"scotland\": {\"events\": [{\"title\": \"x\", \"date\": null}]}}",
         "scotland.events.0.date: a real date, YYYY-MM-DD"},
        {"{\"scotland\": {\"events\": [{\"title\": 7, \"date\": \"2026-06-15\"}]}}",
         "scotland.events.0.title: a string of 1 to 200 bytes"},
        {"{\"scotland\": {\"events\": [",
         "not JSON, at line 1 or the next: is a comma, a quote or a bracket missing?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena *a = arena_new(4096);
        struct holiday *out = NULL;
        size_t n = 0;
        unsigned divisions = 0;
        struct err err = {0};
        enum status s =
            calendar_parse(rows[i].json, strlen(rows[i].json), a, &out, &n, &divisions, &err);
        cr_assert_eq(s, rows[i].fault == NULL ? STATUS_OK : STATUS_REJECT, "%s", rows[i].json);
        if (rows[i].fault != NULL) {
            cr_assert_str_eq(err.text, rows[i].fault);
        } else {
            cr_assert_eq(divisions, 1u << DIVISION_SCOTLAND);
        }
        arena_free(a);
    }
}

static struct instant silent_at(struct scene *sc, const char *last)
{
    return feed_silent_at(&sc->rules, scene_time(sc, last));
}

/* */
Test(calendar, a_feed_that_falls_silent)
{
    struct scene *sc = scene_open("RW3");
    const char *rows[][2] = {
        {"2026-09-08 15:00", "2026-09-09 15:00"},
        {"2026-09-11 15:00", "2026-09-14 15:00"},
        {"2026-09-12 15:00", "2026-09-15 00:00"},
        {"2026-04-02 10:00", "2026-04-07 10:00"},
        {"2026-09-11 00:00", "2026-09-12 00:00"},
        {"2026-10-23 15:00", "2026-10-26 15:00"}, /* the clock change is on a Sunday */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(silent_at(sc, rows[i][0]).us, scene_time(sc, rows[i][1]).us, "%s", rows[i][0]);
    }
    scene_settings(sc, "\"feed_silent_hours\": 24", "\"feed_silent_hours\": 60");
    cr_assert_eq(silent_at(sc, "2026-09-10 12:00").us, scene_time(sc, "2026-09-15 00:00").us);
    scene_close(sc);
}
