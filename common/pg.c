#include "common/pg.h"

#include <poll.h>
#include <postgresql/libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

#define RESULTS_MAX 64
#define PREPARED_MAX 128

struct pg {
    char *dsn;
    char *password;
    char *application_name;
    bool allow_insecure;
    int patience_ms; /* 0: endless */
    bool looks_up;
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
    enum status failed; /* of the pipeline so far */
    struct err why;
};

const struct pg_stmt pg_begin = {"begin", "begin", NULL};
const struct pg_stmt pg_commit = {"commit", "commit", NULL};
const struct pg_stmt pg_rollback = {"rollback", "rollback", NULL};

static char *copy(const char *s)
{
    char *c = s == NULL ? NULL : strdup(s);
    if (s != NULL && c == NULL) {
        abort();
    }
    return c;
}

struct pg *pg_new(const struct pg_options *o)
{
    struct pg *pg = calloc(1, sizeof *pg);
    if (pg == NULL) {
        abort();
    }
    pg->dsn = copy(o->dsn);
    pg->password = copy(o->password);
    pg->application_name = copy(o->application_name);
    pg->allow_insecure = o->allow_insecure;
    pg->patience_ms = o->patience_ms;
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

/* What an SQLSTATE means to the caller. Ours: CT001 fenced, CT002 somebody else worked on the same
 * people, CT003 the rules changed. */
static enum status status_of(const char *state)
{
    if (strcmp(state, "CT001") == 0 || strcmp(state, "CT003") == 0) {
        return STATUS_RESYNC;
    }
    if (strcmp(state, "CT002") == 0 || strcmp(state, "23505") == 0 ||
        strncmp(state, "40", 2) == 0 || strcmp(state, "55P03") == 0) {
        return STATUS_RETRY;
    }
    if (strncmp(state, "08", 2) == 0 || strncmp(state, "53", 2) == 0 ||
        strncmp(state, "57", 2) == 0 || strncmp(state, "58", 2) == 0 ||
        strcmp(state, "25006") == 0 || strcmp(state, "25P03") == 0) {
        return STATUS_RESYNC;
    }
    if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0) {
        return STATUS_REJECT;
    }
    return STATUS_FATAL;
}

static void one_line(const char *text, char *out, size_t size)
{
    size_t n = 0;
    for (; text[n] != '\0' && text[n] != '\n' && n + 1 < size; n++) {
        out[n] = text[n];
    }
    out[n] = '\0';
}

/* Only the primary message: detail and context may quote values. Messages of class 22 and 23 may
 * too, so of those the state and the constraint or column are all that is told. */
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

/* ---- connecting ---- */

/* libpq gives no SQLSTATE for a refused connection. Most refusals pass (starting up, too many
 * clients, a failover); these do not pass by waiting. */
static bool refused_for_good(const char *message)
{
    static const char *const lasting[] = {"password authentication failed",
                                          "no password supplied",
                                          "does not exist",
                                          "no pg_hba.conf entry",
                                          "certificate verify failed",
                                          "does not match host name",
                                          "invalid connection option",
                                          "invalid sslmode",
                                          "certificate authentication failed",
                                          "server does not support SSL"};
    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++) {
        if (strstr(message, lasting[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static enum status session_settings(struct pg *pg, struct err *err)
{
    static const char always[] =
        "set time zone 'UTC'; set search_path = pg_catalog; set datestyle = 'ISO';"
        "set statement_timeout = '60s'; set lock_timeout = '5s';"
        "set idle_in_transaction_session_timeout = '15s';"
        "set plan_cache_mode = force_generic_plan";
    /* A plan made while a table was small scans all of it, and is kept while the table grows. */
    static const char by_key[] = "set enable_seqscan = off; set enable_hashjoin = off;"
                                 "set enable_mergejoin = off; set jit = off";
    PGresult *res = PQexec(pg->conn, always);
    if (PQresultStatus(res) == PGRES_COMMAND_OK && pg->looks_up) {
        PQclear(res);
        res = PQexec(pg->conn, by_key);
    }
    enum status s = STATUS_OK;
    if (PQresultStatus(res) != PGRES_COMMAND_OK) {
        s = result_error(res, err);
    }
    PQclear(res);
    return s;
}

enum status pg_connect(struct pg *pg, struct err *err)
{
    if (pg_is_up(pg)) {
        return STATUS_OK;
    }
    pg_disconnect(pg);
    const struct pg_options o = {.dsn = pg->dsn, .allow_insecure = pg->allow_insecure};
    enum status checked = pg_check_transport(&o, err);
    if (checked != STATUS_OK) {
        return checked;
    }
    const char *names[] = {"connect_timeout",
                           "keepalives_idle",
                           "tcp_user_timeout",
                           "dbname",
                           "application_name",
                           "client_encoding",
                           pg->password == NULL ? NULL : "password",
                           NULL};
    const char *values[] = {"5",    "5",          "10000", pg->dsn, pg->application_name,
                            "UTF8", pg->password, NULL};
    pg->conn = PQconnectdbParams(names, values, 1);
    if (pg->conn == NULL) {
        abort();
    }
    if (PQstatus(pg->conn) != CONNECTION_OK) {
        enum status s = connection_error(pg, "08001", err);
        if (refused_for_good(PQerrorMessage(pg->conn))) {
            s = STATUS_FATAL;
        }
        pg_disconnect(pg);
        return s;
    }
    enum status s = session_settings(pg, err);
    if (s == STATUS_OK &&
        (PQsetnonblocking(pg->conn, 1) != 0 || PQenterPipelineMode(pg->conn) != 1)) {
        s = connection_error(pg, "08000", err);
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

enum status pg_send(struct pg *pg, const struct pg_stmt *stmt, const struct pg_args *args,
                    struct err *err)
{
    if (!pg_is_up(pg)) {
        return connection_error(pg, "08003", err);
    }
    if (pg->next_expect == pg->n_expect && pg->n_expect > 0 && !pg->in_flight) {
        clear_results(pg); /* of the pipeline before */
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

static enum status push(struct pg *pg, struct err *err)
{
    int left = PQflush(pg->conn);
    if (left < 0) {
        return connection_error(pg, "08006", err);
    }
    pg->unsent = left == 1;
    return STATUS_OK;
}

enum status pg_flush(struct pg *pg, struct err *err)
{
    if (!pg_is_up(pg) || PQpipelineSync(pg->conn) != 1) {
        return connection_error(pg, "08006", err);
    }
    pg->in_flight = true;
    return push(pg, err);
}

static void keep_failure(struct pg *pg, enum status s, const struct err *why)
{
    if (pg->failed == STATUS_OK) {
        pg->failed = s;
        pg->why = *why;
    }
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

/* After an error nobody knows which preparations were reached: prepare all anew under the next
 * session. */
static enum status pipeline_over(struct pg *pg, struct err *err)
{
    pg->in_flight = false;
    pg->next_expect = pg->n_expect;
    if (pg->failed == STATUS_OK) {
        return STATUS_OK;
    }
    enum status s = pg->failed;
    if (err != NULL) {
        *err = pg->why;
    }
    pg_disconnect(pg);
    return s;
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

enum status pg_wait(struct pg *pg, int timeout_ms, struct err *err)
{
    if (timeout_ms < 0 && pg->patience_ms > 0) {
        timeout_ms = pg->patience_ms;
    }
    int64_t end = timeout_ms < 0 ? INT64_MAX : clock_mono_ms() + timeout_ms;
    for (;;) {
        bool done = false;
        enum status s = pg_poll(pg, &done, err);
        if (s != STATUS_OK || done) {
            return s;
        }
        int64_t left = end - clock_mono_ms();
        if (left <= 0) {
            pg_disconnect(pg);
            return err_set(err, STATUS_RESYNC, "08006", "no answer within %d ms", timeout_ms);
        }
        (void)pg_ready_within(pg, left > 1000 ? 1000 : (int)left);
    }
}

enum status pg_run(struct pg *pg, const struct pg_stmt *stmt, const struct pg_args *args,
                   struct err *err)
{
    enum status s = pg_send(pg, stmt, args, err);
    if (s == STATUS_OK) {
        s = pg_flush(pg, err);
    }
    return s == STATUS_OK ? pg_wait(pg, -1, err) : s;
}

enum status pg_script(struct pg *pg, const char *sql, struct err *err)
{
    if (!pg_is_up(pg)) {
        return connection_error(pg, "08003", err);
    }
    clear_results(pg);
    if (PQexitPipelineMode(pg->conn) != 1 || PQsetnonblocking(pg->conn, 0) != 0) {
        return connection_error(pg, "08000", err);
    }
    PGresult *res = PQexec(pg->conn, sql);
    enum status s = STATUS_OK;
    if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK) {
        s = result_error(res, err);
    }
    PQclear(res);
    if (s != STATUS_OK) {
        pg_disconnect(pg);
    } else if (PQsetnonblocking(pg->conn, 1) != 0 || PQenterPipelineMode(pg->conn) != 1) {
        s = connection_error(pg, "08000", err);
    }
    return s;
}

enum status pg_look(struct pg *pg, struct err *err)
{
    return PQconsumeInput(pg->conn) == 1 ? STATUS_OK : connection_error(pg, "08006", err);
}

bool pg_notified(struct pg *pg)
{
    bool any = false;
    PGnotify *note = pg->conn == NULL ? NULL : PQnotifies(pg->conn);
    for (; note != NULL; note = PQnotifies(pg->conn)) {
        any = true;
        PQfreemem(note);
    }
    return any;
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
