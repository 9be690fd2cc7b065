#include <criterion/criterion.h>
#include <string.h>

#include "common/event/inbound.h"
#include "common/feed/difference/difference.h"
#include "common/feed/state/slots.h"
#include "tests/unit/leakcheck.h"

TestSuite(feed_state, .fini = leakcheck);

static struct state_row row_of(const char *id, const char *person, const char *assignment, int day)
{
    return (struct state_row){.organisation = "RW3",
                              .absence_id = id,
                              .person_id = person,
                              .assignment_id = assignment,
                              .digest = {1, 2, 3},
                              .version = 7,
                              .onset = {20000 + day},
                              .last_day = DATE_NONE,
                              .missing_since = DATE_NONE};
}

Test(feed_state, texts_have_one_number_each)
{
    struct texts *t = texts_new();
    char text[40];
    uint32_t first = texts_puts(t, "P-77");
    cr_assert_eq(texts_puts(t, ""), TEXTS_NONE);
    cr_assert_eq(texts_puts(t, NULL), TEXTS_NONE);
    cr_assert_null(texts_or_null(t, TEXTS_NONE));
    for (int i = 0; i < 200000; i++) {
        snprintf(text, sizeof text, "some text number %d", i);
        uint32_t id = texts_puts(t, text);
        cr_assert_str_eq(texts_at(t, id), text);
    }
    cr_assert_eq(texts_put(t, "P-777", 4), first);
    cr_assert_str_eq(texts_at(t, first), "P-77");
    texts_free(t);
}

Test(feed_state, a_row_is_replaced_and_removed)
{
    struct state *s = state_new();
    struct state_row row = row_of("A-1", "P-77", NULL, 0);
    struct state_row got;
    state_put(s, &row);
    row.version = 8;
    row.missing = 3;
    row.cancelled = true;
    state_put(s, &row);
    cr_assert_eq(state_rows(s), 1);
    cr_assert(state_row_at(s, 0, &got));
    cr_assert_eq(got.version, 8);
    cr_assert_eq(got.missing, 3);
    cr_assert(got.cancelled && !got.ended && !got.begun);
    cr_assert_null(got.assignment_id);
    cr_assert_eq(memcmp(got.digest, row.digest, STATE_DIGEST), 0);
    state_remove(s, "RW3", "A-2");
    cr_assert(state_row_at(s, 0, &got));
    state_remove(s, "RW3", "A-1");
    cr_assert(!state_row_at(s, 0, &got));
    state_put(s, &row);
    cr_assert(state_row_at(s, 0, &got), "it comes back in its place");
    row.organisation = "RX1";
    state_put(s, &row);
    cr_assert_eq(state_rows(s), 2, "another organisation's");
    state_free(s);
}

Test(feed_state, rows_by_start)
{
    struct state *s = state_new();
    struct texts *t = state_texts(s);
    for (int i = 0; i < 1000; i++) {
        char id[20];
        snprintf(id, sizeof id, "A-%d", i);
        struct state_row row =
            row_of(id, i % 2 == 0 ? "P-1" : "P-2", i % 3 == 0 ? "1" : NULL, i / 4);
        state_put(s, &row);
    }
    size_t at = 0;
    size_t n = 0;
    while (state_find_start(s, texts_puts(t, "RW3"), texts_puts(t, "P-1"), TEXTS_NONE,
                            (struct date){20000}, &at) != STATE_NONE) {
        n++;
    }
    cr_assert_eq(n, 1, "0 has an assignment, 2 has none"); /* of 0 to 3 */
    at = 0;
    cr_assert_eq(state_find_start(s, texts_puts(t, "RW3"), texts_puts(t, "P-3"), TEXTS_NONE,
                                  (struct date){20000}, &at),
                 STATE_NONE);
    state_free(s);
}

Test(feed_state, what_was_begun_is_hidden_from_the_same_run)
{
    struct state *s = state_new();
    struct state_row row = row_of("A-1", "P-77", NULL, 0);
    struct state_row got;
    row.begun = true;
    state_put(s, &row);
    state_hide_begun(s, 8);
    cr_assert(state_row_at(s, 0, &got));
    state_hide_begun(s, 7);
    cr_assert(!state_row_at(s, 0, &got));
    state_show_begun(s, 7);
    cr_assert(state_row_at(s, 0, &got));
    cr_assert(got.begun);
    state_free(s);
}

Test(feed_state, leavers)
{
    struct state *s = state_new();
    struct state_leaver l = {.person = {1}, .on = {20000}};
    state_put_leaver(s, &l);
    l.on.days++;
    state_put_leaver(s, &l);
    l.person[15] = 1;
    state_put_leaver(s, &l);
    cr_assert_eq(state_leavers(s), 2);
    cr_assert_eq(state_find_leaver(s, l.person)->on.days, 20001);
    state_remove_leaver(s, l.person);
    cr_assert_null(state_find_leaver(s, l.person));
    state_free(s);
}

Test(feed_state, a_record_is_cancelled_by_its_row_alone)
{
    static const struct header structured = {
        .name = "content-type", .value = "application/cloudevents+json", .len = 28};
    const struct inbound_limits limits = {.max_bytes = 262144};
    struct state_row row = row_of("A-1", "P-77", "77-1", 0);
    struct buf value = {0};
    struct difference_event event;
    struct inbound in;
    struct arena *a = arena_new(4096);
    difference_cancellation("/hr/RW3", &row, (struct instant){INT64_C(1788832800000000)}, &value,
                            &event);
    const struct raw_record raw = {
        .value = value.data, .len = value.len, .headers = &structured, .n_headers = 1};
    inbound_decode(&raw, &limits, a, &in);
    cr_assert_eq(in.verdict, VERDICT_ABSENCE);
    cr_assert(in.absence.cancelled);
    cr_assert_eq(in.absence.version, INT64_C(1788832800000));
    cr_assert_str_eq(in.absence.person_id, "P-77");
    cr_assert_eq(strlen(event.key), DIFFERENCE_KEY);
    arena_free(a);
    buf_clear(&value);
}
