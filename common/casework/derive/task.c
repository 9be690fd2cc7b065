/* A spell has one task. Dates follow from the onset alone. The order of the endings is fixed:
 * death, leaving, a contact in time, an opt-out, the return. */
#include "common/casework/derive/work.h"
#include "common/event/text.h"

static const char *const state_names[] = {"open", "contacted", "ended"};

const char *task_state_name(enum task_state s)
{
    return state_names[s];
}

static const char *const end_names[END_COUNT] = {
#define END_NAME(id, name) name,
    END_REASONS(END_NAME)
#undef END_NAME
};

const char *end_reason_name(enum end_reason r)
{
    return end_names[r];
}

/* ---- dates ---- */

/* The target counts from the onset, whenever the absence was reported. A late message gives nobody
 * more time. A corrected reason does not start the clock again. */
static void set_dates(const struct work *w, struct spell *sp)
{
    const struct org_rules *org = w->r->org;
    const struct pathway_rules *p = &org->pathways[sp->pathway];
    int days = p->contact_target_days - p->onset_is_day;
    sp->due_date = p->basis == BASIS_WORKING
                       ? calendar_step(w->r->calendar, org->division, sp->onset, days)
                       : date_add(sp->onset, days);
    sp->work_by_date = calendar_last_service_day(w->r->calendar, org, sp->onset, sp->due_date);
    struct date noticed = work_local_date(w, sp->first_notice);
    sp->late_report = noticed.days > sp->due_date.days;
    sp->respond_by =
        sp->late_report ? calendar_step(w->r->calendar, org->division, noticed, 1) : DATE_NONE;
    sp->reason_late = !sp->late_report && !instant_is_none(sp->known_at) &&
                      work_local_date(w, sp->known_at).days > sp->due_date.days;
}

/* ---- what clinicians did ---- */

static void note_attempt(struct spell *sp, const struct contact_fact *c)
{
    if (sp->attempts++ == 0) {
        sp->first_attempt_at = c->at;
    }
    sp->last_outcome = c->outcome;
}

/* Not counted as an attempt: those are the calls that reached nobody, or were put off. */
static void note_contact(struct spell *sp, const struct contact_fact *c)
{
    sp->last_outcome = c->outcome;
    if (instant_is_none(sp->contacted_at)) {
        sp->contacted_at = c->at;
    }
    sp->review_on = c->review_on;
    sp->red_flag |= entry_is_red(c);
}

static void note_entry(struct spell *sp, const struct contact_fact *c)
{
    switch (c->kind) {
    case CONTACT_ATTEMPT:
        note_attempt(sp, c);
        break;
    case CONTACT_MADE:
        note_contact(sp, c);
        break;
    case CONTACT_CLAIM:
    case CONTACT_ASSIGN:
        sp->assigned_to = c->assignee != NULL ? c->assignee : c->by;
        break;
    case CONTACT_RELEASE:
        sp->assigned_to = NULL;
        break;
    case CONTACT_OH_RECORD:
        sp->oh_record = c->oh_record;
        break;
    case CONTACT_CLOSE:
    case CONTACT_REOPEN:
    case CONTACT_ACKNOWLEDGE:
    default:
        break; /* what they come to hangs on contacts, too */
    }
}

/* Promises, red flags, whether anybody was reached, and whether the case is closed. */
static void set_open_ends(const struct work *w, struct spell *sp, const struct spell_work *sw)
{
    const struct contact_fact *closing = entry_closing_before(sw, INSTANT_MAX);
    sp->case_closed = closing != NULL;
    sp->close_reason = closing != NULL ? closing->outcome : OUTCOME_NONE;
    sp->closed_at = closing != NULL ? closing->at : INSTANT_NONE;
    sp->red_flag_open = entry_open_flag(sw) != NULL;
    sp->unreachable =
        entry_unreachable(w, sw) != NULL && entry_contact_before(sw, INSTANT_MAX) == NULL;
    sp->call_back_at = INSTANT_NONE;
    for (size_t i = 0; i < sw->n_entries; i++) {
        struct instant at = sw->entries[i]->call_back_at;
        if (entry_promised_until(sw, i).us == INSTANT_MAX.us &&
            (instant_is_none(sp->call_back_at) || at.us < sp->call_back_at.us)) {
            sp->call_back_at = at;
        }
    }
}

static bool same_code(const char *then, const struct record *rec)
{
    const char *now = rec->reason == REASON_KEPT ? rec->code : NULL;
    return text_same(then, now);
}

/* Has the reason of a record that is still here changed since the clinician last spoke to the
 * person? Only where one did. */
static bool reason_changed(const struct work *w, const struct spell_work *sw)
{
    const struct contact_fact *latest = sw->entries[0];
    for (size_t i = 0; i < sw->n_entries; i++) {
        latest = sw->entries[i]->kind == CONTACT_MADE ? sw->entries[i] : latest;
    }
    for (size_t i = 0; i < latest->n_records; i++) {
        const struct member *m = spell_find_member(w, &latest->records[i]);
        if (m != NULL && !same_code(latest->records[i].code, m->rec)) {
            return true;
        }
    }
    return false;
}

static void set_contact(const struct work *w, struct spell *sp, const struct spell_work *sw)
{
    sp->contacted_at = INSTANT_NONE;
    sp->first_attempt_at = INSTANT_NONE;
    sp->review_on = DATE_NONE;
    sp->elapsed_days = -1;
    sp->elapsed_working_days = -1;
    for (size_t i = 0; i < sw->n_entries; i++) {
        note_entry(sp, sw->entries[i]);
    }
    set_open_ends(w, sp, sw);
    if (instant_is_none(sp->contacted_at)) {
        return;
    }
    struct date day = work_local_date(w, sp->contacted_at);
    sp->contact_counts = date_is_none(sp->ends_on) || day.days <= sp->ends_on.days;
    sp->elapsed_days = day.days > sp->onset.days ? date_diff(sp->onset, day) : 0;
    sp->elapsed_working_days =
        calendar_working_days(w->r->calendar, w->r->org->division, sp->onset, day);
    sp->reason_changed = reason_changed(w, sw);
}

/* ---- state ---- */

static bool noticed_too_late(const struct work *w, const struct spell *sp)
{
    return work_local_date(w, sp->first_notice).days > sp->ends_on.days;
}

enum end_reason task_end_by_return(const struct work *w, const struct spell *sp)
{
    if (date_is_none(sp->ends_on)) {
        return END_NONE;
    }
    if (noticed_too_late(w, sp)) {
        return END_RETURNED_BEFORE_NOTICE;
    }
    return sp->ends_on.days < sp->due_date.days ? END_RETURNED_BEFORE_CONTACT
                                                : END_RETURNED_UNCONTACTED;
}

/* An opt-out says nothing about an absence that was over by then. */
static bool opted_out(const struct work *w, const struct spell *sp)
{
    const struct date on = w->f->opt.on;
    return w->f->opted_out && on.days <= w->today.days &&
           (date_is_none(sp->last_day) || sp->last_day.days >= on.days);
}

/* Death ends open and contacted tasks. A task that had ended by a return before, in a period that
 * lasted longer, stays as it ended. */
static bool died(const struct work *w, const struct spell *sp)
{
    return sp->period->closed_by_death && (sp->contact_counts || date_is_none(sp->last_day) ||
                                           sp->last_day.days >= w->f->died.on.days);
}

static enum end_reason end_reason(const struct work *w, const struct spell *sp,
                                  const struct spell_work *sw)
{
    bool closed = !date_is_none(sp->last_day);
    if (died(w, sp)) {
        return END_DIED;
    }
    if (closed && sw->by_leaving) {
        return END_LEFT_EMPLOYMENT;
    }
    if (sp->contact_counts) {
        return END_NONE;
    }
    if (opted_out(w, sp)) {
        return END_OPTED_OUT;
    }
    return closed ? task_end_by_return(w, sp) : END_NONE;
}

static void set_state(const struct work *w, struct spell *sp, const struct spell_work *sw)
{
    sp->end_reason = end_reason(w, sp, sw);
    if (sp->end_reason != END_NONE) {
        sp->state = TASK_ENDED;
    } else {
        sp->state = sp->contact_counts ? TASK_CONTACTED : TASK_OPEN;
    }
}

static int priority(const struct work *w, const struct spell *sp)
{
    struct date live_from = w->r->org->live_from;
    bool history = !date_is_none(live_from) && sp->onset.days < live_from.days;
    return !history && (sp->relapse || sp->late_report || sp->red_flag) ? 1 : 2;
}

void task_judge(struct work *w, size_t spell)
{
    struct spell *sp = &w->out->spells[spell];
    const struct spell_work *sw = &w->spells[spell];
    set_dates(w, sp);
    set_contact(w, sp, sw);
    set_state(w, sp, sw);
    sp->priority = priority(w, sp);
}
