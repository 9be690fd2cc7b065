/* All that derive() needs besides facts, read in one go and kept until the serial changes.
 * Settings that were in force earlier are kept with it, since a record that is gone for HR went by
 * those. */
#include "common/casefile/ruleset.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

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

/* A record that is gone for HR stays gone, so the settings of that time are needed. */
static const struct pg_stmt read_past = {
    "read_past",
    "with d as (select s.serial, s.document::jsonb as j,"
    "  lead(s.loaded_at) over (order by s.serial) as until from fact.settings s),"
    " o as (select '' as organisation union select jsonb_object_keys(d.j -> 'organisations') from d)"
    " select o.organisation, d.until, (d.j #>> '{retention,unmatched_days}')::int,"
    "  coalesce(d.j #>> array['organisations', o.organisation, 'settle_days'],"
    "           d.j #>> '{defaults,settle_days}')::int"
    " from o cross join d where d.until is not null"
    " order by o.organisation collate \"C\", d.serial",
    NULL};

/* Rows come by organisation, and the older settings of one first. */
static void take_past(struct ruleset *rs, const struct pg_result *res)
{
    size_t rows = pg_rows(res);
    struct ruleset_past *of = NULL;
    struct hr_past *items = NULL; /* of that one */
    rs->past = mem_alloc(rows * sizeof *rs->past + 1);
    for (size_t row = 0; row < rows; row++) {
        const char *organisation = pg_text(res, row, 0);
        const struct hr_past next = {.until = pg_instant(res, row, 1),
                                     .unmatched_days = (int)pg_i64(res, row, 2),
                                     .settle_days = (int)pg_i64(res, row, 3)};
        if (items == NULL || strcmp(of->organisation, organisation) != 0) {
            items = mem_alloc((rows - row) * sizeof *items);
            of = &rs->past[rs->n_past++];
            *of = (struct ruleset_past){
                .organisation = mem_strndup(organisation, strlen(organisation)), .items = items};
        }
        struct hr_past *before = of->n == 0 ? NULL : &items[of->n - 1];
        if (before != NULL && before->unmatched_days == next.unmatched_days &&
            before->settle_days == next.settle_days) {
            before->until = next.until;
        } else {
            items[of->n++] = next;
        }
    }
}

static int by_organisation(const void *key, const void *item)
{
    return strcmp(key, ((const struct ruleset_past *)item)->organisation);
}

static const struct ruleset_past *find_past(const struct ruleset *rs, const char *organisation)
{
    if (rs->n_past == 0) {
        return NULL;
    }
    const struct ruleset_past *found =
        bsearch(organisation, rs->past, rs->n_past, sizeof *rs->past, by_organisation);
    return found == NULL ? &rs->past[0] : found;
}

static enum status take_holidays(struct ruleset *rs, const struct pg_result *res, struct err *err)
{
    rs->calendar = calendar_new();
    for (size_t row = 0; row < pg_rows(res); row++) {
        enum division division;
        if (!division_parse(pg_text(res, row, 0), &division)) {
            return err_set(err, STATUS_RESYNC, "bad_calendar", "fact.holiday: unknown division");
        }
        calendar_add(rs->calendar, division, pg_date(res, row, 1));
    }
    return STATUS_OK;
}

static enum status take_ruleset(struct ruleset *rs, const struct pg_result *res, struct err *err)
{
    if (pg_rows(res) != 1 || pg_is_null(res, 0, 3)) {
        return err_set(err, STATUS_RESYNC, "not_migrated",
                       "no settings in the database: restore it, or run dayfour migrate");
    }
    if (pg_is_null(res, 0, 4)) {
        return err_set(err, STATUS_RESYNC, "install_key",
                       "no install key in the database: restore it, or run dayfour migrate");
    }
    rs->serial = (int32_t)pg_i64(res, 0, 0);
    rs->settings_serial = (int32_t)pg_i64(res, 0, 1);
    rs->calendar_loads = (int32_t)pg_i64(res, 0, 2);
    size_t len = 0;
    const char *document = pg_bytes(res, 0, 3, &len);
    if (settings_parse(&rs->settings, document, len, err) != STATUS_OK) {
        return STATUS_RESYNC; /* checked when it was loaded: written by another version of the
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
    const struct pg_stmt *const steps[] = {&snapshot, read, &read_holidays, &read_past, &pg_commit};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        pg_send(pg, steps[i], NULL);
    }
    enum status s = pg_finish(pg, -1, err);
    if (s != STATUS_OK) {
        return s;
    }
    struct ruleset *rs = mem_alloc(sizeof *rs);
    s = take_ruleset(rs, pg_result(pg, 1), err);
    if (s == STATUS_OK) {
        s = take_holidays(rs, pg_result(pg, 2), err);
    }
    if (s != STATUS_OK) {
        ruleset_free(rs);
        return s;
    }
    take_past(rs, pg_result(pg, 3));
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

enum status ruleset_check_key(const struct ruleset *before, const struct ruleset *rs,
                              struct err *err)
{
    if (before == NULL) {
        return STATUS_OK;
    }
    uint8_t mac[2][SHA256_BYTES];
    hmac_sha256(before->install_key, "key", 3, mac[0]);
    hmac_sha256(rs->install_key, "key", 3, mac[1]);
    return memcmp(mac[0], mac[1], sizeof mac[0]) == 0
               ? STATUS_OK
               : err_set(err, STATUS_FATAL, "install_key",
                         "the install key in the database is another one than before");
}

void ruleset_free(struct ruleset *rs)
{
    if (rs == NULL) {
        return;
    }
    settings_free(rs->settings);
    calendar_free(rs->calendar);
    hmac_key_free(rs->install_key);
    for (size_t i = 0; i < rs->n_past; i++) {
        free(rs->past[i].organisation);
        free(rs->past[i].items);
    }
    free(rs->past);
    free(rs);
}

struct rules ruleset_for(const struct ruleset *rs, const char *organisation)
{
    const struct org_rules *org = settings_for(rs->settings, organisation);
    const struct ruleset_past *past = find_past(rs, organisation);
    size_t n = past == NULL ? 0 : past->n;
    /* The latest of them is the one in force, where a load changed other things only. */
    if (n > 0 && past->items[n - 1].unmatched_days == org->unmatched_days &&
        past->items[n - 1].settle_days == org->settle_days) {
        n--;
    }
    return (struct rules){.org = org,
                          .calendar = rs->calendar,
                          .zone = settings_zone(rs->settings),
                          .install_key = rs->install_key,
                          .past = past == NULL ? NULL : past->items,
                          .n_past = n};
}

void ruleset_installation(const struct ruleset *rs, char out[ID_TEXT])
{
    static const char *const parts[] = {"installation"};
    uint8_t mac[SHA256_BYTES];
    hmac_parts(rs->install_key, parts, 1, mac);
    id_from_mac(mac, out);
}

bool ruleset_may_have_gone(const struct ruleset *rs, struct date onset, struct instant now)
{
    return onset.days + settings_retention(rs->settings)->unmatched_days <
           zone_date(settings_zone(rs->settings), now).days;
}
