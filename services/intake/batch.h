/* batch - messages decoded and waiting to be stored together, in the order they came. */
#ifndef SERVICES_INTAKE_BATCH_H
#define SERVICES_INTAKE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/hash.h"
#include "common/event/inbound.h"
#include "services/intake/source.h"

struct dead_letter {
    const void *key; /* NULL: none; of a too large one its beginning */
    size_t key_len;
    bool key_cut;
    uint8_t key_mac[32]; /* of the whole key, where cut */
    const void *value;   /* NULL: none; of a too large one its beginning */
    size_t value_len;
    const char *headers; /* frozen */
    size_t headers_len;
    size_t size; /* of the whole value */
    bool cut;
    uint8_t sha256[32]; /* of the whole value, where cut */
};

struct batch_message {
    int32_t partition;
    int64_t offset;
    struct inbound in;
    const uint8_t *mark;      /* see struct source_message */
    bool valid;               /* when it was last applied: a sign of life of its feed */
    struct dead_letter *dead; /* of a rejected one, and of all where asked for; else NULL */
};

struct batch {
    struct arena *arena;   /* everything the messages point to */
    struct arena *scratch; /* one message while it is decoded */
    struct batch_message *messages;
    size_t n, cap;
    bool raw;            /* of every message what a dead letter needs is kept */
    size_t bytes;        /* of the values, keys and headers it holds */
    int64_t first_at_ms; /* monotonic, when the first message came */
};

void batch_init(struct batch *b, size_t max_rows);
void batch_clear(struct batch *b);
void batch_reset(struct batch *b);

/* Decodes and keeps one message; of a rejected one (keep_raw: of any) also what a dead letter
 * needs. There must be room. k: the installation's key. */
void batch_add(struct batch *b, const struct source_message *m, const struct inbound_limits *limits,
               const struct hmac_key *k, bool keep_raw);

#endif
