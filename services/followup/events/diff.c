/* Order: diff_stand() lists what is right by now, diff_mark_settled() marks the emitted rows that
 * nothing touches any more, diff() compares. An event is known by subject, kind and occurrence;
 * after a withdrawal it is emitted again under the next number. A withdrawal always comes before
 * the event that replaces it. */
#include "services/followup/events/diff.h"

#include <stdlib.h>
#include <string.h>

#include "common/casework/derive/feed.h"

static const char *occurrence_of(enum event_kind kind, struct instant at, struct date occurs_on,
                                 struct arena *a)
{
    char text[EVENT_OCCURRENCE_TEXT];
    return arena_strdup(a, event_kind_occurrence(kind, at, occurs_on, text));
}

static bool is_same(const struct standing *s, const char *subject, enum event_kind kind,
                    const char *occurrence)
{
    return s->kind == kind && strcmp(s->occurrence, occurrence) == 0 &&
           strcmp(s->subject, subject) == 0;
}

static bool has(const struct standing *s, size_t n, const char *subject, enum event_kind kind,
                const char *occurrence)
{
    for (size_t i = 0; i < n; i++) {
        if (is_same(&s[i], subject, kind, occurrence)) {
            return true;
        }
    }
    return false;
}

/* ---- what stands ---- */

void diff_stand(const struct casework *cw, struct instant now, struct arena *a,
                struct standing **out, size_t *n)
{
    struct standing *s = arena_array(a, cw->n_timeline, sizeof *s);
    *n = 0;
    for (size_t i = 0; i < cw->n_timeline; i++) {
        const struct timeline_event *e = &cw->timeline[i];
        if (e->at.us > now.us) {
            continue;
        }
        bool of_spell = event_kind_subject(e->kind) == SUBJECT_SPELL;
        struct standing one = {.kind = e->kind,
                               .subject = arena_printf(a, "%c%s", of_spell ? 's' : 'p',
                                                       of_spell ? e->spell->id : e->period->id),
                               .occurrence = occurrence_of(e->kind, e->at, e->occurs_on, a),
                               .at = e->at,
                               .occurs_on = e->occurs_on,
                               .due_on = e->due_on,
                               .end_reason = e->end_reason,
                               .superseded = e->superseded,
                               .settled = derive_is_settled(e->period->settled_at, now),
                               .spell = of_spell ? e->spell : NULL,
                               .period = e->period};
        /* Two reasons to say the same thing on one day are one event: the earlier. */
        if (!has(s, *n, one.subject, one.kind, one.occurrence)) {
            s[(*n)++] = one;
        }
    }
    *out = s;
}

void diff_stand_silent(const struct rules *r, const char *organisation, struct instant last_valid,
                       struct instant now, struct arena *a, struct standing **out, size_t *n)
{
    struct instant at = feed_silent_at(r, last_valid);
    *n = 0;
    if (at.us > now.us) {
        *out = NULL;
        return;
    }
    struct standing *s = arena_array(a, 1, sizeof *s);
    struct date occurs_on = zone_date(r->zone, at);
    *s = (struct standing){.kind = KIND_FEED_SILENT,
                           .subject = arena_printf(a, "o%s", organisation),
                           .occurrence = occurrence_of(KIND_FEED_SILENT, at, occurs_on, a),
                           .at = at,
                           .occurs_on = occurs_on,
                           .due_on = DATE_NONE};
    *out = s;
    *n = 1;
}

/* ---- what is settled ---- */

static bool holds_record(const struct period *p, struct record_ref ref)
{
    for (size_t i = 0; i < p->n_records; i++) {
        if (strcmp(p->records[i]->absence_id, ref.absence_id) == 0 &&
            strcmp(p->records[i]->source, ref.source) == 0) {
            return true;
        }
    }
    return false;
}

static const struct period *period_with_id(const struct period *periods, size_t n, const char *id)
{
    for (size_t i = 0; i < n && id != NULL; i++) {
        if (strcmp(periods[i].id, id) == 0) {
            return &periods[i];
        }
    }
    return NULL;
}

/* The period an emission was about, as the facts have it now. Its id may have changed since (two
 * periods became one): then the stored spell's anchor leads there. */
static const struct period *period_of(const struct emitted *row, const struct case_person *p)
{
    const struct casework *cw = &p->cw;
    const struct period *period = period_with_id(cw->periods, cw->n_periods, row->period_id);
    for (size_t i = 0; i < p->n_spells && period == NULL && row->spell_id != NULL; i++) {
        if (strcmp(p->spells[i].spell_id, row->spell_id) != 0) {
            continue;
        }
        for (size_t k = 0; k < cw->n_periods && period == NULL; k++) {
            period = holds_record(&cw->periods[k], p->spells[i].anchor) ? &cw->periods[k] : NULL;
        }
    }
    return period;
}

/* The period was that record's, which is gone for HR now. */
static bool is_of_gone(const struct emitted *row, const struct case_person *p)
{
    for (size_t i = 0; i < p->facts.n_records && row->period_id != NULL; i++) {
        char id[ID_TEXT];
        if (!instant_is_none(p->cw.gone_at[i])) {
            period_id(&p->facts, &p->rules, &p->facts.records[i], id);
            if (strcmp(id, row->period_id) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* HR's own, by HR's facts alone; of what is gone nothing is withdrawn. */
static bool is_settled_for_hr(const struct emitted *row, const struct case_person *p,
                              struct instant now)
{
    const struct period *period =
        period_with_id(p->cw.hr_periods, p->cw.n_hr_periods, row->period_id);
    return period != NULL ? derive_is_settled(period->settled_at, now) : is_of_gone(row, p);
}

void diff_mark_settled(struct emitted *rows, size_t n, const struct case_person *p,
                       struct instant now)
{
    for (size_t i = 0; i < n; i++) {
        if (rows[i].kind == KIND_COUNT) {
            continue; /* of a later version of the program: left alone */
        }
        if (event_kind_audience(rows[i].kind) == AUDIENCE_HR) {
            rows[i].settled =
                instant_is_none(rows[i].withdrawn_at) && is_settled_for_hr(&rows[i], p, now);
            continue;
        }
        const struct period *period = period_of(&rows[i], p);
        rows[i].settled = period != NULL && derive_is_settled(period->settled_at, now);
    }
}

/* ---- the difference ---- */

struct bounds {
    uint64_t off;             /* bit per kind */
    struct instant live_from; /* nothing earlier is said */
    struct instant horizon;   /* on HR's topic nothing earlier is emitted or withdrawn */
};

static struct bounds bounds_of(const struct rules *r, struct instant now)
{
    return (struct bounds){.off = r->org->off,
                           .live_from = zone_at(r->zone, r->org->live_from, 0),
                           .horizon =
                               instant_add_us(now, -(int64_t)r->org->prompt_days * US_PER_DAY)};
}

static bool beyond_horizon(const struct bounds *b, enum event_kind kind, struct instant at)
{
    return event_kind_audience(kind) == AUDIENCE_HR && at.us < b->horizon.us;
}

static bool may_be_said(const struct bounds *b, const struct standing *s)
{
    return !s->superseded && !s->settled && (b->off >> s->kind & 1) == 0 &&
           (instant_is_none(b->live_from) || s->at.us >= b->live_from.us) &&
           !beyond_horizon(b, s->kind, s->at);
}

/* A time not reached (a clock went back) is no reason to take anything back. */
static bool may_be_taken_back(const struct bounds *b, const struct emitted *e, struct instant now)
{
    return instant_is_none(e->withdrawn_at) && !e->settled && e->at.us <= now.us &&
           !beyond_horizon(b, e->kind, e->at);
}

/* Whether it was said and holds; *nth: which emission of it would be the next. */
static bool is_said(const struct standing *s, const struct emitted *e, size_t n, int *nth)
{
    bool holds = false;
    *nth = 1;
    for (size_t i = 0; i < n; i++) {
        if (is_same(s, e[i].subject, e[i].kind, e[i].occurrence)) {
            holds |= instant_is_none(e[i].withdrawn_at);
            *nth = e[i].nth >= *nth ? e[i].nth + 1 : *nth;
        }
    }
    return holds;
}

struct placed {
    struct saying saying;
    struct instant at; /* its place */
};

static enum event_kind kind_of(const struct saying *s)
{
    return s->event != NULL ? s->event->kind : s->takes_back->kind;
}

static const char *subject_of(const struct saying *s)
{
    return s->event != NULL ? s->event->subject : s->takes_back->subject;
}

static const char *occurrence_in(const struct saying *s)
{
    return s->event != NULL ? s->event->occurrence : s->takes_back->occurrence;
}

static int by_place(const void *a, const void *b)
{
    const struct placed *x = a;
    const struct placed *y = b;
    if (x->at.us != y->at.us) {
        return x->at.us < y->at.us ? -1 : 1;
    }
    if ((x->saying.event == NULL) != (y->saying.event == NULL)) {
        return x->saying.event == NULL ? -1 : 1;
    }
    if (kind_of(&x->saying) != kind_of(&y->saying)) {
        return kind_of(&x->saying) < kind_of(&y->saying) ? -1 : 1;
    }
    int order = strcmp(subject_of(&x->saying), subject_of(&y->saying));
    return order != 0 ? order : strcmp(occurrence_in(&x->saying), occurrence_in(&y->saying));
}

/* Ordered by T, but an event that replaces a withdrawn one of its kind never comes before the
 * withdrawal. */
static void put_in_order(struct placed *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n && p[i].saying.event == NULL; k++) {
            const struct standing *said = p[k].saying.event;
            if (said != NULL && said->kind == p[i].saying.takes_back->kind &&
                said->at.us < p[i].at.us) {
                p[i].at = said->at;
            }
        }
    }
    if (n > 1) {
        qsort(p, n, sizeof *p, by_place);
    }
}

struct sayings diff(const struct standing *standing, size_t n_standing,
                    const struct emitted *emitted, size_t n_emitted, const struct rules *r,
                    struct instant now, struct arena *a)
{
    const struct bounds b = bounds_of(r, now);
    struct placed *p = arena_array(a, n_standing + n_emitted, sizeof *p);
    size_t n = 0;
    for (size_t i = 0; i < n_emitted; i++) {
        const struct emitted *e = &emitted[i];
        if (may_be_taken_back(&b, e, now) &&
            !has(standing, n_standing, e->subject, e->kind, e->occurrence)) {
            p[n++] = (struct placed){.saying = {.takes_back = e, .nth = e->nth}, .at = e->at};
        }
    }
    for (size_t i = 0; i < n_standing; i++) {
        int nth = 1;
        if (may_be_said(&b, &standing[i]) && !is_said(&standing[i], emitted, n_emitted, &nth)) {
            p[n++] = (struct placed){.saying = {.event = &standing[i], .nth = nth},
                                     .at = standing[i].at};
        }
    }
    put_in_order(p, n);
    struct sayings out = {.items = arena_array(a, n, sizeof *out.items), .n = n};
    for (size_t i = 0; i < n; i++) {
        out.items[i] = p[i].saying;
    }
    return out;
}

struct instant diff_ahead(const struct emitted *emitted, size_t n, enum event_audience audience,
                          struct instant now)
{
    struct instant earliest = INSTANT_NONE;
    for (size_t i = 0; i < n; i++) {
        const struct emitted *e = &emitted[i];
        if (instant_is_none(e->withdrawn_at) && e->at.us > now.us &&
            event_kind_audience(e->kind) == audience &&
            (instant_is_none(earliest) || e->at.us < earliest.us)) {
            earliest = e->at;
        }
    }
    return earliest;
}
