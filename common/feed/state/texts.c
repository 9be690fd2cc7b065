/* Texts lie in chunks that never move; a number is the chunk and the place in it. A table of
 * numbers, at most three quarters full, finds a text again. */
#include "common/feed/state/texts.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

#define CHUNK_BITS 20
#define CHUNK ((size_t)1 << CHUNK_BITS)
#define FIRST_SLOTS 1024

struct texts {
    char **chunk;
    size_t n_chunks;
    size_t used;    /* of the last chunk */
    uint32_t *slot; /* TEXTS_NONE: free */
    size_t n_slots, n;
};

static void add_chunk(struct texts *t)
{
    t->chunk = mem_resize(t->chunk, t->n_chunks + 1, sizeof *t->chunk);
    t->chunk[t->n_chunks++] = mem_alloc(CHUNK);
    t->used = 0;
}

struct texts *texts_new(void)
{
    struct texts *t = mem_alloc(sizeof *t);
    t->slot = mem_alloc(FIRST_SLOTS * sizeof *t->slot);
    t->n_slots = FIRST_SLOTS;
    add_chunk(t);
    t->used = 1; /* TEXTS_NONE is the empty text */
    return t;
}

void texts_free(struct texts *t)
{
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i < t->n_chunks; i++) {
        free(t->chunk[i]);
    }
    free(t->chunk);
    free(t->slot);
    free(t);
}

const char *texts_at(const struct texts *t, uint32_t id)
{
    return t->chunk[id >> CHUNK_BITS] + (id & (CHUNK - 1));
}

const char *texts_or_null(const struct texts *t, uint32_t id)
{
    return id == TEXTS_NONE ? NULL : texts_at(t, id);
}

size_t texts_bytes(const struct texts *t)
{
    return t->n_chunks * CHUNK + t->n_slots * sizeof *t->slot;
}

/* FNV-1a. */
static uint64_t hash(const char *s, size_t len)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < len; i++) {
        h = (h ^ (unsigned char)s[i]) * UINT64_C(1099511628211);
    }
    return h ^ (h >> 32);
}

static void grow(struct texts *t)
{
    size_t n_slots = t->n_slots * 2;
    uint32_t *slot = mem_alloc(n_slots * sizeof *slot);
    for (size_t i = 0; i < t->n_slots; i++) {
        if (t->slot[i] != TEXTS_NONE) {
            const char *s = texts_at(t, t->slot[i]);
            size_t at = (size_t)hash(s, strlen(s)) & (n_slots - 1);
            while (slot[at] != TEXTS_NONE) {
                at = (at + 1) & (n_slots - 1);
            }
            slot[at] = t->slot[i];
        }
    }
    free(t->slot);
    t->slot = slot;
    t->n_slots = n_slots;
}

static uint32_t add(struct texts *t, const char *s, size_t len)
{
    if (t->used + len + 1 > CHUNK) {
        add_chunk(t);
    }
    size_t at = t->used;
    char *to = t->chunk[t->n_chunks - 1] + at;
    memcpy(to, s, len);
    to[len] = '\0';
    t->used += len + 1;
    return (uint32_t)((t->n_chunks - 1) << CHUNK_BITS | at);
}

uint32_t texts_put(struct texts *t, const char *s, size_t len)
{
    if (len == 0) {
        return TEXTS_NONE;
    }
    len = len < CHUNK ? len : CHUNK - 1; /* no cell is that long */
    if (t->n * 4 >= t->n_slots * 3) {
        grow(t);
    }
    size_t at = (size_t)hash(s, len) & (t->n_slots - 1);
    for (; t->slot[at] != TEXTS_NONE; at = (at + 1) & (t->n_slots - 1)) {
        const char *there = texts_at(t, t->slot[at]);
        if (strncmp(there, s, len) == 0 && there[len] == '\0') {
            return t->slot[at];
        }
    }
    t->n++;
    return t->slot[at] = add(t, s, len);
}

uint32_t texts_puts(struct texts *t, const char *s)
{
    return s == NULL ? TEXTS_NONE : texts_put(t, s, strlen(s));
}
