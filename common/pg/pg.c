/* A session in pipeline mode. Callers send statements, flush, poll until the pipeline is over, and
 * read the results in the order in which they sent. The first error decides the status of the
 * whole pipeline. A status is made from the SQLSTATE in one place. No text of the server that may
 * quote a value leaves this file. */
#include "common/pg/pg.h"

#include <poll.h>
#include <postgresql/libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err_code.h"
#include "common/base/mem.h"
#include "common/pg/pg_attempt.h"
#include "common/pg/pg_refusal.h"
#include "common/runtime/clock.h"

#define RESULTS_MAX 64
#define PREPARED_MAX 128
#define CONNECT_MS 2000
#define STOP_MS 2000 /* all that is waited once we are asked to stop */
#define MEANWHILE_MS 100

struct pg {
    char *dsn;
    char *password;
    char *application_name;
    bool allow_insecure;
    int patience_ms; /* 0: endless */
    int connect_ms;
    bool (*meanwhile)(void *arg);
    void *meanwhile_arg;
    bool looks_up;
    struct pg_attempt *attempt; /* under way; NULL: none */
    PGconn *conn;
    const struct pg_stmt *prepared[PREPARED_MAX]; /* in this session */
    size_t n_prepared;
    /* The pipeline under way: what is expected, in order. A statement used for the first time
     * expects the result of its preparation before its own. */
    enum { EXPECT_PREPARE, EXPECT_RESULT } expect[RESULTS_MAX * 2];
    size_t n_expect, next_expect;
    PGresult *result[RESULTS_MAX];
    size_t n_results;
    bool in_flight; /* flushed and not finished */
    bool unsent;
    bool notified;
    bool not_durable;   /* of the pipeline under way; see on_notice() */
    enum status failed; /* of the pipeline so far */
    struct err why;
};

const struct pg_stmt pg_begin = {"begin", "begin", NULL};
const struct pg_stmt pg_commit = {"commit", "commit", NULL};
const struct pg_stmt pg_rollback = {"rollback", "rollback", NULL};

struct pg *pg_new(const struct pg_options *o)
{
    struct pg *pg = mem_alloc(sizeof *pg);
    pg->dsn = mem_strdup(o->dsn);
    pg->password = mem_strdup(o->password);
    pg->application_name = mem_strdup(o->application_name);
    pg->allow_insecure = o->allow_insecure;
    pg->patience_ms = o->patience_ms;
    pg->connect_ms = o->connect_ms > 0 ? o->connect_ms : CONNECT_MS;
    pg->meanwhile = o->meanwhile;
    pg->meanwhile_arg = o->meanwhile_arg;
    pg->looks_up = o->looks_up;
    return pg;
}

static void clear_results(struct pg *pg)
{
    for (size_t i = 0; i < pg->n_results; i++) {
        PQclear(pg->result[i]);
    }
    pg->n_results = 0;
    pg->n_expect = 0;
    pg->next_expect = 0;
    pg->failed = STATUS_OK;
}

void pg_disconnect(struct pg *pg)
{
    clear_results(pg);
    if (pg->conn != NULL) {
        PQfinish(pg->conn);
    }
    pg->conn = NULL;
    pg->n_prepared = 0;
    pg->in_flight = false;
    pg->unsent = false;
}

/* Through a volatile pointer, so that it is not optimised away. */
static void wipe(char *secret)
{
    for (volatile char *c = secret; *c != '\0'; c++) {
        *c = '\0';
    }
}

void pg_free(struct pg *pg)
{
    if (pg == NULL) {
        return;
    }
    pg_disconnect(pg);
    pg_attempt_free(pg->attempt);
    if (pg->password != NULL) {
        wipe(pg->password);
    }
    free(pg->dsn);
    free(pg->password);
    free(pg->application_name);
    free(pg);
}

bool pg_is_up(const struct pg *pg)
{
    return pg->conn != NULL && PQstatus(pg->conn) == CONNECTION_OK;
}

int pg_socket(const struct pg *pg)
{
    return pg->conn == NULL ? -1 : PQsocket(pg->conn);
}

bool pg_wants_write(const struct pg *pg)
{
    return pg->unsent;
}

/* ---- errors ---- */

static bool is_class(const char *state, const char *class)
{
    return strncmp(state, class, 2) == 0;
}

/* The meaning of an SQLSTATE to the caller. Ours: CT001 fenced, CT002 somebody else worked on the
 * same people, CT003 the rules changed. Only classes 22 and 23, and 21 (two rows for one key), are
 * the fault of a value or a person. Any other error is retried: the server may be restoring,
 * upgrading or full, and no code says so for sure. */
static enum status status_of(const char *state)
{
    if (strcmp(state, ERR_PEOPLE_CHANGED) == 0 || is_class(state, ERR_CLASS_ROLLBACK) ||
        strcmp(state, "55P03") == 0) {
        return STATUS_RETRY;
    }
    bool value = is_class(state, "22") || is_class(state, "23") || is_class(state, "21");
    return value ? STATUS_REJECT : STATUS_RESYNC;
}

static void one_line(const char *text, char *out, size_t size)
{
    size_t n = 0;
    for (; text[n] != '\0' && text[n] != '\n' && n + 1 < size; n++) {
        out[n] = text[n];
    }
    out[n] = '\0';
}

/* Only the primary message is kept: detail and context may quote values. Messages of class 22 and
 * 23 may too, so only their state and their constraint or column are kept. */
static enum status result_error(const PGresult *res, struct err *err)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    if (state == NULL) {
        state = "08006";
    }
    char text[256] = "";
    if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0) {
        const char *what = PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME);
        what = what != NULL ? what : PQresultErrorField(res, PG_DIAG_COLUMN_NAME);
        one_line(what != NULL ? what : "a value was refused", text, sizeof text);
    } else {
        const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
        one_line(message != NULL ? message : "no message", text, sizeof text);
    }
    return err_set(err, status_of(state), state, "%s", text);
}

static enum status connection_error(struct pg *pg, const char *code, struct err *err)
{
    char text[256];
    one_line(pg->conn == NULL ? "not connected" : PQerrorMessage(pg->conn), text, sizeof text);
    return err_set(err, STATUS_RESYNC, code, "%s", text);
}

/* A COMMIT that waits for a synchronous standby may be cancelled or time out. The server then
 * answers success with a warning: the standby may lack it, and be promoted. Nothing else that is
 * sent here makes the server warn. */
static void on_notice(void *arg, const PGresult *res)
{
    struct pg *pg = arg;
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    if (state != NULL && strcmp(state, "01000") == 0) {
        pg->not_durable = true;
    }
}

/* ---- connecting ---- */

static const struct pg_stmt settings_always = {
    "session_settings",
    "select pg_catalog.set_config(s.name, s.value, false) from (values"
    " ('TimeZone', 'UTC'), ('search_path', 'pg_catalog'), ('datestyle', 'ISO'),"
    " ('statement_timeout', '60s'), ('lock_timeout', '5s'),"
    " ('idle_in_transaction_session_timeout', '15s'),"
    " ('plan_cache_mode', 'force_generic_plan')) s (name, value)",
    NULL};

/* A plan made while a table was small scans all of it, and is kept while the table grows. */
static const struct pg_stmt settings_by_key = {
    "session_by_key",
    "select set_config(s, 'off', false) from unnest(array["
    "'enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'jit']) s",
    NULL};

static enum status session_settings(struct pg *pg, struct err *err)
{
    if (PQsetnonblocking(pg->conn, 1) != 0 || PQenterPipelineMode(pg->conn) != 1) {
        return connection_error(pg, "08000", err);
    }
    pg_send(pg, &settings_always, NULL);
    if (pg->looks_up) {
        pg_send(pg, &settings_by_key, NULL);
    }
    return pg_finish(pg, pg->connect_ms, err);
}

/* One look around while something is waited for: until when may it be? */
static int64_t end_meanwhile(const struct pg *pg, int64_t end)
{
    bool stop = pg->meanwhile != NULL && pg->meanwhile(pg->meanwhile_arg);
    int64_t soon = clock_mono_ms() + STOP_MS;
    return stop && soon < end ? soon : end;
}

static int some_of(int64_t left)
{
    return left > MEANWHILE_MS ? MEANWHILE_MS : left > 0 ? (int)left : 0;
}

/* Only what asks the first time shortens the wait: the end is set once. */
static enum status wait_for_attempt(struct pg *pg, struct err *err)
{
    int64_t end = clock_mono_ms() + pg->connect_ms;
    while (!pg_attempt_ended(pg->attempt, some_of(end - clock_mono_ms()))) {
        end = end_meanwhile(pg, end);
        if (clock_mono_ms() >= end) {
            return err_set(err, STATUS_RESYNC, "08001",
                           "the database server has not let us in yet");
        }
    }
    return STATUS_OK;
}

static enum status begin_attempt(struct pg *pg, struct err *err)
{
    const struct pg_options o = {.dsn = pg->dsn, .allow_insecure = pg->allow_insecure};
    enum status s = pg_check_transport(&o, err);
    if (s == STATUS_OK) {
        pg->attempt = pg_attempt_new(pg->dsn, pg->password, pg->application_name);
    }
    return s == STATUS_OK && pg->attempt == NULL
               ? err_set(err, STATUS_RESYNC, "08001", "no thread to be had")
               : s;
}

enum status pg_connect(struct pg *pg, struct err *err)
{
    if (pg_is_up(pg)) {
        return STATUS_OK;
    }
    pg_disconnect(pg);
    enum status s = pg->attempt == NULL ? begin_attempt(pg, err) : STATUS_OK;
    s = s == STATUS_OK ? wait_for_attempt(pg, err) : s;
    if (s != STATUS_OK) {
        return s;
    }
    pg->conn = pg_attempt_take(pg->attempt);
    pg->attempt = NULL;
    if (PQstatus(pg->conn) != CONNECTION_OK) {
        struct pg_refusal why;
        pg_refusal(pg->conn, &why);
        s = err_set(err, STATUS_RESYNC, why.code, "%s", why.text);
    } else {
        (void)PQsetNoticeReceiver(pg->conn, on_notice, pg);
        s = session_settings(pg, err);
    }
    if (s != STATUS_OK) {
        pg_disconnect(pg);
    }
    return s;
}

/* ---- pipelines ---- */

static bool is_prepared(const struct pg *pg, const struct pg_stmt *stmt)
{
    for (size_t i = 0; i < pg->n_prepared; i++) {
        if (pg->prepared[i] == stmt) {
            return true;
        }
    }
    return false;
}

static enum status prepare(struct pg *pg, const struct pg_stmt *stmt, struct err *err)
{
    int n = 0;
    while (stmt->types != NULL && stmt->types[n] != 0) {
        n++;
    }
    if (PQsendPrepare(pg->conn, stmt->name, stmt->sql, n, stmt->types) != 1) {
        return connection_error(pg, "08006", err);
    }
    if (pg->n_prepared == PREPARED_MAX) {
        abort();
    }
    pg->prepared[pg->n_prepared++] = stmt;
    pg->expect[pg->n_expect++] = EXPECT_PREPARE;
    return STATUS_OK;
}

static enum status send(struct pg *pg, const struct pg_stmt *stmt, const struct pg_args *args,
                        struct err *err)
{
    if (!pg_is_up(pg)) {
        return connection_error(pg, "08003", err);
    }
    if (pg->n_expect + 2 > sizeof pg->expect / sizeof pg->expect[0]) {
        abort();
    }
    if (!is_prepared(pg, stmt)) {
        enum status s = prepare(pg, stmt, err);
        if (s != STATUS_OK) {
            return s;
        }
    }
    static const char empty = '\0';
    const char *values[PG_ARGS_MAX];
    int lengths[PG_ARGS_MAX];
    int formats[PG_ARGS_MAX];
    int n = args == NULL ? 0 : args->n;
    for (int i = 0; i < n; i++) {
        bool null = args->arg[i].len < 0;
        const char *at = args->bytes.data == NULL ? &empty : args->bytes.data + args->arg[i].at;
        values[i] = null ? NULL : at;
        lengths[i] = null ? 0 : args->arg[i].len;
        formats[i] = 1;
    }
    if (PQsendQueryPrepared(pg->conn, stmt->name, n, values, lengths, formats, 1) != 1) {
        return connection_error(pg, "08006", err);
    }
    pg->expect[pg->n_expect++] = EXPECT_RESULT;
    return STATUS_OK;
}

static void keep_failure(struct pg *pg, enum status s, const struct err *why)
{
    if (pg->failed == STATUS_OK) {
        pg->failed = s;
        pg->why = *why;
    }
}

void pg_send(struct pg *pg, const struct pg_stmt *stmt, const struct pg_args *args)
{
    if (pg->next_expect == pg->n_expect && pg->n_expect > 0 && !pg->in_flight) {
        clear_results(pg); /* of the pipeline before */
    }
    if (pg->failed != STATUS_OK) {
        return; /* pg_flush returns the first failure */
    }
    struct err why = {0};
    enum status s = send(pg, stmt, args, &why);
    if (s != STATUS_OK) {
        keep_failure(pg, s, &why);
    }
}

static enum status push(struct pg *pg, struct err *err)
{
    int left = PQflush(pg->conn);
    if (left < 0) {
        return connection_error(pg, "08006", err);
    }
    pg->unsent = left == 1;
    return STATUS_OK;
}

/* The first failure of a pipeline ends it, and the session: statements before it may be sent. */
static enum status give_up(struct pg *pg, struct err *err)
{
    enum status s = pg->failed;
    if (err != NULL) {
        *err = pg->why;
    }
    pg_disconnect(pg);
    return s;
}

enum status pg_flush(struct pg *pg, struct err *err)
{
    if (pg->failed != STATUS_OK) {
        return give_up(pg, err);
    }
    if (!pg_is_up(pg) || PQpipelineSync(pg->conn) != 1) {
        return connection_error(pg, "08006", err);
    }
    pg->in_flight = true;
    pg->not_durable = false;
    return push(pg, err);
}

static void take_result(struct pg *pg, PGresult *res)
{
    ExecStatusType type = PQresultStatus(res);
    bool mine = pg->next_expect < pg->n_expect;
    bool prepared = mine && pg->expect[pg->next_expect] == EXPECT_PREPARE;
    if (mine) {
        pg->next_expect++;
    }
    if (type == PGRES_COMMAND_OK || type == PGRES_TUPLES_OK) {
        if (!prepared && pg->n_results < RESULTS_MAX) {
            pg->result[pg->n_results++] = res;
            return;
        }
    } else if (type != PGRES_PIPELINE_ABORTED) {
        struct err why = {0};
        enum status s = result_error(res, &why);
        keep_failure(pg, s, &why);
    }
    PQclear(res);
}

/* After an error it is unknown which statements were prepared: the next session prepares all of
 * them. */
static enum status pipeline_over(struct pg *pg, struct err *err)
{
    pg->in_flight = false;
    pg->next_expect = pg->n_expect;
    if (pg->not_durable) {
        struct err why = {0};
        keep_failure(
            pg, err_set(&why, STATUS_RESYNC, "01000", "the commit may be missing on the standby"),
            &why);
    }
    return pg->failed == STATUS_OK ? STATUS_OK : give_up(pg, err);
}

enum status pg_poll(struct pg *pg, bool *done, struct err *err)
{
    *done = false;
    if (!pg->in_flight) {
        return connection_error(pg, "08003", err);
    }
    if ((pg->unsent && push(pg, err) != STATUS_OK) || PQconsumeInput(pg->conn) != 1) {
        enum status s = connection_error(pg, "08006", err);
        pg_disconnect(pg);
        return s;
    }
    while (PQisBusy(pg->conn) == 0) {
        PGresult *res = PQgetResult(pg->conn);
        if (res == NULL) {
            if (PQstatus(pg->conn) != CONNECTION_OK) {
                enum status s = connection_error(pg, "08006", err);
                pg_disconnect(pg);
                return s;
            }
            continue; /* between the results of two statements */
        }
        if (PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
            PQclear(res);
            *done = true;
            return pipeline_over(pg, err);
        }
        take_result(pg, res);
    }
    return STATUS_OK;
}

bool pg_ready_within(struct pg *pg, int ms)
{
    if (pg->conn == NULL) {
        return true; /* nothing to wait for: pg_poll says so */
    }
    struct pollfd p = {.fd = PQsocket(pg->conn),
                       .events = (short)(POLLIN | (pg->unsent ? POLLOUT : 0))};
    return poll(&p, 1, ms) > 0;
}

static enum status no_answer(struct pg *pg, int64_t began, struct err *err)
{
    pg_disconnect(pg);
    return err_set(err, STATUS_RESYNC, "08006", "the database has not answered for %lld s",
                   (long long)(clock_mono_ms() - began) / 1000);
}

static int64_t end_of_patience(const struct pg *pg, int timeout_ms)
{
    int ms = timeout_ms < 0 && pg->patience_ms > 0 ? pg->patience_ms : timeout_ms;
    return ms < 0 ? INT64_MAX : clock_mono_ms() + ms;
}

enum status pg_wait(struct pg *pg, int timeout_ms, struct err *err)
{
    int64_t began = clock_mono_ms();
    int64_t end = end_of_patience(pg, timeout_ms);
    for (;;) {
        bool done = false;
        enum status s = pg_poll(pg, &done, err);
        if (s != STATUS_OK || done) {
            return s;
        }
        if (clock_mono_ms() >= end) {
            return no_answer(pg, began, err);
        }
        if (!pg_ready_within(pg, some_of(end - clock_mono_ms()))) {
            end = end_meanwhile(pg, end);
        }
    }
}

enum status pg_finish(struct pg *pg, int timeout_ms, struct err *err)
{
    enum status s = pg_flush(pg, err);
    return s == STATUS_OK ? pg_wait(pg, timeout_ms, err) : s;
}

void pg_set_patience(struct pg *pg, int ms)
{
    pg->patience_ms = ms;
}

enum status pg_run(struct pg *pg, const struct pg_stmt *stmt, const struct pg_args *args,
                   struct err *err)
{
    pg_send(pg, stmt, args);
    return pg_finish(pg, -1, err);
}

/* Until the script is over; the first error is what becomes of it. */
static enum status wait_for_script(struct pg *pg, struct err *err)
{
    int64_t began = clock_mono_ms();
    int64_t end = end_of_patience(pg, -1);
    enum status s = STATUS_OK;
    for (;;) {
        if (push(pg, err) != STATUS_OK || PQconsumeInput(pg->conn) != 1) {
            return connection_error(pg, "08006", err);
        }
        while (PQisBusy(pg->conn) == 0) {
            PGresult *res = PQgetResult(pg->conn);
            if (res == NULL) {
                return s;
            }
            ExecStatusType type = PQresultStatus(res);
            if (s == STATUS_OK && type != PGRES_COMMAND_OK && type != PGRES_TUPLES_OK) {
                s = result_error(res, err);
            }
            PQclear(res);
        }
        if (clock_mono_ms() >= end) {
            return no_answer(pg, began, err);
        }
        if (!pg_ready_within(pg, some_of(end - clock_mono_ms()))) {
            end = end_meanwhile(pg, end);
        }
    }
}

enum status pg_script(struct pg *pg, const char *sql, struct err *err)
{
    if (!pg_is_up(pg)) {
        return connection_error(pg, "08003", err);
    }
    clear_results(pg);
    if (PQexitPipelineMode(pg->conn) != 1 || PQsendQuery(pg->conn, sql) != 1) {
        return connection_error(pg, "08000", err);
    }
    enum status s = wait_for_script(pg, err);
    if (s == STATUS_OK && PQenterPipelineMode(pg->conn) != 1) {
        s = connection_error(pg, "08000", err);
    }
    if (s != STATUS_OK) {
        pg_disconnect(pg);
    }
    return s;
}

enum status pg_look(struct pg *pg, struct err *err)
{
    return PQconsumeInput(pg->conn) == 1 ? STATUS_OK : connection_error(pg, "08006", err);
}

const struct pg_result *pg_result(const struct pg *pg, size_t nth)
{
    if (nth >= pg->n_results) {
        abort(); /* asked before pg_poll said done */
    }
    return (const struct pg_result *)(const void *)pg->result[nth];
}

/* ---- passwords ---- */

enum status pg_encrypt_password(struct pg *pg, const char *password, const char *role,
                                struct buf *out, struct err *err)
{
    if (pg->conn == NULL) {
        return connection_error(pg, "08003", err);
    }
    char *verifier = password[0] == '\0'
                         ? NULL
                         : PQencryptPasswordConn(pg->conn, password, role, "scram-sha-256");
    if (verifier == NULL) {
        return err_set(err, STATUS_REJECT, "input", "password: cannot be taken");
    }
    buf_puts(out, verifier);
    PQfreemem(verifier);
    return STATUS_OK;
}
