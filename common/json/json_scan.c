/* The scan is one pass over the bytes, with a stack of open objects and arrays. The first fault in
 * the order of the text is the one reported; a doubled name counts where its object holds it.
 * Names of a large object are sorted at its end, so that a hostile object costs n log n and not
 * n². */
#include "common/json/json_scan.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/json_text.h"

/* Names of an object looked through one by one; of larger objects the rest is sorted at their end.
 */
#define FEW_NAMES 32
#define PLAIN_NAME_BYTES 64

struct name {
    const char *s; /* unescaped: in the text, or where it had escapes in the arena */
    size_t len;
    size_t at; /* where it ends in the text: which of two faults came first */
    uint64_t hash;
};

/* An array or object that is open. */
struct frame {
    bool is_array;
    const char *name; /* of the member whose value is being read; NULL: none */
    size_t name_len;
    size_t first_name; /* its names are names[first_name], … up to the next frame's */
    uint64_t seen;     /* a bit for each hash met, to say quickly that a name is new */
};

/* Functions take the place to read on from and return the place after what they read, NULL on a
 * fault. */
struct scan {
    const char *text, *end;
    struct arena *arena;
    struct frame frames[JSON_MAX_DEPTH];
    size_t depth;
    struct name *names;
    size_t n_names, cap_names;
    struct json_scan *out;
    size_t cap_numbers;
    enum json_fault fault;
    bool bad_string; /* met one; bad_path is where the first was */
    char *path, bad_path[JSON_PATH];
};

static const char *scan_value(struct scan *s, const char *p);

/* ---- paths ---- */

static bool is_plain(const char *name, size_t len)
{
    if (len == 0 || len > PLAIN_NAME_BYTES) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && c != '_' && c != '-') {
            return false;
        }
    }
    return true;
}

/* Adds .name to the path; false when the path cannot grow after it. */
static bool path_add(char path[JSON_PATH], size_t *len, const char *name, size_t name_len)
{
    if (name == NULL || !is_plain(name, name_len) || *len + name_len + 2 > JSON_PATH) {
        return false;
    }
    if (*len > 0) {
        path[(*len)++] = '.';
    }
    memcpy(path + *len, name, name_len);
    *len += name_len;
    path[*len] = '\0';
    return true;
}

/* The path through the first n frames, and to the member leaf (may be NULL) of the last. */
static void path_write(const struct scan *s, size_t n, const struct name *leaf,
                       char path[JSON_PATH])
{
    size_t len = 0;
    path[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        const struct frame *f = &s->frames[i];
        if (f->is_array) {
            if (len + 3 > JSON_PATH) {
                return;
            }
            memcpy(path + len, "[]", 3);
            len += 2;
        } else if (!path_add(path, &len, f->name, f->name_len)) {
            return;
        }
    }
    if (leaf != NULL) {
        path_add(path, &len, leaf->s, leaf->len);
    }
}

/* ---- faults ---- */

static int by_name(const void *a, const void *b)
{
    const struct name *x = a;
    const struct name *y = b;
    if (x->len != y->len) {
        return x->len < y->len ? -1 : 1;
    }
    int order = memcmp(x->s, y->s, x->len);
    if (order != 0) {
        return order;
    }
    return (x->at > y->at) - (x->at < y->at);
}

/* The first name of the object at frames[depth] that stood in it before; NULL: none. Sorts its
 * names. */
static const struct name *first_duplicate(struct scan *s, size_t depth)
{
    size_t first = s->frames[depth].first_name;
    size_t last = depth + 1 < s->depth ? s->frames[depth + 1].first_name : s->n_names;
    const struct name *found = NULL;
    if (last - first <= FEW_NAMES) {
        return NULL; /* compared when they were met */
    }
    qsort(s->names + first, last - first, sizeof *s->names, by_name);
    for (size_t i = first + 1; i < last; i++) {
        const struct name *n = &s->names[i];
        bool same = n->len == n[-1].len && memcmp(n->s, n[-1].s, n->len) == 0;
        if (same && (found == NULL || n->at < found->at)) {
            found = n;
        }
    }
    return found;
}

/* A duplicate not yet looked for in an open object comes before a fault found now. Names of an
 * outer object come before those of an inner one. True if there is a duplicate. */
static bool pending_duplicate(struct scan *s)
{
    for (size_t i = 0; i < s->depth; i++) {
        const struct name *n = s->frames[i].is_array ? NULL : first_duplicate(s, i);
        if (n != NULL) {
            s->fault = JSON_DUPLICATE_KEY;
            path_write(s, i, n, s->path);
            return true;
        }
    }
    return false;
}

static const char *stop(struct scan *s, enum json_fault fault)
{
    if (!pending_duplicate(s)) {
        s->fault = fault;
    }
    return NULL;
}

static const char *stop_duplicate(struct scan *s, const struct name *name)
{
    if (!pending_duplicate(s)) {
        s->fault = JSON_DUPLICATE_KEY;
        path_write(s, s->depth - 1, name, s->path);
    }
    return NULL;
}

/* ---- strings ---- */

/* A run of plain bytes in a string ends at a quote, a backslash or a control character. */
/* clang-format off */
static const uint8_t ends_run[256] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ['"'] = 1, ['\\'] = 1,
};
/* clang-format on */

static void note_bad_string(struct scan *s)
{
    if (!s->bad_string) {
        s->bad_string = true;
        path_write(s, s->depth, NULL, s->bad_path);
    }
}

/* p is after the opening quote, the result after the closing one. */
static const char *scan_string(struct scan *s, const char *p, bool *escaped)
{
    const char *end = s->end;
    *escaped = false;
    for (;;) {
        while (p < end && !ends_run[(unsigned char)*p]) {
            p++;
        }
        if (p == end) {
            return stop(s, JSON_NOT_JSON);
        }
        if (*p == '"') {
            return p + 1;
        }
        int code;
        p = *p == '\\' ? json_text_escape(p, end, &code) : NULL;
        if (p == NULL) {
            return stop(s, JSON_NOT_JSON);
        }
        *escaped = true;
        if (code == 0 || (code >= 0xD800 && code <= 0xDFFF)) {
            note_bad_string(s);
        }
    }
}

/* ---- names ---- */

static uint64_t hash_name(const char *s, size_t len)
{
    uint64_t first = 0;
    uint64_t last = 0;
    if (len >= 8) {
        memcpy(&first, s, 8);
        memcpy(&last, s + len - 8, 8);
    } else {
        for (size_t i = 0; i < len; i++) {
            first = first << 8 | (unsigned char)s[i];
        }
    }
    uint64_t h = (first ^ len) * UINT64_C(0x9E3779B97F4A7C15);
    return ((h ^ h >> 32) + last) * UINT64_C(0xC2B2AE3D27D4EB4F);
}

static bool seen_before(const struct scan *s, const struct frame *f, const struct name *name)
{
    if ((f->seen & UINT64_C(1) << (name->hash >> 58)) == 0) {
        return false;
    }
    for (size_t i = f->first_name; i < s->n_names; i++) {
        const struct name *n = &s->names[i];
        if (n->hash == name->hash && n->len == name->len && memcmp(n->s, name->s, n->len) == 0) {
            return true;
        }
    }
    return false;
}

static void *grow(struct scan *s, const void *old, size_t n, size_t *cap, size_t item_bytes)
{
    *cap = *cap == 0 ? 64 : *cap * 2;
    char *p = arena_alloc(s->arena, *cap * item_bytes);
    if (n > 0) {
        memcpy(p, old, n * item_bytes);
    }
    return p;
}

/* A member's name with its quotes, which makes it the frame's current one. */
static const char *scan_name(struct scan *s, const char *p, struct frame *f)
{
    bool escaped;
    f->name = NULL;
    const char *next = scan_string(s, p + 1, &escaped);
    if (next == NULL) {
        return NULL;
    }
    struct name name = {.s = p + 1, .len = (size_t)(next - p) - 2, .at = (size_t)(next - s->text)};
    if (escaped) {
        char *meant = arena_alloc(s->arena, name.len);
        name.len = json_text_unescape(name.s, name.len, meant);
        name.s = meant;
    }
    name.hash = hash_name(name.s, name.len);
    if (s->n_names - f->first_name < FEW_NAMES && seen_before(s, f, &name)) {
        return stop_duplicate(s, &name);
    }
    f->seen |= UINT64_C(1) << (name.hash >> 58);
    if (s->n_names == s->cap_names) {
        s->names = grow(s, s->names, s->n_names, &s->cap_names, sizeof *s->names);
    }
    s->names[s->n_names++] = name;
    f->name = name.s;
    f->name_len = name.len;
    return next;
}

/* ---- numbers ---- */

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }
    return p;
}

static const char *scan_number(struct scan *s, const char *start)
{
    const char *end = s->end;
    const char *p = start + (*start == '-' ? 1 : 0);
    const char *integer = p;
    bool plain = true;
    p = skip_digits(p, end);
    if (p == integer || (*integer == '0' && p - integer > 1)) {
        return stop(s, JSON_NOT_JSON);
    }
    if (p < end && *p == '.') {
        const char *digits = p + 1;
        p = skip_digits(digits, end);
        if (p == digits) {
            return stop(s, JSON_NOT_JSON);
        }
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        const char *digits = p + (end - p > 1 && (p[1] == '-' || p[1] == '+') ? 2 : 1);
        p = skip_digits(digits, end);
        if (p == digits) {
            return stop(s, JSON_NOT_JSON);
        }
        plain = false;
    }
    size_t len = (size_t)(p - start);
    if ((!plain || len > 300) && json_text_is_infinite(start, p, s->arena)) {
        return stop(s, JSON_NOT_JSON);
    }
    struct json_scan *out = s->out;
    if (out->n_numbers == s->cap_numbers) {
        out->numbers = grow(s, out->numbers, out->n_numbers, &s->cap_numbers, sizeof *out->numbers);
    }
    out->numbers[out->n_numbers++] = (struct json_number){(size_t)(start - s->text), len};
    if (len > out->longest_number) {
        out->longest_number = len;
    }
    return p;
}

/* ---- structure ---- */

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    return p;
}

static struct frame *push(struct scan *s, bool is_array)
{
    if (s->depth == JSON_MAX_DEPTH) {
        stop(s, JSON_TOO_DEEP);
        return NULL;
    }
    struct frame *f = &s->frames[s->depth++];
    *f = (struct frame){.is_array = is_array, .first_name = s->n_names};
    return f;
}

static const char *scan_array(struct scan *s, const char *p)
{
    if (push(s, true) == NULL) {
        return NULL;
    }
    p = skip_blanks(p + 1, s->end);
    if (p < s->end && *p == ']') {
        s->depth--;
        return p + 1;
    }
    for (;;) {
        p = scan_value(s, p);
        if (p == NULL) {
            return NULL;
        }
        p = skip_blanks(p, s->end);
        if (p == s->end || (*p != ',' && *p != ']')) {
            return stop(s, JSON_NOT_JSON);
        }
        if (*p++ == ']') {
            s->depth--;
            return p;
        }
        p = skip_blanks(p, s->end);
    }
}

/* "name" : value, with blanks around it. */
static const char *scan_member(struct scan *s, const char *p, struct frame *f)
{
    p = skip_blanks(p, s->end);
    if (p == s->end || *p != '"') {
        s->out->reached = (size_t)(p - s->text);
        return stop(s, JSON_NOT_JSON);
    }
    p = scan_name(s, p, f);
    if (p == NULL) {
        return NULL;
    }
    p = skip_blanks(p, s->end);
    if (p == s->end || *p != ':') {
        return stop(s, JSON_NOT_JSON);
    }
    p = scan_value(s, skip_blanks(p + 1, s->end));
    return p == NULL ? NULL : skip_blanks(p, s->end);
}

static const char *scan_object(struct scan *s, const char *p)
{
    struct frame *f = push(s, false);
    if (f == NULL) {
        return NULL;
    }
    p = skip_blanks(p + 1, s->end);
    if (p < s->end && *p == '}') {
        s->depth--;
        return p + 1;
    }
    for (;;) {
        p = scan_member(s, p, f);
        if (p == NULL) {
            return NULL;
        }
        if (p == s->end || (*p != ',' && *p != '}')) {
            return stop(s, JSON_NOT_JSON);
        }
        if (*p++ == '}') {
            break;
        }
    }
    if (first_duplicate(s, s->depth - 1) != NULL) {
        return stop(s, JSON_DUPLICATE_KEY);
    }
    s->n_names = f->first_name;
    s->depth--;
    return p;
}

static const char *scan_word(struct scan *s, const char *p, const char *word, size_t len)
{
    if ((size_t)(s->end - p) < len || memcmp(p, word, len) != 0) {
        return stop(s, JSON_NOT_JSON);
    }
    return p + len;
}

static const char *scan_value(struct scan *s, const char *p)
{
    bool escaped;
    s->out->reached = (size_t)(p - s->text);
    if (p == s->end) {
        return stop(s, JSON_NOT_JSON);
    }
    switch (*p) {
    case '"':
        return scan_string(s, p + 1, &escaped);
    case '{':
        return scan_object(s, p);
    case '[':
        return scan_array(s, p);
    case 't':
        return scan_word(s, p, "true", 4);
    case 'f':
        return scan_word(s, p, "false", 5);
    case 'n':
        return scan_word(s, p, "null", 4);
    default:
        return scan_number(s, p);
    }
}

enum json_fault json_scan(const char *text, size_t len, struct arena *a, struct json_scan *out,
                          char path[JSON_PATH])
{
    /* Field by field: clearing all of it would cost more than scanning a short text. */
    struct scan s;
    s.text = text;
    s.end = text + len;
    s.arena = a;
    s.depth = 0;
    s.names = NULL;
    s.n_names = s.cap_names = s.cap_numbers = 0;
    s.out = out;
    s.fault = JSON_FINE;
    s.bad_string = false;
    s.path = path;
    *out = (struct json_scan){0};
    path[0] = '\0';
    const char *p = scan_value(&s, skip_blanks(text, s.end));
    if (p == NULL) {
        return s.fault;
    }
    if (skip_blanks(p, s.end) != s.end) {
        return JSON_NOT_JSON;
    }
    if (s.bad_string) {
        memcpy(path, s.bad_path, JSON_PATH);
        return JSON_BAD_STRING;
    }
    return JSON_FINE;
}
