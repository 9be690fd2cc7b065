/* raw_record - a Kafka record as it came: its value and its headers, nothing decoded. */
#ifndef COMMON_EVENT_RAW_RECORD_H
#define COMMON_EVENT_RAW_RECORD_H

#include <stdbool.h>
#include <stddef.h>

struct header {
    const char *name; /* NUL-terminated */
    const char *value;
    size_t len;
    bool is_null; /* a header may have no value at all */
};

/* A Kafka record as it came. Everything borrowed. */
struct raw_record {
    const char *value; /* NULL: a tombstone */
    size_t len;
    const struct header *headers;
    size_t n_headers;
};

#endif
