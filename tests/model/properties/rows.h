/* rows - what came of a history, as lines of JSON with the reference model's names
 * (tests/model/reference/model.py). */
#ifndef TESTS_PROPERTIES_ROWS_H
#define TESTS_PROPERTIES_ROWS_H

#include "common/base/buf.h"
#include "tests/model/properties/play.h"

enum rows_of {
    ROWS_ALL,     /* tombstones too, with why they are no more */
    ROWS_OF_FACTS /* what any order, batching and restart must agree about: no tombstones, nothing
                     of when a period settles, which hangs on when facts changed */
};

/* Tasks, then what stands at the play's now, whose cases must be in its caseload (play_look). */
void rows_put(struct buf *b, const struct play *p, enum rows_of what);
void rows_put_saying(struct buf *b, const struct case_person *p, const struct saying *s,
                     struct instant now);
void rows_put_dead(struct buf *b, const struct line *line, const struct inbound *in);
void rows_put_refused(struct buf *b, const struct line *line, const char *sqlstate);
void rows_put_silent(struct buf *b, const char *organisation, const struct rules *r,
                     struct instant last_valid, struct instant now);

#endif
