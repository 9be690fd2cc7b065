/* retain_unit - what goes together, and whether what stays would notice; of retain.c alone. */
#ifndef CLI_RETAIN_UNIT_H
#define CLI_RETAIN_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/cli/retain.h"

#define NO_UNIT SIZE_MAX

/* What goes together: a period, or a record that was cancelled, with all that hangs on it. */
struct retain_unit {
    const struct period *period; /* NULL: of a cancelled record */
    struct date from;            /* kept for so many days after this day */
    struct instant changed_at;
    bool settled;
    bool matched; /* occupational health had something to do with it */
    bool goes;
};

struct retain_decision {
    const struct case_person *p;
    const struct retain_said *said;
    size_t n_said;
    struct instant now;
    struct date today;
    struct arena *a;
    struct retain_unit *units;
    size_t n_units;
    size_t *unit_of_record; /* NO_UNIT: it has not begun */
    size_t *unit_of_entry;  /* NO_UNIT: it is about nothing that is here */
    struct retain *out;
};

/* Derived from what stays (by the units' goes), every case that is not settled comes out as it is
 * now. */
bool retain_rest_is_as_it_was(const struct retain_decision *d);

#endif
