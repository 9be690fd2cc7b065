/* Forms as browsers send them. Strict where a browser is: a name twice, a broken escape or bytes
 * that are no UTF-8 come from no form of ours. Such a body is refused as a whole. */
#include "services/web/form.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/utf8.h"

struct form *form_new(void)
{
    return mem_alloc(sizeof(struct form));
}

/* Through a volatile pointer, so that it is not optimised away: a password is a value too. */
static void wipe_and_free(char *text)
{
    for (volatile char *c = text; c != NULL && *c != '\0'; c++) {
        *c = '\0';
    }
    free(text);
}

void form_forget_errors(struct form *f)
{
    for (size_t i = 0; i < f->n_errors; i++) {
        free(f->errors[i].field);
        free(f->errors[i].text);
    }
    free(f->errors);
    f->errors = NULL;
    f->n_errors = 0;
}

void form_free(struct form *f)
{
    if (f == NULL) {
        return;
    }
    for (size_t i = 0; i < f->n_fields; i++) {
        free(f->fields[i].name);
        wipe_and_free(f->fields[i].value);
    }
    free(f->fields);
    form_forget_errors(f);
    free(f);
}

static void add(struct form *f, char *name, char *value)
{
    f->fields = mem_resize(f->fields, f->n_fields + 1, sizeof *f->fields);
    f->fields[f->n_fields++] = (struct form_field){name, value};
}

bool form_is_secret(const char *name)
{
    static const char secret[] = "password";
    return strncmp(name, secret, sizeof secret - 1) == 0;
}

struct form *form_copy(const struct form *f)
{
    struct form *c = form_new();
    for (size_t i = 0; i < f->n_fields; i++) {
        const char *name = f->fields[i].name;
        add(c, mem_strdup(name), mem_strdup(form_is_secret(name) ? "" : f->fields[i].value));
    }
    for (size_t i = 0; i < f->n_errors; i++) {
        form_wrong(c, f->errors[i].field, "%s", f->errors[i].text);
    }
    return c;
}

/* ---- reading ---- */

static int hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In the way of the format: + is a blank, %XX a byte; CR LF and CR become LF. NULL: broken. */
static char *decode(const char *text, size_t len)
{
    char *out = mem_alloc(len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i] == '+' ? ' ' : text[i];
        if (c == '%') {
            int high = i + 2 < len ? hex(text[i + 1]) : -1;
            int low = i + 2 < len ? hex(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                wipe_and_free(out);
                return NULL;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0') {
            wipe_and_free(out);
            return NULL;
        }
        if (c == '\n' && n > 0 && out[n - 1] == '\r') {
            n--;
        }
        out[n++] = c;
    }
    out[n] = '\0';
    for (size_t i = 0; i < n; i++) {
        out[i] = out[i] == '\r' ? '\n' : out[i];
    }
    if (!utf8_valid(out, n)) {
        wipe_and_free(out);
        return NULL;
    }
    return out;
}

static enum status parse_one(struct form *f, const char *text, size_t len, struct err *err)
{
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals == NULL ? len : (size_t)(equals - text);
    char *name = decode(text, name_len);
    char *value = equals == NULL ? mem_strdup("") : decode(equals + 1, len - name_len - 1);
    const char *why = NULL;
    if (name == NULL || value == NULL) {
        why = "a field is not percent-encoded UTF-8";
    } else if (form_has(f, name)) {
        why = "a field is there twice";
    } else if (f->n_fields == FORM_FIELDS_MAX) {
        why = "over 100 fields";
    }
    if (why != NULL) {
        free(name);
        wipe_and_free(value);
        return err_set(err, STATUS_REJECT, "form", "%s", why);
    }
    add(f, name, value);
    return STATUS_OK;
}

enum status form_parse(struct form **out, const char *text, size_t len, struct err *err)
{
    struct form *f = form_new();
    enum status s = STATUS_OK;
    for (size_t at = 0; at < len && s == STATUS_OK;) {
        const char *amp = memchr(text + at, '&', len - at);
        size_t n = amp == NULL ? len - at : (size_t)(amp - text) - at;
        if (n > 0) {
            s = parse_one(f, text + at, n, err);
        }
        at += n + 1;
    }
    if (s != STATUS_OK) {
        form_free(f);
        return s;
    }
    *out = f;
    return STATUS_OK;
}

/* ---- fields ---- */

static struct form_field *find(const struct form *f, const char *name)
{
    for (size_t i = 0; i < f->n_fields; i++) {
        if (strcmp(f->fields[i].name, name) == 0) {
            return &f->fields[i];
        }
    }
    return NULL;
}

const char *form_value(const struct form *f, const char *name)
{
    const struct form_field *at = find(f, name);
    return at == NULL ? "" : at->value;
}

bool form_has(const struct form *f, const char *name)
{
    return find(f, name) != NULL;
}

bool form_is(const struct form *f, const char *name, const char *value)
{
    const struct form_field *at = find(f, name);
    return at != NULL && strcmp(at->value, value) == 0;
}

void form_set(struct form *f, const char *name, const char *value)
{
    struct form_field *at = find(f, name);
    if (at == NULL) {
        add(f, mem_strdup(name), mem_strdup(value));
        return;
    }
    char *now = mem_strdup(value);
    wipe_and_free(at->value);
    at->value = now;
}

size_t form_bytes(const struct form *f)
{
    size_t n = sizeof *f;
    for (size_t i = 0; i < f->n_fields; i++) {
        n += sizeof *f->fields + strlen(f->fields[i].name) + strlen(f->fields[i].value) + 2;
    }
    for (size_t i = 0; i < f->n_errors; i++) {
        n += sizeof *f->errors + strlen(f->errors[i].field) + strlen(f->errors[i].text) + 2;
    }
    return n;
}

/* ---- errors ---- */

void form_wrong(struct form *f, const char *field, const char *fmt, ...)
{
    char text[320];
    va_list args;
    va_start(args, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is begun right above */
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    f->errors = mem_resize(f->errors, f->n_errors + 1, sizeof *f->errors);
    f->errors[f->n_errors++] = (struct form_error){mem_strdup(field), mem_strdup(text)};
}

const char *form_error(const struct form *f, const char *field)
{
    for (size_t i = 0; i < f->n_errors; i++) {
        if (strcmp(f->errors[i].field, field) == 0) {
            return f->errors[i].text;
        }
    }
    return NULL;
}
