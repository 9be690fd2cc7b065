/* An unknown member is found before any known one is read. Then the rows of the table are read in
 * their own order. So the order within the document decides only which of several unknown members
 * is named. put_name() makes names of the document harmless before a fault repeats them. */
#include "common/casework/rules/document.h"

#include <stdio.h>
#include <string.h>

#include "common/base/date.h"

#define PLACE_LEAST 24 /* a dot and an index */

/* Names come from the document: what could break the line or a terminal is left out. */
static size_t put_name(char *out, size_t size, const char *name)
{
    size_t n = 0;
    for (; *name != '\0' && n + 1 < size; name++) {
        out[n] = '?';
        if (*name > ' ' && *name <= '~') {
            out[n] = *name;
        }
        n++;
    }
    out[n] = '\0';
    return n;
}

/* The way from the root to a place, as far as there is room; its length. */
static size_t put_json_path(char *out, size_t size, const struct json_path *at)
{
    if (at->up == NULL) {
        return 0;
    }
    size_t n = put_json_path(out, size, at->up);
    if (n + PLACE_LEAST >= size) {
        return n;
    }
    if (n > 0) {
        out[n++] = '.';
    }
    if (at->name != NULL) {
        return n + put_name(out + n, size - n, at->name);
    }
    return n + (size_t)snprintf(out + n, size - n, "%zu", at->index);
}

enum status document_fail(struct document *doc, const struct json_path *at, const char *what)
{
    char path[160] = "";
    size_t n = put_json_path(path, sizeof path, at);
    return err_set(doc->err, STATUS_REJECT, "bad_document", "%s%s%s", path, n > 0 ? ": " : "",
                   what);
}

static const char *fault_text(enum json_fault fault)
{
    switch (fault) {
    case JSON_NOT_UTF8:
        return "not UTF-8";
    case JSON_TOO_DEEP:
        return "nested too deep";
    case JSON_DUPLICATE_KEY:
        return "a member twice in one object";
    case JSON_BAD_STRING:
        return "a string that is not text";
    case JSON_FINE:
    case JSON_NOT_JSON:
    default:
        return "not JSON";
    }
}

enum status document_parse(struct document *doc, const char *text, size_t len,
                           const struct json **out)
{
    char path[JSON_PATH] = "";
    enum json_fault fault = json_parse(text, len, doc->a, out, path);
    if (fault == JSON_FINE) {
        return STATUS_OK;
    }
    const struct json_path root = {.name = ""};
    const struct json_path at = {.up = &root, .name = path};
    if (fault == JSON_NOT_JSON && len > 0) {
        char what[120];
        snprintf(what, sizeof what,
                 "not JSON, at line %zu or the next: is a comma, a quote or a bracket missing?",
                 json_fault_line(text, len));
        return document_fail(doc, &root, what);
    }
    return document_fail(doc, path[0] != '\0' ? &at : &root, fault_text(fault));
}

enum status document_fail_unknown(struct document *doc, const struct json_path *at,
                                  const char *const *names, size_t n)
{
    char what[ERR_TEXT] = "no such member";
    size_t len = strlen(what);
    for (size_t i = 0; i < n && doc->lists_members && len < sizeof what; i++) {
        len += (size_t)snprintf(what + len, sizeof what - len, "%s%s",
                                i == 0 ? "; there are: " : ", ", names[i]);
    }
    return document_fail(doc, at, what);
}

static enum status fail_unknown_row(struct document *doc, const struct json_path *at,
                                    const struct member *rows, size_t n)
{
    const char **names = arena_array(doc->a, n + 1, sizeof *names);
    for (size_t i = 0; i < n; i++) {
        names[i] = rows[i].name;
    }
    return document_fail_unknown(doc, at, names, n);
}

static const struct member *find_row(const struct member *rows, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

enum status document_members(struct document *doc, const struct json_path *at, const struct json *v,
                             const struct member *rows, size_t n, enum document_extent extent,
                             void *target)
{
    if (json_type(v) != JSON_OBJECT) {
        return document_fail(doc, at, "must be an object");
    }
    for (const struct json *m = json_first(v); m != NULL; m = json_next(m)) {
        if (find_row(rows, n, json_name(m)) == NULL) {
            const struct json_path unknown = {.up = at, .name = json_name(m)};
            return fail_unknown_row(doc, &unknown, rows, n);
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct json_path here = {.up = at, .name = rows[i].name};
        const struct json *m = json_member(v, rows[i].name);
        if (m == NULL) {
            if (rows[i].required && extent == DOCUMENT_WHOLE) {
                return document_fail(doc, &here, "missing");
            }
            continue;
        }
        enum status s = rows[i].read(doc, &here, m, &rows[i], target);
        if (s != STATUS_OK) {
            return s;
        }
    }
    return STATUS_OK;
}

enum status document_int(struct document *doc, const struct json_path *at, const struct json *v,
                         const struct member *row, void *target)
{
    int64_t n;
    if (json_type(v) != JSON_NUMBER || !json_int(v, row->min, row->max, &n)) {
        char what[64];
        snprintf(what, sizeof what, "a whole number from %d to %d", row->min, row->max);
        return document_fail(doc, at, what);
    }
    int *out = (int *)(void *)((char *)target + row->offset);
    *out = (int)n;
    return STATUS_OK;
}

enum status document_string(struct document *doc, const struct json_path *at, const struct json *v,
                            const struct member *row, void *target)
{
    size_t len = json_type(v) == JSON_STRING ? strlen(json_string(v)) : 0;
    if (json_type(v) != JSON_STRING || len < (size_t)row->min || len > (size_t)row->max) {
        char what[64];
        snprintf(what, sizeof what, "a string of %d to %d bytes", row->min, row->max);
        return document_fail(doc, at, what);
    }
    const char **out = (const char **)(void *)((char *)target + row->offset);
    *out = json_string(v);
    return STATUS_OK;
}

enum status document_date(struct document *doc, const struct json_path *at, const struct json *v,
                          const struct member *row, void *target)
{
    struct date *out = (struct date *)(void *)((char *)target + row->offset);
    if (json_type(v) == JSON_NULL && row->min == 0) {
        *out = DATE_NONE;
        return STATUS_OK;
    }
    if (json_type(v) != JSON_STRING || !date_parse(json_string(v), strlen(json_string(v)), out)) {
        return document_fail(doc, at, "a real date, YYYY-MM-DD");
    }
    return STATUS_OK;
}
