/* Any bytes as a mapping, an extract and a staff list, with a NUL between them. A bad mapping is
 * replaced by ours. The core of `dayfour feed` gets the file three times: a second run gives the
 * same bytes, and a minute later it publishes no absence. intake's decoder takes every event. Dates
 * by format are tried on the way. */
#include <stddef.h>
#include <stdint.h>

#include "common/event/inbound.h"
#include "common/feed/difference/difference.h"
#include "common/feed/mapping/moment.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char ours[] =
    "{\"source\":\"/hr/RW3\",\"organisation\":\"RW3\",\"extract\":\"full\","
    "\"file\":{\"pattern\":\"*.csv\",\"as_of\":\"mtime\",\"encoding\":\"windows-1252\"},"
    "\"columns\":{\"person_id\":{\"column\":\"s\",\"pad\":4},\"assignment_id\":\"a\","
    "\"category\":{\"column\":\"c\",\"values\":{\"x\":\"sickness\",\"y\":null}},"
    "\"onset_date\":{\"column\":\"f\",\"format\":\"%d/%m/%Y\"},"
    "\"last_day\":{\"column\":\"t\",\"format\":\"%d/%m/%Y %H:%M\"},"
    "\"reason.code\":{\"column\":\"w\",\"scheme\":\"text\"}},"
    "\"staff\":{\"pattern\":\"*\",\"columns\":{\"person_id\":\"s\",\"contact.name\":\"n\","
    "\"left_on\":\"l\"}},\"rules\":{\"merge_rows\":\"adjoining\"}}";

/* Three parts, the last two of which may not be there. */
struct parts {
    const char *at[3];
    size_t len[3];
};

static struct parts split(const char *text, size_t len)
{
    struct parts p = {{text, "", ""}, {len, 0, 0}};
    for (size_t i = 0; i < 2; i++) {
        const char *nul = memchr(p.at[i], '\0', p.len[i]);
        if (nul == NULL) {
            break;
        }
        p.at[i + 1] = nul + 1;
        p.len[i + 1] = p.len[i] - (size_t)(nul + 1 - p.at[i]);
        p.len[i] = (size_t)(nul - p.at[i]);
    }
    return p;
}

/* Ours is parsed once: its time zone takes longer than all the rest. */
static struct mapping *mapping_of(const char *text, size_t len)
{
    static struct mapping *fallback;
    struct mapping *m = NULL;
    struct err err = {0};
    if (fallback == NULL) {
        MUST(mapping_parse(&fallback, ours, sizeof ours - 1, &err) == STATUS_OK);
    }
    if (mapping_parse(&m, text, len, &err) == STATUS_OK) {
        return m;
    }
    MUST(err.text[0] != '\0');
    return fallback;
}

static void run(const struct parts *p, const struct mapping *m, struct state *s,
                const struct hmac_key *key, int64_t us, bool first, struct difference *d,
                struct input_bytes bytes[2])
{
    bytes[0] = (struct input_bytes){p->at[1], p->len[1]};
    bytes[1] = (struct input_bytes){p->at[2], p->len[2]};
    struct input staff = input_of_bytes(&bytes[1]);
    const struct difference_inputs in = {.mapping = m,
                                         .state = s,
                                         .key = key,
                                         .extract = input_of_bytes(&bytes[0]),
                                         .staff = p->len[2] > 0 ? &staff : NULL,
                                         .as_of = {us},
                                         .no_state = first,
                                         .first = first,
                                         .accepted = true,
                                         .rows_before = -1,
                                         .staff_rows_before = -1,
                                         .explains = true};
    difference_make(&in, d);
    if (d->end == DIFFERENCE_REFUSED) {
        MUST(d->refusal.why != REFUSED_NONE && d->refusal.text[0] != '\0');
    }
    for (size_t i = 0; i < d->n_rejected; i++) {
        MUST(d->rejected[i].why != ROW_NONE && d->rejected[i].line > 0);
    }
}

/* All events as bytes; each is one that intake takes. */
static void write_events(const struct difference *d, struct buf *out)
{
    static const struct header structured = {
        .name = "content-type", .value = "application/cloudevents+json", .len = 28};
    const struct inbound_limits limits = {.max_bytes = 262144};
    struct arena *a = arena_new(16384);
    buf_puts(out, "");
    for (size_t i = 0; i < d->n_events; i++) {
        struct difference_event event;
        struct inbound in;
        size_t from = out->len;
        difference_event(d, i, out, &event);
        const struct raw_record raw = {.value = out->data + from,
                                       .len = out->len - from,
                                       .headers = &structured,
                                       .n_headers = 1};
        arena_reset(a);
        inbound_decode(&raw, &limits, a, &in);
        MUST(in.verdict == VERDICT_ABSENCE || in.verdict == VERDICT_PERSON ||
             in.verdict == VERDICT_HEARTBEAT);
    }
    arena_free(a);
}

static void two_nights(const struct parts *p, const struct mapping *m)
{
    const int64_t as_of = INT64_C(1788832800000000);
    struct state *s = state_new();
    struct hmac_key *key = hmac_key_new((const uint8_t *)"0123456789abcdef0123456789abcdef", 32);
    struct input_bytes bytes[2];
    struct difference d;
    struct buf one = {0};
    struct buf two = {0};
    run(p, m, s, key, as_of, true, &d, bytes);
    bool taken = d.end == DIFFERENCE_TAKEN;
    write_events(&d, &one);
    difference_free(&d);
    run(p, m, s, key, as_of, true, &d, bytes);
    write_events(&d, &two);
    MUST(one.len == two.len && memcmp(one.data, two.data, one.len) == 0);
    if (taken) {
        difference_apply(&d, s);
    }
    difference_free(&d);
    run(p, m, s, key, as_of + INT64_C(60000000), false, &d, bytes);
    MUST(!taken || d.counts.opened + d.counts.amended + d.counts.closed == 0);
    difference_free(&d);
    buf_clear(&one);
    buf_clear(&two);
    hmac_key_free(key);
    state_free(s);
}

static void try_moment(const struct parts *p)
{
    char format[64] = "";
    char text[64] = "";
    struct moment m;
    memcpy(format, p->at[0], p->len[0] < 63 ? p->len[0] : 63);
    memcpy(text, p->at[1], p->len[1] < 63 ? p->len[1] : 63);
    if (moment_fault(format) == NULL) {
        char example[MOMENT_EXAMPLE];
        MUST(moment_example(format, example)[0] != '\0');
        if (moment_read(format, text, &m) == MOMENT_READ) {
            MUST(m.day.days >= DATE_FIRST.days && m.day.days <= DATE_LAST.days);
            MUST(m.hour < 24 && m.minute < 60 && m.second < 60);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct parts p = split((const char *)data, len);
    try_moment(&p);
    struct mapping *m = mapping_of(p.at[0], p.len[0]);
    two_nights(&p, m);
    if (m != mapping_of("", 0)) {
        mapping_free(m);
    }
    return 0;
}
