/* records - the rows of an extract as records: one for each absence, whatever the file writes a row
 * for. Rows that are bad are put aside; what they protect from counting as missing is marked. Pure.
 */
#ifndef COMMON_FEED_DIFFERENCE_RECORDS_H
#define COMMON_FEED_DIFFERENCE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/feed/rows/columns.h"
#include "common/feed/rows/input.h"
#include "common/feed/rows/rejects.h"
#include "common/feed/state/state.h"

#define RECORD_NONE UINT32_MAX

enum {
    RECORD_DERIVED = 1,    /* the file has no id for it */
    RECORD_OPEN_GIVEN = 2, /* a column says whether it is open ended … */
    RECORD_OPEN_YES = 4,   /* … and that it is */
    RECORD_BAD = 8,        /* put aside after all */
    RECORD_REPEAT = 16,    /* the same as another one, or merged into it */
    RECORD_MOVED = 32,     /* without an id, and known by another start */
    RECORD_CHECKED = 64    /* our own decoder takes it */
};

/* Followed by the values of the other members that are mapped. When one id comes twice, all from
 * onset on is compared. */
struct record {
    uint32_t line;
    uint32_t state; /* number of the row of the state that it is; RECORD_NONE: none */
    struct date onset, last_day;
    uint32_t organisation, absence_id, person_id, assignment_id;
    uint32_t flags;
    uint32_t value[];
};

/* Marks of a row of the state: how the file accounts for it. */
enum {
    MARK_SEEN = 1,      /* a record of the file is this one */
    MARK_PROTECTED = 2, /* a bad row may be it */
    MARK_VOID = 4       /* a row says it is cancelled, or no sickness any more */
};

struct records {
    const struct mapping *m;
    struct state *state;
    uint8_t *bytes;
    size_t stride, n, cap, n_values;
    uint8_t slot_of[MAPPING_MEMBER_COUNT]; /* of value; RECORDS_NO_SLOT: not mapped */
    uint8_t *mark;                         /* by row of the state */
    uint32_t *void_line;                   /* of MARK_VOID, by row of the state; NULL: none */
    uint32_t *guarded; /* people of bad rows whose ids cannot be read, sorted at the end */
    size_t n_guarded, guarded_cap;
    struct rejects rejects;
    struct columns columns;
    int64_t rows, passed_over;
    int64_t *rejected_of; /* bad rows by organisation of the mapping, one more for unknown ones */
};
#define RECORDS_NO_SLOT UINT8_MAX

/* False: the file is refused. Marks void and protected rows of the state by their ids. */
bool records_read(struct records *r, const struct mapping *m, const struct input *in,
                  struct state *state, bool explains, struct arena *a, struct refusal *why);
void records_clear(struct records *r);

struct record *records_at(const struct records *r, size_t i);
static inline bool record_counts(const struct record *r)
{
    return (r->flags & (RECORD_BAD | RECORD_REPEAT)) == 0;
}
uint32_t records_value(const struct records *r, const struct record *record,
                       enum mapping_member member);
/* Puts a record aside after all, with what it protects. */
void records_reject(struct records *r, struct record *record, enum mapping_member column,
                    enum row_fault why);
/* Which of the mapping's organisations; their number for none. */
size_t records_organisation(const struct records *r, uint32_t organisation);
/* Is this person one of a bad row whose id could not be read? */
bool records_guards(const struct records *r, uint32_t person_id);

/* merge_rows: adjoining (records_merge.c). */
void records_merge(struct records *r);

#endif
