/* nights - the files of a source, night by night, given to the core of `dayfour feed`. The events
 * of each come in words short enough to write by hand. */
#ifndef TESTS_UNIT_NIGHTS_H
#define TESTS_UNIT_NIGHTS_H

#include "common/feed/difference/difference.h"

struct nights {
    struct mapping *mapping;
    struct state *state;
    struct hmac_key *key;
    int64_t rows, staff_rows;        /* of the last file taken; -1: none */
    struct difference_counts counts; /* of the last file */
    struct buf said, events;
    bool holds_fallen; /* as few rows as tests have fall by half of them when one goes: else not */
    /* For the next file alone: */
    int bump;
    bool held_first; /* without --first */
    bool accepted, same_bytes, mapping_changed;
    bool dry;  /* killed before the state is committed */
    bool look; /* the same, before anything is */
};

/* The mapping of CONTRACT.md 10, with some of its members changed: a JSON text, in which ' stands
 * for ". NULL: as it is. */
void nights_begin(struct nights *n, const char *mapping);
void nights_end(struct nights *n);

/* Takes a night's file and staff list (NULL: none), taken out at as_of. The state moves on, unless
 * the file is held or refused. Each event is decoded as intake does. The answer has these parts,
 * separated by "; ", and a + is for open ended.
 *   held WHY COUNT/OF
 *   refused WHY LINE
 *   bad LINE COLUMN REASON
 *   opened|amended|closed PERSON ONSET..LAST_DAY[+][ CODE]
 *   cancelled PERSON ONSET
 *   left PERSON DATE|-
 *   alive RECORDS/SENT/REJECTED */
const char *nights_take(struct nights *n, const char *as_of, const char *extract,
                        const char *staff);
/* The bytes of all events of the last file, a line each. */
const char *nights_events(const struct nights *n);

#define NIGHT(n, as_of, extract, staff, expected)                                                  \
    cr_assert_str_eq(nights_take(n, as_of, extract, staff), expected)

#endif
