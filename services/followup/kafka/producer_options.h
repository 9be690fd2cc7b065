/* producer_options - what a producer of a shard and the reader of its position are opened with. */
#ifndef SERVICES_FOLLOWUP_KAFKA_PRODUCER_OPTIONS_H
#define SERVICES_FOLLOWUP_KAFKA_PRODUCER_OPTIONS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "common/runtime/conf.h"

#define POSITION_GROUP "dayfour-followup-position"
#define NO_POSITION (-1)

struct producer_options {
    const struct conf *conf;
    const char *transactional_id;
    const char *installation; /* named beside the position */
    int shard; /* also the partition of the follow-up topic that the position stands by */
    /* Sends each record by itself, so that one that the broker refuses can be named without its
     * neighbours. */
    bool one_by_one;
    const atomic_llong
        *give_up_at; /* monotonic ms: from then on every call ends with STATUS_STOP */
};

#endif
