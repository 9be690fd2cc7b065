/* apply - one message onto the facts of its person: newest version wins, whatever the order. Pure.
 */
#ifndef COMMON_CASEWORK_APPLY_H
#define COMMON_CASEWORK_APPLY_H

#include "common/base/arena.h"
#include "common/casework/facts.h"
#include "common/casework/rules/settings.h"

enum applied {
    APPLIED_NOTHING, /* stale or a repeat: no fact changed */
    APPLIED_NOTED,   /* a repeat that was looked at under newer settings: no fact changed, and the
                        record must be stored */
    APPLIED_CHANGED, /* something that rules or views read changed (the lowest version seen
                        included) */
};

/* rec: the stored record, or NULL. A new record is made in the arena and returned in *out. A stored
 * rec is changed in place, and only when something changed. serial: of the settings in use. Strings
 * that are kept are borrowed from the event.
 *
 * A higher version may name another person. The caller first moves the record to that person's
 * facts, with first_notice and the two firsts. Then it applies: apply knows records, not their
 * people. A version that only repeats known facts changes the record, since its number must be
 * stored, but not changed_at. The same holds for one that only has contact details, the place of
 * work, or that a reason was given. A cancelled record keeps neither code nor contact details. */
enum applied apply_absence(struct record *rec, const struct inbound *ev,
                           const struct org_rules *rules, int32_t serial, struct instant now,
                           struct arena *a, struct record **out);
/* Settings are loaded: notes since when the pathways of a record that is not cancelled are known. A
 * record of an older program stays as it is. */
void apply_settings(struct record *rec, const struct org_rules *rules, struct instant now,
                    struct arena *a);
/* in becomes a cancellation of rec, as it stands, at the version in has: what a higher version
 * comes to whose category is not sickness. */
void apply_as_cancelled(const struct record *rec, const char *person_id, struct inbound *in);
/* left, died, and the two opts together: the greatest (time, id) stands, whatever came last. */
enum applied apply_person(struct facts *f, const struct inbound *ev, struct instant now);

#endif
