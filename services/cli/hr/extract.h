/* extract - the records of a full extract of the HR system, and those stored for the same
 * organisations and sources, side by side. */
#ifndef SERVICES_CLI_HR_EXTRACT_H
#define SERVICES_CLI_HR_EXTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/casefile/ruleset.h"
#include "common/event/inbound.h"
#include "services/cli/cli.h"
#include "services/cli/hr/event_file.h"

/* A record, of the extract or stored. Strings live in the arena of the call. */
struct extract_record {
    const char *organisation, *source, *absence_id, *person_id, *assignment_id, *code, *fte;
    int64_t version;
    struct date onset, last_day, expected_return, fit_note_from, fit_note_to, phased_return_from;
    bool open_ended, cancelled;
    bool not_sickness; /* of the extract: of a category that is passed over; only its identity and
                          version are known */
    bool has_code;     /* something was given for a reason */
    bool code_is_kept; /* of a stored one: code can be compared */
    struct instant first_notice, changed; /* of a stored one */
    size_t message;                       /* of the extract: which */
};

struct extract {
    struct extract_record *item;
    size_t n;
    size_t other; /* of the file: not absence records that are taken */
};

/* The newest version of each record of a file without rejected lines, sorted by identity. */
void extract_of_event_file(struct extract *out, const struct event_file *f,
                           const struct inbound_limits *limits, struct arena *a);
/* Those stored for the organisations and sources in `there`, sorted in the same way. */
enum status extract_stored(struct extract *out, struct cli *cli, const struct extract *there,
                           struct err *err) NODISCARD;

/* By organisation, source, absence id. */
int extract_compare(const struct extract_record *a, const struct extract_record *b);

/* The names of the members that differ, separated by ", "; "" when none does. Reasons are compared
 * where the one stored was kept; versions are not. */
void extract_differences(const struct extract_record *there, const struct extract_record *here,
                         struct buf *out);

#endif
