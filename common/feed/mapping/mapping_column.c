/* The columns of a mapping. The member decides what an object may hold: dates have a
 * format, identifiers have leading zeros, reasons have a scheme. */
#include <stdlib.h>
#include <string.h>

#include "common/event/category.h"
#include "common/event/hr_event.h"
#include "common/feed/mapping/mapping_inside.h"
#include "common/feed/mapping/moment.h"

static const struct {
    const char *name;
    enum mapping_kind kind;
    bool of[2]; /* by enum mapping_side */
} members[MAPPING_MEMBER_COUNT] = {
#define MAPPING_ROW(id, name, kind, extract, staff)                                                \
    [MAPPING_##id] = {name, MAPPING_KIND_##kind, {extract, staff}},
    MAPPING_MEMBERS(MAPPING_ROW)
#undef MAPPING_ROW
        [MAPPING_CANCELLED] = {"cancelled", MAPPING_KIND_BOOL, {false, false}},
};

const char *mapping_member_name(enum mapping_member m)
{
    return members[m].name;
}

enum mapping_kind mapping_member_kind(enum mapping_member m)
{
    return members[m].kind;
}

const struct mapping_column *mapping_column_of(const struct mapping_table *t, enum mapping_member m)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->column[i].member == m) {
            return &t->column[i];
        }
    }
    return NULL;
}

enum status mapping_read_texts(struct document *doc, const struct json_path *at,
                               const struct json *v, bool one, struct mapping_texts *out)
{
    bool alone = one && json_type(v) == JSON_STRING;
    if (!alone && json_type(v) != JSON_ARRAY) {
        return document_fail(doc, at, one ? "a text or a list of texts" : "a list of texts");
    }
    const char **item = arena_array(doc->a, alone ? 1 : json_count(v) + 1, sizeof *item);
    *out = (struct mapping_texts){.item = item};
    if (alone) {
        item[out->n++] = json_string(v);
        return STATUS_OK;
    }
    for (const struct json *e = json_first(v); e != NULL; e = json_next(e)) {
        const struct json_path here = {.up = at, .index = out->n};
        if (json_type(e) != JSON_STRING || strlen(json_string(e)) > 200) {
            return document_fail(doc, &here, "a text of at most 200 bytes");
        }
        item[out->n++] = json_string(e);
    }
    return STATUS_OK;
}

/* ---- the members of a column's object ---- */

static enum status read_names(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct mapping_column *c = target;
    enum status s = mapping_read_texts(doc, at, v, true, &c->names);
    if (s == STATUS_OK && c->names.n == 0) {
        return document_fail(doc, at, "at least one column");
    }
    for (size_t i = 0; s == STATUS_OK && i < c->names.n; i++) {
        if (c->names.item[i][strspn(c->names.item[i], " ")] == '\0') {
            s = document_fail(doc, at, "a column has a name");
        }
    }
    return s;
}

static enum status read_format(struct document *doc, const struct json_path *at,
                               const struct json *v, const struct member *row, void *target)
{
    enum status s = document_string(doc, at, v, row, target);
    const struct mapping_column *c = target;
    const char *fault = s == STATUS_OK ? moment_fault(c->format) : NULL;
    return fault == NULL ? s : document_fail(doc, at, fault);
}

static enum status read_values(struct document *doc, const struct json_path *at,
                               const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct mapping_column *c = target;
    if (json_type(v) != JSON_OBJECT || json_count(v) == 0) {
        return document_fail(doc, at, "an object: texts of the column to texts or null");
    }
    struct mapping_value *value = arena_array(doc->a, json_count(v), sizeof *value);
    c->values = value;
    for (const struct json *e = json_first(v); e != NULL; e = json_next(e)) {
        /* The name is a text of the column: not for messages. */
        if (json_type(e) != JSON_STRING && json_type(e) != JSON_NULL) {
            return document_fail(doc, at, "each a text or null");
        }
        value[c->n_values++] = (struct mapping_value){
            .from = json_name(e), .to = json_type(e) == JSON_NULL ? NULL : json_string(e)};
    }
    return STATUS_OK;
}

static enum status read_yes(struct document *doc, const struct json_path *at, const struct json *v,
                            const struct member *row, void *target)
{
    (void)row;
    struct mapping_column *c = target;
    return mapping_read_texts(doc, at, v, false, &c->yes);
}

static enum status read_never(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct mapping_column *c = target;
    return mapping_read_texts(doc, at, v, false, &c->never);
}

static bool is_scheme(const char *text)
{
    for (enum reason_scheme s = SCHEME_ESR; s <= SCHEME_TEXT; s++) {
        if (strcmp(text, reason_scheme_name(s)) == 0) {
            return true;
        }
    }
    return false;
}

static enum status read_scheme(struct document *doc, const struct json_path *at,
                               const struct json *v, const struct member *row, void *target)
{
    enum status s = document_string(doc, at, v, row, target);
    const struct mapping_column *c = target;
    return s != STATUS_OK || is_scheme(c->scheme)
               ? s
               : document_fail(doc, at, "one of esr, icd10, snomed, text");
}

static enum status read_ambiguous(struct document *doc, const struct json_path *at,
                                  const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct mapping_column *c = target;
    if (json_type(v) != JSON_STRING || strcmp(json_string(v), "accepted") != 0) {
        return document_fail(doc, at, "\"accepted\", once somebody has looked");
    }
    c->ambiguous_accepted = true;
    return STATUS_OK;
}

#define AT(member) offsetof(struct mapping_column, member)
static const struct member column_rows[] = {
    {"column", false, read_names, 0, 0, 0},
    {"value", false, document_string, AT(value), 1, 200},
    {"format", false, read_format, AT(format), 1, 40},
    {"pad", false, document_int, AT(pad), 1, 40},
    {"values", false, read_values, 0, 0, 0},
    {"true", false, read_yes, 0, 0, 0},
    {"never", false, read_never, 0, 0, 0},
    {"scheme", false, read_scheme, AT(scheme), 1, 10},
    {"ambiguous", false, read_ambiguous, 0, 0, 0},
};

/* ---- what belongs to which member ---- */

static enum status check_values(struct document *doc, const struct json_path *at,
                                const struct mapping_column *c)
{
    const struct json_path here = {.up = at, .name = c->value == NULL ? "values" : "value"};
    size_t n = c->value == NULL ? c->n_values : 1;
    for (size_t i = 0; i < n; i++) {
        const char *to = c->value == NULL ? c->values[i].to : c->value;
        char text[CATEGORY_TEXT];
        if (to == NULL) {
            continue;
        }
        if (c->member == MAPPING_CATEGORY) {
            const char *plain = category_plain(to, text);
            if (plain == NULL || (!category_is_sickness(plain) && !category_is_ignored(plain))) {
                return document_fail(doc, &here,
                                     "each \"sickness\", a category that is passed over, or null");
            }
        } else if (c->member == MAPPING_REASON_SCHEME && !is_scheme(to)) {
            return document_fail(doc, &here, "each one of esr, icd10, snomed, text, or null");
        }
    }
    return STATUS_OK;
}

static enum status check_fit(struct document *doc, const struct json_path *at,
                             const struct mapping_column *c)
{
    enum mapping_kind kind = mapping_member_kind(c->member);
    bool dated = kind == MAPPING_KIND_DATE || kind == MAPPING_KIND_INSTANT;
    const struct {
        const char *name;
        bool given, fits;
    } rows[] = {
        {"format", c->format != NULL, dated},
        {"never", c->never.n > 0, dated},
        {"ambiguous", c->ambiguous_accepted, dated},
        {"pad", c->pad > 0, kind == MAPPING_KIND_ID},
        {"values", c->n_values > 0, !dated && kind != MAPPING_KIND_SHARE},
        {"true", c->yes.n > 0, kind == MAPPING_KIND_BOOL},
        {"scheme", c->scheme != NULL, c->member == MAPPING_REASON_CODE},
    };
    if ((c->names.n == 0) == (c->value == NULL)) {
        return document_fail(doc, at, "a column or a value, and not both");
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].given && !rows[i].fits) {
            const struct json_path here = {.up = at, .name = rows[i].name};
            return document_fail(doc, &here, "does not belong to this member");
        }
    }
    return check_values(doc, at, c);
}

enum status mapping_read_column(struct document *doc, const struct json_path *at,
                                const struct json *v, enum mapping_member member,
                                struct mapping_column *out)
{
    *out = (struct mapping_column){.member = member};
    enum status s = STATUS_OK;
    if (json_type(v) == JSON_STRING || json_type(v) == JSON_ARRAY) {
        s = read_names(doc, at, v, NULL, out);
    } else if (json_type(v) == JSON_OBJECT) {
        s = document_members(doc, at, v, column_rows, sizeof column_rows / sizeof column_rows[0],
                             DOCUMENT_WHOLE, out);
    } else {
        s = document_fail(doc, at, "the name of a column, a list of names, or an object");
    }
    s = s == STATUS_OK ? check_fit(doc, at, out) : s;
    if (s == STATUS_OK && mapping_member_kind(member) == MAPPING_KIND_DATE && out->format == NULL) {
        out->format = "%Y-%m-%d";
    }
    return s;
}

static int by_member(const void *x, const void *y)
{
    const struct mapping_column *a = x;
    const struct mapping_column *b = y;
    return (int)a->member - (int)b->member;
}

static bool find_member(const char *name, enum mapping_side side, enum mapping_member *out)
{
    for (enum mapping_member m = 0; m < MAPPING_MEMBER_COUNT; m++) {
        if (members[m].of[side] && strcmp(members[m].name, name) == 0) {
            *out = m;
            return true;
        }
    }
    return false;
}

static enum status fail_unknown(struct document *doc, const struct json_path *at,
                                enum mapping_side side)
{
    const char *names[MAPPING_MEMBER_COUNT];
    size_t n = 0;
    for (enum mapping_member m = 0; m < MAPPING_MEMBER_COUNT; m++) {
        if (members[m].of[side]) {
            names[n++] = members[m].name;
        }
    }
    return document_fail_unknown(doc, at, names, n);
}

enum status mapping_read_columns(struct document *doc, const struct json_path *at,
                                 const struct json *v, enum mapping_side side,
                                 struct mapping_table *out)
{
    if (json_type(v) != JSON_OBJECT) {
        return document_fail(doc, at, "must be an object");
    }
    struct mapping_column *column =
        arena_array(doc->a, json_count(v) + MAPPING_EXTRA, sizeof *column);
    *out = (struct mapping_table){.column = column};
    for (const struct json *e = json_first(v); e != NULL; e = json_next(e)) {
        const struct json_path here = {.up = at, .name = json_name(e)};
        enum mapping_member m = MAPPING_MEMBER_COUNT;
        if (!find_member(json_name(e), side, &m)) {
            return fail_unknown(doc, &here, side);
        }
        enum status s = mapping_read_column(doc, &here, e, m, &column[out->n]);
        if (s != STATUS_OK) {
            return s;
        }
        out->n++;
    }
    if (out->n > 0) {
        qsort(column, out->n, sizeof *column, by_member);
    }
    return STATUS_OK;
}

void mapping_add_column(struct mapping_table *t, const struct mapping_column *c)
{
    t->column[t->n++] = *c; /* the table was made with room for it */
    qsort(t->column, t->n, sizeof *t->column, by_member);
}
