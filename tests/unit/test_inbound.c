#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/event/inbound.h"

/* Stands in every text we send, so that a value that got into a detail is seen. */
#define MARK "ZQX7"
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static struct arena *arena;

static void open_arena(void)
{
    arena = arena_new(4096);
}
static void close_arena(void)
{
    arena_free(arena);
}
TestSuite(inbound, .init = open_arena, .fini = close_arena, .timeout = 30);

/* A member's name and its value as JSON. NULL: leave it out. */
struct member_json {
    const char *name, *json;
};
#define CHANGES 6

/* A good message of the type, but for the changes; of attributes a text value, quoted as JSON. */
struct message {
    const char *type;
    struct member_json attr[CHANGES];
    struct member_json data[CHANGES];
    const char *whole_data; /* JSON instead of the object; "": none */
};

#define ABSENCE "org.dayfour.absence.opened.v1"
#define LEFT "org.dayfour.person.left.v1"

static const struct member_json good_attributes[] = {
    {"specversion", "\"1.0\""},           {"id", "\"" MARK "-id\""},
    {"source", "\"/hr/" MARK "\""},       {"type", NULL},
    {"time", "\"2026-09-07T08:10:00Z\""}, {"datacontenttype", "\"application/json\""},
};
#define N_ATTRIBUTES (sizeof(good_attributes) / sizeof(good_attributes[0]))

static const struct member_json good_absence[] = {
    {"organisation", "\"" MARK "-O\""},
    {"absence_id", "\"" MARK "-A\""},
    {"version", "3"},
    {"person_id", "\"" MARK "-P\""},
    {"assignment_id", "\"" MARK "-P-1\""},
    {"category", "\"sickness\""},
    {"onset_date", "\"2026-09-07\""},
    {"last_day", "\"2026-09-20\""},
    {"open_ended", "true"},
    {"expected_return", "\"2026-09-21\""},
    {"reason", "{\"scheme\":\"esr\",\"code\":\"S12 " MARK "\"}"},
    {"fte", "\"0.60000\""},
    {"contact",
     "{\"name\":\"Test Person " MARK "\",\"phone\":\"07700 900123\",\"email\":\"t@example.org\","
     "\"language\":\"cy\",\"preferred_time\":\"mornings\",\"voicemail\":false}"},
    {"fit_note", "{\"from\":\"2026-09-14\",\"to\":\"2026-09-28\"}"},
    {"phased_return_from", "\"2026-10-01\""},
    {"site", "\"MRI\""},
    {"staff_group", "\"" MARK " staff\""},
};
#define N_ABSENCE (sizeof(good_absence) / sizeof(good_absence[0]))

static const struct member_json good_person[] = {
    {"organisation", "\"" MARK "-O\""},
    {"person_id", "\"" MARK "-P\""},
    {"on", "\"2026-09-30\""},
};
#define N_PERSON (sizeof(good_person) / sizeof(good_person[0]))

static const struct member_json *changed(const struct member_json *changes, const char *name)
{
    for (size_t i = 0; i < CHANGES && changes[i].name; i++) {
        if (strcmp(changes[i].name, name) == 0) {
            return &changes[i];
        }
    }
    return NULL;
}

static void put_member(struct buf *b, const char *name, const char *json)
{
    if (json) {
        buf_printf(b, "%s\"%s\":%s", b->data[b->len - 1] == '{' ? "" : ",", name, json);
    }
}

static void put_object(struct buf *b, const struct member_json *good, size_t n,
                       const struct member_json *changes)
{
    buf_puts(b, "{");
    for (size_t i = 0; i < n; i++) {
        const struct member_json *change = changed(changes, good[i].name);
        put_member(b, good[i].name, change ? change->json : good[i].json);
    }
    for (size_t i = 0; i < CHANGES && changes[i].name; i++) {
        const struct member_json as_good = {changes[i].name, NULL};
        bool known = false;
        for (size_t j = 0; j < n; j++) {
            known = known || strcmp(good[j].name, as_good.name) == 0;
        }
        put_member(b, changes[i].name, known ? NULL : changes[i].json);
    }
    buf_puts(b, "}");
}

static void put_data(struct buf *b, const struct message *m)
{
    if (m->whole_data) {
        buf_puts(b, m->whole_data);
    } else if (strstr(m->type, "person")) {
        put_object(b, good_person, N_PERSON, m->data);
    } else {
        put_object(b, good_absence, N_ABSENCE, m->data);
    }
}

static const char *attribute(const struct message *m, size_t i)
{
    const struct member_json *change = changed(m->attr, good_attributes[i].name);
    if (change) {
        return change->json;
    }
    if (good_attributes[i].json) {
        return good_attributes[i].json;
    }
    return arena_printf(arena, "\"%s\"", m->type);
}

static struct inbound decode(const char *value, size_t len, const struct header *headers, size_t n)
{
    /* As Kafka hands it over: nothing behind the last byte. */
    char *exact = malloc(len ? len : 1);
    memcpy(exact, value, len);
    struct raw_record raw = {.value = exact, .len = len, .headers = headers, .n_headers = n};
    struct inbound_limits limits = {.max_bytes = 262144};
    struct inbound in;
    memset(&in, 0xa5, sizeof(in));
    inbound_decode(&raw, &limits, arena, &in);
    free(exact);
    cr_assert_null(strstr(in.detail, MARK), "a value in the detail");
    return in;
}

static struct inbound decode_structured(const struct message *m)
{
    struct buf b = {0};
    buf_puts(&b, "{");
    for (size_t i = 0; i < N_ATTRIBUTES; i++) {
        put_member(&b, good_attributes[i].name, attribute(m, i));
    }
    if (!m->whole_data || m->whole_data[0]) {
        buf_printf(&b, ",\"data\":");
        put_data(&b, m);
    }
    buf_puts(&b, "}");
    struct header h = {"content-type", "application/cloudevents+json", 28, false};
    struct inbound in = decode(b.data, b.len, &h, 1);
    buf_clear(&b);
    return in;
}

static struct inbound decode_binary(const struct message *m)
{
    struct header headers[N_ATTRIBUTES];
    size_t n = 0;
    for (size_t i = 0; i < N_ATTRIBUTES; i++) {
        const char *json = attribute(m, i);
        if (!json) {
            continue;
        }
        headers[n] = (struct header){.name = arena_printf(arena, "ce_%s", good_attributes[i].name)};
        if (strcmp(json, "null") == 0) {
            headers[n].is_null = true;
        } else {
            cr_assert_eq(json[0], '"');
            headers[n].value = json + 1;
            headers[n].len = strlen(json) - 2;
        }
        n++;
    }
    struct buf b = {0};
    put_data(&b, m);
    struct inbound in = decode(b.data, b.len, headers, n);
    buf_clear(&b);
    return in;
}

static void check_rejected(const struct inbound *in, enum reject_reason reason, const char *detail)
{
    cr_assert_eq(in->verdict, VERDICT_REJECTED, "%s: verdict %d", detail, in->verdict);
    cr_assert_str_eq(reject_reason_name(in->reason), reject_reason_name(reason), "%s", detail);
    cr_assert_str_eq(in->detail, detail);
}

/* path of an attribute: without ce_. */
static void check_both(const struct message *m, enum reject_reason reason, const char *path)
{
    struct inbound in = decode_structured(m);
    check_rejected(&in, reason, path);
    in = decode_binary(m);
    bool member = strncmp(path, "data.", 5) == 0 || strcmp(path, "data") == 0;
    check_rejected(&in, reason, member ? path : arena_printf(arena, "ce_%s", path));
}

static void check_verdict(const struct message *m, enum verdict verdict)
{
    struct inbound in = decode_structured(m);
    cr_assert_eq(in.verdict, verdict, "structured: %s %s", reject_reason_name(in.reason),
                 in.detail);
    in = decode_binary(m);
    cr_assert_eq(in.verdict, verdict, "binary: %s %s", reject_reason_name(in.reason), in.detail);
}

static struct date day(const char *text)
{
    struct date d;
    cr_assert(date_parse(text, strlen(text), &d));
    return d;
}

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

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
    static const char *const without[] = {"null", NULL};
    for (size_t i = 0; i < LENGTH(without); i++) {
        struct message m = {.type = LEFT, .data = {{"on", without[i]}}};
        struct inbound in = decode_structured(&m);
        cr_assert_eq(in.verdict, VERDICT_PERSON);
        cr_assert(date_is_none(in.person.on));
        m.type = "org.dayfour.person.died.v1";
        check_verdict(&m, VERDICT_PERSON);
        m.type = "org.dayfour.person.opted-out.v1";
        check_both(&m, REJECT_MISSING_FIELD, "data.on");
        m.type = "org.dayfour.person.opted-in.v1";
        check_both(&m, REJECT_MISSING_FIELD, "data.on");
    }
}

/* ---- The two modes ---- */

static const struct header event_headers[] = {
    {"ce_specversion", "1.0", 3, false},
    {"ce_id", "e-1", 3, false},
    {"ce_source", "/hr", 3, false},
    {"ce_type", LEFT, sizeof(LEFT) - 1, false},
    {"ce_time", "2026-09-07T08:10:00Z", 20, false},
};
#define N_EVENT_HEADERS LENGTH(event_headers)
#define PERSON_DATA "{\"organisation\":\"O\",\"person_id\":\"P\",\"on\":null}"
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
                                        ""};
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
        {"{\"x\":\"" MARK "\xff\"}", REJECT_NOT_UTF8, "", ""},
        {"{\"x\":\"" MARK "\"", REJECT_NOT_JSON, "", ""},
        {"\xef\xbb\xbf{}", REJECT_NOT_JSON, "", ""},
        {"{} " MARK, REJECT_NOT_JSON, "", ""},
        {"{\"x\":007}", REJECT_NOT_JSON, "", ""},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", REJECT_TOO_DEEP, "", ""},
        {"{\"id\":\"" MARK "\",\"id\":\"" MARK "\"}", REJECT_DUPLICATE_KEY, "id", "data.id"},
        {"{\"id\":\"" MARK "\\u0000\"}", REJECT_BAD_FIELD, "id", "data.id"},
        {"{\"id\":\"" MARK "\\ud800\"}", REJECT_BAD_FIELD, "id", "data.id"},
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
            if (i == 0 && !values[j]) {
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
    static const char *const values[] = {"\"1\"", "\"1.0.2\"", "\"0.3\"", "\"1.0 \"",
                                         "\"" MARK "\""};
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
    static const char *const values[] = {"[]", "null", "7", "\"" MARK "\"", "true"};
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
        "org.example.thing.v1",
        "org.dayfour.absence.opened.v2",
        "org.dayfour.absence.opened",
        "ORG.dayfour.absence.opened.v1",
        "org.dayfour.absence.opened.v1 ",
        "org.dayfour..v1",
        "org.dayfour.v1",
        "org.dayfour.person.opted.v1",
        "org.dayfour.absence.open.v1",
        "org.dayfour.returned-to-work.v1",
    };
    for (size_t i = 0; i < LENGTH(types); i++) {
        struct message m = {.type = types[i], .whole_data = "{\"version\":\"" MARK "\"}"};
        check_verdict(&m, VERDICT_IGNORED);
        m.attr[0] = (struct member_json){"time", "\"" MARK "\""};
        m.attr[1] = (struct member_json){"source", "\"" HUNDRED "1\""};
        check_verdict(&m, VERDICT_IGNORED);
    }
    struct message m = {.type = types[0], .whole_data = "[]"};
    struct inbound in = decode_structured(&m);
    cr_assert_eq(in.verdict, VERDICT_IGNORED);
    m.whole_data = "";
    in = decode_structured(&m);
    cr_assert_eq(in.verdict, VERDICT_IGNORED);
}

Test(inbound, categories)
{
    static const char *const ours[] = {"\"sickness\"", "\"SICKNESS\"", "\"Sickness\"", "\"08\""};
    for (size_t i = 0; i < LENGTH(ours); i++) {
        check_verdict(&(struct message){.type = ABSENCE, .data = {{"category", ours[i]}}},
                      VERDICT_ABSENCE);
    }
    static const char *const others[] = {"\"maternity\"", "\"8\"", "\"15\"", "\"sickness \"",
                                         "\"\""};
    for (size_t i = 0; i < LENGTH(others); i++) {
        struct message m = {.type = ABSENCE, .data = {{"category", others[i]}}};
        check_verdict(&m, VERDICT_IGNORED);
        m.type = "org.dayfour.absence.cancelled.v1";
        check_verdict(&m, VERDICT_IGNORED);
        m.data[1] = (struct member_json){"person_id", NULL};
        m.data[2] = (struct member_json){"onset_date", "\"" MARK "\""};
        m.attr[0] = (struct member_json){"time", "\"" MARK "\""};
        check_verdict(&m, VERDICT_IGNORED);
    }
}

/* ---- Missing ---- */

Test(inbound, required_members_missing_or_null)
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
            m.attr[0] = (struct member_json){"time", "\"" MARK "\""};
            check_both(&m, REJECT_MISSING_FIELD, path);
            if (i + 1 < LENGTH(names)) {
                m.data[2] = (struct member_json){names[i + 1], NULL};
                check_both(&m, REJECT_MISSING_FIELD, path);
            }
        }
    }
}

Test(inbound, required_members_of_a_person)
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

Test(inbound, data_missing)
{
    static const char *const types[] = {ABSENCE, LEFT};
    for (size_t i = 0; i < LENGTH(types); i++) {
        struct message m = {.type = types[i], .whole_data = ""};
        struct inbound in = decode_structured(&m);
        check_rejected(&in, REJECT_MISSING_FIELD, "data");
        m.whole_data = "null";
        in = decode_structured(&m);
        check_rejected(&in, REJECT_MISSING_FIELD, "data");
        m.whole_data = "[\"" MARK "\"]";
        in = decode_structured(&m);
        check_rejected(&in, REJECT_BAD_FIELD, "data");
        m.whole_data = "\"" MARK "\"";
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

Test(inbound, strings_that_identify_have_1_to_100_bytes)
{
    static const char *const names[] = {"organisation", "absence_id", "person_id", "assignment_id"};
    static const char *const bad[] = {"\"\"",
                                      "7",
                                      "true",
                                      "[\"" MARK "\"]",
                                      "{\"x\":\"" MARK "\"}",
                                      "\"" HUNDRED "1\"",
                                      "\"" MARK "\\u001f\""};
    static const char *const good[] = {"\"x\"", "\"" HUNDRED "\"", "\" \"", "\"\\u0001\\u007f\"",
                                       "\"\\u00e9\""};
    for (size_t i = 0; i < LENGTH(names); i++) {
        for (size_t j = 0; j < LENGTH(bad); j++) {
            check_bad(ABSENCE, &(struct bad){names[i], bad[j], NULL}, 1);
        }
        for (size_t j = 0; j < LENGTH(good); j++) {
            check_verdict(&(struct message){.type = ABSENCE, .data = {{names[i], good[j]}}},
                          VERDICT_ABSENCE);
        }
    }
    static const struct bad of_a_person[] = {{"organisation", "\"" HUNDRED "1\"", NULL},
                                             {"organisation", "7", NULL},
                                             {"person_id", "77", NULL}};
    check_bad(LEFT, of_a_person, LENGTH(of_a_person));
}

Test(inbound, versions)
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

Test(inbound, dates)
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
                                      "\"" MARK "\"",
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

Test(inbound, members_of_the_wrong_type)
{
    static const struct bad cases[] = {
        {"category", "8", NULL},
        {"category", "true", NULL},
        {"open_ended", "\"" MARK "\"", NULL},
        {"open_ended", "0", NULL},
        {"reason", "\"" MARK "\"", NULL},
        {"reason", "[]", NULL},
        {"reason", "{\"scheme\":5}", "data.reason.scheme"},
        {"reason", "{\"scheme\":5,\"code\":\"" MARK "\"}", "data.reason.scheme"},
        {"reason", "{\"scheme\":\"snomed\",\"code\":279039007}", "data.reason.code"},
        {"contact", "\"" MARK "\"", NULL},
        {"contact", "[\"" MARK "\"]", NULL},
        {"contact", "{\"name\":7}", "data.contact.name"},
        {"contact", "{\"phone\":7700900123}", "data.contact.phone"},
        {"contact", "{\"email\":[\"" MARK "\"]}", "data.contact.email"},
        {"contact", "{\"language\":{}}", "data.contact.language"},
        {"contact", "{\"preferred_time\":true}", "data.contact.preferred_time"},
        {"contact", "{\"voicemail\":\"" MARK "\"}", "data.contact.voicemail"},
        {"contact", "{\"phone\":\"" HUNDRED HUNDRED "1\"}", "data.contact.phone"},
        {"fit_note", "\"" MARK "\"", NULL},
        {"fit_note", "true", NULL},
        {"site", "7", NULL},
        {"staff_group", "[\"" MARK "\"]", NULL},
        {"fte", "\"" MARK "\"", NULL},
        {"fte", "\"-0.1\"", NULL},
        {"fte", "1.1", NULL},
        {"fte", "-0.1", NULL},
        {"fte", "true", NULL},
        {"fte", "{}", NULL},
        {"fte", "\"\"", NULL},
    };
    check_bad(ABSENCE, cases, LENGTH(cases));
}

Test(inbound, shares_come_out_exact)
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

Test(inbound, attributes_that_are_no_good_for_us)
{
    static const char *const types[] = {ABSENCE, LEFT};
    for (size_t i = 0; i < LENGTH(types); i++) {
        struct message m = {.type = types[i], .attr = {{"source", "\"" HUNDRED "1\""}}};
        check_both(&m, REJECT_BAD_FIELD, "source");
        m.attr[0].json = "\"" HUNDRED "\"";
        check_verdict(&m, i == 0 ? VERDICT_ABSENCE : VERDICT_PERSON);
        static const char *const times[] = {"\"" MARK "\"", "\"\"", "\"2026-09-07\"",
                                            "\"2026-09-07T08:10:00\"", "\"2026-09-31T08:10:00Z\""};
        for (size_t j = 0; j < LENGTH(times); j++) {
            m.attr[0] = (struct member_json){"time", times[j]};
            check_both(&m, REJECT_BAD_FIELD, "time");
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

Test(inbound, the_first_bad_one_in_order_is_named)
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
    };
    for (size_t i = 0; i + 1 < LENGTH(order); i++) {
        struct message m = {
            .type = ABSENCE,
            .data = {{order[i + 1].name, order[i + 1].json}, {order[i].name, order[i].json}}};
        const char *path =
            order[i].path ? order[i].path : arena_printf(arena, "data.%s", order[i].name);
        check_both(&m, REJECT_BAD_FIELD, path);
    }
    struct message m = {.type = ABSENCE, .data = {{"organisation", "7"}}};
    m.attr[0] = (struct member_json){"time", "\"\""};
    check_both(&m, REJECT_BAD_FIELD, "time");
    m.attr[1] = (struct member_json){"source", "\"" HUNDRED "1\""};
    check_both(&m, REJECT_BAD_FIELD, "source");
}

/* ---- Reasons ---- */

struct reason {
    const char *json;
    enum reason_scheme scheme;
    const char *code;
};

Test(inbound, reasons)
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

Test(inbound, a_code_needs_a_scheme_and_one_we_know)
{
    static const char *const missing[] = {"{\"code\":\"" MARK "\"}",
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
        {"reason", "{\"scheme\":\"" MARK "\",\"code\":\"S12\"}", "data.reason.scheme"},
        {"reason", "{\"scheme\":\"ESR\",\"code\":\"S12\"}", "data.reason.scheme"},
        {"reason", "{\"scheme\":\"\",\"code\":\"S12\"}", "data.reason.scheme"},
    };
    check_bad(ABSENCE, unknown, LENGTH(unknown));
}

/* ---- Last checks ---- */

Test(inbound, last_day_before_onset)
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

static struct inbound decode_bound(const char *source, const char *organisation, const char *more)
{
    const char *value = arena_printf(
        arena,
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"%s\",\"type\":\"" LEFT "\","
        "\"time\":\"2026-09-07T08:10:00Z\",\"data\":{\"organisation\":\"%s\",\"person_id\":\"P\"%s}"
        "}",
        source, organisation, more);
    struct raw_record raw = {.value = value, .len = strlen(value)};
    struct inbound in;
    asked = 0;
    inbound_decode(&raw, &bound, arena, &in);
    return in;
}

Test(inbound, a_source_speaks_for_its_organisations_only)
{
    struct inbound in = decode_bound("/hr/RW3", "RW3", "");
    cr_assert_eq(in.verdict, VERDICT_PERSON);
    cr_assert_eq(asked, 1);
    in = decode_bound("/hr/RW3", "RW4", "");
    check_rejected(&in, REJECT_SOURCE_NOT_ALLOWED, "source");
    in = decode_bound("/hr/RW4", "RW3", "");
    check_rejected(&in, REJECT_SOURCE_NOT_ALLOWED, "source");
    in = decode_bound("/hr/RW4", "RW3", ",\"on\":7");
    check_rejected(&in, REJECT_BAD_FIELD, "data.on");
    cr_assert_eq(asked, 0);

    struct raw_record raw = {.value = PERSON_DATA,
                             .len = strlen(PERSON_DATA),
                             .headers = event_headers,
                             .n_headers = N_EVENT_HEADERS};
    inbound_decode(&raw, &bound, arena, &in);
    check_rejected(&in, REJECT_SOURCE_NOT_ALLOWED, "ce_source");
}

Test(inbound, the_organisation_of_what_was_refused_or_ignored)
{
    struct message m = {.type = ABSENCE, .data = {{"version", "0"}}};
    cr_assert_str_eq(decode_structured(&m).organisation, MARK "-O");
    cr_assert_str_eq(decode_binary(&m).organisation, MARK "-O");
    m.attr[0] = (struct member_json){"id", "\"\""};
    cr_assert_str_eq(decode_structured(&m).organisation, MARK "-O");
    m = (struct message){.type = "org.example.other", .whole_data = NULL};
    cr_assert_str_eq(decode_structured(&m).organisation, MARK "-O");
    static const char *const unreadable[] = {"\"\"", "7", "\"" HUNDRED "1\"", NULL, "null", "[]"};
    for (size_t i = 0; i < LENGTH(unreadable); i++) {
        m = (struct message){.type = ABSENCE, .data = {{"organisation", unreadable[i]}}};
        cr_assert_null(decode_structured(&m).organisation);
        cr_assert_null(decode_binary(&m).organisation);
    }
}

Test(inbound, names)
{
    cr_assert_str_eq(reject_reason_name(REJECT_NO_VALUE), "no_value");
    cr_assert_str_eq(reject_reason_name(REJECT_SOURCE_NOT_ALLOWED), "source_not_allowed");
    for (int i = 0; i < REJECT_COUNT; i++) {
        cr_assert_not_null(reject_reason_name((enum reject_reason)i));
    }
    cr_assert_str_eq(reason_scheme_name(SCHEME_ICD10), "icd10");
    cr_assert_null(reason_scheme_name(SCHEME_NONE));
}
