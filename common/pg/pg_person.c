/* A session is a person's: user and password come from them alone, never from a file, the
 * environment or the service's own connection string. A server that did not ask for the password
 * would take anybody for anybody, so that a session it gives is closed at once.
 *
 * Order: pg_person_open, pg_person_step until done; then any number of times pg_person_add,
 * pg_person_send, pg_person_step until done. Statements of one sending are one transaction: there
 * is one sync at its end. */
#include "common/pg/pg_person.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/mem.h"

struct pg_person {
    PGconn *conn;
    bool is_person;
    enum { PERSON_CONNECTING, PERSON_IDLE, PERSON_ADDING, PERSON_BUSY, PERSON_GONE } state;
    PostgresPollingStatusType polling;
    bool unsent;
    size_t n;    /* statements of the sending */
    size_t next; /* whose result is awaited */
    PGresult *result[PG_PERSON_STATEMENTS];
    enum status failed;
    struct err why;
};

/* Bounds of every session: a page waits for nobody. A role's own settings come after these only if
 * they are for this database, and then they were meant. */
#define SESSION_OPTIONS                                                                            \
    "-c search_path=pg_catalog -c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres"         \
    " -c statement_timeout=10s -c lock_timeout=3s -c idle_in_transaction_session_timeout=15s"      \
    " -c client_min_messages=error"

static void no_notice(void *arg, const char *text)
{
    (void)arg;
    (void)text;
}

static enum status gone(struct pg_person *p, const char *what, struct err *err)
{
    p->state = PERSON_GONE;
    return err_set(err, STATUS_RESYNC, "08006", "%s", what);
}

enum status pg_person_open(struct pg_person **out, const struct pg_person_options *o,
                           struct err *err)
{
    const char *names[] = {"dbname",
                           "application_name",
                           "client_encoding",
                           "connect_timeout",
                           "keepalives_idle",
                           "tcp_user_timeout",
                           "gssencmode",
                           "options",
                           NULL,
                           NULL,
                           NULL};
    const char *values[] = {o->dsn,    o->application_name, "UTF8", "5",  "5", "10000",
                            "disable", SESSION_OPTIONS,     NULL,   NULL, NULL};
    size_t n = 8;
    if (o->password != NULL) {
        names[n] = "password";
        values[n++] = o->password;
    }
    if (o->login != NULL) {
        names[n] = "user";
        values[n++] = o->login;
    }
    PGconn *conn = PQconnectStartParams(names, values, 1);
    if (conn == NULL) {
        mem_fail();
    }
    if (PQstatus(conn) == CONNECTION_BAD) {
        PQfinish(conn);
        return err_set(err, STATUS_RESYNC, "08001", "the database cannot be reached");
    }
    /* So that a refusal comes as an SQLSTATE, whatever the server's language. */
    (void)PQsetErrorVerbosity(conn, PQERRORS_SQLSTATE);
    (void)PQsetNoticeProcessor(conn, no_notice, NULL);
    struct pg_person *p = mem_alloc(sizeof *p);
    p->conn = conn;
    p->is_person = o->login != NULL;
    p->state = PERSON_CONNECTING;
    p->polling = PGRES_POLLING_WRITING;
    *out = p;
    return STATUS_OK;
}

static void clear_results(struct pg_person *p)
{
    for (size_t i = 0; i < p->n; i++) {
        PQclear(p->result[i]);
        p->result[i] = NULL;
    }
    p->n = 0;
    p->next = 0;
    p->failed = STATUS_OK;
}

void pg_person_free(struct pg_person *p)
{
    if (p != NULL) {
        clear_results(p);
        PQfinish(p->conn);
        free(p);
    }
}

int pg_person_socket(const struct pg_person *p)
{
    return PQsocket(p->conn);
}

bool pg_person_wants_write(const struct pg_person *p)
{
    return p->state == PERSON_CONNECTING ? p->polling == PGRES_POLLING_WRITING : p->unsent;
}

/* ---- connecting ---- */

/* At this verbosity a server's message ends with the code; what libpq itself says does not. */
static void code_of(const char *message, char out[6])
{
    size_t n = strlen(message);
    while (n > 0 && message[n - 1] == '\n') {
        n--;
    }
    memcpy(out, "08001", 6);
    if (n >= 6 && message[n - 6] == ' ' &&
        strspn(message + n - 5, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") >= 5) {
        memcpy(out, message + n - 5, 5);
    }
}

/* Class 28 is about the name and the password. Other codes, such as too many sessions of this role,
 * are not. */
static enum status not_connected(struct pg_person *p, struct err *err)
{
    char code[6];
    code_of(PQerrorMessage(p->conn), code);
    p->state = PERSON_GONE;
    if (strncmp(code, "28", 2) == 0) {
        return err_set(err, STATUS_REJECT, code, "the database refused the login");
    }
    return err_set(err, STATUS_RESYNC, code, "the database cannot be reached");
}

static enum status connecting(struct pg_person *p, bool *done, struct err *err)
{
    p->polling = PQconnectPoll(p->conn);
    if (p->polling == PGRES_POLLING_FAILED) {
        *done = true;
        return not_connected(p, err);
    }
    if (p->polling != PGRES_POLLING_OK) {
        return STATUS_OK;
    }
    *done = true;
    if (p->is_person && !PQconnectionUsedPassword(p->conn)) {
        p->state = PERSON_GONE;
        return err_set(err, STATUS_REJECT, "no_password",
                       "the database asked for no password: nobody is known by it");
    }
    if (PQsetnonblocking(p->conn, 1) != 0 || PQenterPipelineMode(p->conn) != 1) {
        return gone(p, "the session cannot be used", err);
    }
    p->state = PERSON_IDLE;
    return STATUS_OK;
}

/* ---- statements ---- */

enum status pg_person_add(struct pg_person *p, const char *sql, const char *const *values, size_t n,
                          struct err *err)
{
    if (p->state == PERSON_IDLE) {
        clear_results(p);
        p->state = PERSON_ADDING;
    }
    if (p->state != PERSON_ADDING || p->n == PG_PERSON_STATEMENTS) {
        return gone(p, "the session is not there", err);
    }
    if (PQsendQueryParams(p->conn, sql, (int)n, NULL, values, NULL, NULL, 0) != 1) {
        return gone(p, "the database is away", err);
    }
    p->result[p->n++] = NULL;
    return STATUS_OK;
}

size_t pg_person_added(const struct pg_person *p)
{
    return p->state == PERSON_ADDING ? p->n : 0;
}

static enum status flush(struct pg_person *p, struct err *err)
{
    int rc = PQflush(p->conn);
    p->unsent = rc == 1;
    return rc < 0 ? gone(p, "the database is away", err) : STATUS_OK;
}

enum status pg_person_send(struct pg_person *p, struct err *err)
{
    if (p->state != PERSON_ADDING || PQpipelineSync(p->conn) != 1) {
        return gone(p, "the database is away", err);
    }
    p->state = PERSON_BUSY;
    return flush(p, err);
}

/* Messages may quote what was typed: only the state is kept. */
static void note_failure(struct pg_person *p, const PGresult *r)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    if (p->failed == STATUS_OK) {
        p->failed = err_set(&p->why, STATUS_REJECT, state == NULL ? "08006" : state,
                            "a statement was refused");
    }
}

static void take(struct pg_person *p, PGresult *r, bool *done)
{
    ExecStatusType is = PQresultStatus(r);
    if (is == PGRES_PIPELINE_SYNC) {
        *done = true;
    } else if (is == PGRES_FATAL_ERROR) {
        note_failure(p, r);
    }
    if (is != PGRES_PIPELINE_SYNC && p->next < p->n) {
        PQclear(p->result[p->next]);
        p->result[p->next] = r;
    } else {
        PQclear(r);
    }
}

static enum status ended(struct pg_person *p, struct err *err)
{
    p->state = PERSON_IDLE;
    if (p->failed == STATUS_OK) {
        return STATUS_OK;
    }
    *err = p->why;
    bool is_session = strncmp(p->why.code, "57P", 3) == 0 || strncmp(p->why.code, "08", 2) == 0 ||
                      strncmp(p->why.code, "25P03", 5) == 0;
    if (is_session) {
        p->state = PERSON_GONE;
        return STATUS_RESYNC;
    }
    return STATUS_REJECT;
}

static enum status working(struct pg_person *p, bool *done, struct err *err)
{
    enum status s = p->unsent ? flush(p, err) : STATUS_OK;
    if (s == STATUS_OK && PQconsumeInput(p->conn) != 1) {
        s = gone(p, "the database is away", err);
    }
    /* Each statement's results end with a NULL, but the sync's. */
    bool after_null = false;
    while (s == STATUS_OK && !*done && PQisBusy(p->conn) == 0) {
        PGresult *r = PQgetResult(p->conn);
        if (r != NULL) {
            after_null = false;
            take(p, r, done);
            continue;
        }
        if (PQstatus(p->conn) == CONNECTION_BAD || after_null) {
            s = gone(p, "the database is away", err);
        }
        after_null = true;
        p->next++;
    }
    if (s != STATUS_OK) {
        *done = true;
        return s;
    }
    return *done ? ended(p, err) : STATUS_OK;
}

enum status pg_person_step(struct pg_person *p, bool *done, struct err *err)
{
    *done = false;
    if (p->state == PERSON_CONNECTING) {
        return connecting(p, done, err);
    }
    if (p->state == PERSON_BUSY) {
        return working(p, done, err);
    }
    *done = true;
    return p->state == PERSON_GONE ? gone(p, "the session is gone", err) : STATUS_OK;
}

enum status pg_person_look(struct pg_person *p, struct err *err)
{
    if (p->state != PERSON_IDLE || PQconsumeInput(p->conn) != 1 ||
        PQstatus(p->conn) == CONNECTION_BAD) {
        return gone(p, "the session has ended", err);
    }
    return STATUS_OK;
}

/* ---- results ---- */

size_t pg_person_rows(const struct pg_person *p, size_t nth)
{
    return nth < p->n && p->result[nth] != NULL ? (size_t)PQntuples(p->result[nth]) : 0;
}

const char *pg_person_value(const struct pg_person *p, size_t nth, size_t row, const char *column)
{
    if (row >= pg_person_rows(p, nth)) {
        return NULL;
    }
    const PGresult *r = p->result[nth];
    int col = PQfnumber(r, column);
    if (col < 0 || PQgetisnull(r, (int)row, col) != 0) {
        return NULL;
    }
    return PQgetvalue(r, (int)row, col);
}

enum status pg_person_encrypt(const struct pg_person *p, const char *password, struct buf *out,
                              struct err *err)
{
    char *kept = PQencryptPasswordConn(p->conn, password, PQuser(p->conn), "scram-sha-256");
    if (kept == NULL) {
        return err_set(err, STATUS_REJECT, "22023", "the password cannot be taken");
    }
    buf_puts(out, kept);
    PQfreemem(kept);
    return STATUS_OK;
}
