/* When a file was taken out of the HR system, as its name says. */
#include <string.h>

#include "common/feed/mapping/mapping_inside.h"

#define NAME_PREFIX "name:"

const char *mapping_check_as_of(const char *text)
{
    size_t n[256] = {0};
    if (strcmp(text, "mtime") == 0) {
        return NULL;
    }
    if (strncmp(text, NAME_PREFIX, strlen(NAME_PREFIX)) != 0) {
        return "mtime, or name: and a format, as name:%Y%m%d_%H%M";
    }
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '%') {
            p++;
            if (*p == '\0' || strchr("YmdHMS", *p) == NULL) {
                return "known are %Y %m %d %H %M %S";
            }
            n[(unsigned char)*p]++;
        }
    }
    bool whole = n['Y'] == 1 && n['m'] == 1 && n['d'] == 1 && n['H'] <= 1 && n['M'] <= n['H'] &&
                 n['S'] <= n['M'];
    return whole ? NULL : "%Y, %m and %d once each are wanted, then %H, %M and %S as far as needed";
}

/* Date and time as a place in a name has them. */
struct stamp {
    int year, month, day, hour, minute, second;
    bool utc;
};

static bool digits(const char **at, int n, int *out)
{
    *out = 0;
    for (int i = 0; i < n; i++, (*at)++) {
        if (**at < '0' || **at > '9') {
            return false;
        }
        *out = *out * 10 + (**at - '0');
    }
    return true;
}

static int *part(struct stamp *s, char what)
{
    return what == 'Y'   ? &s->year
           : what == 'm' ? &s->month
           : what == 'd' ? &s->day
           : what == 'H' ? &s->hour
           : what == 'M' ? &s->minute
                         : &s->second;
}

static bool stamp_at(const char *format, const char *at, struct stamp *out)
{
    *out = (struct stamp){0};
    for (const char *p = format; *p != '\0'; p++) {
        if (*p == '%') {
            p++;
            if (!digits(&at, *p == 'Y' ? 4 : 2, part(out, *p))) {
                return false;
            }
        } else if (*at++ != *p) {
            return false;
        }
    }
    size_t len = strlen(format);
    out->utc = *at == 'Z' || (len > 1 && format[len - 1] == 'Z' && format[len - 2] != '%');
    return true;
}

static bool instant_of(const struct stamp *s, const struct zone *zone, struct instant *out)
{
    struct date day = DATE_NONE;
    if (!date_from_ymd(s->year, s->month, s->day, &day) || day.days <= 0 ||
        day.days > DATE_LAST.days || s->hour > 23 || s->minute > 59 || s->second > 59) {
        return false;
    }
    int minute = s->hour * 60 + s->minute;
    struct instant t = {day.days * US_PER_DAY + minute * INT64_C(60) * US_PER_SECOND};
    *out = instant_add_us(s->utc ? t : zone_at(zone, day, minute), s->second * US_PER_SECOND);
    return true;
}

bool mapping_as_of(const struct mapping *m, const struct mapping_file *f, const char *name,
                   struct instant mtime, struct instant *out)
{
    if (f->as_of_mtime) {
        *out = mtime;
        return true;
    }
    for (const char *at = name; *at != '\0'; at++) {
        struct stamp s;
        if (stamp_at(f->as_of, at, &s) && instant_of(&s, m->zone, out)) {
            return true;
        }
    }
    return false;
}
