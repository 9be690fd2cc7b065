/* The bytes are the contract of schemas/events: members in this order, and null where nothing is
 * known. Only events for occupational health get what put_about_spell() writes. A withdrawal goes
 * to the topic of its event and repeats its data, whatever the settings are by now. */
#include "services/followup/events/render.h"

#include <stdlib.h>
#include <string.h>

#include "common/event/frozen.h"
#include "common/json/json.h"
#include "common/kafka/kafka_topic.h"

#define LATE_US (600 * US_PER_SECOND)

void render_marker(const struct hmac_key *k, int shard, int64_t batch_no, char out[MARKER_TEXT])
{
    char shard_text[16], batch_text[24];
    (void)snprintf(shard_text, sizeof shard_text, "%d", shard);
    (void)snprintf(batch_text, sizeof batch_text, "%lld", (long long)batch_no);
    const char *parts[] = {"batch", shard_text, batch_text};
    uint8_t mac[SHA256_BYTES];
    hmac_parts(k, parts, 3, mac);
    hash_hex(mac, (MARKER_TEXT - 1) / 2, out);
}

const char *render_id(const char *subject, enum event_kind kind, const char *occurrence, int nth,
                      struct arena *a)
{
    const char *name = event_kind_name(kind);
    return nth == 1 ? arena_printf(a, "%s/%s/%s", subject, name, occurrence)
                    : arena_printf(a, "%s/%s/%s/%d", subject, name, occurrence, nth);
}

/* ---- the data ---- */

static void put_text(struct buf *b, const char *name, const char *value)
{
    buf_printf(b, ",\"%s\":", name);
    if (value == NULL) {
        buf_puts(b, "null");
    } else {
        json_put_string(b, value);
    }
}

static void put_date(struct buf *b, const char *name, struct date d)
{
    char text[DATE_TEXT];
    put_text(b, name, date_is_none(d) ? NULL : date_format(d, text));
}

static void put_bool(struct buf *b, const char *name, bool v)
{
    buf_printf(b, ",\"%s\":%s", name, v ? "true" : "false");
}

static int by_bytes(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    return strcmp(*x, *y);
}

/* Sorted, without repeats (two sources may use one id). */
static void put_absence_ids(struct buf *b, const struct standing *s, struct arena *a)
{
    const struct record **records = NULL;
    size_t n = 0;
    if (s->spell != NULL) {
        records = s->spell->records;
        n = s->spell->n_records;
    } else if (s->period != NULL) {
        records = s->period->records;
        n = s->period->n_records;
    }
    const char **ids = arena_array(a, n, sizeof *ids);
    for (size_t i = 0; i < n; i++) {
        ids[i] = records[i]->absence_id;
    }
    if (n > 1) {
        qsort(ids, n, sizeof *ids, by_bytes);
    }
    buf_puts(b, ",\"absence_ids\":[");
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && strcmp(ids[i], ids[i - 1]) == 0) {
            continue;
        }
        if (i > 0) {
            buf_putc(b, ',');
        }
        json_put_string(b, ids[i]);
    }
    buf_putc(b, ']');
}

/* Only what occupational health may know. */
static void put_about_spell(struct buf *b, const struct spell *sp, const struct rules *r)
{
    if (sp == NULL) {
        buf_puts(b, ",\"spell_id\":null,\"task_id\":null,\"pathway\":null,\"queue\":null"
                    ",\"late_report\":null,\"backdated\":null");
        return;
    }
    put_text(b, "spell_id", sp->id);
    put_text(b, "task_id", sp->id);
    put_text(b, "pathway", r->org->pathways[sp->pathway].name);
    put_text(b, "queue", r->org->pathways[sp->pathway].queue);
    put_bool(b, "late_report", sp->late_report);
    put_bool(b, "backdated", sp->backdated);
}

static const char *data_of(const struct standing *s, const struct render_about *about, bool late,
                           struct arena *a)
{
    struct buf b = {0};
    buf_puts(&b, "{\"organisation\":");
    json_put_string(&b, about->organisation);
    put_text(&b, "person_id", about->person_id);
    put_absence_ids(&b, s, a);
    put_text(&b, "kind", event_kind_name(s->kind));
    put_text(&b, "occurrence", s->occurrence);
    put_date(&b, "occurs_on", s->occurs_on);
    put_date(&b, "due_on", s->due_on);
    put_bool(&b, "late", late);
    if (event_kind_audience(s->kind) == AUDIENCE_OH) {
        put_about_spell(&b, s->spell, about->rules);
    }
    if (s->kind == KIND_TASK_ENDED) {
        put_text(&b, "end_reason", end_reason_name(s->end_reason));
    }
    buf_putc(&b, '}');
    const char *data = arena_strndup(a, b.data, b.len);
    buf_clear(&b);
    return data;
}

/* The same data again, and the id of the event that it withdraws. */
static const char *data_with_withdrawn(const char *data, const char *id, struct arena *a)
{
    struct buf b = {0};
    buf_put(&b, data, strlen(data) - 1);
    put_text(&b, "withdraws", id);
    buf_putc(&b, '}');
    const char *out = arena_strndup(a, b.data, b.len);
    buf_clear(&b);
    return out;
}

/* ---- the record ---- */

const char *render_topic(enum event_kind kind, const struct conf *conf, const char *organisation,
                         struct arena *a)
{
    if (event_kind_audience(kind) == AUDIENCE_OH) {
        return conf->kafka_topic_follow_up;
    }
    struct buf b = {0};
    kafka_topic_for(&b, conf->kafka_topic_return_to_work, organisation);
    const char *topic = arena_strndup(a, b.data, b.len);
    buf_clear(&b);
    return topic;
}

static const char *key_of(const struct render_about *about, struct arena *a)
{
    char *key = arena_alloc(a, PSEUDONYM_TEXT);
    if (about->person_id != NULL) {
        pseudonym(about->rules->install_key, about->organisation, about->person_id, key);
        return key;
    }
    uint8_t mac[SHA256_BYTES];
    hmac_parts(about->rules->install_key, &about->organisation, 1, mac);
    return hash_hex(mac, (PSEUDONYM_TEXT - 1) / 2, key);
}

static void put_headers(struct outbound *out, const struct render_about *about, const char *id,
                        const char *type, const char *subject, struct arena *a)
{
    struct buf b = {0};
    char time[INSTANT_TEXT];
    frozen_put_text(&b, "ce_specversion", "1.0");
    frozen_put_text(&b, "ce_id", id);
    frozen_put_text(&b, "ce_source", arena_printf(a, "/dayfour/%s", about->organisation));
    frozen_put_text(&b, "ce_type", type);
    frozen_put_text(&b, "ce_subject", subject);
    frozen_put_text(&b, "ce_time", instant_format(about->now, time));
    frozen_put_text(&b, "content-type", "application/json");
    frozen_put_text(&b, MARKER_HEADER, about->marker);
    out->headers = arena_strndup(a, b.data, b.len);
    out->headers_len = b.len;
    buf_clear(&b);
}

static void keep_row(struct emitted *row, const struct saying *s, const char *topic, bool late,
                     const char *data, struct instant now)
{
    const struct standing *e = s->event;
    *row = (struct emitted){.kind = e->kind,
                            .subject = e->subject,
                            .occurrence = e->occurrence,
                            .nth = s->nth,
                            .topic = topic,
                            .spell_id = e->spell == NULL ? NULL : e->spell->id,
                            .period_id = e->period == NULL ? NULL : e->period->id,
                            .at = e->at,
                            .occurs_on = e->occurs_on,
                            .due_on = e->due_on,
                            .late = late,
                            .about_spell = e->spell != NULL,
                            .late_report = e->spell != NULL && e->spell->late_report,
                            .backdated = e->spell != NULL && e->spell->backdated,
                            .data = data,
                            .emitted_at = now,
                            .withdrawn_at = INSTANT_NONE};
}

static void finish(struct outbound *out, const struct render_about *about, const char *topic,
                   const char *data, struct arena *a)
{
    out->topic = topic;
    out->key = key_of(about, a);
    out->key_len = PSEUDONYM_TEXT - 1;
    out->value = data;
    out->value_len = strlen(data);
}

static void render_withdrawal(const struct emitted *e, const struct render_about *about,
                              struct arena *a, struct outbound *out)
{
    const char *id = render_id(e->subject, e->kind, e->occurrence, e->nth, a);
    put_headers(out, about, arena_printf(a, "%s/withdrawn", id),
                arena_printf(a, "org.dayfour.%s.withdrawn.v1", event_kind_name(e->kind)),
                e->subject, a);
    finish(out, about, e->topic, data_with_withdrawn(e->data, id, a), a);
}

void render_saying(const struct saying *s, const struct render_about *about, struct arena *a,
                   struct outbound *out, struct emitted *row)
{
    if (s->takes_back != NULL) {
        render_withdrawal(s->takes_back, about, a, out);
        return;
    }
    const struct standing *e = s->event;
    bool late = about->now.us - e->at.us > LATE_US;
    const char *topic = render_topic(e->kind, about->conf, about->organisation, a);
    const char *data = data_of(e, about, late, a);
    put_headers(out, about, render_id(e->subject, e->kind, e->occurrence, s->nth, a),
                arena_printf(a, "org.dayfour.%s.v1", event_kind_name(e->kind)), e->subject, a);
    finish(out, about, topic, data, a);
    keep_row(row, s, topic, late, data, about->now);
}
