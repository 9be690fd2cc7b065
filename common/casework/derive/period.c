/* Occupational health's periods, and from the same records HR's. HR's are built from a copy of the
 * facts that cannot hold reasons, contacts or opt-outs (hr.h). Settling comes last, after the
 * contacts were placed, since an entry is a fact of its period too. */
#include <string.h>

#include "common/casework/derive/chain.h"
#include "common/casework/derive/derive.h"
#include "common/casework/derive/work.h"

static int onset_order(const void *a, const void *b)
{
    const struct record *x = ((const struct member *)a)->rec;
    const struct record *y = ((const struct member *)b)->rec;
    if (!date_eq(x->onset, y->onset)) {
        return x->onset.days < y->onset.days ? -1 : 1;
    }
    return order_identity(x->source, x->absence_id, y->source, y->absence_id);
}

static void match_reason(const struct work *w, struct member *m)
{
    struct reason_match match = {.what = MATCH_NONE};
    switch (m->rec->reason) {
    case REASON_NOT_GIVEN:
        match.what = MATCH_WATCH;
        break;
    case REASON_KEPT: /* by the rules of today: they may have changed since it was received */
        match = settings_match(w->r->org, m->rec->scheme, m->rec->code);
        break;
    case REASON_NEVER:
        match.what = MATCH_NEVER;
        break;
    case REASON_NO_MATCH:
    default:
        break;
    }
    m->never = match.what == MATCH_NEVER;
    m->watched = match.what == MATCH_WATCH;
    m->matched = match.pathways;
    m->review_first = match.review_first;
    m->pathways = match.pathways;
}

/* The records that take part: not cancelled, and begun by today. */
void period_members(struct work *w)
{
    w->members = arena_array(w->a, w->f->n_records, sizeof *w->members);
    for (size_t i = 0; i < w->f->n_records; i++) {
        const struct record *rec = &w->f->records[i];
        if (rec->cancelled) {
            continue;
        }
        if (rec->onset.days > w->today.days) {
            work_wake(w, &w->period_wake_at, work_midnight(w, rec->onset));
            continue;
        }
        struct member *m = &w->members[w->n_members++];
        m->rec = rec;
        match_reason(w, m);
    }
    order_sort(w->a, w->members, w->n_members, sizeof *w->members, onset_order);
}

static struct chain_person chain_person(const struct work *w)
{
    return (struct chain_person){
        .left_on = w->f->left.on, .died_on = w->f->died.on, .today = w->today};
}

static struct chain_record *chain_records(const struct work *w)
{
    struct chain_record *out = arena_array(w->a, w->n_members, sizeof *out);
    for (size_t i = 0; i < w->n_members; i++) {
        const struct record *rec = w->members[i].rec;
        out[i] = (struct chain_record){.source = rec->source,
                                       .absence_id = rec->absence_id,
                                       .onset = rec->onset,
                                       .last_day = rec->last_day,
                                       .expected_return = rec->expected_return,
                                       .open_ended = rec->open_ended,
                                       .left_counts = true,
                                       .died_counts = true,
                                       .first_notice = rec->first_notice,
                                       .changed_at = rec->changed_at};
    }
    return out;
}

void period_id(const struct facts *f, const struct rules *r, const struct record *anchor,
               char out[ID_TEXT])
{
    uint8_t mac[SHA256_BYTES];
    const char *const parts[] = {"p", f->organisation, f->person_id, anchor->source,
                                 anchor->absence_id};
    hmac_parts(r->install_key, parts, sizeof parts / sizeof parts[0], mac);
    id_from_mac(mac, out);
}

void period_build(struct work *w)
{
    struct casework *out = w->out;
    const struct chain_person person = chain_person(w);
    struct chain_record *chain = chain_records(w);
    struct chain *found = arena_array(w->a, w->n_members, sizeof *found);
    out->n_periods = chain_build(chain, w->n_members, &person, found);
    out->periods = arena_array(w->a, out->n_periods, sizeof *out->periods);
    w->first_member = arena_array(w->a, out->n_periods, sizeof *w->first_member);
    const struct record **records = arena_array(w->a, w->n_members, sizeof(void *));
    for (size_t i = 0; i < w->n_members; i++) {
        records[i] = w->members[i].rec;
        w->members[i].end = chain[i].end;
        w->members[i].by_leaving = chain[i].by_leaving;
        if (!date_is_none(chain[i].end)) {
            work_wake(w, &w->period_wake_at, work_midnight(w, date_add(chain[i].end, 1)));
        }
    }
    for (size_t i = 0; i < out->n_periods; i++) {
        const struct chain *c = &found[i];
        struct period *p = &out->periods[i];
        w->first_member[i] = c->first;
        *p = (struct period){.records = records + c->first,
                             .n_records = c->n,
                             .anchor = records[c->anchor],
                             .onset = c->onset,
                             .ends_on = c->ends_on,
                             .last_day = c->last_day,
                             .expected_return = c->expected_return,
                             .closed_by_leaving = c->closed_by_leaving,
                             .closed_by_death = c->closed_by_death,
                             .first_notice = records[c->anchor]->first_notice,
                             .changed_at = c->changed_at,
                             .settled_at = INSTANT_NONE};
        period_id(w->f, w->r, p->anchor, p->id);
    }
}

/* ---- HR's, from HR's facts alone ---- */

struct hr_facts period_hr_facts(const struct facts *f, struct arena *a)
{
    struct hr_record *records = arena_array(a, f->n_records, sizeof *records);
    for (size_t i = 0; i < f->n_records; i++) {
        const struct record *rec = &f->records[i];
        records[i] = (struct hr_record){
            .source = rec->source,
            .absence_id = rec->absence_id,
            .assignment_id = rec->assignment_id,
            .onset = rec->onset,
            .last_day = rec->last_day,
            .expected_return = rec->expected_return,
            .fit_note_from = rec->fit_note_from,
            .fit_note_to = rec->fit_note_to,
            .phased_return_from = rec->phased_return_from,
            .open_ended = rec->open_ended,
            .cancelled = rec->cancelled,
            .reason_missing = rec->reason_missing && !rec->cancelled,
            .first_notice = rec->first_notice,
            .held_since = instant_is_none(rec->held_since) ? rec->first_notice : rec->held_since,
            .changed_at = rec->hr_changed_at,
            .gone_at = rec->gone_at};
    }
    return (struct hr_facts){.records = records,
                             .n_records = f->n_records,
                             .left = {.known = f->left.id != NULL, .on = f->left.on},
                             .died = {.known = f->died.id != NULL, .on = f->died.on},
                             .changed_at = f->hr_changed_at};
}

struct hr_rules period_hr_rules(const struct rules *r)
{
    return (struct hr_rules){
        .prompt = {.calendar = r->calendar, .division = r->org->division, .zone = r->zone},
        .past = r->past,
        .n_past = r->n_past,
        .unmatched_days = r->org->unmatched_days,
        .settle_days = r->org->settle_days};
}

void period_hr_view(const struct facts *f, const struct rules *r, struct instant now,
                    struct arena *a, struct hr_view *out)
{
    const struct hr_facts facts = period_hr_facts(f, a);
    const struct hr_rules rules = period_hr_rules(r);
    hr_view(&facts, &rules, now, a, out);
}

/* Mostly occupational health has a period with the same anchor: its id is known. */
static void name_as_oh_does(const struct work *w, struct period *p)
{
    for (size_t i = 0; i < w->out->n_periods; i++) {
        if (w->out->periods[i].anchor == p->anchor) {
            memcpy(p->id, w->out->periods[i].id, ID_TEXT);
            return;
        }
    }
    period_id(w->f, w->r, p->anchor, p->id);
}

void period_hr(struct work *w)
{
    struct casework *out = w->out;
    struct hr_view *view = &w->hr;
    period_hr_view(w->f, w->r, w->now, w->a, view);
    out->gone_at = view->gone_at;
    out->prompt_wake_at = view->wake_at;
    out->n_hr_periods = view->n_periods;
    out->hr_periods = arena_array(w->a, view->n_periods, sizeof *out->hr_periods);
    for (size_t i = 0; i < view->n_periods; i++) {
        const struct hr_period *h = &view->periods[i];
        struct period *p = &out->hr_periods[i];
        const struct record **records = arena_array(w->a, h->n_records, sizeof(void *));
        for (size_t k = 0; k < h->n_records; k++) {
            records[k] = &w->f->records[h->records[k]];
        }
        const struct record *anchor = &w->f->records[h->anchor];
        *p = (struct period){.records = records,
                             .n_records = h->n_records,
                             .anchor = anchor,
                             .onset = h->onset,
                             .ends_on = h->ends_on,
                             .last_day = h->last_day,
                             .expected_return = h->expected_return,
                             .closed_by_leaving = h->closed_by_leaving,
                             .closed_by_death = h->closed_by_death,
                             .first_notice = anchor->first_notice,
                             .changed_at = h->changed_at,
                             .settled_at = h->settled_at};
        name_as_oh_does(w, p);
    }
}

/* ---- settling ---- */

/* A fact about the person concerns a period that was not settled on its date. An undone fact
 * concerns every period, since nothing shows which one it had closed. */
static bool concerns(const struct dated_fact *fact, struct date last_day, int settle_days)
{
    return fact->id != NULL &&
           (date_is_none(fact->on) || fact->on.days <= last_day.days + settle_days);
}

/* After the contacts: an entry is a fact of its period too. */
void period_settle(struct work *w)
{
    const struct facts *f = w->f;
    int days = w->r->org->settle_days;
    for (size_t i = 0; i < w->out->n_periods; i++) {
        struct period *p = &w->out->periods[i];
        /* A person who died stays off on paper until HR ends the record, which it may never do. */
        struct date last =
            date_is_none(p->last_day) && p->closed_by_death ? f->died.on : p->last_day;
        if (date_is_none(last)) {
            continue;
        }
        if ((concerns(&f->left, last, days) || concerns(&f->died, last, days) ||
             concerns(&f->opt, last, days)) &&
            f->changed_at.us > p->changed_at.us) {
            p->changed_at = f->changed_at;
        }
        last = order_later(last, work_local_date(w, p->changed_at));
        p->settled_at = work_midnight(w, date_add(last, days));
    }
}
