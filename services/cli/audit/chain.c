/* Three hashes: of the personal part with its salt; of the entry with that digest; of the seal with
 * the seal before it. So a personal part can be erased together with its salt, and the chain still
 * holds. The fields and their order are those of audit.seal(). */
#include "services/cli/audit/chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *chain_fault_text(enum chain_fault f)
{
    static const char *const text[] = {
        [CHAIN_FINE] = "",
        [CHAIN_REMOVED] = "was removed",
        [CHAIN_CHANGED] = "was changed",
        [CHAIN_PART_CHANGED] = "was changed: person_id, why or detail",
        [CHAIN_SALT_REMOVED] = "was changed: its salt is gone, but person_id, why or detail is not",
        [CHAIN_SEAL_REMOVED] = "follows on nothing: seals before it were removed",
        [CHAIN_SEAL_CHANGED] = "does not follow from the seal before it: one of them was changed, "
                               "or moved",
    };
    return text[f];
}

void chain_clear(struct chain *c)
{
    buf_clear(&c->scratch);
}

/* As audit.field(): length in bytes and the value, so that no two rows read alike. */
static void put_field(struct buf *b, const char *text)
{
    if (text == NULL) {
        buf_putc(b, '-');
    } else {
        buf_printf(b, "%zu:", strlen(text));
        buf_put(b, text, strlen(text));
    }
}

static void put_int(struct buf *b, int64_t n)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, n);
    put_field(b, text);
}

static bool hashes_to(const struct buf *b, const uint8_t wanted[SHA256_BYTES])
{
    uint8_t hash[SHA256_BYTES];
    hash_sha256(b->data, b->len, hash);
    return memcmp(hash, wanted, SHA256_BYTES) == 0;
}

static bool follows(struct chain *c, const struct chain_seal *s)
{
    struct buf *b = &c->scratch;
    buf_reset(b);
    buf_put(b, c->hash, SHA256_BYTES);
    buf_put(b, s->entry_hash, SHA256_BYTES);
    put_int(b, s->seal_no);
    put_int(b, s->sealed_at.us);
    return hashes_to(b, s->hash);
}

static enum chain_fault check_place(struct chain *c, const struct chain_seal *s)
{
    /* The seal before the first one kept was purged with its entries. */
    bool beginning = c->seal_no == 0 && s->seal_no > 1 && s->purged;
    if (!beginning && s->seal_no != c->seal_no + 1) {
        return CHAIN_SEAL_REMOVED;
    }
    return beginning || follows(c, s) ? CHAIN_FINE : CHAIN_SEAL_CHANGED;
}

static enum chain_fault check_personal_part(struct buf *b, const struct chain_seal *s,
                                            const struct chain_entry *e)
{
    if (s->salt == NULL) {
        bool empty = e->person_id == NULL && e->why == NULL && e->detail == NULL;
        return empty ? CHAIN_FINE : CHAIN_SALT_REMOVED;
    }
    buf_reset(b);
    buf_put(b, s->salt, s->salt_len);
    put_field(b, e->person_id);
    put_field(b, e->why);
    put_field(b, e->detail);
    return hashes_to(b, s->digest) ? CHAIN_FINE : CHAIN_PART_CHANGED;
}

static enum chain_fault check_content(struct buf *b, const struct chain_seal *s,
                                      const struct chain_entry *e)
{
    if (e == NULL) {
        return s->purged ? CHAIN_FINE : CHAIN_REMOVED;
    }
    buf_reset(b);
    put_int(b, e->entry_id);
    put_int(b, e->at.us);
    put_field(b, e->who);
    put_field(b, e->what);
    put_field(b, e->organisation);
    put_field(b, e->xact);
    put_int(b, e->statement_at.us);
    buf_put(b, s->digest, SHA256_BYTES);
    return hashes_to(b, s->entry_hash) ? check_personal_part(b, s, e) : CHAIN_CHANGED;
}

void chain_check(struct chain *c, const struct chain_seal *s, const struct chain_entry *e,
                 enum chain_fault *place, enum chain_fault *content)
{
    *place = check_place(c, s);
    *content = check_content(&c->scratch, s, e);
    c->seal_no = s->seal_no;
    memcpy(c->hash, s->hash, SHA256_BYTES);
}
