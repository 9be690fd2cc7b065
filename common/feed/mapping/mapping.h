/* mapping - deploy/feed/feed.schema.json as a struct: which columns of a file become which members
 * of our events, and by which rules files are compared. Pure. */
#ifndef COMMON_FEED_MAPPING_MAPPING_H
#define COMMON_FEED_MAPPING_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/date.h"
#include "common/base/err.h"
#include "common/base/zone.h"

/* Members that a column can become: the name in the mapping and the kind of text. Then whether the
 * extract may have it, and whether the staff list may. */
#define MAPPING_MEMBERS(X)                                                                         \
    X(ORGANISATION, "organisation", ID, false, true)                                               \
    X(ABSENCE_ID, "absence_id", ID, true, false)                                                   \
    X(PERSON_ID, "person_id", ID, true, true)                                                      \
    X(ASSIGNMENT_ID, "assignment_id", ID, true, false)                                             \
    X(CATEGORY, "category", CATEGORY, true, false)                                                 \
    X(ONSET_DATE, "onset_date", DATE, true, false)                                                 \
    X(LAST_DAY, "last_day", DATE, true, false)                                                     \
    X(OPEN_ENDED, "open_ended", BOOL, true, false)                                                 \
    X(EXPECTED_RETURN, "expected_return", DATE, true, false)                                       \
    X(REASON_CODE, "reason.code", TEXT, true, false)                                               \
    X(REASON_SCHEME, "reason.scheme", SCHEME, true, false)                                         \
    X(FTE, "fte", SHARE, true, true)                                                               \
    X(CONTACT_NAME, "contact.name", TEXT, true, true)                                              \
    X(CONTACT_PHONE, "contact.phone", TEXT, true, true)                                            \
    X(CONTACT_EMAIL, "contact.email", TEXT, true, true)                                            \
    X(CONTACT_LANGUAGE, "contact.language", TEXT, true, true)                                      \
    X(CONTACT_PREFERRED_TIME, "contact.preferred_time", TEXT, true, true)                          \
    X(CONTACT_VOICEMAIL, "contact.voicemail", BOOL, true, true)                                    \
    X(CONTACT_CHANNEL, "contact.channel", TEXT, true, true)                                        \
    X(CONTACT_NEEDS, "contact.needs", TEXT, true, true)                                            \
    X(CONTACT_DATE_OF_BIRTH, "contact.date_of_birth", DATE, true, true)                            \
    X(FIT_NOTE_FROM, "fit_note.from", DATE, true, false)                                           \
    X(FIT_NOTE_TO, "fit_note.to", DATE, true, false)                                               \
    X(PHASED_RETURN_FROM, "phased_return_from", DATE, true, false)                                 \
    X(SITE, "site", TEXT, true, true)                                                              \
    X(STAFF_GROUP, "staff_group", TEXT, true, true)                                                \
    X(JOB, "job", TEXT, true, true)                                                                \
    X(RECORDED_AT, "recorded_at", INSTANT, true, false)                                            \
    X(LEFT_ON, "left_on", DATE, false, true)

enum mapping_member {
#define MAPPING_ENUM(id, name, kind, extract, staff) MAPPING_##id,
    MAPPING_MEMBERS(MAPPING_ENUM)
#undef MAPPING_ENUM
        MAPPING_CANCELLED, /* the rows that say they are void; no member of the event */
    MAPPING_MEMBER_COUNT
};
const char *mapping_member_name(enum mapping_member m); /* as in the mapping: "reason.code" */

enum mapping_kind {
    MAPPING_KIND_ID,
    MAPPING_KIND_TEXT,
    MAPPING_KIND_CATEGORY,
    MAPPING_KIND_SCHEME,
    MAPPING_KIND_SHARE,
    MAPPING_KIND_BOOL,
    MAPPING_KIND_DATE,
    MAPPING_KIND_INSTANT
};
enum mapping_kind mapping_member_kind(enum mapping_member m);

struct mapping_texts {
    const char *const *item;
    size_t n;
};

struct mapping_value {
    const char *from; /* compared trimmed, in any case */
    const char *to;   /* NULL: null */
};

struct mapping_column {
    enum mapping_member member;
    struct mapping_texts names; /* of columns: the first that is not empty counts; none: value */
    const char *value;          /* the same for every row; NULL: a column */
    const char *format;         /* of a date or time; NULL of a time: as RFC 3339 has it */
    int pad;                    /* leading zeros up to so many characters; 0: none */
    const struct mapping_value *values;
    size_t n_values;
    struct mapping_texts yes;   /* "true" */
    struct mapping_texts never; /* texts that stand for no date */
    const char *scheme;         /* of reason.code */
    bool ambiguous_accepted;    /* day and month are known to stand as the format says */
};

/* The columns of a kind of file, in the order of enum mapping_member. */
struct mapping_table {
    struct mapping_column *column;
    size_t n;
};

/* NULL: the table has none. */
const struct mapping_column *mapping_column_of(const struct mapping_table *t,
                                               enum mapping_member m);

struct mapping_file {
    const char *pattern;  /* as fnmatch(3) has it */
    const char *encoding; /* as iconv(3) names it */
    char delimiter;
    const char *as_of; /* "mtime", or the format after "name:" */
    bool as_of_mtime;
    int still_seconds, keep_files_days;
    struct mapping_texts empty; /* texts that stand for an empty cell, in any case */
    const char *dir;            /* NULL: the command has to name it */
};

struct mapping_limit {
    int percent, at_least;
};

enum mapping_missing { MISSING_CANCEL, MISSING_CLOSE, MISSING_KEEP };

struct mapping_rules {
    bool provisional;   /* end_in_future: an end that is not reached is provisional */
    bool exclusive;     /* last_day_is: the first day back */
    bool derive_ids;    /* without_id: assignment; else a row without one is refused */
    bool merge;         /* merge_rows: adjoining */
    int merge_gap_days; /* days between two rows that are one record */
    enum mapping_missing missing;
    int missing_runs;
    struct mapping_limit hold_if_missing, hold_if_changed;
    int hold_if_rows_fall_percent, hold_if_rejected_percent;
};

struct mapping {
    const char *source;
    /* Either the same for every row, or a column and its values; organisations lists all of them.
     */
    struct mapping_column organisation;
    struct mapping_texts organisations;
    bool full; /* extract: full; else only what changed */
    int covers_days;
    struct zone *zone;
    struct mapping_file file;
    struct mapping_table extract; /* organisation and cancelled among them, where they are columns
                                   */
    bool has_ids;                 /* a column for absence_id */
    bool has_staff, staff_required;
    struct mapping_file staff_file; /* its pattern included */
    struct mapping_table staff;
    struct mapping_rules rules;
    uint8_t sha256[32]; /* of the document's bytes */
};

/* STATUS_REJECT: the document is bad; err names the path ("columns.onset_date.format: …") and never
 * a value. Nothing of text is kept. */
enum status mapping_parse(struct mapping **out, const char *text, size_t len,
                          struct err *err) NODISCARD;
void mapping_free(struct mapping *m); /* NULL is fine */

/* When a file of this name, last written at mtime, was taken out of the HR system. False: its name
 * has no such date. Whether it lies in the future is for the caller, who has a clock. */
bool mapping_as_of(const struct mapping *m, const struct mapping_file *f, const char *name,
                   struct instant mtime, struct instant *out);

#endif
