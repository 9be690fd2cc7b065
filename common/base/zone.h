/* zone - one time zone as a table of its changes, so that local time needs no system call and no
 * global. */
#ifndef COMMON_BASE_ZONE_H
#define COMMON_BASE_ZONE_H

#include "common/base/date.h"
#include "common/base/err.h"

struct zone;

/* name as in the tz database ("Europe/London"). Reads the system's tz data once, covering
 * 1900-2200. Not thread-safe (uses TZ for a moment). An unknown name is STATUS_REJECT. */
enum status zone_load(struct zone **out, const char *name, struct err *err) NODISCARD;
void zone_free(struct zone *z);
const char *zone_name(const struct zone *z);

/* The local calendar day of t; NONE stays NONE. The nearest offset holds outside 1900-2201. */
struct date zone_date(const struct zone *z, struct instant t);
/* Minutes since local midnight at t (0-1439). */
int zone_minute(const struct zone *z, struct instant t);
/* The instant at which the local clock shows d minutes_of_day. If the clock shows a time twice, it
 * is the first. If the clock skips a time, it is the instant of the change. NONE gives NONE. */
struct instant zone_at(const struct zone *z, struct date d, int minute_of_day);

#endif
