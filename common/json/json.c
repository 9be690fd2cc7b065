/* json_scan() decides what is taken; cJSON, which is laxer, then builds the tree. cJSON's memory
 * comes from the arena of the parse under way. Nobody frees its nodes one by one. A number's text
 * lies where a string's does. */
#include "common/json/json.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/utf8.h"
#include "common/json/json_scan.h"

/* Some cJSON versions refuse numbers of 64 characters and more. */
#define CJSON_NUMBER_BYTES 60

/* cJSON's allocator has no argument, so the arena of the parse under way stands here: one thread
 * only. */
static struct arena *current;

static void *from_arena(size_t bytes)
{
    return arena_alloc(current, bytes);
}

static void to_arena(void *p)
{
    (void)p; /* goes when the arena does */
}

/* A struct json is a cJSON node: the name keeps the type from those above. */
static const cJSON *node(const struct json *v)
{
    return (const cJSON *)(const void *)v;
}

static const struct json *value(const cJSON *n)
{
    return (const struct json *)(const void *)n;
}

/* A copy where long numbers are 0 and blanks: their value is never asked of cJSON, only their text.
 */
static const char *without_long_numbers(const char *text, size_t len, const struct json_scan *scan,
                                        struct arena *a)
{
    char *copy = arena_strndup(a, text, len);
    for (size_t i = 0; i < scan->n_numbers; i++) {
        const struct json_number *n = &scan->numbers[i];
        if (n->len > CJSON_NUMBER_BYTES) {
            memset(copy + n->at, ' ', n->len);
            copy[n->at] = '0';
        }
    }
    return copy;
}

/* cJSON keeps a number as a double, so the text as written is kept where strings have their text.
 * next counts the numbers met, in the order of the text. */
static void attach_numbers(cJSON *n, const char *text, const struct json_number *numbers,
                           size_t *next)
{
    for (; n != NULL; n = n->next) {
        if ((n->type & 0xFF) == cJSON_Number) {
            const struct json_number *at = &numbers[(*next)++];
            n->valuestring = arena_strndup(current, text + at->at, at->len);
        } else if (n->child != NULL) {
            attach_numbers(n->child, text, numbers, next);
        }
    }
}

enum json_fault json_parse(const char *text, size_t len, struct arena *a, const struct json **out,
                           char path[JSON_PATH])
{
    static bool hooked;
    path[0] = '\0';
    if (len == 0) {
        return JSON_NOT_JSON;
    }
    if (!utf8_valid(text, len)) {
        return JSON_NOT_UTF8;
    }
    struct json_scan scan;
    enum json_fault fault = json_scan(text, len, a, &scan, path);
    if (fault != JSON_FINE) {
        return fault;
    }
    if (!hooked) {
        cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = from_arena, .free_fn = to_arena});
        hooked = true;
    }
    const char *readable = text;
    if (scan.longest_number > CJSON_NUMBER_BYTES) {
        readable = without_long_numbers(text, len, &scan, a);
    }
    current = a;
    cJSON *root = cJSON_ParseWithLengthOpts(readable, len, NULL, 0);
    if (root == NULL) {
        return JSON_NOT_JSON; /* cannot be: cJSON takes more than the scan does */
    }
    size_t next = 0;
    if (scan.n_numbers > 0) {
        attach_numbers(root, text, scan.numbers, &next);
    }
    *out = value(root);
    return JSON_FINE;
}

size_t json_fault_line(const char *text, size_t len)
{
    struct arena *a = arena_new(4096);
    struct json_scan scan;
    char path[JSON_PATH];
    size_t line = 1;
    (void)json_scan(text, len, a, &scan, path);
    for (size_t i = 0; i < scan.reached; i++) {
        line += text[i] == '\n';
    }
    arena_free(a);
    return line;
}

enum json_type json_type(const struct json *v)
{
    switch (node(v)->type & 0xFF) {
    case cJSON_False:
    case cJSON_True:
        return JSON_BOOL;
    case cJSON_Number:
        return JSON_NUMBER;
    case cJSON_String:
        return JSON_STRING;
    case cJSON_Array:
        return JSON_ARRAY;
    case cJSON_Object:
        return JSON_OBJECT;
    default:
        return JSON_NULL;
    }
}

const struct json *json_member(const struct json *o, const char *name)
{
    if (o == NULL || !cJSON_IsObject(node(o))) {
        return NULL;
    }
    const cJSON *n = node(o)->child;
    while (n != NULL && strcmp(n->string, name) != 0) {
        n = n->next;
    }
    return value(n);
}

bool json_bool(const struct json *v)
{
    return cJSON_IsTrue(node(v)) != 0;
}

const char *json_string(const struct json *v)
{
    return node(v)->valuestring;
}

const char *json_number_text(const struct json *v)
{
    return node(v)->valuestring;
}

bool json_int(const struct json *v, int64_t min, int64_t max, int64_t *out)
{
    if (v == NULL || !cJSON_IsNumber(node(v))) {
        return false;
    }
    const char *p = node(v)->valuestring;
    bool negative = *p == '-';
    int64_t n = 0; /* counted downwards: there is one more negative number than positive ones */
    for (p += negative ? 1 : 0; *p != '\0'; p++) {
        if (*p < '0' || *p > '9' || __builtin_mul_overflow(n, 10, &n) ||
            __builtin_sub_overflow(n, *p - '0', &n)) {
            return false;
        }
    }
    if (!negative && __builtin_sub_overflow(0, n, &n)) {
        return false;
    }
    if (n < min || n > max) {
        return false;
    }
    *out = n;
    return true;
}

const struct json *json_first(const struct json *v)
{
    return v == NULL ? NULL : value(node(v)->child);
}

const struct json *json_next(const struct json *v)
{
    return value(node(v)->next);
}

const char *json_name(const struct json *member)
{
    return node(member)->string;
}

size_t json_count(const struct json *v)
{
    size_t n = 0;
    for (const struct json *c = json_first(v); c != NULL; c = json_next(c)) {
        n++;
    }
    return n;
}

void json_put_string(struct buf *b, const char *s)
{
    static const char short_escapes[32] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    buf_putc(b, '"');
    const char *run = s;
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        buf_put(b, run, (size_t)(s - run));
        run = s + 1;
        if (c >= 0x20) {
            buf_put(b, (const char[]){'\\', *s}, 2);
        } else if (short_escapes[c] != 0) {
            buf_put(b, (const char[]){'\\', short_escapes[c]}, 2);
        } else {
            buf_printf(b, "\\u%04x", (unsigned)c);
        }
    }
    buf_put(b, run, (size_t)(s - run));
    buf_putc(b, '"');
}
