/* fuzz - what the fuzz targets share: checks that stay in any build, and JSON written back. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/json/json.h"

#define MUST(what)                                                                                 \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);                     \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Paths name members: nothing in one that a value could hide in. */
static inline void fuzz_check_path(const char *path, size_t room)
{
    size_t len = strnlen(path, room);
    MUST(len < room);
    MUST(strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.[]") ==
         len);
}

/* Nesting is bounded by JSON_MAX_DEPTH. */
static inline void fuzz_put_json(struct buf *b, const struct json *v)
{
    const char *before = "";
    switch (json_type(v)) {
    case JSON_NULL:
        buf_puts(b, "null");
        break;
    case JSON_BOOL:
        buf_puts(b, json_bool(v) ? "true" : "false");
        break;
    case JSON_NUMBER:
        buf_puts(b, json_number_text(v));
        break;
    case JSON_STRING:
        json_put_string(b, json_string(v));
        break;
    case JSON_ARRAY:
        buf_putc(b, '[');
        for (const struct json *c = json_first(v); c; c = json_next(c)) {
            buf_puts(b, before);
            fuzz_put_json(b, c);
            before = ",";
        }
        buf_putc(b, ']');
        break;
    case JSON_OBJECT:
        buf_putc(b, '{');
        for (const struct json *c = json_first(v); c; c = json_next(c)) {
            buf_puts(b, before);
            json_put_string(b, json_name(c));
            buf_putc(b, ':');
            fuzz_put_json(b, c);
            before = ",";
        }
        buf_putc(b, '}');
        break;
    }
}

#endif
