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
 * changed in place otherwise). serial: of the settings in use. Strings that are kept are borrowed
 * from the event. */
enum applied apply_absence(struct record *rec, const struct inbound *ev,
                           const struct org_rules *rules, int32_t serial, struct instant now,
                           struct arena *a, struct record **out);
enum applied apply_person(struct facts *f, const struct inbound *ev, struct instant now);

#endif
