/* extent - asks the brokers where the log of each partition begins and ends. */
#ifndef SERVICES_INTAKE_EXTENT_H
#define SERVICES_INTAKE_EXTENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/kafka/kafka.h"

struct extent {
    int32_t partition;
    int64_t start, end; /* NO_OFFSET: not known, as where the partition has no leader */
};

/* Waits for some seconds at most. end: of what is committed. */
void extent_ask(rd_kafka_t *rk, const char *topic, struct extent *e, size_t n);

#endif
