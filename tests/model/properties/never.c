#include "tests/model/properties/never.h"

#include <string.h>

struct task_then {
    const char *spell_id;
    struct date due;
    size_t n_records;
    struct record_then {
        struct record_ref ref;
        struct date onset;
    } * records;
};

static const struct broken fine = {0};

/* ---- rows ---- */

static const struct record *record_of(const struct shelf_person *p, const struct record_ref *ref)
{
    for (size_t i = 0; i < p->n_records; i++) {
        const struct record *rec = &p->records[i].rec;
        if (strcmp(rec->absence_id, ref->absence_id) == 0 &&
            strcmp(rec->source, ref->source) == 0) {
            return rec;
        }
    }
    return NULL;
}

static bool has_record(const struct shelf_spell *s, const struct record_ref *ref)
{
    for (size_t i = 0; i < s->n_records; i++) {
        if (strcmp(s->records[i].absence_id, ref->absence_id) == 0 &&
            strcmp(s->records[i].source, ref->source) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_settled(const struct shelf_spell *s, struct instant now)
{
    return !instant_is_none(s->key.settled_at) && s->key.settled_at.us <= now.us;
}

static const struct pathway_rules *pathway_of(const struct org_rules *org, const char *name)
{
    for (size_t i = 0; i < org->n_pathways; i++) {
        if (strcmp(org->pathways[i].name, name) == 0) {
            return &org->pathways[i];
        }
    }
    return NULL;
}

/* Counted day by day, unlike the product. */
static struct date target(const struct rules *r, const struct pathway_rules *p, struct date onset)
{
    int steps = p->contact_target_days - p->onset_is_day;
    struct date d = onset;
    while (steps > 0) {
        d = date_add(d, 1);
        if (p->basis == BASIS_CALENDAR ||
            calendar_is_working_day(r->calendar, r->org->division, d)) {
            steps--;
        }
    }
    return d;
}

/* ---- one task ---- */

static struct broken look_at_records(const struct shelf_person *p, const struct shelf_spell *s,
                                     const struct rules *r, const struct play *play,
                                     struct arena *a)
{
    struct date today = zone_date(r->zone, play->now), onset = DATE_NONE;
    for (size_t i = 0; i < s->n_records; i++) {
        const struct record *rec = record_of(p, &s->records[i]);
        if (rec == NULL || rec->cancelled || rec->onset.days > today.days) {
            return (struct broken){"dead records",
                                   arena_printf(a, "task %s of %s holds %s, which is %s",
                                                s->key.spell_id, p->person_id,
                                                s->records[i].absence_id,
                                                rec == NULL      ? "another person's"
                                                : rec->cancelled ? "cancelled"
                                                                 : "yet to begin")};
        }
        onset = date_is_none(onset) || rec->onset.days < onset.days ? rec->onset : onset;
    }
    const struct pathway_rules *pathway = pathway_of(r->org, s->key.pathway);
    if (is_settled(s, play->now) || pathway == NULL) {
        return fine;
    }
    if (!date_eq(s->columns.onset, onset) ||
        !date_eq(s->columns.due_date, target(r, pathway, onset))) {
        return (struct broken){
            "due date",
            arena_printf(a, "task %s is not due by its earliest onset", s->key.spell_id)};
    }
    return fine;
}

static const char *must_be_over(const struct shelf_person *p, const struct shelf_spell *s,
                                struct date today)
{
    const struct facts *f = &p->facts;
    bool off = date_is_none(s->columns.last_day);
    if (!date_is_none(f->died.on) && off) {
        return "died";
    }
    if (!date_is_none(f->left.on) && f->left.on.days < today.days && off &&
        s->columns.onset.days <= f->left.on.days) {
        return "left";
    }
    bool open = s->columns.state == TASK_OPEN;
    return open && f->opted_out && f->opt.on.days <= today.days ? "opted out" : NULL;
}

static struct broken look_at_task(const struct shelf_person *p, const struct shelf_spell *s,
                                  const struct rules *r, const struct play *play, struct arena *a)
{
    struct broken b = look_at_records(p, s, r, play, a);
    if (b.rule != NULL || s->columns.state == TASK_ENDED) {
        return b;
    }
    const char *why = must_be_over(p, s, zone_date(r->zone, play->now));
    if (why != NULL) {
        return (struct broken){"task goes on",
                               arena_printf(a, "task %s is %s, the person %s", s->key.spell_id,
                                            task_state_name(s->columns.state), why)};
    }
    if (s->columns.state == TASK_OPEN && !date_is_none(s->columns.last_day)) {
        return (struct broken){
            "task goes on", arena_printf(a, "task %s is open after the last day", s->key.spell_id)};
    }
    return fine;
}

/* Of one pathway a person has one trouble at a time, and a record is part of one. */
static struct broken look_at_two(const struct shelf_spell *s, const struct shelf_spell *t,
                                 struct arena *a)
{
    if (strcmp(s->key.pathway, t->key.pathway) != 0) {
        return fine;
    }
    bool shared = false;
    for (size_t i = 0; i < s->n_records; i++) {
        shared |= has_record(t, &s->records[i]);
    }
    if (shared || (s->columns.state == TASK_OPEN && t->columns.state == TASK_OPEN)) {
        return (struct broken){
            "two tasks", arena_printf(a, "tasks %s and %s are %s", s->key.spell_id, t->key.spell_id,
                                      shared ? "about one record" : "both open")};
    }
    return fine;
}

static struct broken look_at_person(const struct play *play, const struct shelf_person *p,
                                    struct arena *a)
{
    struct rules r = ruleset_for(play->rules, p->organisation);
    for (size_t i = 0; i < p->n_spells; i++) {
        if (p->spells[i].key.tombstone) {
            continue;
        }
        struct broken b = look_at_task(p, &p->spells[i], &r, play, a);
        for (size_t k = 0; k < i && b.rule == NULL; k++) {
            b = p->spells[k].key.tombstone ? fine : look_at_two(&p->spells[k], &p->spells[i], a);
        }
        if (b.rule != NULL) {
            return b;
        }
    }
    return fine;
}

/* ---- due dates ---- */

/* A settled row stays as older rules had it; when a fact changes it is judged by those of today. */
static struct date due_at_most(const struct play *p, const struct shelf_person *person,
                               const struct shelf_spell *s)
{
    const struct rules r = ruleset_for(p->rules, person->organisation);
    const struct pathway_rules *pathway = pathway_of(r.org, s->key.pathway);
    if (!is_settled(s, p->now) || pathway == NULL) {
        return s->columns.due_date;
    }
    struct date by_today = target(&r, pathway, s->columns.onset);
    return by_today.days > s->columns.due_date.days ? by_today : s->columns.due_date;
}

void never_remember(const struct play *p, struct arena *a, struct tasks_then *out)
{
    size_t n = 0;
    for (size_t i = 0; i < p->shelf.n_persons; i++) {
        n += p->shelf.persons[i].n_spells;
    }
    *out = (struct tasks_then){.items = arena_array(a, n, sizeof *out->items), .rules = p->rules};
    for (size_t i = 0; i < p->shelf.n_persons; i++) {
        const struct shelf_person *person = &p->shelf.persons[i];
        for (size_t k = 0; k < person->n_spells; k++) {
            const struct shelf_spell *s = &person->spells[k];
            if (s->key.tombstone) {
                continue;
            }
            struct task_then *t = &out->items[out->n++];
            *t = (struct task_then){.spell_id = s->key.spell_id,
                                    .due = due_at_most(p, person, s),
                                    .n_records = s->n_records};
            t->records = arena_array(a, s->n_records, sizeof *t->records);
            for (size_t m = 0; m < s->n_records; m++) {
                const struct record *rec = record_of(person, &s->records[m]);
                t->records[m] =
                    (struct record_then){s->records[m], rec == NULL ? DATE_NONE : rec->onset};
            }
        }
    }
}

/* While the records it was about are still its own, and none begins later, nothing that becomes of
 * them, a reason least of all, gives anybody more time. */
static bool may_be_due_later(const struct shelf_person *p, const struct shelf_spell *s,
                             const struct task_then *then)
{
    for (size_t i = 0; i < then->n_records; i++) {
        const struct record_then *was = &then->records[i];
        const struct record *rec = record_of(p, &was->ref);
        if (rec == NULL || !has_record(s, &was->ref) || rec->onset.days > was->onset.days) {
            return true;
        }
    }
    return false;
}

static struct broken look_back(const struct shelf_person *p, const struct tasks_then *then,
                               struct arena *a)
{
    for (size_t i = 0; i < p->n_spells; i++) {
        const struct shelf_spell *s = &p->spells[i];
        for (size_t k = 0; k < then->n && !s->key.tombstone; k++) {
            const struct task_then *was = &then->items[k];
            if (strcmp(was->spell_id, s->key.spell_id) == 0 &&
                s->columns.due_date.days > was->due.days && !may_be_due_later(p, s, was)) {
                char from[DATE_TEXT], to[DATE_TEXT];
                return (struct broken){"due later",
                                       arena_printf(a, "task %s was due on %s, now on %s",
                                                    was->spell_id, date_format(was->due, from),
                                                    date_format(s->columns.due_date, to))};
            }
        }
    }
    return fine;
}

struct broken never_look(const struct play *p, const struct tasks_then *then, struct arena *a)
{
    for (size_t i = 0; i < p->shelf.n_persons; i++) {
        struct broken b = look_at_person(p, &p->shelf.persons[i], a);
        if (b.rule == NULL && then != NULL && then->rules == p->rules) {
            b = look_back(&p->shelf.persons[i], then, a);
        }
        if (b.rule != NULL) {
            return b;
        }
    }
    return fine;
}

/* ---- what was said ---- */

static const char *name_of(const struct emitted *e, struct arena *a)
{
    return arena_printf(a, "%s/%s/%s", e->subject, event_kind_name(e->kind), e->occurrence);
}

static bool is_it(const struct emitted *e, const struct standing *s)
{
    return e->kind == s->kind && strcmp(e->subject, s->subject) == 0 &&
           strcmp(e->occurrence, s->occurrence) == 0;
}

static bool beyond_horizon(const struct rules *r, enum event_kind kind, struct instant at,
                           struct instant now)
{
    return event_kind_audience(kind) == AUDIENCE_HR &&
           at.us < now.us - r->org->prompt_days * US_PER_DAY;
}

/* HR's side does not know of a death any more where HR reports a record so long after it. */
static bool reported_long_after(const struct shelf_person *p, const struct rules *r,
                                struct date death)
{
    int days = r->org->unmatched_days;
    for (size_t i = 0; i < r->n_past; i++) {
        days = r->past[i].unmatched_days < days ? r->past[i].unmatched_days : days;
    }
    for (size_t i = 0; i < p->n_records; i++) {
        const struct record *rec = &p->records[i].rec;
        struct instant since =
            instant_is_none(rec->held_since) ? rec->first_notice : rec->held_since;
        if (zone_date(r->zone, since).days > death.days + days) {
            return true;
        }
    }
    return false;
}

/* Nothing must reach these people from that day on. */
static const char *must_not_hear(const struct shelf_person *p, const struct standing *s,
                                 const struct rules *r, struct instant now)
{
    const struct facts *f = &p->facts;
    bool for_hr = event_kind_audience(s->kind) == AUDIENCE_HR;
    if (!date_is_none(f->died.on) && s->at.us >= zone_at(r->zone, f->died.on, 0).us &&
        !(for_hr && reported_long_after(p, r, f->died.on))) {
        return "died";
    }
    bool out = f->opted_out && f->opt.on.days <= zone_date(r->zone, now).days &&
               s->at.us >= zone_at(r->zone, f->opt.on, 0).us;
    bool for_oh = event_kind_audience(s->kind) == AUDIENCE_OH && s->kind != KIND_URGENT_RAISED;
    return out && for_oh ? "opted out" : NULL;
}

static struct broken look_at_emitted(const struct shelf_person *p, size_t i, const struct rules *r,
                                     const struct standing *standing, size_t n, struct instant now,
                                     struct arena *a)
{
    const struct emitted *e = &p->emitted[i];
    for (size_t k = 0; k < i; k++) {
        const struct emitted *before = &p->emitted[k];
        if (instant_is_none(before->withdrawn_at) && before->kind == e->kind &&
            strcmp(before->subject, e->subject) == 0 &&
            strcmp(before->occurrence, e->occurrence) == 0) {
            return (struct broken){"said twice", name_of(e, a)};
        }
    }
    if (e->settled || beyond_horizon(r, e->kind, e->at, now)) {
        return fine; /* what was said then stays */
    }
    for (size_t k = 0; k < n; k++) {
        if (is_it(e, &standing[k])) { /* its instant may be another than when it was said */
            const char *why = must_not_hear(p, &standing[k], r, now);
            return why == NULL ? fine
                               : (struct broken){"told", arena_printf(a, "%s stands, the person %s",
                                                                      name_of(e, a), why)};
        }
    }
    return (struct broken){"told", arena_printf(a, "%s holds and does not stand", name_of(e, a))};
}

static bool must_be_said(const struct standing *s, const struct rules *r, struct instant now)
{
    bool before =
        !date_is_none(r->org->live_from) && s->at.us < zone_at(r->zone, r->org->live_from, 0).us;
    return !s->superseded && !s->settled && !before && (r->org->off >> s->kind & 1) == 0 &&
           !beyond_horizon(r, s->kind, s->at, now);
}

static bool is_said(const struct shelf_person *p, const struct standing *s)
{
    for (size_t i = 0; i < p->n_emitted; i++) {
        if (instant_is_none(p->emitted[i].withdrawn_at) && is_it(&p->emitted[i], s)) {
            return true;
        }
    }
    return false;
}

static struct broken look_at_said(const struct case_person *cp, const struct shelf_person *p,
                                  struct instant now, struct arena *a)
{
    struct standing *standing;
    size_t n;
    diff_stand(&cp->cw, now, a, &standing, &n);
    for (size_t i = 0; i < p->n_emitted; i++) {
        if (instant_is_none(p->emitted[i].withdrawn_at)) {
            struct broken b = look_at_emitted(p, i, &cp->rules, standing, n, now, a);
            if (b.rule != NULL) {
                return b;
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (must_be_said(&standing[i], &cp->rules, now) && !is_said(p, &standing[i])) {
            return (struct broken){
                "told", arena_printf(a, "%s/%s/%s stands and was not said", standing[i].subject,
                                     event_kind_name(standing[i].kind), standing[i].occurrence)};
        }
    }
    return fine;
}

struct broken never_said(const struct play *p, struct arena *a)
{
    for (size_t i = 0; i < p->caseload.n_persons; i++) {
        const struct case_person *cp = &p->caseload.persons[i];
        const struct shelf_person *row = shelf_find(&p->shelf, cp->organisation, cp->person_id);
        struct broken b = row == NULL ? fine : look_at_said(cp, row, p->now, a);
        if (b.rule != NULL) {
            return b;
        }
    }
    return fine;
}
