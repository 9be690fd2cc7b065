/* inbound - what HR systems send: one Kafka record decoded and judged by form alone. Pure.
 * The checks and their order are those of schemas/events and doc/hr-integration.md:
 * 1. no_value, too_large, not_utf8; not_json, too_deep, duplicate_key; bad_field for a string
 *    that JSON allows and we cannot keep (\u0000, a lone surrogate); then the same checks of the
 *    document in data_base64;
 * 2. not_cloudevent: specversion, id, source, type; in binary mode a value that is no object;
 * 3. a type of another namespace: ignored, and nothing in the event is looked at;
 * 4. unknown_type, of our namespaces;
 * 5. a category that is passed over: see VERDICT_NOT_SICKNESS; unknown_category;
 * 6. missing_field: time (of a person), data, then the members in the order of common/event/form.c;
 * 7. bad_field: id, source, time, datacontenttype, data, then the members in that order;
 * 8. missing_scheme, last_day_before_onset, source_not_allowed.
 * null counts as absent, and so does a header without a value; only `on` of a person may be null
 * and may not be absent. */
#ifndef COMMON_EVENT_INBOUND_H
#define COMMON_EVENT_INBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/event/hr_event.h"
#include "common/event/raw_record.h"

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
    X(UNKNOWN_TYPE, "unknown_type")                                                                \
    X(UNKNOWN_CATEGORY, "unknown_category")                                                        \
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

enum verdict {
    VERDICT_ABSENCE,
    VERDICT_PERSON,
    VERDICT_HEARTBEAT,
    /* A record of a category that is passed over. It matters only to a record that is stored, with
     * a lower version: that one is not a sickness absence any more. In absence only absence_id and
     * version are set. */
    VERDICT_NOT_SICKNESS,
    VERDICT_IGNORED,
    VERDICT_REJECTED
};

#define DETAIL_TEXT 160
struct inbound {
    enum verdict verdict;
    enum reject_reason reason; /* of VERDICT_REJECTED */
    bool other_category;       /* of VERDICT_IGNORED: its category, not its type */
    /* The path at fault ("data.onset_date", "ce_type"), "" if none fits. Never a value. */
    char detail[DETAIL_TEXT];
    /* Filled for any verdict as far as they could be read, else NULL; an accepted event has them
     * all. */
    const char *source, *id;  /* CloudEvents attributes, any non-empty text */
    const char *organisation; /* valid by itself */
    union {
        struct absence_event absence;
        struct person_event person;
        struct heartbeat_event heartbeat;
    };
};

struct inbound_limits {
    size_t max_bytes; /* intake.max_bytes */
    /* May this source speak for this organisation? NULL: any may. */
    bool (*source_allowed)(const void *arg, const char *source, const char *organisation);
    /* Is this category, as category_plain gives it, passed over? NULL: the shipped ones are. */
    bool (*category_ignored)(const void *arg, const char *plain);
    const void *arg;
};

/* Always fills *in; strings live in the arena. Never fails: bad input is a verdict. */
void inbound_decode(const struct raw_record *raw, const struct inbound_limits *limits,
                    struct arena *a, struct inbound *in);

/* Moves its strings into another arena, so that the one it was decoded in, with all of the message,
 * can be used again. */
void inbound_keep(struct inbound *in, struct arena *a);

#endif
