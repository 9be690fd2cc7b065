/* The order matters: records that take part, records that contacts hold, periods, spells, entries,
 * tasks, settling, HR's view, events. Each step reads the results of those before. */
#include "common/casework/derive/derive.h"

#include <string.h>

#include "common/casework/derive/work.h"

bool derive_is_settled(struct instant settled_at, struct instant now)
{
    return !instant_is_none(settled_at) && settled_at.us <= now.us;
}

void derive(const struct facts *f, const struct rules *r, struct instant now, struct arena *a,
            struct casework *out)
{
    *out = (struct casework){
        .prompt_wake_at = INSTANT_NONE, .oh_wake_at = INSTANT_NONE, .no_reason_since = DATE_NONE};
    struct work w = {.f = f,
                     .r = r,
                     .now = now,
                     .today = zone_date(r->zone, now),
                     .a = a,
                     .out = out,
                     .period_wake_at = INSTANT_NONE};
    period_members(&w);
    spell_hold(&w);
    period_build(&w);
    spell_build(&w);
    spell_contacts(&w);
    for (size_t i = 0; i < out->n_spells; i++) {
        task_judge(&w, i);
    }
    period_settle(&w);
    period_hr(&w);
    timeline_build(&w);
    if (out->n_spells > 0) { /* they change as their periods do */
        work_wake(&w, &out->oh_wake_at, w.period_wake_at);
        if (f->opted_out) {
            work_wake(&w, &out->oh_wake_at, work_midnight(&w, f->opt.on));
        }
    }
    out->wake_at = INSTANT_NONE;
    work_wake(&w, &out->wake_at, out->prompt_wake_at);
    work_wake(&w, &out->wake_at, out->oh_wake_at);
}

static const struct record *find_record(const struct facts *f, const struct record_ref *ref)
{
    for (size_t i = 0; i < f->n_records; i++) {
        const struct record *rec = &f->records[i];
        if (order_identity(rec->source, rec->absence_id, ref->source, ref->absence_id) == 0) {
            return rec;
        }
    }
    return NULL;
}

static bool in_spell_of(const struct casework *cw, const struct record *rec, size_t pathway)
{
    for (size_t i = 0; i < cw->n_spells; i++) {
        const struct spell *sp = &cw->spells[i];
        for (size_t k = 0; sp->pathway == pathway && k < sp->n_records; k++) {
            if (sp->records[k] == rec) {
                return true;
            }
        }
    }
    return false;
}

/* By its reason as it is now; what a contact holds is another matter. */
static bool matches_another(const struct org_rules *org, const struct record *rec, size_t pathway)
{
    if (rec->reason != REASON_KEPT) {
        return false;
    }
    uint32_t matched = settings_match(org, rec->scheme, rec->code).pathways;
    return matched != 0 && (pathway == org->n_pathways || (matched >> pathway & 1) == 0);
}

enum end_reason derive_tombstone(const struct facts *f, const struct rules *r, struct instant now,
                                 const struct casework *cw, struct record_ref anchor,
                                 size_t pathway)
{
    const struct record *rec = find_record(f, &anchor);
    if (rec == NULL) {
        return END_MOVED;
    }
    if (rec->cancelled) {
        return END_ENTERED_IN_ERROR;
    }
    if (rec->onset.days > zone_date(r->zone, now).days) {
        return END_NOT_YET;
    }
    if (matches_another(r->org, rec, pathway)) {
        return END_SUPERSEDED;
    }
    return in_spell_of(cw, rec, pathway) ? END_MERGED : END_PATHWAY_NO_LONGER_MATCHES;
}
