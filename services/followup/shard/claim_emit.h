/* claim_emit - what a claim has to emit. */
#ifndef SERVICES_FOLLOWUP_SHARD_CLAIM_EMIT_H
#define SERVICES_FOLLOWUP_SHARD_CLAIM_EMIT_H

#include "services/followup/shard/claim_core.h"

/* Computes for everybody what to emit, and counts the emissions: one list for each person, then one
 * for each silent organisation. */
struct sayings *claim_compare(struct claim *c, size_t *total);
/* Their records, and those of dead letters. */
void claim_render(struct claim *c, const struct sayings *all, size_t total);
/* Instead: notes the people about whom something is to be emitted later. */
void claim_defer(struct claim *c, const struct sayings *all);

#endif
