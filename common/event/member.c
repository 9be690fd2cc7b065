/* Order: member_find(), member_missing(), member_read(). The last two report the first fault in the
 * order of the table, so that a fault does not depend on the sender's order. A row's reader and its
 * offset must agree on the type; nothing checks that. */
#include "common/event/member.h"

#include <string.h>

#include "common/base/date.h"
#include "common/event/decimal.h"
#include "common/event/text.h"

/* Most senders write members in the same order every time, so the row after the last hit is tried
 * first. */
static size_t row_of(const struct member_table *t, const char *name, size_t guess)
{
    for (size_t tried = 0; tried < t->n; tried++, guess++) {
        if (guess >= t->n) {
            guess = 0;
        }
        if (strcmp(t->rows[guess].name, name) == 0) {
            return guess;
        }
    }
    return t->n;
}

void member_find(const struct member_table *t, const struct json *object,
                 const struct json *found[MEMBER_MAX])
{
    for (size_t i = 0; i < t->n; i++) {
        found[i] = NULL;
    }
    size_t guess = 0;
    for (const struct json *v = json_first(object); v; v = json_next(v)) {
        size_t row = row_of(t, json_name(v), guess);
        if (row == t->n) {
            continue;
        }
        guess = row + 1;
        if (json_type(v) != JSON_NULL) {
            found[row] = v;
        }
    }
}

const char *member_missing(const struct member_table *t, const struct json *const found[MEMBER_MAX])
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->rows[i].required && !found[i]) {
            return t->rows[i].path;
        }
    }
    return NULL;
}

static const char *read_inner(const struct member *m, const struct json *v, void *into,
                              struct arena *a)
{
    if (json_type(v) != JSON_OBJECT) {
        return m->path;
    }
    const struct json *found[MEMBER_MAX];
    member_find(m->inner, v, found);
    return member_read(m->inner, found, into, a);
}

const char *member_read(const struct member_table *t, const struct json *const found[MEMBER_MAX],
                        void *into, struct arena *a)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct member *m = &t->rows[i];
        if (!found[i]) {
            continue;
        }
        if (m->inner) {
            const char *bad = read_inner(m, found[i], into, a);
            if (bad) {
                return bad;
            }
        } else if (!m->read(found[i], (char *)into + m->offset, a)) {
            return m->path;
        }
    }
    return NULL;
}

bool member_is_id(const char *s)
{
    size_t len = strnlen(s, MEMBER_ID_MAX + 1);
    return len >= 1 && len <= MEMBER_ID_MAX && !memchr(s, 0x1f, len) && member_is_trimmed(s, len);
}

bool member_is_trimmed(const char *s, size_t len)
{
    size_t trimmed = 0;
    (void)text_trim(s, len, TEXT_INVISIBLE, &trimmed);
    return trimmed == len;
}

bool member_id(const struct json *v, void *into, struct arena *a)
{
    (void)a;
    const char **out = into;
    if (json_type(v) != JSON_STRING || !member_is_id(json_string(v))) {
        return false;
    }
    *out = json_string(v);
    return true;
}

bool member_any_text(const struct json *v, void *into, struct arena *a)
{
    (void)a;
    const char **out = into;
    if (json_type(v) != JSON_STRING) {
        return false;
    }
    *out = json_string(v);
    return true;
}

bool member_text(const struct json *v, void *into, struct arena *a)
{
    (void)a;
    const char **out = into;
    if (json_type(v) != JSON_STRING) {
        return false;
    }
    const char *s = json_string(v);
    *out = *s ? s : NULL;
    return true;
}

bool member_share(const struct json *v, void *into, struct arena *a)
{
    const char **out = into;
    char text[DECIMAL_TEXT];
    bool good = false;
    if (json_type(v) == JSON_STRING) {
        good = decimal_share(json_string(v), DECIMAL_PLAIN, text);
    } else if (json_type(v) == JSON_NUMBER) {
        good = decimal_share(json_number_text(v), DECIMAL_JSON, text);
    }
    if (good) {
        *out = arena_strdup(a, text);
    }
    return good;
}

bool member_date(const struct json *v, void *into, struct arena *a)
{
    (void)a;
    if (json_type(v) != JSON_STRING) {
        return false;
    }
    const char *s = json_string(v);
    return date_parse(s, strlen(s), into);
}

bool member_instant(const struct json *v, void *into, struct arena *a)
{
    (void)a;
    if (json_type(v) != JSON_STRING) {
        return false;
    }
    const char *s = json_string(v);
    return instant_parse(s, strlen(s), into);
}

bool member_bool(const struct json *v, void *into, struct arena *a)
{
    (void)a;
    bool *out = into;
    if (json_type(v) != JSON_BOOL) {
        return false;
    }
    *out = json_bool(v);
    return true;
}
