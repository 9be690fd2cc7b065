/* derive - facts, settings, calendars and now in; a person's whole case out. No SQL, no clock, no
 * I/O: the same arguments give the same case, in whatever order the facts came. The rules:
 * doc/rules.md. */
#ifndef COMMON_CASEWORK_DERIVE_DERIVE_H
#define COMMON_CASEWORK_DERIVE_DERIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/casework/casework.h"

/* The id of the period of which that record is the anchor. */
void period_id(const struct facts *f, const struct rules *r, const struct record *anchor,
               char out[ID_TEXT]);
/* HR's view of the facts as they are: which records are gone, which share a period. */
struct hr_view;
void period_hr_view(const struct facts *f, const struct rules *r, struct instant now,
                    struct arena *a, struct hr_view *out);

/* Whether a period, or a row written of one, is settled: nothing more comes of it, whatever the
 * rules become. settled_at as in struct period. */
bool derive_is_settled(struct instant settled_at, struct instant now);

/* Everything in *out lives in the arena or points into facts. */
void derive(const struct facts *f, const struct rules *r, struct instant now, struct arena *a,
            struct casework *out);

/* Why a spell that was stored is no longer among out's, by its anchor record. An anchor that is not
 * among the facts is another person's: END_MOVED, unless the caller finds it cancelled there, which
 * is END_ENTERED_IN_ERROR first. pathway: n_pathways when the settings no longer have it. */
enum end_reason derive_tombstone(const struct facts *f, const struct rules *r, struct instant now,
                                 const struct casework *cw, struct record_ref anchor,
                                 size_t pathway);

#endif
