/* inbound_message - messages for the tests of common/event/inbound: a good one, but for what a test
 * changes. */
#ifndef TESTS_UNIT_INBOUND_MESSAGE_H
#define TESTS_UNIT_INBOUND_MESSAGE_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/event/inbound.h"

/* Stands in every text we send, so that a value that got into a detail is seen. */
#define MARK "ZQX7"
#define TEN "0123456789"
#define LONG_ID "\"" HUNDRED "1\""
#define MARKED "\"ZQX7\""
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static struct arena *arena;

static inline void open_arena(void)
{
    arena = arena_new(4096);
}
static inline void close_arena(void)
{
    arena_free(arena);
}

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
    {"specversion", "\"1.0\""},           {"id", "\"ZQX7-id\""},
    {"source", "\"/hr/ZQX7\""},           {"type", NULL},
    {"time", "\"2026-09-07T08:10:00Z\""}, {"datacontenttype", "\"application/json\""},
};
#define N_ATTRIBUTES (sizeof(good_attributes) / sizeof(good_attributes[0]))

static const struct member_json good_absence[] = {
    {"organisation", "\"ZQX7-O\""},
    {"absence_id", "\"ZQX7-A\""},
    {"version", "3"},
    {"person_id", "\"ZQX7-P\""},
    {"assignment_id", "\"ZQX7-P-1\""},
    {"category", "\"sickness\""},
    {"onset_date", "\"2026-09-07\""},
    {"last_day", "\"2026-09-20\""},
    {"open_ended", "true"},
    {"expected_return", "\"2026-09-21\""},
    {"reason", "{\"scheme\":\"esr\",\"code\":\"S12 ZQX7\"}"},
    {"fte", "\"0.60000\""},
    {"contact",
     "{\"name\":\"Test Person ZQX7\",\"phone\":\"07700 900123\",\"email\":\"t@example.org\","
     "\"language\":\"cy\",\"preferred_time\":\"mornings\",\"voicemail\":false}"},
    {"fit_note", "{\"from\":\"2026-09-14\",\"to\":\"2026-09-28\"}"},
    {"phased_return_from", "\"2026-10-01\""},
    {"site", "\"MRI\""},
    {"staff_group", "\"ZQX7 staff\""},
};
#define N_ABSENCE (sizeof(good_absence) / sizeof(good_absence[0]))

static const struct member_json good_person[] = {
    {"organisation", "\"ZQX7-O\""},
    {"person_id", "\"ZQX7-P\""},
    {"on", "\"2026-09-30\""},
};
#define N_PERSON (sizeof(good_person) / sizeof(good_person[0]))

static inline const struct member_json *changed(const struct member_json *changes, const char *name)
{
    for (size_t i = 0; i < CHANGES && changes[i].name; i++) {
        if (strcmp(changes[i].name, name) == 0) {
            return &changes[i];
        }
    }
    return NULL;
}

static inline void put_member(struct buf *b, const char *name, const char *json)
{
    if (json) {
        buf_printf(b, "%s\"%s\":%s", b->data[b->len - 1] == '{' ? "" : ",", name, json);
    }
}

static inline void put_object(struct buf *b, const struct member_json *good, size_t n,
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

static inline void put_data(struct buf *b, const struct message *m)
{
    if (m->whole_data) {
        buf_puts(b, m->whole_data);
    } else if (strstr(m->type, "person")) {
        put_object(b, good_person, N_PERSON, m->data);
    } else {
        put_object(b, good_absence, N_ABSENCE, m->data);
    }
}

static inline const char *attribute(const struct message *m, size_t i)
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

static inline struct inbound decode(const char *value, size_t len, const struct header *headers,
                                    size_t n)
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

static inline struct inbound decode_structured(const struct message *m)
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

static inline struct inbound decode_binary(const struct message *m)
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

static inline void check_rejected(const struct inbound *in, enum reject_reason reason,
                                  const char *detail)
{
    cr_assert_eq(in->verdict, VERDICT_REJECTED, "%s: verdict %d", detail, in->verdict);
    cr_assert_str_eq(reject_reason_name(in->reason), reject_reason_name(reason), "%s", detail);
    cr_assert_str_eq(in->detail, detail);
}

/* path of an attribute: without ce_. */
static inline void check_both(const struct message *m, enum reject_reason reason, const char *path)
{
    struct inbound in = decode_structured(m);
    check_rejected(&in, reason, path);
    in = decode_binary(m);
    bool member = strncmp(path, "data.", 5) == 0 || strcmp(path, "data") == 0;
    check_rejected(&in, reason, member ? path : arena_printf(arena, "ce_%s", path));
}

static inline void check_verdict(const struct message *m, enum verdict verdict)
{
    struct inbound in = decode_structured(m);
    cr_assert_eq(in.verdict, verdict, "structured: %s %s", reject_reason_name(in.reason),
                 in.detail);
    in = decode_binary(m);
    cr_assert_eq(in.verdict, verdict, "binary: %s %s", reject_reason_name(in.reason), in.detail);
}

static inline struct date day(const char *text)
{
    struct date d;
    cr_assert(date_parse(text, strlen(text), &d));
    return d;
}

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* A fact about a person in binary mode: headers and value. */
static const struct header event_headers[] = {
    {"ce_specversion", "1.0", 3, false},
    {"ce_id", "e-1", 3, false},
    {"ce_source", "/hr", 3, false},
    {"ce_type", LEFT, sizeof(LEFT) - 1, false},
    {"ce_time", "2026-09-07T08:10:00Z", 20, false},
};
#define N_EVENT_HEADERS LENGTH(event_headers)
#define PERSON_DATA "{\"organisation\":\"O\",\"person_id\":\"P\",\"on\":null}"

#endif
