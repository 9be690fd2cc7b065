/* Decoded facts live in the batch's arena. Raw bytes are copied for dead letters, and for a batch
 * that is done again message by message. The library owns a record only until the next one. */
#include "services/intake/batch.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/event/frozen.h"
#include "common/runtime/clock.h"

#define ARENA_CHUNK (256 * 1024)
#define SCRATCH_CHUNK (16 * 1024)
#define DEAD_VALUE_MAX 65536   /* of a value too large to be taken, this much is kept */
#define DEAD_KEY_MAX 65536     /* of any key */
#define DEAD_HEADERS_MAX 65536 /* names and values; where they are more, none is kept */

void batch_init(struct batch *b, size_t max_rows)
{
    *b = (struct batch){
        .arena = arena_new(ARENA_CHUNK), .scratch = arena_new(SCRATCH_CHUNK), .cap = max_rows};
    b->messages = calloc(max_rows, sizeof *b->messages);
    if (b->messages == NULL) {
        abort();
    }
}

void batch_clear(struct batch *b)
{
    arena_free(b->arena);
    arena_free(b->scratch);
    free(b->messages);
    *b = (struct batch){0};
}

void batch_reset(struct batch *b)
{
    arena_reset(b->arena);
    b->n = 0;
    b->bytes = 0;
}

static const void *keep(struct arena *a, const void *bytes, size_t len)
{
    if (bytes == NULL) {
        return NULL;
    }
    void *copy = arena_alloc(a, len == 0 ? 1 : len);
    memcpy(copy, bytes, len);
    return copy;
}

static size_t headers_bytes(const struct source_message *m)
{
    size_t bytes = 0;
    for (size_t i = 0; i < m->raw.n_headers; i++) {
        bytes += strlen(m->raw.headers[i].name) + m->raw.headers[i].len;
    }
    return bytes;
}

static struct dead_letter *keep_dead(struct arena *a, const struct source_message *m,
                                     const struct hmac_key *k, enum reject_reason reason)
{
    struct dead_letter *dead = arena_zalloc(a, sizeof *dead);
    dead->key_len = m->key_len;
    if (m->key_len > DEAD_KEY_MAX) {
        dead->key_cut = true;
        dead->key_len = DEAD_KEY_MAX;
        hmac_sha256(k, m->key, m->key_len, dead->key_mac);
    }
    dead->key = keep(a, m->key, dead->key_len);
    dead->size = m->raw.len;
    dead->value_len = m->raw.len;
    if (reason == REJECT_TOO_LARGE && m->raw.len > DEAD_VALUE_MAX) {
        dead->cut = true;
        dead->value_len = DEAD_VALUE_MAX;
        hash_sha256(m->raw.value, m->raw.len, dead->sha256);
    }
    dead->value = keep(a, m->raw.value, dead->value_len);
    struct buf frozen = {0};
    if (headers_bytes(m) > DEAD_HEADERS_MAX) {
        frozen_put_text(&frozen, FROZEN_DROPPED, "true");
    } else {
        for (size_t i = 0; i < m->raw.n_headers; i++) {
            frozen_put(&frozen, &m->raw.headers[i]);
        }
    }
    dead->headers = keep(a, frozen.len == 0 ? "" : frozen.data, frozen.len);
    dead->headers_len = frozen.len;
    buf_clear(&frozen);
    return dead;
}

void batch_add(struct batch *b, const struct source_message *m, const struct inbound_limits *limits,
               const struct hmac_key *k, bool keep_raw)
{
    if (b->n == 0) {
        b->first_at_ms = clock_mono_ms();
    }
    b->raw = keep_raw && (b->n == 0 || b->raw);
    struct batch_message *out = &b->messages[b->n++];
    out->partition = m->partition;
    out->offset = m->offset;
    out->dead = NULL;
    b->bytes += m->raw.len + m->key_len;
    out->mark = keep(b->arena, m->mark, MARK_BYTES);
    inbound_decode(&m->raw, limits, b->scratch, &out->in);
    inbound_keep(&out->in, b->arena);
    arena_reset(b->scratch);
    if (out->in.verdict == VERDICT_REJECTED || keep_raw) {
        out->dead = keep_dead(b->arena, m, k, out->in.reason);
        b->bytes += out->dead->headers_len;
    }
}
