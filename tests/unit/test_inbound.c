/* Decoding of messages: event or not, its organisation and mode, and the facts of a good one. */
#include "tests/unit/inbound_message.h"

TestSuite(inbound, .init = open_arena, .fini = close_arena, .timeout = 30);

/* ---- What is accepted ---- */

static void check_full_absence(const struct inbound *in)
{
    cr_assert_eq(in->verdict, VERDICT_ABSENCE, "%s", in->detail);
    cr_assert_str_eq(in->detail, "");
    cr_assert_str_eq(in->organisation, MARK "-O");
    cr_assert_str_eq(in->source, "/hr/" MARK);
    cr_assert_str_eq(in->id, MARK "-id");
    const struct absence_event *e = &in->absence;
    cr_assert_str_eq(e->absence_id, MARK "-A");
    cr_assert_eq(e->version, 3);
    cr_assert_str_eq(e->person_id, MARK "-P");
    cr_assert_str_eq(e->assignment_id, MARK "-P-1");
    cr_assert(date_eq(e->onset, day("2026-09-07")));
    cr_assert(date_eq(e->last_day, day("2026-09-20")));
    cr_assert(e->open_ended);
    cr_assert(date_eq(e->expected_return, day("2026-09-21")));
    cr_assert_eq(e->scheme, SCHEME_ESR);
    cr_assert_str_eq(e->code, "S12 " MARK);
    cr_assert_str_eq(e->fte, "0.6");
    cr_assert(date_eq(e->fit_note_from, day("2026-09-14")));
    cr_assert(date_eq(e->fit_note_to, day("2026-09-28")));
    cr_assert(date_eq(e->phased_return_from, day("2026-10-01")));
    cr_assert(!e->cancelled);
    cr_assert(e->has_contact);
    cr_assert_str_eq(e->contact.name, "Test Person " MARK);
    cr_assert_str_eq(e->contact.phone, "07700 900123");
    cr_assert_str_eq(e->contact.email, "t@example.org");
    cr_assert_str_eq(e->contact.language, "cy");
    cr_assert_str_eq(e->contact.preferred_time, "mornings");
    cr_assert_eq(e->contact.voicemail, VOICEMAIL_NO);
}

Test(inbound, an_absence_with_every_member)
{
    struct message m = {.type = ABSENCE};
    struct inbound in = decode_structured(&m);
    check_full_absence(&in);
    in = decode_binary(&m);
    check_full_absence(&in);
}

Test(inbound, only_cancelled_is_cancelled)
{
    static const char *const types[] = {"opened", "amended", "closed", "cancelled"};
    for (size_t i = 0; i < LENGTH(types); i++) {
        struct message m = {.type = arena_printf(arena, "org.dayfour.absence.%s.v1", types[i])};
        struct inbound in = decode_structured(&m);
        cr_assert_eq(in.verdict, VERDICT_ABSENCE);
        cr_assert_eq(in.absence.cancelled, i == 3);
    }
}

#define REQUIRED_ONLY                                                                              \
    "{\"organisation\":\"O\",\"absence_id\":\"A\",\"version\":1,\"person_id\":\"P\","              \
    "\"category\":\"sickness\",\"onset_date\":\"2026-09-07\""

static void check_nothing_else(const struct message *m)
{
    struct inbound in = decode_structured(m);
    const struct absence_event *e = &in.absence;
    cr_assert_eq(in.verdict, VERDICT_ABSENCE, "%s", in.detail);
    cr_assert_null(e->assignment_id);
    cr_assert(date_is_none(e->last_day));
    cr_assert(!e->open_ended);
    cr_assert(date_is_none(e->expected_return));
    cr_assert_eq(e->scheme, SCHEME_NONE);
    cr_assert_null(e->code);
    cr_assert_null(e->fte);
    cr_assert(date_is_none(e->fit_note_from) && date_is_none(e->fit_note_to));
    cr_assert(date_is_none(e->phased_return_from));
    cr_assert(!e->has_contact);
    cr_assert_null(e->contact.name);
    cr_assert_eq(e->contact.voicemail, VOICEMAIL_UNKNOWN);
}

Test(inbound, what_is_not_required_may_be_missing_or_null)
{
    check_nothing_else(&(struct message){.type = ABSENCE, .whole_data = REQUIRED_ONLY "}"});
    check_nothing_else(&(struct message){
        .type = ABSENCE,
        .whole_data = REQUIRED_ONLY
        ",\"assignment_id\":null,\"last_day\":null,\"open_ended\":null,\"expected_return\":null,"
        "\"reason\":null,\"fte\":null,\"contact\":null,\"fit_note\":null,"
        "\"phased_return_from\":null,\"site\":null,\"staff_group\":null}"});
    check_nothing_else(&(struct message){
        .type = ABSENCE,
        .whole_data = REQUIRED_ONLY
        ",\"reason\":{\"scheme\":null,\"code\":null},\"fit_note\":{\"from\":null,\"to\":null},"
        "\"contact\":{\"name\":null,\"phone\":\"\",\"voicemail\":null}}"});
    check_nothing_else(&(struct message){.type = ABSENCE,
                                         .whole_data = REQUIRED_ONLY
                                         ",\"reason\":{},\"fit_note\":{},\"contact\":{}}"});
}

Test(inbound, members_come_in_any_order)
{
    struct message m = {.type = ABSENCE,
                        .whole_data =
                            "{\"onset_date\":\"2026-09-07\",\"contact\":{\"voicemail\":true,"
                            "\"name\":\"N\"},\"category\":\"08\",\"x\":1,\"person_id\":\"P\","
                            "\"version\":9007199254740991,\"reason\":{\"scheme\":\"text\","
                            "\"code\":\"Back\"},\"absence_id\":\"A\",\"organisation\":\"O\"}"};
    struct inbound in = decode_structured(&m);
    cr_assert_eq(in.verdict, VERDICT_ABSENCE, "%s", in.detail);
    cr_assert_eq(in.absence.version, INT64_C(9007199254740991));
    cr_assert_str_eq(in.absence.absence_id, "A");
    cr_assert_eq(in.absence.scheme, SCHEME_TEXT);
    cr_assert_str_eq(in.absence.code, "Back");
    cr_assert(in.absence.has_contact);
    cr_assert_eq(in.absence.contact.voicemail, VOICEMAIL_YES);
}

Test(inbound, unknown_members_are_ignored_whatever_their_type)
{
    struct message m = {.type = ABSENCE,
                        .data = {{"Version", "\"x\""}, {"on", "7"}, {"related_reason", "[{}]"}}};
    check_verdict(&m, VERDICT_ABSENCE);
    m = (struct message){.type = LEFT,
                         .data = {{"category", "5"}, {"version", "\"x\""}, {"fte", "[]"}}};
    check_verdict(&m, VERDICT_PERSON);
}

Test(inbound, facts_about_a_person)
{
    static const struct {
        const char *type;
        enum person_fact what;
    } cases[] = {{"left", PERSON_LEFT},
                 {"died", PERSON_DIED},
                 {"opted-out", PERSON_OPTED_OUT},
                 {"opted-in", PERSON_OPTED_IN}};
    struct instant time;
    cr_assert(instant_parse("2026-09-07T08:10:00Z", 20, &time));
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct message m = {.type = arena_printf(arena, "org.dayfour.person.%s.v1", cases[i].type)};
        for (int binary = 0; binary <= 1; binary++) {
            struct inbound in = binary ? decode_binary(&m) : decode_structured(&m);
            cr_assert_eq(in.verdict, VERDICT_PERSON, "%s", in.detail);
            cr_assert_eq(in.person.what, cases[i].what);
            cr_assert_str_eq(in.organisation, MARK "-O");
            cr_assert_str_eq(in.person.person_id, MARK "-P");
            cr_assert_str_eq(in.id, MARK "-id");
            cr_assert(date_eq(in.person.on, day("2026-09-30")));
            cr_assert_eq(in.person.time.us, time.us);
        }
    }
}

Test(inbound, left_and_died_are_taken_back_by_null_and_opting_is_not)
{
    struct message m = {.type = LEFT, .data = {{"on", "null"}}};
    struct inbound in = decode_structured(&m);
    cr_assert_eq(in.verdict, VERDICT_PERSON);
    cr_assert(date_is_none(in.person.on));
    m.type = "org.dayfour.person.died.v1";
    check_verdict(&m, VERDICT_PERSON);
    m.type = "org.dayfour.person.opted-out.v1";
    check_both(&m, REJECT_BAD_FIELD, "data.on");
    m.type = "org.dayfour.person.opted-in.v1";
    check_both(&m, REJECT_BAD_FIELD, "data.on");
    static const char *const types[] = {"left", "died", "opted-out", "opted-in"};
    for (size_t i = 0; i < LENGTH(types); i++) {
        m = (struct message){.type = arena_printf(arena, "org.dayfour.person.%s.v1", types[i]),
                             .data = {{"on", NULL}}};
        check_both(&m, REJECT_MISSING_FIELD, "data.on");
    }
}

Test(inbound, a_heartbeat)
{
    struct message m = {.type = "org.dayfour.feed.heartbeat.v1",
                        .whole_data = "{\"organisation\":\"O\",\"as_of\":\"2026-09-07T06:00:00Z\","
                                      "\"records\":60000,\"rejected\":0}"};
    struct instant as_of;
    cr_assert(instant_parse("2026-09-07T06:00:00Z", 20, &as_of));
    struct inbound in = decode_structured(&m);
    cr_assert_eq(in.verdict, VERDICT_HEARTBEAT, "%s", in.detail);
    cr_assert_str_eq(in.organisation, "O");
    cr_assert_eq(in.heartbeat.as_of.us, as_of.us);
    cr_assert_eq(in.heartbeat.records, 60000);
    cr_assert_eq(in.heartbeat.sent, -1);
    cr_assert_eq(in.heartbeat.rejected, 0);
    check_verdict(&m, VERDICT_HEARTBEAT);
}

static bool only_from_there(const void *arg, const char *source, const char *organisation)
{
    return strcmp(source, arg) == 0 && organisation != NULL;
}

Test(inbound, of_a_record_that_is_no_sickness_absence_only_which_one_it_is_is_read)
{
    static const char value[] =
        "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"/s\","
        "\"type\":\"org.dayfour.absence.amended.v1\",\"time\":7,\"data\":{"
        "\"organisation\":\"O\",\"absence_id\":\"A\",\"version\":%s,\"category\":\"maternity\","
        "\"onset_date\":\"never\",\"person_id\":7}}";
    struct {
        const char *version, *source;
        enum verdict verdict;
    } cases[] = {{"2", "/s", VERDICT_NOT_SICKNESS},
                 {"0", "/s", VERDICT_IGNORED},
                 {"2", "/other", VERDICT_IGNORED}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        const char *hole = strstr(value, "%s");
        const char *text =
            arena_printf(arena, "%.*s%s%s", (int)(hole - value), value, cases[i].version, hole + 2);
        struct raw_record raw = {.value = text, .len = strlen(text)};
        struct inbound_limits limits = {
            .max_bytes = 9999, .source_allowed = only_from_there, .arg = cases[i].source};
        struct inbound in;
        inbound_decode(&raw, &limits, arena, &in);
        cr_assert_eq(in.verdict, cases[i].verdict, "%zu: %d", i, in.verdict);
        if (in.verdict == VERDICT_NOT_SICKNESS) {
            cr_assert_str_eq(in.absence.absence_id, "A");
            cr_assert_eq(in.absence.version, 2);
        } else {
            cr_assert(in.other_category);
        }
    }
}

/* ---- The two modes ---- */

#define PERSON_EVENT                                                                               \
    "{\"specversion\":\"1.0\",\"id\":\"s-1\",\"source\":\"/s\",\"type\":\"" LEFT "\","             \
    "\"time\":\"2026-09-07T08:10:00Z\",\"data\":" PERSON_DATA "}"

static struct inbound decode_with(const char *value, const struct header *more, size_t n_more)
{
    struct header headers[N_EVENT_HEADERS + 4];
    memcpy(headers, event_headers, sizeof(event_headers));
    for (size_t i = 0; i < n_more; i++) {
        headers[N_EVENT_HEADERS + i] = more[i];
    }
    return decode(value, strlen(value), headers, N_EVENT_HEADERS + n_more);
}

Test(inbound, content_type_beginning_application_cloudevents_is_structured)
{
    static const char *const types[] = {
        "application/cloudevents", "application/cloudevents+json; charset=UTF-8",
        "APPLICATION/CloudEvents+JSON", "application/cloudevents-future"};
    static const char *const names[] = {"content-type", "Content-Type", "CONTENT-TYPE"};
    for (size_t i = 0; i < LENGTH(types); i++) {
        for (size_t j = 0; j < LENGTH(names); j++) {
            struct header h = {names[j], types[i], strlen(types[i]), false};
            struct inbound in = decode_with(PERSON_EVENT, &h, 1);
            cr_assert_eq(in.verdict, VERDICT_PERSON);
            cr_assert_str_eq(in.id, "s-1", "the headers were read");
        }
    }
}

Test(inbound, a_specversion_header_is_binary_whatever_else_content_type_says)
{
    static const char *const types[] = {"application/json", "application/cloudevent", "text/plain",
                                        "application/json; charset=utf-8", ""};
    for (size_t i = 0; i < LENGTH(types); i++) {
        struct header h = {"content-type", types[i], strlen(types[i]), false};
        struct inbound in = decode_with(PERSON_DATA, &h, 1);
        cr_assert_eq(in.verdict, VERDICT_PERSON, "%s", in.detail);
        cr_assert_str_eq(in.id, "e-1");
    }
    struct header null = {"content-type", NULL, 0, true};
    struct inbound in = decode_with(PERSON_DATA, &null, 1);
    cr_assert_eq(in.verdict, VERDICT_PERSON);
    in = decode_with(PERSON_DATA, NULL, 0);
    cr_assert_eq(in.verdict, VERDICT_PERSON);
}

Test(inbound, without_either_header_it_is_structured)
{
    struct header h = {"content-type", "application/json", 16, false};
    struct inbound in = decode(PERSON_EVENT, strlen(PERSON_EVENT), &h, 1);
    cr_assert_eq(in.verdict, VERDICT_PERSON);
    in = decode(PERSON_EVENT, strlen(PERSON_EVENT), NULL, 0);
    cr_assert_eq(in.verdict, VERDICT_PERSON);
    /* The other ce_ headers alone make nothing binary. */
    in = decode(PERSON_EVENT, strlen(PERSON_EVENT), event_headers + 1, N_EVENT_HEADERS - 1);
    cr_assert_eq(in.verdict, VERDICT_PERSON);
    cr_assert_str_eq(in.id, "s-1");
}

Test(inbound, header_names_are_read_in_any_case_and_the_last_counts)
{
    struct header more[] = {{"CE_Id", "e-2", 3, false}, {"Ce_SOURCE", "/x", 2, false}};
    struct inbound in = decode_with(PERSON_DATA, more, 2);
    cr_assert_eq(in.verdict, VERDICT_PERSON);
    cr_assert_str_eq(in.id, "e-2");
    cr_assert_str_eq(in.source, "/x");
    struct header upper = {"CE_SPECVERSION", "1.0", 3, false};
    in = decode(PERSON_DATA, strlen(PERSON_DATA), &upper, 1);
    check_rejected(&in, REJECT_NOT_CLOUDEVENT, "ce_id");
}

Test(inbound, a_header_without_a_value_is_none)
{
    struct header null_id = {"ce_id", NULL, 0, true};
    struct inbound in = decode_with(PERSON_DATA, &null_id, 1);
    cr_assert_eq(in.verdict, VERDICT_PERSON);
    cr_assert_str_eq(in.id, "e-1");
    struct header null_version = {"ce_specversion", NULL, 0, true};
    in = decode(PERSON_EVENT, strlen(PERSON_EVENT), &null_version, 1);
    cr_assert_eq(in.verdict, VERDICT_PERSON);
    cr_assert_str_eq(in.id, "s-1");
}

Test(inbound, header_values_end_where_their_length_says)
{
    struct header h = {"ce_id", "e-2 and more", 3, false};
    struct inbound in = decode_with(PERSON_DATA, &h, 1);
    cr_assert_str_eq(in.id, "e-2");
}

Test(inbound, headers_that_are_no_text)
{
    static const struct header bad[] = {
        {"ce_specversion", "1.0\0", 4, false},
        {"ce_id", "a\0b", 3, false},
        {"ce_id", "\xff", 1, false},
        {"ce_id", "\xc0\x80", 2, false},
        {"ce_id", "\xed\xa0\x80", 3, false},
        {"ce_id", "\xe2\x82", 2, false},
        {"ce_source", "\x80", 1, false},
        {"ce_source", "\xf4\x90\x80\x80", 4, false},
        {"ce_type", "\xf5\x80\x80\x80", 4, false},
    };
    for (size_t i = 0; i < LENGTH(bad); i++) {
        struct inbound in = decode_with(PERSON_DATA, &bad[i], 1);
        check_rejected(&in, REJECT_NOT_CLOUDEVENT, bad[i].name);
    }
    struct header time = {"ce_time", "\xff", 1, false};
    struct inbound in = decode_with(PERSON_DATA, &time, 1);
    check_rejected(&in, REJECT_BAD_FIELD, "ce_time");
    struct header good = {"ce_id", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, false};
    in = decode_with(PERSON_DATA, &good, 1);
    cr_assert_eq(in.verdict, VERDICT_PERSON);
}

/* ---- Before it is an event ---- */

Test(inbound, no_value)
{
    struct raw_record raw = {.value = NULL, .headers = event_headers, .n_headers = N_EVENT_HEADERS};
    struct inbound_limits limits = {.max_bytes = 10};
    struct inbound in;
    inbound_decode(&raw, &limits, arena, &in);
    check_rejected(&in, REJECT_NO_VALUE, "");
    cr_assert_null(in.organisation);
    in = decode("", 0, NULL, 0);
    check_rejected(&in, REJECT_NO_VALUE, "");
}

Test(inbound, too_large_is_more_than_the_limit)
{
    struct inbound_limits limits = {.max_bytes = strlen(PERSON_EVENT)};
    struct raw_record raw = {.value = PERSON_EVENT, .len = strlen(PERSON_EVENT)};
    struct inbound in;
    inbound_decode(&raw, &limits, arena, &in);
    cr_assert_eq(in.verdict, VERDICT_PERSON);
    limits.max_bytes--;
    inbound_decode(&raw, &limits, arena, &in);
    check_rejected(&in, REJECT_TOO_LARGE, "");
}

Test(inbound, faults_of_the_json)
{
    static const struct {
        const char *value;
        enum reject_reason reason;
        const char *structured, *binary;
    } cases[] = {
        {"{\"x\":\"ZQX7\xff\"}", REJECT_NOT_UTF8, "", ""},
        {"{\"x\":\"ZQX7\"", REJECT_NOT_JSON, "", ""},
        {"\xef\xbb\xbf{}", REJECT_NOT_JSON, "", ""},
        {"{} " MARK, REJECT_NOT_JSON, "", ""},
        {"{\"x\":007}", REJECT_NOT_JSON, "", ""},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", REJECT_TOO_DEEP, "", ""},
        {"{\"id\":\"ZQX7\",\"id\":\"ZQX7\"}", REJECT_DUPLICATE_KEY, "id", "data.id"},
        {"{\"id\":\"ZQX7\\u0000\"}", REJECT_BAD_FIELD, "id", "data.id"},
        {"{\"id\":\"ZQX7\\ud800\"}", REJECT_BAD_FIELD, "id", "data.id"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct inbound in = decode(cases[i].value, strlen(cases[i].value), NULL, 0);
        check_rejected(&in, cases[i].reason, cases[i].structured);
        in = decode(cases[i].value, strlen(cases[i].value), event_headers, N_EVENT_HEADERS);
        check_rejected(&in, cases[i].reason, cases[i].binary);
    }
}

/* ---- Is it an event, and ours? ---- */

Test(inbound, attributes_missing_or_empty)
{
    static const char *const names[] = {"specversion", "id", "source", "type"};
    static const char *const values[] = {NULL, "null", "\"\""};
    for (size_t i = 0; i < LENGTH(names); i++) {
        for (size_t j = 0; j < LENGTH(values); j++) {
            /* specversion has to stay a header, or the record is not in binary mode at all. */
            if (i == 0 && j < 2) {
                continue;
            }
            struct message m = {.type = ABSENCE, .attr = {{names[i], values[j]}}};
            check_both(&m, REJECT_NOT_CLOUDEVENT, names[i]);
            struct inbound in = decode_structured(&m);
            cr_assert_eq(in.id == NULL, i == 1);
            cr_assert_eq(in.source == NULL, i == 2);
            in = decode_binary(&m);
            cr_assert_eq(in.id == NULL, i == 1);
            cr_assert_eq(in.source == NULL, i == 2);
        }
        struct message m = {.type = ABSENCE, .attr = {{names[i], "1.0"}}};
        struct inbound in = decode_structured(&m);
        check_rejected(&in, REJECT_NOT_CLOUDEVENT, names[i]);
    }
}

Test(inbound, specversion_is_1_0_exactly)
{
    static const char *const values[] = {"\"1\"", "\"1.0.2\"", "\"0.3\"", "\"1.0 \"", MARKED};
    for (size_t i = 0; i < LENGTH(values); i++) {
        struct message m = {.type = ABSENCE, .attr = {{"specversion", values[i]}}};
        check_both(&m, REJECT_NOT_CLOUDEVENT, "specversion");
    }
}

Test(inbound, attributes_are_looked_at_in_their_order)
{
    struct message m = {
        .type = ABSENCE,
        .attr = {{"specversion", "\"\""}, {"id", "\"\""}, {"source", "\"\""}, {"type", "\"\""}}};
    check_both(&m, REJECT_NOT_CLOUDEVENT, "specversion");
    m.attr[0].json = "\"1.0\"";
    check_both(&m, REJECT_NOT_CLOUDEVENT, "id");
    m.attr[1].json = "\"i\"";
    check_both(&m, REJECT_NOT_CLOUDEVENT, "source");
    m.attr[2].json = "\"/s\"";
    check_both(&m, REJECT_NOT_CLOUDEVENT, "type");
}

Test(inbound, a_value_that_is_no_object)
{
    static const char *const values[] = {"[]", "null", "7", MARKED, "true"};
    for (size_t i = 0; i < LENGTH(values); i++) {
        struct inbound in = decode(values[i], strlen(values[i]), NULL, 0);
        check_rejected(&in, REJECT_NOT_CLOUDEVENT, "");
        in = decode(values[i], strlen(values[i]), event_headers, N_EVENT_HEADERS);
        check_rejected(&in, REJECT_NOT_CLOUDEVENT, "");
    }
}

Test(inbound, other_types_are_ignored_before_their_data_is_looked_at)
{
    static const char *const types[] = {
        "org.example.thing.v1", "ORG.dayfour.absence.opened.v1", "org.dayfour..v1",
        "org.dayfour.v1",       "org.dayfour.absence",           "org.dayfour.returned-to-work.v1",
    };
    for (size_t i = 0; i < LENGTH(types); i++) {
        struct message m = {.type = types[i], .whole_data = "{\"version\":\"ZQX7\"}"};
        check_verdict(&m, VERDICT_IGNORED);
        m.attr[0] = (struct member_json){"time", MARKED};
        m.attr[1] = (struct member_json){"source", LONG_ID};
        check_verdict(&m, VERDICT_IGNORED);
    }
    struct message m = {.type = types[0], .whole_data = "[]"};
    struct inbound in = decode_structured(&m);
    cr_assert_eq(in.verdict, VERDICT_IGNORED);
    m.whole_data = "";
    in = decode_structured(&m);
    cr_assert_eq(in.verdict, VERDICT_IGNORED);
}

Test(inbound, other_types_of_our_namespaces_are_mistakes)
{
    static const char *const types[] = {
        "org.dayfour.absence.opened.v2",  "org.dayfour.absence.opened",
        "org.dayfour.absence.opened.v1 ", "org.dayfour.person.opted.v1",
        "org.dayfour.absence.open.v1",    "org.dayfour.feed.silent.v1",
    };
    for (size_t i = 0; i < LENGTH(types); i++) {
        struct message m = {.type = types[i], .whole_data = "{\"version\":\"ZQX7\"}"};
        check_both(&m, REJECT_UNKNOWN_TYPE, "type");
        m.attr[0] = (struct member_json){"source", LONG_ID};
        check_both(&m, REJECT_UNKNOWN_TYPE, "type");
    }
}

Test(inbound, categories)
{
    static const char *const ours[] = {"\"sickness\"",
                                       "\"SICKNESS\"",
                                       "\"Sickness\"",
                                       "\"08\"",
                                       "\" sickness\\t\"",
                                       "\"8\"",
                                       "\"\\u2003Sickness\\u00a0\""};
    for (size_t i = 0; i < LENGTH(ours); i++) {
        check_verdict(&(struct message){.type = ABSENCE, .data = {{"category", ours[i]}}},
                      VERDICT_ABSENCE);
    }
    static const char *const blank[] = {"\"\"", "\" \"", "\"\\u2003\\u00a0\""};
    for (size_t i = 0; i < LENGTH(blank); i++) {
        struct message m = {.type = ABSENCE, .data = {{"category", blank[i]}}};
        check_both(&m, REJECT_MISSING_FIELD, "data.category");
    }
    static const char *const unknown[] = {"\"sick\"", "\"88\"", "\"sickness\\u200b\"", LONG_ID};
    for (size_t i = 0; i < LENGTH(unknown); i++) {
        struct message m = {.type = ABSENCE,
                            .data = {{"category", unknown[i]}, {"person_id", NULL}}};
        check_both(&m, REJECT_UNKNOWN_CATEGORY, "data.category");
    }
    static const char *const others[] = {"\"maternity\"", "\"7\"", "\"15\"", "\" Carer's LEAVE \""};
    for (size_t i = 0; i < LENGTH(others); i++) {
        struct message m = {.type = ABSENCE, .data = {{"category", others[i]}}};
        check_verdict(&m, VERDICT_NOT_SICKNESS);
        m.type = "org.dayfour.absence.cancelled.v1";
        check_verdict(&m, VERDICT_NOT_SICKNESS);
        m.data[3] = (struct member_json){"absence_id", NULL};
        m.data[1] = (struct member_json){"person_id", NULL};
        m.data[2] = (struct member_json){"onset_date", MARKED};
        m.attr[0] = (struct member_json){"time", MARKED};
        check_verdict(&m, VERDICT_IGNORED);
    }
}
