/* A function for each sort of prompt. PER_PERIOD and PER_RECORD count the most that these functions
 * can add: `out` has no other bound. A period that was over when it was first reported gets its
 * return and the interview alone. */
#include "common/casework/derive/prompt.h"

#include "common/event/text.h"

#define NINE_O_CLOCK (9 * 60)
#define FIT_NOTE_DAY 8      /* seven days are self-certified */
#define WARN_WORKING_DAYS 3 /* before an expected return or the end of a fit note */
#define PHASED_REVIEWS 3    /* one a week … */
#define PHASED_END_DAYS 27  /* … of four weeks */
#define PER_RECORD (2 + PHASED_REVIEWS + 1)
#define PER_PERIOD 7

struct list {
    const struct prompt_period *p;
    const struct prompt_rules *r;
    struct prompt *out;
    size_t n;
};

size_t prompt_most(size_t n_records)
{
    return PER_PERIOD + PER_RECORD * n_records;
}

static void add(struct list *l, enum event_kind kind, struct date day, int minute,
                struct date due_on)
{
    struct instant at = zone_at(l->r->zone, day, minute);
    if (at.us < l->p->until.us) {
        l->out[l->n++] =
            (struct prompt){.kind = kind, .at = at, .occurs_on = day, .due_on = due_on};
    }
}

static struct date before(const struct list *l, struct date day)
{
    return calendar_step(l->r->calendar, l->r->division, day, -WARN_WORKING_DAYS);
}

static bool off(const struct prompt_period *p, struct date day)
{
    return p->onset.days <= day.days && (date_is_none(p->ends_on) || p->ends_on.days >= day.days);
}

static void returned(struct list *l)
{
    if (!date_is_none(l->p->ends_on)) {
        struct date back = date_add(l->p->ends_on, 1);
        add(l, KIND_RETURNED, back, 0, back);
        add(l, KIND_INTERVIEW_DUE, back, NINE_O_CLOCK, back);
    }
}

static void expected_return(struct list *l)
{
    struct date back = l->p->expected_return;
    if (date_is_none(back)) {
        return;
    }
    struct date warn = before(l, back), after = date_add(back, 1);
    if (off(l->p, warn)) {
        add(l, KIND_EXPECTED_APPROACHING, warn, NINE_O_CLOCK, back);
    }
    if (off(l->p, back) && off(l->p, after)) {
        add(l, KIND_EXPECTED_PASSED, after, NINE_O_CLOCK, back);
    }
}

static void fit_note(struct list *l)
{
    struct date to = DATE_NONE;
    bool on_record = false;
    for (size_t i = 0; i < l->p->n_records; i++) {
        const struct prompt_record *rec = &l->p->records[i];
        on_record |= !date_is_none(rec->fit_note_from) || !date_is_none(rec->fit_note_to);
        to = rec->fit_note_to.days > to.days ? rec->fit_note_to : to;
    }
    struct date day = date_add(l->p->onset, FIT_NOTE_DAY - 1);
    if (!on_record && off(l->p, day)) {
        add(l, KIND_FIT_NOTE_DUE, day, NINE_O_CLOCK, day);
    }
    if (!date_is_none(to) && off(l->p, before(l, to))) {
        add(l, KIND_FIT_NOTE_EXPIRING, before(l, to), NINE_O_CLOCK, to);
    }
}

/* HR is asked for a missing reason the next morning. The other records do not count, so that the
 * question gives nothing of them away. */
static void reason(struct list *l)
{
    struct date onset = DATE_NONE;
    for (size_t i = 0; i < l->p->n_records; i++) {
        const struct prompt_record *rec = &l->p->records[i];
        if (rec->reason_missing && (date_is_none(onset) || rec->onset.days < onset.days)) {
            onset = rec->onset;
        }
    }
    struct date day = date_add(onset, 1);
    if (!date_is_none(onset) && off(l->p, day)) {
        add(l, KIND_REASON_DUE, day, NINE_O_CLOCK, day);
    }
}

static bool assignment_off(const struct prompt_period *p, const struct prompt_record *of,
                           struct date day)
{
    for (size_t i = 0; i < p->n_records && p->records[i].onset.days <= day.days; i++) {
        const struct prompt_record *rec = &p->records[i];
        if (text_same(rec->assignment_id, of->assignment_id) &&
            (date_is_none(rec->end) || rec->end.days >= day.days)) {
            return true;
        }
    }
    return false;
}

/* Back in one job and still off in another, or back by steps. */
static void partial(struct list *l)
{
    for (size_t i = 0; i < l->p->n_records; i++) {
        const struct prompt_record *rec = &l->p->records[i];
        struct date back = date_add(rec->end, 1);
        if (!date_is_none(back) && off(l->p, back) && !assignment_off(l->p, rec, back)) {
            add(l, KIND_PARTIAL_RETURN, back, 0, back);
        }
        struct date phased = rec->phased_return_from;
        if (!date_is_none(phased) && off(l->p, phased)) {
            add(l, KIND_PARTIAL_RETURN, phased, 0, phased);
        }
    }
}

/* A phased return runs after the absence has ended, or while it is still on record. */
static bool phased_runs(const struct prompt_period *p, struct date from, struct date day)
{
    return (!date_is_none(p->ends_on) && p->ends_on.days < from.days) || off(p, day);
}

static void phased_return(struct list *l)
{
    for (size_t i = 0; i < l->p->n_records; i++) {
        struct date from = l->p->records[i].phased_return_from;
        if (date_is_none(from)) {
            continue;
        }
        for (int week = 1; week <= PHASED_REVIEWS; week++) {
            struct date day = date_add(from, 7 * week);
            if (phased_runs(l->p, from, day)) {
                add(l, KIND_PHASED_REVIEW_DUE, day, NINE_O_CLOCK, day);
            }
        }
        struct date day = date_add(from, PHASED_END_DAYS);
        if (phased_runs(l->p, from, day)) {
            add(l, KIND_PHASED_ENDING, day, NINE_O_CLOCK, day);
        }
    }
}

size_t prompt_list(const struct prompt_period *p, const struct prompt_rules *r, struct prompt *out)
{
    struct list l = {.p = p, .r = r, .out = out};
    returned(&l);
    bool closed = !date_is_none(p->last_day);
    if (closed && p->last_day.days < p->noticed.days) {
        return l.n; /* over before anybody was notified: the rest would be history */
    }
    reason(&l);
    partial(&l);
    phased_return(&l);
    if (!closed) {
        expected_return(&l);
        fit_note(&l);
    }
    return l.n;
}
