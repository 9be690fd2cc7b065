/* inbound - what HR systems send: one Kafka record decoded and judged by form alone. Pure.
 * The checks and their order are those of schemas/events and doc/hr-integration.md:
 * 1. no_value, too_large, not_utf8; not_json, too_deep, duplicate_key; bad_field of a string that
 *    JSON allows and we cannot keep (\u0000, a lone surrogate), wherever it stands;
 * 2. not_cloudevent: specversion, id, source, type; in binary mode a value that is no object;
 * 3. a type that is not ours, or another category: ignored, nothing more is looked at;
 * 4. missing_field: time (of a person), data, then the members in the order of common/event/form.c;
 * 5. bad_field: id, source, time, datacontenttype, data, then the members in that order;
 * 6. missing_scheme, last_day_before_onset, source_not_allowed.
 * null counts as absent, and so does a header without a value. */
#ifndef COMMON_EVENT_INBOUND_H
#define COMMON_EVENT_INBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/date.h"

/* Why a record can never be taken: the dlq-reason header, the metric's label, the column. One list.
 */
#define REJECT_REASONS(X)                                                                          \
    X(NO_VALUE, "no_value")                                                                        \
    X(TOO_LARGE, "too_large")                                                                      \
    X(NOT_UTF8, "not_utf8")                                                                        \
    X(NOT_JSON, "not_json")                                                                        \
    X(TOO_DEEP, "too_deep")                                                                        \
    X(DUPLICATE_KEY, "duplicate_key")                                                              \
    X(BAD_FIELD, "bad_field")                                                                      \
    X(NOT_CLOUDEVENT, "not_cloudevent")                                                            \
    X(MISSING_FIELD, "missing_field")                                                              \
    X(MISSING_SCHEME, "missing_scheme")                                                            \
    X(LAST_DAY_BEFORE_ONSET, "last_day_before_onset")                                              \
    X(SOURCE_NOT_ALLOWED, "source_not_allowed")                                                    \
    X(NOT_STORABLE,                                                                                \
      "not_storable") /* well-formed, but the database refused a value: a fault of ours */

enum reject_reason {
#define REJECT_ENUM(id, name) REJECT_##id,
    REJECT_REASONS(REJECT_ENUM)
#undef REJECT_ENUM
        REJECT_COUNT
};
const char *reject_reason_name(enum reject_reason r);

struct header {
    const char *name; /* NUL-terminated */
    const char *value;
    size_t len;
    bool is_null; /* a header may have no value at all */
};

/* A Kafka record as it came. Everything borrowed. */
struct raw_record {
    const char *value; /* NULL: a tombstone */
    size_t len;
    const struct header *headers;
    size_t n_headers;
};

enum reason_scheme { SCHEME_NONE, SCHEME_ESR, SCHEME_ICD10, SCHEME_SNOMED, SCHEME_TEXT };
const char *reason_scheme_name(enum reason_scheme s); /* "esr" …; NONE gives NULL */

struct contact_details {
    const char *name, *phone, *email, *language, *preferred_time; /* NULL: not given */
    enum { VOICEMAIL_UNKNOWN, VOICEMAIL_NO, VOICEMAIL_YES } voicemail;
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
};

enum person_fact { PERSON_LEFT, PERSON_DIED, PERSON_OPTED_OUT, PERSON_OPTED_IN };

struct person_event {
    const char *person_id;
    enum person_fact what;
    struct date on;      /* NONE: takes a left or died back (opted-*: always given) */
    struct instant time; /* the CloudEvents time: with id it orders facts of a kind */
};

enum verdict { VERDICT_ABSENCE, VERDICT_PERSON, VERDICT_IGNORED, VERDICT_REJECTED };

#define DETAIL_TEXT 160
struct inbound {
    enum verdict verdict;
    enum reject_reason reason; /* of VERDICT_REJECTED */
    /* The path at fault ("data.onset_date", "ce_type"), "" if none fits. Never a value. */
    char detail[DETAIL_TEXT];
    /* Of any verdict as far as they could be read, else NULL; what was accepted has them all. */
    const char *source, *id;  /* CloudEvents attributes, any non-empty text */
    const char *organisation; /* valid by itself */
    union {
        struct absence_event absence;
        struct person_event person;
    };
};

struct inbound_limits {
    size_t max_bytes; /* intake.max_bytes */
    /* May this source speak for this organisation? NULL: any may. */
    bool (*source_allowed)(const void *arg, const char *source, const char *organisation);
    const void *arg;
};

/* Always fills *in; strings live in the arena. Never fails: bad input is a verdict. */
void inbound_decode(const struct raw_record *raw, const struct inbound_limits *limits,
                    struct arena *a, struct inbound *in);

/* Moves its strings into another arena, so that the one it was decoded in, with all of the message,
 * can be used again. */
void inbound_keep(struct inbound *in, struct arena *a);

#endif
