/* apply - one message onto the facts of its person: newest version wins, whatever the order. Pure.
 */
#ifndef COMMON_CASEWORK_APPLY_H
#define COMMON_CASEWORK_APPLY_H

#include "common/arena.h"
#include "common/casework/facts.h"
#include "common/casework/settings.h"

enum applied {
    APPLIED_NOTHING, /* stale or a repeat: no fact changed */
    APPLIED_CHANGED, /* something that rules or views read changed (the lowest version seen
                        included) */
};

/* rec: the stored record, or NULL; a new one is made in the arena and given in *out (rec itself is
 * changed in place otherwise, and only when something changed). serial: of the settings in use.
 * Strings that are kept are borrowed from the event.
 *
 * A higher version may name another person. The caller moves the record to that person's facts
 * first, first_notice and the two firsts with it, and then applies: apply knows records, not whose
 * they are. A version that only repeats what is known still changes the record (its number must be
 * stored), but not changed_at; neither does one that only tells how to reach the person. A
 * cancelled record keeps neither code nor contact details. */
enum applied apply_absence(struct record *rec, const struct inbound *ev,
                           const struct org_rules *rules, int32_t serial, struct instant now,
                           struct arena *a, struct record **out);
/* left, died, and the two opts together: the greatest (time, id) stands, whatever came last. */
enum applied apply_person(struct facts *f, const struct inbound *ev, struct instant now);

#endif
