/* Counts of tries, by (login, address) and by address. A try counts from its beginning, so that
 * many at once are no way round. Past the bound of memory the one that has been quiet longest goes:
 * a name or an address that is tried again and again stays. */
#include "services/web/refusal.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/hash.h"
#include "common/base/mem.h"

#define ENTRIES 8192
#define LOGIN_TRIES 5
#define ADDRESS_TRIES 20

/* It keeps only a digest of the name and the address. */
struct tally {
    uint8_t of[SHA256_BYTES];
    int64_t began_ms, last_ms, until_ms;
    int tries;
    bool used;
};

struct refusals {
    struct tally tallies[ENTRIES];
};

struct refusals *refusals_new(void)
{
    return mem_alloc(sizeof(struct refusals));
}

void refusals_free(struct refusals *r)
{
    free(r);
}

static void digest(const char *login, const char *address, uint8_t out[SHA256_BYTES])
{
    struct buf both = {0};
    buf_printf(&both, "%.100s\x1f%.100s", login, address);
    hash_sha256(both.data, both.len, out);
    buf_clear(&both);
}

/* Sixteen places may hold one: as good as all of them, and quick. */
static struct tally *tally_of(struct refusals *r, const char *login, const char *address,
                              int64_t now_ms)
{
    uint8_t of[SHA256_BYTES];
    digest(login, address, of);
    size_t at = ((size_t)of[0] << 8 | of[1]) % (ENTRIES / 16) * 16;
    struct tally *oldest = &r->tallies[at];
    for (size_t i = at; i < at + 16; i++) {
        struct tally *t = &r->tallies[i];
        if (t->used && memcmp(t->of, of, sizeof of) == 0) {
            return t;
        }
        if (!t->used || (oldest->used && t->last_ms < oldest->last_ms)) {
            oldest = t;
        }
    }
    *oldest = (struct tally){.used = true, .began_ms = now_ms, .last_ms = now_ms};
    memcpy(oldest->of, of, sizeof of);
    return oldest;
}

static bool is_shut(struct tally *t, int64_t now_ms)
{
    if (t->until_ms > now_ms) {
        return true;
    }
    if (t->until_ms > 0 || now_ms - t->began_ms >= REFUSAL_MS) {
        t->until_ms = 0;
        t->tries = 0;
        t->began_ms = now_ms;
    }
    return false;
}

static void count(struct tally *t, int most, int64_t now_ms)
{
    t->last_ms = now_ms;
    t->tries++;
    if (t->tries >= most) {
        t->until_ms = now_ms + REFUSAL_MS;
    }
}

bool refusals_try(struct refusals *r, const char *login, const char *address, int64_t now_ms)
{
    struct tally *by_login = tally_of(r, login, address, now_ms);
    struct tally *by_address = address[0] == '\0' ? NULL : tally_of(r, "", address, now_ms);
    if (is_shut(by_login, now_ms) || (by_address != NULL && is_shut(by_address, now_ms))) {
        return false;
    }
    count(by_login, LOGIN_TRIES, now_ms);
    if (by_address != NULL) {
        count(by_address, ADDRESS_TRIES, now_ms);
    }
    return true;
}

static void uncount(struct tally *t)
{
    t->tries -= t->tries > 0 ? 1 : 0;
    t->until_ms = 0;
}

void refusals_undo(struct refusals *r, const char *login, const char *address, int64_t now_ms)
{
    uncount(tally_of(r, login, address, now_ms));
    if (address[0] != '\0') {
        uncount(tally_of(r, "", address, now_ms));
    }
}

void refusals_right(struct refusals *r, const char *login, const char *address, int64_t now_ms)
{
    refusals_undo(r, login, address, now_ms);
    tally_of(r, login, address, now_ms)->tries = 0;
}
