#include "common/runtime/fault.h"

#ifdef DAYFOUR_FAULTS

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fault_point(const char *name)
{
    static long passes_left = -1;
    const char *wanted = getenv("DAYFOUR_FAULT");
    if (wanted == NULL) {
        return;
    }
    size_t len = strcspn(wanted, ":");
    if (strlen(name) != len || strncmp(wanted, name, len) != 0) {
        return;
    }
    if (passes_left < 0) {
        passes_left = wanted[len] == ':' ? strtol(wanted + len + 1, NULL, 10) : 1;
    }
    if (--passes_left == 0) {
        _exit(137); /* as SIGKILL would look */
    }
}

long fault_number(const char *name, long otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtol(text, NULL, 10);
}

#else

typedef int fault_points_are_for_test_builds; /* ISO C wants a declaration in every file */

#endif
