/* What dayfour doctor looks at in PostgreSQL, with the rights of whoever asks: an operator sees
 * most of it, the database's owner all. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/date.h"
#include "services/cli/doctor.h"
#include "services/cli/embed.h"

#define SERVER_LEAST 150000
#define CLOCKS_APART_S 5
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
    " to_regclass('ops.migration') is not null, pg_database_size(current_database()) / 1048576,"
    " coalesce(current_setting('server_encoding') = 'UTF8', false)",
    NULL};

static const struct pg_stmt about_migrations = {
    "doctor_migrations", "select coalesce(max(number), 0) from ops.migration", NULL};

static const struct pg_stmt about_logins = {
    "doctor_logins",
    "select g.name, exists (select from pg_roles r where r.rolcanlogin and not r.rolsuper"
    "                       and pg_has_role(r.oid, g.name, 'member'))"
    " from unnest(array['dayfour_intake', 'dayfour_followup']) g (name)"
    " where exists (select from pg_roles where rolname = g.name)",
    NULL};

static const struct pg_stmt about_operation = {
    "doctor_operation",
    "select e.paused, (select count(*) from ops.dead_letter d where d.published_batch is null"
    "                   and d.received_at < now() - interval '10 min')"
    " from ops.emission e",
    NULL};

static const struct pg_stmt about_inside = {
    "doctor_inside",
    "select (select count(*) from fact.settings), coalesce((select max(day) from fact.holiday)"
    " - current_date, -1), (select rehearsal_at is not null from ops.clock),"
    " (select coalesce(max(extract(epoch from now() - until)), -1)::int8 from followup.shard"
    "  where until > '-infinity'), (select count(*) from followup.shard),"
    " (select count(*) from fact.install_key)",
    NULL};

/* ---- parts ---- */

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
    struct clock *clock = NULL;
    if (clock_open(&clock, NULL, NULL) == STATUS_OK) {
        int64_t apart = (clock_now(clock).us - pg_i64(r, 0, 4)) / 1000000;
        clock_free(clock);
        if (llabs(apart) > CLOCKS_APART_S) {
            doctor_say(d, WRONG, "clocks", "keep both in step by NTP",
                       "this machine's clock and the database's are %lld s apart", llabs(apart));
        } else {
            doctor_say(d, FINE, "clocks", "", "in step with the database's");
        }
    }
    if (pg_i64(r, 0, 5) < 10) {
        doctor_say(d, WRONG, "database_connections", "raise max_connections",
                   "only %" PRId64 " connections are left", pg_i64(r, 0, 5));
    }
}

static bool look_at_migrations(struct doctor *d, bool there)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    int64_t ours = strtol(embed_sql[embed_sql_n - 1].name, NULL, 10);
    if (!there) {
        doctor_say(d, WRONG, "migrations", mend_migrate, "the database has not been migrated");
        return false;
    }
    if (cli_query(d->cli, &about_migrations, NULL, &r, &err) != STATUS_OK) {
        doctor_say(d, WORTH_KNOWING, "migrations", "ask as a member of dayfour_operator",
                   "not looked at: %s", err.text);
        return true;
    }
    if (pg_i64(r, 0, 0) < ours) {
        doctor_say(d, WRONG, "migrations", mend_migrate,
                   "the database is at migration %" PRId64 ", these programs need %" PRId64,
                   pg_i64(r, 0, 0), ours);
    } else if (pg_i64(r, 0, 0) > ours) {
        doctor_say(d, WRONG, "programs_too_old", "install the programs of that version here too",
                   "the database is at migration %" PRId64 ", these programs know %" PRId64,
                   pg_i64(r, 0, 0), ours);
    } else {
        doctor_say(d, FINE, "migrations", "", "up to date");
    }
    return true;
}

static void look_at_logins(struct doctor *d)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    if (cli_query(d->cli, &about_logins, NULL, &r, &err) != STATUS_OK) {
        return;
    }
    for (size_t i = 0; i < pg_rows(r); i++) {
        if (!pg_bool(r, i, 1)) {
            doctor_say(d, WRONG, "service_logins",
                       "CREATE ROLE name LOGIN PASSWORD '...' IN ROLE that",
                       "no login is a member of %s", pg_text(r, i, 0));
        }
    }
}

static void look_at_operation(struct doctor *d)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    if (cli_query(d->cli, &about_operation, NULL, &r, &err) != STATUS_OK) {
        doctor_say(d, WORTH_KNOWING, "operation", "ask as a member of dayfour_operator",
                   "not looked at: %s", err.text);
        return;
    }
    if (pg_rows(r) == 1 && pg_bool(r, 0, 0)) {
        doctor_say(d, WRONG, "emission_paused", "dayfour emission resume, once the reason is gone",
                   "nothing is published: the emission is paused");
    }
    if (pg_rows(r) == 1 && pg_i64(r, 0, 1) > 0) {
        doctor_say(d, WRONG, "dead_letters_wait",
                   "see to it that dayfour-followup runs and can write",
                   "%" PRId64 " rejected messages have waited over ten minutes to go out",
                   pg_i64(r, 0, 1));
    }
}

static void look_inside(struct doctor *d)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    if (cli_query(d->cli, &about_inside, NULL, &r, &err) != STATUS_OK) {
        doctor_say(d, WORTH_KNOWING, "settings", "ask as the database's owner", "not looked at: %s",
                   err.text);
        return;
    }
    if (pg_i64(r, 0, 0) == 0 || pg_i64(r, 0, 5) == 0) {
        doctor_say(d, WRONG, "settings", mend_migrate,
                   "no settings, or no install key, are stored");
    }
    if (pg_i64(r, 0, 1) < HOLIDAYS_LEAST_DAYS) {
        doctor_say(d, WRONG, "bank_holidays",
                   "dayfour calendar load, with gov.uk's newest bank-holidays.json",
                   "the last bank holiday known is %" PRId64 " days ahead or gone by",
                   pg_i64(r, 0, 1));
    } else {
        doctor_say(d, FINE, "bank_holidays", "", "known for the next %" PRId64 " days",
                   pg_i64(r, 0, 1));
    }
    if (pg_bool(r, 0, 2)) {
        doctor_say(d, WRONG, "rehearsal", "start the services once without clock.file",
                   "the product's time still comes from a rehearsal");
    }
    if (pg_i64(r, 0, 4) > 0 && pg_i64(r, 0, 3) > LEASE_GONE_S) {
        doctor_say(d, WRONG, "followup_gone",
                   "start dayfour-followup; its last log line says why it ended",
                   "no followup has held a shard for %" PRId64 " s", pg_i64(r, 0, 3));
    }
}

/* Why no session can be had, by what the server or the library says. */
static void say_unreachable(struct doctor *d, const char *who, const struct err *err)
{
    const char *name = "database_unreachable";
    const char *mend =
        "is PostgreSQL running, is host and port of pg.dsn right, does pg_hba.conf let us?";
    if (strcmp(err->code, "config") == 0 && strstr(err->text, "sslmode") != NULL) {
        name = "database_insecure";
        mend = "sslmode=verify-full and sslrootcert=FILE in pg.dsn";
    } else if (strcmp(err->code, "config") == 0) {
        name = "database_unknown";
        mend =
            "PG_DSN='host=... dbname=... user=...': a superuser, the owner or a dayfour_operator";
    } else if (strcmp(err->code, "28P01") == 0 || strcmp(err->code, "28000") == 0 ||
               strstr(err->text, "authentication failed") != NULL ||
               strstr(err->text, "no password") != NULL) {
        name = "database_login";
        mend = "give that login the password of pg.password_file, or the right one to pg.dsn";
    } else if (strcmp(err->code, "3D000") == 0 || strstr(err->text, "does not exist") != NULL) {
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

/* With the service's own configuration: can its login do its work? i: 0 intake, 1 followup. */
static void look_as_service(struct doctor *d, const struct conf *c, size_t i)
{
    static const char *const services[] = {"intake", "followup"};
    static const char *const groups[] = {"dayfour_intake", "dayfour_followup"};
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
            doctor_say(d, WRONG, "service_rights", "GRANT that group TO that login",
                       "%s logs in as %s, who is not a member of %s", service, pg_text(r, 0, 1),
                       group);
        } else {
            doctor_say(d, FINE, "service_rights", "", "%s logs in as %s", service,
                       pg_text(r, 0, 1));
        }
    }
    pg_args_clear(&args);
    pg_free(pg);
}

void doctor_database(struct doctor *d)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    enum status s = cli_connect(d->cli, &err);
    s = s == STATUS_OK ? cli_query(d->cli, &about_server, NULL, &r, &err) : s;
    if (s != STATUS_OK) {
        say_unreachable(d, "dayfour", &err);
        return;
    }
    bool there = pg_bool(r, 0, 6);
    look_at_server(d, r);
    if (look_at_migrations(d, there)) {
        look_at_logins(d);
        look_at_operation(d);
        look_inside(d);
        look_as_service(d, d->intake, 0);
        look_as_service(d, d->followup, 1);
    }
}
