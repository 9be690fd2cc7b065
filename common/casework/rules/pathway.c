/* The sets of codes, and the questions of reason.h about them. A code of HR is normalised before it
 * is looked up; a code of the settings is held to a stricter form. `never` wins over `watch`, and
 * `watch` over pathways; a code may belong to several pathways. An ICD-10 code also matches each
 * shorter code that it begins with. */
#include "common/casework/rules/pathway.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/event/text.h"

/* Codes of three characters, both ends included: "M00-M99". */
struct code_range {
    char first[4], last[4];
};

struct codes {
    const char **items;
    size_t n;
};

enum { SCHEMES = SCHEME_TEXT + 1 };

struct code_set {
    struct codes of[SCHEMES];  /* by scheme, sorted; icd10: every code that begins with one */
    struct code_range *ranges; /* icd10 */
    size_t n_ranges;
};

/* Not ctype: what a code is must not depend on a locale. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static char to_upper(char c)
{
    if (c >= 'a' && c <= 'z') {
        return (char)(c - 'a' + 'A');
    }
    return c;
}

static bool is_code_character(char c)
{
    return is_upper(c) || is_digit(c);
}

/* How many of the at most two characters at s continue a code and end it: 0 when none do. */
static size_t suffix_length(const char *s)
{
    for (size_t n = 2; n > 0; n--) {
        if (is_code_character(to_upper(s[0])) && (n < 2 || is_code_character(to_upper(s[1]))) &&
            !is_code_character(to_upper(s[n]))) {
            return n;
        }
    }
    return 0;
}

/* The leading token: a letter, two digits, perhaps a dot, perhaps one or two more; then a
 * non-alphanumeric or the end. "m54.5 Low back pain" gives M545. */
static const char *leading_token(const char *code, char out[REASON_TEXT])
{
    const char *s = code;
    if (!is_upper(to_upper(s[0])) || !is_digit(s[1]) || !is_digit(s[2])) {
        return NULL;
    }
    const char *suffix = s[3] == '.' ? s + 4 : s + 3;
    size_t n = suffix_length(suffix);
    if (n == 0 && is_code_character(to_upper(s[3]))) {
        return NULL; /* the token is longer than any code */
    }
    for (size_t i = 0; i < 3; i++) {
        out[i] = to_upper(s[i]);
    }
    for (size_t i = 0; i < n; i++) {
        out[3 + i] = to_upper(suffix[i]);
    }
    out[3 + n] = '\0';
    return out;
}

static const char *digits_only(const char *code, size_t len, char out[REASON_TEXT])
{
    if (len == 0 || len >= REASON_TEXT) {
        return NULL;
    }
    for (size_t n = 0; n < len; n++) {
        if (!is_digit(code[n])) {
            return NULL;
        }
        out[n] = code[n];
    }
    out[len] = '\0';
    return out;
}

const char *reason_normalise(enum reason_scheme scheme, const char *code, char out[REASON_TEXT])
{
    size_t len = 0;
    code = text_trim(code, strlen(code), TEXT_SPACE, &len);
    switch (scheme) {
    case SCHEME_ESR:
    case SCHEME_ICD10:
        return leading_token(code, out);
    case SCHEME_SNOMED:
        return digits_only(code, len, out);
    case SCHEME_TEXT:
        return len > 0 && text_fold(code, len, out, REASON_TEXT) ? out : NULL;
    case SCHEME_NONE:
    default:
        return NULL;
    }
}

struct code_set *pathway_set_new(struct arena *a, size_t capacity)
{
    struct code_set *set = arena_zalloc(a, sizeof *set);
    for (int scheme = SCHEME_ESR; scheme < SCHEMES; scheme++) {
        set->of[scheme].items = arena_array(a, capacity, sizeof(const char *));
    }
    set->ranges = arena_array(a, capacity, sizeof *set->ranges);
    return set;
}

static void add_code(struct code_set *set, enum reason_scheme scheme, const char *code)
{
    struct codes *c = &set->of[scheme];
    c->items[c->n++] = code;
}

/* "M00": the settings, unlike the feed, are written as they are compared. */
static bool is_three_characters(const char *s)
{
    return is_upper(s[0]) && is_digit(s[1]) && is_digit(s[2]);
}

static const char *add_esr(struct code_set *set, const char *text, struct arena *a)
{
    if (!is_three_characters(text) || text[3] != '\0') {
        return "an ESR code is a capital and two digits";
    }
    add_code(set, SCHEME_ESR, arena_strdup(a, text));
    return NULL;
}

static const char *add_range(struct code_set *set, const char *text)
{
    if (!is_three_characters(text + 4) || text[7] != '\0') {
        return "a range has two ends of three characters";
    }
    struct code_range r = {{text[0], text[1], text[2], '\0'}, {text[4], text[5], text[6], '\0'}};
    if (strcmp(r.first, r.last) > 0) {
        return "the range runs backwards";
    }
    set->ranges[set->n_ranges++] = r;
    return NULL;
}

static const char *add_icd10(struct code_set *set, const char *text, struct arena *a)
{
    static const char *const form = "an ICD-10 code is a capital, two digits and at most two more";
    if (!is_three_characters(text)) {
        return form;
    }
    if (text[3] == '-') {
        return add_range(set, text);
    }
    const char *suffix = text[3] == '.' ? text + 4 : text + 3;
    size_t n = strlen(suffix);
    if (n > 2 || (n == 0 && text[3] != '\0')) {
        return form;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_code_character(suffix[i])) {
            return form;
        }
    }
    add_code(set, SCHEME_ICD10, arena_printf(a, "%.3s%s", text, suffix));
    return NULL;
}

static const char *add_snomed(struct code_set *set, const char *text, struct arena *a)
{
    char digits[REASON_TEXT];
    size_t n = strlen(text);
    if (n < 6 || n > 18 || text[0] == '0' || digits_only(text, n, digits) == NULL) {
        return "a SNOMED CT code is 6 to 18 digits, as text";
    }
    add_code(set, SCHEME_SNOMED, arena_strdup(a, text));
    return NULL;
}

static const char *add_text(struct code_set *set, const char *text, struct arena *a)
{
    char folded[REASON_TEXT];
    if (reason_normalise(SCHEME_TEXT, text, folded) == NULL) {
        return "a text is 1 to 200 bytes";
    }
    add_code(set, SCHEME_TEXT, arena_strdup(a, folded));
    return NULL;
}

const char *pathway_set_add(struct code_set *set, enum reason_scheme scheme, const char *text,
                            struct arena *a)
{
    static const char *(*const adders[SCHEMES])(struct code_set *, const char *, struct arena *) = {
        [SCHEME_ESR] = add_esr,
        [SCHEME_ICD10] = add_icd10,
        [SCHEME_SNOMED] = add_snomed,
        [SCHEME_TEXT] = add_text,
    };
    return adders[scheme](set, text, a);
}

static int compare_codes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void pathway_set_sort(struct code_set *set)
{
    for (int scheme = SCHEME_ESR; scheme < SCHEMES; scheme++) {
        struct codes *c = &set->of[scheme];
        qsort(c->items, c->n, sizeof *c->items, compare_codes);
    }
}

static bool has_exactly(const struct codes *c, const char *code)
{
    size_t low = 0, high = c->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(code, c->items[middle]);
        if (order == 0) {
            return true;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return false;
}

static bool has_icd10(const struct code_set *set, const char *code)
{
    for (size_t i = 0; i < set->n_ranges; i++) {
        if (strncmp(code, set->ranges[i].first, 3) >= 0 &&
            strncmp(code, set->ranges[i].last, 3) <= 0) {
            return true;
        }
    }
    char prefix[REASON_TEXT];
    for (size_t n = strlen(code); set->of[SCHEME_ICD10].n > 0 && n >= 3; n--) {
        memcpy(prefix, code, n);
        prefix[n] = '\0';
        if (has_exactly(&set->of[SCHEME_ICD10], prefix)) {
            return true;
        }
    }
    return false;
}

bool pathway_set_has(const struct code_set *set, enum reason_scheme scheme, const char *code)
{
    return scheme == SCHEME_ICD10 ? has_icd10(set, code) : has_exactly(&set->of[scheme], code);
}

struct reason_match settings_match(const struct org_rules *r, enum reason_scheme scheme,
                                   const char *code)
{
    struct reason_match m = {.what = MATCH_NONE};
    char token[REASON_TEXT];
    if (scheme == SCHEME_NONE) {
        m.what = MATCH_WATCH;
        return m;
    }
    if (reason_normalise(scheme, code, token) == NULL) {
        return m;
    }
    if (pathway_set_has(r->never, scheme, token)) {
        m.what = MATCH_NEVER;
    } else if (pathway_set_has(r->watch, scheme, token)) {
        m.what = MATCH_WATCH;
    } else {
        for (size_t i = 0; i < r->n_pathways; i++) {
            if (pathway_set_has(r->pathways[i].match, scheme, token)) {
                m.what = MATCH_PATHWAYS;
                m.pathways |= UINT32_C(1) << i;
                if (pathway_set_has(r->pathways[i].review_first, scheme, token)) {
                    m.review_first |= UINT32_C(1) << i;
                }
            }
        }
    }
    return m;
}

bool settings_reason_missing(const struct org_rules *r, enum reason_scheme scheme, const char *code)
{
    char token[REASON_TEXT];
    return scheme == SCHEME_NONE || (reason_normalise(scheme, code, token) != NULL &&
                                     pathway_set_has(r->unknown, scheme, token));
}
