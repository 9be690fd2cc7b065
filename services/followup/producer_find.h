/* producer_find - looks for a record by one of its headers, from the end of a topic backwards. */
#ifndef FOLLOWUP_PRODUCER_FIND_H
#define FOLLOWUP_PRODUCER_FIND_H

#include <stdatomic.h>
#include <stdbool.h>

#include "common/conf.h"
#include "common/err.h"

struct find_options {
    const struct conf *conf;
    const char *topic;
    const char *header, *value;
    const atomic_llong *give_up_at; /* monotonic ms */
};

/* Committed records only, at most the last 20,000 of each partition. */
enum status find_record(const struct find_options *o, bool *found, struct err *err) NODISCARD;

#endif
