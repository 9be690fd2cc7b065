/* bench_rows copy|upsert DSN CONNECTIONS ROWS: the ceilings of the database: rows shaped like
 * fact.absence, 5,000 a transaction, by COPY BINARY or by one array statement with ON CONFLICT,
 * over that many connections. It drops and creates the table public.bench_absence. Prints rows a
 * second. */
#include <postgresql/libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/pg/columns.h"
#include "common/pg/pg.h"
#include "common/runtime/clock.h"

#define BATCH 5000
#define TODAY 20700

struct row {
    char person[16], absence[16], assignment[20];
    int32_t onset;
};

static void fill(struct row *rows, size_t n, uint32_t from)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t k = from + (uint32_t)i;
        (void)snprintf(rows[i].person, sizeof rows[i].person, "P-%07u", k * 2654435761u % 4000000u);
        (void)snprintf(rows[i].absence, sizeof rows[i].absence, "A-%07u", k);
        (void)snprintf(rows[i].assignment, sizeof rows[i].assignment, "%s-1", rows[i].person);
        rows[i].onset = TODAY - (int32_t)(k % 30);
    }
}

/* ---- array upsert ---- */

static const struct pg_stmt upsert = {
    "bench_upsert",
    "insert into public.bench_absence select unnest($1::text[]), unnest($2::text[]),"
    " unnest($3::text[]), unnest($4::text[]), unnest($5::int8[]), unnest($6::int8[]),"
    " unnest($7::date[]), unnest($8::text[]), unnest($9::date[]), unnest($10::date[]),"
    " unnest($11::bool[]), unnest($12::date[]), unnest($13::int2[]), unnest($14::int2[]),"
    " unnest($15::text[]), unnest($16::int4[]), unnest($17::bool[]),"
    " unnest($18::timestamptz[]), unnest($19::timestamptz[]) on conflict (organisation,"
    " person_id, source, absence_id) do update"
    " set version = excluded.version, last_day = excluded.last_day, changed_at = excluded.changed_at",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY,        PG_TEXT_ARRAY,        PG_TEXT_ARRAY,
                       PG_INT8_ARRAY, PG_INT8_ARRAY,        PG_DATE_ARRAY,        PG_TEXT_ARRAY,
                       PG_DATE_ARRAY, PG_DATE_ARRAY,        PG_BOOL_ARRAY,        PG_DATE_ARRAY,
                       PG_INT2_ARRAY, PG_INT2_ARRAY,        PG_TEXT_ARRAY,        PG_INT4_ARRAY,
                       PG_BOOL_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_TIMESTAMPTZ_ARRAY, 0}};

static void upsert_args(struct pg_args *out, const struct row *r, size_t n)
{
    struct pg_args args = *out;
    const struct instant now = {(int64_t)TODAY * US_PER_DAY};
    COLUMN(PG_TEXT, pg_array_text, n, "T01");
    COLUMN(PG_TEXT, pg_array_text, n, r[i].person);
    COLUMN(PG_TEXT, pg_array_text, n, "/hr/T01");
    COLUMN(PG_TEXT, pg_array_text, n, r[i].absence);
    COLUMN(PG_INT8, pg_array_i64, n, 1);
    COLUMN(PG_INT8, pg_array_i64, n, 1);
    COLUMN(PG_DATE, pg_array_date, n, (struct date){r[i].onset});
    COLUMN(PG_TEXT, pg_array_text, n, r[i].assignment);
    COLUMN(PG_DATE, pg_array_date, n, (struct date){r[i].onset});
    COLUMN(PG_DATE, pg_array_date, n, DATE_NONE);
    COLUMN(PG_BOOL, pg_array_bool, n, false);
    COLUMN(PG_DATE, pg_array_date, n, (struct date){r[i].onset + 9});
    COLUMN(PG_INT2, pg_array_i16, n, 1);
    COLUMN(PG_INT2, pg_array_i16, n, 1);
    COLUMN(PG_TEXT, pg_array_text, n, "S12");
    COLUMN(PG_INT4, pg_array_i32, n, 1);
    COLUMN(PG_BOOL, pg_array_bool, n, false);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, now);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, now);
    *out = args;
}

static void run_upsert(const char *dsn, uint32_t from, uint32_t rows)
{
    const struct pg_options o = {.dsn = dsn, .application_name = "bench"};
    struct pg *pg = pg_new(&o);
    struct err err = {0};
    static struct row batch[BATCH];
    struct pg_args args = {0};
    enum status s = pg_connect(pg, &err);
    for (uint32_t at = 0; at < rows && s == STATUS_OK; at += BATCH) {
        fill(batch, BATCH, from + at);
        pg_args_reset(&args);
        upsert_args(&args, batch, BATCH);
        s = pg_run(pg, &upsert, &args, &err);
    }
    if (s != STATUS_OK) {
        (void)fprintf(stderr, "upsert: %s %s\n", err.code, err.text);
        exit(3);
    }
    pg_args_clear(&args);
    pg_free(pg);
}

/* ---- COPY BINARY ---- */

static void put_be(struct buf *b, uint64_t v, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        buf_putc(b, (char)(v >> (8 * (width - 1 - i))));
    }
}

static void put_field(struct buf *b, uint64_t v, uint32_t width)
{
    put_be(b, width, 4);
    put_be(b, v, width);
}

static void put_text(struct buf *b, const char *s)
{
    put_be(b, strlen(s), 4);
    buf_puts(b, s);
}

static void put_row(struct buf *b, const struct row *r)
{
    const uint64_t now = (uint64_t)((int64_t)(TODAY - 10957) * US_PER_DAY);
    put_be(b, 19, 2);
    put_text(b, "T01");
    put_text(b, r->person);
    put_text(b, "/hr/T01");
    put_text(b, r->absence);
    put_field(b, 1, 8);
    put_field(b, 1, 8);
    put_field(b, (uint32_t)(r->onset - 10957), 4);
    put_text(b, r->assignment);
    put_field(b, (uint32_t)(r->onset - 10957), 4);
    put_be(b, UINT32_MAX, 4);
    put_field(b, 0, 1);
    put_field(b, (uint32_t)(r->onset + 9 - 10957), 4);
    put_field(b, 1, 2);
    put_field(b, 1, 2);
    put_text(b, "S12");
    put_field(b, 1, 4);
    put_field(b, 0, 1);
    put_field(b, now, 8);
    put_field(b, now, 8);
}

static void check(PGconn *conn, PGresult *res, ExecStatusType wanted)
{
    if (PQresultStatus(res) != wanted) {
        (void)fprintf(stderr, "%s", PQerrorMessage(conn));
        exit(3);
    }
    PQclear(res);
}

static void run_copy(const char *dsn, uint32_t from, uint32_t rows)
{
    PGconn *conn = PQconnectdb(dsn);
    static struct row batch[BATCH];
    struct buf b = {0};
    for (uint32_t at = 0; at < rows; at += BATCH) {
        fill(batch, BATCH, from + at);
        buf_reset(&b);
        buf_put(&b, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
        for (size_t i = 0; i < BATCH; i++) {
            put_row(&b, &batch[i]);
        }
        put_be(&b, UINT16_MAX, 2);
        check(conn, PQexec(conn, "copy public.bench_absence from stdin (format binary)"),
              PGRES_COPY_IN);
        if (PQputCopyData(conn, b.data, (int)b.len) != 1 || PQputCopyEnd(conn, NULL) != 1) {
            exit(3);
        }
        check(conn, PQgetResult(conn), PGRES_COMMAND_OK);
        while (PQgetResult(conn) != NULL) {
        }
    }
    buf_clear(&b);
    PQfinish(conn);
}

static void make_table(const char *dsn)
{
    PGconn *conn = PQconnectdb(dsn);
    check(
        conn,
        PQexec(
            conn,
            "drop table if exists public.bench_absence;"
            "create table public.bench_absence (organisation text collate \"C\", person_id text collate \"C\","
            " source text collate \"C\", absence_id text collate \"C\", version bigint, first_version bigint,"
            " first_onset date, assignment_id text collate \"C\", onset_date date, last_day date,"
            " open_ended boolean, expected_return date, match smallint, scheme smallint, code text,"
            " settings_serial int, cancelled boolean, first_notice_at timestamptz, changed_at timestamptz,"
            " primary key (organisation, person_id, source, absence_id)) with (fillfactor = 85)"),
        PGRES_COMMAND_OK);
    PQfinish(conn);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        (void)fprintf(stderr, "usage: bench_rows copy|upsert DSN CONNECTIONS ROWS\n");
        return 1;
    }
    void (*run)(const char *, uint32_t, uint32_t) =
        strcmp(argv[1], "copy") == 0 ? run_copy : run_upsert;
    uint32_t connections = (uint32_t)strtoul(argv[3], NULL, 10);
    uint32_t rows = (uint32_t)strtoul(argv[4], NULL, 10) / connections / BATCH * BATCH;
    make_table(argv[2]);
    int64_t began = clock_mono_ms();
    for (uint32_t i = 0; i < connections; i++) {
        if (fork() == 0) {
            run(argv[2], i * rows, rows);
            _exit(0);
        }
    }
    int failed = 0;
    for (uint32_t i = 0; i < connections; i++) {
        int status = 0;
        (void)wait(&status);
        failed |= status;
    }
    (void)printf("%.0f\n",
                 (double)rows * connections * 1000 / (double)(clock_mono_ms() - began + 1));
    return failed == 0 ? 0 : 3;
}
