/* reason - the form in which a code is compared, and which pathways a reason belongs to under the
 * rules of an organisation. pathway.c has the functions. */
#ifndef COMMON_CASEWORK_RULES_REASON_H
#define COMMON_CASEWORK_RULES_REASON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/casework/rules/organisation.h"
#include "common/event/hr_event.h"

/* The form in which a code is kept and compared; NULL: no token in it. */
#define REASON_TEXT 201
const char *reason_normalise(enum reason_scheme scheme, const char *code, char out[REASON_TEXT]);

/* The result of comparing a reason with the rules of an organisation. */
struct reason_match {
    enum { MATCH_NONE, MATCH_WATCH, MATCH_NEVER, MATCH_PATHWAYS } what;
    uint32_t pathways;     /* bits, of MATCH_PATHWAYS */
    uint32_t review_first; /* bits among them */
};
/* code as sent or as kept: normalised here. SCHEME_NONE is MATCH_WATCH. */
struct reason_match settings_match(const struct org_rules *r, enum reason_scheme scheme,
                                   const char *code);
/* Whether HR has yet to give a reason: none, or one of unknown_reasons. Asks nothing else. */
bool settings_reason_missing(const struct org_rules *r, enum reason_scheme scheme,
                             const char *code);

#endif
