#include "common/casework/settings.h"

#include <stdlib.h>
#include <string.h>

#include "common/casework/org_rules.h"

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
    struct org_rules defaults;
    struct org_rules *organisations; /* sorted by name */
    size_t n_organisations;
};

static const char *const division_names[DIVISION_COUNT] = {"england-and-wales", "scotland",
                                                           "northern-ireland"};

const char *division_name(enum division d)
{
    return division_names[d];
}

bool division_parse(const char *name, enum division *out)
{
    for (int d = 0; d < DIVISION_COUNT; d++) {
        if (strcmp(division_names[d], name) == 0) {
            *out = (enum division)d;
            return true;
        }
    }
    return false;
}

static enum status read_defaults(struct document *doc, const struct place *at, const struct json *v,
                                 const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    enum status st = org_rules_defaults(doc, at, v, &s->defaults);
    if (st == STATUS_OK && zone_load(&s->zone, s->defaults.time_zone, NULL) != STATUS_OK) {
        const struct place here = {.up = at, .name = "time_zone"};
        st = document_fail(doc, &here, "no such time zone");
    }
    return st;
}

static enum status read_pathways(struct document *doc, const struct place *at, const struct json *v,
                                 const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    return org_rules_pathways(doc, at, v, &s->defaults);
}

static enum status read_watch(struct document *doc, const struct place *at, const struct json *v,
                              const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    const struct code_set *unused;
    return org_rules_codes(doc, at, v, &s->defaults.watch, &unused);
}

static enum status read_never(struct document *doc, const struct place *at, const struct json *v,
                              const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    const struct code_set *unused;
    return org_rules_codes(doc, at, v, &s->defaults.never, &unused);
}

static bool is_name(const char *s)
{
    size_t n = strlen(s);
    return n >= 1 && n <= NAME_BYTES;
}

static enum status read_source(struct document *doc, const struct place *at, const struct json *v,
                               struct source_rule *rule)
{
    if (!is_name(json_name(v)) || json_type(v) != JSON_ARRAY) {
        return document_fail(doc, at, "a list of organisations");
    }
    const char **names = arena_array(doc->a, json_count(v), sizeof *names);
    size_t n = 0;
    for (const struct json *e = json_first(v); e != NULL; e = json_next(e), n++) {
        const struct place here = {.up = at, .index = n};
        names[n] = json_type(e) == JSON_STRING ? json_string(e) : "";
        if (!is_name(names[n])) {
            return document_fail(doc, &here, "a string of 1 to 100 bytes");
        }
    }
    *rule = (struct source_rule){.source = json_name(v), .organisations = names, .n = n};
    return STATUS_OK;
}

static enum status read_sources(struct document *doc, const struct place *at, const struct json *v,
                                const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    if (json_type(v) != JSON_OBJECT) {
        return document_fail(doc, at, "must be an object");
    }
    s->sources = arena_array(doc->a, json_count(v), sizeof *s->sources);
    for (const struct json *m = json_first(v); m != NULL; m = json_next(m)) {
        const struct place here = {.up = at, .name = json_name(m)};
        enum status st = read_source(doc, &here, m, &s->sources[s->n_sources]);
        if (st != STATUS_OK) {
            return st;
        }
        s->n_sources++;
    }
    return STATUS_OK;
}

static int compare_organisations(const void *a, const void *b)
{
    const struct org_rules *x = a, *y = b;
    return strcmp(x->organisation, y->organisation);
}

static enum status read_organisations(struct document *doc, const struct place *at,
                                      const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    if (json_type(v) != JSON_OBJECT) {
        return document_fail(doc, at, "must be an object");
    }
    s->organisations = arena_array(doc->a, json_count(v), sizeof *s->organisations);
    for (const struct json *m = json_first(v); m != NULL; m = json_next(m)) {
        const struct place here = {.up = at, .name = json_name(m)};
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

/* What a period needs must outlive its settling, in every organisation. */
static enum status check_retention(struct document *doc, const struct place *at,
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
            const struct place here = {.up = at, .name = kept[i].name};
            return document_fail(doc, &here, "shorter than settle_days");
        }
    }
    return STATUS_OK;
}

/* Comes after the organisations: theirs are among the settle_days it must outlast. */
static enum status read_retention(struct document *doc, const struct place *at,
                                  const struct json *v, const struct member *row, void *target)
{
    (void)row;
    struct settings *s = target;
    enum status st =
        document_members(doc, at, v, retention_members, N_RETENTION, DOCUMENT_WHOLE, &s->retention);
    return st == STATUS_OK ? check_retention(doc, at, s) : st;
}

/* In the order they are read: organisations copy the defaults, pathways and lists included. */
static const struct member settings_members[] = {
    {"version", true, document_string, offsetof(struct settings, version), 1, NAME_BYTES},
    {"defaults", true, read_defaults, 0, 0, 0},
    {"pathways", true, read_pathways, 0, 0, 0},
    {"watch", true, read_watch, 0, 0, 0},
    {"never", true, read_never, 0, 0, 0},
    {"sources", true, read_sources, 0, 0, 0},
    {"organisations", true, read_organisations, 0, 0, 0},
    {"retention", true, read_retention, 0, 0, 0},
};
enum { N_SETTINGS = sizeof settings_members / sizeof settings_members[0] };

enum status settings_parse(struct settings **out, const char *text, size_t len, struct err *err)
{
    struct arena *a = arena_new(1 << 16);
    struct settings *s = arena_zalloc(a, sizeof *s);
    s->a = a;
    struct document doc = {.a = a, .err = err};
    const struct place root = {.name = ""};
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
