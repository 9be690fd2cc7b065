#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "services/cli/rows.h"
#include "tests/unit/leakcheck.h"

TestSuite(rows, .fini = leakcheck);

static const struct instant noon = {INT64_C(1788696000000000)}; /* 2026-09-06T12:00:00Z */

/* The event of one row, or "!" and the fault. */
static void check(const char *const *names, size_t n, const char *const *cells,
                  const char *expected)
{
    struct rows *rows = NULL;
    struct err err = {0};
    struct buf got = {0};
    if (rows_new(&rows, names, n, false, &err) != STATUS_OK ||
        rows_event(rows, cells, n, noon, &got, &err) != STATUS_OK) {
        buf_reset(&got);
        buf_printf(&got, "!%s", err.text);
    }
    cr_assert_str_eq(got.data, expected);
    buf_clear(&got);
    rows_free(rows);
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
    static const char *const unknown[] = {"type", "source", "onset"};
    static const char *const twice[] = {"type", "source", "fte", "data.fte"};
    static const char *const no_source[] = {"type", "fte"};
    static const char *const cells[] = {"", "", "", ""};
    CHECK(unknown, cells, "!line 1: column 3 (onset): not known");
    CHECK(twice, cells, "!line 1: column 4 (data.fte): given twice");
    CHECK(no_source, cells, "!line 1: there is no column source");
}

static void id_of(const char *version, char out[33])
{
    static const char *const names[] = {"type", "source", "absence_id", "version"};
    const char *const cells[] = {"t", "s", "A-1", version};
    struct rows *rows = NULL;
    struct err err = {0};
    struct buf got = {0};
    cr_assert_eq(rows_new(&rows, names, 4, false, &err), STATUS_OK);
    cr_assert_eq(rows_event(rows, cells, 4, noon, &got, &err), STATUS_OK);
    memcpy(out, strstr(got.data, "\"id\":\"") + 6, 32);
    out[32] = '\0';
    buf_clear(&got);
    rows_free(rows);
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
