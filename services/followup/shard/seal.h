/* seal - the audit's chain: the process that works on shard 0 seals committed entries each second.
 * It has a session of its own, so that neither waits for the other; a failure here holds up no
 * event. A seal is described in schemas/sql/0008_audit.sql. */
#ifndef SERVICES_FOLLOWUP_SHARD_SEAL_H
#define SERVICES_FOLLOWUP_SHARD_SEAL_H

#include <stdbool.h>

#include "common/base/err.h"
#include "common/pg/pg.h"
#include "common/runtime/loop.h"

struct seal;

/* o: as for the other sessions; copied. Does not connect yet. */
enum status seal_new(struct seal **out, struct loop *loop, const struct pg_options *o,
                     struct err *err) NODISCARD;
void seal_free(struct seal *s); /* NULL is fine; what is under way is rolled back */

/* Whether it is for us to do now. Called often; a session is opened when first needed and closed
 * when no longer. */
void seal_allow(struct seal *s, bool active);

#endif
