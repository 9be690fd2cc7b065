/* Services ask this first on a connection, before any statement that an unfit schema could refuse.
 * They ask again later: intake by schema_look(), followup with each renewal of its leases. So the
 * statement has to work on every schema there ever was, also on those that it refuses. */
#include "common/casefile/schema.h"

#include <inttypes.h>

#include "common/runtime/clock.h"

#define LOOK_EVERY_MS 2000

enum schema_fit schema_judge(int64_t number, int64_t serves)
{
    if (number < SCHEMA_OLDEST) {
        return SCHEMA_TOO_OLD;
    }
    return serves > SCHEMA_KNOWN ? SCHEMA_TOO_NEW : SCHEMA_FITS;
}

static enum status judge(int64_t number, int64_t serves, struct err *err)
{
    switch (number == 0 ? SCHEMA_FITS : schema_judge(number, serves)) {
    case SCHEMA_TOO_OLD:
        return err_set(err, STATUS_FATAL, "schema_too_old",
                       "the database is at migration %" PRId64 ", this program needs %d: run "
                       "dayfour migrate, of this program's version",
                       number, SCHEMA_OLDEST);
    case SCHEMA_TOO_NEW:
        return err_set(err, STATUS_FATAL, "schema_too_new",
                       "the database is at migration %" PRId64 " and serves programs from %" PRId64
                       " on, this one is %d: install the newer program",
                       number, serves, SCHEMA_KNOWN);
    case SCHEMA_FITS:
        break;
    }
    return number > 0 ? STATUS_OK
                      : err_set(err, STATUS_RESYNC, "not_migrated",
                                "no migration is noted in the database: run dayfour migrate");
}

enum status schema_refuse_development(struct err *err)
{
    return err_set(err, STATUS_FATAL, "schema_development",
                   "the database was made by a development version (it has migration %s): drop it, "
                   "create it again and run dayfour migrate; 1.0.0 is not released yet",
                   SCHEMA_DEVELOPMENT);
}

/* `serves` and `repeatable` are read from the row as JSON, because the table of a development
 * version may lack them. */
const struct pg_stmt schema_ask = {
    "schema_ask",
    "select coalesce(least(max(m.number) filter (where not r.repeatable),"
    "                      min(m.number) filter (where r.repeatable)), 0),"
    " coalesce(max((to_jsonb(m) ->> 'serves')::int), 0),"
    " coalesce(bool_or(m.name = '" SCHEMA_DEVELOPMENT "'), false)"
    " from ops.migration m, lateral (select coalesce((to_jsonb(m) ->> 'repeatable')::bool, false)"
    " as repeatable) r",
    NULL};

enum status schema_heard(const struct pg_result *r, struct err *err)
{
    return pg_bool(r, 0, 2) ? schema_refuse_development(err)
                            : judge(pg_i64(r, 0, 0), pg_i64(r, 0, 1), err);
}

enum status schema_check(struct pg *pg, struct err *err)
{
    enum status s = pg_run(pg, &schema_ask, NULL, err);
    return s == STATUS_OK ? schema_heard(pg_result(pg, 0), err) : s;
}

enum status schema_look(struct pg *pg, int64_t *looked_ms, struct err *err)
{
    int64_t now = clock_mono_ms();
    if (now - *looked_ms < LOOK_EVERY_MS) {
        return STATUS_OK;
    }
    *looked_ms = now;
    return schema_check(pg, err);
}
