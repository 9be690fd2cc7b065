/* dayfour staff: who works for which organisation, on which queues, by which login. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/cli/commands.h"
#include "services/cli/view.h"

/* What a clinician works on unless told otherwise. */
#define DEFAULT_QUEUES "physiotherapy,mental-health"

/* ---- SQL text: statements about roles take no parameters ---- */

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

static void put_identifier(struct buf *out, const char *name)
{
    put_quoted(out, name, '"');
}

static void put_literal(struct buf *out, const char *text)
{
    put_quoted(out, text, '\''); /* standard_conforming_strings is set beside it */
}

static void begin_script(struct buf *out)
{
    buf_puts(out, "begin;set local standard_conforming_strings = on;");
}

/* 'a,b' as an array's literal. */
static void put_queues(struct buf *out, const char *queues)
{
    buf_puts(out, "string_to_array(");
    put_literal(out, queues);
    buf_puts(out, ", ',')");
}

/* ---- arguments ---- */

static bool is_name(const char *text, size_t max)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return false;
        }
    }
    return len >= 1 && len <= max;
}

static const char *check_names(const struct args *args)
{
    if (!is_name(options_argument(args, 0), 63)) {
        return "LOGIN: 1 to 63 bytes";
    }
    for (size_t i = 1; i < args->n; i++) {
        if (!is_name(options_argument(args, i), 100)) {
            return "ORGANISATION: 1 to 100 bytes";
        }
    }
    return NULL;
}

/* Letters, digits and dashes, separated by commas. */
static bool are_queues(const char *text)
{
    bool in_name = false;
    for (const char *p = text; *p != '\0'; p++) {
        bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                      (*p >= '0' && *p <= '9') || *p == '-' || *p == '_';
        if (!letter && !(*p == ',' && in_name)) {
            return false;
        }
        in_name = letter;
    }
    return in_name;
}

/* ---- add ---- */

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

static enum status put_login(struct cli *cli, const struct args *args, bool exists,
                             struct buf *script, struct err *err)
{
    const char *login = options_argument(args, 0);
    const char *file = options_value(args, "password-file");
    if (!exists && file == NULL && !options_flag(args, "peer")) {
        return err_set(err, STATUS_REJECT, "input",
                       "the login is not there yet: --peer or --password-file is needed");
    }
    if (!exists) {
        buf_puts(script, "create role ");
        put_identifier(script, login);
        buf_puts(script, " login;");
    }
    /* A session left in the middle of something keeps a person locked. */
    buf_puts(script, "alter role ");
    put_identifier(script, login);
    buf_puts(script, " set idle_in_transaction_session_timeout = '60s';");
    if (file == NULL) {
        return STATUS_OK;
    }
    /* The server is given a verifier: the password stays here. */
    char *password = NULL;
    enum status s = conf_read_secret(file, &password, err);
    if (s != STATUS_OK) {
        return s;
    }
    struct buf verifier = {0};
    s = pg_encrypt_password(cli->pg, password, login, &verifier, err);
    memset(password, 0, strlen(password));
    free(password);
    if (s == STATUS_OK) {
        buf_puts(script, "alter role ");
        put_identifier(script, login);
        buf_puts(script, " login password ");
        put_literal(script, verifier.data);
        buf_puts(script, ";");
    }
    buf_clear(&verifier);
    return s;
}

static void put_rows(const struct args *args, struct buf *script)
{
    const char *queues = options_value(args, "queues");
    for (size_t i = 1; i < args->n; i++) {
        buf_puts(script, "insert into oh.staff (login, organisation, queues) values (");
        put_literal(script, options_argument(args, 0));
        buf_puts(script, ", ");
        put_literal(script, options_argument(args, i));
        buf_puts(script, ", ");
        put_queues(script, queues == NULL ? DEFAULT_QUEUES : queues);
        buf_puts(script,
                 ") on conflict (login, organisation) do update set queues = excluded.queues;");
    }
}

static enum status add(struct cli *cli, const struct args *args, struct err *err)
{
    bool exists = false;
    struct buf script = {0};
    enum status s = has_role(cli, options_argument(args, 0), &exists, err);
    begin_script(&script);
    s = s == STATUS_OK ? put_login(cli, args, exists, &script, err) : s;
    if (s == STATUS_OK) {
        buf_printf(&script, "grant %s to ",
                   options_flag(args, "admin") ? "dayfour_oh_admin" : "dayfour_clinician");
        put_identifier(&script, options_argument(args, 0));
        buf_puts(&script, ";");
        put_rows(args, &script);
        buf_puts(&script, "commit");
        s = pg_script(cli->pg, script.data, err);
    }
    buf_clear(&script);
    return s;
}

int staff_add(struct cli *cli, const struct args *args)
{
    const char *queues = options_value(args, "queues");
    const char *fault = check_names(args);
    if (fault == NULL && queues != NULL && !are_queues(queues)) {
        fault = "--queues: names separated by commas";
    }
    if (fault == NULL && options_flag(args, "peer") &&
        options_value(args, "password-file") != NULL) {
        fault = "--peer and --password-file exclude each other";
    }
    if (fault != NULL) {
        return cli_refuse("staff add: %s", fault);
    }
    struct err err = {0};
    enum status s = add(cli, args, &err);
    if (s != STATUS_OK) {
        return cli_fail("staff add", s, &err);
    }
    printf("%s may see %s of %zu %s\n", options_argument(args, 0),
           options_flag(args, "admin") ? "every queue"
           : queues == NULL            ? DEFAULT_QUEUES
                                       : queues,
           args->n - 1, args->n == 2 ? "organisation" : "organisations");
    return EXIT_DONE;
}

/* ---- list ---- */

static const struct pg_stmt list = {"staff_list",
                                    "select s.login, s.organisation, s.queues,"
                                    " exists (select from pg_roles r where r.rolname = s.login"
                                    "         and pg_has_role(r.oid, 'dayfour_oh_admin', 'member'))"
                                    " from oh.staff s order by s.login, s.organisation",
                                    NULL};
static const struct view_column columns[] = {
    {"login", "LOGIN", VIEW_TEXT, true},
    {"organisation", "ORGANISATION", VIEW_TEXT, true},
    {"queues", "QUEUES", VIEW_TEXTS, true},
    {"admin", "ADMIN", VIEW_BOOL, false},
};

int staff_list(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &list, NULL, &r, &err);
    if (s != STATUS_OK) {
        return cli_fail("staff list", s, &err);
    }
    struct view v = {
        .columns = columns, .n = sizeof columns / sizeof columns[0], .empty = "nobody yet"};
    view_print(&v, r, options_flag(args, "json"));
    return EXIT_DONE;
}

/* ---- remove ---- */

static const struct pg_stmt delete_rows = {
    "staff_delete",
    "with d as (delete from oh.staff where login = $1 and ($2 = '{}' or organisation = any ($2))"
    "           returning organisation)"
    " select (select count(*) from d),"
    "        (select count(*) from oh.staff s where s.login = $1"
    "         and s.organisation not in (select organisation from d)),"
    "        exists (select from pg_roles where rolname = $1)",
    (const uint32_t[]){PG_TEXT, PG_TEXT_ARRAY, 0}};

/* Without an organisation left the login leaves the groups; the login itself stays, as the audit
 * and the entries name it. */
static enum status leave_groups(struct cli *cli, const char *login, struct err *err)
{
    struct buf script = {0};
    begin_script(&script);
    /* Of the one it is not in the server would warn. */
    buf_puts(&script, "set local client_min_messages = error;"
                      "revoke dayfour_clinician, dayfour_oh_admin from ");
    put_identifier(&script, login);
    buf_puts(&script, ";commit");
    enum status s = pg_script(cli->pg, script.data, err);
    buf_clear(&script);
    return s;
}

int staff_remove(struct cli *cli, const struct args *args)
{
    const char *login = options_argument(args, 0);
    struct err err = {0};
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, login);
    pg_array_begin(&values, PG_TEXT);
    for (size_t i = 1; i < args->n; i++) {
        pg_array_text(&values, options_argument(args, i));
    }
    pg_array_end(&values);
    enum status s = cli_query(cli, &delete_rows, &values, &r, &err);
    pg_args_clear(&values);
    if (s != STATUS_OK) {
        return cli_fail("staff remove", s, &err);
    }
    long long removed = pg_i64(r, 0, 0);
    bool left = pg_i64(r, 0, 1) > 0;
    if (removed == 0) {
        return cli_refuse("staff remove: no such staff");
    }
    if (!left && pg_bool(r, 0, 2)) {
        s = leave_groups(cli, login, &err);
        if (s != STATUS_OK) {
            return cli_fail("staff remove", s, &err);
        }
    }
    printf("%s no longer works for %lld organisation%s%s\n", login, removed,
           removed == 1 ? "" : "s", left ? "" : ", and sees nothing any more");
    return EXIT_DONE;
}
