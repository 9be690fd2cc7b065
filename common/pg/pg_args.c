/* Parameters of a statement, in binary, one behind the other in a buffer. A parameter is known by
 * its offset, because the buffer moves as it grows. Only one array at a time is under construction,
 * and its size is filled in at the end. */
#include <stdlib.h>
#include <string.h>

#include "common/pg/pg.h"
#include "common/pg/pg_wire.h"

void pg_args_reset(struct pg_args *a)
{
    buf_reset(&a->bytes);
    a->n = 0;
}

void pg_args_clear(struct pg_args *a)
{
    buf_clear(&a->bytes);
    a->n = 0;
}

/* All eight bytes, one after the other, so that the compiler sees one instruction in them. */
static void store_be(unsigned char out[8], uint64_t v)
{
    for (size_t i = 0; i < 8; i++) {
        out[i] = (unsigned char)(v >> (56 - 8 * i));
    }
}

static void put_be(struct buf *b, uint64_t v, size_t width)
{
    unsigned char out[8];
    store_be(out, v);
    buf_put(b, out + 8 - width, width);
}

static void arg_add(struct pg_args *a, size_t at, int32_t len)
{
    if (a->n == PG_ARGS_MAX) {
        abort(); /* a statement with more parameters than that is a bug */
    }
    a->arg[a->n].at = at;
    a->arg[a->n].len = len;
    a->n++;
}

void pg_arg_null(struct pg_args *a)
{
    arg_add(a, 0, -1);
}

void pg_arg_bytes(struct pg_args *a, const void *data, size_t len)
{
    if (data == NULL) {
        pg_arg_null(a);
        return;
    }
    size_t at = a->bytes.len;
    buf_put(&a->bytes, data, len);
    arg_add(a, at, (int32_t)len);
}

void pg_arg_text(struct pg_args *a, const char *s)
{
    pg_arg_bytes(a, s, s == NULL ? 0 : strlen(s));
}

static void arg_be(struct pg_args *a, uint64_t v, size_t width)
{
    size_t at = a->bytes.len;
    put_be(&a->bytes, v, width);
    arg_add(a, at, (int32_t)width);
}

void pg_arg_bool(struct pg_args *a, bool v)
{
    arg_be(a, v, 1);
}

void pg_arg_i16(struct pg_args *a, int16_t v)
{
    arg_be(a, (uint16_t)v, 2);
}

void pg_arg_i32(struct pg_args *a, int32_t v)
{
    arg_be(a, (uint32_t)v, 4);
}

void pg_arg_i64(struct pg_args *a, int64_t v)
{
    arg_be(a, (uint64_t)v, 8);
}

void pg_arg_date(struct pg_args *a, struct date d)
{
    if (date_is_none(d)) {
        pg_arg_null(a);
    } else {
        pg_arg_i32(a, d.days - PG_EPOCH_DAYS);
    }
}

void pg_arg_instant(struct pg_args *a, struct instant t)
{
    if (instant_is_none(t)) {
        pg_arg_null(a);
    } else {
        pg_arg_i64(a, t.us - PG_EPOCH_US);
    }
}

void pg_array_begin(struct pg_args *a, uint32_t element_type)
{
    a->array_at = a->bytes.len;
    a->array_n = 0;
    put_be(&a->bytes, 1, 4);
    put_be(&a->bytes, 1, 4);
    put_be(&a->bytes, element_type, 4);
    put_be(&a->bytes, 0, 4); /* the size: known at the end */
    put_be(&a->bytes, 1, 4);
}

void pg_array_end(struct pg_args *a)
{
    uint32_t n = (uint32_t)a->array_n;
    for (size_t i = 0; i < 4; i++) {
        a->bytes.data[a->array_at + 12 + i] = (char)(n >> (24 - 8 * i));
    }
    arg_add(a, a->array_at, (int32_t)(a->bytes.len - a->array_at));
}

void pg_array_null(struct pg_args *a)
{
    put_be(&a->bytes, UINT32_MAX, 4);
    a->array_n++;
}

void pg_array_bytes(struct pg_args *a, const void *data, size_t len)
{
    if (data == NULL) {
        pg_array_null(a);
        return;
    }
    put_be(&a->bytes, len, 4);
    buf_put(&a->bytes, data, len);
    a->array_n++;
}

void pg_array_text(struct pg_args *a, const char *s)
{
    pg_array_bytes(a, s, s == NULL ? 0 : strlen(s));
}

static void array_be(struct pg_args *a, uint64_t v, size_t width)
{
    unsigned char out[12];
    store_be(out, (uint64_t)width << 32);
    store_be(out + 4, v << (64 - 8 * width));
    buf_put(&a->bytes, out, 4 + width);
    a->array_n++;
}

void pg_array_bool(struct pg_args *a, bool v)
{
    array_be(a, v, 1);
}

void pg_array_i16(struct pg_args *a, int16_t v)
{
    array_be(a, (uint16_t)v, 2);
}

void pg_array_i32(struct pg_args *a, int32_t v)
{
    array_be(a, (uint32_t)v, 4);
}

void pg_array_i64(struct pg_args *a, int64_t v)
{
    array_be(a, (uint64_t)v, 8);
}

void pg_array_tid(struct pg_args *a, int64_t tid)
{
    array_be(a, (uint64_t)tid, 6);
}

void pg_array_date(struct pg_args *a, struct date d)
{
    if (date_is_none(d)) {
        pg_array_null(a);
    } else {
        pg_array_i32(a, d.days - PG_EPOCH_DAYS);
    }
}

void pg_array_instant(struct pg_args *a, struct instant t)
{
    if (instant_is_none(t)) {
        pg_array_null(a);
    } else {
        pg_array_i64(a, t.us - PG_EPOCH_US);
    }
}
