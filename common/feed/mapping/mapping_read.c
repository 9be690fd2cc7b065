/* The document is read by tables of members, then held against itself: what one rule needs of
 * another. Everything lives in one arena. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/mem.h"
#include "common/feed/mapping/mapping.h"
#include "common/feed/mapping/mapping_inside.h"
#include "common/feed/rows/cells.h"
#include "common/feed/rows/stream.h"

/* A mapping with what it lives in, and what has to wait until the rest is known. */
struct reading {
    struct mapping m;
    struct arena *a;
    bool staff_pattern; /* staff.pattern was given */
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct reading *reading_of(void *target)
{
    return target;
}

/* The value has to be one of some words; *out is which. */
static enum status word(struct document *doc, const struct json_path *at, const struct json *v,
                        const char *const *words, size_t n, int *out)
{
    char what[120] = "one of";
    size_t len = strlen(what);
    for (size_t i = 0; i < n; i++) {
        if (json_type(v) == JSON_STRING && strcmp(json_string(v), words[i]) == 0) {
            *out = (int)i;
            return STATUS_OK;
        }
        len += (size_t)snprintf(what + len, sizeof what - len, "%s %s", i > 0 ? "," : "", words[i]);
    }
    return document_fail(doc, at, what);
}

static enum status read_bool(struct document *doc, const struct json_path *at, const struct json *v,
                             bool *out)
{
    if (json_type(v) != JSON_BOOL) {
        return document_fail(doc, at, "true or false");
    }
    *out = json_bool(v);
    return STATUS_OK;
}

/* ---- file ---- */

static enum status read_encoding(struct document *doc, const struct json_path *at,
                                 const struct json *v, const struct member *row, void *target)
{
    struct mapping_file *f = target;
    enum status s = document_string(doc, at, v, row, target);
    return s != STATUS_OK || stream_knows(f->encoding)
               ? s
               : document_fail(doc, at, "an encoding that iconv knows, as windows-1252 or UTF-8");
}

static enum status read_delimiter(struct document *doc, const struct json_path *at,
                                  const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct mapping_file *f = target;
    const char *text = json_type(v) == JSON_STRING ? json_string(v) : "";
    if (strlen(text) != 1 || strchr("\"\r\n ", text[0]) != NULL || (unsigned char)text[0] > 126) {
        return document_fail(doc, at, "one character, as , or ; or a tab (\\t)");
    }
    f->delimiter = text[0];
    return STATUS_OK;
}

static enum status read_as_of(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    struct mapping_file *f = target;
    enum status s = document_string(doc, at, v, row, target);
    const char *fault = s == STATUS_OK ? mapping_check_as_of(f->as_of) : NULL;
    if (fault != NULL) {
        return document_fail(doc, at, fault);
    }
    if (s == STATUS_OK) {
        f->as_of_mtime = strcmp(f->as_of, "mtime") == 0;
        f->as_of += f->as_of_mtime ? 0 : strlen("name:");
    }
    return s;
}

static enum status read_empty(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct mapping_file *f = target;
    return mapping_read_texts(doc, at, v, false, &f->empty);
}

static enum status read_pattern(struct document *doc, const struct json_path *at,
                                const struct json *v, const struct member *row, void *target)
{
    struct mapping_file *f = target;
    enum status s = document_string(doc, at, v, row, target);
    return s != STATUS_OK || (strchr(f->pattern, '/') == NULL && f->pattern[0] != '.')
               ? s
               : document_fail(doc, at, "a file's name, without folders and no dot before it");
}

#define FILE_AT(member) offsetof(struct mapping_file, member)
static const struct member file_rows[] = {
    {"pattern", false, read_pattern, FILE_AT(pattern), 1, 200},
    {"encoding", false, read_encoding, FILE_AT(encoding), 1, 40},
    {"delimiter", false, read_delimiter, 0, 0, 0},
    {"as_of", false, read_as_of, FILE_AT(as_of), 1, 100},
    {"still_seconds", false, document_int, FILE_AT(still_seconds), 0, 86400},
    {"keep_files_days", false, document_int, FILE_AT(keep_files_days), 0, 366},
    {"empty", false, read_empty, 0, 0, 0},
    {"dir", false, document_string, FILE_AT(dir), 1, 1000},
};

static enum status read_file(struct document *doc, const struct json_path *at, const struct json *v,
                             const struct member *row, void *target)
{
    (void)row;
    struct mapping *m = &reading_of(target)->m;
    enum status s =
        document_members(doc, at, v, file_rows, COUNT(file_rows), DOCUMENT_WHOLE, &m->file);
    const char *missing = m->file.pattern == NULL ? "pattern"
                          : m->file.as_of == NULL ? "as_of"
                                                  : NULL;
    if (s == STATUS_OK && missing != NULL) {
        const struct json_path here = {.up = at, .name = missing};
        return document_fail(doc, &here, "missing");
    }
    return s;
}

static void file_defaults(struct mapping_file *f)
{
    static const char *const empty[] = {"NULL", "N/A"};
    *f = (struct mapping_file){.encoding = "UTF-8",
                               .delimiter = ',',
                               .still_seconds = 60,
                               .keep_files_days = 3,
                               .empty = {.item = empty, .n = COUNT(empty)}};
}

/* ---- staff ---- */

static enum status read_staff_columns(struct document *doc, const struct json_path *at,
                                      const struct json *v, const struct member *row, void *target)
{
    (void)row;
    return mapping_read_columns(doc, at, v, MAPPING_STAFF, &reading_of(target)->m.staff);
}

static enum status read_staff_file(struct document *doc, const struct json_path *at,
                                   const struct json *v, const struct member *row, void *target)
{
    (void)row;
    return document_members(doc, at, v, file_rows, COUNT(file_rows), DOCUMENT_WHOLE,
                            &reading_of(target)->m.staff_file);
}

static enum status read_staff_pattern(struct document *doc, const struct json_path *at,
                                      const struct json *v, const struct member *row, void *target)
{
    reading_of(target)->staff_pattern = true;
    return read_pattern(doc, at, v, row, &reading_of(target)->m.staff_file);
}

static enum status read_required(struct document *doc, const struct json_path *at,
                                 const struct json *v, const struct member *row, void *target)
{
    (void)row;
    return read_bool(doc, at, v, &reading_of(target)->m.staff_required);
}

static const struct member staff_rows[] = {
    {"file", false, read_staff_file, 0, 0, 0},
    {"pattern", false, read_staff_pattern, FILE_AT(pattern), 1, 200},
    {"columns", true, read_staff_columns, 0, 0, 0},
    {"required", false, read_required, 0, 0, 0},
};

/* Comes after file, whose members are the defaults. */
static enum status read_staff(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct mapping *m = &reading_of(target)->m;
    m->has_staff = true;
    m->staff_required = true;
    m->staff_file = m->file;
    m->staff_file.pattern = NULL;
    enum status s =
        document_members(doc, at, v, staff_rows, COUNT(staff_rows), DOCUMENT_WHOLE, target);
    if (s == STATUS_OK && m->staff_file.pattern == NULL) {
        const struct json_path here = {.up = at, .name = "pattern"};
        return document_fail(doc, &here, "missing");
    }
    if (s == STATUS_OK && mapping_column_of(&m->staff, MAPPING_PERSON_ID) == NULL) {
        const struct json_path columns = {.up = at, .name = "columns"};
        const struct json_path here = {.up = &columns, .name = "person_id"};
        return document_fail(doc, &here, "missing");
    }
    return s;
}

/* ---- rules ---- */

static enum status read_limit(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    static const struct member rows[] = {
        {"percent", true, document_int, offsetof(struct mapping_limit, percent), 0, 100},
        {"at_least", false, document_int, offsetof(struct mapping_limit, at_least), 0, 1000000},
    };
    return document_members(doc, at, v, rows, COUNT(rows), DOCUMENT_WHOLE,
                            (char *)target + row->offset);
}

static enum status read_rule_word(struct document *doc, const struct json_path *at,
                                  const struct json *v, const struct member *row, void *target)
{
    static const char *const ends[] = {"final", "provisional"};
    static const char *const last_days[] = {"inclusive", "exclusive"};
    static const char *const ids[] = {"refuse", "assignment"};
    static const char *const merges[] = {"none", "adjoining"};
    static const char *const missing[] = {"cancel", "close", "keep"};
    struct mapping_rules *r = target;
    int which = 0;
    const struct {
        const char *name;
        const char *const *words;
        bool *flag;
    } rows[] = {{"end_in_future", ends, &r->provisional},
                {"last_day_is", last_days, &r->exclusive},
                {"without_id", ids, &r->derive_ids},
                {"merge_rows", merges, &r->merge}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (strcmp(row->name, rows[i].name) == 0) {
            enum status s = word(doc, at, v, rows[i].words, 2, &which);
            *rows[i].flag = which == 1;
            return s;
        }
    }
    enum status s = word(doc, at, v, missing, COUNT(missing), &which);
    r->missing = (enum mapping_missing)which;
    return s;
}

#define RULE_AT(member) offsetof(struct mapping_rules, member)
static const struct member rule_rows[] = {
    {"end_in_future", false, read_rule_word, 0, 0, 0},
    {"last_day_is", false, read_rule_word, 0, 0, 0},
    {"without_id", false, read_rule_word, 0, 0, 0},
    {"merge_rows", false, read_rule_word, 0, 0, 0},
    {"merge_gap_days", false, document_int, RULE_AT(merge_gap_days), 0, 60},
    {"missing", false, read_rule_word, 0, 0, 0},
    {"missing_runs", false, document_int, RULE_AT(missing_runs), 1, 100},
    {"hold_if_missing", false, read_limit, RULE_AT(hold_if_missing), 0, 0},
    {"hold_if_changed", false, read_limit, RULE_AT(hold_if_changed), 0, 0},
    {"hold_if_rows_fall_percent", false, document_int, RULE_AT(hold_if_rows_fall_percent), 0, 100},
    {"hold_if_rejected_percent", false, document_int, RULE_AT(hold_if_rejected_percent), 0, 100},
};

static enum status read_rules(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    (void)row;
    return document_members(doc, at, v, rule_rows, COUNT(rule_rows), DOCUMENT_WHOLE,
                            &reading_of(target)->m.rules);
}

/* ---- the whole ---- */

static enum status read_source(struct document *doc, const struct json_path *at,
                               const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct mapping *m = &reading_of(target)->m;
    if (json_type(v) != JSON_STRING || !cells_is_id(json_string(v))) {
        return document_fail(doc, at, "a text of 1 to 100 bytes, without spaces around it");
    }
    m->source = json_string(v);
    return STATUS_OK;
}

/* The texts an organisation's column can become, each once. */
static enum status list_organisations(struct document *doc, const struct json_path *at,
                                      struct mapping *m)
{
    const struct mapping_column *c = &m->organisation;
    size_t most = c->value != NULL ? 1 : c->n_values;
    const char **item = arena_array(doc->a, most + 1, sizeof *item);
    size_t n = 0;
    for (size_t i = 0; i < most; i++) {
        const char *name = c->value != NULL ? c->value : c->values[i].to;
        size_t known = 0;
        while (name != NULL && known < n && strcmp(item[known], name) != 0) {
            known++;
        }
        if (name != NULL && !cells_is_id(name)) {
            return document_fail(doc, at, "each a text of 1 to 100 bytes, without spaces around");
        }
        if (name != NULL && known == n) {
            item[n++] = name;
        }
    }
    m->organisations = (struct mapping_texts){.item = item, .n = n};
    return n > 0 ? STATUS_OK : document_fail(doc, at, "at least one organisation in values");
}

static enum status read_organisation(struct document *doc, const struct json_path *at,
                                     const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct mapping *m = &reading_of(target)->m;
    if (json_type(v) == JSON_STRING) {
        m->organisation =
            (struct mapping_column){.member = MAPPING_ORGANISATION, .value = json_string(v)};
        return list_organisations(doc, at, m);
    }
    if (json_type(v) != JSON_OBJECT) {
        return document_fail(doc, at, "a text, or an object with column and values");
    }
    enum status s = mapping_read_column(doc, at, v, MAPPING_ORGANISATION, &m->organisation);
    return s == STATUS_OK ? list_organisations(doc, at, m) : s;
}

static enum status read_extract(struct document *doc, const struct json_path *at,
                                const struct json *v, const struct member *row, void *target)
{
    static const char *const words[] = {"changes", "full"};
    (void)row;
    int which = 0;
    enum status s = word(doc, at, v, words, 2, &which);
    reading_of(target)->m.full = which == 1;
    return s;
}

static enum status read_time_zone(struct document *doc, const struct json_path *at,
                                  const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct mapping *m = &reading_of(target)->m;
    if (json_type(v) != JSON_STRING || zone_load(&m->zone, json_string(v), NULL) != STATUS_OK) {
        return document_fail(doc, at, "no such time zone");
    }
    return STATUS_OK;
}

static enum status read_columns(struct document *doc, const struct json_path *at,
                                const struct json *v, const struct member *row, void *target)
{
    static const enum mapping_member required[] = {MAPPING_PERSON_ID, MAPPING_CATEGORY,
                                                   MAPPING_ONSET_DATE};
    (void)row;
    struct mapping *m = &reading_of(target)->m;
    enum status s = mapping_read_columns(doc, at, v, MAPPING_EXTRACT, &m->extract);
    for (size_t i = 0; s == STATUS_OK && i < COUNT(required); i++) {
        if (mapping_column_of(&m->extract, required[i]) == NULL) {
            const struct json_path here = {.up = at, .name = mapping_member_name(required[i])};
            s = document_fail(doc, &here, "missing");
        }
    }
    const struct mapping_column *code = mapping_column_of(&m->extract, MAPPING_REASON_CODE);
    if (s == STATUS_OK && code != NULL && code->scheme == NULL &&
        mapping_column_of(&m->extract, MAPPING_REASON_SCHEME) == NULL) {
        const struct json_path here = {.up = at, .name = "reason.code"};
        s = document_fail(doc, &here, "a scheme is wanted: esr, icd10, snomed or text");
    }
    m->has_ids = mapping_column_of(&m->extract, MAPPING_ABSENCE_ID) != NULL;
    return s;
}

static enum status read_cancelled(struct document *doc, const struct json_path *at,
                                  const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct mapping_column c;
    enum status s = mapping_read_column(doc, at, v, MAPPING_CANCELLED, &c);
    if (s == STATUS_OK && (c.names.n == 0 || c.yes.n == 0)) {
        return document_fail(doc, at, "an object with column and true");
    }
    if (s == STATUS_OK) {
        mapping_add_column(&reading_of(target)->m.extract, &c);
    }
    return s;
}

#define TOP_AT(member) offsetof(struct mapping, member)
/* In the order in which they need one another. */
static const struct member top_rows[] = {
    {"source", true, read_source, 0, 0, 0},
    {"organisation", true, read_organisation, 0, 0, 0},
    {"file", true, read_file, 0, 0, 0},
    {"extract", true, read_extract, 0, 0, 0},
    {"covers_days", false, document_int, TOP_AT(covers_days), 1, 36500},
    {"time_zone", false, read_time_zone, 0, 0, 0},
    {"columns", true, read_columns, 0, 0, 0},
    {"cancelled", false, read_cancelled, 0, 0, 0},
    {"staff", false, read_staff, 0, 0, 0},
    {"rules", false, read_rules, 0, 0, 0},
};

static void defaults(struct mapping *m)
{
    file_defaults(&m->file);
    m->covers_days = 400;
    m->rules = (struct mapping_rules){.provisional = true,
                                      .derive_ids = true,
                                      .missing = MISSING_CANCEL,
                                      .missing_runs = 2,
                                      .hold_if_missing = {.percent = 2, .at_least = 20},
                                      .hold_if_changed = {.percent = 20, .at_least = 50},
                                      .hold_if_rows_fall_percent = 20,
                                      .hold_if_rejected_percent = 1};
}

/* Some parts of the document need others. */
static enum status check_whole(struct document *doc, struct mapping *m)
{
    const struct json_path root = {.name = ""};
    const struct json_path rules = {.up = &root, .name = "rules"};
    const struct json_path merge = {.up = &rules, .name = "merge_rows"};
    const struct json_path ids = {.up = &rules, .name = "without_id"};
    const struct json_path staff = {.up = &root, .name = "staff"};
    const struct json_path staff_columns = {.up = &staff, .name = "columns"};
    const struct json_path organisation = {.up = &staff_columns, .name = "organisation"};
    if (m->rules.merge && m->has_ids) {
        return document_fail(doc, &merge, "adjoining needs a mapping without absence_id");
    }
    if (m->rules.merge && !m->full) {
        return document_fail(doc, &merge, "adjoining needs a full extract");
    }
    if (!m->rules.derive_ids && !m->has_ids) {
        return document_fail(doc, &ids, "refuse needs a column for absence_id");
    }
    if (m->has_staff && m->organisation.value == NULL &&
        mapping_column_of(&m->staff, MAPPING_LEFT_ON) != NULL &&
        mapping_column_of(&m->staff, MAPPING_ORGANISATION) == NULL) {
        return document_fail(doc, &organisation,
                             "missing: left_on is of one organisation, and there are several");
    }
    return STATUS_OK;
}

enum status mapping_parse(struct mapping **out, const char *text, size_t len, struct err *err)
{
    struct reading *r = mem_alloc(sizeof *r);
    r->a = arena_new(16384);
    struct document doc = {.a = r->a, .err = err, .lists_members = true};
    const struct json_path root = {.name = ""};
    const struct json *json = NULL;
    defaults(&r->m);
    hash_sha256(text, len, r->m.sha256);
    enum status s = document_parse(&doc, text, len, &json);
    s = s == STATUS_OK
            ? document_members(&doc, &root, json, top_rows, COUNT(top_rows), DOCUMENT_WHOLE, r)
            : s;
    s = s == STATUS_OK ? check_whole(&doc, &r->m) : s;
    if (s == STATUS_OK && r->m.zone == NULL) {
        s = zone_load(&r->m.zone, "Europe/London", err);
    }
    if (s != STATUS_OK) {
        mapping_free(&r->m);
        return s;
    }
    if (r->m.organisation.value == NULL) {
        mapping_add_column(&r->m.extract, &r->m.organisation);
    }
    *out = &r->m;
    return STATUS_OK;
}

void mapping_free(struct mapping *m)
{
    if (m != NULL) {
        struct reading *r = (struct reading *)(void *)m; /* its first member */
        zone_free(m->zone);
        arena_free(r->a);
        free(r);
    }
}
