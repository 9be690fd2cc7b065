/* The attempt belongs to the helper's thread while that runs. Afterwards it belongs to the caller
 * (pg_attempt_take), or to drop() where nobody waits any more. Its owner frees it, and wipes the
 * password. */
#include "common/pg/pg_attempt.h"

#include <postgresql/libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/runtime/helper.h"

struct pg_attempt {
    struct helper *helper;
    char *dsn, *password, *name;
    PGconn *conn;
};

/* Notices would go to standard error, where nobody may be reading. */
static void no_notice(void *arg, const char *text)
{
    (void)arg;
    (void)text;
}

/* libpq's own limit is for each address of a host, so all of it may take longer than anybody waits.
 */
static void run(void *arg)
{
    struct pg_attempt *a = arg;
    const char *names[] = {"connect_timeout",
                           "keepalives_idle",
                           "tcp_user_timeout",
                           "dbname",
                           "application_name",
                           "client_encoding",
                           a->password == NULL ? NULL : "password",
                           NULL};
    const char *values[] = {"5", "5", "10000", a->dsn, a->name, "UTF8", a->password, NULL};
    a->conn = PQconnectdbParams(names, values, 1);
    if (a->conn == NULL) {
        mem_fail();
    }
    (void)PQsetNoticeProcessor(a->conn, no_notice, NULL);
}

static void clear(struct pg_attempt *a)
{
    if (a->password != NULL) {
        /* Through a volatile pointer, so that it is not optimised away. */
        for (volatile char *c = a->password; *c != '\0'; c++) {
            *c = '\0';
        }
    }
    free(a->dsn);
    free(a->password);
    free(a->name);
    free(a);
}

static void drop(void *arg)
{
    struct pg_attempt *a = arg;
    PQfinish(a->conn);
    clear(a);
}

struct pg_attempt *pg_attempt_new(const char *dsn, const char *password, const char *name)
{
    struct pg_attempt *a = mem_alloc(sizeof *a);
    a->dsn = mem_strdup(dsn);
    a->password = mem_strdup(password);
    a->name = mem_strdup(name);
    a->helper = helper_start(run, a);
    if (a->helper == NULL) {
        clear(a);
        return NULL;
    }
    return a;
}

bool pg_attempt_ended(struct pg_attempt *a, int ms)
{
    return helper_ended(a->helper, ms);
}

struct pg_conn *pg_attempt_take(struct pg_attempt *a)
{
    PGconn *conn = a->conn;
    (void)helper_free(a->helper, NULL); /* it has ended */
    clear(a);
    return conn;
}

void pg_attempt_free(struct pg_attempt *a)
{
    if (a != NULL && helper_free(a->helper, drop)) {
        drop(a);
    }
}
