/* pg - one PostgreSQL session: statements in pipelines, parameters and results in binary. Nobody
 * else knows libpq. The SQL itself stands in the modules that own it. Not thread-safe; one session,
 * one user. */
#ifndef COMMON_PG_PG_H
#define COMMON_PG_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/date.h"
#include "common/base/err.h"

struct pg;

struct pg_options {
    const char *dsn;      /* libpq's; copied */
    const char *password; /* NULL: what the dsn or the environment says */
    const char *application_name;
    bool allow_insecure; /* see pg_check_transport */
    int patience_ms; /* what pg_run, pg_script and pg_wait wait at most where no time is given; 0:
                        for ever */
    int connect_ms;  /* what pg_connect waits at most; 0: two seconds */
    /* Called now and then while any of them waits; may be NULL. True: asked to stop, so that
     * nothing waits for longer than two seconds any more. */
    bool (*meanwhile)(void *arg);
    void *meanwhile_arg;
    bool looks_up; /* its statements find rows by key: planned so even where tables are empty yet */
};

/* STATUS_FATAL, code "config": the server is on another machine and sslmode is not verify-full, and
 * allow_insecure is not set; or the dsn is none. Also asked by each pg_connect. */
enum status pg_check_transport(const struct pg_options *o, struct err *err) NODISCARD;

/* Does not connect yet. Never NULL. */
struct pg *pg_new(const struct pg_options *o);
void pg_free(struct pg *pg); /* NULL is fine; ends the session */

/* Waits at most connect_ms for a session, and as long for its settings (time zone UTC, search_path
 * pg_catalog, timeouts). A session that is up already is kept. STATUS_RESYNC: the server is away or
 * refuses, try again (28P01: the password was refused). A try that has not ended continues, and the
 * next call waits for it. STATUS_FATAL: the configuration. */
enum status pg_connect(struct pg *pg, struct err *err) NODISCARD;
void pg_disconnect(
    struct pg *pg); /* whatever was under way is rolled back, or was committed: ask */
bool pg_is_up(const struct pg *pg);
int pg_socket(const struct pg *pg); /* -1 while down; may change by pg_connect */
bool pg_wants_write(
    const struct pg *pg); /* watch for writability too: pg_poll has bytes left to send */

/* A statement is prepared in the session the first time it is used. Keep it static const: its
 * address is its name. types: the OIDs of its parameters, 0-terminated, so that binary parameters
 * need no guess. */
struct pg_stmt {
    const char *name; /* short, unique in the program; for errors */
    const char *sql;
    const uint32_t *types;
};

enum {
    PG_BOOL = 16,
    PG_BYTEA = 17,
    PG_INT8 = 20,
    PG_INT2 = 21,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_TID = 27,
    PG_DATE = 1082,
    PG_TIMESTAMPTZ = 1184,
    PG_BOOL_ARRAY = 1000,
    PG_BYTEA_ARRAY = 1001,
    PG_INT2_ARRAY = 1005,
    PG_INT4_ARRAY = 1007,
    PG_TEXT_ARRAY = 1009,
    PG_TID_ARRAY = 1010,
    PG_INT8_ARRAY = 1016,
    PG_DATE_ARRAY = 1182,
    PG_TIMESTAMPTZ_ARRAY = 1185
};

/* Parameters of one statement, in order. Zero-initialise; args_clear frees, args_reset keeps the
 * memory. */
#define PG_ARGS_MAX 48
struct pg_args {
    struct buf bytes;
    struct {
        size_t at;
        int32_t len; /* -1: NULL */
    } arg[PG_ARGS_MAX];
    int n;
    size_t array_at; /* where the array being built begins */
    int32_t array_n;
};
void pg_args_reset(struct pg_args *a);
void pg_args_clear(struct pg_args *a);
void pg_arg_null(struct pg_args *a);
void pg_arg_text(struct pg_args *a, const char *s); /* NULL: null, as everywhere below */
void pg_arg_bytes(struct pg_args *a, const void *data, size_t len);
void pg_arg_bool(struct pg_args *a, bool v);
void pg_arg_i16(struct pg_args *a, int16_t v);
void pg_arg_i32(struct pg_args *a, int32_t v);
void pg_arg_i64(struct pg_args *a, int64_t v);
void pg_arg_date(struct pg_args *a, struct date d);
void pg_arg_instant(struct pg_args *a, struct instant t);

/* An array parameter: begin with the element's type, add elements, end. */
void pg_array_begin(struct pg_args *a, uint32_t element_type);
void pg_array_null(struct pg_args *a);
void pg_array_text(struct pg_args *a, const char *s);
void pg_array_bytes(struct pg_args *a, const void *data, size_t len); /* data NULL: null */
void pg_array_bool(struct pg_args *a, bool v);
void pg_array_i16(struct pg_args *a, int16_t v);
void pg_array_i32(struct pg_args *a, int32_t v);
void pg_array_i64(struct pg_args *a, int64_t v);
void pg_array_tid(struct pg_args *a, int64_t tid); /* as pg_tid gave it */
void pg_array_date(struct pg_args *a, struct date d);
void pg_array_instant(struct pg_args *a, struct instant t);
void pg_array_end(struct pg_args *a);

/* A pipeline: send any number of statements, then flush. They are executed together: the first
 * error skips the rest of the pipeline. Transactions are statements too ("begin"). Only one
 * pipeline at a time. args NULL: none. A statement that cannot be sent skips those after it, too.
 * pg_flush returns the reason, and the session is closed. */
void pg_send(struct pg *pg, const struct pg_stmt *stmt, const struct pg_args *args);
enum status pg_flush(struct pg *pg,
                     struct err *err) NODISCARD; /* ends the pipeline, starts sending */

/* Without waiting: *done says whether every result is there. Not STATUS_OK: the pipeline failed as
 * a whole (a lost connection: STATUS_RESYNC) and is over; a transaction left open has been given
 * up. */
enum status pg_poll(struct pg *pg, bool *done, struct err *err) NODISCARD;
/* The same, waiting. timeout_ms < 0: as patient as the session is; past it STATUS_RESYNC and the
 * session is closed. */
enum status pg_wait(struct pg *pg, int timeout_ms, struct err *err) NODISCARD;

/* Flushes and waits: the end of a pipeline whose answer is wanted here. timeout_ms: of pg_wait. */
enum status pg_finish(struct pg *pg, int timeout_ms, struct err *err) NODISCARD;

/* Waits at most ms for the server to say something, or to take what is unsent: then pg_poll. */
bool pg_ready_within(struct pg *pg, int ms);

/* Results of the finished pipeline by the order of pg_send; valid until the next pg_send. */
struct pg_result;
const struct pg_result *pg_result(const struct pg *pg, size_t nth);
size_t pg_rows(const struct pg_result *r);
int64_t pg_affected(const struct pg_result *r);
bool pg_is_null(const struct pg_result *r, size_t row, int col);
const char *pg_text(const struct pg_result *r, size_t row,
                    int col); /* NULL for null; borrowed, NUL-terminated */
const void *pg_bytes(const struct pg_result *r, size_t row, int col, size_t *len);
bool pg_bool(const struct pg_result *r, size_t row, int col);   /* null is false */
int64_t pg_i64(const struct pg_result *r, size_t row, int col); /* of int2, int4, int8; null is 0 */
int64_t pg_tid(const struct pg_result *r, size_t row,
               int col); /* where a row is: its ctid; null is 0 */
struct date pg_date(const struct pg_result *r, size_t row, int col);
struct instant pg_instant(const struct pg_result *r, size_t row, int col);
/* A text[] without nulls; strings copied into the arena. */
const char **pg_text_array(const struct pg_result *r, size_t row, int col, struct arena *a,
                           size_t *n);

/* A single statement, waiting: send, flush, wait. */
enum status pg_run(struct pg *pg, const struct pg_stmt *stmt, const struct pg_args *args,
                   struct err *err) NODISCARD;
/* How long pg_run, pg_script and pg_wait wait from now on where no time is given. */
void pg_set_patience(struct pg *pg, int ms);
/* A script of many statements in one transaction, text protocol: migrations. */
enum status pg_script(struct pg *pg, const char *sql, struct err *err) NODISCARD;

/* Appends what the server keeps of a password (SCRAM-SHA-256), for "alter role … password". The
 * session has been connected. STATUS_REJECT: no password, or one that cannot be taken. */
enum status pg_encrypt_password(struct pg *pg, const char *password, const char *role,
                                struct buf *out, struct err *err) NODISCARD;

/* The transaction statements, for pg_send and pg_run. */
extern const struct pg_stmt pg_begin, pg_commit, pg_rollback;

/* For a session that is up and idle, whose socket became readable: STATUS_RESYNC if it has
 * ended. */
enum status pg_look(struct pg *pg, struct err *err) NODISCARD;

#endif
