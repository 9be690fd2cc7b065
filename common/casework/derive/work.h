/* work - what the parts of derive() share while they work on one person. Inside casework only.
 *
 * They run in this order: period_members, spell_hold, period_build, spell_build, spell_contacts,
 * task_judge, period_settle, period_hr, timeline_build. */
#ifndef COMMON_CASEWORK_DERIVE_WORK_H
#define COMMON_CASEWORK_DERIVE_WORK_H

#include "common/casework/casework.h"
#include "common/casework/derive/hr.h"
#include "common/casework/derive/order.h"

/* A record that takes part, and what the rules make of it. */
struct member {
    const struct record *rec;
    struct date end;       /* last day, past or ahead; NONE: not known */
    bool by_leaving;       /* end is the last day of employment */
    bool never;            /* its reason keeps it out of every pathway */
    bool watched;          /* its reason is not known yet */
    uint32_t matched;      /* pathways of its reason */
    uint32_t review_first; /* among them */
    uint32_t pathways;     /* those, and the ones in which a contact holds it */
};

/* It belongs to casework.spells, index for index. */
struct spell_work {
    bool by_leaving;                     /* a member is */
    const struct contact_fact **entries; /* what counts for it, by (at, entry_id) */
    size_t n_entries;
};

struct work {
    const struct facts *f;
    const struct rules *r;
    struct instant now;
    struct date today;
    struct arena *a;
    struct casework *out;
    struct member *members; /* by (onset, source, absence_id); those of a period side by side */
    size_t n_members;
    size_t *first_member;              /* of each period */
    const struct member **by_identity; /* sorted by (source, absence_id); NULL without contacts */
    uint32_t *spell_of; /* [member * n_pathways + pathway]: index + 1 into spells, or 0 */
    struct spell_work *spells;
    struct instant period_wake_at; /* the periods could next change by time alone; NONE */
    struct hr_view hr;
};

/* period.c */
void period_members(struct work *w);
void period_build(struct work *w);
void period_settle(struct work *w);
void period_hr(struct work *w); /* HR's periods, which know nothing of the rest */
struct hr_facts period_hr_facts(const struct facts *f, struct arena *a);
struct hr_rules period_hr_rules(const struct rules *r);

/* spell.c */
const struct member *spell_find_member(const struct work *w, const struct record_ref *ref);
void spell_hold(struct work *w); /* contacted records stay where they were contacted */
void spell_build(struct work *w);
void spell_contacts(struct work *w); /* what clinicians did, to the spell it counts for */
bool spell_off(const struct spell *sp, struct date day);

/* entry.c: what the entries of one spell come to, before an instant where one is given */
bool entry_is_red(const struct contact_fact *c);    /* a contact that raises a red flag */
bool entry_is_failed(const struct contact_fact *c); /* a call that reached nobody */
const struct contact_fact *entry_contact_before(const struct spell_work *sw, struct instant at);
/* The closing in force: neither reopened nor followed by a contact. NULL: the case is not closed.
 */
const struct contact_fact *entry_closing_before(const struct spell_work *sw, struct instant at);
/* The attempt with which nobody can be reached; NULL: there is none. */
const struct contact_fact *entry_unreachable(const struct work *w, const struct spell_work *sw);
/* Until when the promise that the n-th entry makes is open: INSTANT_MAX; NONE: it makes none. */
struct instant entry_promised_until(const struct spell_work *sw, size_t n);
/* The red flag that nobody has seen to; NULL. */
const struct contact_fact *entry_open_flag(const struct spell_work *sw);

/* task.c */
void task_judge(struct work *w, size_t spell);
/* The task as its records' last days will leave it, should nothing else happen. */
enum end_reason task_end_by_return(const struct work *w, const struct spell *sp);

/* timeline.c */
void timeline_build(struct work *w);

/* work.c */
struct date work_local_date(const struct work *w, struct instant t);
struct instant work_midnight(const struct work *w, struct date d);
struct instant work_nine(const struct work *w, struct date d);
/* *wake, one of out's, is the earliest of all that lie ahead. */
void work_wake(const struct work *w, struct instant *wake, struct instant t);

#endif
