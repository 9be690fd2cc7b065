/* gone - records that were purged once they were gone for HR. A keyed digest shows that such a
 * record comes again; see schemas/sql/repeatable/24_fact_guards.sql. */
#ifndef COMMON_CASEFILE_GONE_H
#define COMMON_CASEFILE_GONE_H

#include "common/base/err.h"
#include "common/casefile/caseload.h"
#include "common/pg/pg.h"

#define GONE_DIGEST_BYTES 16

/* Asks for a record: those that began long ago, or all of them where careful. */
void gone_ask(struct caseload *cl, const struct inbound *in, const struct ruleset *rs,
              struct instant now);
/* Adds one result to the caller's pipeline; *sent: none where nothing was asked. */
void gone_send(struct caseload *cl, struct pg *pg, const struct ruleset *rs, bool *sent);
/* Before the first message is applied. */
void gone_take(struct caseload *cl, const struct pg *pg, size_t nth);

/* New records that were not asked for must not be among them: else CT002, and careful next time.
 * This happens where HR uses the id of a purged record for a new absence. */
void gone_send_check(const struct caseload *cl, struct pg *pg, const struct ruleset *rs);

#endif
