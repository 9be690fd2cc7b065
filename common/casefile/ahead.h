/* ahead - the next prompts about a person that HR gets if nothing changes. */
#ifndef COMMON_CASEFILE_AHEAD_H
#define COMMON_CASEFILE_AHEAD_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/casework/derive/derive.h"

/* "PERIOD kind YYYY-MM-DD" of the next prompt of each of HR's periods, separated by semicolons, as
 * fact.person.next_prompts has it; NULL: none. Comes from HR's facts alone, as prompts do. */
const char *ahead_of(const struct casework *cw, const struct org_rules *org,
                     const struct zone *zone, struct instant now, struct arena *a);

/* Not superseded, not switched off, and not from before the organisation's live_from. */
bool ahead_is_wanted(const struct timeline_event *e, const struct org_rules *org,
                     const struct zone *zone);

#endif
