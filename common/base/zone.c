/* The C library is asked once, at zone_load(), for every change between 1900 and 2201. Afterwards
 * no call touches TZ or any global. Buckets of 48.5 days make the search begin near its end. */
#include "common/base/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/mem.h"

#define SECONDS_PER_DAY INT64_C(86400)
#define BUCKET_SHIFT 22 /* 48.5 days: seldom more than one change in one */

/* From 1900-01-01 to 2201-12-31 UTC: a year more than the product's dates, for what is derived from
 * them. */
#define SCAN_FIRST_DAY INT64_C(-25567)
#define SCAN_LAST_DAY INT64_C(84735)
#define SCAN_FROM (SCAN_FIRST_DAY * SECONDS_PER_DAY)
#define SCAN_TO (SCAN_LAST_DAY * SECONDS_PER_DAY)
#define N_BUCKETS ((size_t)((SCAN_TO - SCAN_FROM) >> BUCKET_SHIFT) + 1)

/* Seconds since 1970 in UTC, and east of Greenwich from then on. */
struct change {
    int64_t at;
    int64_t offset;
};

struct zone {
    char *name;
    struct change *changes; /* the first stands for all time before, too */
    size_t n;
    uint16_t
        in_force[N_BUCKETS]; /* the change in force when a bucket begins: a guess never too late */
};

/* ---- reading the system's data, through the C library ---- */

static int64_t offset_at(int64_t t)
{
    time_t when = (time_t)t;
    struct tm tm;
    struct date d;
    if (localtime_r(&when, &tm) == NULL ||
        !date_from_ymd(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, &d)) {
        return 0;
    }
    return d.days * SECONDS_PER_DAY + (tm.tm_hour * 60 + tm.tm_min) * INT64_C(60) + tm.tm_sec - t;
}

static void add_change(struct zone *z, int64_t at, int64_t offset)
{
    if ((z->n & (z->n - 1)) == 0) { /* full at each power of two */
        z->changes = mem_resize(z->changes, z->n == 0 ? 1 : z->n * 2, sizeof *z->changes);
    }
    z->changes[z->n++] = (struct change){at, offset};
}

/* The first second within (from, to] at which another offset than from's is in force. */
static int64_t bisect(int64_t from, int64_t to, int64_t offset)
{
    while (to - from > 1) {
        int64_t middle = from + (to - from) / 2;
        if (offset_at(middle) == offset) {
            from = middle;
        } else {
            to = middle;
        }
    }
    return to;
}

static void scan_changes(struct zone *z)
{
    int64_t offset = offset_at(SCAN_FROM);
    add_change(z, SCAN_FROM, offset);
    for (int64_t t = SCAN_FROM; t < SCAN_TO; t += SECONDS_PER_DAY) {
        int64_t next = offset_at(t + SECONDS_PER_DAY);
        if (next != offset) {
            add_change(z, bisect(t, t + SECONDS_PER_DAY, offset), next);
            offset = next;
        }
    }
}

static void fill_buckets(struct zone *z)
{
    size_t i = 0;
    for (size_t b = 0; b < N_BUCKETS; b++) {
        int64_t begin = SCAN_FROM + ((int64_t)b << BUCKET_SHIFT);
        while (i + 1 < z->n && z->changes[i + 1].at <= begin) {
            i++;
        }
        z->in_force[b] = (uint16_t)i;
    }
}

/* The C library takes what it does not know for UTC, in silence: so look for ourselves. */
static bool is_known(const char *name)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    if (name[0] == '\0' || name[0] == '/' || strspn(name, plain) != strlen(name)) {
        return false;
    }
    const char *dir = getenv("TZDIR");
    char path[512];
    int n = snprintf(path, sizeof path, "%s/%s",
                     dir != NULL && dir[0] != '\0' ? dir : "/usr/share/zoneinfo", name);
    if (n < 0 || (size_t)n >= sizeof path) {
        return false;
    }
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return false;
    }
    char magic[4] = "";
    bool is_tz = fread(magic, 1, sizeof magic, f) == sizeof magic && memcmp(magic, "TZif", 4) == 0;
    fclose(f);
    return is_tz;
}

static void set_tz(const char *value)
{
    if (value != NULL) {
        setenv("TZ", value, 1);
    } else {
        unsetenv("TZ");
    }
    tzset();
}

enum status zone_load(struct zone **out, const char *name, struct err *err)
{
    if (!is_known(name)) {
        return err_set(err, STATUS_REJECT, "time_zone", "not a time zone of this system");
    }
    struct zone *z = mem_alloc(sizeof *z);
    z->name = mem_strdup(name);
    char *before = mem_strdup(getenv("TZ"));
    char value[512];
    snprintf(value, sizeof value, ":%s", name);
    set_tz(value);
    scan_changes(z);
    set_tz(before);
    free(before);
    fill_buckets(z);
    *out = z;
    return STATUS_OK;
}

void zone_free(struct zone *z)
{
    if (z == NULL) {
        return;
    }
    free(z->name);
    free(z->changes);
    free(z);
}

const char *zone_name(const struct zone *z)
{
    return z->name;
}

/* ---- asking ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

/* The index of the change in force at t. */
static size_t find(const struct zone *z, int64_t t)
{
    if (t < SCAN_FROM) {
        return 0;
    }
    if (t >= SCAN_TO) {
        return z->n - 1;
    }
    size_t i = z->in_force[(t - SCAN_FROM) >> BUCKET_SHIFT];
    while (i + 1 < z->n && z->changes[i + 1].at <= t) {
        i++;
    }
    return i;
}

static int64_t local_seconds(const struct zone *z, struct instant t)
{
    int64_t s = floor_div(t.us, US_PER_SECOND);
    return s + z->changes[find(z, s)].offset;
}

struct date zone_date(const struct zone *z, struct instant t)
{
    if (instant_is_none(t)) {
        return DATE_NONE;
    }
    return (struct date){(int32_t)floor_div(local_seconds(z, t), SECONDS_PER_DAY)};
}

int zone_minute(const struct zone *z, struct instant t)
{
    int64_t local = local_seconds(z, t);
    return (int)((local - floor_div(local, SECONDS_PER_DAY) * SECONDS_PER_DAY) / 60);
}

struct instant zone_at(const struct zone *z, struct date d, int minute_of_day)
{
    if (date_is_none(d)) {
        return INSTANT_NONE;
    }
    int64_t local = d.days * SECONDS_PER_DAY + minute_of_day * INT64_C(60);
    /* An offset is always under two days, so the search begins two days early. It takes the first
     * stretch that shows the local time, or that begins after it would have been shown. */
    size_t i = find(z, local - 2 * SECONDS_PER_DAY);
    while (i + 1 < z->n && local - z->changes[i].offset >= z->changes[i + 1].at) {
        i++;
    }
    int64_t t = local - z->changes[i].offset;
    if (i > 0 && t < z->changes[i].at) {
        t = z->changes[i].at;
    }
    return (struct instant){t * US_PER_SECOND};
}
