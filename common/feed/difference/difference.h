/* difference - the pure function of `dayfour feed`. It takes the state of a source, an extract, a
 * staff list, a mapping and the file's as_of. It gives events and changes of the state, or why the
 * file is held or refused. No clock, no database, no broker: the same inputs give the same bytes.
 *
 * The caller makes a difference, looks at .end and writes the rejected rows. It commits what it is
 * about to publish, with the rows of difference_begun. It publishes difference_event for each
 * event, in order, and commits the changes. Events are written one at a time, since those of a
 * first file would not fit into memory. */
#ifndef COMMON_FEED_DIFFERENCE_DIFFERENCE_H
#define COMMON_FEED_DIFFERENCE_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/feed/difference/difference_types.h"

const char *hold_name(enum hold_why why);

/* Never fails: what is wrong with a file is in *d. Counts and rejected rows are filled for held
 * files too, and events can be written of them (for check). Free it before the state and the
 * mapping. */
void difference_make(const struct difference_inputs *inputs, struct difference *d);
void difference_free(struct difference *d);

/* Appends the bytes of event i, a structured CloudEvent, to value. */
void difference_event(const struct difference *d, size_t i, struct buf *value,
                      struct difference_event *out);

void difference_change(const struct difference *d, size_t i, struct difference_change *out);
/* Is change i a record that nobody knows yet? Then *out is its row as the caller has to commit
 * it before the first message. If the run is killed and another file comes, the record is known to
 * be missing there. The same run again finds these rows and takes no notice of them; the change
 * replaces them.
 */
bool difference_begun(const struct difference *d, size_t i, struct state_row *out);

void difference_leaver_change(const struct difference *d, size_t i,
                              struct difference_leaver_change *out);
/* Is change i of a leaver an event? Then *out is the row that the caller has to commit before the
 * first message. If the run is killed, the next list that has the person gives an event, whatever
 * its date is. Lists in between may lack the person. */
bool difference_begun_leaver(const struct difference *d, size_t i, struct state_leaver *out);

/* Makes all changes in a state held in memory: for check over several files, and for tests. */
void difference_apply(const struct difference *d, struct state *s);

/* The event `forget --cancel` sends of a record that is known and not cancelled. */
void difference_cancellation(const char *source, const struct state_row *row, struct instant as_of,
                             struct buf *value, struct difference_event *out);

#endif
