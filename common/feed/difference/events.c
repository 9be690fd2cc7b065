/* Members stand in the order of doc/hr-integration.md; one without a value is left out. */
#include "common/feed/difference/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/json/json.h"

const char *events_type(enum difference_kind kind)
{
    static const char *const types[] = {
        [DIFFERENCE_OPENED] = "org.dayfour.absence.opened.v1",
        [DIFFERENCE_AMENDED] = "org.dayfour.absence.amended.v1",
        [DIFFERENCE_CLOSED] = "org.dayfour.absence.closed.v1",
        [DIFFERENCE_CANCELLED] = "org.dayfour.absence.cancelled.v1",
        [DIFFERENCE_LEFT] = "org.dayfour.person.left.v1",
        [DIFFERENCE_HEARTBEAT] = "org.dayfour.feed.heartbeat.v1",
    };
    return types[kind];
}

/* The first 32 hex digits of SHA-256 over the parts, 0x1f between them. */
static void digest_parts(const char *const *parts, size_t n, char out[DIFFERENCE_KEY + 1])
{
    struct buf b = {0};
    uint8_t digest[SHA256_BYTES];
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            buf_putc(&b, '\x1f');
        }
        buf_puts(&b, parts[i]);
    }
    hash_sha256(b.data, b.len, digest);
    hash_hex(digest, DIFFERENCE_KEY / 2, out);
    buf_clear(&b);
}

static void put_text(struct buf *v, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        buf_printf(v, ",\"%s\":", name);
        json_put_string(v, text);
    }
}

static void put_date(struct buf *v, const char *name, struct date d)
{
    char text[DATE_TEXT];
    if (!date_is_none(d)) {
        buf_printf(v, ",\"%s\":\"%s\"", name, date_format(d, text));
    }
}

/* Up to the beginning of data, with its organisation. id: what makes the event what it is. */
static void begin(const struct events_base *b, enum difference_kind kind, const char *organisation,
                  const char *about, const char *key_about, struct instant time, struct buf *v,
                  struct difference_event *out)
{
    char version[24];
    char id[DIFFERENCE_KEY + 1];
    char at[INSTANT_TEXT];
    const char *type = events_type(kind);
    (void)snprintf(version, sizeof version, "%" PRId64, b->version);
    const char *const parts[] = {b->source, about, version, type};
    const char *const key[] = {organisation, key_about};
    digest_parts(parts, 4, id);
    digest_parts(key, 2, out->key);
    out->kind = kind;
    out->type = type;
    buf_printf(v, "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":", id);
    json_put_string(v, b->source);
    buf_printf(v,
               ",\"type\":\"%s\",\"time\":\"%s\",\"datacontenttype\":\"application/json\","
               "\"data\":{\"organisation\":",
               type, instant_format(time, at));
    json_put_string(v, organisation);
}

static void end(struct buf *v)
{
    buf_puts(v, "}}");
}

static void put_identity(const struct events_base *b, const char *absence_id, const char *person_id,
                         const char *assignment_id, struct date onset, struct buf *v)
{
    put_text(v, "absence_id", absence_id);
    buf_printf(v, ",\"version\":%" PRId64, b->version);
    put_text(v, "person_id", person_id);
    put_text(v, "assignment_id", assignment_id);
    buf_puts(v, ",\"category\":\"sickness\"");
    put_date(v, "onset_date", onset);
}

static void put_value(struct buf *v, const struct content *c, enum mapping_member m,
                      const char *name)
{
    uint32_t value = content_value(c, m);
    char text[INSTANT_TEXT];
    if (value == 0) {
        return;
    }
    switch (mapping_member_kind(m)) {
    case MAPPING_KIND_DATE:
        put_date(v, name, columns_value_date(value));
        return;
    case MAPPING_KIND_INSTANT:
        put_text(v, name, instant_format((struct instant){value * US_PER_SECOND}, text));
        return;
    case MAPPING_KIND_BOOL:
        buf_printf(v, ",\"%s\":%s", name, value == COLUMNS_YES ? "true" : "false");
        return;
    case MAPPING_KIND_ID:
    case MAPPING_KIND_TEXT:
    case MAPPING_KIND_CATEGORY:
    case MAPPING_KIND_SCHEME:
    case MAPPING_KIND_SHARE:
        put_text(v, name, content_text(c, value));
        return;
    }
}

/* The members of a group ("contact.") as an object, if there are any. */
static void put_group(struct buf *v, const struct content *c, const char *group)
{
    size_t len = strlen(group);
    size_t began = v->len;
    size_t first = 0;
    buf_printf(v, ",\"%.*s\":{", (int)(len - 1), group);
    first = v->len;
    for (enum mapping_member m = 0; m < MAPPING_MEMBER_COUNT; m++) {
        const char *name = mapping_member_name(m);
        if (strncmp(name, group, len) == 0) {
            put_value(v, c, m, name + len);
        }
    }
    if (v->len == first) {
        v->len = began;
        return;
    }
    memmove(v->data + first, v->data + first + 1, v->len - first - 1); /* the first comma */
    v->len--;
    buf_puts(v, "}");
}

static void put_reason(struct buf *v, const struct content *c)
{
    const char *scheme = content_scheme(c);
    if (scheme != NULL) {
        buf_printf(v, ",\"reason\":{\"scheme\":\"%s\",\"code\":", scheme);
        json_put_string(v, content_text(c, content_value(c, MAPPING_REASON_CODE)));
        buf_puts(v, "}");
    }
}

void events_absence(const struct events_base *b, const struct content *c, enum difference_kind kind,
                    struct buf *value, struct difference_event *out)
{
    const char *absence_id = content_text(c, c->absence_id);
    const char *person_id = content_text(c, c->person_id);
    begin(b, kind, content_text(c, c->organisation), absence_id, person_id, b->as_of, value, out);
    put_identity(b, absence_id, person_id, content_text(c, c->assignment_id), c->onset, value);
    put_date(value, "last_day", c->last_day);
    buf_printf(value, ",\"open_ended\":%s", c->open_ended ? "true" : "false");
    put_value(value, c, MAPPING_EXPECTED_RETURN, "expected_return");
    put_reason(value, c);
    put_value(value, c, MAPPING_FTE, "fte");
    put_group(value, c, "contact.");
    put_group(value, c, "fit_note.");
    put_value(value, c, MAPPING_PHASED_RETURN_FROM, "phased_return_from");
    put_value(value, c, MAPPING_SITE, "site");
    put_value(value, c, MAPPING_STAFF_GROUP, "staff_group");
    put_value(value, c, MAPPING_JOB, "job");
    put_value(value, c, MAPPING_RECORDED_AT, "recorded_at");
    end(value);
    out->line = c->record == NULL ? 0 : c->record->line;
}

void events_cancelled(const struct events_base *b, const struct state_row *row, struct buf *value,
                      struct difference_event *out)
{
    begin(b, DIFFERENCE_CANCELLED, row->organisation, row->absence_id, row->person_id, b->as_of,
          value, out);
    put_identity(b, row->absence_id, row->person_id, row->assignment_id, row->onset, value);
    end(value);
    out->line = 0;
}

void events_left(const struct events_base *b, const char *organisation, const char *person_id,
                 struct date on, struct buf *value, struct difference_event *out)
{
    /* intake takes the fact about a person that has the newest time, so it moves with the version.
     */
    int64_t as_of_ms = b->as_of.us / 1000;
    struct instant time = instant_add_us(b->as_of, (b->version - as_of_ms) * 1000);
    begin(b, DIFFERENCE_LEFT, organisation, person_id, person_id, time, value, out);
    put_text(value, "person_id", person_id);
    if (date_is_none(on)) {
        buf_puts(value, ",\"on\":null");
    } else {
        put_date(value, "on", on);
    }
    end(value);
    out->line = 0;
}

void events_heartbeat(const struct events_base *b, const char *organisation, int64_t records,
                      int64_t sent, int64_t rejected, struct buf *value,
                      struct difference_event *out)
{
    char at[INSTANT_TEXT];
    begin(b, DIFFERENCE_HEARTBEAT, organisation, organisation, b->source, b->as_of, value, out);
    put_text(value, "as_of", instant_format(b->as_of, at));
    buf_printf(value, ",\"records\":%" PRId64 ",\"sent\":%" PRId64 ",\"rejected\":%" PRId64,
               records, sent, rejected);
    end(value);
    out->line = 0;
}
