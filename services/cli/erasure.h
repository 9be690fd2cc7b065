/* erasure - all that is held about one person goes. What is settled goes at once and nobody is
 * told; of somebody who is not, what was told is taken back first, which followup does: the person
 * is marked, and what is held goes once that has happened. */
#ifndef CLI_ERASURE_H
#define CLI_ERASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/cli/sweep.h"

enum erasure_state {
    ERASURE_UNKNOWN, /* nothing is held */
    ERASURE_DONE,
    ERASURE_WAITS /* for what was told to be taken back */
};

struct erasure {
    enum erasure_state state;
    struct sweep_counts counts; /* of ERASURE_DONE */
    int64_t letters;            /* dead letters that named the person */
    bool remembered;            /* that they opted out, or died, is kept */
};

/* Erases the person, or marks them. why: for the audit. */
enum status erasure_ask(struct sweep *sweep, struct cli *cli, const char *organisation,
                        const char *person_id, const char *why, struct erasure *out,
                        struct err *err) NODISCARD;

/* One who is marked: ERASURE_WAITS until what was told is taken back. */
enum status erasure_go_on(struct sweep *sweep, struct cli *cli, const char *organisation,
                          const char *person_id, struct erasure *out, struct err *err) NODISCARD;

/* Everybody marked of whom it is. */
enum status erasure_finish(struct sweep *sweep, struct cli *cli, size_t *erased,
                           struct err *err) NODISCARD;

#endif
