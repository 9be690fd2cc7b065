/* load - the stored facts and cases of the people of a caseload, in one pipeline. Statements are
 * sent by load_send between the caller's own and read by load_take after the pipeline is done. */
#ifndef COMMON_CASEFILE_LOAD_H
#define COMMON_CASEFILE_LOAD_H

#include "common/base/err.h"
#include "common/casefile/caseload.h"
#include "common/pg/pg.h"

/* How many results load_send adds to the pipeline. */
#define LOAD_RESULTS 4

/* All statements ask by the people's keys, so each walks down an index once per person: $1
 * organisations, $2 people, $3 the number that each row returns as k.ord. */
#define LOAD_KEYS                                                                                  \
    " from (select unnest($1::text[]) as organisation, unnest($2::text[]) as person_id,"           \
    " unnest($3::int4[]) as ord) as k"
#define LOAD_OF_KEY(t) t ".organisation = k.organisation and " t ".person_id = k.person_id"

/* The columns of a row of fact.person p, for load_take_person. */
#define LOAD_PERSON_COLUMNS                                                                        \
    "p.revision, p.emitted, p.contacts, p.prompted, p.next_wake_at, p.oh_wake_at, p.left_on,"      \
    " p.left_time, p.left_id, p.died_on, p.died_time, p.died_id, p.opt_on, p.opt_time, p.opt_id,"  \
    " p.opted_out, p.changed_at, p.ctid, p.hr_changed_at"
void load_take_person(struct caseload *cl, struct case_person *p, const struct pg_result *r,
                      size_t row, int first_col);

/* Entries of all the people of a caseload that may_cut. */
#define LOAD_ENTRIES_MAX 100000
/* There are more, and not all were read: load fewer people. Asked before load_take, as that is. */
bool load_is_cut(const struct caseload *cl, const struct pg *pg, size_t first, bool locks);

/* The same without the people's own rows, which are known, and locked, already. Gives how many
 * results that adds. */
void load_send_cases(struct caseload *cl, struct pg *pg, size_t *results);
void load_take_cases(struct caseload *cl, const struct pg *pg, size_t first, size_t results);

/* Sends the reads of everybody in the (sorted) caseload. locks: takes the people's rows FOR UPDATE
 * first, which adds one result before the others. */
void load_send(struct caseload *cl, struct pg *pg, bool locks);
/* first: the index of load_send's first result in the pipeline. Strings are copied into the
 * caseload's arena. */
void load_take(struct caseload *cl, const struct pg *pg, size_t first, bool locks);

/* Under which person are these records now? Sends one statement with one result, a row for each
 * stored record: its person must be in the caseload too. In the arrays organisation, source and
 * absence_id are in step. A record can move to somebody else before load_send's statements see it:
 * cl->missed then, and all of it is to be done again. */
void load_send_holders(struct pg *pg, const char *const *organisations, const char *const *sources,
                       const char *const *absence_ids, size_t n);
void load_take_holders(struct caseload *cl, const struct pg *pg, size_t nth);

#endif
