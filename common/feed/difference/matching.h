/* matching - which record of the state each record of a file is. With ids that is plain; without,
 * records are known by person, assignment and start, and one whose start moved is found again.
 * Pure. */
#ifndef COMMON_FEED_DIFFERENCE_MATCHING_H
#define COMMON_FEED_DIFFERENCE_MATCHING_H

#include "common/feed/difference/records.h"

/* Fills record.state, the ids of records without one, MARK_SEEN; puts aside records whose id was
 * used again for something else. today: the file's. */
void matching_make(struct records *r, struct date today);

/* Does a record that starts then count as missing where it has no row? */
static inline bool matching_in_window(const struct mapping *m, struct date onset, struct date today)
{
    return date_diff(onset, today) <= m->covers_days;
}

#endif
