/* claim - a database transaction of a shard: it derives due people again and writes their emissions
 * with their bytes, to be published after. It runs in steps, none of which waits. Knows no
 * Kafka. */
#ifndef SERVICES_FOLLOWUP_SHARD_CLAIM_H
#define SERVICES_FOLLOWUP_SHARD_CLAIM_H

#include "services/followup/shard/claim_core.h"

void claim_init(struct claim *c, int64_t people_max);
void claim_clear(struct claim *c);
/* Forgets the claim under way; the session, in whatever state, is closed. */
void claim_drop(struct claim *c);

/* Begin on an idle, connected session. */
enum status claim_begin(struct claim *c, struct pg *pg, const struct claim_around *around,
                        struct err *err) NODISCARD;
/* Reads batch `batch_no` of the outbox into records. */
enum status claim_read(struct claim *c, struct pg *pg, const struct claim_around *around,
                       int64_t batch_no, struct err *err) NODISCARD;
/* Makes the refused among the records smaller, in the outbox too; those that cannot be are dropped.
 */
enum status claim_cut(struct claim *c, struct pg *pg, const struct claim_around *around,
                      int64_t batch_no, const bool *refused, struct err *err) NODISCARD;
/* Only confirms what is published. */
enum status claim_confirm(struct claim *c, struct pg *pg, const struct claim_around *around,
                          struct err *err) NODISCARD;

/* The session's socket is ready: the claim takes its next step. *done: committed, the state is
 * CLAIM_IDLE again. A status other than OK: not committed, or unknown (a lost connection).
 * STATUS_RETRY: somebody else works on the same people, try again with fewer of them.
 * STATUS_REJECT: the database refuses something, try again with fewer; claim_begin sets a single
 * refused person aside, if the brake lets it. CT001: the shard is not ours any more. CT003: load
 * the rules again. */
enum status claim_step(struct claim *c, bool *done, struct err *err) NODISCARD;
void claim_failed(struct claim *c, enum status s, const struct err *why);

#endif
