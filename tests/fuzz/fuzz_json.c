/* A tree that json_parse accepts can be written back and read again as the same. A refusal names a
 * path without a value. */
#include <stddef.h>
#include <stdint.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_same(const struct json *a, const struct json *b, int depth)
{
    MUST(json_type(a) == json_type(b));
    MUST(json_count(a) == json_count(b));
    enum json_type type = json_type(a);
    if (type == JSON_BOOL) {
        MUST(json_bool(a) == json_bool(b));
    } else if (type == JSON_NUMBER) {
        int64_t x = 0;
        int64_t y = 0;
        MUST(strcmp(json_number_text(a), json_number_text(b)) == 0);
        MUST(json_int(a, INT64_MIN, INT64_MAX, &x) == json_int(b, INT64_MIN, INT64_MAX, &y));
        MUST(x == y);
    } else if (type == JSON_STRING) {
        MUST(strcmp(json_string(a), json_string(b)) == 0);
    } else if (type == JSON_ARRAY || type == JSON_OBJECT) {
        MUST(depth < JSON_MAX_DEPTH);
        const struct json *y = json_first(b);
        for (const struct json *x = json_first(a); x; x = json_next(x), y = json_next(y)) {
            if (type == JSON_OBJECT) {
                MUST(strcmp(json_name(x), json_name(y)) == 0);
                MUST(json_member(a, json_name(x)) == x); /* no name twice */
            }
            check_same(x, y, depth + 1);
        }
    }
}

static void check_fault(enum json_fault fault, const char *path)
{
    MUST(fault > JSON_FINE && fault <= JSON_BAD_STRING);
    fuzz_check_path(path, JSON_PATH);
    if (fault != JSON_DUPLICATE_KEY && fault != JSON_BAD_STRING) {
        MUST(path[0] == '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct arena *arena;
    if (!arena) {
        arena = arena_new(1 << 16);
    }
    arena_reset(arena);
    const struct json *root = NULL;
    char path[JSON_PATH];
    enum json_fault fault = json_parse((const char *)data, len, arena, &root, path);
    if (fault != JSON_FINE) {
        check_fault(fault, path);
        return 0;
    }
    struct buf written = {0};
    fuzz_put_json(&written, root);
    const struct json *again = NULL;
    MUST(json_parse(written.data, written.len, arena, &again, path) == JSON_FINE);
    check_same(root, again, 0);
    buf_clear(&written);
    return 0;
}
