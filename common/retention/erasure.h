/* erasure - deletes all that is held about a person. Settled data goes at once, and nobody is
 * notified. Otherwise the person is marked, followup withdraws the published events, and then the
 * data goes. */
#ifndef COMMON_RETENTION_ERASURE_H
#define COMMON_RETENTION_ERASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/retention/candidates.h"
#include "common/retention/removal.h"

enum erasure_state {
    ERASURE_UNKNOWN, /* nothing is held */
    ERASURE_DONE,
    ERASURE_WAITS /* for published events to be withdrawn */
};

struct erasure {
    enum erasure_state state;
    struct removal_counts counts; /* of ERASURE_DONE */
    int64_t dead_letters;         /* dead letters that named the person */
    bool remembered;              /* that they opted out, or died, is kept */
};

/* Erases the person, or marks them. why: for the audit. */
enum status erasure_ask(struct candidates *c, const char *organisation, const char *person_id,
                        const char *why, struct erasure *out, struct err *err) NODISCARD;

/* For a marked person: ERASURE_WAITS until the published events have been withdrawn. */
enum status erasure_go_on(struct candidates *c, const char *organisation, const char *person_id,
                          struct erasure *out, struct err *err) NODISCARD;

/* Everybody marked of whom it is. */
enum status erasure_finish(struct candidates *c, size_t *erased, struct err *err) NODISCARD;

#endif
