#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "common/pg.h"
#include "common/transport.h"

/* What a keyword comes to: the connection string, else the library's environment variable. */
static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
        if (strcmp(o->keyword, keyword) == 0) {
            const char *value = o->val;
            if (value == NULL && o->envvar != NULL) {
                value = getenv(o->envvar);
            }
            return value == NULL ? "" : value;
        }
    }
    return "";
}

static enum status judge(const PQconninfoOption *options, struct err *err)
{
    const char *address = value_of(options, "hostaddr");
    const char *host = address[0] != '\0' ? address : value_of(options, "host");
    /* A service file may name any host. */
    bool unknown = host[0] == '\0' && value_of(options, "service")[0] != '\0';
    if (!unknown && transport_all_local(host)) {
        return STATUS_OK;
    }
    if (strcmp(value_of(options, "sslmode"), "verify-full") != 0) {
        return err_set(err, STATUS_FATAL, "config",
                       "pg.dsn: sslmode must be verify-full with a server on another machine;"
                       " set allow_insecure = true to do without");
    }
    return STATUS_OK;
}

enum status pg_check_transport(const struct pg_options *o, struct err *err)
{
    if (o->allow_insecure || o->dsn == NULL) {
        return STATUS_OK;
    }
    char *ignored = NULL; /* may quote the string, and with it a password */
    PQconninfoOption *options = PQconninfoParse(o->dsn, &ignored);
    PQfreemem(ignored);
    if (options == NULL) {
        return err_set(err, STATUS_FATAL, "config", "pg.dsn: not a connection string");
    }
    enum status s = judge(options, err);
    PQconninfoFree(options);
    return s;
}
