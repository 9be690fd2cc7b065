/* The statements that move a position are compare-and-swap on (next_offset, epoch). A mismatch is
 * CT001: another intake took the partition over. Dead letters and heartbeats are written in the
 * transaction of the batch that had them, so they too happen once. */
#include "services/intake/position.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/pg/columns.h"

static const struct pg_stmt take_over = {
    "take_positions",
    "select partition, next_offset, epoch, log_start, last_offset, last_digest, seen_end"
    " from intake.take_positions($1, $2, $3, $4)",
    (const uint32_t[]){PG_TEXT, PG_INT4_ARRAY, PG_TEXT, PG_INT8_ARRAY, 0}};

static int64_t offset_or_none(const struct pg_result *r, size_t row, int col)
{
    return pg_is_null(r, row, col) ? NO_OFFSET : pg_i64(r, row, col);
}

static void take_row(const struct pg_result *r, size_t row, struct source_partition *p)
{
    size_t len = 0;
    p->next_offset = offset_or_none(r, row, 1);
    p->epoch = pg_i64(r, row, 2);
    p->log_start = offset_or_none(r, row, 3);
    p->anchor.offset = offset_or_none(r, row, 4);
    if (p->anchor.offset != NO_OFFSET) {
        const void *mark = pg_bytes(r, row, 5, &len);
        memcpy(p->anchor.mark, mark, len < MARK_BYTES ? len : MARK_BYTES);
    }
    p->seen_end = offset_or_none(r, row, 6);
}

static void put_offset(struct pg_args *args, int64_t offset)
{
    if (offset == NO_OFFSET) {
        pg_array_null(args);
    } else {
        pg_array_i64(args, offset);
    }
}

enum status position_take_over(struct pg *pg, const char *topic, const char *owner,
                               struct source_partition *p, size_t n, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, topic);
    pg_array_begin(&args, PG_INT4);
    for (size_t i = 0; i < n; i++) {
        pg_array_i32(&args, p[i].partition);
    }
    pg_array_end(&args);
    pg_arg_text(&args, owner);
    pg_array_begin(&args, PG_INT8);
    for (size_t i = 0; i < n; i++) {
        put_offset(&args, p[i].found_start);
    }
    pg_array_end(&args);
    enum status s = pg_run(pg, &take_over, &args, err);
    pg_args_clear(&args);
    if (s != STATUS_OK) {
        return s;
    }
    const struct pg_result *r = pg_result(pg, 0);
    for (size_t row = 0; row < pg_rows(r); row++) {
        for (size_t i = 0; i < n; i++) {
            if (p[i].partition == pg_i64(r, row, 0)) {
                take_row(r, row, &p[i]);
            }
        }
    }
    return STATUS_OK;
}

static const struct pg_stmt advance = {
    "move_positions", "select intake.move_positions($1, $2, $3, $4, $5, $6)",
    (const uint32_t[]){PG_TEXT, PG_INT4_ARRAY, PG_INT8_ARRAY, PG_INT8_ARRAY, PG_INT8_ARRAY,
                       PG_BYTEA_ARRAY, 0}};

void position_send_advance(struct pg *pg, const char *topic, const struct advance *a, size_t n)
{
    struct pg_args args = {0};
    pg_arg_text(&args, topic);
    pg_array_begin(&args, PG_INT4);
    for (size_t i = 0; i < n; i++) {
        pg_array_i32(&args, a[i].partition);
    }
    pg_array_end(&args);
    const size_t columns[] = {offsetof(struct advance, expected), offsetof(struct advance, epoch),
                              offsetof(struct advance, next)};
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        pg_array_begin(&args, PG_INT8);
        for (size_t i = 0; i < n; i++) {
            int64_t v;
            memcpy(&v, (const char *)&a[i] + columns[c], sizeof v);
            pg_array_i64(&args, v);
        }
        pg_array_end(&args);
    }
    pg_array_begin(&args, PG_BYTEA);
    for (size_t i = 0; i < n; i++) {
        pg_array_bytes(&args, a[i].mark, MARK_BYTES);
    }
    pg_array_end(&args);
    pg_send(pg, &advance, &args);
    pg_args_clear(&args);
}

static const struct pg_stmt note_ends = {
    "note_ends", "select intake.note_ends($1, $2, $3, $4, $5)",
    (const uint32_t[]){PG_TEXT, PG_INT4_ARRAY, PG_INT8_ARRAY, PG_INT8_ARRAY, PG_INT8_ARRAY, 0}};

enum status position_note_ends(struct pg *pg, const char *topic, const struct seen_end *e, size_t n,
                               struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, topic);
    COLUMN(PG_INT4, pg_array_i32, n, e[i].partition);
    COLUMN(PG_INT8, pg_array_i64, n, e[i].epoch);
    COLUMN(PG_INT8, pg_array_i64, n, e[i].next);
    COLUMN(PG_INT8, pg_array_i64, n, e[i].end);
    enum status s = pg_run(pg, &note_ends, &args, err);
    pg_args_clear(&args);
    return s;
}

static const struct pg_stmt requested = {
    "position_requested",
    "select exists (select from intake.position_request r where r.topic = $1"
    " and r.partition = any ($2))",
    (const uint32_t[]){PG_TEXT, PG_INT4_ARRAY, 0}};

enum status position_requested(struct pg *pg, const char *topic, const int32_t *partitions,
                               size_t n, bool *out, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, topic);
    pg_array_begin(&args, PG_INT4);
    for (size_t i = 0; i < n; i++) {
        pg_array_i32(&args, partitions[i]);
    }
    pg_array_end(&args);
    enum status s = pg_run(pg, &requested, &args, err);
    pg_args_clear(&args);
    *out = s == STATUS_OK && pg_bool(pg_result(pg, 0), 0, 0);
    return s;
}

static void array_key(struct pg_args *args, const struct dead_letter *d)
{
    pg_array_bytes(args, d->key, d->key_len);
}

static void array_key_mac(struct pg_args *args, const struct dead_letter *d)
{
    pg_array_bytes(args, d->key_cut ? d->key_mac : NULL, sizeof d->key_mac);
}

static void array_value(struct pg_args *args, const struct dead_letter *d)
{
    pg_array_bytes(args, d->value, d->value_len);
}

static void array_headers(struct pg_args *args, const struct dead_letter *d)
{
    pg_array_bytes(args, d->headers, d->headers_len);
}

static void array_sha256(struct pg_args *args, const struct dead_letter *d)
{
    pg_array_bytes(args, d->cut ? d->sha256 : NULL, sizeof d->sha256);
}

/* A message read again finds its dead letter there already, and that is no error. Another message
 * at its place belongs to a topic that was made again, and is published as well. */
static const struct pg_stmt put_dead_letters = {
    "put_dead_letters",
    "with u as (select * from unnest($3::int4[], $4::int8[], $5::text[], $6::text[], $7::text[],"
    " $8::bytea[], $9::bytea[], $10::bytea[], $11::int8[], $12::bytea[], $13::bytea[]) as x (part,"
    " at, reason, detail, organisation, key, value, headers, size, sha256, key_mac)),"
    " others as (update intake.dead_letter d set reason = u.reason, detail = u.detail,"
    " organisation = u.organisation, key = u.key, value = u.value, headers = u.headers,"
    " size = u.size, sha256 = u.sha256, key_mac = u.key_mac, received_at = $2,"
    " published_batch = null from u"
    " where d.topic = $1 and d.partition = u.part and d.\"offset\" = u.at and not"
    " intake.is_dead_letter($1, u.part, u.at, u.reason, u.key, u.value, u.headers, u.size,"
    " u.sha256))"
    " insert into intake.dead_letter (topic, partition, \"offset\", reason, detail, organisation,"
    " key, value, headers, size, sha256, key_mac, received_at) select $1, u.*, $2 from u"
    " on conflict do nothing",
    (const uint32_t[]){PG_TEXT, PG_TIMESTAMPTZ, PG_INT4_ARRAY, PG_INT8_ARRAY, PG_TEXT_ARRAY,
                       PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_BYTEA_ARRAY, PG_BYTEA_ARRAY, PG_BYTEA_ARRAY,
                       PG_INT8_ARRAY, PG_BYTEA_ARRAY, PG_BYTEA_ARRAY, 0}};

void position_send_dead(struct pg *pg, const char *topic, const struct batch_message *m, size_t n,
                        struct instant now)
{
    const struct batch_message **dead = mem_alloc((n + 1) * sizeof *dead);
    size_t n_dead = 0;
    for (size_t i = 0; i < n; i++) {
        if (m[i].in.verdict == VERDICT_REJECTED) {
            dead[n_dead++] = &m[i];
        }
    }
    if (n_dead > 0) {
        struct pg_args args = {0};
        pg_arg_text(&args, topic);
        pg_arg_instant(&args, now);
        COLUMN(PG_INT4, pg_array_i32, n_dead, dead[i]->partition);
        COLUMN(PG_INT8, pg_array_i64, n_dead, dead[i]->offset);
        COLUMN(PG_TEXT, pg_array_text, n_dead, reject_reason_name(dead[i]->in.reason));
        COLUMN(PG_TEXT, pg_array_text, n_dead, dead[i]->in.detail);
        COLUMN(PG_TEXT, pg_array_text, n_dead, dead[i]->in.organisation);
        COLUMN(PG_BYTEA, array_key, n_dead, dead[i]->dead);
        COLUMN(PG_BYTEA, array_value, n_dead, dead[i]->dead);
        COLUMN(PG_BYTEA, array_headers, n_dead, dead[i]->dead);
        COLUMN(PG_INT8, pg_array_i64, n_dead, (int64_t)dead[i]->dead->size);
        COLUMN(PG_BYTEA, array_sha256, n_dead, dead[i]->dead);
        COLUMN(PG_BYTEA, array_key_mac, n_dead, dead[i]->dead);
        pg_send(pg, &put_dead_letters, &args);
        pg_args_clear(&args);
    }
    free(dead);
}

static const struct pg_stmt put_feeds = {
    "put_feeds",
    "insert into intake.feed as f (topic, partition, organisation, last_valid_at) select distinct"
    " $1, u.part, u.organisation, $2 from unnest($3::int4[], $4::text[]) as u (part, organisation)"
    " order by u.part, u.organisation on conflict (topic, partition, organisation) do update set"
    " last_valid_at = greatest(f.last_valid_at, excluded.last_valid_at)",
    (const uint32_t[]){PG_TEXT, PG_TIMESTAMPTZ, PG_INT4_ARRAY, PG_TEXT_ARRAY, 0}};

static const struct pg_stmt put_senders = {
    "put_senders",
    "insert into intake.sender as f (topic, partition, organisation, source, last_valid_at)"
    " select $1, u.part, u.organisation, u.source, $2 from unnest($3::int4[], $4::text[],"
    " $5::text[]) as u (part, organisation, source) order by u.organisation, u.source, u.part"
    " on conflict (organisation, source, topic, partition) do update set"
    " last_valid_at = greatest(f.last_valid_at, excluded.last_valid_at)",
    (const uint32_t[]){PG_TEXT, PG_TIMESTAMPTZ, PG_INT4_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, 0}};

struct sender {
    int32_t partition;
    const char *organisation, *source;
};

static int by_sender(const void *a, const void *b)
{
    const struct sender *x = a;
    const struct sender *y = b;
    if (x->partition != y->partition) {
        return x->partition < y->partition ? -1 : 1;
    }
    int order = strcmp(x->organisation, y->organisation);
    return order != 0 ? order : strcmp(x->source, y->source);
}

/* Without repeats. */
static size_t senders_of(const struct batch_message *m, size_t n, struct sender **out)
{
    struct sender *senders = mem_alloc((n + 1) * sizeof *senders);
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (m[i].valid) {
            senders[found++] =
                (struct sender){m[i].partition, m[i].in.organisation, m[i].in.source};
        }
    }
    qsort(senders, found, sizeof *senders, by_sender);
    size_t kept = 0;
    for (size_t i = 0; i < found; i++) {
        if (i == 0 || by_sender(&senders[i], &senders[kept - 1]) != 0) {
            senders[kept++] = senders[i];
        }
    }
    *out = senders;
    return kept;
}

void position_send_feeds(struct pg *pg, const char *topic, const struct batch_message *m, size_t n,
                         struct instant now)
{
    struct sender *senders = NULL;
    size_t found = senders_of(m, n, &senders);
    for (int k = 0; k < 2 && found > 0; k++) {
        const struct pg_stmt *stmt = k == 0 ? &put_feeds : &put_senders;
        struct pg_args args = {0};
        pg_arg_text(&args, topic);
        pg_arg_instant(&args, now);
        COLUMN(PG_INT4, pg_array_i32, found, senders[i].partition);
        COLUMN(PG_TEXT, pg_array_text, found, senders[i].organisation);
        if (stmt == &put_senders) {
            COLUMN(PG_TEXT, pg_array_text, found, senders[i].source);
        }
        pg_send(pg, stmt, &args);
        pg_args_clear(&args);
    }
    free(senders);
}

static void array_count(struct pg_args *args, int64_t count)
{
    if (count < 0) {
        pg_array_null(args);
    } else {
        pg_array_i64(args, count);
    }
}

static const struct pg_stmt put_heartbeats = {
    "put_heartbeats",
    "insert into intake.heartbeat as h (organisation, source, as_of, records, sent, rejected,"
    " received_at) select distinct on (u.organisation, u.source) u.*, $1 from unnest($2::text[],"
    " $3::text[], $4::timestamptz[], $5::int8[], $6::int8[], $7::int8[]) as u (organisation, source,"
    " as_of, records, sent, rejected) order by u.organisation, u.source, u.as_of desc"
    " on conflict (organisation, source) do update set as_of = excluded.as_of,"
    " records = excluded.records, sent = excluded.sent, rejected = excluded.rejected,"
    " received_at = excluded.received_at where excluded.as_of > h.as_of",
    (const uint32_t[]){PG_TIMESTAMPTZ, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TIMESTAMPTZ_ARRAY,
                       PG_INT8_ARRAY, PG_INT8_ARRAY, PG_INT8_ARRAY, 0}};

void position_send_heartbeats(struct pg *pg, const struct batch_message *m, size_t n,
                              struct instant now)
{
    const struct inbound **beats = mem_alloc((n + 1) * sizeof *beats);
    size_t n_beats = 0;
    for (size_t i = 0; i < n; i++) {
        if (m[i].in.verdict == VERDICT_HEARTBEAT) {
            beats[n_beats++] = &m[i].in;
        }
    }
    if (n_beats > 0) {
        struct pg_args args = {0};
        pg_arg_instant(&args, now);
        COLUMN(PG_TEXT, pg_array_text, n_beats, beats[i]->organisation);
        COLUMN(PG_TEXT, pg_array_text, n_beats, beats[i]->source);
        COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n_beats, beats[i]->heartbeat.as_of);
        COLUMN(PG_INT8, array_count, n_beats, beats[i]->heartbeat.records);
        COLUMN(PG_INT8, array_count, n_beats, beats[i]->heartbeat.sent);
        COLUMN(PG_INT8, array_count, n_beats, beats[i]->heartbeat.rejected);
        pg_send(pg, &put_heartbeats, &args);
        pg_args_clear(&args);
    }
    free(beats);
}
