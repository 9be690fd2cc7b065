/* The next prompt to HR. The timeline already holds the prompts that lie ahead, in order: the first
 * of each of HR's periods that would be emitted is the next. */
#include "common/casefile/ahead.h"

#include "common/casework/event_kind.h"

bool ahead_is_wanted(const struct timeline_event *e, const struct org_rules *org,
                     const struct zone *zone)
{
    return !e->superseded && (org->off >> e->kind & 1) == 0 &&
           (date_is_none(org->live_from) || e->at.us >= zone_at(zone, org->live_from, 0).us);
}

static const struct timeline_event *next_of(const struct casework *cw, const struct period *p,
                                            const struct org_rules *org, const struct zone *zone,
                                            struct instant now)
{
    for (size_t i = 0; i < cw->n_timeline; i++) {
        const struct timeline_event *e = &cw->timeline[i];
        if (e->at.us > now.us && e->period == p && event_kind_audience(e->kind) == AUDIENCE_HR &&
            ahead_is_wanted(e, org, zone)) {
            return e;
        }
    }
    return NULL;
}

const char *ahead_of(const struct casework *cw, const struct org_rules *org,
                     const struct zone *zone, struct instant now, struct arena *a)
{
    const char *all = NULL;
    for (size_t i = 0; i < cw->n_hr_periods; i++) {
        const struct period *p = &cw->hr_periods[i];
        const struct timeline_event *e = next_of(cw, p, org, zone, now);
        if (e != NULL) {
            char day[DATE_TEXT];
            all = arena_printf(a, "%s%s%s %s %s", all == NULL ? "" : all, all == NULL ? "" : ";",
                               p->id, event_kind_name(e->kind), date_format(e->occurs_on, day));
        }
    }
    return all;
}
