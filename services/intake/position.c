#include "services/intake/position.h"

#include <stdlib.h>
#include <string.h>

static const struct pg_stmt take_over = {
    "take_over", "select partition, next_offset, epoch from intake.take_over($1, $2, $3)",
    (const uint32_t[]){PG_TEXT, PG_INT4_ARRAY, PG_TEXT, 0}};

enum status position_take_over(struct pg *pg, const char *topic, const char *owner, struct source_partition *p,
                               size_t n, struct err *err)
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

enum status position_send_advance(struct pg *pg, const char *topic, const struct advance *a, size_t n,
                                  struct err *err)
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

static const struct pg_stmt put_dead_letter = {
    "put_dead_letter",
    "insert into intake.dead_letter (topic, partition, \"offset\", reason, detail, organisation, key, value,"
    " headers, size, sha256, received_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    (const uint32_t[]){PG_TEXT, PG_INT4, PG_INT8, PG_TEXT, PG_TEXT, PG_TEXT, PG_BYTEA, PG_BYTEA, PG_BYTEA,
                       PG_INT8, PG_BYTEA, PG_TIMESTAMPTZ, 0}};

static void dead_letter_args(struct pg_args *args, const char *topic, const struct batch_message *m,
                             struct instant now)
{
    const struct dead_letter *dead = m->dead;
    pg_arg_text(args, topic);
    pg_arg_i32(args, m->partition);
    pg_arg_i64(args, m->offset);
    pg_arg_text(args, reject_reason_name(m->in.reason));
    pg_arg_text(args, m->in.detail);
    pg_arg_text(args, m->in.organisation);
    pg_arg_bytes(args, dead->key, dead->key_len);
    pg_arg_bytes(args, dead->value, dead->value_len);
    pg_arg_bytes(args, dead->headers, dead->headers_len);
    pg_arg_i64(args, (int64_t)dead->size);
    pg_arg_bytes(args, dead->cut ? dead->sha256 : NULL, sizeof dead->sha256);
    pg_arg_instant(args, now);
}
