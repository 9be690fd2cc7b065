/* seal - the audit's chain: committed entries are sealed each second by whoever works on shard 0.
 * A session of its own, so that neither waits for the other; what goes wrong here holds up no
 * event. What a seal is: schemas/sql, 0007_audit. */
#ifndef FOLLOWUP_SEAL_H
#define FOLLOWUP_SEAL_H

#include <stdbool.h>

#include "common/err.h"
#include "common/loop.h"
#include "common/pg.h"

struct seal;

/* o: as for the other sessions; copied. Does not connect yet. */
enum status seal_new(struct seal **out, struct loop *loop, const struct pg_options *o,
                     struct err *err) NODISCARD;
void seal_free(struct seal *s); /* NULL is fine; what is under way is rolled back */

/* Whether it is for us to do now. Called often; a session is opened when first needed and closed
 * when no longer. */
void seal_allow(struct seal *s, bool active);

#endif
