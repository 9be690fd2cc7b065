/* claim_store - what a claim writes. Each sends and commits, and moves the state on. */
#ifndef SERVICES_FOLLOWUP_SHARD_CLAIM_STORE_H
#define SERVICES_FOLLOWUP_SHARD_CLAIM_STORE_H

#include "services/followup/shard/claim_core.h"

void claim_send_advance(struct claim *c, bool claims);
enum status claim_derive_and_store(struct claim *c, struct err *err) NODISCARD;
/* The case of the claim's only person is not stored. */
void claim_mark_aside(struct claim *c);
/* Even without the case: all that is due in this queue waits. */
enum status claim_put_off(struct claim *c, struct err *err) NODISCARD;

#endif
