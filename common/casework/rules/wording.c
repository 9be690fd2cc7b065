/* The words in the settings. Each member is an object of names to texts or to small objects. A
 * fault names the member and the form wanted, never what stands there. */
#include "common/casework/rules/wording.h"

#include <stdint.h>
#include <string.h>

#include "common/casework/rules/reason.h"

#define TITLE_BYTES 100
#define TEXT_BYTES 2000 /* of a text that people read: a paragraph or two */
#define NAME_BYTES 100

/* Schema, schemas/sql/0003_fact.sql and this list are the same: tests/unit/test_wording.c and the
 * SQL tests compare them with the schema. */
static const struct reason_title shipped[] = {
    {SCHEME_ESR, "S10", "Anxiety/stress/depression/other psychiatric illnesses"},
    {SCHEME_ESR, "S11", "Back Problems"},
    {SCHEME_ESR, "S12", "Other musculoskeletal problems"},
    {SCHEME_ESR, "S13", "Cold Cough Flu - Influenza"},
    {SCHEME_ESR, "S14", "Asthma"},
    {SCHEME_ESR, "S15", "Chest & respiratory problems"},
    {SCHEME_ESR, "S16", "Headache / migraine"},
    {SCHEME_ESR, "S17", "Benign and malignant tumours cancers"},
    {SCHEME_ESR, "S18", "Blood disorders"},
    {SCHEME_ESR, "S19", "Heart cardiac & circulatory problems"},
    {SCHEME_ESR, "S20", "Burns poisoning frostbite hypothermia"},
    {SCHEME_ESR, "S21", "Ear nose throat (ENT)"},
    {SCHEME_ESR, "S22", "Dental and oral problems"},
    {SCHEME_ESR, "S23", "Eye problems"},
    {SCHEME_ESR, "S24", "Endocrine / glandular problems"},
    {SCHEME_ESR, "S25", "Gastrointestinal problems"},
    {SCHEME_ESR, "S26", "Genitourinary & gynaecological disorders"},
    {SCHEME_ESR, "S27", "Infectious diseases"},
    {SCHEME_ESR, "S28", "Injury fracture"},
    {SCHEME_ESR, "S29", "Nervous system disorders"},
    {SCHEME_ESR, "S30", "Pregnancy related disorders"},
    {SCHEME_ESR, "S31", "Skin disorders"},
    {SCHEME_ESR, "S32", "Substance abuse"},
    {SCHEME_ESR, "S98", "Other known causes - not elsewhere classified"},
    {SCHEME_ESR, "S99", "Unknown causes / Not specified"},
};

const struct reason_titles wording_shipped_titles = {shipped, sizeof shipped / sizeof shipped[0]};

const char *wording_title(const struct reason_titles *titles, enum reason_scheme scheme,
                          const char *code)
{
    for (size_t i = 0; i < titles->n; i++) {
        const struct reason_title *t = &titles->items[i];
        if (t->scheme == scheme && strcmp(t->code, code) == 0) {
            return t->title;
        }
    }
    return NULL;
}

static bool is_text(const struct json *v, size_t max)
{
    size_t len = json_type(v) == JSON_STRING ? strlen(json_string(v)) : 0;
    return len >= 1 && len <= max;
}

static bool is_name(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= NAME_BYTES;
}

static enum status check_object(struct document *doc, const struct json_path *at,
                                const struct json *v)
{
    return json_type(v) == JSON_OBJECT ? STATUS_OK : document_fail(doc, at, "must be an object");
}

/* ---- reason_titles ---- */

static enum status read_scheme(struct document *doc, const struct json_path *at,
                               enum reason_scheme scheme, const struct json *v,
                               struct reason_title *items, size_t *n)
{
    for (const struct json *m = json_first(v); m != NULL; m = json_next(m)) {
        const struct json_path here = {.up = at, .name = json_name(m)};
        char form[REASON_TEXT];
        const char *code = reason_normalise(scheme, json_name(m), form);
        if (code == NULL || strcmp(code, json_name(m)) != 0) {
            return document_fail(doc, &here,
                                 "a code as it is compared: S12, M545 without its dot, digits, or "
                                 "a text in small letters");
        }
        if (!is_text(m, TITLE_BYTES)) {
            return document_fail(doc, &here, "a title of 1 to 100 bytes");
        }
        items[(*n)++] = (struct reason_title){scheme, json_name(m), json_string(m)};
    }
    return STATUS_OK;
}

static enum reason_scheme scheme_of(const char *name)
{
    for (enum reason_scheme s = SCHEME_ESR; s <= SCHEME_TEXT; s++) {
        if (strcmp(reason_scheme_name(s), name) == 0) {
            return s;
        }
    }
    return SCHEME_NONE;
}

enum status wording_titles(struct document *doc, const struct json_path *at, const struct json *v,
                           struct reason_titles *out)
{
    enum status st = check_object(doc, at, v);
    size_t most = 0, n = 0;
    for (const struct json *m = json_first(v); st == STATUS_OK && m != NULL; m = json_next(m)) {
        most += json_count(m);
    }
    struct reason_title *items = arena_array(doc->a, most + 1, sizeof *items);
    for (const struct json *m = json_first(v); st == STATUS_OK && m != NULL; m = json_next(m)) {
        const struct json_path here = {.up = at, .name = json_name(m)};
        enum reason_scheme scheme = scheme_of(json_name(m));
        st = scheme == SCHEME_NONE ? document_fail(doc, &here, "esr, icd10, snomed or text")
                                   : check_object(doc, &here, m);
        st = st == STATUS_OK ? read_scheme(doc, &here, scheme, m, items, &n) : st;
    }
    *out = (struct reason_titles){items, n};
    return st;
}

/* ---- service, urgent ---- */

/* Texts are checked here and read from the stored document by the database. */
static enum status check_text(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    (void)target;
    if (!is_text(v, (size_t)row->max)) {
        return document_fail(doc, at,
                             row->max == NAME_BYTES ? "a string of 1 to 100 bytes"
                                                    : "a string of 1 to 2000 bytes");
    }
    return STATUS_OK;
}

enum status wording_service(struct document *doc, const struct json_path *at, const struct json *v)
{
    static const struct member rows[] = {
        {"name", false, check_text, 0, 1, NAME_BYTES},
        {"phone", false, check_text, 0, 1, NAME_BYTES},
        {"data_phone", false, check_text, 0, 1, NAME_BYTES},
    };
    return document_members(doc, at, v, rows, sizeof rows / sizeof rows[0], DOCUMENT_WHOLE, NULL);
}

enum status wording_urgent(struct document *doc, const struct json_path *at, const struct json *v)
{
    enum status st = check_object(doc, at, v);
    for (const struct json *m = json_first(v); st == STATUS_OK && m != NULL; m = json_next(m)) {
        const struct json_path here = {.up = at, .name = json_name(m)};
        if (!is_name(json_name(m)) || !is_text(m, TEXT_BYTES)) {
            st = document_fail(doc, &here, "a queue and a text of 1 to 2000 bytes");
        }
    }
    return st;
}

/* ---- services, referrals ---- */

static enum status check_bool(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    (void)row;
    (void)target;
    return json_type(v) == JSON_BOOL ? STATUS_OK : document_fail(doc, at, "true or false");
}

static enum status check_number(struct document *doc, const struct json_path *at,
                                const struct json *v, const struct member *row, void *target)
{
    (void)target;
    int number;
    struct member here = *row;
    here.offset = 0;
    return document_int(doc, at, v, &here, &number);
}

static enum status check_date(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    (void)target;
    struct date day;
    struct member here = *row;
    here.offset = 0;
    return document_date(doc, at, v, &here, &day);
}

static enum status check_texts(struct document *doc, const struct json_path *at,
                               const struct json *v, const struct member *row, void *target)
{
    (void)row;
    (void)target;
    if (json_type(v) != JSON_ARRAY) {
        return document_fail(doc, at, "must be a list");
    }
    size_t n = 0;
    for (const struct json *e = json_first(v); e != NULL; e = json_next(e), n++) {
        const struct json_path here = {.up = at, .index = n};
        if (!is_text(e, TEXT_BYTES)) {
            return document_fail(doc, &here, "a string of 1 to 2000 bytes");
        }
    }
    return STATUS_OK;
}

static enum status check_one_of(struct document *doc, const struct json_path *at,
                                const struct json *v, const char *const *words, size_t n,
                                const char *wanted)
{
    for (size_t i = 0; json_type(v) == JSON_STRING && i < n; i++) {
        if (strcmp(words[i], json_string(v)) == 0) {
            return STATUS_OK;
        }
    }
    return document_fail(doc, at, wanted);
}

static enum status check_area(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    (void)row;
    (void)target;
    static const char *const words[] = {"msk", "mental-health", "lifestyle", "other"};
    return check_one_of(doc, at, v, words, 4, "msk, mental-health, lifestyle or other");
}

static enum status check_kind(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    (void)row;
    (void)target;
    static const char *const words[] = {"targeted", "self-management"};
    return check_one_of(doc, at, v, words, 2, "targeted or self-management");
}

static enum status check_may_suit(struct document *doc, const struct json_path *at,
                                  const struct json *v, const struct member *row, void *target)
{
    (void)row;
    (void)target;
    static const struct member rows[] = {
        {"spells_in_12_months", false, check_number, 0, 1, 100},
        {"or_day", false, check_number, 0, 1, 3650},
    };
    return document_members(doc, at, v, rows, 2, DOCUMENT_WHOLE, NULL);
}

/* An object of names, each of an object with these members. */
static enum status check_each(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *rows, size_t n)
{
    enum status st = check_object(doc, at, v);
    for (const struct json *m = json_first(v); st == STATUS_OK && m != NULL; m = json_next(m)) {
        const struct json_path here = {.up = at, .name = json_name(m)};
        st = is_name(json_name(m)) ? document_members(doc, &here, m, rows, n, DOCUMENT_WHOLE, NULL)
                                   : document_fail(doc, &here, "a name of 1 to 100 bytes");
    }
    return st;
}

enum status wording_services(struct document *doc, const struct json_path *at, const struct json *v)
{
    static const struct member rows[] = {
        {"name", true, check_text, 0, 1, NAME_BYTES},
        {"by", false, check_text, 0, 1, TEXT_BYTES},
        {"area", false, check_area, 0, 0, 0},
        {"kind", false, check_kind, 0, 0, 0},
        {"for", false, check_texts, 0, 0, 0},
        {"organisations", false, check_texts, 0, 0, 0},
        {"from", false, check_date, 0, 0, 0},
        {"until", false, check_date, 0, 0, 0},
        {"places", false, check_number, 0, 0, 1000000},
        {"suits", false, check_text, 0, 1, TEXT_BYTES},
        {"not", false, check_text, 0, 1, TEXT_BYTES},
        {"ask", false, check_texts, 0, 0, 0},
        {"how", false, check_text, 0, 1, TEXT_BYTES},
        {"contact", false, check_text, 0, 1, TEXT_BYTES},
        {"needs_consent", false, check_bool, 0, 0, 0},
        {"start_target_days", false, check_number, 0, 1, 3650},
        {"check_after_days", false, check_number, 0, 1, 3650},
        {"may_suit", false, check_may_suit, 0, 0, 0},
        {"public", false, check_bool, 0, 0, 0},
        {"check_on", false, check_date, 0, 0, 0},
    };
    return check_each(doc, at, v, rows, sizeof rows / sizeof rows[0]);
}

enum status wording_referrals(struct document *doc, const struct json_path *at,
                              const struct json *v)
{
    static const struct member rows[] = {
        {"queue", true, check_text, 0, 1, NAME_BYTES},
        {"target_days", false, check_number, 0, 1, 365},
    };
    return check_each(doc, at, v, rows, sizeof rows / sizeof rows[0]);
}
