/* The original headers come first, then ours, of which dlq-reason is the first. letter_shrink()
 * relies on that, as an original header may have one of our names. Before the first cut it adds the
 * size and digest of the whole value. */
#include "services/followup/events/letter.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/event/frozen.h"
#include "common/kafka/kafka_topic.h"

#define HEADERS_MAX 65536 /* of the headers it came with, names and values */
#define FIRST_CUT 65536

#define REASON_HEADER "dlq-reason"
#define SIZE_HEADER "dlq-size"
#define SHA256_HEADER "dlq-sha256"

static void put_number(struct buf *b, const char *name, int64_t n, struct arena *a)
{
    frozen_put_text(b, name, arena_printf(a, "%lld", (long long)n));
}

static void put_whole(struct buf *b, int64_t size, const void *sha256)
{
    char hex[2 * SHA256_BYTES + 1];
    char number[24];
    (void)snprintf(number, sizeof number, "%lld", (long long)size);
    frozen_put_text(b, SIZE_HEADER, number);
    frozen_put_text(b, SHA256_HEADER, hash_hex(sha256, SHA256_BYTES, hex));
}

static size_t original_bytes(const struct letter *l)
{
    size_t bytes = 0;
    size_t at = 0;
    struct frozen_header h;
    while (frozen_next(l->headers, l->headers_len, &at, &h)) {
        bytes += h.name_len + h.value_len;
    }
    return bytes;
}

void letter_render(const struct letter *l, const char *topic, const struct hmac_key *k,
                   const char *marker, struct arena *a, struct outbound *out)
{
    struct buf b = {0};
    bool dropped = original_bytes(l) > HEADERS_MAX;
    if (!dropped) {
        buf_put(&b, l->headers, l->headers_len);
    }
    frozen_put_text(&b, REASON_HEADER, l->reason);
    frozen_put_text(&b, "dlq-detail", l->detail);
    frozen_put_text(&b, "__connect.errors.topic", l->topic);
    put_number(&b, "__connect.errors.partition", l->partition, a);
    put_number(&b, "__connect.errors.offset", l->offset, a);
    if (l->sha256 != NULL) {
        put_whole(&b, l->size, l->sha256);
    }
    if (dropped) {
        frozen_put_text(&b, FROZEN_DROPPED, "true");
    }
    frozen_put_text(&b, MARKER_HEADER, marker);
    *out = (struct outbound){.headers = arena_strndup(a, b.data, b.len),
                             .headers_len = b.len,
                             .value = l->value,
                             .value_len = l->value_len};
    buf_reset(&b);
    kafka_topic_for(&b, topic, l->organisation);
    out->topic = arena_strndup(a, b.data, b.len);
    buf_clear(&b);
    if (l->key != NULL) {
        uint8_t mac[SHA256_BYTES];
        char *key = arena_alloc(a, PSEUDONYM_TEXT);
        if (l->key_mac != NULL) {
            memcpy(mac, l->key_mac, sizeof mac);
        } else {
            hmac_sha256(k, l->key, l->key_len, mac);
        }
        out->key = hash_hex(mac, (PSEUDONYM_TEXT - 1) / 2, key);
        out->key_len = PSEUDONYM_TEXT - 1;
    }
}

/* ---- making it smaller ---- */

static bool is_named(const struct frozen_header *h, const char *name)
{
    return h->name_len == strlen(name) && memcmp(h->name, name, h->name_len) == 0;
}

/* Ours stand behind those it came with, so the last of a name is ours. */
static bool find_last(const struct outbound *r, const char *name, size_t *at)
{
    size_t next = 0;
    size_t start = 0;
    bool found = false;
    struct frozen_header h;
    while (frozen_next(r->headers, r->headers_len, &next, &h)) {
        if (is_named(&h, name)) {
            *at = start;
            found = true;
        }
        start = next;
    }
    return found;
}

static void add_headers(struct outbound *r, const struct buf *more, struct arena *a)
{
    struct buf b = {0};
    buf_put(&b, r->headers, r->headers_len);
    buf_put(&b, more->data, more->len);
    r->headers = arena_strndup(a, b.data, b.len);
    r->headers_len = b.len;
    buf_clear(&b);
}

/* Whether the cut was said already: behind our first header, dlq-reason. */
static bool says_its_size(const struct outbound *r, size_t ours)
{
    size_t at = 0;
    return find_last(r, SIZE_HEADER, &at) && at > ours;
}

bool letter_shrink(struct outbound *r, struct arena *a)
{
    size_t ours = 0;
    if (!find_last(r, REASON_HEADER, &ours)) {
        return false;
    }
    if (r->value_len > 0) {
        if (!says_its_size(r, ours)) {
            uint8_t sha256[SHA256_BYTES];
            struct buf b = {0};
            hash_sha256(r->value, r->value_len, sha256);
            put_whole(&b, (int64_t)r->value_len, sha256);
            add_headers(r, &b, a);
            buf_clear(&b);
        }
        r->value_len = r->value_len > FIRST_CUT ? FIRST_CUT : r->value_len / 2;
        return true;
    }
    if (ours == 0) {
        return false;
    }
    struct buf b = {0};
    r->headers += ours;
    r->headers_len -= ours;
    frozen_put_text(&b, FROZEN_DROPPED, "true");
    add_headers(r, &b, a);
    buf_clear(&b);
    return true;
}
