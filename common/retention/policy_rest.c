/* Each question derives the case once more, from what would stay. Periods, spells, tasks and events
 * are then compared member by member. So a new member of struct spell belongs in same_spell() or
 * same_task(): else a purge could change it unseen. */
#include <string.h>

#include "common/casework/derive/derive.h"
#include "common/event/text.h"
#include "common/retention/policy_unit.h"

/* ---- what stays must stay as it is ---- */

static struct facts facts_that_stay(const struct policy_work *d)
{
    const struct facts *f = &d->p->facts;
    struct facts out = *f;
    struct contact_fact *contacts = arena_array(d->a, f->n_contacts, sizeof *contacts);
    out.records = arena_array(d->a, f->n_records, sizeof *out.records);
    out.n_records = 0;
    out.n_contacts = 0;
    for (size_t i = 0; i < f->n_records; i++) {
        size_t unit = d->unit_of_record[i];
        if (unit == NO_UNIT || !d->units[unit].goes) {
            out.records[out.n_records++] = f->records[i];
        }
    }
    for (size_t i = 0; i < f->n_contacts; i++) {
        size_t unit = d->unit_of_entry[i];
        if (unit == NO_UNIT || !d->units[unit].goes) {
            contacts[out.n_contacts++] = f->contacts[i];
        }
    }
    out.contacts = contacts;
    return out;
}

static bool same_task(const struct spell *a, const struct spell *b)
{
    return a->state == b->state && a->end_reason == b->end_reason &&
           a->contacted_at.us == b->contacted_at.us &&
           a->first_attempt_at.us == b->first_attempt_at.us && a->attempts == b->attempts &&
           a->last_outcome == b->last_outcome && date_eq(a->review_on, b->review_on) &&
           a->red_flag == b->red_flag && a->reason_changed == b->reason_changed &&
           a->case_closed == b->case_closed && text_same(a->assigned_to, b->assigned_to) &&
           a->red_flag_open == b->red_flag_open && a->unreachable == b->unreachable &&
           a->call_back_at.us == b->call_back_at.us && a->closed_at.us == b->closed_at.us &&
           a->close_reason == b->close_reason && text_same(a->oh_record, b->oh_record);
}

static bool same_spell(const struct spell *a, const struct spell *b)
{
    return strcmp(a->period->id, b->period->id) == 0 && a->n_records == b->n_records &&
           date_eq(a->onset, b->onset) && date_eq(a->ends_on, b->ends_on) &&
           date_eq(a->expected_return, b->expected_return) &&
           a->first_notice.us == b->first_notice.us && a->relapse == b->relapse &&
           text_same(a->relapse_of == NULL ? NULL : a->relapse_of->id,
                     b->relapse_of == NULL ? NULL : b->relapse_of->id) &&
           a->late_report == b->late_report && a->backdated == b->backdated &&
           a->known_at.us == b->known_at.us && a->reason_late == b->reason_late &&
           a->review_first == b->review_first && a->priority == b->priority &&
           date_eq(a->due_date, b->due_date) && same_task(a, b);
}

static bool has_spell(const struct casework *cw, const struct spell *sp)
{
    for (size_t i = 0; i < cw->n_spells; i++) {
        if (strcmp(cw->spells[i].id, sp->id) == 0) {
            return same_spell(&cw->spells[i], sp);
        }
    }
    return false;
}

static bool has_period(const struct casework *cw, const struct period *period)
{
    for (size_t i = 0; i < cw->n_periods; i++) {
        const struct period *x = &cw->periods[i];
        if (strcmp(x->id, period->id) == 0) {
            return x->n_records == period->n_records && date_eq(x->onset, period->onset) &&
                   date_eq(x->ends_on, period->ends_on) &&
                   x->settled_at.us == period->settled_at.us;
        }
    }
    return false;
}

static bool has_event(const struct casework *cw, const struct timeline_event *e)
{
    for (size_t i = 0; i < cw->n_timeline; i++) {
        const struct timeline_event *x = &cw->timeline[i];
        if (x->kind == e->kind && x->at.us == e->at.us && date_eq(x->due_on, e->due_on) &&
            x->end_reason == e->end_reason && x->superseded == e->superseded &&
            strcmp(x->period->id, e->period->id) == 0 &&
            text_same(x->spell == NULL ? NULL : x->spell->id,
                      e->spell == NULL ? NULL : e->spell->id)) {
            return true;
        }
    }
    return false;
}

/* A settled case is not worked out any more: only of the others it matters. */
static bool must_stay(const struct policy_work *d, const struct period *period)
{
    return !derive_is_settled(period->settled_at, d->now) &&
           !d->units[d->unit_of_record[period->records[0] - d->p->facts.records]].goes;
}

bool policy_rest_is_as_it_was(const struct policy_work *d)
{
    const struct casework *was = &d->p->cw;
    const struct facts rest = facts_that_stay(d);
    struct casework cw = {0};
    bool same = true;
    size_t open_was = 0, open_is = 0;
    derive(&rest, &d->p->rules, d->now, d->a, &cw);
    for (size_t i = 0; i < was->n_periods && same; i++) {
        if (must_stay(d, &was->periods[i])) {
            open_was++;
            same = has_period(&cw, &was->periods[i]);
        }
    }
    for (size_t i = 0; i < cw.n_periods; i++) {
        open_is += derive_is_settled(cw.periods[i].settled_at, d->now) ? 0 : 1;
    }
    for (size_t i = 0; i < was->n_spells && same; i++) {
        same = !must_stay(d, was->spells[i].period) || has_spell(&cw, &was->spells[i]);
    }
    for (size_t i = 0; i < was->n_timeline && same; i++) {
        same = !must_stay(d, was->timeline[i].period) || has_event(&cw, &was->timeline[i]);
    }
    return same && open_is == open_was;
}
