/* Three comparisons: records by change, spells by fingerprint (ADR 13), and stored spells that no
 * longer come out, which become tombstones with a reason. A period that settled keeps its rows as
 * they are: rules that came later make nothing new of it. */
#include "common/casefile/changeset.h"

#include <string.h>

static uint64_t mix(uint64_t h, uint64_t v)
{
    h ^= v + UINT64_C(0x9e3779b97f4a7c15) + (h << 6) + (h >> 2);
    return h * UINT64_C(0xff51afd7ed558ccd);
}

static uint64_t mix_text(uint64_t h, const char *s)
{
    if (s == NULL) {
        return mix(h, 1);
    }
    uint64_t t = UINT64_C(14695981039346656037);
    for (; *s != '\0'; s++) {
        t = (t ^ (unsigned char)*s) * UINT64_C(1099511628211);
    }
    return mix(h, t);
}

static int64_t details_hash(const struct contact_details *c)
{
    uint64_t h = 7;
    h = mix_text(mix_text(mix_text(h, c->name), c->phone), c->email);
    h = mix_text(mix_text(h, c->language), c->preferred_time);
    h = mix_text(mix_text(h, c->needs), c->job);
    h = mix(mix(h, (uint32_t)c->date_of_birth.days), c->way);
    return (int64_t)mix(h, c->voicemail);
}

static int64_t spell_fingerprint(const struct case_person *p, const struct spell *sp)
{
    uint64_t h = mix_text(mix_text(11, sp->period->id), p->rules.org->pathways[sp->pathway].queue);
    h = mix_text(mix_text(h, sp->anchor->source), sp->anchor->absence_id);
    for (size_t i = 0; i < sp->n_records; i++) {
        h = mix_text(mix_text(h, sp->records[i]->source), sp->records[i]->absence_id);
    }
    h = mix(mix(h, (uint32_t)sp->onset.days), (uint32_t)sp->last_day.days);
    h = mix(mix(h, (uint32_t)sp->expected_return.days), (uint64_t)sp->first_notice.us);
    h = mix_text(h, sp->relapse_of == NULL ? NULL : sp->relapse_of->id);
    uint32_t flags = (uint32_t)sp->relapse | (uint32_t)sp->late_report << 1 |
                     (uint32_t)sp->backdated << 2 | (uint32_t)sp->review_first << 3 |
                     (uint32_t)sp->red_flag << 4 | (uint32_t)sp->reason_changed << 5 |
                     (uint32_t)sp->case_closed << 6 | (uint32_t)sp->reason_late << 7 |
                     (uint32_t)sp->red_flag_open << 8 | (uint32_t)sp->unreachable << 9;
    h = mix(mix(h, flags), (uint64_t)sp->priority);
    h = mix(mix(h, (uint32_t)sp->due_date.days), (uint32_t)sp->work_by_date.days);
    h = mix(mix(h, (uint32_t)sp->respond_by.days), (uint64_t)sp->state << 8 | sp->end_reason);
    h = mix(mix(h, (uint64_t)sp->contacted_at.us), (uint64_t)sp->first_attempt_at.us);
    h = mix(mix(h, (uint64_t)sp->attempts), sp->last_outcome);
    h = mix_text(mix(h, (uint32_t)sp->review_on.days), sp->assigned_to);
    h = mix(mix(h, (uint64_t)sp->elapsed_days), (uint64_t)sp->elapsed_working_days);
    h = mix(mix(h, (uint64_t)sp->known_at.us), (uint64_t)sp->call_back_at.us);
    h = mix_text(mix(mix(h, (uint64_t)sp->closed_at.us), sp->close_reason), sp->oh_record);
    return (int64_t)mix(h, (uint64_t)sp->period->settled_at.us);
}

static void changeset_records(struct changeset *changes, const struct case_person *p)
{
    for (size_t i = 0; i < p->facts.n_records; i++) {
        const struct record *rec = &p->facts.records[i];
        const struct record_state *state = &p->state[i];
        if (!state->dirty) {
            continue;
        }
        struct record_row *row = &changes->records[changes->n_records++];
        *row = (struct record_row){
            .p = p, .rec = rec, .state = state, .has_details = rec->has_contact};
        if (rec->has_contact) {
            row->hash = state->details_dirty ? details_hash(&rec->contact) : state->details_hash;
        }
    }
}

static const struct stored_spell *stored_as(const struct case_person *p, const char *spell_id)
{
    for (size_t i = 0; i < p->n_spells; i++) {
        if (strcmp(p->spells[i].spell_id, spell_id) == 0) {
            return &p->spells[i];
        }
    }
    return NULL;
}

static const char **sorted_absence_ids(struct arena *a, const struct spell *sp, size_t *n)
{
    const char **ids = arena_array(a, sp->n_records, sizeof *ids);
    *n = 0;
    for (size_t i = 0; i < sp->n_records; i++) {
        const char *id = sp->records[i]->absence_id;
        size_t at = *n;
        while (at > 0 && strcmp(ids[at - 1], id) > 0) {
            at--;
        }
        if (at > 0 && strcmp(ids[at - 1], id) == 0) {
            continue; /* two sources, one id */
        }
        memmove(&ids[at + 1], &ids[at], (*n - at) * sizeof *ids);
        ids[at] = id;
        (*n)++;
    }
    return ids;
}

static bool has_record(const struct period *p, const struct record_ref *ref)
{
    for (size_t i = 0; i < p->n_records; i++) {
        if (strcmp(p->records[i]->absence_id, ref->absence_id) == 0 &&
            strcmp(p->records[i]->source, ref->source) == 0) {
            return true;
        }
    }
    return false;
}

/* Settled, and the row was written when that was known. It may have been written while the period
 * was open, and not been derived since. */
static bool stays_as_it_is(const struct stored_spell *stored, const struct spell *sp,
                           struct instant now)
{
    return derive_is_settled(sp->period->settled_at, now) &&
           derive_is_settled(stored->settled_at, now);
}

/* A period that settled with rows gets no more of them: those would be of rules that came later. */
static bool settled_without(const struct case_person *p, const struct spell *sp, struct instant now)
{
    if (!derive_is_settled(sp->period->settled_at, now)) {
        return false;
    }
    for (size_t i = 0; i < p->n_spells; i++) {
        const struct stored_spell *stored = &p->spells[i];
        if (!stored->tombstone && derive_is_settled(stored->settled_at, now) &&
            has_record(sp->period, &stored->anchor)) {
            return true;
        }
    }
    return false;
}

static bool stays(const struct case_person *p, const struct stored_spell *stored,
                  const struct spell *sp, int64_t fingerprint, struct instant now)
{
    if (stored != NULL && stays_as_it_is(stored, sp, now)) {
        return true;
    }
    return stored != NULL && !stored->tombstone ? stored->fingerprint == fingerprint
                                                : settled_without(p, sp, now);
}

static void changeset_spells(struct changeset *changes, struct arena *a,
                             const struct case_person *p, struct instant now, const char *why)
{
    for (size_t i = 0; i < p->cw.n_spells; i++) {
        const struct spell *sp = &p->cw.spells[i];
        const struct stored_spell *stored = stored_as(p, sp->id);
        int64_t fingerprint = spell_fingerprint(p, sp);
        if (stays(p, stored, sp, fingerprint, now)) {
            continue;
        }
        struct spell_row *row = &changes->spells[changes->n_spells++];
        *row = (struct spell_row){.p = p,
                                  .sp = sp,
                                  .fingerprint = fingerprint,
                                  .stored = stored != NULL,
                                  .ctid = stored == NULL ? 0 : stored->ctid};
        row->absence_ids = sorted_absence_ids(a, sp, &row->n_absence_ids);
        if (stored != NULL && !date_eq(stored->due_date, sp->due_date)) {
            char from[DATE_TEXT], to[DATE_TEXT];
            changes->moved[changes->n_moved++] = (struct moved_row){
                .p = p,
                .detail = arena_printf(
                    a, "{\"task_id\":\"%s\",\"from\":\"%s\",\"to\":\"%s\",\"because\":\"%s\"}",
                    sp->id, date_format(stored->due_date, from), date_format(sp->due_date, to),
                    why)};
        }
    }
}

static size_t pathway_index(const struct org_rules *rules, const char *name)
{
    size_t i = 0;
    while (i < rules->n_pathways && strcmp(rules->pathways[i].name, name) != 0) {
        i++;
    }
    return i;
}

/* The instant of the period that the record is in now; NONE if it is in none. */
static struct instant settles_at(const struct case_person *p, const struct record_ref *ref)
{
    for (size_t i = 0; i < p->cw.n_periods; i++) {
        if (has_record(&p->cw.periods[i], ref)) {
            return p->cw.periods[i].settled_at;
        }
    }
    return INSTANT_NONE;
}

/* A record that is another person's now, and cancelled there, counts as entered in error. Its
 * person may not be loaded: then the stored reason still holds. */
static enum end_reason why_gone(const struct caseload *cl, const struct case_person *p,
                                const struct stored_spell *stored, struct instant now)
{
    enum end_reason reason = derive_tombstone(&p->facts, &p->rules, now, &p->cw, stored->anchor,
                                              pathway_index(p->rules.org, stored->pathway));
    if (reason != END_MOVED) {
        return reason;
    }
    const struct record *rec =
        caseload_record(cl, p->organisation, stored->anchor.source, stored->anchor.absence_id);
    bool error = rec != NULL
                     ? rec->cancelled
                     : stored->tombstone && stored->end_reason != NULL &&
                           strcmp(stored->end_reason, end_reason_name(END_ENTERED_IN_ERROR)) == 0;
    return error ? END_ENTERED_IN_ERROR : END_MOVED;
}

static void changeset_tombstones(struct changeset *changes, const struct caseload *cl,
                                 const struct case_person *p, struct instant now)
{
    for (size_t i = 0; i < p->n_spells; i++) {
        const struct stored_spell *stored = &p->spells[i];
        bool there = false;
        for (size_t k = 0; k < p->cw.n_spells && !there; k++) {
            there = strcmp(p->cw.spells[k].id, stored->spell_id) == 0;
        }
        /* A settled spell stays as it is, unless a fact of it changed: then its period is not
         * settled any more, or there is none. A spell that is no more gets the instant at which it
         * settles. */
        struct instant settled_at = settles_at(p, &stored->anchor);
        if (there ||
            (derive_is_settled(stored->settled_at, now) && derive_is_settled(settled_at, now))) {
            continue;
        }
        enum end_reason reason = why_gone(cl, p, stored, now);
        if (!stored->tombstone || stored->end_reason == NULL ||
            strcmp(stored->end_reason, end_reason_name(reason)) != 0 ||
            stored->settled_at.us != settled_at.us) {
            changes->tombstones[changes->n_tombstones++] = (struct tombstone_row){
                .stored = stored, .reason = reason, .settled_at = settled_at};
        }
    }
}

void changeset_make(struct changeset *changes, struct caseload *cl, struct instant now,
                    const char *why)
{
    size_t records = 0, spells = 0, stored = 0;
    for (size_t i = 0; i < cl->n_persons; i++) {
        records += cl->persons[i].facts.n_records;
        spells += cl->persons[i].cw.n_spells;
        stored += cl->persons[i].n_spells;
    }
    *changes = (struct changeset){
        .records = arena_array(cl->arena, records, sizeof *changes->records),
        .spells = arena_array(cl->arena, spells, sizeof *changes->spells),
        .moved = arena_array(cl->arena, spells, sizeof *changes->moved),
        .tombstones = arena_array(cl->arena, stored, sizeof *changes->tombstones),
        .persons = arena_array(cl->arena, cl->n_persons, sizeof *changes->persons),
        .new_persons = arena_array(cl->arena, cl->n_persons, sizeof *changes->new_persons)};
    for (size_t i = 0; i < cl->n_persons; i++) {
        const struct case_person *p = &cl->persons[i];
        if (!p->derived) {
            continue;
        }
        if (p->revision > 0) {
            changes->persons[changes->n_persons++] = p;
        } else {
            changes->new_persons[changes->n_new_persons++] = p;
        }
        changeset_records(changes, p);
        if (!p->aside) {
            changeset_spells(changes, cl->arena, p, now, why);
            changeset_tombstones(changes, cl, p, now);
        }
    }
}
