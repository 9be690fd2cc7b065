/* caution - what a service says once, at its start, of an installation that works and could do
 * harm.
 */
#ifndef COMMON_CASEFILE_CAUTION_H
#define COMMON_CASEFILE_CAUTION_H

#include "common/casefile/ruleset.h"
#include "common/pg/pg.h"

/* Logs one warning, if there is anything; waits for one answer. *told: logged already. */
enum status caution(struct pg *pg, const struct ruleset *rules, bool *told,
                    struct err *err) NODISCARD;

#endif
