#include "common/casework/derive/work.h"

#define NINE_O_CLOCK (9 * 60)

struct date work_local_date(const struct work *w, struct instant t)
{
    return zone_date(w->r->zone, t);
}

struct instant work_midnight(const struct work *w, struct date d)
{
    return zone_at(w->r->zone, d, 0);
}

struct instant work_nine(const struct work *w, struct date d)
{
    return zone_at(w->r->zone, d, NINE_O_CLOCK);
}

void work_wake(const struct work *w, struct instant *wake, struct instant t)
{
    if (!instant_is_none(t) && t.us > w->now.us && (instant_is_none(*wake) || t.us < wake->us)) {
        *wake = t;
    }
}
