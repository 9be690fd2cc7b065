/* store - writes what a caseload changed: facts, cases, the people's next wake. Guarded by each
 * person's revision and by the ruleset, both checked by the database in the same transaction. */
#ifndef COMMON_CASEFILE_STORE_H
#define COMMON_CASEFILE_STORE_H

#include "common/base/err.h"
#include "common/casefile/caseload.h"
#include "common/pg/pg.h"

struct store_counts {
    size_t records, spells, persons, tombstones;
};

/* Sends every write that is needed, and the two checks, into the pipeline of an open transaction;
 * the caller commits. Only people that were derived are written. A pipeline may fail with CT002
 * (another session worked on the same people) or 23505 (another person has a record). Do it again
 * from loading, with locks. After CT003 the rules changed: load them again first. why: for the
 * audit of due dates that moved ("message", "time", "settings", …). */
void store_send(struct caseload *cl, struct pg *pg, const struct ruleset *rs, struct instant now,
                const char *why, struct store_counts *counts);

/* Sends only the second of the checks, for who writes by other statements: CT003 as above. */
void store_send_check(struct pg *pg, const struct ruleset *rs);

#endif
