/* dayfour doctor on PostgreSQL, with the rights of its user: an operator sees most of it, the
 * database's owner all. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/date.h"
#include "common/base/err_code.h"
#include "common/casefile/schema.h"
#include "common/casework/rules/calendar.h"
#include "services/cli/embed.h"
#include "services/cli/operations/doctor.h"
#include "services/cli/operations/migrations.h"

#define SERVER_LEAST 150000
#define HOLIDAYS_LEAST_DAYS 60
#define LEASE_GONE_S 60

static const char mend_migrate[] =
    "dayfour migrate, as the database's owner, with the programs' version";

static const struct pg_stmt about_server = {
    "doctor_server",
    "select current_setting('server_version_num')::int, current_setting('server_version'),"
    " pg_is_in_recovery() or current_setting('default_transaction_read_only')::bool,"
    " current_setting('fsync')::bool and current_setting('full_page_writes')::bool,"
    " (extract(epoch from clock_timestamp()) * 1000000)::int8,"
    " current_setting('max_connections')::int - (select count(*) from pg_stat_activity),"
    " exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace" /* needs no
                                                                                       right */
    " where n.nspname = 'ops' and c.relname = 'migration'),"
    " case when has_database_privilege(current_database(), 'connect')"
    " then pg_database_size(current_database()) / 1048576 else 0 end,"
    " coalesce(current_setting('server_encoding') = 'UTF8', false)",
    NULL};

static const struct pg_stmt about_migrations = {
    "doctor_migrations",
    "select coalesce((array_agg(m.name order by m.number desc)"
    "                 filter (where not coalesce((to_jsonb(m) ->> 'repeatable')::bool, false)))[1],"
    " 'none') from ops.migration m",
    NULL};

static const struct pg_stmt about_logins = {
    "doctor_logins",
    "select g.name, exists (select from pg_roles r where r.rolcanlogin and not r.rolsuper"
    "                       and pg_has_role(r.oid, g.name, 'member'))"
    " from unnest(array['dayfour_intake', 'dayfour_followup']) g (name)"
    " where exists (select from pg_roles where rolname = g.name)",
    NULL};

/* The right that followup needs to end transactions that clinicians left open; no row: before
 * migrations. */
static const struct pg_stmt about_rights = {
    "doctor_rights",
    "select string_agg(r.name, ', ') from unnest(array['pg_signal_backend', 'pg_read_all_stats'])"
    " r (name) where exists (select from pg_roles where rolname = 'dayfour_ops_owner')"
    " and not pg_has_role('dayfour_ops_owner', r.name, 'usage')",
    NULL};

static const struct pg_stmt about_operation = {
    "doctor_operation",
    "select e.paused, (select count(*) from ops.dead_letter d where d.published_batch is null"
    "                   and d.received_at < now() - interval '10 min')"
    " from ops.emission e",
    NULL};

static const struct pg_stmt about_set_aside = {"doctor_set_aside",
                                               "select count(*) from ops.set_aside", NULL};

/* Whether a service has sessions here, and whether one ever did anything. */
static const struct pg_stmt about_services = {
    "doctor_services",
    "select n.name, (select count(*) from pg_stat_activity a where a.datname = current_database()"
    "  and a.application_name = 'dayfour-' || n.name"
    "  and pg_has_role(a.usesysid, 'dayfour_' || n.name, 'member')), n.ever"
    " from (values ('intake', exists (select from ops.position)),"
    "  ('followup', (select b.clock is not null from ops.backlog b))) n (name, ever)",
    NULL};

static const struct pg_stmt about_inside = {
    "doctor_inside",
    "select (select count(*) from fact.settings), (select rehearsal_at is not null from ops.clock),"
    " (select coalesce(max(extract(epoch from now() - until)), -1)::int8 from followup.shard"
    "  where until > '-infinity'), (select count(*) from followup.shard),"
    " (select count(*) from fact.install_key)",
    NULL};

/* Each division: the days until its last holiday, and whether some organisation goes by it. */
static const struct pg_stmt about_divisions = {
    "doctor_divisions",
    "with s as (select s.document::jsonb as d from fact.settings s order by s.serial desc limit 1)"
    " select u.name, coalesce((select max(h.day) from fact.holiday h where h.division = u.name)"
    " - current_date, -1), coalesce((select coalesce(s.d -> 'defaults' ->> 'division',"
    " 'england-and-wales') = u.name or exists (select from jsonb_each(s.d -> 'organisations') o"
    " where o.value ->> 'division' = u.name) from s), false)"
    " from unnest($1::text[]) with ordinality as u (name, nth) order by u.nth",
    (const uint32_t[]){PG_TEXT_ARRAY, 0}};

/* ---- parts ---- */

/* A query that the login may not make ends the session with it, and says nothing of the other
 * parts: they must still be checked. */
enum status doctor_query(struct doctor *d, const struct pg_stmt *stmt, const struct pg_args *args,
                         const struct pg_result **out, struct err *err)
{
    if (d->cli->pg != NULL && !pg_is_up(d->cli->pg)) {
        enum status s = pg_connect(d->cli->pg, err);
        if (s != STATUS_OK) {
            return s;
        }
    }
    return cli_query(d->cli, stmt, args, out, err);
}

/* This login may not look at a part: says who may. */
static void not_seen(struct doctor *d, const char *name, const char *who, const struct err *err)
{
    doctor_say(d, WORTH_KNOWING, name, who, "not checked: %s",
               err_is(err, ERR_NO_RIGHT) ? "your login has no right to it" : err->text);
}

static const char ask_operator[] = "ask somebody whose login is in dayfour_operator";
static const char ask_owner[] = "ask the database's owner";

static void look_at_server(struct doctor *d, const struct pg_result *r)
{
    if (pg_i64(r, 0, 0) < SERVER_LEAST) {
        doctor_say(d, WRONG, "database_version", "upgrade it to PostgreSQL 15 or later",
                   "PostgreSQL %s is too old", pg_text(r, 0, 1));
    } else {
        doctor_say(d, FINE, "database_version", "", "PostgreSQL %s, %" PRId64 " MB",
                   pg_text(r, 0, 1), pg_i64(r, 0, 7));
    }
    if (pg_bool(r, 0, 2)) {
        doctor_say(d, WRONG, "database_read_only",
                   "name the primary in pg.dsn (target_session_attrs=read-write), or switch off "
                   "default_transaction_read_only",
                   "the database takes no changes: a standby, or set to be read-only");
    }
    if (!pg_bool(r, 0, 3)) {
        doctor_say(d, WRONG, "database_unsafe", "switch fsync and full_page_writes on",
                   "a power cut can destroy the database: fsync or full_page_writes is off");
    }
    if (!pg_bool(r, 0, 8)) {
        doctor_say(d, WRONG, "database_encoding", "make the database with ENCODING 'UTF8'",
                   "the database is not in UTF-8");
    }
    if (pg_i64(r, 0, 5) < 10) {
        doctor_say(d, WRONG, "database_connections", "raise max_connections",
                   "only %" PRId64 " connections are left", pg_i64(r, 0, 5));
    }
}

/* Whether the database was given these programs' text of each file. */
static bool look_at_texts(struct doctor *d)
{
    struct err err = {0};
    struct migrations m;
    if (migrations_read(d->cli, &m, &err) != STATUS_OK) {
        doctor_say(d, WRONG, "migrations", "install programs and database of one version", "%s",
                   err.text);
        return false;
    }
    if (m.due > 0) {
        doctor_say(d, WRONG, "migrations", mend_migrate,
                   "%zu files of views and functions are not those of these programs", m.due);
        return false;
    }
    return true;
}

static bool look_at_migrations(struct doctor *d, bool there)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    if (!there) {
        doctor_say(d, WRONG, "migrations", mend_migrate, "the database has not been migrated");
        return false;
    }
    if (doctor_query(d, &schema_ask, NULL, &r, &err) != STATUS_OK) {
        not_seen(d, "migrations", ask_operator, &err);
        return true;
    }
    int64_t number = pg_i64(r, 0, 0);
    int64_t serves = pg_i64(r, 0, 1);
    if (pg_bool(r, 0, 2)) {
        doctor_say(d, WRONG, "schema_development",
                   "drop the database, create it again and run dayfour migrate",
                   "the database has migration %s, of a development version before 1.0.0",
                   SCHEMA_DEVELOPMENT);
        return false;
    }
    if (cli_query(d->cli, &about_migrations, NULL, &r, &err) != STATUS_OK) {
        not_seen(d, "migrations", ask_operator, &err);
        return true;
    }
    const char *name = arena_strdup(d->cli->arena, pg_text(r, 0, 0));
    const char *ours = embed_sql[embed_sql_n - 1].name;
    enum schema_fit fit = schema_judge(number, serves);
    if (fit == SCHEMA_TOO_OLD) {
        doctor_say(d, WRONG, "migrations", mend_migrate,
                   "the database is at %s, these programs need %s", name, ours);
    } else if (fit == SCHEMA_TOO_NEW) {
        doctor_say(d, WRONG, "programs_too_old", "install the programs of that version here too",
                   "the database is at %s and serves programs from %" PRId64
                   " on, these know up to %s",
                   name, serves, ours);
    } else if (number > SCHEMA_KNOWN) {
        doctor_say(d, WORTH_KNOWING, "programs_older",
                   "install the programs of that version here too, when it suits",
                   "the database is at %s and serves programs from %" PRId64
                   " on; these know up to %s and work on it",
                   name, serves, ours);
    } else if (look_at_texts(d)) {
        doctor_say(d, FINE, "migrations", "", "at %s; programs from %" PRId64 " on can work on it",
                   name, serves);
    }
    return true;
}

static void look_at_logins(struct doctor *d)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    if (doctor_query(d, &about_logins, NULL, &r, &err) != STATUS_OK) {
        return;
    }
    for (size_t i = 0; i < pg_rows(r); i++) {
        if (!pg_bool(r, i, 1)) {
            char cure[128];
            (void)snprintf(cure, sizeof cure, "CREATE ROLE name LOGIN PASSWORD '...' IN ROLE %s",
                           pg_text(r, i, 0));
            doctor_say(d, WRONG, "service_logins", cure, "no login is a member of %s",
                       pg_text(r, i, 0));
        }
    }
}

static void look_at_rights(struct doctor *d)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    if (doctor_query(d, &about_rights, NULL, &r, &err) == STATUS_OK && !pg_is_null(r, 0, 0)) {
        doctor_say(
            d, WORTH_KNOWING, "session_rights",
            "GRANT pg_signal_backend, pg_read_all_stats TO dayfour_ops_owner, as a superuser",
            "followup cannot end transactions left open: dayfour_ops_owner lacks %s",
            pg_text(r, 0, 0));
    }
}

static void look_at_operation(struct doctor *d)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    if (doctor_query(d, &about_operation, NULL, &r, &err) != STATUS_OK) {
        not_seen(d, "operation", ask_operator, &err);
        return;
    }
    if (pg_rows(r) == 1 && pg_bool(r, 0, 0)) {
        doctor_say(d, WRONG, "emission_paused", "dayfour emission resume, once the reason is gone",
                   "nothing is published: the emission is paused");
    }
    if (pg_rows(r) == 1 && pg_i64(r, 0, 1) > 0) {
        doctor_say(d, WRONG, "dead_letters_wait",
                   "start dayfour-followup; its log says why it cannot publish",
                   "%" PRId64 " dead letters have waited over ten minutes to be published",
                   pg_i64(r, 0, 1));
    }
}

/* Only an operator may read it: for others not_seen has named the operation already. */
static void look_at_set_aside(struct doctor *d)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    if (doctor_query(d, &about_set_aside, NULL, &r, &err) == STATUS_OK && pg_i64(r, 0, 0) > 0) {
        doctor_say(d, WRONG, "set_aside",
                   "dayfour set-aside list; doc/operations.md, \"DayfourSetAside\"",
                   "the database refuses the cases of %" PRId64 " %s: there may be no task",
                   pg_i64(r, 0, 0), cli_plural(pg_i64(r, 0, 0), "person", "people"));
    }
}

/* Gives whether a followup runs. */
static bool look_at_services(struct doctor *d)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    bool followup = false;
    if (doctor_query(d, &about_services, NULL, &r, &err) != STATUS_OK) {
        not_seen(d, "services", ask_operator, &err);
        return true;
    }
    for (size_t i = 0; i < pg_rows(r); i++) {
        const char *name = pg_text(r, i, 0);
        bool runs = pg_i64(r, i, 1) > 0;
        followup |= runs && strcmp(name, "followup") == 0;
        if (runs) {
            doctor_say(d, FINE, "service", "", "dayfour-%s runs", name);
        } else if (pg_bool(r, i, 2)) {
            doctor_say(d, WRONG, i == 0 ? "intake_gone" : "followup_gone",
                       "start it; if it runs, the end of its log says what it waits for",
                       "no dayfour-%s has a session in the database", name);
        } else {
            doctor_say(d, WORTH_KNOWING, "not_started", "start it once nothing else is wrong",
                       "no dayfour-%s runs, and none has done anything yet", name);
        }
    }
    return followup;
}

static void look_at_division(struct doctor *d, const char *division, int64_t days, bool used)
{
    if (days >= HOLIDAYS_LEAST_DAYS) {
        doctor_say(d, FINE, "bank_holidays", "", "%s: known for the next %" PRId64 " days",
                   division, days);
    } else {
        doctor_say(d, used ? WRONG : WORTH_KNOWING, "bank_holidays",
                   "dayfour calendar load, with gov.uk's newest bank-holidays.json",
                   days < 0 ? "%s: no bank holiday ahead is known%s"
                            : "%s: the last bank holiday known is soon%s",
                   division, used ? "" : "; no organisation goes by it");
    }
}

static void look_at_divisions(struct doctor *d)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    struct pg_args args = {0};
    pg_array_begin(&args, PG_TEXT);
    for (unsigned i = 0; i < DIVISION_COUNT; i++) {
        pg_array_text(&args, division_name((enum division)i));
    }
    pg_array_end(&args);
    if (doctor_query(d, &about_divisions, &args, &r, &err) == STATUS_OK) {
        for (size_t i = 0; i < pg_rows(r); i++) {
            look_at_division(d, pg_text(r, i, 0), pg_i64(r, i, 1), pg_bool(r, i, 2));
        }
    }
    pg_args_clear(&args);
}

static void look_inside(struct doctor *d, bool followup_runs)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    if (doctor_query(d, &about_inside, NULL, &r, &err) != STATUS_OK) {
        not_seen(d, "settings", ask_owner, &err);
        return;
    }
    if (pg_i64(r, 0, 0) == 0 || pg_i64(r, 0, 4) == 0) {
        doctor_say(d, WRONG, "settings", mend_migrate,
                   "no settings, or no install key, are stored");
    }
    if (pg_bool(r, 0, 1)) {
        doctor_say(d, WRONG, "rehearsal", "start the services once without clock.file",
                   "the product's time still comes from a rehearsal");
    }
    if (followup_runs && pg_i64(r, 0, 3) > 0 && pg_i64(r, 0, 2) > LEASE_GONE_S) {
        doctor_say(d, WRONG, "followup_gone",
                   "its log says what it waits for; systemctl restart dayfour-followup",
                   "one runs, but no followup has held a shard for %" PRId64 " s", pg_i64(r, 0, 2));
    }
    look_at_divisions(d); /* forgets what was read before */
}

/* Why no session can be had, by what the server or the library says. */
static void say_unreachable(struct doctor *d, const char *who, const struct err *err)
{
    const char *name = "database_unreachable";
    const char *mend =
        "is PostgreSQL running? are host and port of pg.dsn right? does pg_hba.conf allow it?";
    if (err_is(err, ERR_CONFIG) && strstr(err->text, "sslmode") != NULL) {
        name = "database_insecure";
        mend = "sslmode=verify-full and sslrootcert=FILE in pg.dsn";
    } else if (err_is(err, ERR_CONFIG)) {
        name = "database_unknown";
        mend =
            "PG_DSN='host=... dbname=... user=...': a superuser, the owner or a dayfour_operator";
    } else if (err_is(err, ERR_BAD_PASSWORD) || err_is(err, ERR_BAD_LOGIN) ||
               strstr(err->text, "authentication failed") != NULL ||
               strstr(err->text, "no password") != NULL) {
        name = "database_login";
        mend = "give that login the password of pg.password_file, or the right one to pg.dsn";
    } else if (strstr(err->text, "permission denied for database") != NULL) {
        name = "service_rights"; /* only members of the groups may connect */
        mend = "GRANT the service's group TO that login";
    } else if (err_is(err, ERR_NO_DATABASE) || strstr(err->text, "does not exist") != NULL) {
        name = "database_missing";
        mend = "CREATE DATABASE, or the right dbname in pg.dsn; then dayfour migrate";
    }
    doctor_say(d, WRONG, name, mend, "%s: %s", who, err->text);
}

static const struct pg_stmt about_me = {
    "doctor_me",
    "select to_regrole($1) is not null and pg_has_role(session_user, to_regrole($1), 'member'),"
    " session_user::text",
    (const uint32_t[]){PG_TEXT, 0}};

/* With the service's own configuration: can its login do its work? i: 0 intake, 1 followup, 2 web.
 */
static void look_as_service(struct doctor *d, const struct conf *c, size_t i)
{
    static const char *const services[] = {"intake", "followup", "web"};
    static const char *const groups[] = {"dayfour_intake", "dayfour_followup", "dayfour_web"};
    const char *service = services[i];
    const char *group = groups[i];
    if (c == NULL || c->pg_dsn == NULL || d->untried[i]) {
        return;
    }
    struct err err = {0};
    struct pg *pg = pg_new(&(struct pg_options){.dsn = c->pg_dsn,
                                                .password = d->passwords[i],
                                                .application_name = "dayfour",
                                                .allow_insecure = c->allow_insecure,
                                                .patience_ms = 5000});
    struct pg_args args = {0};
    pg_arg_text(&args, group);
    if (pg_connect(pg, &err) != STATUS_OK) {
        say_unreachable(d, service, &err);
    } else if (pg_run(pg, &about_me, &args, &err) == STATUS_OK) {
        const struct pg_result *r = pg_result(pg, 0);
        if (!pg_bool(r, 0, 0)) {
            char cure[256];
            (void)snprintf(cure, sizeof cure, "GRANT %s TO %s", group, pg_text(r, 0, 1));
            doctor_say(d, WRONG, "service_rights", cure,
                       "%s logs in as %s, which is not a member of %s", service, pg_text(r, 0, 1),
                       group);
        } else {
            doctor_say(d, FINE, "service_rights", "", "%s logs in as %s", service,
                       pg_text(r, 0, 1));
        }
        doctor_commits(d, service, pg);
    }
    pg_args_clear(&args);
    pg_free(pg);
}

void doctor_database(struct doctor *d)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    enum status s = cli_connect(d->cli, &err);
    s = s == STATUS_OK ? doctor_query(d, &about_server, NULL, &r, &err) : s;
    if (s != STATUS_OK) {
        say_unreachable(d, "dayfour", &err);
        return;
    }
    bool there = pg_bool(r, 0, 6);
    int64_t database_us = pg_i64(r, 0, 4);
    look_at_server(d, r);
    doctor_clocks(d, database_us);
    if (look_at_migrations(d, there)) {
        doctor_doors(d);
        doctor_settings(d);
        look_at_logins(d);
        look_at_rights(d);
        look_at_operation(d);
        look_at_set_aside(d);
        look_inside(d, look_at_services(d));
        look_as_service(d, d->intake, 0);
        look_as_service(d, d->followup, 1);
        look_as_service(d, d->web, 2);
    }
}
