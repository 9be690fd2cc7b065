/* sweep_inside - what sweep.c and sweep_delete.c share. */
#ifndef CLI_SWEEP_INSIDE_H
#define CLI_SWEEP_INSIDE_H

#include "services/cli/sweep.h"

struct sweep {
    struct cli *cli;
    struct ruleset *rules;
    struct instant now;
    struct caseload people;
    struct sweep_person *person; /* in step with people.persons, but only those that are there */
    size_t n;
    bool open; /* a transaction */
};

/* Makes the session anew; gives st, unless that fails too. */
enum status sweep_failed(struct sweep *s, enum status st, struct err *err) NODISCARD;

size_t sweep_marked(const bool *marks, size_t n);

#endif
