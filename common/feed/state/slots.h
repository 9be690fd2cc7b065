/* slots - a table of numbers by hash, for the indexes of the feed. The caller knows what the
 * numbers stand for, and when two are the same. */
#ifndef COMMON_FEED_STATE_SLOTS_H
#define COMMON_FEED_STATE_SLOTS_H

#include <stddef.h>
#include <stdint.h>

struct slots {
    uint32_t *slot; /* number + 1; 0: free */
    size_t n_slots, n;
};

#define SLOTS_NONE UINT32_MAX

/* Numbers from *at on that may be the one of this hash: call it with *at = 0 until SLOTS_NONE. */
uint32_t slots_next(const struct slots *s, uint64_t hash, size_t *at);
/* Adds a number; hash_of finds the hashes of those there when the table grows. */
void slots_add(struct slots *s, uint64_t hash, uint32_t number,
               uint64_t (*hash_of)(const void *arg, uint32_t number), const void *arg);
void slots_clear(struct slots *s);

/* The hash of some numbers. */
uint64_t slots_hash(uint32_t a, uint32_t b, uint32_t c, uint32_t d);

#endif
