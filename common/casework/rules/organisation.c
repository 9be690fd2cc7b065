/* The government's bank-holidays.json, the settings and fact.holiday use these names, so they
 * cannot change. */
#include "common/casework/rules/organisation.h"

#include <string.h>

static const char *const division_names[DIVISION_COUNT] = {"england-and-wales", "scotland",
                                                           "northern-ireland"};

const char *division_name(enum division d)
{
    return division_names[d];
}

bool division_parse(const char *name, enum division *out)
{
    for (int d = 0; d < DIVISION_COUNT; d++) {
        if (strcmp(division_names[d], name) == 0) {
            *out = (enum division)d;
            return true;
        }
    }
    return false;
}
