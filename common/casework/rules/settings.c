/* The document is read by tables of members, in the order of the tables. Organisations come after
 * the defaults, since they begin as a copy of them. The first fault ends the reading, with its
 * place and without its value. */
#include "common/casework/rules/settings.h"

#include <stdlib.h>
#include <string.h>

#include "common/casework/rules/org_rules.h"
#include "common/casework/rules/pathway.h"
#include "common/casework/rules/wording.h"
#include "common/event/category.h"

struct source_rule {
    const char *source;
    const char *const *organisations;
    size_t n;
};

struct settings {
    struct arena *a; /* holds everything, this struct included */
    const char *version;
    struct zone *zone;
    struct retention retention;
    struct source_rule *sources;
    size_t n_sources;
    const char **ignored_categories; /* as category_plain gives them; NULL: the shipped ones */
    size_t n_ignored_categories;
    struct reason_titles titles;
    struct org_rules defaults;
    struct org_rules *organisations; /* sorted by name */
    size_t n_organisations;
};

static enum status read_defaults(struct document *doc, const struct json_path *at,
                                 const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    enum status st = org_rules_defaults(doc, at, v, &s->defaults);
    if (st == STATUS_OK && zone_load(&s->zone, s->defaults.time_zone, NULL) != STATUS_OK) {
        const struct json_path here = {.up = at, .name = "time_zone"};
        st = document_fail(doc, &here, "no such time zone");
    }
    return st;
}

static enum status read_pathways(struct document *doc, const struct json_path *at,
                                 const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    return org_rules_pathways(doc, at, v, &s->defaults);
}

static enum status read_watch(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    const struct code_set *unused;
    return org_rules_codes(doc, at, v, &s->defaults.watch, &unused);
}

static enum status read_never(struct document *doc, const struct json_path *at,
                              const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    const struct code_set *unused;
    return org_rules_codes(doc, at, v, &s->defaults.never, &unused);
}

static enum status read_unknown(struct document *doc, const struct json_path *at,
                                const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    const struct code_set *unused;
    return org_rules_codes(doc, at, v, &s->defaults.unknown, &unused);
}

static enum status read_titles(struct document *doc, const struct json_path *at,
                               const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    return wording_titles(doc, at, v, &s->titles);
}

static enum status read_service(struct document *doc, const struct json_path *at,
                                const struct json *v, const struct member *row, void *target)
{
    (void)row;
    (void)target;
    return wording_service(doc, at, v);
}

static enum status read_urgent(struct document *doc, const struct json_path *at,
                               const struct json *v, const struct member *row, void *target)
{
    (void)row;
    (void)target;
    return wording_urgent(doc, at, v);
}

static enum status read_services(struct document *doc, const struct json_path *at,
                                 const struct json *v, const struct member *row, void *target)
{
    (void)row;
    (void)target;
    return wording_services(doc, at, v);
}

static enum status read_referrals(struct document *doc, const struct json_path *at,
                                  const struct json *v, const struct member *row, void *target)
{
    (void)row;
    (void)target;
    return wording_referrals(doc, at, v);
}

static bool is_name(const char *s)
{
    size_t n = strlen(s);
    return n >= 1 && n <= NAME_BYTES;
}

static enum status read_source(struct document *doc, const struct json_path *at,
                               const struct json *v, struct source_rule *rule)
{
    if (!is_name(json_name(v)) || json_type(v) != JSON_ARRAY) {
        return document_fail(doc, at, "a list of organisations");
    }
    const char **names = arena_array(doc->a, json_count(v), sizeof *names);
    size_t n = 0;
    for (const struct json *e = json_first(v); e != NULL; e = json_next(e), n++) {
        const struct json_path here = {.up = at, .index = n};
        names[n] = json_type(e) == JSON_STRING ? json_string(e) : "";
        if (!is_name(names[n])) {
            return document_fail(doc, &here, "a string of 1 to 100 bytes");
        }
    }
    *rule = (struct source_rule){.source = json_name(v), .organisations = names, .n = n};
    return STATUS_OK;
}

static enum status read_sources(struct document *doc, const struct json_path *at,
                                const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    if (json_type(v) != JSON_OBJECT) {
        return document_fail(doc, at, "must be an object");
    }
    s->sources = arena_array(doc->a, json_count(v), sizeof *s->sources);
    for (const struct json *m = json_first(v); m != NULL; m = json_next(m)) {
        const struct json_path here = {.up = at, .name = json_name(m)};
        enum status st = read_source(doc, &here, m, &s->sources[s->n_sources]);
        if (st != STATUS_OK) {
            return st;
        }
        s->n_sources++;
    }
    return STATUS_OK;
}

static enum status read_ignored_categories(struct document *doc, const struct json_path *at,
                                           const struct json *v, const struct member *row,
                                           void *target)
{
    (void)row;
    struct settings *s = target;
    if (json_type(v) != JSON_ARRAY) {
        return document_fail(doc, at, "must be a list");
    }
    s->ignored_categories = arena_array(doc->a, json_count(v) + 1, sizeof(const char *));
    for (const struct json *e = json_first(v); e != NULL; e = json_next(e)) {
        const struct json_path here = {.up = at, .index = s->n_ignored_categories};
        char text[CATEGORY_TEXT];
        const char *plain =
            json_type(e) == JSON_STRING ? category_plain(json_string(e), text) : NULL;
        if (plain == NULL || plain[0] == '\0') {
            return document_fail(doc, &here, "a string of 1 to 100 bytes");
        }
        if (category_is_sickness(plain)) {
            return document_fail(doc, &here, "sickness is not passed over");
        }
        s->ignored_categories[s->n_ignored_categories++] = arena_strdup(doc->a, plain);
    }
    return STATUS_OK;
}

static int compare_organisations(const void *a, const void *b)
{
    const struct org_rules *x = a, *y = b;
    return strcmp(x->organisation, y->organisation);
}

static enum status read_organisations(struct document *doc, const struct json_path *at,
                                      const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    if (json_type(v) != JSON_OBJECT) {
        return document_fail(doc, at, "must be an object");
    }
    s->organisations = arena_array(doc->a, json_count(v), sizeof *s->organisations);
    for (const struct json *m = json_first(v); m != NULL; m = json_next(m)) {
        const struct json_path here = {.up = at, .name = json_name(m)};
        struct org_rules *r = &s->organisations[s->n_organisations++];
        *r = s->defaults;
        r->organisation = json_name(m);
        if (!is_name(r->organisation)) {
            return document_fail(doc, &here, "a name of 1 to 100 bytes");
        }
        enum status st = org_rules_overrides(doc, &here, m, r);
        if (st != STATUS_OK) {
            return st;
        }
    }
    qsort(s->organisations, s->n_organisations, sizeof *s->organisations, compare_organisations);
    return STATUS_OK;
}

#define AT(member) offsetof(struct retention, member)
static const struct member retention_members[] = {
    {"unmatched_days", true, document_int, AT(unmatched_days), 1, 36500},
    {"matched_days", true, document_int, AT(matched_days), 1, 36500},
    {"contact_details_days", true, document_int, AT(contact_details_days), 1, 36500},
    {"dead_letter_days", true, document_int, AT(dead_letter_days), 1, 36500},
    {"audit_days", true, document_int, AT(audit_days), 1, 36500},
};
#undef AT
enum { N_RETENTION = sizeof retention_members / sizeof retention_members[0] };

/* Data that a period needs must outlive its settling, in every organisation. */
static enum status check_retention(struct document *doc, const struct json_path *at,
                                   const struct settings *s)
{
    int longest = s->defaults.settle_days;
    for (size_t i = 0; i < s->n_organisations; i++) {
        int days = s->organisations[i].settle_days;
        longest = days > longest ? days : longest;
    }
    const struct {
        const char *name;
        int days;
    } kept[] = {{"unmatched_days", s->retention.unmatched_days},
                {"matched_days", s->retention.matched_days},
                {"contact_details_days", s->retention.contact_details_days}};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (kept[i].days < longest) {
            const struct json_path here = {.up = at, .name = kept[i].name};
            return document_fail(doc, &here, "shorter than settle_days");
        }
    }
    return STATUS_OK;
}

/* Comes after the organisations: theirs are among the settle_days it must outlast. */
static enum status read_retention(struct document *doc, const struct json_path *at,
                                  const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    enum status st =
        document_members(doc, at, v, retention_members, N_RETENTION, DOCUMENT_WHOLE, &s->retention);
    s->defaults.unmatched_days = s->retention.unmatched_days;
    for (size_t i = 0; i < s->n_organisations; i++) {
        s->organisations[i].unmatched_days = s->retention.unmatched_days;
    }
    return st == STATUS_OK ? check_retention(doc, at, s) : st;
}

/* In the order they are read: organisations copy the defaults, pathways and lists included. */
static const struct member settings_members[] = {
    {"version", true, document_string, offsetof(struct settings, version), 1, NAME_BYTES},
    {"defaults", true, read_defaults, 0, 0, 0},
    {"pathways", true, read_pathways, 0, 0, 0},
    {"watch", true, read_watch, 0, 0, 0},
    {"never", true, read_never, 0, 0, 0},
    {"unknown_reasons", false, read_unknown, 0, 0, 0},
    {"sources", true, read_sources, 0, 0, 0},
    {"ignored_categories", false, read_ignored_categories, 0, 0, 0},
    {"reason_titles", false, read_titles, 0, 0, 0},
    {"service", false, read_service, 0, 0, 0},
    {"urgent", false, read_urgent, 0, 0, 0},
    {"services", false, read_services, 0, 0, 0},
    {"referrals", false, read_referrals, 0, 0, 0},
    {"organisations", true, read_organisations, 0, 0, 0},
    {"retention", true, read_retention, 0, 0, 0},
};
enum { N_SETTINGS = sizeof settings_members / sizeof settings_members[0] };

/* unknown_reasons where the document has none: "Unknown causes / Not specified". */
static const struct code_set *shipped_unknown(struct arena *a)
{
    struct code_set *set = pathway_set_new(a, 1);
    (void)pathway_set_add(set, SCHEME_ESR, "S99", a);
    pathway_set_sort(set);
    return set;
}

enum status settings_parse(struct settings **out, const char *text, size_t len, struct err *err)
{
    struct arena *a = arena_new(1 << 16);
    struct settings *s = arena_zalloc(a, sizeof *s);
    s->a = a;
    s->titles = wording_shipped_titles;
    s->defaults.unknown = shipped_unknown(a);
    struct document doc = {.a = a, .err = err};
    const struct json_path root = {.name = ""};
    const struct json *v;
    enum status st = document_parse(&doc, text, len, &v);
    if (st == STATUS_OK) {
        st = document_members(&doc, &root, v, settings_members, N_SETTINGS, DOCUMENT_WHOLE, s);
    }
    if (st != STATUS_OK) {
        settings_free(s);
        return st;
    }
    *out = s;
    return STATUS_OK;
}

void settings_free(struct settings *s)
{
    if (s != NULL) {
        zone_free(s->zone);
        arena_free(s->a);
    }
}

const char *settings_version(const struct settings *s)
{
    return s->version;
}

const struct zone *settings_zone(const struct settings *s)
{
    return s->zone;
}

const struct retention *settings_retention(const struct settings *s)
{
    return &s->retention;
}

const struct org_rules *settings_for(const struct settings *s, const char *organisation)
{
    size_t low = 0, high = s->n_organisations;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(organisation, s->organisations[middle].organisation);
        if (order == 0) {
            return &s->organisations[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return &s->defaults;
}

const char *settings_reason_title(const struct settings *s, enum reason_scheme scheme,
                                  const char *code)
{
    return wording_title(&s->titles, scheme, code);
}

bool settings_source_allowed(const void *settings, const char *source, const char *organisation)
{
    const struct settings *s = settings;
    for (size_t i = 0; i < s->n_sources; i++) {
        if (strcmp(s->sources[i].source, source) == 0) {
            for (size_t k = 0; k < s->sources[i].n; k++) {
                if (strcmp(s->sources[i].organisations[k], organisation) == 0) {
                    return true;
                }
            }
            return false;
        }
    }
    return s->n_sources == 0;
}

bool settings_any_source(const struct settings *s)
{
    return s->n_sources == 0;
}

static bool category_ignored(const void *settings, const char *plain)
{
    const struct settings *s = settings;
    if (s->ignored_categories == NULL) {
        return category_is_ignored(plain);
    }
    for (size_t i = 0; i < s->n_ignored_categories; i++) {
        if (strcmp(s->ignored_categories[i], plain) == 0) {
            return true;
        }
    }
    return false;
}

struct inbound_limits settings_limits(const struct settings *s, size_t max_bytes)
{
    return (struct inbound_limits){.max_bytes = max_bytes,
                                   .source_allowed = settings_source_allowed,
                                   .category_ignored = category_ignored,
                                   .arg = s};
}
