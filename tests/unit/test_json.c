#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/json/json.h"
#include "tests/unit/leakcheck.h"

/* The middle between the greatest double and the power of two after it, and the integer before. */
static const char least_infinite[] =
    "17976931348623158079372897140530341507993413271003782693617377898044496829276475"
    "09466490179775872070963302864166928879109465555478519404026306574886715058206819"
    "08902000708383676273854845817711531764475730270069855571366959622842914819860834"
    "936475292719074168444365510704342711559699508093042880177904174497792";
static const char most_finite[] =
    "17976931348623158079372897140530341507993413271003782693617377898044496829276475"
    "09466490179775872070963302864166928879109465555478519404026306574886715058206819"
    "08902000708383676273854845817711531764475730270069855571366959622842914819860834"
    "936475292719074168444365510704342711559699508093042880177904174497791";
static struct arena *a;
static char path[JSON_PATH];

static void begin(void)
{
    a = arena_new(65536);
}

static void end(void)
{
    arena_free(a);
    leakcheck();
}

TestSuite(json, .init = begin, .fini = end, .timeout = 60);

/* The text is parsed from memory of exactly its size, so that reading beyond it is found. */
static enum json_fault parse_bytes(const char *text, size_t len, const struct json **out)
{
    char *copy = malloc(len > 0 ? len : 1);
    memcpy(copy, text, len);
    enum json_fault fault = json_parse(copy, len, a, out, path);
    free(copy);
    return fault;
}

static const struct json *parse(const char *text)
{
    const struct json *root = NULL;
    cr_assert_eq(parse_bytes(text, strlen(text), &root), JSON_FINE, "%s", text);
    return root;
}

static void fails(const char *text, enum json_fault expected, const char *expected_path)
{
    const struct json *root = NULL;
    enum json_fault fault = parse_bytes(text, strlen(text), &root);
    cr_assert_eq(fault, expected, "%.100s: %d", text, (int)fault);
    cr_assert_str_eq(path, expected_path, "%.100s: %s", text, path);
    cr_assert_null(root);
}

Test(json, a_tree)
{
    const struct json *o =
        parse(" {\"s\":\"a\\u00e9\\n\",\"n\":-1.50,\"t\":true,\"f\":false,\n\t\"z\":null,"
              "\"a\":[1,\"2\",[]],\"o\":{\"S\":\"x\"}}\r\n");
    cr_assert_eq(json_type(o), JSON_OBJECT);
    cr_assert_eq(json_count(o), 7);
    cr_assert_str_eq(json_string(json_member(o, "s")), "a\xc3\xa9\n");
    cr_assert_eq(json_type(json_member(o, "n")), JSON_NUMBER);
    cr_assert_str_eq(json_number_text(json_member(o, "n")), "-1.50");
    cr_assert(json_bool(json_member(o, "t")));
    cr_assert_not(json_bool(json_member(o, "f")));
    cr_assert_eq(json_type(json_member(o, "f")), JSON_BOOL);
    cr_assert_eq(json_type(json_member(o, "z")), JSON_NULL);
    cr_assert_null(json_member(o, "S")); /* case matters */
    cr_assert_null(json_member(o, "none"));
    cr_assert_null(json_member(NULL, "s"));
    cr_assert_null(json_member(json_member(o, "s"), "s"));
    cr_assert_null(json_member(json_member(o, "a"), "s"));
    const struct json *e = json_first(json_member(o, "a"));
    cr_assert_str_eq(json_number_text(e), "1");
    cr_assert_str_eq(json_string(json_next(e)), "2");
    e = json_next(json_next(e));
    cr_assert_eq(json_type(e), JSON_ARRAY);
    cr_assert_null(json_first(e));
    cr_assert_null(json_next(e));
    cr_assert_str_eq(json_name(json_first(o)), "s");
    cr_assert_eq(json_count(NULL), 0);
}

Test(json, scalars_are_texts_too)
{
    cr_assert_eq(json_type(parse("null")), JSON_NULL);
    cr_assert_eq(json_type(parse(" true ")), JSON_BOOL);
    cr_assert_str_eq(json_number_text(parse("0")), "0");
    cr_assert_str_eq(json_string(parse("\"\"")), "");
    cr_assert_eq(json_count(parse("[ ]")), 0);
    cr_assert_eq(json_count(parse("{ }")), 0);
    cr_assert_str_eq(json_name(json_first(parse("{\"\":1}"))), "");
}

Test(json, not_json)
{
    static const char *const bad[] = {
        "", " ", "{", "}", "[", "]", "{]", "[}", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1,,2]",
        ",", ":", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\" 1}", "{\"a\":1 \"b\":2}",
        "{a:1}", "{1:1}", "{'a':1}", "{\"a\":1", "{\"a\":", "{\"a\"", "{\"a", "{null:1}",
        /* words */
        "tru", "True", "nul", "NULL", "falsey", "nullnull", "NaN", "Infinity", "-Infinity",
        "undefined",
        /* numbers */
        "007", "01", "-01", "00", "1.", ".5", "-.5", "+1", "-", "--1", "1e", "1e+", "1E-", "1.e1",
        "0x10", "1_000", "1e1.5", "1..2", "- 1", "1e999", "-1e999", "[1e309]", "1.8e308",
        "1e99999999999999999999", least_infinite,
        /* strings */
        "\"", "\"a", "\"\\", "\"\\\"", "\"\\a\"", "\"\\'\"", "\"\\x41\"", "\"\\u\"", "\"\\u12\"",
        "\"\\u12G4\"", "\"\\U0041\"", "\"\\u-123\"", "\"\n\"", "\"\t\"", "\"\x01\"", "\"\x1f\"",
        "'a'", "\"\\ud800\\u12\"",
        /* around */
        "1 1", "{} x", "{}{}", "[]]", "null,", "// c\n1", "1 // c", "/**/1", "\v1", "\f1", "1\v",
        "1\f", "\xef\xbb\xbf{}", "\xef\xbb\xbf", "\xc2\xa0 1", "{}\xe2\x80\xa8", "#1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        fails(bad[i], JSON_NOT_JSON, "");
    }
    const struct json *root = NULL;
    cr_assert_eq(parse_bytes("1\0", 2, &root), JSON_NOT_JSON);
    cr_assert_eq(parse_bytes("\0", 1, &root), JSON_NOT_JSON);
    cr_assert_eq(parse_bytes("\"a\0b\"", 5, &root), JSON_NOT_JSON);
    cr_assert_eq(json_parse(NULL, 0, a, &root, path), JSON_NOT_JSON);
}

Test(json, not_utf8_comes_first)
{
    static const char *const bad[] = {"\xff",
                                      "{\"a\":1,\"a\":\"\xff\"}",
                                      "x \xc0\x80",
                                      "\"\xed\xa0\x80\"",
                                      "\"\xf4\x90\x80\x80\"",
                                      "{} \xc3",
                                      "\"\xe0\x80\x80\"",
                                      "\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        fails(bad[i], JSON_NOT_UTF8, "");
    }
}

static void nest(char *out, size_t n, const char *open, const char *inner, const char *close)
{
    struct buf b = {0};
    for (size_t i = 0; i < n; i++) {
        buf_puts(&b, open);
    }
    buf_puts(&b, inner);
    for (size_t i = 0; i < n; i++) {
        buf_puts(&b, close);
    }
    memcpy(out, b.data, b.len + 1);
    buf_clear(&b);
}

Test(json, depth)
{
    char text[1000];
    nest(text, 32, "[", "", "]");
    parse(text);
    nest(text, 33, "[", "", "]");
    fails(text, JSON_TOO_DEEP, "");
    nest(text, 31, "{\"a\":", "{}", "}");
    parse(text);
    nest(text, 32, "{\"a\":", "1", "}");
    parse(text);
    nest(text, 32, "{\"a\":", "{}", "}");
    fails(text, JSON_TOO_DEEP, "");
    nest(text, 16, "[{\"a\":", "\"x\"", "}]");
    parse(text);
    nest(text, 16, "[{\"a\":", "[", "");
    fails(text, JSON_TOO_DEEP, "");
    memset(text, '[', 999);
    text[999] = '\0';
    fails(text, JSON_TOO_DEEP, "");
    fails("[[1],[2],[[3]],{\"a\":[]},[]", JSON_NOT_JSON, ""); /* side by side is not deeper */
}

Test(json, duplicate_names)
{
    fails("{\"a\":1,\"a\":1}", JSON_DUPLICATE_KEY, "a");
    fails("{\"a\":{\"b\":[{\"c\":1,\"d\":2,\"c\":3}]}}", JSON_DUPLICATE_KEY, "a.b[].c");
    fails("[[{\"x\":1},{\"x\":1,\"x\":2}]]", JSON_DUPLICATE_KEY, "[][].x");
    fails("{\"ab\":1,\"\\u0061b\":2}", JSON_DUPLICATE_KEY, "ab");
    fails("{\"\\u0061b\":1,\"ab\":2}", JSON_DUPLICATE_KEY, "ab");
    fails("{\"\\/\":1,\"/\":2}", JSON_DUPLICATE_KEY, "");
    fails("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}", JSON_DUPLICATE_KEY, "");
    fails("{\"\\u00e9\":1,\"\xc3\xa9\":2}", JSON_DUPLICATE_KEY, "");
    fails("{\"\\u20AC\":1,\"\xe2\x82\xac\":2}", JSON_DUPLICATE_KEY, "");
    fails("{\"\":1,\"\":2}", JSON_DUPLICATE_KEY, "");
    fails("{\"\\u0000\":1,\"\\u0000\":2}", JSON_DUPLICATE_KEY, "");
    fails("{\"\\ud800\":1,\"\\uD800\":2}", JSON_DUPLICATE_KEY, "");
    fails("{\"a\":{\"\\u0061\":{}, \"a\":1}}", JSON_DUPLICATE_KEY, "a.a");
    parse("{\"a\":1,\"A\":2,\"b\":{\"a\":1},\"c\":[{\"a\":1},{\"a\":1}]}");
    parse("{\"a\\u0062\":1,\"a\\\\u0062\":2}");
    parse("{\"abcdefgh1abcdefgh\":1,\"abcdefgh2abcdefgh\":2}"); /* same ends, same length */
    /* These two names have the same hash. */
    parse("{\"lO9FxsJrZA6Ovjuv\":1,\"lO9FxsJrZA6OvjuvvXFJB81h\":2}");
    fails("{\"lO9FxsJrZA6Ovjuv\":1,\"lO9FxsJrZA6OvjuvvXFJB81h\":2,\"lO9FxsJrZA6OvjuvvXFJB81h\":3}",
          JSON_DUPLICATE_KEY, "lO9FxsJrZA6OvjuvvXFJB81h");
}

Test(json, the_first_fault_in_byte_order)
{
    fails("{\"a\":1,\"a\" 1}", JSON_DUPLICATE_KEY, "a");
    fails("{\"a\":1,\"a\\x\":1}", JSON_NOT_JSON, "");
    fails("{\"a\":1 \"a\":1}", JSON_NOT_JSON, "");
    fails("{\"a\":01,\"a\":1}", JSON_NOT_JSON, "");
    char deep[200];
    char text[1000];
    nest(deep, 33, "[", "", "]");
    snprintf(text, sizeof text, "{\"a\":1,\"a\":%s}", deep);
    fails(text, JSON_DUPLICATE_KEY, "a");
    snprintf(text, sizeof text, "{\"a\":1,\"b\":%s,\"a\":1}", deep);
    fails(text, JSON_TOO_DEEP, "");
    snprintf(text, sizeof text, "[%s x", deep);
    fails(text, JSON_TOO_DEEP, "");
    snprintf(text, sizeof text, "[x %s", deep);
    fails(text, JSON_NOT_JSON, "");
}

Test(json, bad_strings_come_last)
{
    fails("{\"a\":\"x\\u0000y\"}", JSON_BAD_STRING, "a");
    fails("{\"a\":{\"b\":[\"\\ud800\"]}}", JSON_BAD_STRING, "a.b[]");
    fails("{\"a\":\"\\udc00\"}", JSON_BAD_STRING, "a");
    fails("{\"a\":\"\\ud800\\ud800\"}", JSON_BAD_STRING, "a");
    fails("{\"a\":\"\\ud800x\"}", JSON_BAD_STRING, "a");
    fails("{\"a\":\"\\ud800\\nxxxx\"}", JSON_BAD_STRING, "a");
    fails("{\"a\":\"\\ud800\\ue000\"}", JSON_BAD_STRING, "a");
    fails("{\"a\":\"\\udc00\\ud800\"}", JSON_BAD_STRING, "a");
    fails("{\"a\":{\"b\\u0000\":1}}", JSON_BAD_STRING, "a");
    fails("{\"a\":{\"x\":1,\"\\ud800\":1}}", JSON_BAD_STRING, "a");
    fails("\"\\u0000\"", JSON_BAD_STRING, "");
    fails("{\"a\":\"\\u0000\",\"b\":\"\\u0000\"}", JSON_BAD_STRING, "a");
    fails("{\"a\":\"\\u0000\",\"b\":1,\"b\":1}", JSON_DUPLICATE_KEY, "b");
    fails("{\"a\":\"\\u0000\"} x", JSON_NOT_JSON, "");
    cr_assert_str_eq(json_string(parse("\"\\ud83d\\ude00\\u00E9\\/\\b\\f\\n\\r\\t\\\"\\\\\"")),
                     "\xf0\x9f\x98\x80\xc3\xa9/\b\f\n\r\t\"\\");
    cr_assert_str_eq(json_string(parse("\"\\\\u0000 \\uFFFF\x7f\"")), "\\u0000 \xef\xbf\xbf\x7f");
}

Test(json, paths_name_what_is_plain_and_nothing_else)
{
    fails("{\"a b\":{\"c\":1,\"c\":2}}", JSON_DUPLICATE_KEY, "");
    fails("{\"a\":{\"x@y.z\":{\"c\":1,\"c\":2}}}", JSON_DUPLICATE_KEY, "a");
    fails("{\"a\":{\"x y\":1,\"x y\":2}}", JSON_DUPLICATE_KEY, "a");
    fails("{\"a-1_B\":{\"c\":\"\\u0000\"}}", JSON_BAD_STRING, "a-1_B.c");
    char name[66];
    char text[500];
    memset(name, 'n', 65);
    name[65] = '\0';
    snprintf(text, sizeof text, "{\"a\":{\"%s\":1,\"%s\":2}}", name, name);
    fails(text, JSON_DUPLICATE_KEY, "a");
    name[64] = '\0';
    char expected[200];
    snprintf(text, sizeof text, "{\"a\":{\"%s\":1,\"%s\":2}}", name, name);
    snprintf(expected, sizeof expected, "a.%s", name);
    fails(text, JSON_DUPLICATE_KEY, expected);
    snprintf(text, sizeof text, "{\"%s\":{\"%s\":{\"%s\":\"\\u0000\"}}}", name, name, name);
    snprintf(expected, sizeof expected, "%s.%s", name, name); /* no room for the third */
    fails(text, JSON_BAD_STRING, expected);
}

Test(json, longest_paths_fit)
{
    char text[4000];
    for (size_t len = 1; len <= 64; len++) {
        char name[80];
        memset(name, 'k', len);
        name[len] = '\0';
        char open[100];
        snprintf(open, sizeof open, "[{\"%s\":", name);
        nest(text, 16, open, "\"\\u0000\"", "}]");
        const struct json *root = NULL;
        cr_assert_eq(parse_bytes(text, strlen(text), &root), JSON_BAD_STRING);
        cr_assert_lt(strlen(path), JSON_PATH);
    }
}

/* Many names: found as with few, wherever the two stand, and not in quadratic time. */
static char *many_names(size_t n, const char *last, size_t *len)
{
    struct buf b = {0};
    buf_puts(&b, "{\"o\":{");
    for (size_t i = 0; i < n; i++) {
        buf_printf(&b, "%s\"k%zu\":%zu", i > 0 ? "," : "", i, i);
    }
    buf_printf(&b, "%s}}", last);
    *len = b.len;
    return b.data;
}

Test(json, duplicates_among_many_names)
{
    static const size_t counts[] = {31, 32, 33, 34, 65, 1000, 20000};
    const struct json *root = NULL;
    size_t len;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        char *text = many_names(counts[i], "", &len);
        cr_assert_eq(parse_bytes(text, len, &root), JSON_FINE);
        cr_assert_eq(json_count(json_member(root, "o")), counts[i]);
        free(text);
        for (size_t twin = 0; twin < counts[i]; twin += 1 + counts[i] / 40) {
            char last[40];
            snprintf(last, sizeof last, ",\"k%zu\":1", twin);
            text = many_names(counts[i], last, &len);
            cr_assert_eq(parse_bytes(text, len, &root), JSON_DUPLICATE_KEY);
            snprintf(last, sizeof last, "o.k%zu", twin);
            cr_assert_str_eq(path, last);
            free(text);
            arena_reset(a);
        }
    }
}

Test(json, the_first_fault_among_many_names)
{
    const struct json *root = NULL;
    size_t len;
    static const struct {
        const char *last;
        enum json_fault fault;
        const char *path;
    } cases[] = {{",\"k40\":1,\"k3\":1,\"k39\":1", JSON_DUPLICATE_KEY, "o.k40"},
                 {",\"k40\":1,\"x\" 1", JSON_DUPLICATE_KEY, "o.k40"},
                 {",\"x\" 1,\"k40\":1", JSON_NOT_JSON, ""},
                 {",\"k40\":1,\"x\":{\"y\":1,\"y\":2}", JSON_DUPLICATE_KEY, "o.k40"},
                 {",\"x\":{\"y\":1,\"y\":2},\"k40\":1", JSON_DUPLICATE_KEY, "o.x.y"},
                 {",\"k40\":[", JSON_DUPLICATE_KEY, "o.k40"},
                 {",\"x\":\"\\u0000\",\"k40\":1", JSON_DUPLICATE_KEY, "o.k40"},
                 {",\"x\":\"\\u0000\",\"y\":1", JSON_BAD_STRING, "o.x"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = many_names(50, cases[i].last, &len);
        cr_assert_eq(parse_bytes(text, len, &root), cases[i].fault, "%s", cases[i].last);
        cr_assert_str_eq(path, cases[i].path, "%s: %s", cases[i].last, path);
        free(text);
    }
    /* An outer object's duplicate before the inner one's, both among many. */
    struct buf b = {0};
    char *inner = many_names(50, ",\"k7\":1", &len);
    buf_puts(&b, "{");
    for (int i = 0; i < 50; i++) {
        buf_printf(&b, "\"m%d\":0,", i);
    }
    buf_printf(&b, "\"m11\":%s}", inner);
    cr_assert_eq(parse_bytes(b.data, b.len, &root), JSON_DUPLICATE_KEY);
    cr_assert_str_eq(path, "m11");
    free(inner);
    buf_clear(&b);
}

Test(json, objects_of_many_names_within_one_another_take_no_longer)
{
    struct buf b = {0};
    const struct json *root = NULL;
    buf_puts(&b, "{");
    for (int i = 0; i < 3000; i++) {
        buf_printf(&b, "%s\"outer%d\":{", i > 0 ? "," : "", i);
        for (int k = 0; k < 40; k++) {
            buf_printf(&b, "%s\"k%d\":0", k > 0 ? "," : "", k);
        }
        buf_puts(&b, "}");
    }
    buf_puts(&b, "}");
    clock_t before = clock();
    cr_assert_eq(parse_bytes(b.data, b.len, &root), JSON_FINE);
    cr_assert_lt((double)(clock() - before) / CLOCKS_PER_SEC, 2.0);
    buf_clear(&b);
}

Test(json, numbers_keep_their_text)
{
    static const char *const good[] = {
        "0", "-0", "0.0", "1e3", "1E+3", "-1.25e-7", "10", "1e308", "-1e308",
        "1.7976931348623157e308",
        /* the last that is not nearer to infinity */
        most_finite,

        "17976931348623157e292", "0.0000000017976931348623157e317", "0e999",
        "0.000e999999999999999999", "1e-999", "1e-99999999999999999999", "9223372036854775808",
        "1234567890123456789012345678901234567890123456789012345678901234567890",
        "0.1234567890123456789012345678901234567890123456789012345678901234567890"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert_str_eq(json_number_text(parse(good[i])), good[i]);
        char text[1200];
        snprintf(text, sizeof text, "{\"a\":[%s , %s],\"b\":%s\n}", good[i], good[i], good[i]);
        const struct json *o = parse(text);
        cr_assert_str_eq(json_number_text(json_first(json_member(o, "a"))), good[i]);
        cr_assert_str_eq(json_number_text(json_next(json_first(json_member(o, "a")))), good[i]);
        cr_assert_str_eq(json_number_text(json_member(o, "b")), good[i]);
    }
}

Test(json, numbers_of_any_length)
{
    static char digits[5100];
    static char text[16000];
    for (size_t n = 40; n <= 5000; n = n < 80 ? n + 1 : n * 3 / 2) {
        snprintf(digits, sizeof digits, "0.%0*d", (int)n, 1); /* 0.000…1 */
        snprintf(text, sizeof text, "[%s,{\"a\":-%s},\"%s\"]", digits, digits, "x");
        const struct json *e = json_first(parse(text));
        cr_assert_str_eq(json_number_text(e), digits);
        cr_assert_str_eq(json_number_text(json_first(json_next(e))) + 1, digits);
        cr_assert_str_eq(json_string(json_next(json_next(e))), "x");
        memset(digits, '7', n);
        digits[n] = '\0';
        snprintf(text, sizeof text, "[%s]", digits);
        if (n <= 308) {
            cr_assert_str_eq(json_number_text(json_first(parse(text))), digits);
        } else {
            fails(text, JSON_NOT_JSON, ""); /* infinite */
        }
        snprintf(text, sizeof text, "%s", digits);
        if (n <= 308) {
            cr_assert_str_eq(json_number_text(parse(text)), digits); /* nothing after it */
        }
        snprintf(text, sizeof text, "%se-4000", digits);
        cr_assert_eq(n < 4308, json_parse(text, strlen(text), a, &e, path) == JSON_FINE);
    }
}

/* The scan's own judgement of what is infinite, against strtod's. */
Test(json, infinite_is_what_strtod_says)
{
    srand(42);
    for (int i = 0; i < 20000; i++) {
        char text[200];
        int whole = 1 + rand() % 20;
        int part = rand() % 20;
        int at = 0;
        for (int d = 0; d < whole + part; d++) {
            if (d == whole) {
                text[at++] = '.';
            }
            text[at++] = (char)('0' + (d == 0 && whole > 1 ? 1 + rand() % 9 : rand() % 10));
        }
        int near = 308 - whole + rand() % 5 - 2;
        snprintf(text + at, sizeof text - (size_t)at, "e%d", near);
        const struct json *root = NULL;
        bool infinite = strtod(text, NULL) > 1.7976931348623157e308;
        cr_assert_eq(json_parse(text, strlen(text), a, &root, path),
                     infinite ? JSON_NOT_JSON : JSON_FINE, "%s", text);
        arena_reset(a);
    }
}

static void is_int(const char *text, int64_t min, int64_t max, int64_t expected)
{
    int64_t n = 0;
    cr_assert(json_int(parse(text), min, max, &n), "%s", text);
    cr_assert_eq(n, expected, "%s", text);
}

Test(json, integers)
{
    is_int("0", 0, 0, 0);
    is_int("-0", 0, 0, 0);
    is_int("9007199254740993", 1, INT64_MAX, 9007199254740993);
    is_int("9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX);
    is_int("-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN);
    static const char *const bad[] = {"1.0",
                                      "1e0",
                                      "1E2",
                                      "0.5",
                                      "-1.0",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999999",
                                      "\"1\"",
                                      "true",
                                      "null",
                                      "[1]",
                                      "{}"};
    int64_t n = 77;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(json_int(parse(bad[i]), INT64_MIN, INT64_MAX, &n), "%s", bad[i]);
    }
    cr_assert_not(json_int(parse("0"), 1, 10, &n));
    cr_assert_not(json_int(parse("11"), 1, 10, &n));
    cr_assert_not(json_int(NULL, 1, 10, &n));
    cr_assert_eq(n, 77);
}

/* cJSON must accept every text that passes the scan, with the numbers in place: tried on texts
 * changed at random. A fault of the tree would come back as not_json, so it is compared with the
 * scan alone. */
#include "common/base/utf8.h"
#include "common/json/json_scan.h"

static size_t count_numbers(const struct json *v)
{
    size_t n = json_type(v) == JSON_NUMBER ? 1 : 0;
    if (n == 1) {
        const char *t = json_number_text(v);
        cr_assert(*t == '-' || (*t >= '0' && *t <= '9'));
    }
    if (json_type(v) == JSON_STRING) {
        cr_assert_not_null(json_string(v));
    }
    for (const struct json *c = json_first(v); c != NULL; c = json_next(c)) {
        n += count_numbers(c);
    }
    return n;
}

Test(json, what_the_scan_accepts_the_tree_takes)
{
    static const char seed[] =
        "{\"a\":[1,-2.5e3,\"x\\u00e9\\n\",{\"b\":null,\"c\":[true,false,[]]}],\"d\":\"\xc3\xa9\","
        "\"e\":{\"f\":0.1,\"g\":\"\"},\"h\":[12345678901234567890123456789012345678901234567890"
        "123456789012345678901234567890,{}]}";
    static const char pieces[] = "{}[]\",:0123456789.eE+-\\u \n\ttruefalsn\x80\xc3";
    srand(7);
    size_t accepted = 0;
    for (int i = 0; i < 200000; i++) {
        char text[sizeof seed];
        memcpy(text, seed, sizeof seed);
        size_t len = sizeof seed - 1;
        for (int changes = 1 + rand() % 3; changes > 0; changes--) {
            size_t at = (size_t)rand() % len;
            if (rand() % 3 == 0) {
                memmove(text + at, text + at + 1, len - at);
                len--;
            } else {
                text[at] = pieces[(size_t)rand() % (sizeof pieces - 1)];
            }
        }
        const struct json *root = NULL;
        struct json_scan scan;
        enum json_fault alone =
            utf8_valid(text, len) ? json_scan(text, len, a, &scan, path) : JSON_NOT_UTF8;
        cr_assert_eq(parse_bytes(text, len, &root), alone, "%.*s", (int)len, text);
        if (alone == JSON_FINE) {
            cr_assert_eq(count_numbers(root), scan.n_numbers, "%.*s", (int)len, text);
            accepted++;
        }
        arena_reset(a);
    }
    cr_assert_gt(accepted, 10000);
}

Test(json, every_beginning_of_a_text_is_refused)
{
    static const char text[] =
        "{\"a\":[1,-2.5e3,\"x\\u00e9\\ud83d\\ude00\"],\"b\":{\"c\":null,\"d\":true}}";
    const struct json *root = NULL;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        cr_assert_eq(parse_bytes(text, len, &root), JSON_NOT_JSON, "%zu", len);
    }
    cr_assert_eq(parse_bytes(text, sizeof text - 1, &root), JSON_FINE);
}

Test(json, put_string)
{
    struct buf b = {0};
    json_put_string(&b, "a\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9");
    cr_assert_str_eq(b.data, "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9\"");
    cr_assert_str_eq(json_string(parse(b.data)), "a\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9");
    buf_reset(&b);
    json_put_string(&b, "");
    cr_assert_str_eq(b.data, "\"\"");
    buf_clear(&b);
}

Test(json, trees_of_two_arenas_live_side_by_side)
{
    struct arena *other = arena_new(1024);
    const struct json *x = parse("{\"a\":\"first\"}");
    const struct json *y = NULL;
    cr_assert_eq(json_parse("{\"a\":\"second\"}", 14, other, &y, path), JSON_FINE);
    arena_free(other);
    cr_assert_str_eq(json_string(json_member(x, "a")), "first");
}
