/* caseload - the people of one batch: their facts as stored, what messages make of them, their
 * cases. No SQL here: load.h fills it, store.h writes the difference. */
#ifndef COMMON_CASEFILE_CASELOAD_H
#define COMMON_CASEFILE_CASELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/casefile/case_person.h"
#include "common/casefile/ruleset.h"
#include "common/casework/derive/derive.h"

/* A record that moved to another person: its old row goes. */
struct moved_record {
    const char *organisation, *person_id, *source, *absence_id;
    bool had_details;
};

struct caseload {
    struct arena *arena;
    struct case_person *persons;
    size_t n_persons, persons_cap;
    struct moved_record *moved;
    size_t n_moved, moved_cap;
    struct record_known *known;
    size_t n_known, known_cap;
    struct record_known *asked; /* which of these are known is asked for while loading */
    size_t n_asked, asked_cap;
    uint32_t *person_slots, *record_slots; /* open addressing; index + 1 */
    size_t person_mask, record_mask;
    struct record_at {
        uint32_t person, record;
    } * records; /* what record_slots point to */
    size_t n_records, records_cap;
    bool only_wakes; /* no fact changes: of a person only wakes and counts are written */
    bool may_cut;    /* of so many people that their entries are counted: see load_is_cut */
    /* Records that load_take_holders found stored. load_take says whether all of them came. */
    struct moved_record *expected;
    size_t n_expected;
    bool missed;
    bool careful; /* lock the people, and look for records under other people: see load.h */
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

/* Only the first n stay. Before loading. */
void caseload_cut(struct caseload *cl, size_t n);

/* By organisation, then person: the order in which every writer takes its locks. Before loading. */
void caseload_sort(struct caseload *cl);

/* While loading: a stored record of p. */
struct record *caseload_add_record(struct caseload *cl, struct case_person *p);
/* The same, once organisation, source and absence_id are filled in: makes it findable. */
void caseload_index_record(struct caseload *cl, struct case_person *p, const struct record *rec);

/* The record was purged when it was gone for HR. Strings live as long as the caseload's. */
void caseload_know_gone(struct caseload *cl, const struct record_known *known);
/* To be asked whether it was; see gone.h. */
void caseload_ask(struct caseload *cl, const struct record_known *known);

/* The person in this batch whose record it is; NULL: none. Until the next change. */
const struct record *caseload_record(const struct caseload *cl, const char *organisation,
                                     const char *source, const char *absence_id);

/* And that person; NULL: nobody. */
struct case_person *caseload_holder(const struct caseload *cl, const char *organisation,
                                    const char *source, const char *absence_id);

/* Applies one valid message to the facts. True: something changed; false: stale, or a repeat. The
 * person must be in the caseload; a record that moves leaves the one it was with. For
 * VERDICT_NOT_SICKNESS the person who holds the record must be in it. */
bool caseload_apply(struct caseload *cl, const struct inbound *ev, const struct ruleset *rs,
                    struct instant now);

/* Derives everybody who changed (all: everybody), and sets when each is derived next, for HR's
 * events and for all else. It is the case's next instant where nothing was emitted and nothing
 * stands. Otherwise it is now, so that followup sees it, or the instant since which it already
 * waits. The code that decides the first never sees data that HR may not have. */
void caseload_derive(struct caseload *cl, const struct ruleset *rs, struct instant now, bool all);

#endif
