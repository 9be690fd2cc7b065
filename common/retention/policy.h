/* policy - decides what of a person's data may go by now, and what has to stay. Pure: facts, stored
 * rows and settings in, decisions out.
 *
 * Data goes together by period: its records, its spells and their tombstones, their entries and the
 * events about it. All of it goes or nothing, and only once it is settled. Data that would change a
 * case that is not settled stays, however old. */
#ifndef COMMON_RETENTION_POLICY_H
#define COMMON_RETENTION_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/casefile/case_person.h"
#include "common/casework/rules/settings.h"
#include "common/retention/policy_types.h"

/* Records left open for longer than this without a word are for a person to judge. */
#define POLICY_FORGOTTEN_DAYS 400

/* p is derived. Lives in the arena. */
void policy_decide(const struct case_person *p, const struct policy_emission *emissions,
                   size_t n_emissions, const struct retention *keep, struct instant now,
                   struct arena *a, struct policy_decision *out);

/* Everything goes, settled or not; the person too, but for an opt-out or a death in force. */
void policy_erase_all(const struct case_person *p, size_t n_emissions, struct arena *a,
                      struct policy_decision *out);

/* Whether all of it is settled: it can go without any event to be withdrawn. */
bool policy_is_settled(const struct case_person *p, struct instant now);

/* How many of n marks are set. */
size_t policy_marked(const bool *marks, size_t n);

#endif
