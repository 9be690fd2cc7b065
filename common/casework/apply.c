/* Newest version wins; at one version a cancellation wins; the lowest version ever seen leaves its
 * onset. Every rule compares, none counts messages, so any order and any repeat gives the same
 * facts. */
#include "common/casework/apply.h"

#include <string.h>

#include "common/event/text.h"

static bool same_reason(const struct record *a, const struct record *b)
{
    return a->reason == b->reason && a->scheme == b->scheme && text_same(a->code, b->code);
}

/* The facts that HR's view reads, see hr.h. */
static bool same_for_hr(const struct record *a, const struct record *b)
{
    return text_same(a->assignment_id, b->assignment_id) && date_eq(a->onset, b->onset) &&
           date_eq(a->last_day, b->last_day) && a->open_ended == b->open_ended &&
           date_eq(a->expected_return, b->expected_return) &&
           date_eq(a->fit_note_from, b->fit_note_from) && date_eq(a->fit_note_to, b->fit_note_to) &&
           date_eq(a->phased_return_from, b->phased_return_from) && a->cancelled == b->cancelled;
}

/* All but version, the two firsts and how to reach the person: a version that says the same is no
 * change of a fact. */
static bool same_facts(const struct record *a, const struct record *b)
{
    return same_for_hr(a, b) && text_same(a->fte, b->fte) && same_reason(a, b);
}

/* Remembers since when a pathway is known. A list once made stays as it is: others may point to it.
 */
static void know(struct record *rec, const struct org_rules *rules, struct instant at,
                 struct arena *a)
{
    uint32_t matched =
        rec->reason == REASON_KEPT ? settings_match(rules, rec->scheme, rec->code).pathways : 0;
    rec->known_kept = true;
    for (size_t i = 0; matched >> i != 0; i++) {
        const char *name = rules->pathways[i].name;
        bool known = (matched >> i & 1) == 0;
        for (size_t k = 0; k < rec->n_known && !known; k++) {
            known = strcmp(rec->known[k].pathway, name) == 0;
        }
        if (known) {
            continue;
        }
        struct known_since *more = arena_array(a, rec->n_known + 1, sizeof *more);
        if (rec->n_known > 0) {
            memcpy(more, rec->known, rec->n_known * sizeof *more);
        }
        more[rec->n_known++] = (struct known_since){.pathway = arena_strdup(a, name), .at = at};
        rec->known = more;
    }
}

void apply_settings(struct record *rec, const struct org_rules *rules, struct instant now,
                    struct arena *a)
{
    if (rec->known_kept) {
        know(rec, rules, now, a);
    }
}

/* Nobody needs these of a record that neither matched nor is watched. */
static void drop_details(struct record *rec)
{
    rec->has_contact = false;
    rec->contact = CONTACT_DETAILS_NONE;
    rec->site = NULL;
    rec->staff_group = NULL;
    rec->recorded_at = INSTANT_NONE;
}

static void take_details(struct record *rec, const struct absence_event *ev)
{
    rec->site = ev->site;
    rec->staff_group = ev->staff_group;
    rec->recorded_at = ev->recorded_at;
    rec->has_contact = ev->has_contact;
    if (ev->has_contact) {
        rec->contact = ev->contact;
    }
}

/* HR's side keeps this alone about a reason, and keeps it of every record alike. */
static void take_missing(struct record *rec, bool missing, struct instant now)
{
    if (missing) {
        rec->reason_given_at = INSTANT_NONE;
    } else if (rec->reason_missing || instant_is_none(rec->reason_given_at)) {
        rec->reason_given_at = now;
    }
    rec->reason_missing = missing;
}

/* Keeps of the reason what it came to. A code stays only where it matched or is watched; so does
 * what it takes to call somebody. */
static void take_reason(struct record *rec, const struct absence_event *ev,
                        const struct org_rules *rules, int32_t serial, struct instant now,
                        struct arena *a)
{
    struct reason_match m = settings_match(rules, ev->scheme, ev->code);
    rec->settings_serial = serial;
    rec->scheme = SCHEME_NONE;
    rec->code = NULL;
    take_missing(rec, settings_reason_missing(rules, ev->scheme, ev->code), now);
    drop_details(rec);
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
    take_details(rec, ev);
}

/* A cancelled record is kept only to know that it was: nothing of why or whom to call. */
static void drop_reason(struct record *rec, int32_t serial)
{
    rec->settings_serial = serial;
    rec->reason = REASON_NO_MATCH;
    rec->scheme = SCHEME_NONE;
    rec->code = NULL;
    rec->reason_missing = false;
    rec->reason_given_at = INSTANT_NONE;
    drop_details(rec);
}

/* Takes everything the event says; facts that the newest version alone does not give stay. */
static void take_event(struct record *rec, const struct inbound *in, const struct org_rules *rules,
                       int32_t serial, struct instant now, struct arena *a)
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
        take_reason(rec, ev, rules, serial, now, a);
    }
}

static enum applied apply_newer(struct record *rec, const struct inbound *in,
                                const struct org_rules *rules, int32_t serial, struct instant now,
                                struct arena *a)
{
    struct record before = *rec;
    if (!rec->known_kept) {
        know(rec, rules, rec->first_notice, a);
    }
    take_event(rec, in, rules, serial, now, a);
    know(rec, rules, now, a);
    /* Whichever of two events of the lowest version is left must be the one whose onset counts. */
    if (rec->version == rec->first_version) {
        rec->first_onset = rec->onset;
    }
    if (!same_facts(rec, &before)) {
        rec->changed_at = now;
    }
    if (!same_for_hr(rec, &before)) {
        rec->hr_changed_at = now;
    }
    return APPLIED_CHANGED;
}

/* The same message again heals what older settings made of its reason. The record notes the
 * settings it was judged under even where nothing changes. Otherwise the reasons of two people
 * would decide whose next resend is judged, and HR could see that. */
static enum applied apply_again(struct record *rec, const struct inbound *in,
                                const struct org_rules *rules, int32_t serial, struct instant now,
                                struct arena *a)
{
    struct record after = *rec;
    if (!after.known_kept) {
        know(&after, rules, rec->first_notice, a);
    }
    take_reason(&after, &in->absence, rules, serial, now, a);
    bool same = same_reason(&after, rec);
    if (same && after.reason_missing == rec->reason_missing) {
        rec->settings_serial = serial;
        return APPLIED_NOTED;
    }
    if (!same) {
        after.changed_at = now;
        know(&after, rules, now, a);
    }
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
        rec->reason_given_at = INSTANT_NONE;
        take_event(rec, ev, rules, serial, now, a);
        know(rec, rules, now, a);
        rec->first_version = version;
        rec->first_onset = rec->onset;
        rec->first_notice = now;
        rec->changed_at = now;
        rec->hr_changed_at = now;
        rec->held_since = INSTANT_NONE;
        rec->gone_at = INSTANT_NONE;
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

void apply_as_cancelled(const struct record *rec, const char *person_id, struct inbound *in)
{
    in->verdict = VERDICT_ABSENCE;
    in->absence = (struct absence_event){.absence_id = rec->absence_id,
                                         .version = in->absence.version,
                                         .person_id = person_id,
                                         .assignment_id = rec->assignment_id,
                                         .onset = rec->onset,
                                         .last_day = rec->last_day,
                                         .open_ended = rec->open_ended,
                                         .expected_return = rec->expected_return,
                                         .fte = rec->fte,
                                         .fit_note_from = rec->fit_note_from,
                                         .fit_note_to = rec->fit_note_to,
                                         .phased_return_from = rec->phased_return_from,
                                         .contact = CONTACT_DETAILS_NONE,
                                         .recorded_at = INSTANT_NONE,
                                         .cancelled = true};
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
        f->hr_changed_at = fact == &f->opt ? f->hr_changed_at : now;
    }
    return APPLIED_CHANGED;
}
