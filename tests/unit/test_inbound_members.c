/* The members of the data: missing, bad, in which order; and the checks behind them. */
#include "tests/unit/inbound_message.h"

TestSuite(inbound_members, .init = open_arena, .fini = close_arena, .timeout = 30);

/* ---- Missing ---- */

Test(inbound_members, required_members_missing_or_null)
{
    static const char *const names[] = {"organisation", "absence_id", "version",
                                        "person_id",    "category",   "onset_date"};
    static const char *const values[] = {NULL, "null"};
    for (size_t i = 0; i < LENGTH(names); i++) {
        for (size_t j = 0; j < LENGTH(values); j++) {
            struct message m = {.type = ABSENCE, .data = {{names[i], values[j]}}};
            const char *path = arena_printf(arena, "data.%s", names[i]);
            check_both(&m, REJECT_MISSING_FIELD, path);
            /* Missing is looked for before bad, and in the order of the list. */
            m.data[1] = (struct member_json){i > 0 ? "organisation" : "fte", "[]"};
            m.attr[0] = (struct member_json){"time", MARKED};
            check_both(&m, REJECT_MISSING_FIELD, path);
            if (i + 1 < LENGTH(names)) {
                m.data[2] = (struct member_json){names[i + 1], NULL};
                check_both(&m, REJECT_MISSING_FIELD, path);
            }
        }
    }
}

Test(inbound_members, required_members_of_a_person)
{
    static const char *const values[] = {NULL, "null"};
    for (size_t j = 0; j < LENGTH(values); j++) {
        struct message m = {.type = LEFT,
                            .data = {{"organisation", values[j]}, {"person_id", NULL}}};
        check_both(&m, REJECT_MISSING_FIELD, "data.organisation");
        m = (struct message){.type = LEFT, .data = {{"person_id", values[j]}, {"on", "[]"}}};
        check_both(&m, REJECT_MISSING_FIELD, "data.person_id");
        m = (struct message){
            .type = LEFT, .attr = {{"time", values[j]}}, .data = {{"person_id", "7"}}};
        check_both(&m, REJECT_MISSING_FIELD, "time");
        m = (struct message){.type = ABSENCE, .attr = {{"time", values[j]}}};
        check_verdict(&m, VERDICT_ABSENCE);
    }
}

Test(inbound_members, data_missing)
{
    static const char *const types[] = {ABSENCE, LEFT};
    for (size_t i = 0; i < LENGTH(types); i++) {
        struct message m = {.type = types[i], .whole_data = ""};
        struct inbound in = decode_structured(&m);
        check_rejected(&in, REJECT_MISSING_FIELD, "data");
        m.whole_data = "null";
        in = decode_structured(&m);
        check_rejected(&in, REJECT_MISSING_FIELD, "data");
        m.whole_data = "[\"ZQX7\"]";
        in = decode_structured(&m);
        check_rejected(&in, REJECT_BAD_FIELD, "data");
        m.whole_data = MARKED;
        in = decode_structured(&m);
        check_rejected(&in, REJECT_BAD_FIELD, "data");
    }
}

/* ---- Bad ---- */

struct bad {
    const char *name, *json, *path;
};

static void check_bad(const char *type, const struct bad *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct message m = {.type = type, .data = {{cases[i].name, cases[i].json}}};
        check_both(&m, REJECT_BAD_FIELD,
                   cases[i].path ? cases[i].path : arena_printf(arena, "data.%s", cases[i].name));
    }
}

Test(inbound_members, strings_that_identify_have_1_to_100_bytes)
{
    static const char *const names[] = {"organisation", "absence_id", "person_id", "assignment_id"};
    static const char *const bad[] = {"\"\"",
                                      "7",
                                      "true",
                                      "[\"ZQX7\"]",
                                      "{\"x\":\"ZQX7\"}",
                                      LONG_ID,
                                      "\"ZQX7\\u001f\"",
                                      "\" \"",
                                      "\" ZQX7\"",
                                      "\"ZQX7\\n\"",
                                      "\"\\u2003ZQX7\"",
                                      "\"ZQX7\\u200b\"",
                                      "\"\\u2060ZQX7\"",
                                      "\"ZQX7\\ufeff\""};
    static const char *const good[] = {"\"x\"", "\"" HUNDRED "\"", "\"a \\u200b b\"",
                                       "\"\\u0001\\u007f\"", "\"\\u00e9\""};
    for (size_t i = 0; i < LENGTH(names); i++) {
        for (size_t j = 0; j < LENGTH(bad); j++) {
            check_bad(ABSENCE, &(struct bad){names[i], bad[j], NULL}, 1);
        }
        for (size_t j = 0; j < LENGTH(good); j++) {
            check_verdict(&(struct message){.type = ABSENCE, .data = {{names[i], good[j]}}},
                          VERDICT_ABSENCE);
        }
    }
    static const struct bad of_a_person[] = {
        {"organisation", LONG_ID, NULL}, {"organisation", "7", NULL}, {"person_id", "77", NULL}};
    check_bad(LEFT, of_a_person, LENGTH(of_a_person));
}

Test(inbound_members, versions)
{
    static const struct bad cases[] = {
        {"version", "0", NULL},     {"version", "-1", NULL},
        {"version", "1.0", NULL},   {"version", "1e0", NULL},
        {"version", "1E0", NULL},   {"version", "9007199254740992", NULL},
        {"version", "\"1\"", NULL}, {"version", "true", NULL},
        {"version", "[1]", NULL},   {"version", "99999999999999999999999999999999", NULL},
    };
    check_bad(ABSENCE, cases, LENGTH(cases));
}

Test(inbound_members, dates)
{
    static const struct bad members[] = {
        {"onset_date", "%s", NULL},
        {"last_day", "%s", NULL},
        {"expected_return", "%s", NULL},
        {"fit_note", "{\"from\":%s}", "data.fit_note.from"},
        {"fit_note", "{\"to\":%s}", "data.fit_note.to"},
        {"phased_return_from", "%s", NULL},
    };
    static const char *const bad[] = {"\"\"",
                                      MARKED,
                                      "\"2026-02-29\"",
                                      "\"1899-12-31\"",
                                      "\"2201-01-01\"",
                                      "\"2026-9-7\"",
                                      "\"2026-09-07T00:00:00Z\"",
                                      "20260907",
                                      "true",
                                      "{}",
                                      "[]"};
    for (size_t j = 0; j < LENGTH(bad); j++) {
        for (size_t i = 0; i < LENGTH(members); i++) {
            struct buf json = {0};
            const char *hole = strstr(members[i].json, "%s");
            buf_put(&json, members[i].json, (size_t)(hole - members[i].json));
            buf_puts(&json, bad[j]);
            buf_puts(&json, hole + 2);
            check_bad(ABSENCE, &(struct bad){members[i].name, json.data, members[i].path}, 1);
            buf_clear(&json);
        }
        check_bad(LEFT, &(struct bad){"on", bad[j], NULL}, 1);
    }
}

Test(inbound_members, members_of_the_wrong_type)
{
    static const struct bad cases[] = {
        {"category", "8", NULL},
        {"category", "true", NULL},
        {"open_ended", MARKED, NULL},
        {"open_ended", "0", NULL},
        {"reason", MARKED, NULL},
        {"reason", "[]", NULL},
        {"reason", "{\"scheme\":5}", "data.reason.scheme"},
        {"reason", "{\"scheme\":5,\"code\":\"ZQX7\"}", "data.reason.scheme"},
        {"reason", "{\"scheme\":\"snomed\",\"code\":279039007}", "data.reason.code"},
        {"contact", MARKED, NULL},
        {"contact", "[\"ZQX7\"]", NULL},
        {"contact", "{\"name\":7}", "data.contact.name"},
        {"contact", "{\"phone\":7700900123}", "data.contact.phone"},
        {"contact", "{\"email\":[\"ZQX7\"]}", "data.contact.email"},
        {"contact", "{\"language\":{}}", "data.contact.language"},
        {"contact", "{\"preferred_time\":true}", "data.contact.preferred_time"},
        {"contact", "{\"voicemail\":\"ZQX7\"}", "data.contact.voicemail"},
        {"fit_note", MARKED, NULL},
        {"fit_note", "true", NULL},
        {"site", "7", NULL},
        {"staff_group", "[\"ZQX7\"]", NULL},
        {"job", "{}", NULL},
        {"recorded_at", "\"2026-09-07\"", NULL},
        {"contact", "{\"channel\":true}", "data.contact.channel"},
        {"contact", "{\"needs\":[]}", "data.contact.needs"},
        {"contact", "{\"date_of_birth\":\"ZQX7\"}", "data.contact.date_of_birth"},
        {"fte", MARKED, NULL},
        {"fte", "\"-0.1\"", NULL},
        {"fte", "1.1", NULL},
        {"fte", "-0.1", NULL},
        {"fte", "true", NULL},
        {"fte", "{}", NULL},
        {"fte", "\"\"", NULL},
    };
    check_bad(ABSENCE, cases, LENGTH(cases));
}

Test(inbound_members, shares_come_out_exact)
{
    static const char *const cases[][2] = {
        {"\"0.60000\"", "0.6"},
        {"1", "1"},
        {"0", "0"},
        {"0.333333333333", "0.333333333333"},
        {"5e-1", "0.5"},
        {"\"1.00000\"", "1"},
        {"-0", "0"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct message m = {.type = ABSENCE, .data = {{"fte", cases[i][0]}}};
        struct inbound in = decode_structured(&m);
        cr_assert_eq(in.verdict, VERDICT_ABSENCE);
        cr_assert_str_eq(in.absence.fte, cases[i][1]);
    }
}

Test(inbound_members, attributes_that_are_no_good_for_us)
{
    static const char *const types[] = {ABSENCE, LEFT};
    for (size_t i = 0; i < LENGTH(types); i++) {
        struct message m = {.type = types[i], .attr = {{"source", LONG_ID}}};
        check_both(&m, REJECT_BAD_FIELD, "source");
        m.attr[0].json = "\"" HUNDRED "\"";
        check_verdict(&m, i == 0 ? VERDICT_ABSENCE : VERDICT_PERSON);
        static const char *const times[] = {MARKED, "\"\"", "\"2026-09-07\"",
                                            "\"2026-09-07T08:10:00\"", "\"2026-09-31T08:10:00Z\""};
        for (size_t j = 0; j < LENGTH(times); j++) {
            m.attr[0] = (struct member_json){"time", times[j]};
            if (i == 0) { /* nobody reads it of an absence: no reason to miss somebody */
                check_verdict(&m, VERDICT_ABSENCE);
            } else {
                check_both(&m, REJECT_BAD_FIELD, "time");
            }
        }
        m.attr[0].json = "20260907";
        struct inbound in = decode_structured(&m);
        check_rejected(&in, REJECT_BAD_FIELD, "time");
        m.attr[0] = (struct member_json){"datacontenttype", "5"};
        in = decode_structured(&m);
        check_rejected(&in, REJECT_BAD_FIELD, "datacontenttype");
        struct buf id = {0};
        buf_putc(&id, '"');
        for (int k = 0; k < 1024; k++) {
            buf_putc(&id, 'i');
        }
        buf_puts(&id, "\"");
        m.attr[0] = (struct member_json){"id", id.data};
        check_verdict(&m, i == 0 ? VERDICT_ABSENCE : VERDICT_PERSON);
        id.data[id.len - 1] = 'i';
        buf_puts(&id, "\"");
        m.attr[0].json = id.data;
        check_both(&m, REJECT_BAD_FIELD, "id");
        buf_clear(&id);
    }
}

Test(inbound_members, the_first_bad_one_in_order_is_named)
{
    /* Each pair: both are bad, the first is named whichever comes first in the text. */
    static const struct bad order[] = {
        {"organisation", "7", NULL},
        {"absence_id", "7", NULL},
        {"version", "0", NULL},
        {"person_id", "7", NULL},
        {"category", "7", NULL},
        {"onset_date", "7", NULL},
        {"assignment_id", "7", NULL},
        {"last_day", "7", NULL},
        {"open_ended", "7", NULL},
        {"expected_return", "7", NULL},
        {"reason", "{\"code\":7,\"scheme\":7}", "data.reason.code"},
        {"fte", "7", NULL},
        {"contact", "{\"phone\":7,\"name\":7}", "data.contact.name"},
        {"fit_note", "{\"to\":7,\"from\":7}", "data.fit_note.from"},
        {"phased_return_from", "7", NULL},
        {"site", "7", NULL},
        {"staff_group", "7", NULL},
        {"job", "7", NULL},
        {"recorded_at", "7", NULL},
    };
    for (size_t i = 0; i + 1 < LENGTH(order); i++) {
        struct message m = {
            .type = ABSENCE,
            .data = {{order[i + 1].name, order[i + 1].json}, {order[i].name, order[i].json}}};
        const char *path =
            order[i].path ? order[i].path : arena_printf(arena, "data.%s", order[i].name);
        check_both(&m, REJECT_BAD_FIELD, path);
    }
    struct message m = {.type = LEFT, .data = {{"organisation", "7"}}};
    m.attr[0] = (struct member_json){"time", "\"\""};
    check_both(&m, REJECT_BAD_FIELD, "time");
    m.attr[1] = (struct member_json){"source", LONG_ID};
    check_both(&m, REJECT_BAD_FIELD, "source");
}

/* ---- Reasons ---- */

struct reason {
    const char *json;
    enum reason_scheme scheme;
    const char *code;
};

Test(inbound_members, reasons)
{
    static const struct reason cases[] = {
        {"{\"scheme\":\"esr\",\"code\":\" s12 Back\"}", SCHEME_ESR, " s12 Back"},
        {"{\"scheme\":\"icd10\",\"code\":\"M54.5\"}", SCHEME_ICD10, "M54.5"},
        {"{\"scheme\":\"snomed\",\"code\":\"279039007\"}", SCHEME_SNOMED, "279039007"},
        {"{\"scheme\":\"snomed\",\"code\":\"no digits\"}", SCHEME_SNOMED, "no digits"},
        {"{\"code\":\"Back\",\"scheme\":\"text\"}", SCHEME_TEXT, "Back"},
        {"{\"scheme\":\"esr\",\"code\":\"\"}", SCHEME_NONE, NULL},
        {"{\"scheme\":\"esr\",\"code\":\" \\t\\r\\n \"}", SCHEME_NONE, NULL},
        {"{\"scheme\":\"esr\"}", SCHEME_NONE, NULL},
        {"{\"scheme\":\"local\"}", SCHEME_NONE, NULL},
        {"{\"scheme\":\"local\",\"code\":null}", SCHEME_NONE, NULL},
        {"{\"scheme\":\"local\",\"code\":\" \"}", SCHEME_NONE, NULL},
        {"{\"code\":\" \"}", SCHEME_NONE, NULL},
        {"{\"code\":\"\\u2003\\u00a0\"}", SCHEME_NONE, NULL},
        {"{}", SCHEME_NONE, NULL},
        {"null", SCHEME_NONE, NULL},
        {NULL, SCHEME_NONE, NULL},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct message m = {.type = ABSENCE, .data = {{"reason", cases[i].json}}};
        struct inbound in = decode_structured(&m);
        cr_assert_eq(in.verdict, VERDICT_ABSENCE, "%s: %s", cases[i].json, in.detail);
        cr_assert_eq(in.absence.scheme, cases[i].scheme);
        if (cases[i].code) {
            cr_assert_str_eq(in.absence.code, cases[i].code);
        } else {
            cr_assert_null(in.absence.code);
        }
    }
}

Test(inbound_members, a_code_needs_a_scheme_and_one_we_know)
{
    static const char *const missing[] = {"{\"code\":\"ZQX7\"}",
                                          "{\"code\":\"S12\",\"scheme\":null}"};
    for (size_t i = 0; i < LENGTH(missing); i++) {
        struct message m = {.type = ABSENCE, .data = {{"reason", missing[i]}}};
        check_both(&m, REJECT_MISSING_SCHEME, "data.reason.scheme");
        m.data[1] = (struct member_json){"last_day", "\"2026-09-06\""};
        check_both(&m, REJECT_MISSING_SCHEME, "data.reason.scheme");
        m.data[2] = (struct member_json){"staff_group", "7"};
        check_both(&m, REJECT_BAD_FIELD, "data.staff_group");
    }
    static const struct bad unknown[] = {
        {"reason", "{\"scheme\":\"ZQX7\",\"code\":\"S12\"}", "data.reason.scheme"},
        {"reason", "{\"scheme\":\"ESR\",\"code\":\"S12\"}", "data.reason.scheme"},
        {"reason", "{\"scheme\":\"\",\"code\":\"S12\"}", "data.reason.scheme"},
    };
    check_bad(ABSENCE, unknown, LENGTH(unknown));
}

/* ---- Last checks ---- */

Test(inbound_members, last_day_before_onset)
{
    struct message m = {.type = ABSENCE, .data = {{"last_day", "\"2026-09-06\""}}};
    check_both(&m, REJECT_LAST_DAY_BEFORE_ONSET, "data.last_day");
    m.data[1] = (struct member_json){"open_ended", "true"};
    check_both(&m, REJECT_LAST_DAY_BEFORE_ONSET, "data.last_day");
    m.data[0].json = "\"2026-09-07\"";
    check_verdict(&m, VERDICT_ABSENCE);
}

static int asked;

/* arg: the only source and, behind its last slash, the only organisation. */
static bool only_one(const void *arg, const char *source, const char *organisation)
{
    const char *only = arg;
    asked++;
    return strcmp(source, only) == 0 && strcmp(organisation, strrchr(only, '/') + 1) == 0;
}
static const struct inbound_limits bound = {
    .max_bytes = 1000, .source_allowed = only_one, .arg = "/hr/RW3"};

static struct inbound decode_bound(const char *source, const char *organisation, const char *on)
{
    const char *value = arena_printf(
        arena,
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"%s\",\"type\":\"" LEFT "\","
        "\"time\":\"2026-09-07T08:10:00Z\",\"data\":{\"organisation\":\"%s\",\"person_id\":\"P\","
        "\"on\":%s}"
        "}",
        source, organisation, on);
    struct raw_record raw = {.value = value, .len = strlen(value)};
    struct inbound in;
    asked = 0;
    inbound_decode(&raw, &bound, arena, &in);
    return in;
}

Test(inbound_members, a_source_speaks_for_its_organisations_only)
{
    struct inbound in = decode_bound("/hr/RW3", "RW3", "null");
    cr_assert_eq(in.verdict, VERDICT_PERSON);
    cr_assert_eq(asked, 1);
    in = decode_bound("/hr/RW3", "RW4", "null");
    check_rejected(&in, REJECT_SOURCE_NOT_ALLOWED, "source");
    in = decode_bound("/hr/RW4", "RW3", "null");
    check_rejected(&in, REJECT_SOURCE_NOT_ALLOWED, "source");
    in = decode_bound("/hr/RW4", "RW3", "7");
    check_rejected(&in, REJECT_BAD_FIELD, "data.on");
    cr_assert_eq(asked, 0);

    struct raw_record raw = {.value = PERSON_DATA,
                             .len = strlen(PERSON_DATA),
                             .headers = event_headers,
                             .n_headers = N_EVENT_HEADERS};
    inbound_decode(&raw, &bound, arena, &in);
    check_rejected(&in, REJECT_SOURCE_NOT_ALLOWED, "ce_source");
}

Test(inbound_members, the_organisation_of_what_was_refused_or_ignored)
{
    struct message m = {.type = ABSENCE, .data = {{"version", "0"}}};
    cr_assert_str_eq(decode_structured(&m).organisation, MARK "-O");
    cr_assert_str_eq(decode_binary(&m).organisation, MARK "-O");
    m.attr[0] = (struct member_json){"id", "\"\""};
    cr_assert_str_eq(decode_structured(&m).organisation, MARK "-O");
    m = (struct message){.type = "org.example.other", .whole_data = NULL};
    cr_assert_str_eq(decode_structured(&m).organisation, MARK "-O");
    static const char *const unreadable[] = {"\"\"", "7", LONG_ID, NULL, "null", "[]"};
    for (size_t i = 0; i < LENGTH(unreadable); i++) {
        m = (struct message){.type = ABSENCE, .data = {{"organisation", unreadable[i]}}};
        cr_assert_null(decode_structured(&m).organisation);
        cr_assert_null(decode_binary(&m).organisation);
    }
}

Test(inbound_members, names)
{
    cr_assert_str_eq(reject_reason_name(REJECT_NO_VALUE), "no_value");
    cr_assert_str_eq(reject_reason_name(REJECT_SOURCE_NOT_ALLOWED), "source_not_allowed");
    for (int i = 0; i < REJECT_COUNT; i++) {
        cr_assert_not_null(reject_reason_name((enum reject_reason)i));
    }
    cr_assert_str_eq(reason_scheme_name(SCHEME_ICD10), "icd10");
    cr_assert_null(reason_scheme_name(SCHEME_NONE));
}

/* ---- How to reach the person ---- */

Test(inbound_members, any_one_detail_is_how_to_reach_the_person)
{
    static const struct {
        const char *contact;
        bool given;
    } cases[] = {
        {"{\"name\":\"Test Person 12\"}", true},
        {"{\"phone\":\"07700 900123\"}", true},
        {"{\"email\":\"t@example.org\"}", true},
        {"{\"language\":\"cy\"}", true},
        {"{\"preferred_time\":\"mornings\"}", true},
        {"{\"voicemail\":false}", true},
        {"{\"name\":\"\",\"phone\":\"\",\"email\":null}", false},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct message m = {.type = ABSENCE, .data = {{"contact", cases[i].contact}}};
        struct inbound in = decode_structured(&m);
        cr_assert_eq(in.verdict, VERDICT_ABSENCE, "%s", in.detail);
        cr_assert_eq(in.absence.has_contact, cases[i].given, "%s", cases[i].contact);
    }
}

/* ---- Names that no event has ---- */

Test(inbound_members, a_name_nobody_knows_is_not_told)
{
    static const struct {
        const char *data;
        enum reject_reason reason;
        const char *path;
    } cases[] = {
        {"{\"ZQX7\":1,\"ZQX7\":2}", REJECT_DUPLICATE_KEY, "data"},
        {"{\"site\":{\"ZQX7\":{\"name\":1,\"name\":2}}}", REJECT_DUPLICATE_KEY, "data.site"},
        {"{\"ZQX7\":\"\\u0000\"}", REJECT_BAD_FIELD, "data"},
        {"{\"contact\":{\"name\":1,\"name\":2}}", REJECT_DUPLICATE_KEY, "data.contact.name"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct message m = {.type = ABSENCE, .whole_data = cases[i].data};
        struct inbound in = decode_structured(&m);
        check_rejected(&in, cases[i].reason, cases[i].path);
    }
}

/* ---- what it takes to call somebody ---- */

Test(inbound_members, facts_of_a_call)
{
    struct message m = {.type = ABSENCE,
                        .data = {{"site", "\"Ward 3\""},
                                 {"staff_group", "\"\""},
                                 {"job", "\"Staff nurse\""},
                                 {"recorded_at", "\"2026-09-07T08:55:00+01:00\""},
                                 {"contact", "{\"channel\":\"letter\",\"needs\":\"text relay\","
                                             "\"date_of_birth\":\"1984-03-04\"}"}}};
    struct inbound in = decode_structured(&m);
    char text[INSTANT_TEXT];
    cr_assert_eq(in.verdict, VERDICT_ABSENCE, "%s", in.detail);
    cr_assert_str_eq(in.absence.site, "Ward 3");
    cr_assert_null(in.absence.staff_group, "empty is not given");
    cr_assert_str_eq(in.absence.contact.job, "Staff nurse");
    cr_assert_str_eq(instant_format(in.absence.recorded_at, text), "2026-09-07T07:55:00Z");
    cr_assert(in.absence.has_contact);
    cr_assert_eq(in.absence.contact.way, WAY_LETTER);
    cr_assert_str_eq(in.absence.contact.needs, "text relay");
    cr_assert_str_eq(date_format(in.absence.contact.date_of_birth, text), "1984-03-04");
    cr_assert_eq(in.absence.n_cut + in.absence.n_left_out, 0);
    m = (struct message){.type = ABSENCE, .data = {{"contact", "{}"}}};
    in = decode_structured(&m);
    cr_assert_not(in.absence.has_contact);
    cr_assert(date_is_none(in.absence.contact.date_of_birth));
    cr_assert(instant_is_none(in.absence.recorded_at));
}

#define A10 "aaaaaaaaaa"
#define A90 A10 A10 A10 A10 A10 A10 A10 A10 A10

Test(inbound_members, longer_texts_are_cut_at_a_character)
{
    static const struct {
        const char *json;
        size_t len;
        unsigned n_cut;
    } rows[] = {{"\"" A90 A10 "\"", 100, 0},
                {"\"" A90 A10 "a\"", 100, 1},
                {"\"" A90 "aaaaaaaa\\u00e9\"", 100, 0},
                {"\"" A90 "aaaaaaaaa\\u00e9\"", 99, 1},
                {"\"" A90 "aaaaaaaa\\ud83d\\ude00\"", 98, 1}};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct message m = {.type = ABSENCE,
                            .data = {{"site", rows[i].json}, {"contact", "{\"channel\":\"fax\"}"}}};
        struct inbound in = decode_structured(&m);
        cr_assert_eq(in.verdict, VERDICT_ABSENCE, "%s", in.detail);
        cr_assert_eq(strlen(in.absence.site), rows[i].len, "%zu", i);
        cr_assert_eq(in.absence.n_cut, rows[i].n_cut, "%zu", i);
        cr_assert_eq(in.absence.n_left_out, 1);
        cr_assert_eq(in.absence.contact.way, WAY_NONE);
    }
}
