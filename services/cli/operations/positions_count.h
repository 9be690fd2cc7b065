/* positions_count - how many messages wait in partitions. Markers of transactions take up offsets
 * too, so offsets alone do not say. */
#ifndef SERVICES_CLI_OPERATIONS_POSITIONS_COUNT_H
#define SERVICES_CLI_OPERATIONS_POSITIONS_COUNT_H

#include <stddef.h>
#include <stdint.h>

#include "common/runtime/conf.h"

struct waiting {
    int32_t partition;
    int64_t from;     /* where to begin */
    int64_t messages; /* counted; left as it is where that would take long or is not allowed */
};

/* Reads what is there to read, for some seconds and some ten thousand messages at most. */
void positions_count(const struct conf *c, const char *topic, struct waiting *w, size_t n);

#endif
