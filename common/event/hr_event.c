/* Messages and settings have the names. fact.absence holds the number of a scheme, and
 * fact.person_contact the name of a way: neither can change. */
#include "common/event/hr_event.h"

#include <string.h>

const char *reason_scheme_name(enum reason_scheme s)
{
    static const char *const names[] = {
        [SCHEME_NONE] = NULL,       [SCHEME_ESR] = "esr",   [SCHEME_ICD10] = "icd10",
        [SCHEME_SNOMED] = "snomed", [SCHEME_TEXT] = "text",
    };
    return names[s];
}

static const char *const way_names[] = {
    [WAY_NONE] = NULL,   [WAY_PHONE] = "phone",   [WAY_EMAIL] = "email",
    [WAY_TEXT] = "text", [WAY_LETTER] = "letter",
};

const char *contact_way_name(enum contact_way w)
{
    return way_names[w];
}

bool contact_way_parse(const char *name, enum contact_way *out)
{
    for (enum contact_way w = WAY_PHONE; w <= WAY_LETTER; w++) {
        if (strcmp(name, way_names[w]) == 0) {
            *out = w;
            return true;
        }
    }
    return false;
}
