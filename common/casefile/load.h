/* load - the stored facts and cases of the people of a caseload, in one pipeline. Statements are
 * sent by load_send between the caller's own and read by load_take after the pipeline is done. */
#ifndef COMMON_CASEFILE_LOAD_H
#define COMMON_CASEFILE_LOAD_H

#include "common/casefile/caseload.h"
#include "common/err.h"
#include "common/pg.h"

/* How many results load_send adds to the pipeline. */
#define LOAD_RESULTS 4

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
