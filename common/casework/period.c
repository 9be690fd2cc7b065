#include <string.h>

#include "common/casework/work.h"

static int onset_order(const void *a, const void *b)
{
    const struct record *x = ((const struct member *)a)->rec;
    const struct record *y = ((const struct member *)b)->rec;
    if (!date_eq(x->onset, y->onset)) {
        return x->onset.days < y->onset.days ? -1 : 1;
    }
    return work_identity_order(x->source, x->absence_id, y->source, y->absence_id);
}

/* When a record ends, as far as that is known. Leaving ends what is open then, or would have lasted
 * to the last day of employment or longer. */
static void find_end(const struct work *w, struct member *m)
{
    const struct record *rec = m->rec;
    struct date left = w->f->left.on;
    m->end = rec->open_ended ? DATE_NONE : rec->last_day;
    m->by_leaving = !date_is_none(left) && rec->onset.days <= left.days &&
                    (date_is_none(m->end) || m->end.days >= left.days);
    if (m->by_leaving) {
        m->end = left;
    }
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
            work_wake(w, &w->out->prompt_wake_at, work_midnight(w, rec->onset));
            continue;
        }
        struct member *m = &w->members[w->n_members++];
        m->rec = rec;
        find_end(w, m);
        match_reason(w, m);
        if (!date_is_none(m->end)) {
            work_wake(w, &w->out->prompt_wake_at, work_midnight(w, date_add(m->end, 1)));
        }
    }
    work_sort(w->a, w->members, w->n_members, sizeof *w->members, onset_order);
}

static bool is_open(const struct work *w, const struct member *m)
{
    return date_is_none(m->end) || m->end.days >= w->today.days;
}

static struct date expected_return(const struct work *w, const struct member *m)
{
    if (!is_open(w, m)) {
        return DATE_NONE;
    }
    return date_is_none(m->rec->last_day) ? m->rec->expected_return : date_add(m->rec->last_day, 1);
}

static void add_member(const struct work *w, struct period *p, const struct member *m)
{
    p->records[p->n_records++] = m->rec;
    if (p->anchor == NULL || work_anchor_order(m->rec, p->anchor) < 0) {
        p->anchor = m->rec;
    }
    bool endless = p->n_records > 1 && date_is_none(p->ends_on);
    p->ends_on = endless || date_is_none(m->end) ? DATE_NONE : work_later(p->ends_on, m->end);
    p->expected_return = work_later(p->expected_return, expected_return(w, m));
    p->closed_by_leaving |= m->by_leaving;
    if (m->rec->changed_at.us > p->changed_at.us) {
        p->changed_at = m->rec->changed_at;
    }
}

static void finish(const struct work *w, struct period *p)
{
    const struct facts *f = w->f;
    bool closed = !date_is_none(p->ends_on) && p->ends_on.days < w->today.days;
    p->last_day = closed ? p->ends_on : DATE_NONE;
    p->closed_by_leaving &= closed;
    p->closed_by_death =
        !date_is_none(f->died.on) && (!closed || p->last_day.days >= f->died.on.days);
    p->first_notice = p->anchor->first_notice;
    uint8_t mac[SHA256_BYTES];
    const char *const parts[] = {"p", f->organisation, f->person_id, p->anchor->source,
                                 p->anchor->absence_id};
    hmac_parts(w->r->install_key, parts, sizeof parts / sizeof parts[0], mac);
    id_from_mac(mac, p->id);
}

/* A period goes on while the next onset is at most the day after its end. Leaving ends it for good:
 * who is employed again and off the next day begins another. */
static bool goes_on(const struct work *w, const struct period *p, const struct member *m)
{
    bool left_between = p->closed_by_leaving && m->rec->onset.days > w->f->left.on.days;
    return !left_between && (date_is_none(p->ends_on) || m->rec->onset.days <= p->ends_on.days + 1);
}

void period_build(struct work *w)
{
    struct casework *out = w->out;
    out->periods = arena_array(w->a, w->n_members, sizeof *out->periods);
    w->first_member = arena_array(w->a, w->n_members, sizeof *w->first_member);
    const struct record **records = arena_array(w->a, w->n_members, sizeof(void *));
    struct period *p = NULL;
    for (size_t i = 0; i < w->n_members; i++) {
        const struct member *m = &w->members[i];
        if (p == NULL || !goes_on(w, p, m)) {
            if (p != NULL) {
                finish(w, p);
            }
            w->first_member[out->n_periods] = i;
            p = &out->periods[out->n_periods++];
            *p = (struct period){.records = records + i,
                                 .onset = m->rec->onset,
                                 .ends_on = DATE_NONE,
                                 .expected_return = DATE_NONE,
                                 .changed_at = INSTANT_NONE,
                                 .settled_at = INSTANT_NONE};
        }
        add_member(w, p, m);
    }
    if (p != NULL) {
        finish(w, p);
    }
}

/* A fact about the person concerns a period that was not settled on its date, and, taken back,
 * every period: nothing tells any more which one it had closed. */
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
        /* Who died stays off on paper until HR ends the record, which it may never do. */
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
        last = work_later(last, work_local_date(w, p->changed_at));
        p->settled_at = work_midnight(w, date_add(last, days));
    }
}
