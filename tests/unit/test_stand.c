#include <criterion/criterion.h>
#include <string.h>

#include "services/intake/stand.h"

static struct stand s;
static int64_t at;

static void set(int64_t next, int64_t log_start, int64_t anchor)
{
    s = (struct stand){
        .next = next, .log_start = log_start, .seen_end = NO_OFFSET, .anchor = {.offset = anchor}};
    at = -9;
}

static void goes_on_at(int64_t start, int64_t end, int64_t expected)
{
    cr_assert_null(stand_judge(&s, start, end, &at));
    cr_assert_eq(at, expected, "%lld", (long long)at);
}

static void is_lost(int64_t start, int64_t end)
{
    cr_assert_not_null(stand_judge(&s, start, end, &at));
}

Test(stand, not_known_yet)
{
    set(NO_OFFSET, NO_OFFSET, NO_OFFSET);
    goes_on_at(0, 0, 0);
    goes_on_at(7, 20, 7);
}

Test(stand, zero_is_a_position)
{
    set(0, 0, NO_OFFSET);
    goes_on_at(0, 0, 0);
    is_lost(1, 10);
}

Test(stand, the_record_is_read_again)
{
    set(43, 0, 42);
    goes_on_at(0, 43, 42);
    goes_on_at(42, 60, 42);
    goes_on_at(0, NO_OFFSET, 42);
    is_lost(0, 42); /* ends before it */
    is_lost(0, 0);
    set(43, 0, 30); /* of an earlier batch */
    goes_on_at(0, 50, 30);
}

Test(stand, the_record_tells_more_than_the_beginning)
{
    set(43, 10, 42);
    goes_on_at(9, 43, 42);
}

Test(stand, nothing_unread_is_deleted)
{
    set(43, 0, 42);
    goes_on_at(43, 43, 43);
    goes_on_at(43, 50, 43);
    is_lost(44, 50);
}

Test(stand, up_to_the_end_that_was_seen_nothing_is_unread)
{
    set(43, 0, 42);
    s.seen_end = 45;
    goes_on_at(44, 50, 44);
    goes_on_at(45, 45, 45);
    is_lost(46, 50);
    goes_on_at(42, 45, 42); /* the record is still there */
    set(0, 0, NO_OFFSET);   /* nothing but records of transactions that were given up */
    s.seen_end = 3;
    goes_on_at(3, 3, 3);
    is_lost(4, 4);
    set(43, 44, 42);
    s.seen_end = 45;
    is_lost(43, 60); /* a log that begins earlier is another's, as before */
}

Test(stand, without_a_record_the_beginning_tells)
{
    set(10, 10, NO_OFFSET);
    goes_on_at(10, 10, 10);
    is_lost(9, 20);
    is_lost(0, 20);
    set(10, 3, NO_OFFSET);
    goes_on_at(5, 20, 10);
    is_lost(11, 20);
    is_lost(3, 9);
    goes_on_at(3, NO_OFFSET, 10);
}

static void bytes_of(struct buf *b, const char *key, const char *value, const char *header,
                     int64_t timestamp)
{
    const struct header h = {.name = "h",
                             .value = header,
                             .len = header == NULL ? 0 : strlen(header),
                             .is_null = header == NULL};
    const struct raw_record raw = {
        .value = value, .len = value == NULL ? 0 : strlen(value), .headers = &h, .n_headers = 1};
    stand_bytes(b, key, key == NULL ? 0 : strlen(key), &raw, timestamp);
}

Test(stand, every_part_of_a_record_counts)
{
    struct buf all[7] = {0};
    bytes_of(&all[0], "k", "v", "x", 1);
    bytes_of(&all[1], "k", "v", "x", 2);
    bytes_of(&all[2], "k", "v", "y", 1);
    bytes_of(&all[3], "k", "w", "x", 1);
    bytes_of(&all[4], "kv", "", "x", 1);
    bytes_of(&all[5], NULL, "kv", "x", 1);
    bytes_of(&all[6], "k", NULL, "x", 1);
    for (size_t i = 0; i < 7; i++) {
        for (size_t j = 0; j < i; j++) {
            cr_assert(all[i].len != all[j].len ||
                      memcmp(all[i].data, all[j].data, all[i].len) != 0);
        }
    }
    for (size_t i = 0; i < 7; i++) {
        buf_clear(&all[i]);
    }
}
