/* pg_check_transport() of pg.h. It judges what libpq would use once it has combined all its
 * sources, so that no service file or variable can weaken it. */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "common/pg/pg.h"
#include "common/runtime/transport.h"

/* This connection is never made: the library refuses it before it contacts a server. By then it has
 * combined connection string, service file, environment and defaults. */
#define NO_SUCH_SESSION "none-of-them"

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
        if (strcmp(o->keyword, keyword) == 0) {
            return o->val == NULL ? "" : o->val;
        }
    }
    return "";
}

static bool is_known_mode(const char *mode)
{
    static const char *const modes[] = {"",        "disable",   "allow",      "prefer",
                                        "require", "verify-ca", "verify-full"};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(mode, modes[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The options that the library would connect with; NULL: it does not understand the string, or
 * knows no such service. The caller frees them with PQconninfoFree. */
static PQconninfoOption *resolve(const char *dsn)
{
    static const char *const names[] = {"dbname", "target_session_attrs", NULL};
    const char *const values[] = {dsn, NO_SUCH_SESSION, NULL};
    PGconn *conn = PQconnectStartParams(names, values, 1);
    PQconninfoOption *options = PQconninfo(conn);
    PQfinish(conn);
    if (options != NULL &&
        strcmp(value_of(options, "target_session_attrs"), NO_SUCH_SESSION) != 0) {
        PQconninfoFree(options);
        options = NULL;
    }
    return options;
}

/* The next of a list separated by commas; *at moves behind it, NULL: there is none any more. */
static const char *next(const char **at, size_t *len)
{
    const char *one = *at == NULL ? "" : *at;
    *len = strcspn(one, ",");
    *at = one[*len] == ',' ? one + *len + 1 : NULL;
    return one;
}

/* In each pair the address counts where it is given, else the host; neither means a socket. */
static bool all_local(const char *hosts, const char *addresses)
{
    do {
        size_t host_len = 0;
        size_t len = 0;
        const char *host = next(&hosts, &host_len);
        const char *address = next(&addresses, &len);
        if (!transport_is_local(len > 0 ? address : host, len > 0 ? len : host_len)) {
            return false;
        }
    } while (hosts != NULL || addresses != NULL);
    return true;
}

static enum status judge(const PQconninfoOption *options, struct err *err)
{
    if (!is_known_mode(value_of(options, "sslmode"))) {
        return err_set(err, STATUS_FATAL, "config",
                       "pg.dsn: sslmode is one of disable, allow, prefer, require, verify-ca,"
                       " verify-full");
    }
    if (all_local(value_of(options, "host"), value_of(options, "hostaddr")) ||
        strcmp(value_of(options, "sslmode"), "verify-full") == 0) {
        return STATUS_OK;
    }
    return err_set(err, STATUS_FATAL, "config",
                   "pg.dsn: sslmode must be verify-full with a server on another machine;"
                   " set allow_insecure = true to do without");
}

enum status pg_check_transport(const struct pg_options *o, struct err *err)
{
    if (o->allow_insecure || o->dsn == NULL) {
        return STATUS_OK;
    }
    PQconninfoOption *options = resolve(o->dsn);
    if (options == NULL) {
        return err_set(err, STATUS_FATAL, "config",
                       "pg.dsn: not a connection string, or its service is not in a service file");
    }
    enum status s = judge(options, err);
    PQconninfoFree(options);
    return s;
}
