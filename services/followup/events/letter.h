/* letter - dead letters as Kafka records: the message as it came, and why it was turned away. Pure.
 */
#ifndef SERVICES_FOLLOWUP_EVENTS_LETTER_H
#define SERVICES_FOLLOWUP_EVENTS_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/hash.h"
#include "services/followup/events/render.h"

/* A row of intake.dead_letter. */
struct letter {
    const char *topic;
    int32_t partition;
    int64_t offset;
    const char *reason, *detail;
    const char *organisation; /* NULL: it names none readably */
    const void *key;          /* NULL: none; of a too large one its beginning */
    size_t key_len;
    const void *key_mac; /* 32 bytes, of the whole key; NULL: key is the whole */
    const char *value;   /* NULL: none; of a too large one its beginning */
    size_t value_len;
    const char *headers; /* frozen */
    size_t headers_len;
    int64_t size;       /* of the whole value */
    const void *sha256; /* 32 bytes, of the whole value; NULL: value is the whole */
};

/* topic: where to, with {organisation} in it or not. Everything lives in the arena or points into
 * the letter. */
void letter_render(const struct letter *l, const char *topic, const struct hmac_key *k,
                   const char *marker, struct arena *a, struct outbound *out);

/* The same record with less of its value (65,536 bytes, then half each time, then none), in the end
 * without its original headers. For a broker that refuses it for its size. False: it cannot be made
 * smaller, or is no dead letter. */
bool letter_shrink(struct outbound *r, struct arena *a);

#endif
