#include "common/casework/apply.h"

#include <string.h>

#include "common/event/text.h"

static bool same_reason(const struct record *a, const struct record *b)
{
    return a->reason == b->reason && a->scheme == b->scheme && text_same(a->code, b->code);
}

/* All but version, the two firsts and how to reach the person: a version that says the same is no
 * change of a fact. */
static bool same_facts(const struct record *a, const struct record *b)
{
    return text_same(a->assignment_id, b->assignment_id) && date_eq(a->onset, b->onset) &&
           date_eq(a->last_day, b->last_day) && a->open_ended == b->open_ended &&
           date_eq(a->expected_return, b->expected_return) && text_same(a->fte, b->fte) &&
           date_eq(a->fit_note_from, b->fit_note_from) && date_eq(a->fit_note_to, b->fit_note_to) &&
           date_eq(a->phased_return_from, b->phased_return_from) && a->cancelled == b->cancelled &&
           same_reason(a, b);
}

/* Keeps of the reason what it came to. A code stays only where it matched or is watched; so do the
 * contact details, which nobody needs otherwise. */
static void take_reason(struct record *rec, const struct absence_event *ev,
                        const struct org_rules *rules, int32_t serial, struct arena *a)
{
    struct reason_match m = settings_match(rules, ev->scheme, ev->code);
    rec->settings_serial = serial;
    rec->scheme = SCHEME_NONE;
    rec->code = NULL;
    rec->has_contact = false;
    rec->contact = (struct contact_details){0};
    if (m.what == MATCH_NEVER) {
        rec->reason = REASON_NEVER;
        return;
    }
    if (m.what == MATCH_NONE) {
        rec->reason = REASON_NO_MATCH;
        return;
    }
    rec->reason = REASON_NOT_GIVEN;
    if (ev->scheme != SCHEME_NONE) {
        char code[REASON_TEXT];
        rec->reason = REASON_KEPT;
        rec->scheme = ev->scheme;
        rec->code = arena_strdup(a, reason_normalise(ev->scheme, ev->code, code));
    }
    rec->has_contact = ev->has_contact;
    if (ev->has_contact) {
        rec->contact = ev->contact;
    }
}

/* A cancelled record is kept only to know that it was: nothing of why or whom to call. */
static void drop_reason(struct record *rec, int32_t serial)
{
    rec->settings_serial = serial;
    rec->reason = REASON_NO_MATCH;
    rec->scheme = SCHEME_NONE;
    rec->code = NULL;
    rec->has_contact = false;
    rec->contact = (struct contact_details){0};
}

/* Everything the event says; what cannot be told from the newest version alone stays. */
static void take_event(struct record *rec, const struct inbound *in, const struct org_rules *rules,
                       int32_t serial, struct arena *a)
{
    const struct absence_event *ev = &in->absence;
    rec->source = in->source;
    rec->absence_id = ev->absence_id;
    rec->assignment_id = ev->assignment_id;
    rec->version = ev->version;
    rec->onset = ev->onset;
    rec->last_day = ev->last_day;
    rec->open_ended = ev->open_ended;
    rec->expected_return = ev->expected_return;
    rec->fte = ev->fte;
    rec->fit_note_from = ev->fit_note_from;
    rec->fit_note_to = ev->fit_note_to;
    rec->phased_return_from = ev->phased_return_from;
    rec->cancelled = ev->cancelled;
    if (ev->cancelled) {
        drop_reason(rec, serial);
    } else {
        take_reason(rec, ev, rules, serial, a);
    }
}

static enum applied apply_newer(struct record *rec, const struct inbound *in,
                                const struct org_rules *rules, int32_t serial, struct instant now,
                                struct arena *a)
{
    struct record before = *rec;
    take_event(rec, in, rules, serial, a);
    /* Whichever of two events of the lowest version is left must be the one whose onset counts. */
    if (rec->version == rec->first_version) {
        rec->first_onset = rec->onset;
    }
    if (!same_facts(rec, &before)) {
        rec->changed_at = now;
    }
    return APPLIED_CHANGED;
}

/* The same message again heals what older settings made of its reason. */
static enum applied apply_again(struct record *rec, const struct inbound *in,
                                const struct org_rules *rules, int32_t serial, struct instant now,
                                struct arena *a)
{
    struct record after = *rec;
    take_reason(&after, &in->absence, rules, serial, a);
    if (same_reason(&after, rec)) {
        return APPLIED_NOTHING;
    }
    after.changed_at = now;
    *rec = after;
    return APPLIED_CHANGED;
}

enum applied apply_absence(struct record *rec, const struct inbound *ev,
                           const struct org_rules *rules, int32_t serial, struct instant now,
                           struct arena *a, struct record **out)
{
    int64_t version = ev->absence.version;
    if (rec == NULL) {
        rec = arena_zalloc(a, sizeof *rec);
        take_event(rec, ev, rules, serial, a);
        rec->first_version = version;
        rec->first_onset = rec->onset;
        rec->first_notice = now;
        rec->changed_at = now;
        *out = rec;
        return APPLIED_CHANGED;
    }
    *out = rec;
    if (version > rec->version) {
        return apply_newer(rec, ev, rules, serial, now, a);
    }
    if (version == rec->version && ev->absence.cancelled && !rec->cancelled) {
        return apply_newer(rec, ev, rules, serial, now, a);
    }
    if (version == rec->version) {
        return !ev->absence.cancelled && !rec->cancelled && serial != rec->settings_serial
                   ? apply_again(rec, ev, rules, serial, now, a)
                   : APPLIED_NOTHING;
    }
    if (version < rec->first_version) {
        rec->first_version = version;
        if (!date_eq(rec->first_onset, ev->absence.onset)) {
            rec->first_onset = ev->absence.onset;
            rec->changed_at = now;
        }
        return APPLIED_CHANGED;
    }
    return APPLIED_NOTHING;
}

static struct dated_fact *fact_of(struct facts *f, enum person_fact what)
{
    switch (what) {
    case PERSON_LEFT:
        return &f->left;
    case PERSON_DIED:
        return &f->died;
    case PERSON_OPTED_OUT:
    case PERSON_OPTED_IN:
    default:
        return &f->opt;
    }
}

/* Not being out is the same since whenever. */
static struct date in_force_from(const struct facts *f, const struct dated_fact *fact)
{
    return fact == &f->opt && !f->opted_out ? DATE_NONE : fact->on;
}

enum applied apply_person(struct facts *f, const struct inbound *ev, struct instant now)
{
    const struct person_event *p = &ev->person;
    struct dated_fact *fact = fact_of(f, p->what);
    if (fact->id != NULL && (p->time.us < fact->time.us ||
                             (p->time.us == fact->time.us && strcmp(ev->id, fact->id) <= 0))) {
        return APPLIED_NOTHING;
    }
    struct date before = in_force_from(f, fact);
    *fact = (struct dated_fact){.on = p->on, .time = p->time, .id = ev->id};
    if (fact == &f->opt) {
        f->opted_out = p->what == PERSON_OPTED_OUT;
    }
    if (!date_eq(in_force_from(f, fact), before)) {
        f->changed_at = now;
    }
    return APPLIED_CHANGED;
}
