/* chain - records chained into periods, from dates alone. The same for occupational health's
 * periods (period.c) and for HR's (hr.c). Inside casework only. */
#ifndef COMMON_CASEWORK_DERIVE_CHAIN_H
#define COMMON_CASEWORK_DERIVE_CHAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/date.h"

/* A record that takes part: live, and begun by today. */
struct chain_record {
    const char *source, *absence_id;
    struct date onset, last_day, expected_return;
    bool open_ended;
    bool left_counts, died_counts; /* whether the person's leaving and death apply to it */
    struct instant first_notice, changed_at;
    /* Found by chain_build. */
    struct date end; /* last day, past or ahead; NONE: not known */
    bool by_leaving; /* end is the last day of employment */
};

struct chain {
    size_t first, n; /* of the records */
    size_t anchor;   /* the record with the smallest (first_notice, source, absence_id) */
    struct date onset, ends_on, last_day, expected_return; /* as of struct period */
    bool closed_by_leaving, closed_by_death;
    bool left_counts, died_counts; /* of any of its records */
    struct instant changed_at;     /* the latest of its records' */
};

struct chain_person {
    struct date left_on, died_on; /* NONE: not so */
    struct date today;
};

/* When a record ends, as far as that is known. */
void chain_end(struct chain_record *rec, const struct chain_person *p);
/* records: by (onset, source, absence_id). out has room for n; gives how many there are. */
size_t chain_build(struct chain_record *records, size_t n, const struct chain_person *p,
                   struct chain *out);
/* The day its keeping and its settling count from; NONE while the person is off. A person who
 * died stays off on paper until HR ends the record, which it may never do. */
struct date chain_over_on(const struct chain *c, const struct chain_person *p);

#endif
