/* caseload - the people of one batch: their facts as stored, what messages make of them, their
 * cases. No SQL here: load.h fills it, store.h writes the difference. */
#ifndef COMMON_CASEFILE_CASELOAD_H
#define COMMON_CASEFILE_CASELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/casefile/ruleset.h"
#include "common/casework/derive.h"

/* What is known of a record beside its facts. In step with facts.records. */
struct record_state {
    bool stored;        /* there is a row for it under this person */
    bool dirty;         /* its row must be written */
    bool details_dirty; /* its contact details differ from those stored, or are not stored */
    bool has_details;   /* details are stored */
    int64_t details_hash;
    int64_t place; /* of its row, as pg_tid gives it */
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
    int64_t place; /* of its row, as pg_tid gives it */
};

struct case_person {
    const char *organisation, *person_id;
    int64_t revision; /* 0: no row yet */
    int64_t place;    /* of the row, as pg_tid gives it */
    int32_t emitted, contacts;
    int32_t prompted; /* of emitted: on HR's topic */
    struct facts facts;
    struct record_state *state;
    size_t records_cap;
    struct stored_spell *spells;
    size_t n_spells;
    struct instant stored_wake, stored_oh_wake;
    bool changed; /* a fact changed in this batch */
    bool derived;
    struct rules rules;
    struct casework cw;
    /* To be stored; see caseload_derive. wake_at: for what HR is told. */
    struct instant wake_at, oh_wake_at;
    /* Followup's: in which queue the person was found, and what it said. */
    bool due_prompts, due_oh;
    int32_t more_emitted, more_prompted;
};

struct record_gone { /* moved to another person: the old row goes */
    const char *organisation, *person_id, *source, *absence_id;
    bool had_details;
};

struct caseload {
    struct arena *arena;
    struct case_person *persons;
    size_t n_persons, persons_cap;
    struct record_gone *gone;
    size_t n_gone, gone_cap;
    uint32_t *person_slots, *record_slots; /* open addressing; index + 1 */
    size_t person_mask, record_mask;
    struct record_at {
        uint32_t person, record;
    } * records; /* what record_slots point to */
    size_t n_records, records_cap;
    bool only_wakes; /* no fact changes: of a person only wakes and counts are written */
    bool careful;    /* lock the people, and look for records under other people: see load.h */
};

void caseload_init(struct caseload *cl); /* owns an arena */
void caseload_clear(struct caseload *cl);
void caseload_reset(struct caseload *cl); /* nobody in it; memory kept */

/* The person's place in the batch, added when new. Strings are borrowed until the reset. Before
 * loading. */
struct case_person *caseload_person(struct caseload *cl, const char *organisation,
                                    const char *person_id);
struct case_person *caseload_find(const struct caseload *cl, const char *organisation,
                                  const char *person_id);

/* By organisation, then person: the order in which every writer takes its locks. Before loading. */
void caseload_sort(struct caseload *cl);

/* While loading: a stored record of p. */
struct record *caseload_add_record(struct caseload *cl, struct case_person *p);
/* The same, once organisation, source and absence_id are filled in: makes it findable. */
void caseload_index_record(struct caseload *cl, struct case_person *p, const struct record *rec);

/* Whoever's it is in this batch; NULL: nobody's. Until the next change. */
const struct record *caseload_record(const struct caseload *cl, const char *organisation,
                                     const char *source, const char *absence_id);

/* One valid message onto the facts. True: something changed; false: stale, or a repeat. The person
 * must be in the caseload; a record that moves leaves the one it was with. */
bool caseload_apply(struct caseload *cl, const struct inbound *ev, const struct ruleset *rs,
                    struct instant now);

/* Derives everybody who changed (all: everybody), and decides when each is to be looked at next,
 * for what HR is told and for all else: at the case's next instant where nothing was emitted and
 * nothing stands, else now, so that followup sees it; or since when it has been waiting already.
 * What decides the first never sees what HR may not. */
void caseload_derive(struct caseload *cl, const struct ruleset *rs, struct instant now, bool all);

#endif
