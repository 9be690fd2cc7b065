/* The anchor comes first, because an equal record proves more than numbers. Once it is deleted only
 * numbers are left: the log must not begin earlier than before, and nothing untaken may be gone. A
 * digest of stand_bytes() is stored, so its form cannot change. */
#include "services/intake/stand.h"

#include "common/event/frozen.h"

const char *stand_judge(const struct stand *s, int64_t start, int64_t end, int64_t *at)
{
    int64_t anchor = s->anchor.offset;
    if (anchor != NO_OFFSET && anchor >= start) {
        *at = anchor;
        return end != NO_OFFSET && end <= anchor
                   ? "its log ends before the last record that was taken in"
                   : NULL;
    }
    *at = s->next == NO_OFFSET ? start : s->next;
    if (s->log_start != NO_OFFSET && start < s->log_start) {
        return "its log begins earlier than it did";
    }
    if (start > *at && start > s->seen_end) {
        return "records that were not taken in are deleted";
    }
    if (start > *at) {
        *at = start; /* what lay between were no messages */
    }
    if (end != NO_OFFSET && end < *at) {
        return "its log ends before the position";
    }
    return NULL;
}

static void put_part(struct buf *out, const void *data, size_t len)
{
    uint64_t n = data == NULL ? UINT64_MAX : len;
    buf_put(out, &n, sizeof n);
    if (data != NULL) {
        buf_put(out, data, len);
    }
}

/* The time is the producer's or the broker's: of a record sent again it is another. */
void stand_bytes(struct buf *out, const void *key, size_t key_len, const struct raw_record *raw,
                 int64_t timestamp)
{
    buf_puts(out, "record\x1f");
    buf_put(out, &timestamp, sizeof timestamp);
    put_part(out, key, key_len);
    put_part(out, raw->value, raw->len);
    for (size_t i = 0; i < raw->n_headers; i++) {
        frozen_put(out, &raw->headers[i]);
    }
}
