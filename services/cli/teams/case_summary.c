/* is_worth_telling() is the rule of followup's diff.c once more, since commands include nothing of
 * followup. The two have to agree. */
#include "services/cli/teams/case_summary.h"

#include <string.h>

#include "common/casefile/ahead.h"

/* HR's horizon, what is switched off, and what an organisation's history is loaded without. */
static bool is_worth_telling(const struct rules *r, struct instant now,
                             const struct timeline_event *e)
{
    bool old = event_kind_audience(e->kind) == AUDIENCE_HR &&
               now.us - e->at.us > r->org->prompt_days * US_PER_DAY;
    return !old && ahead_is_wanted(e, r->org, r->zone);
}

static void take_spell(const struct spell *sp, const struct org_rules *org, struct instant now,
                       struct case_summary_spell *out)
{
    *out = (struct case_summary_spell){
        .pathway = org->pathways[sp->pathway].name,
        .queue = org->pathways[sp->pathway].queue,
        .pathway_index = sp->pathway,
        .anchor = {.source = sp->anchor->source, .absence_id = sp->anchor->absence_id},
        .n_records = sp->n_records,
        .due_date = sp->due_date,
        .state = sp->state,
        .end_reason = sp->end_reason,
        .settled = derive_is_settled(sp->period->settled_at, now)};
    memcpy(out->id, sp->id, ID_TEXT);
}

void case_summary_of(const struct facts *f, const struct rules *r, struct instant now,
                     struct arena *a, struct case_summary *out)
{
    struct casework cw = {0};
    derive(f, r, now, a, &cw);
    *out = (struct case_summary){.spells = arena_array(a, cw.n_spells, sizeof *out->spells),
                                 .events = arena_array(a, cw.n_timeline, sizeof *out->events),
                                 .n_spells = cw.n_spells};
    for (size_t i = 0; i < cw.n_spells; i++) {
        take_spell(&cw.spells[i], r->org, now, &out->spells[i]);
    }
    for (size_t i = 0; i < cw.n_timeline && cw.timeline[i].at.us <= now.us; i++) {
        const struct timeline_event *e = &cw.timeline[i];
        struct case_summary_event *b = &out->events[out->n_events++];
        *b = (struct case_summary_event){.kind = e->kind,
                                         .worth_telling = is_worth_telling(r, now, e),
                                         .settled = derive_is_settled(e->period->settled_at, now)};
        memcpy(b->subject, e->spell != NULL ? e->spell->id : e->period->id, ID_TEXT);
        (void)event_kind_occurrence(e->kind, e->at, e->occurs_on, b->occurrence);
    }
}

const struct case_summary_spell *case_summary_spell_in(const struct case_summary *b, const char *id)
{
    for (size_t i = 0; i < b->n_spells; i++) {
        if (strcmp(b->spells[i].id, id) == 0) {
            return &b->spells[i];
        }
    }
    return NULL;
}

const struct case_summary_event *case_summary_event_in(const struct case_summary *b,
                                                       const struct case_summary_event *e)
{
    for (size_t i = 0; i < b->n_events; i++) {
        const struct case_summary_event *x = &b->events[i];
        if (x->kind == e->kind && strcmp(x->subject, e->subject) == 0 &&
            strcmp(x->occurrence, e->occurrence) == 0) {
            return x;
        }
    }
    return NULL;
}
