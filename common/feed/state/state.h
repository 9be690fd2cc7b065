/* state - what is known of a source after the newest file taken: HR's identifiers, digests and
 * dates. No reason, no name, no contact. The shell adds the rows it has stored, the pure function
 * reads them; kept small, as there can be half a million. */
#ifndef COMMON_FEED_STATE_STATE_H
#define COMMON_FEED_STATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/date.h"
#include "common/feed/state/texts.h"

#define STATE_DIGEST 32
#define STATE_MAC 16

/* A record as it was last published. A row of its own in the database; (organisation, absence_id)
 * identifies it within the source. */
struct state_row {
    const char *organisation, *absence_id, *person_id;
    const char *assignment_id;    /* NULL: none */
    uint8_t digest[STATE_DIGEST]; /* opaque: three HMACs, of all, of the joined members, of the
                                     reason */
    int64_t version;              /* of the last event, in milliseconds */
    struct date onset;
    struct date last_day;      /* NONE: none; by the rules, also one that is provisional */
    struct date missing_since; /* the day of the first file in a row that lacked it; NONE: none */
    int missing;               /* in so many files in a row */
    bool open_ended;           /* as it was sent */
    bool ended;                /* it was sent as over */
    bool cancelled;            /* the last event was a cancellation */
    bool settled;              /* missing long enough, and dealt with: it is not counted any more */
    bool derived;              /* we made absence_id, the file has none */
    bool begun;                /* a run was about to publish it for the first time, at version, and
                                  may have been killed on the way: difference_begun() */
};

/* A person who was sent as having left. */
struct state_leaver {
    uint8_t person[STATE_MAC]; /* HMAC of organisation and person */
    struct date on;
    bool begun; /* a run was about to send another date, or none, and may have been killed on the
                   way: difference_begun_leaver() */
};

struct state;

struct state *state_new(void);
void state_free(struct state *s); /* NULL is fine */

/* Copies what it needs. In any order; a row or a person that is there already is replaced. */
void state_put(struct state *s, const struct state_row *row);
void state_put_leaver(struct state *s, const struct state_leaver *l);
/* Nothing happens where there is none. */
void state_remove(struct state *s, const char *organisation, const char *absence_id);
void state_remove_leaver(struct state *s, const uint8_t person[STATE_MAC]);

/* Rows and leavers by number, in no order that means anything; texts stay until state_free. False:
 * nothing is there any more. */
size_t state_rows(const struct state *s);
bool state_row_at(const struct state *s, size_t i, struct state_row *out);
size_t state_leavers(const struct state *s);
bool state_leaver_at(const struct state *s, size_t i, struct state_leaver *out);

/* ---- inside the core ---- */

#define STATE_NONE SIZE_MAX

/* A row as it is kept: texts are numbers. */
struct state_kept {
    uint32_t organisation, absence_id, person_id, assignment_id;
    uint8_t digest[STATE_DIGEST];
    int64_t version;
    struct date onset, last_day, missing_since;
    uint16_t missing;
    bool open_ended : 1, ended : 1, cancelled : 1, settled : 1, derived : 1, begun : 1, gone : 1;
};
/* gone: nothing is there any more, or not for the run at hand. */
const struct state_kept *state_kept_at(const struct state *s, size_t i);
struct state_row state_row_of(const struct state *s, const struct state_kept *kept);
size_t state_find(const struct state *s, uint32_t organisation, uint32_t absence_id);
/* Rows of this person, assignment and start, one after the other: begin with *at = 0, end with
 * STATE_NONE. The first call makes an index. */
size_t state_find_start(struct state *s, uint32_t organisation, uint32_t person_id,
                        uint32_t assignment_id, struct date onset, size_t *at);
/* NULL: nobody. */
const struct state_leaver *state_find_leaver(const struct state *s,
                                             const uint8_t person[STATE_MAC]);

/* Hides the rows that a run of this version wrote down before it began, and shows them again. The
 * same run once more is to do the same. */
void state_hide_begun(struct state *s, int64_t version);
void state_show_begun(struct state *s, int64_t version);

/* The texts of the state, which the files of a run share. */
struct texts *state_texts(struct state *s);

#endif
