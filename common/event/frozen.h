/* frozen - Kafka headers as one string of bytes, so that a table can keep them exactly as they
 * came.
 * Each header is the length of its name (4 bytes, big-endian), the name, the length of its value (4
 * bytes; all ones: no value), and the value. */
#ifndef COMMON_EVENT_FROZEN_H
#define COMMON_EVENT_FROZEN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/event/raw_record.h"

/* In place of headers that were too large to be kept. */
#define FROZEN_DROPPED "dlq-headers-dropped"

void frozen_put(struct buf *out, const struct header *h);
void frozen_put_text(struct buf *out, const char *name, const char *value);

/* The next header at *at, moved behind it; name and value point into bytes (the name is not
 * NUL-terminated). False: none left, or the bytes are not ours. */
struct frozen_header {
    const char *name, *value; /* value NULL: none */
    size_t name_len, value_len;
};
bool frozen_next(const char *bytes, size_t len, size_t *at, struct frozen_header *out);

#endif
