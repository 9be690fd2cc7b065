#include <criterion/criterion.h>
#include <string.h>

#include "common/base/base64.h"

TestSuite(base64, .timeout = 20);

Test(base64, what_was_put_is_read_again)
{
    struct arena *a = arena_new(4096);
    char bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)(i * 37);
    }
    for (size_t n = 0; n <= sizeof bytes; n++) {
        struct buf text = {0};
        char *out = NULL;
        size_t len = 0;
        base64_put(&text, bytes, n);
        cr_assert(base64_read(text.data, text.len, a, &out, &len), "%zu bytes", n);
        cr_assert_eq(len, n);
        cr_assert_eq(memcmp(out, bytes, n), 0);
        buf_clear(&text);
    }
    arena_free(a);
}

Test(base64, nothing_but_the_padded_alphabet)
{
    static const char *const bad[] = {
        "e",     "e3",    "e30",  "e===", "====",     "e=30",      "e30=\n",
        " e30=", "e30= ", "e3 0", "-_-_", "e30=e30=", "e\xc3\xa9="};
    struct arena *a = arena_new(4096);
    char *out = NULL;
    size_t len = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(base64_read(bad[i], strlen(bad[i]), a, &out, &len), "%s", bad[i]);
    }
    cr_assert_not(base64_read("e3\0=", 4, a, &out, &len), "a NUL");
    cr_assert(base64_read("e30=", 4, a, &out, &len));
    cr_assert_eq(len, 2);
    cr_assert_eq(memcmp(out, "{}", 2), 0);
    arena_free(a);
}
