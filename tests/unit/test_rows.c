#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "services/cli/rows.h"
#include "tests/unit/leakcheck.h"

TestSuite(rows, .fini = leakcheck);

static const struct instant noon = {INT64_C(1788696000000000)}; /* 2026-09-06T12:00:00Z */

/* The event of one row, or "!" and the fault. */
static void check_with(const struct rows_options *o, const char *const *names, size_t n,
                       const char *const *cells, size_t n_cells, const char *expected)
{
    struct arena *a = arena_new(1024);
    struct rows *rows = NULL;
    struct err err = {0};
    struct buf said = {0};
    struct buf got = {0};
    if (rows_new(&rows, names, n, o, &said) != STATUS_OK) {
        buf_printf(&got, "!%s", said.data);
    } else if (rows_event(rows, cells, n_cells, noon, a, &got, &err) != STATUS_OK) {
        buf_reset(&got);
        buf_printf(&got, "!%s", err.text);
    }
    cr_assert_str_eq(got.data, expected);
    buf_clear(&said);
    buf_clear(&got);
    rows_free(rows);
    arena_free(a);
}

static void check(const char *const *names, size_t n, const char *const *cells,
                  const char *expected)
{
    check_with(&(struct rows_options){0}, names, n, cells, n, expected);
}

#define CHECK(names, cells, expected)                                                              \
    check(names, sizeof(names) / sizeof((names)[0]), cells, expected)

Test(rows, members_with_dots_and_types)
{
    static const char *const names[] = {"type",        "source",       "id",
                                        "time",        "version",      "contact.voicemail",
                                        "reason.code", "contact.name", "reason.scheme",
                                        "data.fte",    "open_ended"};
    static const char *const cells[] = {
        "t", "s", "i", "2026-09-07T08:00:00Z", "12", "true", "S12", "N", "esr", "0.6", "maybe"};
    CHECK(names, cells,
          "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\",\"type\":\"t\","
          "\"time\":\"2026-09-07T08:00:00Z\",\"datacontenttype\":\"application/json\","
          "\"data\":{\"version\":12,\"open_ended\":\"maybe\",\"fte\":\"0.6\","
          "\"reason\":{\"scheme\":\"esr\",\"code\":\"S12\"},"
          "\"contact\":{\"name\":\"N\",\"voicemail\":true}}}");
}

Test(rows, empty_cells_are_no_members)
{
    static const char *const names[] = {"type", "source", "id", "reason.code", "last_day", "on"};
    static const char *const absence[] = {"org.dayfour.absence.opened.v1", "s", "i", "", "", ""};
    static const char *const left[] = {"org.dayfour.person.left.v1", "s", "i", "", "", ""};
    CHECK(names, absence,
          "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\","
          "\"type\":\"org.dayfour.absence.opened.v1\",\"time\":\"2026-09-06T12:00:00Z\","
          "\"datacontenttype\":\"application/json\",\"data\":{}}");
    CHECK(names, left,
          "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\","
          "\"type\":\"org.dayfour.person.left.v1\",\"time\":\"2026-09-06T12:00:00Z\","
          "\"datacontenttype\":\"application/json\",\"data\":{\"on\":null}}");
}

Test(rows, numbers_that_are_none_stay_text)
{
    static const char *const names[] = {"type", "source", "id", "time", "version"};
    static const char *const wrong[] = {"1.0", "007", "-1", "1e3", "12345678901234567"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *const cells[] = {"t", "s", "i", "x", wrong[i]};
        char expected[256];
        snprintf(expected, sizeof expected,
                 "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\",\"type\":\"t\","
                 "\"time\":\"x\",\"datacontenttype\":\"application/json\","
                 "\"data\":{\"version\":\"%s\"}}",
                 wrong[i]);
        CHECK(names, cells, expected);
    }
}

Test(rows, header_faults)
{
    static const char *const unknown[] = {"type", "onset", "source", "lastDay"};
    static const char *const somebody[] = {"P-77", "Test Person 12"};
    static const char *const twice[] = {"type", "source", "fte", "data.fte"};
    static const char *const no_source[] = {"type", "fte"};
    static const char *const cells[] = {"", "", "", ""};
    struct buf known = {0};
    struct buf expected = {0};
    rows_put_known(&known);
    buf_printf(&expected, "!columns that are not known: onset, lastDay. Known are: %s", known.data);
    CHECK(unknown, cells, expected.data);
    buf_reset(&expected);
    buf_printf(&expected,
               "!none of the columns is known: the first line has to name them. Known are: %s",
               known.data);
    CHECK(somebody, cells, expected.data);
    buf_clear(&expected);
    buf_clear(&known);
    CHECK(twice, cells, "!column data.fte: given twice");
    CHECK(no_source, cells,
          "!there is no column source (--set source=VALUE gives every row the same)");
}

static void id_of(const char *version, char out[33])
{
    static const char *const names[] = {"type", "source", "absence_id", "version"};
    const char *const cells[] = {"t", "s", "A-1", version};
    const struct rows_options o = {0};
    struct arena *a = arena_new(1024);
    struct rows *rows = NULL;
    struct err err = {0};
    struct buf got = {0};
    cr_assert_eq(rows_new(&rows, names, 4, &o, &got), STATUS_OK);
    cr_assert_eq(rows_event(rows, cells, 4, noon, a, &got, &err), STATUS_OK);
    memcpy(out, strstr(got.data, "\"id\":\"") + 6, 32);
    out[32] = '\0';
    buf_clear(&got);
    rows_free(rows);
    arena_free(a);
}

Test(rows, a_row_is_the_same_event_again)
{
    char first[33];
    char again[33];
    char newer[33];
    id_of("1", first);
    id_of("1", again);
    id_of("2", newer);
    cr_assert_str_eq(first, again);
    cr_assert_str_neq(first, newer);
}

#define EVENT(members)                                                                             \
    "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\",\"type\":\"t\",\"time\":\"x\","        \
    "\"datacontenttype\":\"application/json\",\"data\":" members "}"

Test(rows, cells_are_trimmed_and_columns_without_content_passed_over)
{
    static const char *const names[] = {" type", "source\xc2\xa0", "id", "time",
                                        "",      "absence_id",     ""};
    static const char *const cells[] = {"t ", "\ts", "i", "x", " ", "\xe2\x80\x8b A-1 ",
                                        "",   "",    " "};
    const struct rows_options o = {0};
    check_with(&o, names, 7, cells, 9, EVENT("{\"absence_id\":\"A-1\"}"));
    static const char *const stray[] = {"t", "s", "i", "x", "", "A-1", "", "", "y"};
    check_with(&o, names, 7, stray, 9, "!9 cells, but 7 columns");
    static const char *const unnamed[] = {"t", "s", "i", "x", "y", "A-1", ""};
    check_with(&o, names, 7, unnamed, 7, "!column 5 has content and no name");
    check_with(&o, names, 7, cells, 6, "!6 cells, but 7 columns");
}

Test(rows, truth_values_as_spreadsheets_write_them)
{
    static const char *const names[] = {"type", "source", "id", "time", "open_ended"};
    static const char *const yes[] = {"TRUE", "True", "yes", "YES", "1"};
    static const char *const no[] = {"FALSE", "false", "no", "No", "0"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        const char *const cells_yes[] = {"t", "s", "i", "x", yes[i]};
        CHECK(names, cells_yes, EVENT("{\"open_ended\":true}"));
        const char *const cells_no[] = {"t", "s", "i", "x", no[i]};
        CHECK(names, cells_no, EVENT("{\"open_ended\":false}"));
    }
}

Test(rows, constant_columns)
{
    static const char *const names[] = {"id", "time", "organisation"};
    static const char *const cells[] = {"i", "x", "RW3"};
    static const char *const set[] = {"type=t", "source=s", "reason.code= a=b "};
    const struct rows_options o = {.set = set, .n_set = 3};
    check_with(&o, names, 3, cells, 3,
               EVENT("{\"organisation\":\"RW3\",\"reason\":{\"code\":\"a=b\"}}"));
    static const char *const twice[] = {"type=t", "source=s", "id=i"};
    const struct rows_options bad = {.set = twice, .n_set = 3};
    check_with(&bad, names, 3, cells, 3, "!column id: given twice");
}

Test(rows, dates_of_another_form)
{
    static const char *const names[] = {"type", "source", "id", "time", "onset_date"};
    static const struct {
        const char *form, *cell, *json;
    } rows[] = {
        {"%d/%m/%Y", "07/09/2026", "\"2026-09-07\""},
        {"%d/%m/%Y", "7/9/2026", "\"2026-09-07\""},
        {"%m/%d/%Y", "07/09/2026", "\"2026-07-09\""},
        {"%Y%m%d", "20260907", "\"2026-09-07\""},
        {"%d/%m/%Y", "31/09/2026", "false"},
        {"%d/%m/%Y", "2026-09-07", "false"},
        {"%d/%m/%Y", "07/09/26", "false"},
        {"%d/%m/%Y", "07/09/2026x", "false"},
        {"%Y-%d-%m", "2026-09-07", "\"2026-07-09\""},
        {NULL, "07/09/2026", "\"07/09/2026\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const cells[] = {"t", "s", "i", "x", rows[i].cell};
        const struct rows_options o = {.dates = rows[i].form};
        char expected[256];
        snprintf(expected, sizeof expected, EVENT("{\"onset_date\":%s}"), rows[i].json);
        check_with(&o, names, 5, cells, 5, expected);
    }
}

Test(rows, forms_of_dates)
{
    static const char *const bad[] = {"",  "%d/%m",  "%d/%m/%y", "%d/%m/%Y/%d", "%d/%m/%Y %H",
                                      "%", "%d%m%Y%"};
    struct err err = {0};
    char text[ROWS_DATE_TEXT];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_eq(rows_check_dates(bad[i], &err), STATUS_REJECT, "%s", bad[i]);
    }
    cr_assert_eq(rows_check_dates("%d.%m.%Y", &err), STATUS_OK);
    cr_assert_str_eq(rows_date_example("%d.%m.%Y", text), "07.09.2026");
    cr_assert_str_eq(rows_date_example(NULL, text), "2026-09-07");
}
