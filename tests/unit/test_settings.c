/* The settings document: what is taken, what is refused and where, what comes of it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(settings, .fini = leakcheck);

static char *read_data(const char *name, size_t *len)
{
    char path[400];
    snprintf(path, sizeof path, TEST_DATA "/settings/%s", name);
    FILE *f = fopen(path, "rb");
    cr_assert_not_null(f, "%s", path);
    char *text = malloc(1 << 20);
    *len = fread(text, 1, 1 << 20, f);
    cr_assert_lt(*len, 1u << 20);
    fclose(f);
    return text;
}

static void check_document(const char *file, bool good, const char *at)
{
    size_t len;
    char *text = read_data(file, &len);
    struct settings *s = NULL;
    struct err err = {0};
    enum status st = settings_parse(&s, text, len, &err);
    free(text);
    cr_assert_eq(st, good ? STATUS_OK : STATUS_REJECT, "%s: %s", file, err.text);
    if (!good) {
        cr_assert_null(s, "nothing is given for a bad document");
        cr_assert_eq(strncmp(err.text, at, strlen(at)), 0, "%s: %s", file, err.text);
    }
    settings_free(s);
}

/* */
Test(settings, every_document_of_the_corpus)
{
    size_t len, n = 0;
    char *text = read_data("manifest.json", &len);
    struct arena *a = arena_new(1 << 16);
    const struct json *list;
    char path[JSON_PATH];
    cr_assert_eq(json_parse(text, len, a, &list, path), JSON_FINE);
    for (const struct json *e = json_first(list); e != NULL; e = json_next(e), n++) {
        check_document(json_string(json_member(e, "file")),
                       strcmp(json_string(json_member(e, "verdict")), "good") == 0,
                       json_string(json_member(e, "at")));
    }
    cr_assert_gt(n, 50);
    arena_free(a);
    free(text);
}

struct edit {
    const char *from, *to, *fault; /* NULL: taken */
};

/* */
Test(settings, faults_name_the_place_and_never_the_value)
{
    const struct edit rows[] = {
        {"\"review_days\": [42, 91]", "\"review_days\": [42, 42]",
         "defaults.review_days: days from 1 to 3650, each once"},
        {"\"review_days\": [42, 91]",
         "\"review_days\": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]",
         "defaults.review_days: a list of at most 16 days"},
        {"\"review_days\": [42, 91]", "\"review_days\": []", NULL},
        {"\"mon\", \"tue\"", "\"mon\", \"mon\"",
         "defaults.service_days: mon, tue, wed, thu, fri, sat, sun, each once"},
        {"\"off\": []", "\"off\": [\"contact.overdue\", \"contact.overdue\"]",
         "defaults.off: kinds of events, each once"},
        {"\"off\": []", "\"off\": [7]", "defaults.off: kinds of events, each once"},
        {"\"live_from\": null", "\"live_from\": \"2026-02-30\"",
         "defaults.live_from: a real date, YYYY-MM-DD"},
        {"\"join_days\": 7", "\"join_days\": 7.0",
         "defaults.join_days: a whole number from 0 to 3650"},
        {"\"join_days\": 7", "\"join_days\": 3651",
         "defaults.join_days: a whole number from 0 to 3650"},
        {"\"msk\": {\n      \"queue\"", "\"Secret\": {\n      \"queue\"",
         "pathways.Secret: a name of a-z, 0-9, _ and -"},
        {"\"M80\"", "\"M8x\"",
         "pathways.msk.codes.1.review_first.2: an ICD-10 code is a capital, "
         "two digits and at most two more"},
        {"\"928000\"", "\"0928000\"",
         "pathways.msk.codes.2.match.0: a SNOMED CT code is 6 to 18 digits, as text"},
        {"\"SC1\": {", "\"SC1\": {\"settle_days\": 121, ",
         "retention.unmatched_days: shorter than settle_days"},
        {"\"SC1\": {", "\"SC1\": {\"live_from\": null, \"closures\": [\"2026-12-24\"], ", NULL},
        {"\"long_term_day\": 29", "\"long_term_day\": 21",
         "organisations.SC1.long_term_approaching_day: must come before long_term_day"},
        {"\"contact_day_basis\": \"working\"", "\"codes\": []",
         "organisations.SC1.pathways.msk.codes: no such member"},
        {"\"sources\": {}", "\"sources\": {\"/hr/x\": [7]}",
         "sources./hr/x.0: a string of 1 to 100 bytes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene *sc = scene_open("RW3");
        char *at = strstr(sc->document, rows[i].from);
        cr_assert_not_null(at, "%s", rows[i].from);
        char *text = arena_printf(sc->a, "%.*s%s%s", (int)(at - sc->document), sc->document,
                                  rows[i].to, at + strlen(rows[i].from));
        struct settings *s = NULL;
        struct err err = {0};
        enum status st = settings_parse(&s, text, strlen(text), &err);
        cr_assert_eq(st, rows[i].fault == NULL ? STATUS_OK : STATUS_REJECT, "%s: %s", rows[i].to,
                     err.text);
        if (rows[i].fault != NULL) {
            cr_assert_str_eq(err.text, rows[i].fault);
        }
        settings_free(s);
        scene_close(sc);
    }
}

/* */
Test(settings, names_cannot_break_a_log_line)
{
    struct err err = {0};
    struct settings *s = NULL;
    const char *text = "{\"ver\\nsion\\u001b\": 1}";
    cr_assert_eq(settings_parse(&s, text, strlen(text), &err), STATUS_REJECT);
    cr_assert_str_eq(err.text, "ver?sion?: no such member");
}

/* */
Test(settings, the_shipped_document)
{
    struct scene *sc = scene_open("RW3");
    const struct org_rules *r = sc->rules.org;
    cr_assert_str_eq(settings_version(sc->settings), "2026-1");
    cr_assert_str_eq(zone_name(settings_zone(sc->settings)), "Europe/London");
    cr_assert_null(r->organisation);
    cr_assert_eq(r->division, DIVISION_ENGLAND_AND_WALES);
    cr_assert_eq(r->service_days, 0x1f);
    cr_assert(date_is_none(r->live_from));
    cr_assert_eq(r->n_pathways, 2);
    cr_assert_str_eq(r->pathways[0].name, "msk");
    cr_assert_str_eq(r->pathways[0].queue, "physiotherapy");
    cr_assert_eq(r->pathways[0].contact_target_days, 4);
    cr_assert_eq(r->pathways[0].basis, BASIS_CALENDAR);
    cr_assert_str_eq(r->pathways[1].queue, "mental-health");
    cr_assert_eq(r->long_term_day, 28);
    cr_assert_eq(r->link_days, 56);
    cr_assert_eq(r->join_days, 7);
    cr_assert_eq(r->settle_days, 120);
    cr_assert_eq(r->n_review_days, 2);
    cr_assert_eq(r->off, 0);
    cr_assert_eq(settings_retention(sc->settings)->matched_days, 2555);
    scene_close(sc);
}

/* */
Test(settings, an_organisation_has_the_rest_from_the_defaults)
{
    struct scene *sc = scene_open("SC1");
    const struct org_rules *r = sc->rules.org;
    cr_assert_str_eq(r->organisation, "SC1");
    cr_assert_eq(r->division, DIVISION_SCOTLAND);
    cr_assert_eq(r->long_term_day, 29);
    cr_assert_eq(r->long_term_approaching_day, 21);
    cr_assert_eq(r->pathways[0].basis, BASIS_WORKING);
    cr_assert_eq(r->pathways[0].contact_target_days, 4);
    cr_assert_eq(r->pathways[1].basis, BASIS_CALENDAR);
    cr_assert_eq(settings_match(r, SCHEME_ESR, "S12").pathways, 1);
    cr_assert_null(settings_for(sc->settings, "SC2")->organisation);
    scene_settings(sc, "\"SC1\": {", "\"AA\": {}, \"ZZ\": {\"review_days\": [30]}, \"SC1\": {");
    cr_assert_eq(settings_for(sc->settings, "ZZ")->n_review_days, 1);
    cr_assert_eq(settings_for(sc->settings, "ZZ")->review_days[0], 30);
    cr_assert_eq(settings_for(sc->settings, "AA")->n_review_days, 2);
    cr_assert_str_eq(settings_for(sc->settings, "SC1")->organisation, "SC1");
    scene_close(sc);
}

/* */
Test(settings, sources)
{
    struct scene *sc = scene_open("RW3");
    cr_assert(settings_source_allowed(sc->settings, "/anything", "RW3"));
    scene_settings(sc, "\"sources\": {}",
                   "\"sources\": {\"/hr/RW3\": [\"RW3\"], \"/hr/shared\": [\"RW3\", \"SC1\"]}");
    cr_assert(settings_source_allowed(sc->settings, "/hr/RW3", "RW3"));
    cr_assert_not(settings_source_allowed(sc->settings, "/hr/RW3", "SC1"));
    cr_assert(settings_source_allowed(sc->settings, "/hr/shared", "SC1"));
    cr_assert_not(settings_source_allowed(sc->settings, "/hr/other", "RW3"));
    scene_close(sc);
}

/* */
Test(settings, names_of_kinds_and_divisions)
{
    for (int k = 0; k < KIND_COUNT; k++) {
        enum event_kind parsed;
        cr_assert(event_kind_parse(event_kind_name((enum event_kind)k), &parsed));
        cr_assert_eq(parsed, (enum event_kind)k);
    }
    enum event_kind none;
    cr_assert_not(event_kind_parse("", &none));
    cr_assert_eq(event_kind_subject(KIND_REASON_MISSING), SUBJECT_PERIOD);
    cr_assert_eq(event_kind_audience(KIND_REASON_MISSING), AUDIENCE_OH);
    cr_assert_eq(event_kind_audience(KIND_FEED_SILENT), AUDIENCE_OH);
    cr_assert_eq(event_kind_audience(KIND_RETURNED), AUDIENCE_HR);
    for (int d = 0; d < DIVISION_COUNT; d++) {
        enum division parsed;
        cr_assert(division_parse(division_name((enum division)d), &parsed));
        cr_assert_eq(parsed, (enum division)d);
    }
    enum contact_outcome o;
    cr_assert(contact_outcome_parse("declined", &o));
    cr_assert_eq(o, OUTCOME_DECLINED);
    cr_assert_not(contact_outcome_parse("", &o));
}
