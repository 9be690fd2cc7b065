/* period_peers - which records share a period with one record: a change of one is a change of them
 * all, as far as settling goes. Pure. */
#ifndef COMMON_CASEWORK_DERIVE_PERIOD_PEERS_H
#define COMMON_CASEWORK_DERIVE_PERIOD_PEERS_H

#include "common/base/arena.h"
#include "common/casework/facts.h"

/* Indices of the records of f that are in one period with of, itself left out, as things stand on
 * the local day today. of: a record as it is or was; f may hold it, in another shape too, or not.
 * Returns how many; *out lives in the arena. */
size_t period_peers_find(const struct facts *f, const struct record *of, struct date today,
                         struct arena *a, size_t **out);

#endif
