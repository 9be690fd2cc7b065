/* The checks beyond the table of keys: keys that need each other, and the readers of the key file.
 * They look at files and connect to nothing, so that --check-config can run beside the service. */
#include <string.h>
#include <sys/stat.h>

#include "common/pg/pg.h"
#include "common/runtime/listen.h"
#include "common/runtime/program.h"
#include "common/runtime/web_key.h"
#include "services/web/web.h"

static enum status wrong(const char *text, struct err *err)
{
    return err_set(err, STATUS_FATAL, "config", "%s", text);
}

static enum status check_origin(const struct conf *c, struct err *err)
{
    const char *o = c->web_origin;
    if (o == NULL) {
        return listen_path(c->web_listen) == NULL
                   ? STATUS_OK
                   : wrong("web.origin: must be set where web.listen is a socket", err);
    }
    const char *host = strncmp(o, "https://", 8) == 0  ? o + 8
                       : strncmp(o, "http://", 7) == 0 ? o + 7
                                                       : "";
    size_t n = strcspn(host, "/");
    return n > 0 && (host[n] == '\0' || host[n + 1] == '\0')
               ? STATUS_OK
               : wrong("web.origin: https://host or http://host:port, without a path", err);
}

/* Only a proxy on this machine that nobody can go round may name people. */
static enum status check_identity(const struct conf *c, struct err *err)
{
    if (strcmp(c->web_identity, "header") != 0) {
        return STATUS_OK;
    }
    if (listen_path(c->web_listen) == NULL) {
        return wrong("web.identity: header needs web.listen = unix:/path, which only the proxy can"
                     " reach",
                     err);
    }
    if (c->web_key_file == NULL) {
        return wrong("web.key_file: must be set for web.identity = header", err);
    }
    /* Its readers can log in as anybody: so only the page may read it, not even its group. */
    struct stat st;
    if (stat(c->web_key_file, &st) == 0 && (st.st_mode & 077) != 0) {
        return wrong("web.key_file: others than its owner may read it: chmod 600", err);
    }
    char *key = NULL;
    enum status s = web_key_read(c->web_key_file, &key, err);
    if (s == STATUS_OK) {
        web_key_free(key);
    }
    return s;
}

static enum status check(const struct conf *c, char warning[PROGRAM_WARNING], struct err *err)
{
    (void)warning;
    const struct pg_options o = {.dsn = c->pg_dsn, .allow_insecure = c->allow_insecure};
    enum status s = pg_check_transport(&o, err);
    if (s == STATUS_OK && !c->allow_insecure && !listen_is_local(c->web_listen)) {
        s = wrong("web.listen: must be of this machine, as TLS is the proxy's; set allow_insecure ="
                  " true to do without",
                  err);
    }
    s = s == STATUS_OK ? check_origin(c, err) : s;
    return s == STATUS_OK ? check_identity(c, err) : s;
}

int main(int argc, char **argv)
{
    return program_main(argc, argv, "dayfour-web", CONF_WEB, check, web_run);
}
