/* The statement decides a column's type, which a binary value does not show. A number of another
 * width aborts, as that is a bug of the statement. */
#include <postgresql/libpq-fe.h>
#include <stdlib.h>

#include "common/pg/pg.h"
#include "common/pg/pg_wire.h"

static const PGresult *res_of(const struct pg_result *r)
{
    return (const PGresult *)(const void *)r;
}

size_t pg_rows(const struct pg_result *r)
{
    return (size_t)PQntuples(res_of(r));
}

int64_t pg_affected(const struct pg_result *r)
{
    /* libpq takes its argument without const although it only reads. */
    union {
        const PGresult *in;
        PGresult *out;
    } un = {.in = res_of(r)};
    const char *n = PQcmdTuples(un.out);
    return n[0] == '\0' ? 0 : strtoll(n, NULL, 10);
}

bool pg_is_null(const struct pg_result *r, size_t row, int col)
{
    return PQgetisnull(res_of(r), (int)row, col) == 1;
}

const void *pg_bytes(const struct pg_result *r, size_t row, int col, size_t *len)
{
    if (pg_is_null(r, row, col)) {
        *len = 0;
        return NULL;
    }
    *len = (size_t)PQgetlength(res_of(r), (int)row, col);
    return PQgetvalue(res_of(r), (int)row, col);
}

const char *pg_text(const struct pg_result *r, size_t row, int col)
{
    size_t len = 0;
    return pg_bytes(r, row, col, &len);
}

static uint64_t get_be(const unsigned char *p, size_t width)
{
    uint64_t v = 0;
    for (size_t i = 0; i < width; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

bool pg_bool(const struct pg_result *r, size_t row, int col)
{
    size_t len = 0;
    const char *p = pg_bytes(r, row, col, &len);
    return p != NULL && len == 1 && p[0] != 0;
}

int64_t pg_i64(const struct pg_result *r, size_t row, int col)
{
    size_t len = 0;
    const unsigned char *p = pg_bytes(r, row, col, &len);
    if (p == NULL) {
        return 0;
    }
    switch (len) {
    case 2:
        return (int16_t)get_be(p, 2);
    case 4:
        return (int32_t)get_be(p, 4);
    case 8:
        return (int64_t)get_be(p, 8);
    default:
        abort(); /* a column of another type: a bug in the statement */
    }
}

int64_t pg_tid(const struct pg_result *r, size_t row, int col)
{
    size_t len = 0;
    const unsigned char *p = pg_bytes(r, row, col, &len);
    return p == NULL ? 0 : (int64_t)get_be(p, 6);
}

struct date pg_date(const struct pg_result *r, size_t row, int col)
{
    if (pg_is_null(r, row, col)) {
        return DATE_NONE;
    }
    return (struct date){(int32_t)pg_i64(r, row, col) + PG_EPOCH_DAYS};
}

struct instant pg_instant(const struct pg_result *r, size_t row, int col)
{
    if (pg_is_null(r, row, col)) {
        return INSTANT_NONE;
    }
    return (struct instant){pg_i64(r, row, col) + PG_EPOCH_US};
}

const char **pg_text_array(const struct pg_result *r, size_t row, int col, struct arena *a,
                           size_t *n)
{
    size_t len = 0;
    const unsigned char *p = pg_bytes(r, row, col, &len);
    *n = 0;
    if (p == NULL || len < ARRAY_HEAD) { /* an empty array has no dimensions */
        return NULL;
    }
    size_t count = get_be(p + 12, 4);
    const char **out = arena_array(a, count, sizeof *out);
    p += ARRAY_HEAD;
    for (size_t i = 0; i < count; i++) {
        size_t item = get_be(p, 4);
        out[i] = arena_strndup(a, (const char *)p + 4, item);
        p += 4 + item;
    }
    *n = count;
    return out;
}
