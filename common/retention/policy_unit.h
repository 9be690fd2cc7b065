/* policy_unit - the units of data that go together, and whether the rest would change without them.
 * For policy*.c only. */
#ifndef COMMON_RETENTION_POLICY_UNIT_H
#define COMMON_RETENTION_POLICY_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/casefile/case_person.h"
#include "common/retention/policy_types.h"

#define NO_UNIT SIZE_MAX

/* Data that goes together: a period, or a cancelled record, with all that depends on it. */
struct policy_unit {
    const struct period *period; /* NULL: of a cancelled record */
    struct date from;            /* kept for so many days after this day */
    struct instant changed_at;
    bool settled;
    bool gone;    /* for HR, all of it: until then it would notice that it is purged */
    bool matched; /* occupational health had something to do with it */
    bool goes;
};

struct policy_work {
    const struct case_person *p;
    const struct policy_emission *emissions;
    size_t n_emissions;
    struct instant now;
    struct date today;
    struct arena *a;
    struct policy_unit *units;
    size_t n_units;
    size_t *unit_of_record; /* NO_UNIT: it has not begun */
    size_t *unit_of_entry;  /* NO_UNIT: it is about nothing that is here */
    struct policy_decision *out;
};

/* Derived from what stays (by the units' goes), every case that is not settled comes out as it is
 * now. */
bool policy_rest_is_as_it_was(const struct policy_work *d);

#endif
