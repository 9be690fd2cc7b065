/* dayfour doctor on clocks, on what a login may do to others, and on what a power cut may lose. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "services/cli/operations/clocks.h"
#include "services/cli/operations/doctor.h"

#define CLOCKS_STEP_S 5 /* what a time server holds is far less */

/* database: its clock, just asked. */
void doctor_clocks(struct doctor *d, int64_t database_us)
{
    struct clocks c;
    struct err err = {0};
    char text[CLOCKS_TEXT] = "";
    int64_t apart = (clock_wall().us - database_us) / US_PER_SECOND;
    if (llabs(apart) > CLOCKS_STEP_S) {
        doctor_say(d, WRONG, "clocks", "keep both in step by NTP",
                   "this machine's clock and the database's are %lld s apart", llabs(apart));
        return;
    }
    if (clocks_read(d->cli, &c, &err) != STATUS_OK) {
        doctor_say(d, FINE, "clocks", "",
                   "in step with the database's; the last now stored was not checked");
        return;
    }
    clocks_judge(d->cli, &c, text);
    if (text[0] != '\0') {
        doctor_say(d, WRONG, "clock_apart",
                   "dayfour clock accept; doc/operations.md, \"DayfourClockApart\"",
                   "the services stand still: %s", text);
    } else {
        doctor_say(d, FINE, "clocks", "", "in step with the database's");
    }
}

static const struct pg_stmt about_doors = {
    "doctor_doors",
    "select has_database_privilege('public', current_database(), 'connect'),"
    " has_function_privilege('public', 'pg_catalog.lo_create(oid)', 'execute'),"
    " has_function_privilege('public', 'pg_catalog.pg_stat_get_tuples_inserted(oid)', 'execute')",
    NULL};

void doctor_doors(struct doctor *d)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    if (doctor_query(d, &about_doors, NULL, &r, &err) != STATUS_OK) {
        return;
    }
    if (pg_bool(r, 0, 0)) {
        doctor_say(d, WRONG, "anybody_connects", "dayfour migrate, as the database's owner",
                   "every login of the server may connect to this database");
    }
    if (pg_bool(r, 0, 1) || pg_bool(r, 0, 2)) {
        doctor_say(d, WORTH_KNOWING, "superuser_rights",
                   "dayfour migrate once as a superuser; doc/security.md says what is left without",
                   "every login may %s%s%s", pg_bool(r, 0, 1) ? "store large objects" : "",
                   pg_bool(r, 0, 1) && pg_bool(r, 0, 2) ? " and " : "",
                   pg_bool(r, 0, 2) ? "read how many rows a table has had" : "");
    }
}

/* As the owner of the database only: others may not read these tables. */
static const struct pg_stmt about_settings = {
    "doctor_settings",
    "select (select count(*) from pg_roles r where r.rolcanlogin and not r.rolsuper"
    "        and r.rolconnlimit < 0 and r.rolname in (select s.login from oh.staff s)),"
    " coalesce((select s.document::jsonb -> 'sources' from fact.settings s"
    "           order by s.serial desc limit 1), '{}') = '{}'",
    NULL};

void doctor_settings(struct doctor *d)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    if (doctor_query(d, &about_settings, NULL, &r, &err) != STATUS_OK) {
        return;
    }
    if (pg_i64(r, 0, 0) > 0) {
        doctor_say(
            d, WORTH_KNOWING, "login_limits", "dayfour migrate, as who may alter these logins",
            "%" PRId64 " people's logins may take any number of connections", pg_i64(r, 0, 0));
    }
    if (pg_bool(r, 0, 1)) {
        doctor_say(d, WORTH_KNOWING, "sources",
                   "name in the settings which source may speak for which organisation",
                   "any feed may speak for any organisation: sources is empty");
    }
}

static const struct pg_stmt about_commit = {"doctor_commit",
                                            "select current_setting('synchronous_commit')", NULL};

void doctor_commits(struct doctor *d, const char *service, struct pg *pg)
{
    struct err err = {0};
    if (pg_run(pg, &about_commit, NULL, &err) == STATUS_OK &&
        strcmp(pg_text(pg_result(pg, 0), 0, 0), "off") == 0) {
        doctor_say(d, WRONG, "synchronous_commit",
                   "switch synchronous_commit on: server, database, role or pg.dsn",
                   "%s: a power cut can lose what was committed and told", service);
    }
}
