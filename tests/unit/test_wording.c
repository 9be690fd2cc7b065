/* Words in the settings: titles of reasons, and which reasons count as not given. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/casework/rules/wording.h"
#include "common/json/json.h"
#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(wording, .fini = leakcheck);

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    cr_assert_not_null(f, "%s", path);
    char *text = malloc(1 << 20);
    *len = fread(text, 1, (1 << 20) - 1, f);
    text[*len] = '\0';
    fclose(f);
    return text;
}

static const struct json *at_path(const struct json *v, const char *const *names)
{
    for (; v != NULL && *names != NULL; names++) {
        v = json_member(v, *names);
    }
    return v;
}

static struct settings *settings_of(const char *file)
{
    char path[400];
    size_t len;
    snprintf(path, sizeof path, TEST_DATA "/settings/%s", file);
    char *text = read_file(path, &len);
    struct settings *s = NULL;
    struct err err = {0};
    cr_assert_eq(settings_parse(&s, text, len, &err), STATUS_OK, "%s", err.text);
    free(text);
    return s;
}

/* */
Test(wording, shipped_titles_are_those_of_the_schema_and_of_the_database)
{
    size_t len, n = 0;
    char *text = read_file(TEST_DATA "/../../deploy/settings/pathways.schema.json", &len);
    char *sql = read_file(TEST_DATA "/../../schemas/sql/0003_fact.sql", &len);
    struct arena *a = arena_new(1 << 16);
    const struct json *schema;
    char path[JSON_PATH];
    cr_assert_eq(json_parse(text, strlen(text), a, &schema, path), JSON_FINE);
    const struct json *titles = at_path(
        schema, (const char *const[]){"properties", "reason_titles", "default", "esr", NULL});
    for (const struct json *m = json_first(titles); m != NULL; m = json_next(m), n++) {
        const char *ours = wording_title(&wording_shipped_titles, SCHEME_ESR, json_name(m));
        cr_assert_str_eq(ours, json_string(m), "%s", json_name(m));
        char *line = arena_printf(a, "\"%s\": \"%s\"", json_name(m), ours);
        cr_assert_not_null(strstr(sql, line), "%s", line);
    }
    cr_assert_eq(n, wording_shipped_titles.n);
    cr_assert_eq(n, 25);
    arena_free(a);
    free(sql);
    free(text);
}

/* */
Test(wording, a_document_of_its_own_titles)
{
    struct settings *s = settings_of("good/plain.json");
    cr_assert_str_eq(settings_reason_title(s, SCHEME_ESR, "S12"), "Other musculoskeletal problems");
    cr_assert_null(settings_reason_title(s, SCHEME_ICD10, "S12"), "another scheme, another reason");
    cr_assert_null(settings_reason_title(s, SCHEME_ESR, "S33"));
    settings_free(s);
    s = settings_of("good/words.json");
    cr_assert_str_eq(settings_reason_title(s, SCHEME_ICD10, "M545"), "Low back pain");
    cr_assert_str_eq(settings_reason_title(s, SCHEME_TEXT, "back pain"), "Back pain");
    cr_assert_null(settings_reason_title(s, SCHEME_ESR, "S11"), "not in the document's own list");
    settings_free(s);
}

/* Nothing but whether HR gave a reason: what matches, is watched or never matches counts alike. */
/* */
Test(wording, which_reasons_are_missing)
{
    struct settings *s = settings_of("good/plain.json");
    const struct org_rules *r = settings_for(s, "RW3");
    cr_assert(settings_reason_missing(r, SCHEME_NONE, NULL));
    cr_assert(settings_reason_missing(r, SCHEME_ESR, " s99 Unknown causes"));
    static const char *const given[] = {"S98", "S12", "S10", "S17", "S13", "S999", "nonsense"};
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        cr_assert_not(settings_reason_missing(r, SCHEME_ESR, given[i]), "%s", given[i]);
    }
    cr_assert_not(settings_reason_missing(r, SCHEME_ICD10, "S99"));
    cr_assert_not(r->ask_reasons);
    settings_free(s);
    s = settings_of("good/words.json");
    r = settings_for(s, "RW3");
    cr_assert(r->ask_reasons);
    cr_assert(settings_reason_missing(r, SCHEME_ESR, "S98"));
    cr_assert(settings_reason_missing(r, SCHEME_TEXT, "Not Known "));
    cr_assert_not(settings_for(s, "SC1")->ask_reasons);
    settings_free(s);
    s = settings_of("good/words-empty.json");
    cr_assert_not(settings_reason_missing(settings_for(s, "RW3"), SCHEME_ESR, "S99"));
    settings_free(s);
}
