/* producer_find - looks for a record by one of its headers, from the end of a topic backwards. */
#ifndef SERVICES_FOLLOWUP_KAFKA_PRODUCER_FIND_H
#define SERVICES_FOLLOWUP_KAFKA_PRODUCER_FIND_H

#include <stdatomic.h>
#include <stdbool.h>

#include "common/base/err.h"
#include "common/runtime/conf.h"

struct find_options {
    const struct conf *conf;
    const char *topic;
    const char *header, *value;
    const atomic_llong *give_up_at; /* monotonic ms */
};

/* Committed records only, at most the last 20,000 of each partition. */
enum status find_record(const struct find_options *o, bool *found, struct err *err) NODISCARD;

#endif
