/* Logins of the database: `staff add` makes them, `staff rekey` gives those of the page's proxy
 * the passwords of a new key. The server is only ever given a verifier: passwords stay here. */
#include "services/cli/operations/logins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/runtime/web_key.h"
#include "services/cli/commands.h"

#define PASSWORD_ADVISED 12 /* bytes; a shorter one is easily guessed */

/* ---- SQL text ---- */

static void put_quoted(struct buf *out, const char *text, char quote)
{
    buf_putc(out, quote);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == quote) {
            buf_putc(out, quote);
        }
        buf_putc(out, *p);
    }
    buf_putc(out, quote);
    buf_puts(out, "");
}

void logins_put_identifier(struct buf *out, const char *name)
{
    put_quoted(out, name, '"');
}

void logins_put_literal(struct buf *out, const char *text)
{
    put_quoted(out, text, '\''); /* standard_conforming_strings is set beside it */
}

void logins_begin(struct buf *out)
{
    buf_puts(out, "begin;set local standard_conforming_strings = on;");
}

/* ---- a login ---- */

static const struct pg_stmt role_exists = {
    "staff_role", "select exists (select from pg_roles where rolname = $1)",
    (const uint32_t[]){PG_TEXT, 0}};

static enum status has_role(struct cli *cli, const char *login, bool *out, struct err *err)
{
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, login);
    enum status s = cli_query(cli, &role_exists, &values, &r, err);
    pg_args_clear(&values);
    if (s == STATUS_OK) {
        *out = pg_bool(r, 0, 0);
    }
    return s;
}

/* The server stores this instead of the password. */
static enum status put_password(struct cli *cli, const char *login, const char *password,
                                struct buf *script, struct err *err)
{
    struct buf verifier = {0};
    enum status s = pg_encrypt_password(cli->pg, password, login, &verifier, err);
    if (s == STATUS_OK) {
        buf_puts(script, "alter role ");
        logins_put_identifier(script, login);
        buf_puts(script, " login password ");
        logins_put_literal(script, verifier.data);
        buf_puts(script, ";");
    }
    buf_clear(&verifier);
    return s;
}

static enum status put_from_file(struct cli *cli, const char *login, const char *file,
                                 struct buf *script, struct err *err)
{
    char *password = NULL;
    enum status s = conf_read_secret(file, &password, err);
    if (s != STATUS_OK) {
        return s;
    }
    if (strcmp(password, login) == 0) {
        s = err_set(err, STATUS_REJECT, "input",
                    "--password-file: the password must differ from the login");
    } else {
        if (strlen(password) < PASSWORD_ADVISED) {
            fprintf(stderr,
                    "dayfour: staff add: the password is short: %d bytes or more are safer\n",
                    PASSWORD_ADVISED);
        }
        s = put_password(cli, login, password, script, err);
    }
    hash_wipe(password, strlen(password));
    free(password);
    return s;
}

static enum status put_derived(struct cli *cli, const char *login, const char *key,
                               struct buf *script, struct err *err)
{
    char password[WEB_PASSWORD_TEXT];
    web_key_password(key, login, password);
    enum status s = put_password(cli, login, password, script, err);
    hash_wipe(password, sizeof password);
    return s;
}

static enum status put_sso(struct cli *cli, const char *login, const char *file, struct buf *script,
                           struct err *err)
{
    char *key = NULL;
    enum status s = web_key_read(file, &key, err);
    s = s == STATUS_OK ? put_derived(cli, login, key, script, err) : s;
    web_key_free(key);
    return s;
}

enum status logins_put(struct cli *cli, const struct args *args, struct buf *script,
                       struct err *err)
{
    const char *login = options_argument(args, 0);
    const char *file = options_value(args, "password-file");
    bool sso = options_flag(args, "sso"), exists = false;
    enum status s = has_role(cli, login, &exists, err);
    if (s == STATUS_OK && !exists && file == NULL && !sso && !options_flag(args, "peer")) {
        s = err_set(err, STATUS_REJECT, "input",
                    "the login does not exist yet: add --peer, --password-file or --sso");
    }
    if (s != STATUS_OK) {
        return s;
    }
    if (!exists) {
        buf_puts(script, "create role ");
        logins_put_identifier(script, login);
        buf_puts(script, " login;");
    }
    /* A session left in the middle of something keeps a person locked. */
    buf_puts(script, "alter role ");
    logins_put_identifier(script, login);
    buf_puts(script, " set idle_in_transaction_session_timeout = '60s';");
    if (sso) {
        return put_sso(cli, login, options_value(args, "web-key-file"), script, err);
    }
    return file == NULL ? STATUS_OK : put_from_file(cli, login, file, script, err);
}

/* ---- staff rekey ---- */

static const struct pg_stmt sso_logins = {
    "staff_sso",
    "select s.login, bool_or(s.sso) and r.oid is not null from oh.staff s"
    " left join pg_roles r on r.rolname = s.login"
    " where case when $1 = '{}' then s.sso else s.login = any ($1) end"
    " group by s.login, r.oid order by 1",
    (const uint32_t[]){PG_TEXT_ARRAY, 0}};

static enum status find_logins(struct cli *cli, const struct args *args, const struct pg_result **r,
                               struct err *err)
{
    struct pg_args values = {0};
    pg_array_begin(&values, PG_TEXT);
    for (size_t i = 0; i < args->n; i++) {
        pg_array_text(&values, options_argument(args, i));
    }
    pg_array_end(&values);
    enum status s = cli_query(cli, &sso_logins, &values, r, err);
    pg_args_clear(&values);
    return s;
}

/* The names are copied: a statement made later replaces the result they stand in. */
static enum status rekey(struct cli *cli, const struct args *args, const char *key, size_t *n,
                         struct err *err)
{
    const struct pg_result *r = NULL;
    enum status s = find_logins(cli, args, &r, err);
    if (s != STATUS_OK) {
        return s;
    }
    *n = pg_rows(r);
    if (*n < args->n) {
        return err_set(err, STATUS_REJECT, "input", "no such staff");
    }
    const char **logins = arena_array(cli->arena, *n, sizeof *logins);
    for (size_t i = 0; i < *n; i++) {
        if (!pg_bool(r, i, 1)) {
            return err_set(err, STATUS_REJECT, "input",
                           "a login that was not added with --sso has a password of its own");
        }
        logins[i] = arena_strdup(cli->arena, pg_text(r, i, 0));
    }
    struct buf script = {0};
    logins_begin(&script);
    for (size_t i = 0; s == STATUS_OK && i < *n; i++) {
        s = put_derived(cli, logins[i], key, &script, err);
    }
    buf_puts(&script, "commit");
    s = s == STATUS_OK ? pg_script(cli->pg, script.data, err) : s;
    buf_clear(&script);
    return s;
}

int staff_rekey(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    char *key = NULL;
    size_t n = 0;
    const char *file = options_value(args, "web-key-file");
    if (file == NULL) {
        return cli_refuse("staff rekey: --web-key-file is needed");
    }
    enum status s = web_key_read(file, &key, &err);
    s = s == STATUS_OK ? rekey(cli, args, key, &n, &err) : s;
    web_key_free(key);
    if (s != STATUS_OK) {
        return cli_fail("staff rekey", s, &err);
    }
    printf("%zu %s of this key\n", n,
           cli_plural((int64_t)n, "login of the page has the password",
                      "logins of the page have the passwords"));
    return EXIT_DONE;
}
