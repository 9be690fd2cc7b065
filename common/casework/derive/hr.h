/* hr - what HR and line managers may learn of one person: from HR's facts alone. Inside casework,
 * and for who stores when a record is gone.
 *
 * Nothing here can hold a reason, a pathway, a contact or an opt-out, nor data that happens to be
 * kept. So no HR event shows whether occupational health has a case. Keep it so. Whether HR gave a
 * reason at all is HR's own knowledge, and all that is here of it. */
#ifndef COMMON_CASEWORK_DERIVE_HR_H
#define COMMON_CASEWORK_DERIVE_HR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/casework/derive/prompt.h"

struct hr_record {
    const char *source, *absence_id;
    const char *assignment_id; /* NULL: the person's only one */
    struct date onset, last_day, expected_return;
    struct date fit_note_from, fit_note_to, phased_return_from;
    bool open_ended, cancelled;
    bool reason_missing; /* HR gave none, or one of unknown_reasons, with the newest version */
    struct instant first_notice;
    struct instant held_since; /* when it became this person's: the first notice, or it moved */
    struct instant changed_at; /* when one of these facts last changed, or those of its period */
    struct instant gone_at;    /* stored: gone for HR from then on; NONE */
};

struct hr_dated {
    bool known;     /* a statement was received; with on NONE it was withdrawn */
    struct date on; /* NONE: not so */
};

struct hr_facts {
    const struct hr_record *records; /* any order; identity unique */
    size_t n_records;
    struct hr_dated left, died;
    struct instant changed_at; /* when one of these two last changed; NONE */
};

/* Keeping periods that were in force before those of today. */
struct hr_past {
    struct instant until;
    int unmatched_days, settle_days;
};

struct hr_rules {
    struct prompt_rules prompt;
    const struct hr_past *past; /* by until */
    size_t n_past;
    int unmatched_days, settle_days;
};

struct hr_period {
    size_t *records; /* indexes into the facts' records, by (onset, source, absence_id) */
    size_t n_records;
    size_t anchor; /* index of the record with the smallest (first_notice, source, absence_id) */
    struct date onset, ends_on, last_day, expected_return;
    bool closed_by_leaving, closed_by_death;
    struct instant changed_at, settled_at; /* settled_at NONE while it is not known */
    struct prompt *prompts;                /* all that are right at their instants, in no order */
    size_t n_prompts;
};

struct hr_view {
    struct hr_period *periods; /* of what is not gone, by onset */
    size_t n_periods;
    struct instant
        *gone_at; /* of each record of the facts: since when it is gone; NONE: it is not */
    struct instant wake_at; /* when a period could next change by time alone; NONE */
};

void hr_view(const struct hr_facts *f, const struct hr_rules *r, struct instant now,
             struct arena *a, struct hr_view *out);

#endif
