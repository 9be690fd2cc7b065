/* shelf - what a database would hold of some people, in memory: rows in the shape of fact.* and
 * casework.spell, and what was emitted. Nothing but the rows passes from one batch to the next, as
 * if the program had been started anew each time. */
#ifndef TESTS_PROPERTIES_SHELF_H
#define TESTS_PROPERTIES_SHELF_H

#include "common/casefile/changeset.h"
#include "services/followup/events/diff.h"

struct shelf_record {
    struct record rec; /* contact details are not loaded again: those are empty */
    int64_t details_hash;
};

struct shelf_spell {
    struct stored_spell key; /* spell_id, pathway, anchor and so on, as load.c gives them */
    const char *queue, *period_id, *previous_spell;
    const struct record_ref *records;
    size_t n_records;
    const char **absence_ids;
    size_t n_absence_ids;
    struct spell columns; /* scalars only: its pointers are NULL */
};

struct shelf_entry {
    struct contact_fact fact;
    const char *label; /* of the input; NULL */
};

struct shelf_person {
    const char *organisation, *person_id;
    struct facts facts; /* of the person as such: no records, no contacts */
    struct shelf_record *records;
    size_t n_records, cap_records;
    struct shelf_entry *entries;
    size_t n_entries, cap_entries;
    struct shelf_spell *spells;
    size_t n_spells, cap_spells;
    struct emitted *emitted;
    size_t n_emitted, cap_emitted;
    struct instant wake_at, oh_wake_at; /* for what HR is told, and for all else */
    const char *next_prompts;           /* NULL: none */
    struct date derived_on;             /* the local day on which it was last derived; NONE */
    bool touched;                       /* by the latest batch */
};

struct shelf {
    struct arena *a;
    struct record_known *gone; /* digests of purged records that had gone for HR */
    size_t n_gone, cap_gone;
    struct shelf_person *persons; /* may move when one is added */
    size_t n_persons, cap_persons;
};

void shelf_init(struct shelf *s);
void shelf_clear(struct shelf *s);
void shelf_reset(struct shelf *s); /* nobody known; memory kept */

/* Added where it is not known. */
struct shelf_person *shelf_person(struct shelf *s, const char *organisation, const char *person_id);
struct shelf_person *shelf_find(const struct shelf *s, const char *organisation,
                                const char *person_id); /* NULL: not known */
/* When to look at the person next; NONE: never. */
struct instant shelf_wake(const struct shelf_person *p);
/* Who has the record; NULL: nobody. */
struct shelf_person *shelf_holder(const struct shelf *s, const char *organisation,
                                  const char *source, const char *absence_id);

/* The rows of the people in the caseload, who are sorted already. Strings are borrowed from the
 * shelf. */
void shelf_load(const struct shelf *s, struct caseload *cl);
/* What the changes says is to be written, copied; its people are derived as of today. */
void shelf_write(struct shelf *s, const struct caseload *cl, const struct changeset *changes,
                 struct date today);

/* A purged record that had gone, once. */
void shelf_add_gone(struct shelf *s, const char *organisation, const struct record *rec,
                    struct instant gone_at);
const struct record_known *shelf_find_gone(const struct shelf *s, const char *organisation,
                                           const char *source, const char *absence_id);

struct shelf_entry *shelf_add_entry(struct shelf *s, struct shelf_person *p);
void shelf_add_emitted(struct shelf *s, struct shelf_person *p, const struct emitted *e);

#endif
