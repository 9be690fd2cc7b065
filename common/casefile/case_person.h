/* case_person - one person of a batch: the facts and rows as stored, what messages made of them,
 * the case derived. Plain data; caseload.h has the batch. */
#ifndef COMMON_CASEFILE_CASE_PERSON_H
#define COMMON_CASEFILE_CASE_PERSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/casework/casework.h"

/* The state of a record in the batch, beside its facts. In step with facts.records. */
struct record_state {
    bool stored;        /* there is a row for it under this person */
    bool fresh;         /* new, and nobody asked whether it was purged when it was gone for HR */
    bool dirty;         /* its row must be written */
    bool details_dirty; /* its contact details differ from those stored, or are not stored */
    bool has_details;   /* details are stored */
    int64_t details_hash;
    int64_t ctid; /* of its row, as pg_tid gives it */
};

/* A spell as the table has it. */
struct stored_spell {
    const char *spell_id;
    const char *pathway;
    struct record_ref anchor;
    struct date due_date;
    bool tombstone;
    const char *end_reason;
    struct instant settled_at;
    int64_t fingerprint;
    int64_t ctid; /* of its row, as pg_tid gives it */
};

struct case_person {
    const char *organisation, *person_id;
    int64_t revision; /* 0: no row yet */
    int64_t ctid;     /* of the row, as pg_tid gives it */
    int32_t emitted, contacts;
    int32_t prompted; /* of emitted: on HR's topic */
    struct facts facts;
    struct record_state *state;
    size_t records_cap;
    struct stored_spell *spells;
    size_t n_spells;
    struct instant stored_wake, stored_oh_wake;
    bool changed;    /* a fact changed in this batch */
    bool hr_changed; /* and so did something that HR may know of */
    bool hr_lost;    /* a record that HR may know of is another person's now */
    bool looked;     /* what had gone for HR before this batch is noted */
    bool derived;
    struct rules rules;
    struct casework cw;
    /* To be stored; see caseload_derive. wake_at counts for HR's events. next_prompts: see ahead.h.
     */
    struct instant wake_at, oh_wake_at;
    const char *next_prompts;
    /* Followup's: in which queue the person was found, and what it said. */
    bool due_prompts, due_oh;
    int32_t more_emitted, more_prompted;
    /* Set aside: the database refuses the case, so none of its spells is written. */
    bool aside;
    struct instant aside_until;
};

/* A record that was purged once it was gone for HR: should it come again, it still is. */
struct record_known {
    const char *organisation, *source, *absence_id;
    struct instant gone_at;
};

#endif
