#include <string.h>

#include "services/cli/retain_unit.h"

static bool is_ref(const struct record *rec, const struct record_ref *ref)
{
    return strcmp(rec->absence_id, ref->absence_id) == 0 && strcmp(rec->source, ref->source) == 0;
}

static struct date day_of(const struct retain_decision *d, struct instant t)
{
    return zone_date(d->p->rules.zone, t);
}

/* ---- what goes together ---- */

static void add_periods(struct retain_decision *d)
{
    const struct facts *f = &d->p->facts;
    for (size_t i = 0; i < d->p->cw.n_periods; i++) {
        const struct period *period = &d->p->cw.periods[i];
        struct date from = period->last_day;
        if (date_is_none(from) && period->closed_by_death) {
            from = f->died.on;
        }
        for (size_t k = 0; k < period->n_records; k++) {
            d->unit_of_record[period->records[k] - f->records] = d->n_units;
        }
        d->units[d->n_units++] =
            (struct retain_unit){.period = period,
                                 .from = from,
                                 .changed_at = period->changed_at,
                                 .settled = derive_is_settled(period->settled_at, d->now)};
    }
}

static void add_cancelled(struct retain_decision *d)
{
    const struct facts *f = &d->p->facts;
    for (size_t i = 0; i < f->n_records; i++) {
        if (f->records[i].cancelled) {
            d->unit_of_record[i] = d->n_units;
            d->units[d->n_units++] = (struct retain_unit){.changed_at = f->records[i].changed_at};
        }
    }
}

static size_t unit_of_ref(const struct retain_decision *d, const struct record_ref *ref)
{
    for (size_t i = 0; i < d->p->facts.n_records; i++) {
        if (is_ref(&d->p->facts.records[i], ref)) {
            return d->unit_of_record[i];
        }
    }
    return NO_UNIT;
}

/* An entry belongs to the period that holds the record it was about, else to the one that holds any
 * of its records; to a record that was cancelled only if there is no such period. */
static size_t unit_of_entry(const struct retain_decision *d, const struct contact_fact *c)
{
    size_t unit = unit_of_ref(d, &c->anchor);
    for (size_t i = 0; i < c->n_records; i++) {
        size_t other = unit_of_ref(d, &c->records[i]);
        if (unit == NO_UNIT ||
            (d->units[unit].period == NULL && other != NO_UNIT && d->units[other].period != NULL)) {
            unit = other;
        }
    }
    return unit;
}

static void add_entries(struct retain_decision *d)
{
    const struct facts *f = &d->p->facts;
    for (size_t i = 0; i < f->n_contacts; i++) {
        const struct contact_fact *c = &f->contacts[i];
        size_t unit = unit_of_entry(d, c);
        d->unit_of_entry[i] = unit;
        if (unit != NO_UNIT) {
            d->units[unit].matched = true;
            if (c->entered_at.us > d->units[unit].changed_at.us) {
                d->units[unit].changed_at = c->entered_at;
            }
        }
    }
}

static void add_spells(struct retain_decision *d)
{
    for (size_t i = 0; i < d->p->n_spells; i++) {
        size_t unit = unit_of_ref(d, &d->p->spells[i].anchor);
        if (unit != NO_UNIT) {
            d->units[unit].matched = true;
        }
    }
    for (size_t i = 0; i < d->p->cw.n_spells; i++) {
        const struct record *anchor = d->p->cw.spells[i].anchor;
        d->units[d->unit_of_record[anchor - d->p->facts.records]].matched = true;
    }
}

/* A cancelled record settles as a period does, after its last change alone. */
static void settle_cancelled(struct retain_decision *d)
{
    int days = d->p->rules.org->settle_days;
    for (size_t i = 0; i < d->n_units; i++) {
        struct retain_unit *u = &d->units[i];
        if (u->period == NULL) {
            u->from = day_of(d, u->changed_at);
            u->settled = u->from.days + days <= d->today.days;
        }
    }
}

static void gather(struct retain_decision *d)
{
    const struct facts *f = &d->p->facts;
    d->units = arena_array(d->a, d->p->cw.n_periods + f->n_records, sizeof *d->units);
    d->unit_of_record = arena_array(d->a, f->n_records, sizeof *d->unit_of_record);
    d->unit_of_entry = arena_array(d->a, f->n_contacts, sizeof *d->unit_of_entry);
    for (size_t i = 0; i < f->n_records; i++) {
        d->unit_of_record[i] = NO_UNIT;
    }
    add_periods(d);
    add_cancelled(d);
    add_entries(d);
    add_spells(d);
    settle_cancelled(d);
}

/* ---- what is old enough ---- */

static bool is_old(const struct retain_decision *d, const struct retain_unit *u,
                   const struct retention *keep)
{
    if (!u->settled || date_is_none(u->from)) {
        return false;
    }
    int days = u->matched ? keep->matched_days : keep->unmatched_days;
    return u->from.days + days <= d->today.days;
}

/* All that is old enough, or else as much of it as leaves the rest alone. */
static void choose(struct retain_decision *d, const struct retention *keep)
{
    bool any = false;
    for (size_t i = 0; i < d->n_units; i++) {
        d->units[i].goes = is_old(d, &d->units[i], keep);
        any |= d->units[i].goes;
    }
    if (!any || retain_rest_is_as_it_was(d)) {
        return;
    }
    bool *old = arena_array(d->a, d->n_units, sizeof *old);
    for (size_t i = 0; i < d->n_units; i++) {
        old[i] = d->units[i].goes;
        d->units[i].goes = false;
    }
    for (size_t i = 0; i < d->n_units; i++) {
        d->units[i].goes = old[i];
        d->units[i].goes = old[i] && retain_rest_is_as_it_was(d);
    }
}

/* ---- what that means ---- */

static void count(const struct retain_decision *d)
{
    for (size_t i = 0; i < d->n_units; i++) {
        const struct retain_unit *u = &d->units[i];
        d->out->matched += u->goes && u->period != NULL && u->matched ? 1 : 0;
        d->out->unmatched += u->goes && u->period != NULL && !u->matched ? 1 : 0;
        d->out->cancelled += u->goes && u->period == NULL ? 1 : 0;
    }
}

static void mark_records(const struct retain_decision *d, const struct retention *keep)
{
    const struct facts *f = &d->p->facts;
    for (size_t i = 0; i < f->n_records; i++) {
        const struct retain_unit *u =
            d->unit_of_record[i] == NO_UNIT ? NULL : &d->units[d->unit_of_record[i]];
        d->out->record[i] = u != NULL && u->goes;
        d->out->details[i] = u != NULL && !u->goes && f->records[i].has_contact && u->settled &&
                             !date_is_none(u->from) &&
                             u->from.days + keep->contact_details_days <= d->today.days;
    }
}

static bool has_record(const struct retain_decision *d, const char *absence_id)
{
    for (size_t i = 0; i < d->p->facts.n_records; i++) {
        if (!d->out->record[i] && strcmp(d->p->facts.records[i].absence_id, absence_id) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_known(const struct retain_decision *d, const char *absence_id)
{
    for (size_t i = 0; i < d->p->facts.n_records; i++) {
        if (strcmp(d->p->facts.records[i].absence_id, absence_id) == 0) {
            return true;
        }
    }
    return false;
}

static bool record_stays(const struct retain_decision *d)
{
    for (size_t i = 0; i < d->p->facts.n_records; i++) {
        if (!d->out->record[i]) {
            return true;
        }
    }
    return false;
}

/* A tombstone whose record is another person's now has nothing to go with: it goes as old as a
 * matched case, by the last of its dates. The same of what was entered about such records. */
static bool stray_is_old(const struct retain_decision *d, struct date last,
                         const struct retention *keep)
{
    return !date_is_none(last) && last.days + keep->matched_days <= d->today.days;
}

static void mark_spells(const struct retain_decision *d, const struct retention *keep)
{
    for (size_t i = 0; i < d->p->n_spells; i++) {
        const struct stored_spell *sp = &d->p->spells[i];
        size_t unit = unit_of_ref(d, &sp->anchor);
        d->out->spell[i] = unit == NO_UNIT ? sp->tombstone && stray_is_old(d, sp->due_date, keep)
                                           : d->units[unit].goes;
    }
}

static void mark_entries(const struct retain_decision *d, const struct retention *keep)
{
    for (size_t i = 0; i < d->p->facts.n_contacts; i++) {
        size_t unit = d->unit_of_entry[i];
        const struct contact_fact *c = &d->p->facts.contacts[i];
        d->out->entry[i] = unit == NO_UNIT
                               ? stray_is_old(d, day_of(d, c->entered_at), keep) && !record_stays(d)
                               : d->units[unit].goes;
    }
}

/* What was told goes with the last of the records it was about. What was told of a record that is
 * another person's now counts as a tombstone does: until then it has to be remembered as said. */
static void mark_said(const struct retain_decision *d, const struct retention *keep)
{
    for (size_t i = 0; i < d->n_said; i++) {
        const struct retain_said *said = &d->said[i];
        bool known = false;
        bool held = false;
        for (size_t k = 0; k < said->n_absence_ids; k++) {
            known |= is_known(d, said->absence_ids[k]);
            held |= has_record(d, said->absence_ids[k]);
        }
        d->out->said[i] = known ? !held : stray_is_old(d, day_of(d, said->last_at), keep);
    }
}

static bool is_forgotten(const struct retain_decision *d, const struct record *rec)
{
    const struct facts *f = &d->p->facts;
    bool ends = !rec->open_ended && !date_is_none(rec->last_day);
    bool left = !date_is_none(f->left.on) && rec->onset.days <= f->left.on.days;
    return !rec->cancelled && !ends && !left && date_is_none(f->died.on) &&
           rec->onset.days <= d->today.days &&
           day_of(d, rec->changed_at).days + RETAIN_FORGOTTEN_DAYS <= d->today.days;
}

static bool all_true(const bool *marks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!marks[i]) {
            return false;
        }
    }
    return true;
}

static void start(struct retain *out, const struct case_person *p, size_t n_said, struct arena *a)
{
    *out = (struct retain){.record = arena_array(a, p->facts.n_records, sizeof(bool)),
                           .details = arena_array(a, p->facts.n_records, sizeof(bool)),
                           .forgotten = arena_array(a, p->facts.n_records, sizeof(bool)),
                           .spell = arena_array(a, p->n_spells, sizeof(bool)),
                           .entry = arena_array(a, p->facts.n_contacts, sizeof(bool)),
                           .said = arena_array(a, n_said, sizeof(bool))};
}

/* Who opted out is not to be rung should another absence come, for as long as they are employed.
 * Who left or died is not to be taken for open should an old record be sent again. */
static bool is_remembered(const struct retain_decision *d, const struct retention *keep)
{
    const struct facts *f = &d->p->facts;
    bool gone = !date_is_none(f->left.on) || !date_is_none(f->died.on);
    bool dated = f->left.id != NULL || f->died.id != NULL || f->opt.id != NULL;
    if (f->opt.id != NULL && f->opted_out && !gone) {
        return true;
    }
    return dated && (instant_is_none(f->changed_at) ||
                     day_of(d, f->changed_at).days + keep->matched_days > d->today.days);
}

void retain_decide(const struct case_person *p, const struct retain_said *said, size_t n_said,
                   const struct retention *keep, struct instant now, struct arena *a,
                   struct retain *out)
{
    struct retain_decision d = {.p = p,
                                .said = said,
                                .n_said = n_said,
                                .now = now,
                                .today = zone_date(p->rules.zone, now),
                                .a = a,
                                .out = out};
    start(out, p, n_said, a);
    gather(&d);
    choose(&d, keep);
    count(&d);
    mark_records(&d, keep);
    mark_spells(&d, keep);
    mark_entries(&d, keep);
    mark_said(&d, keep);
    for (size_t i = 0; i < p->facts.n_records; i++) {
        out->forgotten[i] = !out->record[i] && is_forgotten(&d, &p->facts.records[i]);
    }
    out->person = !record_stays(&d) && all_true(out->spell, p->n_spells) &&
                  all_true(out->entry, p->facts.n_contacts) && all_true(out->said, n_said) &&
                  !is_remembered(&d, keep);
}

void retain_nothing(const struct case_person *p, size_t n_said, struct arena *a, struct retain *out)
{
    const struct facts *f = &p->facts;
    start(out, p, n_said, a);
    memset(out->record, true, f->n_records * sizeof(bool));
    memset(out->spell, true, p->n_spells * sizeof(bool));
    memset(out->entry, true, f->n_contacts * sizeof(bool));
    memset(out->said, true, n_said * sizeof(bool));
    bool opted_out = f->opt.id != NULL && f->opted_out;
    bool died = f->died.id != NULL && !date_is_none(f->died.on);
    out->person = !opted_out && !died;
}

bool retain_is_settled(const struct case_person *p, struct instant now)
{
    struct retain_decision d = {.p = p, .now = now, .today = zone_date(p->rules.zone, now)};
    struct arena *a = arena_new(4096);
    bool settled = true;
    d.a = a;
    gather(&d);
    for (size_t i = 0; i < d.n_units; i++) {
        settled = settled && d.units[i].settled;
    }
    for (size_t i = 0; i < p->facts.n_records; i++) {
        settled = settled && d.unit_of_record[i] != NO_UNIT;
    }
    arena_free(a);
    return settled;
}
