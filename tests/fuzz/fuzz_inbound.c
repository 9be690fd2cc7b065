/* Any bytes as a Kafka record: a verdict that says no value, facts within their ranges, and the
 * same verdict for the same event in the other mode.
 *
 * Input: lines "name: value" ("name" alone: no value) up to an empty line, then the record's value.
 * Input that begins with { is the value alone, so that files of tests/data/messages are seeds as
 * they are. */
#include <stddef.h>
#include <stdint.h>

#include "common/event/decimal.h"
#include "common/event/inbound.h"
#include "common/event/text.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MAX_HEADERS 12
#define MAX_BYTES 1000000

static struct arena *arena;

struct input {
    struct header headers[MAX_HEADERS];
    size_t n;
    const char *value;
    size_t len;
};

static void read_header(struct input *in, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon ? (size_t)(colon - line) : len;
    struct header *h = &in->headers[in->n++];
    *h = (struct header){.name = arena_strndup(arena, line, name_len), .is_null = !colon};
    if (colon) {
        size_t skip = name_len + 1 < len && colon[1] == ' ' ? 2 : 1;
        h->value = line + name_len + skip;
        h->len = len - name_len - skip;
    }
}

static struct input read_input(const char *data, size_t len)
{
    struct input in = {.value = data, .len = len};
    if (len > 0 && data[0] == '{') {
        return in;
    }
    while (in.len > 0 && in.n < MAX_HEADERS) {
        const char *end = memchr(in.value, '\n', in.len);
        if (!end) {
            break;
        }
        size_t line_len = (size_t)(end - in.value);
        const char *line = in.value;
        in.value += line_len + 1;
        in.len -= line_len + 1;
        if (line_len == 0) {
            break;
        }
        read_header(&in, line, line_len);
    }
    return in;
}

static bool one_of_two(const void *arg, const char *source, const char *organisation)
{
    (void)arg;
    return (strlen(source) + strlen(organisation)) % 2 == 0;
}

/* Exactly as long, so that a byte read beyond it is seen. */
static char *copy_of(const char *bytes, size_t len)
{
    char *copy = malloc(len > 0 ? len : 1);
    MUST(copy);
    memcpy(copy, bytes, len);
    return copy;
}

static struct inbound decode(const struct header *headers, size_t n, const char *value, size_t len)
{
    /* The decoded event must outlive the record: headers and value are freed before it is read. */
    struct header copies[MAX_HEADERS];
    char *memory[MAX_HEADERS] = {NULL};
    for (size_t i = 0; i < n; i++) {
        copies[i] = headers[i];
        if (!headers[i].is_null) {
            memory[i] = copy_of(headers[i].value, headers[i].len);
            copies[i].value = memory[i];
        }
    }
    char *copy = copy_of(value, len);
    struct raw_record raw = {.value = copy, .len = len, .headers = copies, .n_headers = n};
    struct inbound_limits limits = {.max_bytes = MAX_BYTES, .source_allowed = one_of_two};
    struct inbound in;
    inbound_decode(&raw, &limits, arena, &in);
    for (size_t i = 0; i < n; i++) {
        free(memory[i]);
    }
    free(copy);
    return in;
}

static void check_id(const char *s)
{
    size_t trimmed = 0;
    MUST(s && strlen(s) >= 1 && strlen(s) <= 100);
    MUST(text_trim(s, strlen(s), TEXT_INVISIBLE, &trimmed) == s && trimmed == strlen(s));
}

/* A text may have any length: nothing limits it but the message it is in. */
static void check_text(const char *s)
{
    MUST(!s || s[0] != '\0');
}

static void check_date(struct date d)
{
    MUST(date_is_none(d) || (d.days >= DATE_FIRST.days && d.days <= DATE_LAST.days));
}

static void check_absence(const struct absence_event *e)
{
    check_id(e->absence_id);
    check_id(e->person_id);
    if (e->assignment_id) {
        check_id(e->assignment_id);
    }
    MUST(e->version >= 1 && e->version < INT64_C(1) << 53);
    MUST(!date_is_none(e->onset));
    check_date(e->onset);
    check_date(e->last_day);
    check_date(e->expected_return);
    check_date(e->fit_note_from);
    check_date(e->fit_note_to);
    check_date(e->phased_return_from);
    MUST(date_is_none(e->last_day) || e->last_day.days >= e->onset.days);
    MUST((e->scheme == SCHEME_NONE) == (e->code == NULL));
    MUST(e->scheme <= SCHEME_TEXT);
    check_text(e->code);
    if (e->fte) {
        char text[DECIMAL_TEXT];
        MUST(decimal_share(e->fte, DECIMAL_PLAIN, text) && strcmp(text, e->fte) == 0);
    }
    const struct contact_details *c = &e->contact;
    const char *const texts[] = {c->name,           c->phone, c->email, c->language,
                                 c->preferred_time, c->needs, c->job};
    bool any =
        c->voicemail != VOICEMAIL_UNKNOWN || c->way != WAY_NONE || !date_is_none(c->date_of_birth);
    check_date(c->date_of_birth);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        check_text(texts[i]);
        any = any || texts[i];
    }
    MUST(e->has_contact == any);
    const char *const places[] = {e->site, e->staff_group, c->job};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        check_text(places[i]);
        MUST(places[i] == NULL || strlen(places[i]) <= PLACE_BYTES);
    }
}

static void check_person(const struct person_event *e)
{
    check_id(e->person_id);
    check_date(e->on);
    MUST(!instant_is_none(e->time));
    MUST(!date_is_none(e->on) || e->what == PERSON_LEFT || e->what == PERSON_DIED);
}

static void check_heartbeat(const struct heartbeat_event *e)
{
    MUST(!instant_is_none(e->as_of));
    MUST(e->records >= -1 && e->sent >= -1 && e->rejected >= -1);
}

static void check(const struct inbound *in)
{
    MUST(in->verdict <= VERDICT_REJECTED);
    fuzz_check_path(in->detail, DETAIL_TEXT);
    if (in->organisation) {
        check_id(in->organisation);
    }
    if (in->verdict == VERDICT_REJECTED) {
        MUST(in->reason < REJECT_COUNT);
        return;
    }
    MUST(in->detail[0] == '\0');
    MUST(in->id && in->id[0] && in->source && in->source[0]);
    if (in->verdict == VERDICT_ABSENCE) {
        check_absence(&in->absence);
    } else if (in->verdict == VERDICT_PERSON) {
        check_person(&in->person);
    } else if (in->verdict == VERDICT_HEARTBEAT) {
        check_heartbeat(&in->heartbeat);
    } else if (in->verdict == VERDICT_NOT_SICKNESS) {
        check_id(in->absence.absence_id);
        MUST(in->absence.version >= 1 && in->absence.version < INT64_C(1) << 53);
    }
    if (in->verdict != VERDICT_IGNORED) {
        check_id(in->organisation);
        check_id(in->source);
        MUST(one_of_two(NULL, in->source, in->organisation));
    }
}

static void check_same(const struct inbound *a, const struct inbound *b)
{
    MUST(a->verdict == b->verdict);
    MUST(a->verdict != VERDICT_REJECTED || a->reason == b->reason);
    const char *detail = strncmp(b->detail, "ce_", 3) == 0 ? b->detail + 3 : b->detail;
    MUST(strcmp(a->detail, detail) == 0);
    MUST(text_same(a->organisation, b->organisation));
    MUST(text_same(a->source, b->source));
    MUST(text_same(a->id, b->id));
    if (a->verdict == VERDICT_ABSENCE) {
        MUST(text_same(a->absence.code, b->absence.code));
        MUST(text_same(a->absence.fte, b->absence.fte));
        MUST(a->absence.version == b->absence.version);
        MUST(a->absence.last_day.days == b->absence.last_day.days);
        MUST(a->absence.cancelled == b->absence.cancelled);
    } else if (a->verdict == VERDICT_PERSON) {
        MUST(a->person.what == b->person.what);
        MUST(a->person.on.days == b->person.on.days);
        MUST(a->person.time.us == b->person.time.us);
    }
}

/* The same event with its attributes as headers, if it can be put so: text, and data that is an
 * object. */
static void check_other_mode(const struct inbound *structured, const char *value, size_t len)
{
    static const char *const names[] = {"specversion", "id",   "source",
                                        "type",        "time", "datacontenttype"};
    const struct json *root = NULL;
    char path[JSON_PATH];
    if (json_parse(value, len, arena, &root, path) != JSON_FINE || json_type(root) != JSON_OBJECT) {
        return;
    }
    struct header headers[MAX_HEADERS];
    size_t n = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct json *v = json_member(root, names[i]);
        if (v && json_type(v) == JSON_STRING) {
            headers[n++] = (struct header){.name = arena_printf(arena, "ce_%s", names[i]),
                                           .value = json_string(v),
                                           .len = strlen(json_string(v))};
        } else if ((v && json_type(v) != JSON_NULL) || i == 0) {
            return;
        }
    }
    const struct json *data = json_member(root, "data");
    const struct json *base64 = json_member(root, "data_base64");
    if (!data || (base64 && json_type(base64) != JSON_NULL) || json_type(data) != JSON_OBJECT) {
        return;
    }
    struct buf b = {0};
    fuzz_put_json(&b, data);
    struct inbound binary = decode(headers, n, b.data, b.len);
    check(&binary);
    check_same(structured, &binary);
    buf_clear(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (!arena) {
        arena = arena_new(1 << 16);
    }
    arena_reset(arena);
    struct input input = read_input((const char *)data, len);
    struct inbound in = decode(input.headers, input.n, input.value, input.len);
    check(&in);
    if (input.n == 0) {
        check_other_mode(&in, input.value, input.len);
    }
    return 0;
}
