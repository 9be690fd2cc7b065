/* hr_event - what HR systems say, decoded: absence records, facts about people, heartbeats. Plain
 * data, and the names of their codes. inbound.h decodes; rules and cases need these types only. */
#ifndef COMMON_EVENT_HR_EVENT_H
#define COMMON_EVENT_HR_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/date.h"

enum reason_scheme { SCHEME_NONE, SCHEME_ESR, SCHEME_ICD10, SCHEME_SNOMED, SCHEME_TEXT };
const char *reason_scheme_name(enum reason_scheme s); /* "esr" …; NONE gives NULL */

/* How somebody is best reached. */
enum contact_way { WAY_NONE, WAY_PHONE, WAY_EMAIL, WAY_TEXT, WAY_LETTER };
const char *contact_way_name(enum contact_way w); /* "phone" …; NONE gives NULL */
bool contact_way_parse(const char *name, enum contact_way *out);

#define PLACE_BYTES 100 /* of site, staff group and job: longer ones are cut at a character */
#define NEEDS_BYTES 200

/* Kept to call somebody, and deleted with the contact details. */
struct contact_details {
    const char *name, *phone, *email, *language, *preferred_time; /* NULL: not given */
    enum { VOICEMAIL_UNKNOWN, VOICEMAIL_NO, VOICEMAIL_YES } voicemail;
    enum contact_way way;
    const char *needs, *job;   /* NULL: not given */
    struct date date_of_birth; /* NONE */
};

/* The whole absence record as its source now holds it. Dates: last_day inclusive; NONE: not given.
 */
struct absence_event {
    const char *absence_id;
    int64_t version; /* 1..2^53-1 */
    const char *person_id;
    const char *assignment_id; /* NULL: not given */
    struct date onset, last_day;
    bool open_ended;
    struct date expected_return;
    enum reason_scheme scheme; /* NONE: no reason or no code */
    const char *code;          /* as sent; NULL with SCHEME_NONE */
    const char *fte; /* canonical decimal text 0..1 without trailing zeros; NULL: not given (1) */
    struct date fit_note_from, fit_note_to;
    struct date phased_return_from;
    bool cancelled; /* the type was absence.cancelled */
    bool has_contact;
    struct contact_details contact;
    const char *site, *staff_group; /* where reports count the absence; NULL: not given */
    struct instant recorded_at;     /* when HR's system recorded it; NONE */
    unsigned n_cut, n_left_out;     /* texts that were cut, ways to reach somebody that are none */
};

enum person_fact { PERSON_LEFT, PERSON_DIED, PERSON_OPTED_OUT, PERSON_OPTED_IN };

struct person_event {
    const char *person_id;
    enum person_fact what;
    struct date on;      /* NONE: takes a left or died back (opted-*: always given) */
    struct instant time; /* the CloudEvents time: with id it orders facts of a kind */
};

/* A source is alive, and how fresh what it sent is. Counts: -1, not given. */
struct heartbeat_event {
    struct instant as_of;
    int64_t records, sent, rejected;
};

#endif
