#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/event/frozen.h"
#include "services/followup/events/letter.h"
#include "tests/unit/leakcheck.h"

static struct arena *a;
static struct hmac_key *key;
static struct buf original; /* headers it came with */
static struct letter letter;
static struct outbound out;

static void set_up(void)
{
    static const uint8_t bytes[INSTALL_KEY_BYTES] = {1};
    a = arena_new(4096);
    key = hmac_key_new(bytes, sizeof bytes);
    original = (struct buf){0};
    letter = (struct letter){.topic = "absence.events",
                             .partition = 3,
                             .offset = INT64_C(5000000000),
                             .reason = "bad_field",
                             .detail = "data.onset_date",
                             .organisation = "RW3",
                             .key = "k",
                             .key_len = 1,
                             .value = "\xff\0{",
                             .value_len = 3,
                             .headers = "",
                             .size = 3};
}

static void tear_down(void)
{
    buf_clear(&original);
    arena_free(a);
    hmac_key_free(key);
    leakcheck();
}

TestSuite(letter, .init = set_up, .fini = tear_down, .timeout = 20);

static void render(void)
{
    letter.headers = original.data == NULL ? "" : original.data;
    letter.headers_len = original.len;
    letter_render(&letter, "dead.{organisation}", key, "0123456789abcdef", a, &out);
}

static const char *headers_of(const struct outbound *r)
{
    static char text[200000];
    size_t len = 0;
    size_t next = 0;
    struct frozen_header h;
    text[0] = '\0';
    while (frozen_next(r->headers, r->headers_len, &next, &h)) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%.*s=%.*s\n", (int)h.name_len,
                                h.name, (int)h.value_len, h.value == NULL ? "" : h.value);
    }
    return text;
}

#define OURS                                                                                       \
    "dlq-reason=bad_field\ndlq-detail=data.onset_date\n"                                           \
    "__connect.errors.topic=absence.events\n__connect.errors.partition=3\n"                        \
    "__connect.errors.offset=5000000000\n"
#define MARKER "dayfour-batch=0123456789abcdef\n"

Test(letter, as_it_came_and_why)
{
    frozen_put_text(&original, "content-type", "text/plain");
    const struct header none = {.name = "empty", .is_null = true};
    frozen_put(&original, &none);
    render();
    cr_assert_str_eq(out.topic, "dead.RW3");
    cr_assert_str_eq(headers_of(&out), "content-type=text/plain\nempty=\n" OURS MARKER);
    cr_assert_eq(out.value_len, 3);
    cr_assert_arr_eq(out.value, "\xff\0{", 3);
    uint8_t mac[SHA256_BYTES];
    char hex[PSEUDONYM_TEXT];
    hmac_sha256(key, "k", 1, mac);
    cr_assert_eq(out.key_len, 32);
    cr_assert_arr_eq(out.key, hash_hex(mac, 16, hex), 32);
}

Test(letter, nothing_stays_nothing)
{
    letter.key = NULL;
    letter.value = NULL;
    letter.value_len = 0;
    letter.organisation = NULL;
    render();
    cr_assert_null(out.key);
    cr_assert_null(out.value);
    cr_assert_str_eq(out.topic, "dead.none");
    letter.key = "";
    letter.key_len = 0;
    render();
    cr_assert_eq(out.key_len, 32); /* an empty key is a key */
}

Test(letter, of_a_cut_one_the_size_and_hash_of_the_whole)
{
    static const uint8_t sha256[SHA256_BYTES] = {0xab};
    letter.size = 300000;
    letter.sha256 = sha256;
    render();
    cr_assert_str_eq(headers_of(&out), OURS "dlq-size=300000\ndlq-sha256=ab"
                                            "0000000000000000000000000000000000000000000000000000"
                                            "0000000000\n" MARKER);
}

static void put_large_header(size_t value_len)
{
    char *value = arena_alloc(a, value_len + 1);
    memset(value, 'x', value_len);
    value[value_len] = '\0';
    frozen_put_text(&original, "x", value);
}

Test(letter, headers_over_64_kib_are_dropped)
{
    put_large_header(65535);
    render();
    cr_assert_null(strstr(headers_of(&out), "dropped"));
    cr_assert(out.headers_len > 65535);
    buf_reset(&original);
    put_large_header(65536);
    render();
    cr_assert_str_eq(headers_of(&out), OURS "dlq-headers-dropped=true\n" MARKER);
}

Test(letter, shrinks_step_by_step_to_nothing)
{
    char *value = arena_alloc(a, 200000);
    memset(value, 'v', 200000);
    letter.value = value;
    letter.value_len = 200000;
    frozen_put_text(&original, "dlq-reason", "somebody else's");
    frozen_put_text(&original, "dlq-size", "7");
    render();
    cr_assert(letter_shrink(&out, a));
    cr_assert_eq(out.value_len, 65536);
    uint8_t sha256[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    hash_sha256(value, 200000, sha256);
    char expected[2048];
    (void)snprintf(expected, sizeof expected,
                   "dlq-reason=somebody else's\ndlq-size=7\n" OURS MARKER
                   "dlq-size=200000\ndlq-sha256=%s\n",
                   hash_hex(sha256, SHA256_BYTES, hex));
    cr_assert_str_eq(headers_of(&out), expected);
    cr_assert(letter_shrink(&out, a));
    cr_assert_eq(out.value_len, 32768);
    cr_assert_str_eq(headers_of(&out), expected);
    while (out.value_len > 0) {
        cr_assert(letter_shrink(&out, a));
    }
    cr_assert(letter_shrink(&out, a));
    (void)snprintf(expected, sizeof expected,
                   OURS MARKER "dlq-size=200000\ndlq-sha256=%s\ndlq-headers-dropped=true\n", hex);
    cr_assert_str_eq(headers_of(&out), expected);
    cr_assert(!letter_shrink(&out, a));
}

Test(letter, an_event_does_not_shrink)
{
    struct buf b = {0};
    frozen_put_text(&b, "ce_id", "s7K3QZ9M2XR4T/contact-task.created/1");
    struct outbound event = {
        .headers = b.data, .headers_len = b.len, .value = "{}", .value_len = 2};
    cr_assert(!letter_shrink(&event, a));
    buf_clear(&b);
}
