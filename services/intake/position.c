#include "services/intake/position.h"

#include <stdlib.h>
#include <string.h>

#include "common/columns.h"

static const struct pg_stmt take_over = {
    "take_over", "select partition, next_offset, epoch from intake.take_over($1, $2, $3)",
    (const uint32_t[]){PG_TEXT, PG_INT4_ARRAY, PG_TEXT, 0}};

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
    enum status s = pg_run(pg, &take_over, &args, err);
    pg_args_clear(&args);
    if (s != STATUS_OK) {
        return s;
    }
    const struct pg_result *r = pg_result(pg, 0);
    for (size_t row = 0; row < pg_rows(r); row++) {
        for (size_t i = 0; i < n; i++) {
            if (p[i].partition == pg_i64(r, row, 0)) {
                p[i].next_offset = pg_i64(r, row, 1);
                p[i].epoch = pg_i64(r, row, 2);
            }
        }
    }
    return STATUS_OK;
}

static const struct pg_stmt advance = {
    "advance", "select intake.advance($1, $2, $3, $4, $5)",
    (const uint32_t[]){PG_TEXT, PG_INT4_ARRAY, PG_INT8_ARRAY, PG_INT8_ARRAY, PG_INT8_ARRAY, 0}};

enum status position_send_advance(struct pg *pg, const char *topic, const struct advance *a,
                                  size_t n, struct err *err)
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
    enum status s = pg_send(pg, &advance, &args, err);
    pg_args_clear(&args);
    return s;
}

static void array_key(struct pg_args *args, const struct dead_letter *d)
{
    pg_array_bytes(args, d->key, d->key_len);
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

static const struct pg_stmt put_dead_letters = {
    "put_dead_letters",
    "insert into intake.dead_letter (topic, partition, \"offset\", reason, detail, organisation,"
    " key, value, headers, size, sha256, received_at) select $1, u.*, $2 from unnest($3::int4[],"
    " $4::int8[], $5::text[], $6::text[], $7::text[], $8::bytea[], $9::bytea[], $10::bytea[],"
    " $11::int8[], $12::bytea[]) as u",
    (const uint32_t[]){PG_TEXT, PG_TIMESTAMPTZ, PG_INT4_ARRAY, PG_INT8_ARRAY, PG_TEXT_ARRAY,
                       PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_BYTEA_ARRAY, PG_BYTEA_ARRAY, PG_BYTEA_ARRAY,
                       PG_INT8_ARRAY, PG_BYTEA_ARRAY, 0}};

enum status position_send_dead(struct pg *pg, const char *topic, const struct batch_message *m,
                               size_t n, struct instant now, struct err *err)
{
    const struct batch_message **dead = calloc(n == 0 ? 1 : n, sizeof *dead);
    if (dead == NULL) {
        abort();
    }
    size_t n_dead = 0;
    for (size_t i = 0; i < n; i++) {
        if (m[i].in.verdict == VERDICT_REJECTED) {
            dead[n_dead++] = &m[i];
        }
    }
    enum status s = STATUS_OK;
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
        s = pg_send(pg, &put_dead_letters, &args, err);
        pg_args_clear(&args);
    }
    free(dead);
    return s;
}

static const struct pg_stmt put_feeds = {
    "put_feeds",
    "insert into intake.feed as f (topic, partition, organisation, last_valid_at) select $1,"
    " u.part, u.organisation, $2 from unnest($3::int4[], $4::text[]) as u (part, organisation)"
    " order by u.part, u.organisation on conflict (topic, partition, organisation) do update set"
    " last_valid_at = greatest(f.last_valid_at, excluded.last_valid_at)",
    (const uint32_t[]){PG_TEXT, PG_TIMESTAMPTZ, PG_INT4_ARRAY, PG_TEXT_ARRAY, 0}};

struct feed {
    int32_t partition;
    const char *organisation;
};

static int by_feed(const void *a, const void *b)
{
    const struct feed *x = a;
    const struct feed *y = b;
    return x->partition != y->partition ? (x->partition < y->partition ? -1 : 1)
                                        : strcmp(x->organisation, y->organisation);
}

/* Without repeats. */
static size_t feeds_of(const struct batch_message *m, size_t n, struct feed **out)
{
    struct feed *feeds = calloc(n, sizeof *feeds);
    if (feeds == NULL) {
        abort();
    }
    size_t n_feeds = 0;
    for (size_t i = 0; i < n; i++) {
        if (m[i].in.verdict == VERDICT_ABSENCE || m[i].in.verdict == VERDICT_PERSON) {
            feeds[n_feeds++] = (struct feed){m[i].partition, m[i].in.organisation};
        }
    }
    qsort(feeds, n_feeds, sizeof *feeds, by_feed);
    size_t kept = 0;
    for (size_t i = 0; i < n_feeds; i++) {
        if (i == 0 || by_feed(&feeds[i], &feeds[kept - 1]) != 0) {
            feeds[kept++] = feeds[i];
        }
    }
    *out = feeds;
    return kept;
}

enum status position_send_feeds(struct pg *pg, const char *topic, const struct batch_message *m,
                                size_t n, struct instant now, struct err *err)
{
    struct feed *feeds = NULL;
    size_t n_feeds = feeds_of(m, n, &feeds);
    enum status s = STATUS_OK;
    if (n_feeds > 0) {
        struct pg_args args = {0};
        pg_arg_text(&args, topic);
        pg_arg_instant(&args, now);
        COLUMN(PG_INT4, pg_array_i32, n_feeds, feeds[i].partition);
        COLUMN(PG_TEXT, pg_array_text, n_feeds, feeds[i].organisation);
        s = pg_send(pg, &put_feeds, &args, err);
        pg_args_clear(&args);
    }
    free(feeds);
    return s;
}
