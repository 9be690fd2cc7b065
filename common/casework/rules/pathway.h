/* pathway - which codes belong to what: sets of codes by scheme, and the form codes are compared
 * in. Inside casework only; others ask settings_match(). */
#ifndef COMMON_CASEWORK_RULES_PATHWAY_H
#define COMMON_CASEWORK_RULES_PATHWAY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/casework/rules/reason.h"

/* Room for at most capacity codes. Lives in the arena. */
struct code_set *pathway_set_new(struct arena *a, size_t capacity);
/* text: as in the settings document: a code, or for icd10 also a range "M00-M99". scheme: not NONE.
 * NULL when taken, else what is wrong with it. */
const char *pathway_set_add(struct code_set *set, enum reason_scheme scheme, const char *text,
                            struct arena *a);
/* After the last code, before the first question. */
void pathway_set_sort(struct code_set *set);

/* code: as reason_normalise() gives it. */
bool pathway_set_has(const struct code_set *set, enum reason_scheme scheme, const char *code);

#endif
