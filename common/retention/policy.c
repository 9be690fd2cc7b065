/* In this order: gather() forms the units of data that go together, choose() says which of them go,
 * and the marks follow. choose() first tries all that are old enough at once. If the rest would
 * change, it tries them one by one, each on top of those that go already. */
#include "common/retention/policy.h"

#include <string.h>

#include "common/casework/derive/derive.h"
#include "common/retention/policy_unit.h"

static bool is_ref(const struct record *rec, const struct record_ref *ref)
{
    return strcmp(rec->absence_id, ref->absence_id) == 0 && strcmp(rec->source, ref->source) == 0;
}

static struct date day_of(const struct policy_work *d, struct instant t)
{
    return zone_date(d->p->rules.zone, t);
}

/* ---- what goes together ---- */

static void add_periods(struct policy_work *d)
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
            (struct policy_unit){.period = period,
                                 .from = from,
                                 .changed_at = period->changed_at,
                                 .settled = derive_is_settled(period->settled_at, d->now)};
    }
}

static void add_cancelled(struct policy_work *d)
{
    const struct facts *f = &d->p->facts;
    for (size_t i = 0; i < f->n_records; i++) {
        if (f->records[i].cancelled) {
            d->unit_of_record[i] = d->n_units;
            d->units[d->n_units++] = (struct policy_unit){.changed_at = f->records[i].changed_at};
        }
    }
}

static size_t unit_of_ref(const struct policy_work *d, const struct record_ref *ref)
{
    for (size_t i = 0; i < d->p->facts.n_records; i++) {
        if (is_ref(&d->p->facts.records[i], ref)) {
            return d->unit_of_record[i];
        }
    }
    return NO_UNIT;
}

/* An entry belongs to the period that holds the record it was about, else to the one that holds any
 * of its records. It belongs to a cancelled record only if there is no such period. */
static size_t unit_of_entry(const struct policy_work *d, const struct contact_fact *c)
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

static void add_entries(struct policy_work *d)
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

static void add_spells(struct policy_work *d)
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
static void settle_cancelled(struct policy_work *d)
{
    int days = d->p->rules.org->settle_days;
    for (size_t i = 0; i < d->n_units; i++) {
        struct policy_unit *u = &d->units[i];
        if (u->period == NULL) {
            u->from = day_of(d, u->changed_at);
            u->settled = u->from.days + days <= d->today.days;
        }
    }
}

static void find_gone(struct policy_work *d)
{
    for (size_t i = 0; i < d->n_units; i++) {
        d->units[i].gone = true;
    }
    for (size_t i = 0; i < d->p->facts.n_records; i++) {
        if (d->unit_of_record[i] != NO_UNIT) {
            d->units[d->unit_of_record[i]].gone &= !instant_is_none(d->p->cw.gone_at[i]);
        }
    }
}

static void gather(struct policy_work *d)
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
    find_gone(d);
}

/* ---- what is old enough ---- */

static bool is_old(const struct policy_work *d, const struct policy_unit *u,
                   const struct retention *keep)
{
    if (!u->settled || !u->gone || date_is_none(u->from)) {
        return false;
    }
    int days = u->matched ? keep->matched_days : keep->unmatched_days;
    return u->from.days + days <= d->today.days;
}

/* All that is old enough, or else as much of it as leaves the rest alone. */
static void choose(struct policy_work *d, const struct retention *keep)
{
    bool any = false;
    for (size_t i = 0; i < d->n_units; i++) {
        d->units[i].goes = is_old(d, &d->units[i], keep);
        any |= d->units[i].goes;
    }
    if (!any || policy_rest_is_as_it_was(d)) {
        return;
    }
    bool *old = arena_array(d->a, d->n_units, sizeof *old);
    for (size_t i = 0; i < d->n_units; i++) {
        old[i] = d->units[i].goes;
        d->units[i].goes = false;
    }
    for (size_t i = 0; i < d->n_units; i++) {
        d->units[i].goes = old[i];
        d->units[i].goes = old[i] && policy_rest_is_as_it_was(d);
    }
}

/* ---- what that means ---- */

static void count(const struct policy_work *d)
{
    for (size_t i = 0; i < d->n_units; i++) {
        const struct policy_unit *u = &d->units[i];
        d->out->matched += u->goes && u->period != NULL && u->matched ? 1 : 0;
        d->out->unmatched += u->goes && u->period != NULL && !u->matched ? 1 : 0;
        d->out->cancelled += u->goes && u->period == NULL ? 1 : 0;
    }
}

static void mark_records(const struct policy_work *d, const struct retention *keep)
{
    const struct facts *f = &d->p->facts;
    for (size_t i = 0; i < f->n_records; i++) {
        const struct policy_unit *u =
            d->unit_of_record[i] == NO_UNIT ? NULL : &d->units[d->unit_of_record[i]];
        d->out->record[i] = u != NULL && u->goes;
        d->out->gone[i] = !d->out->record[i] && instant_is_none(f->records[i].gone_at) &&
                          !instant_is_none(d->p->cw.gone_at[i]);
        d->out->details[i] = u != NULL && !u->goes && f->records[i].has_contact && u->settled &&
                             !date_is_none(u->from) &&
                             u->from.days + keep->contact_details_days <= d->today.days;
    }
}

static bool has_record(const struct policy_work *d, const char *absence_id)
{
    for (size_t i = 0; i < d->p->facts.n_records; i++) {
        if (!d->out->record[i] && strcmp(d->p->facts.records[i].absence_id, absence_id) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_known(const struct policy_work *d, const char *absence_id)
{
    for (size_t i = 0; i < d->p->facts.n_records; i++) {
        if (strcmp(d->p->facts.records[i].absence_id, absence_id) == 0) {
            return true;
        }
    }
    return false;
}

static bool record_stays(const struct policy_work *d)
{
    for (size_t i = 0; i < d->p->facts.n_records; i++) {
        if (!d->out->record[i]) {
            return true;
        }
    }
    return false;
}

/* A tombstone whose record now names another person belongs to no period. It goes as old as a
 * matched case, by the last of its dates. So do entries about such records. */
static bool stray_is_old(const struct policy_work *d, struct date last,
                         const struct retention *keep)
{
    return !date_is_none(last) && last.days + keep->matched_days <= d->today.days;
}

static void mark_spells(const struct policy_work *d, const struct retention *keep)
{
    for (size_t i = 0; i < d->p->n_spells; i++) {
        const struct stored_spell *sp = &d->p->spells[i];
        size_t unit = unit_of_ref(d, &sp->anchor);
        d->out->spell[i] = unit == NO_UNIT ? sp->tombstone && stray_is_old(d, sp->due_date, keep)
                                           : d->units[unit].goes;
    }
}

static void mark_entries(const struct policy_work *d, const struct retention *keep)
{
    for (size_t i = 0; i < d->p->facts.n_contacts; i++) {
        size_t unit = d->unit_of_entry[i];
        const struct contact_fact *c = &d->p->facts.contacts[i];
        d->out->entry[i] = unit == NO_UNIT
                               ? stray_is_old(d, day_of(d, c->entered_at), keep) && !record_stays(d)
                               : d->units[unit].goes;
    }
}

/* An emitted event goes with the last of the records it was about. If the record now names another
 * person, the event counts as a tombstone does: until then it must be remembered as emitted. */
static void mark_emissions(const struct policy_work *d, const struct retention *keep)
{
    for (size_t i = 0; i < d->n_emissions; i++) {
        const struct policy_emission *emission = &d->emissions[i];
        bool known = false;
        bool held = false;
        for (size_t k = 0; k < emission->n_absence_ids; k++) {
            known |= is_known(d, emission->absence_ids[k]);
            held |= has_record(d, emission->absence_ids[k]);
        }
        d->out->emission[i] = known ? !held : stray_is_old(d, day_of(d, emission->last_at), keep);
    }
}

static bool was_long_ago(const struct policy_work *d, struct date day)
{
    return day.days + (int64_t)POLICY_FORGOTTEN_DAYS <= d->today.days;
}

/* Leaving or death ends a record, but not for HR where HR reported it long after: such a record is
 * kept until HR ends it. */
static bool is_forgotten(const struct policy_work *d, size_t i)
{
    const struct facts *f = &d->p->facts;
    const struct record *rec = &f->records[i];
    bool ends = !rec->open_ended && !date_is_none(rec->last_day);
    bool left = !date_is_none(f->left.on) && rec->onset.days <= f->left.on.days;
    bool died = !date_is_none(f->died.on);
    bool over = (left && !was_long_ago(d, f->left.on)) || (died && !was_long_ago(d, f->died.on)) ||
                !instant_is_none(d->p->cw.gone_at[i]);
    return !rec->cancelled && !ends && !over && rec->onset.days <= d->today.days &&
           was_long_ago(d, day_of(d, rec->changed_at));
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

static void start(struct policy_decision *out, const struct case_person *p, size_t n_emissions,
                  struct arena *a)
{
    *out = (struct policy_decision){.record = arena_array(a, p->facts.n_records, sizeof(bool)),
                                    .details = arena_array(a, p->facts.n_records, sizeof(bool)),
                                    .gone = arena_array(a, p->facts.n_records, sizeof(bool)),
                                    .forgotten = arena_array(a, p->facts.n_records, sizeof(bool)),
                                    .spell = arena_array(a, p->n_spells, sizeof(bool)),
                                    .entry = arena_array(a, p->facts.n_contacts, sizeof(bool)),
                                    .emission = arena_array(a, n_emissions, sizeof(bool))};
}

/* A person who opted out must not be called in another absence, for as long as they are employed. A
 * person who left or died must not look employed if an old record is sent again. */
static bool is_remembered(const struct policy_work *d, const struct retention *keep)
{
    const struct facts *f = &d->p->facts;
    bool gone = !date_is_none(f->left.on) || !date_is_none(f->died.on);
    bool dated = f->left.id != NULL || f->died.id != NULL || f->opt.id != NULL;
    if (f->opt.id != NULL && f->opted_out && !gone) {
        return true;
    }
    struct date last = f->left.on.days > f->died.on.days ? f->left.on : f->died.on;
    if (gone && last.days + keep->unmatched_days >= d->today.days) {
        return true; /* it counts for absences that HR reports now */
    }
    return dated && (instant_is_none(f->changed_at) ||
                     day_of(d, f->changed_at).days + keep->matched_days > d->today.days);
}

void policy_decide(const struct case_person *p, const struct policy_emission *emissions,
                   size_t n_emissions, const struct retention *keep, struct instant now,
                   struct arena *a, struct policy_decision *out)
{
    struct policy_work d = {.p = p,
                            .emissions = emissions,
                            .n_emissions = n_emissions,
                            .now = now,
                            .today = zone_date(p->rules.zone, now),
                            .a = a,
                            .out = out};
    start(out, p, n_emissions, a);
    gather(&d);
    choose(&d, keep);
    count(&d);
    mark_records(&d, keep);
    mark_spells(&d, keep);
    mark_entries(&d, keep);
    mark_emissions(&d, keep);
    for (size_t i = 0; i < p->facts.n_records; i++) {
        out->forgotten[i] = !out->record[i] && is_forgotten(&d, i);
    }
    out->person = !record_stays(&d) && all_true(out->spell, p->n_spells) &&
                  all_true(out->entry, p->facts.n_contacts) &&
                  all_true(out->emission, n_emissions) && !is_remembered(&d, keep);
}

void policy_erase_all(const struct case_person *p, size_t n_emissions, struct arena *a,
                      struct policy_decision *out)
{
    const struct facts *f = &p->facts;
    start(out, p, n_emissions, a);
    memset(out->record, true, f->n_records * sizeof(bool));
    memset(out->spell, true, p->n_spells * sizeof(bool));
    memset(out->entry, true, f->n_contacts * sizeof(bool));
    memset(out->emission, true, n_emissions * sizeof(bool));
    bool opted_out = f->opt.id != NULL && f->opted_out;
    bool died = f->died.id != NULL && !date_is_none(f->died.on);
    out->person = !opted_out && !died;
}

bool policy_is_settled(const struct case_person *p, struct instant now)
{
    struct policy_work d = {.p = p, .now = now, .today = zone_date(p->rules.zone, now)};
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

size_t policy_marked(const bool *marks, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        found += marks[i] ? 1 : 0;
    }
    return found;
}
