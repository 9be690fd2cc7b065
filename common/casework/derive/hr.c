/* First each record is judged: is it gone for HR, and since when? Then the rest is chained into
 * periods, and prompts are listed. The earliest instant at which any of this could change is HR's
 * next wake-up. */
#include "common/casework/derive/hr.h"

#include "common/casework/derive/chain.h"
#include "common/casework/derive/order.h"

struct view {
    const struct hr_facts *f;
    const struct hr_rules *r;
    struct instant now;
    struct arena *a;
    struct chain_person person;
    struct taking { /* a record that takes part; in step with chain */
        size_t index;
        const struct hr_record *rec;
    } * taking;
    struct chain_record *chain;
    size_t n;
    struct hr_view *out;
};

static struct instant midnight(const struct view *v, struct date d)
{
    return zone_at(v->r->prompt.zone, d, 0);
}

static struct date day_of(const struct view *v, struct instant t)
{
    return zone_date(v->r->prompt.zone, t);
}

static void wake(struct view *v, struct instant t)
{
    if (t.us > v->now.us && (instant_is_none(v->out->wake_at) || t.us < v->out->wake_at.us)) {
        v->out->wake_at = t;
    }
}

/* ---- gone ---- */

/* The first midnight on which a day has been over for long enough, and its facts last changed long
 * enough ago (changed NONE: that does not matter). The keeping periods in force on that midnight
 * decide. A record that is gone stays gone, whatever is loaded later. */
static struct instant goes_at(const struct view *v, struct date over_on, struct date changed)
{
    struct instant from = INSTANT_NONE;
    for (size_t i = 0; i <= v->r->n_past; i++) {
        const struct hr_past *past = i < v->r->n_past ? &v->r->past[i] : NULL;
        int kept = past == NULL ? v->r->unmatched_days : past->unmatched_days;
        int settle = past == NULL ? v->r->settle_days : past->settle_days;
        struct date last = order_later(date_add(over_on, kept), date_add(changed, settle));
        struct instant at = midnight(v, date_add(last, 1));
        at = at.us > from.us ? at : from;
        if (past == NULL || at.us < past->until.us) {
            return at;
        }
        from = past->until.us > from.us ? past->until : from;
    }
    return INSTANT_NONE;
}

static bool has_gone(const struct view *v, struct instant at)
{
    return !instant_is_none(at) && at.us <= v->now.us;
}

/* Leaving and death count for people who were off then, not for records that HR sends long after.
 * By then, whether the fact is known depends on what is kept. */
static bool counts(const struct view *v, const struct hr_dated *fact, const struct hr_record *rec)
{
    return fact->known &&
           (date_is_none(fact->on) || rec->held_since.us < goes_at(v, fact->on, DATE_NONE).us);
}

/* ---- periods ---- */

static int by_onset(const void *a, const void *b)
{
    const struct hr_record *x = ((const struct taking *)a)->rec;
    const struct hr_record *y = ((const struct taking *)b)->rec;
    if (!date_eq(x->onset, y->onset)) {
        return x->onset.days < y->onset.days ? -1 : 1;
    }
    return order_identity(x->source, x->absence_id, y->source, y->absence_id);
}

static void take_part(struct view *v)
{
    v->taking = arena_array(v->a, v->f->n_records, sizeof *v->taking);
    v->chain = arena_array(v->a, v->f->n_records, sizeof *v->chain);
    for (size_t i = 0; i < v->f->n_records; i++) {
        const struct hr_record *rec = &v->f->records[i];
        v->out->gone_at[i] = rec->gone_at;
        if (has_gone(v, rec->gone_at)) {
            continue;
        }
        if (rec->cancelled) {
            struct instant at = goes_at(v, day_of(v, rec->changed_at), day_of(v, rec->changed_at));
            v->out->gone_at[i] = has_gone(v, at) ? at : INSTANT_NONE;
        } else if (rec->onset.days > v->person.today.days) {
            wake(v, midnight(v, rec->onset));
        } else {
            v->taking[v->n++] = (struct taking){.index = i, .rec = rec};
        }
    }
    order_sort(v->a, v->taking, v->n, sizeof *v->taking, by_onset);
    for (size_t i = 0; i < v->n; i++) {
        const struct hr_record *rec = v->taking[i].rec;
        v->chain[i] = (struct chain_record){.source = rec->source,
                                            .absence_id = rec->absence_id,
                                            .onset = rec->onset,
                                            .last_day = rec->last_day,
                                            .expected_return = rec->expected_return,
                                            .open_ended = rec->open_ended,
                                            .left_counts = counts(v, &v->f->left, rec),
                                            .died_counts = counts(v, &v->f->died, rec),
                                            .first_notice = rec->first_notice,
                                            .changed_at = rec->changed_at};
    }
}

/* As period.c has it: a fact about the person concerns a period that was not settled on its date.
 */
static bool concerns(const struct hr_dated *fact, bool for_it, struct date over_on, int days)
{
    return for_it && fact->known &&
           (date_is_none(fact->on) || fact->on.days <= over_on.days + days);
}

/* From these on nothing of the period stands. */
static struct instant until(const struct view *v, const struct chain *c)
{
    if (c->closed_by_death) {
        return INSTANT_NONE;
    }
    const struct chain_person *p = &v->person;
    bool left = c->left_counts && !date_is_none(p->left_on) && c->onset.days <= p->left_on.days;
    struct instant at = left ? midnight(v, date_add(p->left_on, 1)) : INSTANT_MAX;
    if (c->died_counts && !date_is_none(p->died_on)) {
        struct instant died = midnight(v, p->died_on);
        at = died.us < at.us ? died : at;
    }
    return at;
}

static void list_prompts(const struct view *v, const struct chain *c, struct hr_period *p,
                         struct instant end)
{
    struct prompt_record *records = arena_array(v->a, c->n, sizeof *records);
    for (size_t i = 0; i < c->n; i++) {
        const struct hr_record *rec = v->taking[c->first + i].rec;
        records[i] = (struct prompt_record){.assignment_id = rec->assignment_id,
                                            .onset = rec->onset,
                                            .end = v->chain[c->first + i].end,
                                            .reason_missing = rec->reason_missing,
                                            .fit_note_from = rec->fit_note_from,
                                            .fit_note_to = rec->fit_note_to,
                                            .phased_return_from = rec->phased_return_from};
    }
    const struct prompt_period of = {.records = records,
                                     .n_records = c->n,
                                     .onset = c->onset,
                                     .ends_on = c->ends_on,
                                     .last_day = c->last_day,
                                     .expected_return = c->expected_return,
                                     .noticed = day_of(v, v->chain[c->anchor].first_notice),
                                     .until = end};
    p->prompts = arena_array(v->a, prompt_most(c->n), sizeof *p->prompts);
    p->n_prompts = prompt_list(&of, &v->r->prompt, p->prompts);
}

/* False: it is gone. */
static bool take_period(struct view *v, const struct chain *c, struct hr_period *p)
{
    int days = v->r->settle_days;
    struct date over_on = chain_over_on(c, &v->person);
    struct instant changed_at = c->changed_at, settled_at = INSTANT_NONE, gone = INSTANT_NONE;
    if (!date_is_none(over_on)) {
        if ((concerns(&v->f->left, c->left_counts, over_on, days) ||
             concerns(&v->f->died, c->died_counts, over_on, days)) &&
            v->f->changed_at.us > changed_at.us) {
            changed_at = v->f->changed_at;
        }
        settled_at = midnight(v, date_add(order_later(over_on, day_of(v, changed_at)), days));
        gone = goes_at(v, over_on, day_of(v, changed_at));
    }
    if (has_gone(v, gone)) {
        for (size_t i = 0; i < c->n; i++) {
            v->out->gone_at[v->taking[c->first + i].index] = gone;
        }
        return false;
    }
    *p = (struct hr_period){.records = arena_array(v->a, c->n, sizeof *p->records),
                            .n_records = c->n,
                            .anchor = v->taking[c->anchor].index,
                            .onset = c->onset,
                            .ends_on = c->ends_on,
                            .last_day = c->last_day,
                            .expected_return = c->expected_return,
                            .closed_by_leaving = c->closed_by_leaving,
                            .closed_by_death = c->closed_by_death,
                            .changed_at = changed_at,
                            .settled_at = settled_at};
    for (size_t i = 0; i < c->n; i++) {
        p->records[i] = v->taking[c->first + i].index;
        struct date end = v->chain[c->first + i].end;
        if (!date_is_none(end)) {
            wake(v, midnight(v, date_add(end, 1)));
        }
    }
    struct instant end = until(v, c);
    /* Nothing is said of a period that is gone: nobody need wake up for what would come then. */
    list_prompts(v, c, p, !instant_is_none(gone) && gone.us < end.us ? gone : end);
    return true;
}

void hr_view(const struct hr_facts *f, const struct hr_rules *r, struct instant now,
             struct arena *a, struct hr_view *out)
{
    struct view v = {.f = f, .r = r, .now = now, .a = a, .out = out};
    v.person = (struct chain_person){
        .left_on = f->left.on, .died_on = f->died.on, .today = zone_date(r->prompt.zone, now)};
    *out = (struct hr_view){.gone_at = arena_array(a, f->n_records, sizeof *out->gone_at),
                            .wake_at = INSTANT_NONE};
    take_part(&v);
    struct chain *chains = arena_array(a, v.n, sizeof *chains);
    size_t n = chain_build(v.chain, v.n, &v.person, chains);
    out->periods = arena_array(a, n, sizeof *out->periods);
    for (size_t i = 0; i < n; i++) {
        out->n_periods += take_period(&v, &chains[i], &out->periods[out->n_periods]) ? 1 : 0;
    }
}
