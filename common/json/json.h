/* json - a strict scan, then a tree to ask. cJSON builds the tree; nobody else includes it. */
#ifndef COMMON_JSON_JSON_H
#define COMMON_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/json/json_fault.h"

struct json; /* a value of the tree; lives in the arena it was parsed into */

/* text need not be NUL-terminated. On JSON_FINE *out is the root. For JSON_DUPLICATE_KEY and
 * JSON_BAD_STRING path (size JSON_PATH) holds the dotted path of the member at fault. It ends
 * before the first name that is not plain ([A-Za-z0-9_-], at most 64 bytes). Else path is "": it
 * never holds a value. Array elements add "[]". */
enum json_fault json_parse(const char *text, size_t len, struct arena *a, const struct json **out,
                           char path[JSON_PATH]);

/* The line, from 1, of the last value or name that was begun, of a text that is not JSON. The fault
 * is there or right after it. For messages to people: it reads the text once more. */
size_t json_fault_line(const char *text, size_t len);

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };
enum json_type json_type(const struct json *v);

/* NULL when o is NULL, no object or has no such member (names are case-sensitive). */
const struct json *json_member(const struct json *o, const char *name);
bool json_bool(const struct json *v);
const char *json_string(const struct json *v); /* NUL-terminated, unescaped; never holds a NUL */
const char *json_number_text(const struct json *v); /* as written: "1", "1.0", "1e3" */
/* Exact integers only: no point, no exponent, within min..max. */
bool json_int(const struct json *v, int64_t min, int64_t max, int64_t *out);

/* Iteration over an array's elements or an object's members, in order. */
const struct json *json_first(const struct json *v);
const struct json *json_next(const struct json *v);
const char *json_name(const struct json *member);
size_t json_count(const struct json *v);

/* Appending text as JSON: escapes what must be escaped, valid UTF-8 assumed. */
struct buf;
void json_put_string(struct buf *b, const char *s);

#endif
