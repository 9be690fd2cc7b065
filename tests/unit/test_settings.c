/* The settings document: what is taken, what is refused and where, what comes of it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/json.h"
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

/* The document of the scene with one edit each. */
static void check_edits_of(struct scene *sc, const struct edit *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
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
    }
}

static void check_edits(const struct edit *rows, size_t n)
{
    struct scene *sc = scene_open("RW3");
    check_edits_of(sc, rows, n);
    scene_close(sc);
}

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
    check_edits(rows, sizeof rows / sizeof rows[0]);
}

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define PATHWAY(name) "\"" name "\": {}, "

/* */
Test(settings, members_of_the_wrong_type)
{
    const struct edit rows[] = {
        {"\"2026-1\"", "\"\"", "version: a string of 1 to 100 bytes"},
        {"\"2026-1\"", "\"" HUNDRED "\"", NULL},
        {"\"2026-1\"", "\"" HUNDRED "1\"", "version: a string of 1 to 100 bytes"},
        {"[\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]", "\"mon\"",
         "defaults.service_days: a list of at least one day"},
        {"\"closures\": []", "\"closures\": {}", "defaults.closures: must be a list"},
        {"\"closures\": []", "\"closures\": [null]",
         "defaults.closures.0: a real date, YYYY-MM-DD"},
        {"\"review_days\": [42, 91]", "\"review_days\": [42, \"91\"]",
         "defaults.review_days: days from 1 to 3650, each once"},
        {"\"review_days\": [42, 91]", "\"review_days\": [42, 0]",
         "defaults.review_days: days from 1 to 3650, each once"},
        {"\"off\": []", "\"off\": {}", "defaults.off: must be a list"},
        {"\"match\": [\"S11\", \"S12\"]", "\"match\": {\"S11\": 1}",
         "pathways.msk.codes.0.match: a list of codes"},
        {"\"sources\": {}", "\"sources\": []", "sources: must be an object"},
        {"\"sources\": {}", "\"sources\": {\"/hr/x\": {}}",
         "sources./hr/x: a list of organisations"},
        {"\"sources\": {}", "\"sources\": {\"\": []}", "sources.: a list of organisations"},
        {"{ \"msk\": { \"contact_day_basis\": \"working\" } }", "7",
         "organisations.SC1.pathways: must be an object"},
        {"\"organisations\": {", "\"organisations\": {\"\": {}, ",
         "organisations.: a name of 1 to 100 bytes"},
        {"\"organisations\": {", "\"organisations\": {\"" HUNDRED "\": {}, ", NULL},
    };
    check_edits(rows, sizeof rows / sizeof rows[0]);
}

/* */
Test(settings, names_of_pathways)
{
    static const char fault[] = "a name of a-z, 0-9, _ and -";
    const struct {
        const char *name;
        bool good;
    } rows[] = {{"a", true},
                {"m-s_k9", true},
                {"", false},
                {"~sk", false},
                {"9sk", false},
                {"-sk", false},
                {"m.k", false},
                {"mSk", false},
                {"m k", false},
                {TEN TEN, false},
                {"a" TEN TEN TEN "1", true},
                {"a" TEN TEN TEN "12", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char to[100], expected[100];
        snprintf(to, sizeof to, "\"%s\": {\n      \"queue\"", rows[i].name);
        snprintf(expected, sizeof expected, "pathways.%s: %s", rows[i].name, fault);
        for (char *p = expected; *p != ':'; p++) {
            *p = *p == ' ' ? '?' : *p;
        }
        /* Where the name is good, the organisation's own rules of msk are the next fault. */
        const struct edit edit = {"\"msk\": {\n      \"queue\"", to,
                                  rows[i].good ? "organisations.SC1.pathways.msk: no such pathway"
                                               : expected};
        check_edits(&edit, 1);
    }
}

/* The new text of the member in the first column of the document. */
static void check_member(const char *name, const char *json, const char *fault)
{
    struct scene *sc = scene_open("RW3");
    const char *begin = strstr(sc->document, arena_printf(sc->a, "\n  \"%s\": {", name));
    cr_assert_not_null(begin);
    const char *end = strstr(begin, "\n  }");
    const struct edit edit = {arena_strndup(sc->a, begin, (size_t)(end + 4 - begin)),
                              arena_printf(sc->a, "\n  \"%s\": %s", name, json), fault};
    check_edits(&edit, 1);
    scene_close(sc);
}

/* */
Test(settings, as_many_pathways_as_fit)
{
    static const char fault[] = "pathways: an object of 1 to 16 pathways";
#define EIGHT(x)                                                                                   \
    PATHWAY(x "0")                                                                                 \
    PATHWAY(x "1")                                                                                 \
    PATHWAY(x "2") PATHWAY(x "3") PATHWAY(x "4") PATHWAY(x "5") PATHWAY(x "6") PATHWAY(x "7")
    check_member("pathways", "7", fault);
    check_member("pathways", "{}", fault);
    check_member("pathways", "{" EIGHT("a") EIGHT("b") "\"c\": {}}", fault);
    check_member("pathways", "{" EIGHT("a") "\"c\": {}}", "pathways.a0.queue: missing");
    check_member("organisations", "7", "organisations: must be an object");
    check_member("defaults", "7", "defaults: must be an object");
}

/* */
Test(settings, codes_are_written_as_they_are_compared)
{
#define NEVER "\"never\": [{ \"scheme\": \"esr\", \"match\": [\"S17\", \"S30\", \"S32\"] }]"
    static const char esr[] = "an ESR code is a capital and two digits";
    static const char icd10[] = "an ICD-10 code is a capital, two digits and at most two more";
    static const char ends[] = "a range has two ends of three characters";
    static const char snomed[] = "a SNOMED CT code is 6 to 18 digits, as text";
    static const char text[] = "a text is 1 to 200 bytes";
    const struct {
        const char *scheme, *code, *fault;
    } rows[] = {
        {"esr", "S17", NULL},
        {"esr", "S1", esr},
        {"esr", "s17", esr},
        {"esr", "\u00c917", esr},
        {"esr", "|17", esr},
        {"esr", "Sx7", esr},
        {"esr", "S1x", esr},
        {"esr", "S170", esr},
        {"icd10", "C5", icd10},
        {"icd10", "C50", NULL},
        {"icd10", "C50.1", NULL},
        {"icd10", "C501X", NULL},
        {"icd10", "C50.", icd10},
        {"icd10", "C50123", icd10},
        {"icd10", "C50.1x", icd10},
        {"icd10", "C50..", icd10},
        {"icd10", "C00-C97", NULL},
        {"icd10", "C00-C9", ends},
        {"icd10", "C00-C977", ends},
        {"icd10", "C97-C00", "the range runs backwards"},
        {"snomed", "123456", NULL},
        {"snomed", "12345", snomed},
        {"snomed", "123456789012345678", NULL},
        {"snomed", "1234567890123456789", snomed},
        {"snomed", "123456x", snomed},
        {"text", "x", NULL},
        {"text", "", text},
        {"text", HUNDRED HUNDRED, NULL},
        {"text", HUNDRED HUNDRED "1", text},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char to[400], expected[200];
        snprintf(to, sizeof to, "\"never\": [{\"scheme\": \"%s\", \"match\": [\"%s\"]}]",
                 rows[i].scheme, rows[i].code);
        snprintf(expected, sizeof expected, "never.0.match.0: %s", rows[i].fault);
        const struct edit edit = {NEVER, to, rows[i].fault == NULL ? NULL : expected};
        check_edits(&edit, 1);
    }
}

/* */
Test(settings, faults_of_form)
{
    const struct edit rows[] = {
        {"\"2026-1\"", "\"\xff\"", "not UTF-8"},
        {"\"2026-1\"", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "nested too deep"},
        {"\"2026-1\"", "1, \"version\": 2", "version: a member twice in one object"},
        {"\"2026-1\"", "\"\\ud800\"", "version: a string that is not text"},
        {"\"2026-1\"", "2026-1",
         "not JSON, at line 2 or the next: is a comma, a quote or a bracket missing?"},
        {"\"2026-1\"", "\"x\", \"caf\u00e9\": 1", "caf??: no such member"},
    };
    check_edits(rows, sizeof rows / sizeof rows[0]);
}

/* */
Test(settings, a_place_with_long_names_is_cut)
{
    const struct edit rows[] = {
        {"\"2026-1\"", "\"x\", \"" HUNDRED HUNDRED "\": 1",
         HUNDRED TEN TEN TEN TEN TEN "012345678: no such member"},
        {"\"organisations\": {",
         "\"organisations\": {\"" HUNDRED "\": {\"pathways\": {\"stress\": {\"que\": 1}}},",
         "organisations." HUNDRED ".pathways.stress.que: no such member"},
        {"\"organisations\": {",
         "\"organisations\": {\"" HUNDRED "\": {\"pathways\": {\"stress\": {\"" TEN TEN "\": 1}}},",
         "organisations." HUNDRED ".pathways.stress." TEN TEN ": no such member"},
        {"\"sources\": {}", "\"sources\": {\"" HUNDRED HUNDRED "\": [7]}",
         "sources." HUNDRED TEN TEN TEN TEN TEN "0: a list of organisations"},
    };
    check_edits(rows, sizeof rows / sizeof rows[0]);
    /* A name without room is left out, though another name may fit. */
    struct scene *sc = scene_open("RW3");
    scene_settings(sc, "\"stress\"", "\"a" TEN TEN TEN "\"");
    const struct edit edit = {
        "\"organisations\": {",
        "\"organisations\": {\"" HUNDRED "\": {\"pathways\": {\"a" TEN TEN TEN "\": {\"x\": 1}}},",
        "organisations." HUNDRED ".pathways.a" TEN TEN TEN ": no such member"};
    check_edits_of(sc, &edit, 1);
    scene_close(sc);
}

/* */
Test(settings, names_cannot_break_a_log_line)
{
    struct err err = {0};
    struct settings *s = NULL;
    const char *text = "{\"ver\\nsion\\u001b\\u007f\": 1}";
    cr_assert_eq(settings_parse(&s, text, strlen(text), &err), STATUS_REJECT);
    cr_assert_str_eq(err.text, "ver?sion??: no such member");
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
    cr_assert_eq(r->off_list, 0);
    cr_assert_eq(r->off, UINT64_C(1) << KIND_REASON_DUE, "HR is asked where ask_reasons says so");
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
