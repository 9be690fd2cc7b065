/* retain - what of a person's data may go by now, and what has to stay. Pure: facts, what is stored
 * and the settings in, decisions out.
 *
 * What goes together is decided by period: its records, its spells and their tombstones, what was
 * entered and what was told about it, all or nothing, and only once it is settled. Whatever would
 * change a case that is not settled stays, however old. */
#ifndef CLI_RETAIN_H
#define CLI_RETAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"
#include "common/casefile/caseload.h"
#include "common/casework/settings.h"

/* Records left open for longer than this without a word are for a person to judge. */
#define RETAIN_FORGOTTEN_DAYS 400

/* A row of followup.emitted, as far as it matters here. */
struct retain_said {
    const char *subject, *kind, *occurrence;
    int32_t nth;
    bool prompt;              /* to HR */
    struct instant last_at;   /* when it was told, or taken back */
    const char **absence_ids; /* of the records it was about */
    size_t n_absence_ids;
};

struct retain {
    /* In step with the person's records, stored spells and entries, and with what was told. */
    bool *record, *spell, *entry, *said;
    bool *details;   /* in step with the records: of one that stays, its contact details go */
    bool *forgotten; /* in step with the records: left open, and untouched */
    bool person;     /* nothing is left, nor anything that has to be remembered of them */
    size_t unmatched, matched, cancelled; /* how many go: periods, and records cancelled */
};

/* p is derived. Lives in the arena. */
void retain_decide(const struct case_person *p, const struct retain_said *said, size_t n_said,
                   const struct retention *keep, struct instant now, struct arena *a,
                   struct retain *out);

/* Everything goes, settled or not; the person too, but for an opt-out or a death in force. */
void retain_nothing(const struct case_person *p, size_t n_said, struct arena *a,
                    struct retain *out);

/* Whether all of it is settled: it can go without anything to be taken back. */
bool retain_is_settled(const struct case_person *p, struct instant now);

#endif
