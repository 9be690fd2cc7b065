/* policy_types - the emitted events that the policy looks at, and its decision about one person. */
#ifndef COMMON_RETENTION_POLICY_TYPES_H
#define COMMON_RETENTION_POLICY_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/date.h"

/* A row of followup.emitted, as far as it matters here. */
struct policy_emission {
    const char *subject, *kind, *occurrence;
    int32_t nth;
    bool prompt;              /* to HR */
    struct instant last_at;   /* when it was published, or withdrawn */
    const char **absence_ids; /* of the records it was about */
    size_t n_absence_ids;
};

struct policy_decision {
    /* Parallel to the person's records, stored spells and entries, and to the emitted events. */
    bool *record, *spell, *entry, *emission;
    bool *details;   /* in step with the records: of one that stays, its contact details go */
    bool *gone;      /* in step with the records: of one that stays, that it is gone for HR is to be
                        noted */
    bool *forgotten; /* in step with the records: left open, and untouched */
    bool person;     /* nothing is left, nor anything that has to be remembered of them */
    size_t unmatched, matched, cancelled; /* how many go: periods, and records cancelled */
};

#endif
