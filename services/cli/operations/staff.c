/* dayfour staff: who works for which organisation, on which queues, by which login. */
#include <stdio.h>
#include <string.h>

#include "services/cli/commands.h"
#include "services/cli/operations/logins.h"
#include "services/cli/view.h"

/* 'a,b' as an array's literal. */
static void put_queues(struct buf *out, const char *queues)
{
    buf_puts(out, "string_to_array(");
    logins_put_literal(out, queues);
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

/* The queues asked for that no pathway of the settings in force sends tasks to: whoever got one of
 * them would see an empty list and no reason for it. */
static const struct pg_stmt unknown_queues = {
    "staff_queues",
    "with settings as (select s.document::jsonb as d from fact.settings s"
    "                  join fact.ruleset r on r.settings_serial = s.serial),"
    " known as (select jsonb_path_query(d, '$.pathways.*.queue') #>> '{}' as queue from settings"
    "           union select jsonb_path_query(d, '$.organisations.*.pathways.*.queue') #>> '{}'"
    "           from settings"
    "           union select jsonb_path_query(d, '$.referrals.*.queue') #>> '{}' from settings)"
    " select (select string_agg(k.queue, ', ' order by k.queue) from known k)"
    " where exists (select from known)"
    " and exists (select from unnest(string_to_array($1, ',')) u(queue)"
    "             where u.queue not in (select k.queue from known k))",
    (const uint32_t[]){PG_TEXT, 0}};

/* Organisations that HR has sent nothing for: perhaps a slip, perhaps the feed is yet to come. */
static const struct pg_stmt silent_organisations = {
    "staff_silent",
    "select o.name from unnest($1) with ordinality o(name, n)"
    " where not exists (select from intake.feed f where f.organisation = o.name) order by o.n",
    (const uint32_t[]){PG_TEXT_ARRAY, 0}};

static enum status check_queues(struct cli *cli, const struct args *args, struct err *err)
{
    const char *queues = options_value(args, "queues");
    if (queues == NULL) {
        return STATUS_OK;
    }
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, queues);
    enum status s = cli_query(cli, &unknown_queues, &values, &r, err);
    pg_args_clear(&values);
    if (s == STATUS_OK && pg_rows(r) > 0) {
        s = err_set(err, STATUS_REJECT, "input",
                    "--queues: a queue that no pathway of the settings uses; these are used: %s",
                    pg_text(r, 0, 0));
    }
    return s;
}

static void name_silent(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_array_begin(&values, PG_TEXT);
    for (size_t i = 1; i < args->n; i++) {
        pg_array_text(&values, options_argument(args, i));
    }
    pg_array_end(&values);
    enum status s = cli_query(cli, &silent_organisations, &values, &r, &err);
    pg_args_clear(&values);
    for (size_t i = 0; s == STATUS_OK && i < pg_rows(r); i++) {
        struct buf name = {0};
        view_clean(&name, pg_text(r, i, 0));
        printf("%s: HR has sent nothing for this organisation yet; is its code right?\n",
               name.data);
        buf_clear(&name);
    }
}

/* The owner of a feed reads its organisation's dead letters, and no case. */
static void put_feeds(const struct args *args, struct buf *script)
{
    for (size_t i = 1; i < args->n; i++) {
        buf_puts(script, "insert into ops.feed_owner (login, organisation) values (");
        logins_put_literal(script, options_argument(args, 0));
        buf_puts(script, ", ");
        logins_put_literal(script, options_argument(args, i));
        buf_puts(script, ") on conflict do nothing;");
    }
}

static void put_text(struct buf *script, const char *text)
{
    if (text == NULL) {
        buf_puts(script, "null");
    } else {
        logins_put_literal(script, text);
    }
}

/* NULL: the login stays as it is. */
static const char *comes_by_sso(const struct args *args)
{
    if (options_flag(args, "sso")) {
        return "true";
    }
    return options_flag(args, "peer") || options_value(args, "password-file") != NULL ? "false"
                                                                                      : NULL;
}

/* Name, role and way in belong to the login: they hold in each of its organisations. */
static void put_rows(const struct args *args, struct buf *script)
{
    const char *queues = options_value(args, "queues"), *login = options_argument(args, 0);
    buf_puts(script, "create temporary table given on commit drop as select ");
    put_text(script, options_value(args, "name"));
    buf_puts(script, "::text as display_name, ");
    put_text(script, options_value(args, "role"));
    buf_puts(script, "::text as role, ");
    put_text(script, comes_by_sso(args));
    buf_puts(script, "::boolean as sso;"
                     "update pg_temp.given g set display_name = coalesce(g.display_name, k.name),"
                     " role = coalesce(g.role, k.role), sso = coalesce(g.sso, k.sso, false)"
                     " from (select max(s.display_name) as name, max(s.role) as role,"
                     " bool_or(s.sso) as sso from oh.staff s where s.login = ");
    logins_put_literal(script, login);
    buf_puts(script, ") k;insert into oh.staff as s"
                     " (login, organisation, queues, display_name, role, sso) select ");
    logins_put_literal(script, login);
    buf_puts(script, ", o.name, ");
    put_queues(script, queues == NULL ? "" : queues);
    buf_puts(script, ", g.display_name, g.role, g.sso from pg_temp.given g, unnest(array[");
    for (size_t i = 1; i < args->n; i++) {
        buf_puts(script, i == 1 ? "" : ", ");
        logins_put_literal(script, options_argument(args, i));
    }
    buf_puts(script,
             "]) o(name) on conflict (login, organisation) do update set queues ="
             " coalesce(nullif(excluded.queues, '{}'), s.queues), display_name ="
             " excluded.display_name, role = excluded.role, sso = excluded.sso;"
             "update oh.staff s set display_name = g.display_name, role = g.role, sso = g.sso"
             " from pg_temp.given g where (s.display_name, s.role, s.sso)"
             " is distinct from (g.display_name, g.role, g.sso) and s.login = ");
    logins_put_literal(script, login);
    buf_puts(script, ";");
}

/* The login of `dayfour feed` belongs to no organisation: its group sees the schema feed alone. */
static const char *group_of(const struct args *args)
{
    return options_flag(args, "feed")         ? "dayfour_feed"
           : options_flag(args, "feed-owner") ? "dayfour_feed_owner"
           : options_flag(args, "admin")      ? "dayfour_oh_admin"
                                              : "dayfour_clinician";
}

static enum status add(struct cli *cli, const struct args *args, struct err *err)
{
    bool feed = options_flag(args, "feed-owner") || options_flag(args, "feed");
    struct buf script = {0};
    enum status s = feed ? STATUS_OK : check_queues(cli, args, err);
    logins_begin(&script);
    s = s == STATUS_OK ? logins_put(cli, args, &script, err) : s;
    if (s == STATUS_OK) {
        buf_printf(&script, "grant %s to ", group_of(args));
        logins_put_identifier(&script, options_argument(args, 0));
        buf_puts(&script, ";");
        (feed ? put_feeds : put_rows)(args, &script);
        buf_puts(&script, "select ops.bound_logins();commit");
        s = pg_script(cli->pg, script.data, err);
    }
    buf_clear(&script);
    return s;
}

/* Names a fault in how the login is to come in; NULL: there is none. */
static const char *check_way_in(const struct args *args)
{
    bool sso = options_flag(args, "sso");
    if (options_flag(args, "peer") + sso + (options_value(args, "password-file") != NULL) > 1) {
        return "--peer, --password-file and --sso exclude each other";
    }
    if (sso != (options_value(args, "web-key-file") != NULL)) {
        return "--sso and --web-key-file go together";
    }
    return NULL;
}

/* Names a fault in the options of a feed's login or owner, who make no calls; NULL: there is none.
 */
static const char *check_feed(const struct args *args)
{
    bool owner = options_flag(args, "feed-owner");
    bool other = options_value(args, "queues") != NULL || options_flag(args, "admin") ||
                 options_flag(args, "sso");
    if (options_flag(args, "feed")) {
        return args->n > 1      ? "--feed goes without ORGANISATION: the mapping names it"
               : other || owner ? "--feed goes with none of --queues, --admin, --sso, --feed-owner"
                                : NULL;
    }
    return args->n < 2      ? "ORGANISATION is missing"
           : owner && other ? "--feed-owner goes with none of --queues, --admin, --sso"
                            : NULL;
}

static const char *check_person(const struct args *args)
{
    const char *queues = options_value(args, "queues");
    static const char *const texts[] = {"name", "role"};
    for (size_t i = 0; i < 2; i++) {
        const char *text = options_value(args, texts[i]);
        if (text != NULL && !is_name(text, 100)) {
            return i == 0 ? "--name: 1 to 100 bytes" : "--role: 1 to 100 bytes";
        }
    }
    if (queues != NULL && !are_queues(queues)) {
        return "--queues: names separated by commas";
    }
    bool feed = options_flag(args, "feed-owner") || options_flag(args, "feed");
    return !feed && !options_flag(args, "admin") && queues == NULL
               ? "a clinician needs --queues: whose calls they make, as --queues physiotherapy"
               : NULL;
}

int staff_add(struct cli *cli, const struct args *args)
{
    const char *queues = options_value(args, "queues");
    bool feed = options_flag(args, "feed-owner");
    const char *fault = check_names(args);
    fault = fault == NULL ? check_feed(args) : fault;
    fault = fault == NULL ? check_person(args) : fault;
    fault = fault == NULL ? check_way_in(args) : fault;
    if (fault != NULL) {
        return cli_refuse("staff add: %s", fault);
    }
    struct err err = {0};
    enum status s = add(cli, args, &err);
    if (s != STATUS_OK) {
        return cli_fail("staff add", s, &err);
    }
    if (options_flag(args, "feed")) {
        printf("%s may run dayfour feed\n", options_argument(args, 0));
        return EXIT_DONE;
    }
    printf("%s may see %s of %zu %s\n", options_argument(args, 0),
           feed                          ? "the dead letters"
           : options_flag(args, "admin") ? "every queue"
                                         : queues,
           args->n - 1, args->n == 2 ? "organisation" : "organisations");
    name_silent(cli, args);
    return EXIT_DONE;
}

/* ---- list ---- */

/* The owner of the database sees everybody; a lead the staff of the organisations they lead. */
static const struct pg_stmt may_list_all = {
    "staff_all", "select has_table_privilege('oh.staff', 'select')", NULL};
static const struct pg_stmt list_all = {
    "staff_list",
    "select s.login, s.organisation, s.queues, s.display_name, s.role,"
    " exists (select from pg_roles r where r.rolname = s.login"
    "         and pg_has_role(r.oid, 'dayfour_oh_admin', 'member')), false as feed_owner,"
    " false as feed, s.sso"
    " from oh.staff s"
    " union all select f.login, f.organisation, '{}', null, null, false, true, false, false"
    " from ops.feed_owner f"
    " union all select m.rolname, null, '{}', null, null, false, false, true, false"
    " from pg_auth_members a join pg_roles m on m.oid = a.member"
    " where a.roleid = to_regrole('dayfour_feed') and m.rolcanlogin"
    " order by login, organisation, feed_owner",
    NULL};
static const struct pg_stmt list_led = {
    "staff_list_led",
    "select s.login, s.organisation, s.queues, s.display_name, s.role, s.admin, false, false, s.sso"
    " from oh.staff_list() s",
    NULL};
static const struct view_column columns[] = {
    {"login", "LOGIN", VIEW_TEXT, true},
    {"organisation", "ORGANISATION", VIEW_TEXT, true},
    {"queues", "QUEUES", VIEW_TEXTS, true},
    {"display_name", "NAME", VIEW_TEXT, true},
    {"role", "ROLE", VIEW_TEXT, true},
    {"admin", "ADMIN", VIEW_BOOL, false},
    {"feed_owner", "FEED OWNER", VIEW_BOOL, false},
    {"feed", "FEED", VIEW_BOOL, false},
    {"sso", "SSO", VIEW_BOOL, false},
};

int staff_list(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &may_list_all, NULL, &r, &err);
    if (s == STATUS_OK) {
        s = cli_query(cli, pg_bool(r, 0, 0) ? &list_all : &list_led, NULL, &r, &err);
    }
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
    "           returning organisation),"
    " f as (delete from ops.feed_owner where login = $1 and ($2 = '{}' or organisation = any ($2))"
    "       returning organisation)"
    " select (select count(*) from (table d union table f) g),"
    "        (select count(*) from oh.staff s where s.login = $1"
    "         and s.organisation not in (table d))"
    "        + (select count(*) from ops.feed_owner o where o.login = $1"
    "           and o.organisation not in (table f)),"
    "        exists (select from pg_roles where rolname = $1),"
    "        $2 = '{}' and exists (select from pg_auth_members a join pg_roles m on m.oid = a.member"
    "                              where a.roleid = to_regrole('dayfour_feed') and m.rolname = $1)",
    (const uint32_t[]){PG_TEXT, PG_TEXT_ARRAY, 0}};

/* Without an organisation left the login leaves the groups; the login itself stays, as the audit
 * and the entries name it. */
static enum status leave_groups(struct cli *cli, const char *login, struct err *err)
{
    struct buf script = {0};
    logins_begin(&script);
    /* The server would warn about a group that the login is not in. */
    buf_puts(&script, "set local client_min_messages = error;"
                      "revoke dayfour_clinician, dayfour_oh_admin, dayfour_feed_owner, dayfour_feed"
                      " from ");
    logins_put_identifier(&script, login);
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
    bool feed = pg_bool(r, 0, 3);
    if (removed == 0 && !feed) {
        return cli_refuse("staff remove: no such staff");
    }
    if (!left && pg_bool(r, 0, 2)) {
        s = leave_groups(cli, login, &err);
        if (s != STATUS_OK) {
            return cli_fail("staff remove", s, &err);
        }
    }
    if (feed) {
        printf("%s no longer runs dayfour feed\n", login);
    }
    if (removed == 0) {
        return EXIT_DONE;
    }
    printf("%s no longer works for %lld organisation%s%s\n", login, removed,
           removed == 1 ? "" : "s", left ? "" : ", and sees nothing any more");
    return EXIT_DONE;
}
