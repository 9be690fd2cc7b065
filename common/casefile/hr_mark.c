/* Order, for a person in a batch: first hr_mark_gone(), once, while the facts are as they were
 * loaded. Then hr_mark_period_peers() for each record that changed for HR, as it was and as it is.
 * Both derive HR's view alone, from a copy of the facts that has no reasons (period_hr_view). */
#include "common/casefile/hr_mark.h"

#include <string.h>

#include "common/casework/derive/derive.h"
#include "common/casework/derive/hr.h"

/* A new record that was purged once it was gone stays gone. */
struct instant hr_mark_known(const struct record_known *known, size_t n, const char *organisation,
                             const struct record *rec)
{
    for (size_t i = 0; i < n; i++) {
        const struct record_known *k = &known[i];
        if (strcmp(k->absence_id, rec->absence_id) == 0 && strcmp(k->source, rec->source) == 0 &&
            strcmp(k->organisation, organisation) == 0) {
            return k->gone_at;
        }
    }
    return INSTANT_NONE;
}

/* Whether any of it may have gone by now: what changed a short while ago has not. */
static bool may_have_gone(const struct case_person *p, struct instant now)
{
    struct date today = zone_date(p->rules.zone, now);
    int settle = p->rules.org->settle_days;
    for (size_t i = 0; i < p->rules.n_past; i++) {
        int then = p->rules.past[i].settle_days;
        settle = then < settle ? then : settle;
    }
    for (size_t i = 0; i < p->facts.n_records; i++) {
        const struct record *rec = &p->facts.records[i];
        if (!hr_mark_is_gone(rec) &&
            zone_date(p->rules.zone, rec->hr_changed_at).days + settle < today.days) {
            return true;
        }
    }
    return false;
}

/* Runs before the first message changes anything of p. It notes on each record that it has gone:
 * the later facts would not show that. */
void hr_mark_gone(struct arena *a, struct case_person *p, struct instant now)
{
    if (p->looked) {
        return;
    }
    p->looked = true;
    if (!may_have_gone(p, now)) {
        return;
    }
    struct hr_view view;
    period_hr_view(&p->facts, &p->rules, now, a, &view);
    for (size_t i = 0; i < p->facts.n_records; i++) {
        struct record *rec = &p->facts.records[i];
        if (!hr_mark_is_gone(rec) && !instant_is_none(view.gone_at[i])) {
            rec->gone_at = view.gone_at[i];
            p->state[i].dirty = true;
            p->changed = true;
        }
    }
}

/* p's facts with a record as `of` has it, at the last place. */
static struct facts facts_with(struct arena *a, const struct case_person *p,
                               const struct record *of, size_t *place)
{
    struct facts f = p->facts;
    f.records = arena_array(a, f.n_records + 1, sizeof *f.records);
    size_t n = 0;
    for (size_t i = 0; i < p->facts.n_records; i++) {
        const struct record *rec = &p->facts.records[i];
        place[n] = i;
        if (strcmp(rec->absence_id, of->absence_id) != 0 || strcmp(rec->source, of->source) != 0) {
            f.records[n++] = *rec;
        }
    }
    f.records[n] = *of;
    f.n_records = n + 1;
    return f;
}

/* The records that share HR's period with a record that changed have a period that changed. */
void hr_mark_period_peers(struct arena *a, struct case_person *p, const struct record *of,
                          struct instant now)
{
    if (of->source == NULL || of->cancelled || hr_mark_is_gone(of) || p->facts.n_records == 0) {
        return;
    }
    size_t *place = arena_array(a, p->facts.n_records, sizeof *place);
    struct facts f = facts_with(a, p, of, place);
    if (f.n_records == 1) {
        return;
    }
    struct hr_view view;
    period_hr_view(&f, &p->rules, now, a, &view);
    for (size_t i = 0; i < view.n_periods; i++) {
        const struct hr_period *period = &view.periods[i];
        bool mine = false;
        for (size_t k = 0; k < period->n_records; k++) {
            mine |= period->records[k] == f.n_records - 1;
        }
        for (size_t k = 0; mine && k < period->n_records; k++) {
            size_t at = period->records[k];
            if (at != f.n_records - 1 && p->facts.records[place[at]].hr_changed_at.us != now.us) {
                p->facts.records[place[at]].hr_changed_at = now;
                p->state[place[at]].dirty = true;
            }
        }
    }
}
