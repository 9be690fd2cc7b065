/* Lists every event that is right, with its instant: those of each spell, of each period, of each
 * of HR's periods. Within each of these, later standing events supersede earlier ones. The list is
 * then sorted by instant and kind, and repeats are dropped. Nothing here asks what was emitted
 * before: followup compares. */
#include <string.h>

#include "common/casework/derive/work.h"

#define CHECK_IN_WORKING_DAYS 10
#define CHECK_IN_LONG_TERM_DAYS 28
#define REASON_MISSING_DAYS 2

struct timeline {
    struct work *w;
    size_t capacity;
    /* No event of the person stands from these instants on: death, leaving (for periods begun by
     * then), and, for occupational health, an opt-out. INSTANT_MAX: never. */
    struct instant died, left, opted_out;
};

static void add(struct timeline *t, const struct timeline_event *e)
{
    struct casework *out = t->w->out;
    if (out->n_timeline == t->capacity) {
        size_t capacity = t->capacity == 0 ? 32 : 2 * t->capacity;
        struct timeline_event *more = arena_array(t->w->a, capacity, sizeof *more);
        if (out->n_timeline > 0) {
            memcpy(more, out->timeline, out->n_timeline * sizeof *more);
        }
        out->timeline = more;
        t->capacity = capacity;
    }
    out->timeline[out->n_timeline++] = *e;
    work_wake(t->w,
              event_kind_audience(e->kind) == AUDIENCE_HR ? &out->prompt_wake_at : &out->oh_wake_at,
              e->at);
}

/* ---- occupational health ---- */

static struct instant period_until(const struct timeline *t, const struct period *p)
{
    if (p->closed_by_death) {
        return INSTANT_NONE;
    }
    struct date left_on = t->w->f->left.on;
    bool left = !date_is_none(left_on) && p->onset.days <= left_on.days;
    return left && t->left.us < t->died.us ? t->left : t->died;
}

static void add_oh(struct timeline *t, enum event_kind kind, const struct period *p,
                   const struct spell *sp, struct instant at, struct date due_on)
{
    if (at.us >= period_until(t, p).us || at.us >= t->opted_out.us) {
        return;
    }
    struct timeline_event e = {.kind = kind,
                               .spell = sp,
                               .period = p,
                               .at = at,
                               .occurs_on = work_local_date(t->w, at),
                               .due_on = due_on};
    if (kind == KIND_TASK_ENDED) {
        e.end_reason = task_end_by_return(t->w, sp);
    }
    add(t, &e);
}

static void add_spell(struct timeline *t, enum event_kind kind, const struct spell *sp,
                      struct instant at, struct date due_on)
{
    add_oh(t, kind, sp->period, sp, at, due_on);
}

static const struct spell_work *work_of(const struct timeline *t, const struct spell *sp)
{
    return &t->w->spells[sp - t->w->out->spells];
}

static bool declined(const struct contact_fact *c)
{
    return c != NULL && c->outcome == OUTCOME_DECLINED;
}

static bool case_closed_at(const struct spell_work *sw, struct instant at)
{
    return entry_closing_before(sw, at) != NULL;
}

static bool is_worth_telling(const struct spell *sp)
{
    return sp->state != TASK_ENDED || sp->end_reason == END_RETURNED_BEFORE_CONTACT ||
           sp->end_reason == END_RETURNED_UNCONTACTED;
}

static void created(struct timeline *t, const struct spell *sp)
{
    if (!is_worth_telling(sp)) {
        return;
    }
    struct instant onset = work_midnight(t->w, sp->onset);
    struct instant at = sp->first_notice.us > onset.us ? sp->first_notice : onset;
    add_spell(t, KIND_TASK_CREATED, sp, at, sp->due_date);
    if (sp->relapse) {
        add_spell(t, KIND_RELAPSE, sp, at, DATE_NONE);
    }
}

/* The last service day that leaves a day: so that what falls due at a weekend is seen on Friday. */
static struct date due_soon_day(const struct work *w, const struct spell *sp)
{
    const struct org_rules *org = w->r->org;
    if (org->pathways[sp->pathway].basis == BASIS_WORKING) {
        return calendar_step(w->r->calendar, org->division, sp->due_date, -1);
    }
    struct date before = date_add(sp->due_date, -1);
    struct date day = calendar_last_service_day(w->r->calendar, org, sp->onset, before);
    return date_is_none(day) ? before : day; /* no service day: a work_by_date is the due date */
}

/* Before the target, and when it has passed. */
static void due(struct timeline *t, const struct spell *sp)
{
    const struct work *w = t->w;
    const struct spell_work *sw = work_of(t, sp);
    if (!sp->late_report) {
        struct date day = due_soon_day(w, sp);
        struct instant at = work_nine(w, day);
        if (spell_off(sp, day) && entry_contact_before(sw, at) == NULL) {
            add_spell(t, KIND_DUE_SOON, sp, at, sp->due_date);
        }
    }
    struct date last = sp->late_report ? sp->respond_by : sp->due_date;
    struct instant at = work_midnight(w, date_add(last, 1));
    if (spell_off(sp, last) && entry_contact_before(sw, at) == NULL) {
        add_spell(t, KIND_OVERDUE, sp, at, sp->due_date);
    }
}

static void unreachable(struct timeline *t, const struct spell *sp)
{
    const struct contact_fact *c = entry_unreachable(t->w, work_of(t, sp));
    if (c != NULL) {
        add_spell(t, KIND_UNREACHABLE, sp, c->at, sp->due_date);
    }
}

/* A promise, where nothing came before the time of it. */
static void call_backs(struct timeline *t, const struct spell *sp)
{
    const struct spell_work *sw = work_of(t, sp);
    for (size_t i = 0; i < sw->n_entries; i++) {
        struct instant at = sw->entries[i]->call_back_at;
        struct instant until = entry_promised_until(sw, i);
        if (!instant_is_none(until) && until.us >= at.us &&
            spell_off(sp, work_local_date(t->w, at))) {
            add_spell(t, KIND_CALL_BACK_DUE, sp, at, DATE_NONE);
        }
    }
}

/* A red flag counts whatever ends the task, except a death. */
static void urgent(struct timeline *t, const struct spell *sp)
{
    const struct spell_work *sw = work_of(t, sp);
    for (size_t i = 0; i < sw->n_entries; i++) {
        struct instant at = sw->entries[i]->at;
        if (entry_is_red(sw->entries[i]) && !sp->period->closed_by_death && at.us < t->died.us) {
            add(t, &(struct timeline_event){.kind = KIND_URGENT_RAISED,
                                            .spell = sp,
                                            .period = sp->period,
                                            .at = at,
                                            .occurs_on = work_local_date(t->w, at),
                                            .due_on = DATE_NONE});
        }
    }
}

static void ended(struct timeline *t, const struct spell *sp)
{
    enum end_reason reason = task_end_by_return(t->w, sp);
    bool returned = reason == END_RETURNED_BEFORE_CONTACT || reason == END_RETURNED_UNCONTACTED;
    /* If it ended otherwise, its beginning is withdrawn. */
    if (returned && !sp->contact_counts && is_worth_telling(sp)) {
        add_spell(t, KIND_TASK_ENDED, sp, work_midnight(t->w, date_add(sp->ends_on, 1)), DATE_NONE);
    }
}

static bool spell_over(const struct spell *sp, struct date day)
{
    return !date_is_none(sp->ends_on) && sp->ends_on.days < day.days;
}

/* The day agreed; else, after a red flag, the next working day; else two weeks on. */
static struct date first_follow_up(const struct work *w, const struct contact_fact *c)
{
    struct date day = work_local_date(w, c->at);
    if (!date_is_none(c->review_on)) {
        return c->review_on;
    }
    return entry_is_red(c) ? calendar_step(w->r->calendar, w->r->org->division, day, 1)
                           : date_add(day, w->r->org->follow_up_days);
}

/* From one contact to the next, and every two weeks. The contact may lie before what is now the
 * onset. */
static void follow_up(struct timeline *t, const struct spell *sp, const struct contact_fact *c,
                      struct instant next)
{
    const struct work *w = t->w;
    int step = w->r->org->follow_up_days;
    struct date day = first_follow_up(w, c);
    while (work_nine(w, day).us <= c->at.us) {
        day = date_add(day, step);
    }
    for (struct instant at = work_nine(w, day); at.us < next.us && !spell_over(sp, day);
         at = work_nine(w, day)) {
        if (spell_off(sp, day) && !case_closed_at(work_of(t, sp), at)) {
            add_spell(t, KIND_FOLLOW_UP_DUE, sp, at, day);
        }
        if (at.us > w->now.us) {
            break; /* the next one only */
        }
        day = date_add(day, step);
    }
}

static void follow_ups(struct timeline *t, const struct spell *sp)
{
    const struct spell_work *sw = work_of(t, sp);
    for (size_t i = 0; i < sw->n_entries; i++) {
        const struct contact_fact *c = sw->entries[i];
        if (c->kind != CONTACT_MADE || declined(c) || c->no_follow_up) {
            continue;
        }
        size_t k = i + 1;
        while (k < sw->n_entries && sw->entries[k]->kind != CONTACT_MADE) {
            k++;
        }
        follow_up(t, sp, c, k < sw->n_entries ? sw->entries[k]->at : INSTANT_MAX);
    }
}

/* The n-th day of the absence as a whole, whatever its reasons; its first is day 1. */
static struct date absence_day(const struct spell *sp, int n)
{
    return date_add(sp->period->onset, n - 1);
}

static void long_term(struct timeline *t, const struct spell *sp)
{
    const struct org_rules *org = t->w->r->org;
    const struct {
        enum event_kind kind;
        int day;
    } marks[] = {{KIND_LONG_TERM_APPROACHING, org->long_term_approaching_day},
                 {KIND_LONG_TERM_REACHED, org->long_term_day}};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        struct date day = absence_day(sp, marks[i].day);
        if (spell_off(sp, day)) {
            add_spell(t, marks[i].kind, sp, work_nine(t->w, day), day);
        }
    }
}

static void reviews(struct timeline *t, const struct spell *sp)
{
    const struct org_rules *org = t->w->r->org;
    const struct spell_work *sw = work_of(t, sp);
    for (size_t i = 0; i < org->n_review_days; i++) {
        struct date day = absence_day(sp, org->review_days[i]);
        struct instant at = work_nine(t->w, day);
        if (spell_off(sp, day) && !case_closed_at(sw, at) &&
            !declined(entry_contact_before(sw, at))) {
            add_spell(t, KIND_REVIEW_DUE, sp, at, day);
        }
    }
}

static bool is_off_again(const struct timeline *t, const struct spell *sp, struct date by)
{
    const struct casework *out = t->w->out;
    for (const struct spell *s = sp + 1; s < out->spells + out->n_spells; s++) {
        if (s->onset.days > by.days) {
            return false;
        }
        if (s->pathway == sp->pathway) {
            return true;
        }
    }
    return false;
}

static void check_in(struct timeline *t, const struct spell *sp, struct date day, bool long_term)
{
    struct instant at = work_nine(t->w, day);
    const struct contact_fact *c = entry_contact_before(work_of(t, sp), at);
    if ((long_term || (c != NULL && !declined(c))) && !is_off_again(t, sp, day)) {
        add_spell(t, KIND_CHECK_IN_DUE, sp, at, day);
    }
}

/* Is the person still well, two weeks after coming back? */
static void check_ins(struct timeline *t, const struct spell *sp)
{
    const struct work *w = t->w;
    if (date_is_none(sp->period->ends_on)) {
        return;
    }
    struct date back = date_add(sp->period->ends_on, 1);
    bool long_term = spell_off(sp, absence_day(sp, w->r->org->long_term_day));
    check_in(t, sp, calendar_step(w->r->calendar, w->r->org->division, back, CHECK_IN_WORKING_DAYS),
             long_term);
    if (long_term) {
        check_in(t, sp, date_add(back, CHECK_IN_LONG_TERM_DAYS), true);
    }
}

static void spell_events(struct timeline *t, const struct spell *sp)
{
    urgent(t, sp);
    if (task_end_by_return(t->w, sp) == END_RETURNED_BEFORE_NOTICE) {
        return; /* over before anybody was notified */
    }
    created(t, sp);
    due(t, sp);
    call_backs(t, sp);
    unreachable(t, sp);
    ended(t, sp);
    follow_ups(t, sp);
    long_term(t, sp);
    reviews(t, sp);
    check_ins(t, sp);
}

/* The earliest watched record of a period in which none matches; NULL: there is none, or one
 * matches. */
static const struct member *watched_alone(const struct work *w, size_t period)
{
    const struct member *m = &w->members[w->first_member[period]];
    const struct member *watched = NULL;
    bool matched = false;
    for (size_t i = 0; i < w->out->periods[period].n_records; i++) {
        watched = watched == NULL && m[i].watched ? &m[i] : watched;
        matched |= m[i].matched != 0;
    }
    return matched ? NULL : watched;
}

static void reason_missing(struct timeline *t, size_t period)
{
    const struct work *w = t->w;
    const struct period *p = &w->out->periods[period];
    const struct member *watched = watched_alone(w, period);
    if (watched == NULL) {
        return;
    }
    if (date_is_none(p->last_day)) {
        w->out->no_reason_since = p->onset; /* at most one period lasts */
    } else if (p->last_day.days < work_local_date(w, p->first_notice).days) {
        return;
    }
    struct date day = date_add(watched->rec->onset, REASON_MISSING_DAYS);
    if (date_is_none(p->ends_on) || p->ends_on.days >= day.days) {
        add_oh(t, KIND_REASON_MISSING, p, NULL, work_nine(w, day), day);
    }
}

/* ---- HR ---- */

static void prompts(struct timeline *t, size_t period)
{
    const struct hr_period *h = &t->w->hr.periods[period];
    for (size_t i = 0; i < h->n_prompts; i++) {
        add(t, &(struct timeline_event){.kind = h->prompts[i].kind,
                                        .period = &t->w->out->hr_periods[period],
                                        .at = h->prompts[i].at,
                                        .occurs_on = h->prompts[i].occurs_on,
                                        .due_on = h->prompts[i].due_on});
    }
}

/* ---- all of it ---- */

/* The kind that a later event of the same subject supersedes; KIND_COUNT: none but perhaps its own
 * kind. */
static enum event_kind superseded_by(enum event_kind k)
{
    static const struct {
        enum event_kind earlier, later;
    } pairs[] = {{KIND_DUE_SOON, KIND_OVERDUE},
                 {KIND_LONG_TERM_APPROACHING, KIND_LONG_TERM_REACHED},
                 {KIND_EXPECTED_APPROACHING, KIND_EXPECTED_PASSED},
                 {KIND_PHASED_REVIEW_DUE, KIND_PHASED_ENDING}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i].earlier == k) {
            return pairs[i].later;
        }
    }
    return KIND_COUNT;
}

static bool repeats(enum event_kind k)
{
    return k == KIND_FOLLOW_UP_DUE || k == KIND_REVIEW_DUE || k == KIND_CHECK_IN_DUE ||
           k == KIND_PHASED_REVIEW_DUE;
}

/* Marks the events of one subject, from first on, that a later standing event supersedes. */
static void supersede(struct timeline *t, size_t first)
{
    struct casework *out = t->w->out;
    struct instant latest[KIND_COUNT + 1];
    for (size_t k = 0; k <= KIND_COUNT; k++) {
        latest[k] = INSTANT_NONE;
    }
    for (size_t i = first; i < out->n_timeline; i++) {
        const struct timeline_event *e = &out->timeline[i];
        if (e->at.us <= t->w->now.us && e->at.us > latest[e->kind].us) {
            latest[e->kind] = e->at;
        }
    }
    for (size_t i = first; i < out->n_timeline; i++) {
        struct timeline_event *e = &out->timeline[i];
        e->superseded = latest[superseded_by(e->kind)].us > e->at.us ||
                        (repeats(e->kind) && latest[e->kind].us > e->at.us);
    }
}

static const char *subject_id(const struct timeline_event *e)
{
    return e->spell != NULL ? e->spell->id : e->period->id;
}

static int event_order(const void *a, const void *b)
{
    const struct timeline_event *x = a, *y = b;
    if (x->at.us != y->at.us) {
        return x->at.us < y->at.us ? -1 : 1;
    }
    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }
    return strcmp(subject_id(x), subject_id(y));
}

/* Two records that say the same, as of a phased return, give one event. */
static void drop_repeats(struct casework *out)
{
    size_t n = 0;
    for (size_t i = 0; i < out->n_timeline; i++) {
        if (n == 0 || event_order(&out->timeline[n - 1], &out->timeline[i]) != 0) {
            out->timeline[n++] = out->timeline[i];
        }
    }
    out->n_timeline = n;
}

static struct instant from(const struct work *w, struct date day)
{
    return date_is_none(day) ? INSTANT_MAX : work_midnight(w, day);
}

void timeline_build(struct work *w)
{
    const struct facts *f = w->f;
    struct timeline t = {.w = w,
                         .died = from(w, f->died.on),
                         .left = from(w, date_add(f->left.on, 1)),
                         .opted_out = f->opted_out ? from(w, f->opt.on) : INSTANT_MAX};
    struct casework *out = w->out;
    for (size_t i = 0; i < out->n_spells; i++) {
        size_t first = out->n_timeline;
        spell_events(&t, &out->spells[i]);
        supersede(&t, first);
    }
    for (size_t i = 0; i < out->n_periods; i++) {
        size_t first = out->n_timeline;
        reason_missing(&t, i);
        supersede(&t, first);
    }
    for (size_t i = 0; i < out->n_hr_periods; i++) {
        size_t first = out->n_timeline;
        prompts(&t, i);
        supersede(&t, first);
    }
    order_sort(w->a, out->timeline, out->n_timeline, sizeof *out->timeline, event_order);
    drop_repeats(out);
}
