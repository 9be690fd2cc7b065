/* changeset - the rows that a caseload must write: the difference between what was derived and what
 * is stored. Pure; of store.c alone. */
#ifndef COMMON_CASEFILE_CHANGESET_H
#define COMMON_CASEFILE_CHANGESET_H

#include "common/casefile/caseload.h"

struct record_row {
    const struct case_person *p;
    const struct record *rec;
    const struct record_state *state;
    int64_t hash; /* of its details */
    bool has_details;
};

struct spell_row {
    const struct case_person *p;
    const struct spell *sp;
    int64_t fingerprint;
    bool stored;  /* there is a row for it */
    int64_t ctid; /* of that */
    const char **absence_ids;
    size_t n_absence_ids;
};

struct tombstone_row {
    const struct stored_spell *stored;
    enum end_reason reason;
    struct instant settled_at; /* of the period its anchor record is in; NONE */
};

struct moved_row { /* a due date that moved */
    const struct case_person *p;
    const char *detail;
};

struct changeset {
    struct record_row *records;
    struct spell_row *spells;
    struct tombstone_row *tombstones;
    struct moved_row *moved;
    const struct case_person **persons, **new_persons; /* with a row, without one */
    size_t n_records, n_spells, n_tombstones, n_moved, n_persons, n_new_persons;
};

/* Everything lives in the caseload's arena. why: for the audit of due dates that moved. */
void changeset_make(struct changeset *changes, struct caseload *cl, struct instant now,
                    const char *why);

/* The part of store_send about spells (store_spell.c). */
struct pg;
void store_send_spells(const struct changeset *changes, struct arena *a, struct pg *pg,
                       struct instant now);

#endif
