/* Open addressing. The number of slots is a power of two, and at least a quarter of them stays
 * free, so that every search ends. Nothing is ever removed. Hashes live as long as the process and
 * are not stored. */
#include "common/feed/state/slots.h"

#include <stdlib.h>

#include "common/base/mem.h"

uint64_t slots_hash(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    uint64_t h = ((uint64_t)a << 32 | b) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ (h >> 29) ^ ((uint64_t)c << 32 | d)) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ (h >> 32)) * UINT64_C(0x94d049bb133111eb);
    return h ^ (h >> 31);
}

uint32_t slots_next(const struct slots *s, uint64_t hash, size_t *at)
{
    if (s->n_slots == 0 || *at >= s->n_slots) {
        return SLOTS_NONE;
    }
    uint32_t there = s->slot[((size_t)hash + *at) & (s->n_slots - 1)];
    (*at)++;
    return there == 0 ? SLOTS_NONE : there - 1;
}

static void put(uint32_t *slot, size_t n_slots, uint64_t hash, uint32_t number)
{
    size_t at = (size_t)hash & (n_slots - 1);
    while (slot[at] != 0) {
        at = (at + 1) & (n_slots - 1);
    }
    slot[at] = number + 1;
}

void slots_add(struct slots *s, uint64_t hash, uint32_t number,
               uint64_t (*hash_of)(const void *arg, uint32_t number), const void *arg)
{
    if ((s->n + 1) * 4 > s->n_slots * 3) {
        size_t n_slots = s->n_slots == 0 ? 256 : s->n_slots * 2;
        uint32_t *slot = mem_alloc(n_slots * sizeof *slot);
        for (size_t i = 0; i < s->n_slots; i++) {
            if (s->slot[i] != 0) {
                put(slot, n_slots, hash_of(arg, s->slot[i] - 1), s->slot[i] - 1);
            }
        }
        free(s->slot);
        s->slot = slot;
        s->n_slots = n_slots;
    }
    put(s->slot, s->n_slots, hash, number);
    s->n++;
}

void slots_clear(struct slots *s)
{
    free(s->slot);
    *s = (struct slots){0};
}
