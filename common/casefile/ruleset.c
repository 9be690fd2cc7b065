#include "common/casefile/ruleset.h"

#include <stdlib.h>
#include <string.h>

static const struct pg_stmt read_ruleset = {
    "read_ruleset",
    "select r.serial, r.settings_serial, r.calendar_loads, s.document, k.key from fact.ruleset r"
    " left join fact.settings s on s.serial = r.settings_serial left join fact.install_key k on"
    " true",
    NULL};

static const struct pg_stmt read_ruleset_keyless = {
    "read_ruleset_keyless",
    "select r.serial, r.settings_serial, r.calendar_loads, s.document, decode(repeat('00', 32),"
    " 'hex') from fact.ruleset r left join fact.settings s on s.serial = r.settings_serial",
    NULL};

static const struct pg_stmt read_holidays = {"read_holidays",
                                             "select division, day from fact.holiday", NULL};

static enum status take_holidays(struct ruleset *rs, const struct pg_result *res, struct err *err)
{
    rs->calendar = calendar_new();
    for (size_t row = 0; row < pg_rows(res); row++) {
        enum division division;
        if (!division_parse(pg_text(res, row, 0), &division)) {
            return err_set(err, STATUS_FATAL, "bad_calendar", "fact.holiday: unknown division");
        }
        calendar_add(rs->calendar, division, pg_date(res, row, 1));
    }
    return STATUS_OK;
}

static enum status take_ruleset(struct ruleset *rs, const struct pg_result *res, struct err *err)
{
    if (pg_rows(res) != 1 || pg_is_null(res, 0, 3) || pg_is_null(res, 0, 4)) {
        return err_set(err, STATUS_FATAL, "not_migrated",
                       "no settings or no install key in the database: run dayfour migrate");
    }
    rs->serial = (int32_t)pg_i64(res, 0, 0);
    rs->settings_serial = (int32_t)pg_i64(res, 0, 1);
    rs->calendar_loads = (int32_t)pg_i64(res, 0, 2);
    size_t len = 0;
    const char *document = pg_bytes(res, 0, 3, &len);
    if (settings_parse(&rs->settings, document, len, err) != STATUS_OK) {
        return STATUS_FATAL; /* checked when it was loaded: written by another version of the
                                program */
    }
    const uint8_t *key = pg_bytes(res, 0, 4, &len);
    rs->install_key = hmac_key_new(key, len);
    return STATUS_OK;
}

static enum status load(struct ruleset **out, struct pg *pg, const struct pg_stmt *read,
                        struct err *err)
{
    static const struct pg_stmt snapshot = {
        "begin_snapshot", "begin isolation level repeatable read read only", NULL};
    const struct pg_stmt *const steps[] = {&snapshot, read, &read_holidays, &pg_commit};
    enum status s = STATUS_OK;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && s == STATUS_OK; i++) {
        s = pg_send(pg, steps[i], NULL, err);
    }
    if (s == STATUS_OK) {
        s = pg_flush(pg, err);
    }
    if (s == STATUS_OK) {
        s = pg_wait(pg, -1, err);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct ruleset *rs = calloc(1, sizeof *rs);
    if (rs == NULL) {
        abort();
    }
    s = take_ruleset(rs, pg_result(pg, 1), err);
    if (s == STATUS_OK) {
        s = take_holidays(rs, pg_result(pg, 2), err);
    }
    if (s != STATUS_OK) {
        ruleset_free(rs);
        return s;
    }
    *out = rs;
    return STATUS_OK;
}

enum status ruleset_load(struct ruleset **out, struct pg *pg, struct err *err)
{
    return load(out, pg, &read_ruleset, err);
}

enum status ruleset_load_keyless(struct ruleset **out, struct pg *pg, struct err *err)
{
    return load(out, pg, &read_ruleset_keyless, err);
}

void ruleset_free(struct ruleset *rs)
{
    if (rs == NULL) {
        return;
    }
    settings_free(rs->settings);
    calendar_free(rs->calendar);
    hmac_key_free(rs->install_key);
    free(rs);
}

struct rules ruleset_for(const struct ruleset *rs, const char *organisation)
{
    return (struct rules){.org = settings_for(rs->settings, organisation),
                          .calendar = rs->calendar,
                          .zone = settings_zone(rs->settings),
                          .install_key = rs->install_key};
}
