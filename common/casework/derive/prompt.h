/* prompt - the events for HR and line managers about one sickness period. Inside casework only.
 *
 * Nothing here can hold a reason, a pathway, a contact or an opt-out. So no prompt shows whether
 * occupational health has a case. Keep it so. Whether HR gave a reason is here, and not which. */
#ifndef COMMON_CASEWORK_DERIVE_PROMPT_H
#define COMMON_CASEWORK_DERIVE_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/date.h"
#include "common/base/zone.h"
#include "common/casework/event_kind.h"
#include "common/casework/rules/calendar.h"

struct prompt_record {
    const char *assignment_id; /* NULL: the person's only one */
    struct date onset;
    struct date end; /* past or ahead; NONE: not known */
    bool reason_missing;
    struct date fit_note_from, fit_note_to, phased_return_from;
};

struct prompt_period {
    const struct prompt_record *records;
    size_t n_records;
    struct date onset, ends_on, last_day, expected_return; /* as of struct period */
    struct date noticed;                                   /* local day of the first notice */
    struct instant until; /* nothing from here on: death, leaving */
};

struct prompt_rules {
    const struct calendar *calendar;
    enum division division;
    const struct zone *zone;
};

struct prompt {
    enum event_kind kind;
    struct instant at;
    struct date occurs_on, due_on;
};

/* How many prompts a period can give at most. */
size_t prompt_most(size_t n_records);
/* All that are right at their instants, in no order; perhaps one twice. out has room for
 * prompt_most(). Returns how many. */
size_t prompt_list(const struct prompt_period *p, const struct prompt_rules *r, struct prompt *out);

#endif
