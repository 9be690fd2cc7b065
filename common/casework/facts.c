#include "common/casework/facts.h"

#include <string.h>

static const char *const outcome_names[OUTCOME_COUNT] = {
#define OUTCOME_NAME(id, name) name,
    CONTACT_OUTCOMES(OUTCOME_NAME)
#undef OUTCOME_NAME
};

const char *contact_outcome_name(enum contact_outcome o)
{
    return outcome_names[o];
}

bool contact_outcome_parse(const char *name, enum contact_outcome *out)
{
    for (int o = OUTCOME_NONE + 1; o < OUTCOME_COUNT; o++) {
        if (strcmp(outcome_names[o], name) == 0) {
            *out = (enum contact_outcome)o;
            return true;
        }
    }
    return false;
}
