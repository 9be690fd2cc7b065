/* Tables of members: of a list of codes, of a pathway, of an organisation. Two of them serve
 * defaults and overrides alike. So a row that one of these cannot have stands first or last, and is
 * left out by its place. Rules between members are checked once all are read. */
#include "common/casework/rules/org_rules.h"

#include <stdlib.h>
#include <string.h>

#include "common/casework/rules/pathway.h"

/* "" for anything but a string: then no name in a list matches it. */
static const char *text_of(const struct json *v)
{
    return json_type(v) == JSON_STRING ? json_string(v) : "";
}

/* The bit of a word in a list of words; -1 when it is none of them. */
static int word_index(const char *const *words, int n, const char *word)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(words[i], word) == 0) {
            return i;
        }
    }
    return -1;
}

static enum status read_division(struct document *doc, const struct json_path *at,
                                 const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct org_rules *r = target;
    return division_parse(text_of(v), &r->division)
               ? STATUS_OK
               : document_fail(doc, at, "england-and-wales, scotland or northern-ireland");
}

static enum status read_service_days(struct document *doc, const struct json_path *at,
                                     const struct json *v, const struct member *row, void *target)
{
    (void)row;
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    struct org_rules *r = target;
    unsigned bits = 0;
    if (json_type(v) == JSON_ARRAY) {
        for (const struct json *e = json_first(v); e != NULL; e = json_next(e)) {
            int day = word_index(days, 7, text_of(e));
            if (day < 0 || (bits & (1u << day)) != 0) {
                return document_fail(doc, at, "mon, tue, wed, thu, fri, sat, sun, each once");
            }
            bits |= 1u << day;
        }
    }
    if (bits == 0) {
        return document_fail(doc, at, "a list of at least one day");
    }
    r->service_days = bits;
    return STATUS_OK;
}

static int compare_dates(const void *a, const void *b)
{
    const struct date *x = a, *y = b;
    return (x->days > y->days) - (x->days < y->days);
}

static enum status read_closures(struct document *doc, const struct json_path *at,
                                 const struct json *v, const struct member *row, void *target)
{
    (void)row;
    if (json_type(v) != JSON_ARRAY) {
        return document_fail(doc, at, "must be a list");
    }
    static const struct member element = {.required = true, .min = 1};
    struct org_rules *r = target;
    struct date *days = arena_array(doc->a, json_count(v), sizeof *days);
    size_t n = 0;
    for (const struct json *e = json_first(v); e != NULL; e = json_next(e), n++) {
        const struct json_path here = {.up = at, .index = n};
        enum status s = document_date(doc, &here, e, &element, &days[n]);
        if (s != STATUS_OK) {
            return s;
        }
    }
    qsort(days, n, sizeof *days, compare_dates);
    r->closures = days;
    r->n_closures = n;
    return STATUS_OK;
}

static bool has_day(const struct org_rules *r, int64_t day)
{
    for (size_t i = 0; i < r->n_review_days; i++) {
        if (r->review_days[i] == day) {
            return true;
        }
    }
    return false;
}

static enum status read_review_days(struct document *doc, const struct json_path *at,
                                    const struct json *v, const struct member *row, void *target)
{
    struct org_rules *r = target;
    r->n_review_days = 0; /* an organisation's list replaces the one of the defaults */
    if (json_type(v) != JSON_ARRAY || json_count(v) > REVIEW_DAYS_MAX) {
        return document_fail(doc, at, "a list of at most 16 days");
    }
    for (const struct json *e = json_first(v); e != NULL; e = json_next(e)) {
        int64_t day;
        if (json_type(e) != JSON_NUMBER || !json_int(e, row->min, row->max, &day) ||
            has_day(r, day)) {
            return document_fail(doc, at, "days from 1 to 3650, each once");
        }
        r->review_days[r->n_review_days++] = (int)day;
    }
    return STATUS_OK;
}

static enum status read_off(struct document *doc, const struct json_path *at, const struct json *v,
                            const struct member *row, void *target)
{
    (void)row;
    struct org_rules *r = target;
    if (json_type(v) != JSON_ARRAY) {
        return document_fail(doc, at, "must be a list");
    }
    uint64_t bits = 0;
    for (const struct json *e = json_first(v); e != NULL; e = json_next(e)) {
        enum event_kind k;
        if (!event_kind_parse(text_of(e), &k) || (bits & (UINT64_C(1) << k)) != 0) {
            return document_fail(doc, at, "kinds of events, each once");
        }
        bits |= UINT64_C(1) << k;
    }
    r->off_list = bits;
    return STATUS_OK;
}

static enum status read_ask_reasons(struct document *doc, const struct json_path *at,
                                    const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct org_rules *r = target;
    if (json_type(v) != JSON_BOOL) {
        return document_fail(doc, at, "true or false");
    }
    r->ask_reasons = json_bool(v);
    return STATUS_OK;
}

static enum status read_basis(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    (void)row;
    static const char *const words[] = {"calendar", "working"};
    struct pathway_rules *p = target;
    int basis = word_index(words, 2, text_of(v));
    if (basis < 0) {
        return document_fail(doc, at, "calendar or working");
    }
    p->basis = (enum day_basis)basis;
    return STATUS_OK;
}

static enum reason_scheme scheme_of(const char *name)
{
    static const enum reason_scheme all[] = {SCHEME_ESR, SCHEME_ICD10, SCHEME_SNOMED, SCHEME_TEXT};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(reason_scheme_name(all[i]), name) == 0) {
            return all[i];
        }
    }
    return SCHEME_NONE;
}

/* Reads a list of codes: {"scheme": …, "match": […], "review_first": […]}. */
struct code_list {
    enum reason_scheme scheme;
    struct code_set *match, *review_first;
};

static enum status read_scheme(struct document *doc, const struct json_path *at,
                               const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct code_list *list = target;
    list->scheme = scheme_of(text_of(v));
    return list->scheme != SCHEME_NONE ? STATUS_OK
                                       : document_fail(doc, at, "esr, icd10, snomed or text");
}

static enum status read_codes(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    const struct code_list *list = target;
    struct code_set *set = row->required ? list->match : list->review_first;
    if (json_type(v) != JSON_ARRAY || (row->required && json_count(v) == 0)) {
        return document_fail(doc, at, "a list of codes");
    }
    size_t n = 0;
    for (const struct json *e = json_first(v); e != NULL; e = json_next(e), n++) {
        const struct json_path here = {.up = at, .index = n};
        const char *fault = json_type(e) == JSON_STRING
                                ? pathway_set_add(set, list->scheme, json_string(e), doc->a)
                                : "must be a string";
        if (fault != NULL) {
            return document_fail(doc, &here, fault);
        }
    }
    return STATUS_OK;
}

static const struct member code_list_members[] = {
    {.name = "scheme", .required = true, .read = read_scheme},
    {.name = "match", .required = true, .read = read_codes},
    {.name = "review_first", .read = read_codes},
};

enum { N_CODE_LIST = sizeof code_list_members / sizeof code_list_members[0] };

/* The longest that any set made of these lists can be. */
static size_t count_codes(const struct json *lists)
{
    size_t n = 0;
    for (const struct json *l = json_first(lists); l != NULL; l = json_next(l)) {
        n += json_count(json_member(l, "match")) + json_count(json_member(l, "review_first"));
    }
    return n;
}

enum status org_rules_codes(struct document *doc, const struct json_path *at, const struct json *v,
                            const struct code_set **match, const struct code_set **review_first)
{
    if (json_type(v) != JSON_ARRAY) {
        return document_fail(doc, at, "a list of code lists");
    }
    size_t n = 0, capacity = count_codes(v);
    struct code_set *m = pathway_set_new(doc->a, capacity);
    struct code_set *first = pathway_set_new(doc->a, capacity);
    for (const struct json *e = json_first(v); e != NULL; e = json_next(e), n++) {
        const struct json_path here = {.up = at, .index = n};
        struct code_list list = {SCHEME_NONE, m, first};
        enum status s =
            document_members(doc, &here, e, code_list_members, N_CODE_LIST, DOCUMENT_WHOLE, &list);
        if (s != STATUS_OK) {
            return s;
        }
    }
    pathway_set_sort(m);
    pathway_set_sort(first);
    *match = m;
    *review_first = first;
    return STATUS_OK;
}

static enum status read_pathway_codes(struct document *doc, const struct json_path *at,
                                      const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct pathway_rules *p = target;
    if (json_count(v) == 0) {
        return document_fail(doc, at, "at least one list of codes");
    }
    return org_rules_codes(doc, at, v, &p->match, &p->review_first);
}

/* codes comes last: it is all that an organisation cannot have otherwise. */
#define AT(member) offsetof(struct pathway_rules, member)
static const struct member pathway_members[] = {
    {"queue", true, document_string, AT(queue), 1, NAME_BYTES},
    {"contact_target_days", true, document_int, AT(contact_target_days), 1, 365},
    {"contact_day_basis", true, read_basis, 0, 0, 0},
    {"onset_is_day", true, document_int, AT(onset_is_day), 0, 1},
    {"codes", true, read_pathway_codes, 0, 0, 0},
};
#undef AT
enum { N_PATHWAY = sizeof pathway_members / sizeof pathway_members[0] };

static bool is_pathway_name(const char *s)
{
    size_t n = strlen(s);
    return n >= 1 && n <= 32 && s[0] >= 'a' && s[0] <= 'z' &&
           strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

enum status org_rules_pathways(struct document *doc, const struct json_path *at,
                               const struct json *v, struct org_rules *r)
{
    if (json_type(v) != JSON_OBJECT || json_count(v) == 0 || json_count(v) > PATHWAYS_MAX) {
        return document_fail(doc, at, "an object of 1 to 16 pathways");
    }
    for (const struct json *m = json_first(v); m != NULL; m = json_next(m)) {
        const struct json_path here = {.up = at, .name = json_name(m)};
        if (!is_pathway_name(json_name(m))) {
            return document_fail(doc, &here, "a name of a-z, 0-9, _ and -");
        }
        struct pathway_rules *p = &r->pathways[r->n_pathways++];
        p->name = json_name(m);
        enum status st =
            document_members(doc, &here, m, pathway_members, N_PATHWAY, DOCUMENT_WHOLE, p);
        if (st != STATUS_OK) {
            return st;
        }
    }
    return STATUS_OK;
}

/* The organisation's own values for pathways that exist. */
static enum status read_overrides(struct document *doc, const struct json_path *at,
                                  const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct org_rules *r = target;
    if (json_type(v) != JSON_OBJECT) {
        return document_fail(doc, at, "must be an object");
    }
    for (const struct json *m = json_first(v); m != NULL; m = json_next(m)) {
        const struct json_path here = {.up = at, .name = json_name(m)};
        size_t i = 0;
        while (i < r->n_pathways && strcmp(r->pathways[i].name, json_name(m)) != 0) {
            i++;
        }
        if (i == r->n_pathways) {
            return document_fail(doc, &here, "no such pathway");
        }
        enum status s = document_members(doc, &here, m, pathway_members, N_PATHWAY - 1,
                                         DOCUMENT_OVERRIDES, &r->pathways[i]);
        if (s != STATUS_OK) {
            return s;
        }
    }
    return STATUS_OK;
}

#define AT(member) offsetof(struct org_rules, member)
/* The defaults have all but the last, an organisation all but the first. */
static const struct member org_members[] = {
    {"time_zone", true, document_string, AT(time_zone), 1, NAME_BYTES},
    {"division", true, read_division, 0, 0, 0},
    {"service_days", true, read_service_days, 0, 0, 0},
    {"closures", true, read_closures, 0, 0, 0},
    {"live_from", true, document_date, AT(live_from), 0, 0},
    {"long_term_day", true, document_int, AT(long_term_day), 1, 3650},
    {"long_term_approaching_day", true, document_int, AT(long_term_approaching_day), 1, 3650},
    {"review_days", true, read_review_days, 0, 1, 3650},
    {"link_days", true, document_int, AT(link_days), 0, 3650},
    {"join_days", true, document_int, AT(join_days), 0, 3650},
    {"follow_up_days", true, document_int, AT(follow_up_days), 1, 3650},
    {"feed_silent_hours", true, document_int, AT(feed_silent_hours), 1, 8760},
    {"prompt_days", true, document_int, AT(prompt_days), 0, 3650},
    {"settle_days", true, document_int, AT(settle_days), 0, 3650},
    {"off", true, read_off, 0, 0, 0},
    {"ask_reasons", false, read_ask_reasons, 0, 0, 0},
    {"pathways", false, read_overrides, 0, 0, 0},
};
#undef AT
enum { N_ORG = sizeof org_members / sizeof org_members[0] };

static enum status check_long_term(struct document *doc, const struct json_path *at,
                                   const struct org_rules *r)
{
    const struct json_path here = {.up = at, .name = "long_term_approaching_day"};
    return r->long_term_approaching_day < r->long_term_day
               ? STATUS_OK
               : document_fail(doc, &here, "must come before long_term_day");
}

/* Once all members are read: two of them say what is not emitted. */
static void put_off(struct org_rules *r)
{
    r->off = r->off_list | (r->ask_reasons ? 0 : UINT64_C(1) << KIND_REASON_DUE);
}

enum status org_rules_defaults(struct document *doc, const struct json_path *at,
                               const struct json *v, struct org_rules *r)
{
    enum status s = document_members(doc, at, v, org_members, N_ORG - 1, DOCUMENT_WHOLE, r);
    put_off(r);
    return s == STATUS_OK ? check_long_term(doc, at, r) : s;
}

enum status org_rules_overrides(struct document *doc, const struct json_path *at,
                                const struct json *v, struct org_rules *r)
{
    enum status s = document_members(doc, at, v, org_members + 1, N_ORG - 1, DOCUMENT_OVERRIDES, r);
    put_off(r);
    return s == STATUS_OK ? check_long_term(doc, at, r) : s;
}
