/* load - the stored facts and cases of the people of a caseload, in one pipeline. Statements are
 * sent by load_send between the caller's own and read by load_take after the pipeline is done. */
#ifndef COMMON_CASEFILE_LOAD_H
#define COMMON_CASEFILE_LOAD_H

#include "common/casefile/caseload.h"
#include "common/err.h"
#include "common/pg.h"

/* How many results load_send adds to the pipeline. */
#define LOAD_RESULTS 4

/* Everything is asked for by the people's keys, so that each statement is one walk down an index
 * per person: $1 organisations, $2 people, $3 the number that each row answers with as k.ord. */
#define LOAD_KEYS                                                                                  \
    " from (select unnest($1::text[]) as organisation, unnest($2::text[]) as person_id,"           \
    " unnest($3::int4[]) as ord) as k"
#define LOAD_OF_KEY(t) t ".organisation = k.organisation and " t ".person_id = k.person_id"

/* Of a row of fact.person p, for load_take_person. */
#define LOAD_PERSON_COLUMNS                                                                        \
    "p.revision, p.emitted, p.contacts, p.prompted, p.next_wake_at, p.oh_wake_at, p.left_on,"      \
    " p.left_time, p.left_id, p.died_on, p.died_time, p.died_id, p.opt_on, p.opt_time, p.opt_id,"  \
    " p.opted_out, p.changed_at, p.ctid"
void load_take_person(struct caseload *cl, struct case_person *p, const struct pg_result *r,
                      size_t row, int first_col);

/* The same without the people's own rows, which are known, and locked, already. Gives how many
 * results that adds. */
enum status load_send_cases(struct caseload *cl, struct pg *pg, size_t *results,
                            struct err *err) NODISCARD;
void load_take_cases(struct caseload *cl, const struct pg *pg, size_t first, size_t results);

/* Sends the reads of everybody in the (sorted) caseload. locks: takes the people's rows FOR UPDATE
 * first, which adds one result before the others. */
enum status load_send(struct caseload *cl, struct pg *pg, bool locks, struct err *err) NODISCARD;
/* first: the index of load_send's first result in the pipeline. Strings are copied into the
 * caseload's arena. */
void load_take(struct caseload *cl, const struct pg *pg, size_t first, bool locks);

/* Under which person are these records now? One statement, one result (organisation, person_id) of
 * those that are stored: whoever else holds one must be in the caseload too. In the arrays
 * organisation, source and absence_id are in step. */
enum status load_send_holders(struct pg *pg, const char *const *organisations,
                              const char *const *sources, const char *const *absence_ids, size_t n,
                              struct err *err) NODISCARD;
void load_take_holders(struct caseload *cl, const struct pg *pg, size_t nth);

#endif
