/* Each refused person counts once, as long as the reason is the same. Another reason, or a stored
 * row of the refused kind, begins the count again and takes the brake off. While it is on, people
 * who were let before are refused too; one probe every BRAKE_PROBE_MS is let. */
#include "common/casefile/brake.h"

#include <string.h>

#include "common/base/hash.h"
#include "common/runtime/log.h"

/* Names nobody, and is kept in memory only. */
static uint64_t who_is(const char *organisation, const char *id)
{
    uint8_t both[2][SHA256_BYTES];
    uint8_t sum[SHA256_BYTES];
    uint64_t who = 0;
    hash_sha256(organisation, strlen(organisation), both[0]);
    hash_sha256(id, strlen(id), both[1]);
    hash_sha256(both, sizeof both, sum);
    memcpy(&who, sum, sizeof who);
    return who;
}

static bool is_known(const struct brake *b, uint64_t who)
{
    for (size_t i = 0; i < b->n; i++) {
        if (b->people[i] == who) {
            return true;
        }
    }
    return false;
}

static bool is_same(const struct err *a, const struct err *b)
{
    return strcmp(a->code, b->code) == 0 && strcmp(a->text, b->text) == 0;
}

static void put_on(struct brake *b, int64_t now_ms)
{
    b->on = true;
    b->probe_ms = now_ms + BRAKE_PROBE_MS;
    log_error(ASIDE_STOPPED, LOG_TEXT("code", b->why.code), LOG_TEXT("constraint", b->why.text),
              LOG_INT("people", b->n));
}

static void take_off(struct brake *b)
{
    if (b->on) {
        log_info(ASIDE_RESUMED, LOG_TEXT("code", b->why.code), LOG_TEXT("constraint", b->why.text));
    }
    *b = (struct brake){0};
}

bool brake_lets(struct brake *b, const struct err *why, const char *organisation, const char *id,
                enum brake_rows rows, int64_t now_ms)
{
    uint64_t who = who_is(organisation, id);
    if (!is_same(&b->why, why)) {
        take_off(b);
        b->why = *why;
        b->rows = rows;
    }
    b->met_ms = now_ms;
    if (!b->on && is_known(b, who)) {
        return true;
    }
    if (b->n < BRAKE_PEOPLE) {
        b->people[b->n++] = who;
        return true;
    }
    if (!b->on) {
        put_on(b, now_ms);
        return false;
    }
    if (now_ms >= b->probe_ms) {
        b->probe_ms = now_ms + BRAKE_PROBE_MS;
        return true;
    }
    return false;
}

void brake_deeper(struct brake *b, enum brake_rows rows)
{
    b->rows = rows;
}

void brake_stored(struct brake *b, enum brake_rows rows, size_t n)
{
    if (n > 0 && b->n > 0 && b->rows == rows) {
        take_off(b);
    }
}

bool brake_is_on(const struct brake *b, int64_t now_ms)
{
    return b->on && now_ms - b->met_ms < BRAKE_FORGET_MS;
}
