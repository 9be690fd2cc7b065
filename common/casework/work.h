/* work - what the parts of derive() share while they work on one person. Inside casework only.
 *
 * They run in this order: period_members, spell_hold, period_build, spell_build, spell_contacts,
 * task_judge, period_settle, timeline_build. */
#ifndef COMMON_CASEWORK_WORK_H
#define COMMON_CASEWORK_WORK_H

#include "common/casework/derive.h"

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

/* What goes with casework.spells, index for index. */
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
};

/* period.c */
void period_members(struct work *w);
void period_build(struct work *w);
void period_settle(struct work *w);

/* spell.c */
const struct member *spell_find_member(const struct work *w, const struct record_ref *ref);
void spell_hold(struct work *w); /* contacted records stay where they were contacted */
void spell_build(struct work *w);
void spell_contacts(struct work *w); /* what clinicians did, to the spell it counts for */
bool spell_off(const struct spell *sp, struct date day);

/* task.c */
void task_judge(struct work *w, size_t spell);
/* The task as its records' last days will leave it, should nothing else happen. */
enum end_reason task_end_by_return(const struct work *w, const struct spell *sp);

/* timeline.c */
void timeline_build(struct work *w);

/* work.c */
void work_sort(struct arena *a, void *items, size_t n, size_t item_bytes,
               int (*compare)(const void *, const void *));
/* Smallest (first_notice, source, absence_id) first: an anchor is the first of its kind. */
int work_anchor_order(const struct record *a, const struct record *b);
int work_identity_order(const char *source_a, const char *id_a, const char *source_b,
                        const char *id_b);
static inline struct date work_later(struct date a, struct date b)
{
    return a.days >= b.days ? a : b; /* NONE is the earliest of all */
}
struct date work_local_date(const struct work *w, struct instant t);
struct instant work_midnight(const struct work *w, struct date d);
struct instant work_nine(const struct work *w, struct date d);
/* *wake, one of out's, is the earliest of all that lie ahead. */
void work_wake(const struct work *w, struct instant *wake, struct instant t);

#endif
