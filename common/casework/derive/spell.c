/* Records of one pathway in one period, joined into spells in the order of their onsets. Contacts
 * come first: a contacted record stays in its pathway whatever its reason becomes, so they decide
 * which records a pathway has. Entries are then given to the spells they count for, and each notes
 * a change of the spell's period. */
#include <string.h>

#include "common/casework/derive/work.h"

/* ---- what a contact holds ---- */

static int member_identity_order(const void *a, const void *b)
{
    const struct record *x = (*(const struct member *const *)a)->rec;
    const struct record *y = (*(const struct member *const *)b)->rec;
    return order_identity(x->source, x->absence_id, y->source, y->absence_id);
}

static void index_members(struct work *w)
{
    w->by_identity = arena_array(w->a, w->n_members, sizeof(void *));
    for (size_t i = 0; i < w->n_members; i++) {
        w->by_identity[i] = &w->members[i];
    }
    order_sort(w->a, w->by_identity, w->n_members, sizeof(void *), member_identity_order);
}

const struct member *spell_find_member(const struct work *w, const struct record_ref *ref)
{
    size_t low = 0, high = w->n_members;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct record *rec = w->by_identity[middle]->rec;
        int order = order_identity(ref->source, ref->absence_id, rec->source, rec->absence_id);
        if (order == 0) {
            return w->by_identity[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

/* n_pathways when the settings have it no more. */
static size_t pathway_index(const struct org_rules *org, const char *name)
{
    size_t i = 0;
    while (i < org->n_pathways && strcmp(org->pathways[i].name, name) != 0) {
        i++;
    }
    return i;
}

void spell_hold(struct work *w)
{
    if (w->f->n_contacts == 0) {
        return;
    }
    index_members(w);
    for (size_t i = 0; i < w->f->n_contacts; i++) {
        const struct contact_fact *c = &w->f->contacts[i];
        size_t pathway = pathway_index(w->r->org, c->pathway);
        if (c->kind != CONTACT_MADE || c->retracted || pathway == w->r->org->n_pathways) {
            continue;
        }
        for (size_t k = 0; k < c->n_records; k++) {
            const struct member *found = spell_find_member(w, &c->records[k]);
            if (found != NULL && !found->never) {
                w->members[found - w->members].pathways |= UINT32_C(1) << pathway;
            }
        }
    }
}

/* ---- chains ---- */

static bool goes_on(const struct work *w, const struct spell *sp, const struct member *m)
{
    return date_is_none(sp->ends_on) ||
           m->rec->onset.days - sp->ends_on.days - 1 <= w->r->org->join_days;
}

static void start_spell(struct work *w, size_t pathway, const struct period *p,
                        const struct member *m)
{
    w->out->spells[w->out->n_spells++] = (struct spell){.pathway = pathway,
                                                        .period = p,
                                                        .anchor = m->rec,
                                                        .onset = m->rec->onset,
                                                        .ends_on = m->end};
}

static void join_spell(struct spell *sp, const struct member *m)
{
    if (order_anchor(m->rec, sp->anchor) < 0) {
        sp->anchor = m->rec;
    }
    if (!date_is_none(sp->ends_on)) {
        sp->ends_on = date_is_none(m->end) ? DATE_NONE : order_later(sp->ends_on, m->end);
    }
}

/* Adds one record of one pathway to the last spell, or to a new one. latest: the last spell of each
 * pathway in this period, index + 1. */
static void place(struct work *w, uint32_t *latest, size_t pathway, const struct period *p,
                  size_t m)
{
    struct spell *sp = latest[pathway] > 0 ? &w->out->spells[latest[pathway] - 1] : NULL;
    if (sp != NULL && goes_on(w, sp, &w->members[m])) {
        join_spell(sp, &w->members[m]);
    } else {
        start_spell(w, pathway, p, &w->members[m]);
        latest[pathway] = (uint32_t)w->out->n_spells;
        sp = &w->out->spells[w->out->n_spells - 1];
    }
    sp->n_records++;
    w->spell_of[m * w->r->org->n_pathways + pathway] = latest[pathway];
}

/* Records that begin on the same day go by pathway, so that spells come out by (onset, pathway). */
static void build_in_period(struct work *w, size_t period)
{
    const struct period *p = &w->out->periods[period];
    size_t first = w->first_member[period], end = first + p->n_records;
    uint32_t latest[PATHWAYS_MAX] = {0};
    for (size_t i = first, next; i < end; i = next) {
        uint32_t any = 0;
        for (next = i; next < end && date_eq(w->members[next].rec->onset, w->members[i].rec->onset);
             next++) {
            any |= w->members[next].pathways;
        }
        for (size_t pathway = 0; any >> pathway != 0; pathway++) {
            for (size_t m = i; m < next; m++) {
                if ((w->members[m].pathways >> pathway & 1) != 0) {
                    place(w, latest, pathway, p, m);
                }
            }
        }
    }
}

/* The earliest of its records' for the pathway. A record that only a contact holds may never have
 * been known to match. */
static void note_known(const struct work *w, struct spell *sp, const struct record *rec)
{
    struct instant at = rec->known_kept ? INSTANT_NONE : rec->first_notice;
    for (size_t i = 0; i < rec->n_known; i++) {
        if (strcmp(rec->known[i].pathway, w->r->org->pathways[sp->pathway].name) == 0) {
            at = rec->known[i].at;
        }
    }
    if (!instant_is_none(at) && (instant_is_none(sp->known_at) || at.us < sp->known_at.us)) {
        sp->known_at = at;
    }
}

static void give_records(struct work *w, size_t n_memberships)
{
    const struct record **records = arena_array(w->a, n_memberships, sizeof(void *));
    struct casework *out = w->out;
    size_t n_pathways = w->r->org->n_pathways;
    for (size_t i = 0; i < out->n_spells; i++) {
        out->spells[i].records = records;
        records += out->spells[i].n_records;
        out->spells[i].n_records = 0;
        out->spells[i].known_at = INSTANT_NONE;
    }
    for (size_t i = 0; i < w->n_members * n_pathways; i++) {
        if (w->spell_of[i] == 0) {
            continue;
        }
        const struct member *m = &w->members[i / n_pathways];
        struct spell *sp = &out->spells[w->spell_of[i] - 1];
        uint32_t bit = UINT32_C(1) << sp->pathway;
        sp->records[sp->n_records++] = m->rec;
        sp->review_first |= (m->review_first & bit) != 0;
        sp->backdated |= m->rec->onset.days < m->rec->first_onset.days;
        note_known(w, sp, m->rec);
        w->spells[w->spell_of[i] - 1].by_leaving |= m->by_leaving;
    }
}

/* Back with the same trouble: the spell of the pathway before this one ended not long ago. Ended it
 * has: else this one would be part of it. */
static void link_relapses(struct work *w)
{
    struct spell *latest[PATHWAYS_MAX] = {NULL};
    for (size_t i = 0; i < w->out->n_spells; i++) {
        struct spell *sp = &w->out->spells[i];
        const struct spell *before = latest[sp->pathway];
        latest[sp->pathway] = sp;
        if (before == NULL) {
            continue;
        }
        int gap = sp->onset.days - before->last_day.days - 1;
        sp->relapse = gap >= 1 && gap <= w->r->org->link_days;
        sp->relapse_of = sp->relapse ? before : NULL;
    }
}

static void finish(const struct work *w, struct spell *sp)
{
    bool closed = !date_is_none(sp->ends_on) && sp->ends_on.days < w->today.days;
    sp->last_day = closed ? sp->ends_on : DATE_NONE;
    sp->expected_return = sp->period->expected_return;
    sp->first_notice = sp->anchor->first_notice;
    uint8_t mac[SHA256_BYTES];
    const char *const parts[] = {"s",
                                 w->f->organisation,
                                 w->f->person_id,
                                 sp->anchor->source,
                                 sp->anchor->absence_id,
                                 w->r->org->pathways[sp->pathway].name};
    hmac_parts(w->r->install_key, parts, sizeof parts / sizeof parts[0], mac);
    id_from_mac(mac, sp->id);
}

void spell_build(struct work *w)
{
    size_t n_memberships = 0;
    for (size_t i = 0; i < w->n_members; i++) {
        n_memberships += (size_t)__builtin_popcount(w->members[i].pathways);
    }
    if (n_memberships == 0) {
        return;
    }
    w->out->spells = arena_array(w->a, n_memberships, sizeof *w->out->spells);
    w->spells = arena_array(w->a, n_memberships, sizeof *w->spells);
    w->spell_of = arena_array(w->a, w->n_members * w->r->org->n_pathways, sizeof *w->spell_of);
    for (size_t i = 0; i < w->out->n_periods; i++) {
        build_in_period(w, i);
    }
    give_records(w, n_memberships);
    for (size_t i = 0; i < w->out->n_spells; i++) {
        finish(w, &w->out->spells[i]);
    }
    link_relapses(w);
}

bool spell_off(const struct spell *sp, struct date day)
{
    return sp->onset.days <= day.days &&
           (date_is_none(sp->ends_on) || sp->ends_on.days >= day.days);
}

/* ---- what clinicians did ---- */

/* Index + 1 of the spell that holds a record now, or 0. */
static uint32_t holder(const struct work *w, size_t pathway, const struct record_ref *ref)
{
    const struct member *m = spell_find_member(w, ref);
    return m == NULL ? 0 : w->spell_of[(size_t)(m - w->members) * w->r->org->n_pathways + pathway];
}

static uint32_t covering(const struct work *w, size_t pathway, struct date day)
{
    for (size_t i = 0; i < w->out->n_spells; i++) {
        const struct spell *sp = &w->out->spells[i];
        if (sp->pathway == pathway && spell_off(sp, day)) {
            return (uint32_t)i + 1;
        }
    }
    return 0;
}

/* An entry counts for the spell with its anchor of that time; else for the earliest with any of its
 * records; else for the spell of that day. 0: none. */
static uint32_t counts_for(const struct work *w, const struct contact_fact *c)
{
    size_t pathway = pathway_index(w->r->org, c->pathway);
    if (pathway == w->r->org->n_pathways) {
        return 0;
    }
    uint32_t found = holder(w, pathway, &c->anchor);
    if (found > 0) {
        return found;
    }
    for (size_t i = 0; i < c->n_records; i++) {
        uint32_t other = holder(w, pathway, &c->records[i]);
        if (other > 0 && (found == 0 || other < found)) {
            found = other;
        }
    }
    return found > 0 ? found : covering(w, pathway, work_local_date(w, c->at));
}

static int entry_order(const void *a, const void *b)
{
    const struct contact_fact *x = *(const struct contact_fact *const *)a;
    const struct contact_fact *y = *(const struct contact_fact *const *)b;
    if (x->at.us != y->at.us) {
        return x->at.us < y->at.us ? -1 : 1;
    }
    return x->entry_id < y->entry_id ? -1 : x->entry_id > y->entry_id;
}

static void note_change(struct work *w, const struct spell *sp, const struct contact_fact *c)
{
    struct period *p = &w->out->periods[sp->period - w->out->periods];
    struct instant at = c->entered_at.us > c->at.us ? c->entered_at : c->at;
    if (at.us > p->changed_at.us) {
        p->changed_at = at;
    }
}

void spell_contacts(struct work *w)
{
    size_t n = w->f->n_contacts;
    if (n == 0 || w->out->n_spells == 0) {
        return;
    }
    uint32_t *spell = arena_array(w->a, n, sizeof *spell);
    for (size_t i = 0; i < n; i++) {
        const struct contact_fact *c = &w->f->contacts[i];
        spell[i] = counts_for(w, c);
        if (spell[i] == 0) {
            continue;
        }
        note_change(w, &w->out->spells[spell[i] - 1], c);
        if (c->retracted) {
            spell[i] = 0; /* the undo is a change; the entry itself has never been */
        } else {
            w->spells[spell[i] - 1].n_entries++;
        }
    }
    const struct contact_fact **entries = arena_array(w->a, n, sizeof(void *));
    for (size_t i = 0; i < w->out->n_spells; i++) {
        w->spells[i].entries = entries;
        entries += w->spells[i].n_entries;
        w->spells[i].n_entries = 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (spell[i] > 0) {
            struct spell_work *sw = &w->spells[spell[i] - 1];
            sw->entries[sw->n_entries++] = &w->f->contacts[i];
        }
    }
    for (size_t i = 0; i < w->out->n_spells; i++) {
        order_sort(w->a, w->spells[i].entries, w->spells[i].n_entries, sizeof(void *), entry_order);
    }
}
