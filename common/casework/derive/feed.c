/* Time passes on working days alone, from local midnight to the next. A day on which the clock
 * changes counts 23 or 25 hours. */
#include "common/casework/derive/feed.h"

struct instant feed_silent_at(const struct rules *r, struct instant last_valid)
{
    int64_t left = r->org->feed_silent_hours * INT64_C(3600) * US_PER_SECOND;
    struct instant t = last_valid;
    for (;;) {
        struct date day = zone_date(r->zone, t);
        struct instant midnight = zone_at(r->zone, date_add(day, 1), 0);
        if (calendar_is_working_day(r->calendar, r->org->division, day)) {
            int64_t today = midnight.us - t.us;
            if (left <= today) {
                return instant_add_us(t, left);
            }
            left -= today;
        }
        t = midnight;
    }
}
