/* The thresholds: each is more than so many percent, and those with a least number reach it. */
#include "common/feed/difference/difference.h"
#include "common/feed/difference/difference_inside.h"

#define ANEW_PERCENT 5
#define REJECTED_LEAST 5

const char *hold_name(enum hold_why why)
{
    static const char *const names[HOLD_COUNT] = {
#define HOLD_NAME(id, name) name,
        HOLDS(HOLD_NAME)
#undef HOLD_NAME
    };
    return names[why];
}

static void hold_if(struct difference *d, enum hold_why why, int64_t count, int64_t of,
                    struct mapping_limit limit)
{
    if (count > 0 && count >= limit.at_least && count * 100 > of * limit.percent) {
        d->hold[d->n_holds++] = (struct difference_hold){.why = why,
                                                         .count = count,
                                                         .of = of,
                                                         .percent = limit.percent,
                                                         .at_least = limit.at_least};
    }
}

static void hold_if_fallen(struct difference *d, enum hold_why why, int64_t before, int64_t now)
{
    int percent = d->inside->in.mapping->rules.hold_if_rows_fall_percent;
    if (before > 0 && now >= 0) {
        hold_if(d, why, before - now, before, (struct mapping_limit){.percent = percent});
    }
}

void difference_find_holds(struct difference *d)
{
    const struct difference_inputs *in = &d->inside->in;
    const struct mapping_rules *rules = &in->mapping->rules;
    const struct difference_counts *c = &d->counts;
    const struct mapping_limit rejected = {.percent = rules->hold_if_rejected_percent,
                                           .at_least = REJECTED_LEAST};
    const struct mapping_limit anew = {.percent = ANEW_PERCENT};
    if (in->no_state && !in->first) {
        d->hold[d->n_holds++] =
            (struct difference_hold){.why = HOLD_FIRST, .count = c->records, .of = c->rows};
    }
    hold_if(d, HOLD_MISSING, c->missing, c->counting, rules->hold_if_missing);
    if (in->mapping->full) {
        hold_if_fallen(d, HOLD_ROWS, in->rows_before, c->rows);
    }
    hold_if_fallen(d, HOLD_STAFF_ROWS, in->staff_rows_before, c->staff_rows);
    hold_if(d, HOLD_REJECTED, c->rejected, c->rows, rejected);
    hold_if(d, HOLD_CHANGED, c->changed, c->known, rules->hold_if_changed);
    if (in->mapping_changed) {
        hold_if(d, HOLD_MAPPING, c->anew + c->opened, c->records, anew);
    }
    bool passes = in->accepted || (in->no_state && in->first);
    d->end = d->n_holds > 0 && !passes ? DIFFERENCE_HELD : DIFFERENCE_TAKEN;
}
