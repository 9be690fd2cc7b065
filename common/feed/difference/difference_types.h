/* difference_types - the inputs of the comparison of files, its result, events and changes. Its
 * parts share them; difference.h has the function. */
#ifndef COMMON_FEED_DIFFERENCE_DIFFERENCE_TYPES_H
#define COMMON_FEED_DIFFERENCE_DIFFERENCE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/date.h"
#include "common/base/hash.h"
#include "common/feed/mapping/mapping.h"
#include "common/feed/rows/input.h"
#include "common/feed/rows/refusal.h"
#include "common/feed/state/state.h"

struct difference_inputs {
    const struct mapping *mapping;
    struct state *state; /* is read, until difference_free; only its texts grow */
    const struct hmac_key *key;
    struct input extract;
    const struct input *staff; /* NULL: there is none. Whether one is needed is for the caller */
    struct instant as_of;
    /* How many other attempts have begun to publish since the state was written: one for each
     * (file, staff list, mapping) that is not this one. Above 0, versions are as_of + bump
     * milliseconds, and every record of the file is published whole. */
    int bump;
    bool no_state;   /* no file of this source was ever taken */
    bool first;      /* --first: with no_state, no threshold holds the file */
    bool accepted;   /* these bytes were let through by `accept` */
    bool same_bytes; /* as_of: mtime, and the bytes of the last file taken: nobody is missing */
    bool mapping_changed;      /* the last file taken was read by a mapping of other bytes */
    int64_t rows_before;       /* data rows of the last file taken of the pattern; -1: none */
    int64_t staff_rows_before; /* the same of the staff list; -1: none */
    bool explains;             /* for check: fills columns */
};

enum difference_end { DIFFERENCE_TAKEN, DIFFERENCE_HELD, DIFFERENCE_REFUSED };

/* Why a file is held: the word for status and logs. */
#define HOLDS(X)                                                                                   \
    X(FIRST, "first")     /* the first file of a source, without --first */                        \
    X(MISSING, "missing") /* hold_if_missing */                                                    \
    X(ROWS, "rows_fall")  /* hold_if_rows_fall_percent */                                          \
    X(STAFF_ROWS, "staff_rows_fall")                                                               \
    X(REJECTED, "rejected") /* hold_if_rejected_percent */                                         \
    X(CHANGED, "changed")   /* hold_if_changed */                                                  \
    X(MAPPING, "mapping")   /* a changed mapping publishes over 5 % once more */

enum hold_why {
#define HOLD_ENUM(id, name) HOLD_##id,
    HOLDS(HOLD_ENUM)
#undef HOLD_ENUM
        HOLD_COUNT
};

/* count of `of` is more than percent (and at least at_least): numbers, for people and for status.
 * rows_fall: count is how many fewer
 * than `of` there are now. first: count is records, of is rows. */
struct difference_hold {
    enum hold_why why;
    int64_t count, of;
    int percent, at_least;
};

struct difference_counts {
    int64_t rows;        /* data rows of the extract: good, bad, passed over */
    int64_t rejected;    /* bad rows */
    int64_t passed_over; /* rows of other categories, and void ones */
    int64_t records;     /* good records */
    int64_t known;       /* of them: in the state before */
    int64_t moved;       /* without ids: known by an earlier or later start */
    int64_t opened, amended, closed, cancelled; /* absence events by type */
    int64_t left, left_withdrawn;               /* person events */
    int64_t missing;    /* records that count and have no row in this file */
    int64_t counting;   /* records that count */
    int64_t changed;    /* records whose reason or start changes */
    int64_t anew;       /* records known before that are published once more */
    int64_t staff_rows; /* data rows of the staff list; -1: no list */
    int64_t staff_rejected;
    int64_t without_staff; /* records whose person is not on the list */
    int64_t without_phone; /* records without a telephone number */
};

/* For `check`: the mapping's columns, each with what became of its cells. */
#define DIFFERENCE_EXAMPLES 3
struct difference_column {
    bool of_staff;
    const struct mapping_column *column;
    int64_t filled, empty, bad; /* cells: with a good value, without one, refused */
    /* Different cells as they stand in the file, and what they became ("": nothing). To be masked
     * before anybody sees them. */
    size_t n_examples;
    const char *from[DIFFERENCE_EXAMPLES], *to[DIFFERENCE_EXAMPLES];
    const char *bad_from; /* the first cell that was refused and not empty; NULL: none */
};

struct difference {
    enum difference_end end;
    struct refusal refusal; /* of DIFFERENCE_REFUSED */
    /* The thresholds that are passed, in the order of HOLDS: at least one if the file is held. They
     * are filled for a file that was accepted, and for the first one, too. */
    struct difference_hold hold[HOLD_COUNT];
    size_t n_holds;
    struct difference_counts counts;
    const struct rejected_row *rejected, *staff_rejected; /* by line */
    size_t n_rejected, n_staff_rejected;
    const struct difference_column *columns;
    size_t n_columns;
    size_t n_events; /* absences, then people, then one heartbeat per organisation */
    size_t n_changes, n_leaver_changes; /* of the state */
    struct difference_inside *inside;
};

enum difference_kind {
    DIFFERENCE_OPENED,
    DIFFERENCE_AMENDED,
    DIFFERENCE_CLOSED,
    DIFFERENCE_CANCELLED,
    DIFFERENCE_LEFT,
    DIFFERENCE_HEARTBEAT
};
#define DIFFERENCE_KEY 32 /* hex digits; no NUL is meant to be sent */

struct difference_event {
    enum difference_kind kind;
    const char *type; /* "org.dayfour.absence.opened.v1" */
    char key[DIFFERENCE_KEY + 1];
    size_t line; /* of the row it comes from; 0: of none */
};

/* A change of the state: the row as it is to be stored, or one that leaves it (of which only the
 * identifiers matter). */
struct difference_change {
    bool removed;
    struct state_row row;
};
struct difference_leaver_change {
    bool removed;
    struct state_leaver leaver;
};

#endif
