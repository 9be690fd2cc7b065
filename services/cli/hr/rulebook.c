/* A document or a calendar that is put in force raises fact.ruleset.serial. A batch derived under
 * an older serial fails with CT003 when it commits, loads the rules and is done again. The lock is
 * of the table, so that the change does not starve behind batches. */
#include "services/cli/hr/rulebook.h"

#include <stdio.h>
#include <time.h>

#include "common/base/err_code.h"

#define TRIES 10
#define PAUSE_NS (200 * 1000 * 1000)

enum status rulebook_now(struct cli *cli, struct instant *now, struct err *err)
{
    static const struct pg_stmt ask = {"rulebook_now", "select oh.now()", NULL};
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &ask, NULL, &r, err);
    if (s == STATUS_OK) {
        *now = pg_instant(r, 0, 0);
    }
    return s;
}

enum status rulebook_lock(struct cli *cli, struct instant *now, struct err *err)
{
    static const struct pg_stmt patience = {
        "rulebook_patience",
        "select set_config('lock_timeout', '60s', true), set_config('statement_timeout', '0', "
        "true)",
        NULL};
    /* Batches lock the row until they commit (fact.check_ruleset). Waiting for the table is waiting
     * in a queue; whoever waits for the row is overtaken by every batch that comes meanwhile. */
    static const struct pg_stmt lock = {"rulebook_lock",
                                        "lock table fact.ruleset in exclusive mode", NULL};
    enum status s = cli_query(cli, &patience, NULL, NULL, err);
    if (s == STATUS_OK) {
        pg_set_patience(cli->pg, CLI_LONG_MS);
        s = cli_query(cli, &lock, NULL, NULL, err);
    }
    return s == STATUS_OK ? rulebook_now(cli, now, err) : s;
}

static enum status change_once(struct cli *cli,
                               enum status (*change)(struct cli *cli, struct instant now, void *arg,
                                                     struct err *err),
                               void *arg, struct err *err)
{
    struct instant now = INSTANT_NONE;
    enum status s = cli_query(cli, &pg_begin, NULL, NULL, err);
    s = s == STATUS_OK ? rulebook_lock(cli, &now, err) : s;
    s = s == STATUS_OK ? change(cli, now, arg, err) : s;
    return s == STATUS_OK ? cli_query(cli, &pg_commit, NULL, NULL, err) : s;
}

static bool is_deadlock(enum status s, const struct err *err)
{
    return s == STATUS_RETRY && err_is_of(err, ERR_CLASS_ROLLBACK);
}

enum status rulebook_change(struct cli *cli,
                            enum status (*change)(struct cli *cli, struct instant now, void *arg,
                                                  struct err *err),
                            void *arg, struct err *err)
{
    enum status s = change_once(cli, change, arg, err);
    for (int tries = 1; is_deadlock(s, err) && tries < TRIES; tries++) {
        if (tries == 1) {
            fprintf(stderr, "others work on the same people; trying again\n");
        }
        pg_disconnect(cli->pg); /* the transaction goes with it */
        (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
        s = pg_connect(cli->pg, err);
        s = s == STATUS_OK ? change_once(cli, change, arg, err) : s;
    }
    return s;
}

static const struct pg_stmt insert_settings = {
    "rulebook_settings",
    "with s as (insert into fact.settings (version, document, loaded_at) values ($1, $2, $3)"
    " returning serial)"
    " update fact.ruleset r set serial = r.serial + 1, settings_serial = s.serial from s"
    " returning s.serial",
    (const uint32_t[]){PG_TEXT, PG_TEXT, PG_TIMESTAMPTZ, 0}};

enum status rulebook_put_settings(struct cli *cli, const char *version, const char *document,
                                  struct instant now, int32_t *serial, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, version);
    pg_arg_text(&args, document);
    pg_arg_instant(&args, now);
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &insert_settings, &args, &r, err);
    if (s == STATUS_OK) {
        *serial = (int32_t)pg_i64(r, 0, 0);
    }
    pg_args_clear(&args);
    return s;
}

static const struct pg_stmt clear_holidays = {"rulebook_clear",
                                              "delete from fact.holiday where division = any ($1)",
                                              (const uint32_t[]){PG_TEXT_ARRAY, 0}};

static enum status delete_holidays(struct cli *cli, unsigned divisions, struct err *err)
{
    struct pg_args args = {0};
    pg_array_begin(&args, PG_TEXT);
    for (unsigned d = 0; d < DIVISION_COUNT; d++) {
        if ((divisions >> d & 1) != 0) {
            pg_array_text(&args, division_name((enum division)d));
        }
    }
    pg_array_end(&args);
    enum status s = cli_query(cli, &clear_holidays, &args, NULL, err);
    pg_args_clear(&args);
    return s;
}

static const struct pg_stmt insert_holidays = {
    "rulebook_holidays",
    "insert into fact.holiday (division, day, title)"
    " select * from unnest($1, $2, $3) on conflict do nothing",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_DATE_ARRAY, PG_TEXT_ARRAY, 0}};

enum status rulebook_put_holidays(struct cli *cli, const struct holiday *holidays, size_t n,
                                  unsigned divisions, struct err *err)
{
    static const struct pg_stmt bump = {
        "rulebook_calendar",
        "update fact.ruleset set serial = serial + 1, calendar_loads = calendar_loads + 1", NULL};
    enum status s = delete_holidays(cli, divisions, err);
    if (s != STATUS_OK) {
        return s;
    }
    struct pg_args args = {0};
    pg_array_begin(&args, PG_TEXT);
    for (size_t i = 0; i < n; i++) {
        pg_array_text(&args, division_name(holidays[i].division));
    }
    pg_array_end(&args);
    pg_array_begin(&args, PG_DATE);
    for (size_t i = 0; i < n; i++) {
        pg_array_date(&args, holidays[i].day);
    }
    pg_array_end(&args);
    pg_array_begin(&args, PG_TEXT);
    for (size_t i = 0; i < n; i++) {
        pg_array_text(&args, holidays[i].title == NULL ? "" : holidays[i].title);
    }
    pg_array_end(&args);
    s = cli_query(cli, &insert_holidays, &args, NULL, err);
    pg_args_clear(&args);
    return s == STATUS_OK ? cli_query(cli, &bump, NULL, NULL, err) : s;
}

static const struct pg_stmt wake_everybody = {
    "rulebook_wake",
    "with u as (update fact.person set next_wake_at = least(next_wake_at, $1),"
    "           oh_wake_at = least(oh_wake_at, $1),"
    "           revision = revision + 1 returning 1)"
    " select count(*) from u",
    (const uint32_t[]){PG_TIMESTAMPTZ, 0}};

enum status rulebook_wake_all(struct cli *cli, struct instant now, int64_t *people, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_instant(&args, now);
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &wake_everybody, &args, &r, err);
    if (s == STATUS_OK) {
        *people = pg_i64(r, 0, 0);
    }
    pg_args_clear(&args);
    return s;
}

static const struct pg_stmt insert_audit = {
    "rulebook_audit", "insert into audit.entry (at, what, detail) values ($1, $2, $3::jsonb)",
    (const uint32_t[]){PG_TIMESTAMPTZ, PG_TEXT, PG_TEXT, 0}};

enum status rulebook_audit(struct cli *cli, struct instant now, const char *what,
                           const char *detail, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_instant(&args, now);
    pg_arg_text(&args, what);
    pg_arg_text(&args, detail);
    enum status s = cli_query(cli, &insert_audit, &args, NULL, err);
    pg_args_clear(&args);
    return s;
}
