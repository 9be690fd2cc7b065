/* The match of a reason. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/leakcheck.h"
#include "tests/unit/scene.h"

TestSuite(pathway, .fini = leakcheck);

struct form {
    enum reason_scheme scheme;
    const char *code, *normal; /* NULL: no token in it */
};

static void check_forms(const struct form *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char out[REASON_TEXT];
        const char *got = reason_normalise(rows[i].scheme, rows[i].code, out);
        if (rows[i].normal == NULL) {
            cr_assert_null(got, "%s gave %s", rows[i].code, got);
        } else {
            cr_assert_not_null(got, "%s", rows[i].code);
            cr_assert_str_eq(got, rows[i].normal);
        }
    }
}
#define CHECK_FORMS(rows) check_forms((rows), sizeof(rows) / sizeof(rows)[0])

/* */
Test(pathway, leading_token)
{
    const struct form rows[] = {
        {SCHEME_ESR, "S12", "S12"},
        {SCHEME_ESR, "s12", "S12"},
        {SCHEME_ESR, "  S12 Other musculoskeletal problems", "S12"},
        {SCHEME_ESR, "\tS12\n", "S12"},
        {SCHEME_ESR, "\xc2\xa0\xe2\x80\x83S12\xe2\x80\xa8", "S12"},
        {SCHEME_ESR, "S12, other", "S12"},
        {SCHEME_ESR, "S12-", "S12"},
        {SCHEME_ESR, "S12é", "S12"},
        {SCHEME_ESR, "S12A", "S12A"},
        {SCHEME_ESR, "S123 x", "S123"},
        {SCHEME_ESR, "S1234", "S1234"},
        {SCHEME_ESR, "S12345", NULL},
        {SCHEME_ESR, "S12Back", NULL},
        {SCHEME_ESR, "S1", NULL},
        {SCHEME_ESR, "|12", NULL},
        {SCHEME_ESR, "S12|", "S12"},
        {SCHEME_ESR, "12", NULL},
        {SCHEME_ESR, "Back S12", NULL},
        {SCHEME_ESR, "", NULL},
        {SCHEME_ESR, "   ", NULL},
        {SCHEME_ICD10, "m54.5 Low back pain", "M545"},
        {SCHEME_ICD10, "M54.", "M54"},
        {SCHEME_ICD10, "M54..5", "M54"},
        {SCHEME_ICD10, "M54.5xyz", "M54"},
        {SCHEME_ICD10, "M54.5x", "M545X"},
        {SCHEME_ICD10, "Z730", "Z730"},
        {SCHEME_ICD10, "Z73.0", "Z730"},
        {SCHEME_ICD10, "M5.45", NULL},
    };
    CHECK_FORMS(rows);
}

/* R-12 R-13 */
Test(pathway, digits_and_whole_texts)
{
    char longest[REASON_TEXT + 1];
    memset(longest, 'x', sizeof longest);
    longest[REASON_TEXT] = '\0';
    char digits[REASON_TEXT + 1];
    memset(digits, '7', sizeof digits);
    digits[REASON_TEXT] = '\0';
    const struct form rows[] = {
        {SCHEME_SNOMED, "279039007", "279039007"},
        {SCHEME_SNOMED, " 279039007\xe2\x80\x83", "279039007"},
        {SCHEME_SNOMED, "\xe2\x80\x8b 279039007", NULL},
        {SCHEME_SNOMED, "279039007 |Low back pain|", NULL},
        {SCHEME_SNOMED, "", NULL},
        {SCHEME_SNOMED, digits, NULL},
        {SCHEME_SNOMED, digits + 1, digits + 1},
        {SCHEME_NONE, "S12", NULL},
        {SCHEME_TEXT, "Musculoskeletal Problems", "musculoskeletal problems"},
        {SCHEME_TEXT, "ÉCOLE ÀÞ×ŵŴŸ", "école àþ×ŵŵŸ"},
        {SCHEME_TEXT, "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß÷ÿ", "àáâãäåæçèéêëìíîïðñòóôõö×øùúûüýþß÷ÿ"},
        {SCHEME_TEXT, "ĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮ", "āăąćĉċčďđēĕėęěĝğġģĥħĩīĭį"},
        {SCHEME_TEXT, "āăąćĉċčďđēĕėęěĝğġģĥħĩīĭį", "āăąćĉċčďđēĕėęěĝğġģĥħĩīĭį"},
        {SCHEME_TEXT, "İıĲĴĶķĸĹĻĽľĿŀŁŃŅŇňŉ", "İıĳĵķķĸĺļľľĿŀłńņňňŉ"},
        {SCHEME_TEXT, "ŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŷŸŹŻŽžſ", "ŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷŷŸźżžžſ"},
        {SCHEME_TEXT, "Ђ Ǎ ƏΑ", "Ђ Ǎ ƏΑ"},
        {SCHEME_TEXT, "", NULL},
        {SCHEME_TEXT, " \xc2\xa0 Back pain\n", "back pain"},
        {SCHEME_TEXT, "\xe3\x80\x80", NULL},
        {SCHEME_TEXT, longest, NULL},
    };
    CHECK_FORMS(rows);
}

struct reason {
    const char *code;
    const char *comes_to; /* "msk", "stress", "both", "watch", "never" or "" */
    enum reason_scheme scheme;
    bool review_first;
};

static void check_reasons(const struct org_rules *r, const struct reason *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct reason_match m = settings_match(r, rows[i].scheme, rows[i].code);
        const char *got = "";
        if (m.what == MATCH_PATHWAYS) {
            got = m.pathways == 3 ? "both" : m.pathways == 1 ? "msk" : "stress";
        } else if (m.what != MATCH_NONE) {
            got = m.what == MATCH_WATCH ? "watch" : "never";
        }
        cr_assert_str_eq(got, rows[i].comes_to, "%s: %s", rows[i].code, got);
        cr_assert_eq(m.review_first != 0, rows[i].review_first, "%s", rows[i].code);
    }
}
#define CHECK_REASONS(sc, rows)                                                                    \
    check_reasons((sc)->rules.org, (rows), sizeof(rows) / sizeof(rows)[0])

/* R-10 R-11 R-12 R-13 R-14 R-16 */
Test(pathway, shipped_codes)
{
    const struct reason rows[] = {
        {NULL, "watch", SCHEME_NONE, false},
        {"S11", "msk", SCHEME_ESR, false},
        {"S12 Other musculoskeletal problems", "msk", SCHEME_ESR, false},
        {"S12A", "", SCHEME_ESR, false}, /* three characters exactly */
        {"S10", "stress", SCHEME_ESR, false},
        {"S13", "", SCHEME_ESR, false},
        {"S28", "", SCHEME_ESR, false},
        {"S98", "watch", SCHEME_ESR, false},
        {"s99", "watch", SCHEME_ESR, false},
        {"S17", "never", SCHEME_ESR, false},
        {"S30", "never", SCHEME_ESR, false},
        {"S32", "never", SCHEME_ESR, false},
        {"unknown", "", SCHEME_ESR, false}, /* not watched: there was a reason */
        {"M54", "", SCHEME_ESR, false},
        {"M00", "msk", SCHEME_ICD10, true},
        {"M03.6", "msk", SCHEME_ICD10, true},
        {"M04", "msk", SCHEME_ICD10, false},
        {"M99.9", "msk", SCHEME_ICD10, false},
        {"M80.0", "msk", SCHEME_ICD10, true},
        {"N00", "", SCHEME_ICD10, false},
        {"L99", "", SCHEME_ICD10, false},
        {"F31", "", SCHEME_ICD10, false},
        {"F32", "stress", SCHEME_ICD10, false},
        {"F33.9", "stress", SCHEME_ICD10, false},
        {"F34", "", SCHEME_ICD10, false},
        {"F43.2", "stress", SCHEME_ICD10, false},
        {"F48.0", "stress", SCHEME_ICD10, false},
        {"F49", "", SCHEME_ICD10, false},
        {"Z56.3", "stress", SCHEME_ICD10, false}, /* by prefix */
        {"Z73.0", "stress", SCHEME_ICD10, false},
        {"Z73", "", SCHEME_ICD10, false},
        {"Z73.1", "", SCHEME_ICD10, false},
        {"S12.0", "", SCHEME_ICD10, false}, /* a broken neck, not a bad back */
        {"S17", "", SCHEME_ICD10, false},   /* never is said of ESR's S17 only */
        {"928000", "msk", SCHEME_SNOMED, false},
        {"9280000", "", SCHEME_SNOMED, false},
        {"73595000", "stress", SCHEME_SNOMED, false},
        {"musculoskeletal problems", "msk", SCHEME_TEXT, false},
        {"Musculoskeletal problems ", "msk", SCHEME_TEXT, false},
        {"Musculoskeletal problem", "", SCHEME_TEXT, false},
        {"STRESS", "stress", SCHEME_TEXT, false},
    };
    struct scene *sc = scene_open("RW3");
    CHECK_REASONS(sc, rows);
    scene_close(sc);
}

/* */
Test(pathway, never_beats_watch_beats_a_match)
{
    struct scene *sc = scene_open("RW3");
    scene_settings(sc, "[\"S17\", \"S30\", \"S32\"]", "[\"S98\", \"S10\"]");
    scene_settings(sc, "[\"S98\", \"S99\"]", "[\"S98\", \"S12\"]");
    const struct reason rows[] = {
        {"S98", "never", SCHEME_ESR, false}, {"S10", "never", SCHEME_ESR, false},
        {"S12", "watch", SCHEME_ESR, false}, {"S11", "msk", SCHEME_ESR, false},
        {"S17", "", SCHEME_ESR, false},
    };
    CHECK_REASONS(sc, rows);
    scene_close(sc);
}

/* R-16 R-17 */
Test(pathway, one_code_of_two_pathways)
{
    struct scene *sc = scene_open("RW3");
    scene_settings(sc, "\"match\": [\"S10\"]",
                   "\"match\": [\"S10\", \"S28\"], \"review_first\": [\"S28\"]");
    scene_settings(sc, "[\"S11\", \"S12\"]", "[\"S11\", \"S28\"]");
    const struct reason rows[] = {
        {"S28", "both", SCHEME_ESR, true},
        {"S12", "", SCHEME_ESR, false},
    };
    CHECK_REASONS(sc, rows);
    struct reason_match m = settings_match(sc->rules.org, SCHEME_ESR, "S28");
    cr_assert_eq(m.review_first, 2, "of stress only");
    scene_at(sc, "2026-09-07 09:00");
    SEND(sc, .onset = "2026-09-07", .code = "S28");
    cr_assert_str_eq(scene_spells(sc), "msk 2026-09-07.. due 2026-09-11 open\n"
                                       "stress 2026-09-07.. due 2026-09-11 open\n");
    cr_assert_not(scene_spell(sc, 0)->review_first);
    cr_assert(scene_spell(sc, 1)->review_first);
    cr_assert_str_neq(scene_spell(sc, 0)->id, scene_spell(sc, 1)->id);
    scene_close(sc);
}
