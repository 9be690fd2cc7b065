/* qsort() promises neither to keep equal items in order nor to leave the heap alone. Cases are
 * derived all the time, and have to come out the same each time. */
#include "common/casework/derive/order.h"

#include <string.h>

#define FEW 12

typedef int compare_fn(const void *, const void *);

static void insertion_sort(char *items, size_t n, size_t size, compare_fn *compare, char *spare)
{
    for (size_t i = 1; i < n; i++) {
        size_t k = i;
        while (k > 0 && compare(items + (k - 1) * size, items + i * size) > 0) {
            k--;
        }
        if (k < i) {
            memcpy(spare, items + i * size, size);
            memmove(items + (k + 1) * size, items + k * size, (i - k) * size);
            memcpy(items + k * size, spare, size);
        }
    }
}

static void merge(char *to, const char *a, size_t n_a, const char *b, size_t n_b, size_t size,
                  compare_fn *compare)
{
    while (n_a > 0 && n_b > 0) {
        bool first = compare(a, b) <= 0;
        memcpy(to, first ? a : b, size);
        to += size;
        if (first) {
            a += size;
            n_a--;
        } else {
            b += size;
            n_b--;
        }
    }
    memcpy(to, n_a > 0 ? a : b, (n_a + n_b) * size);
}

/* Stable and without heap: insertion for the few that people have, runs merged bottom-up for the
 * rest. */
void order_sort(struct arena *a, void *items, size_t n, size_t item_bytes, compare_fn *compare)
{
    if (n < 2) {
        return;
    }
    char *from = items;
    char *spare = arena_alloc(a, (n <= FEW ? 1 : n) * item_bytes);
    for (size_t at = 0; at < n; at += FEW) {
        insertion_sort(from + at * item_bytes, n - at < FEW ? n - at : FEW, item_bytes, compare,
                       spare);
    }
    for (size_t run = FEW; run < n; run *= 2) {
        for (size_t at = 0; at < n; at += 2 * run) {
            size_t n_a = n - at < run ? n - at : run;
            size_t n_b = n - at - n_a < run ? n - at - n_a : run;
            const char *start = from + at * item_bytes;
            merge(spare + at * item_bytes, start, n_a, start + n_a * item_bytes, n_b, item_bytes,
                  compare);
        }
        char *swap = from;
        from = spare;
        spare = swap;
    }
    if (from != (char *)items) {
        memcpy(items, from, n * item_bytes);
    }
}

int order_identity(const char *source_a, const char *id_a, const char *source_b, const char *id_b)
{
    int order = strcmp(source_a, source_b);
    return order != 0 ? order : strcmp(id_a, id_b);
}

int order_anchor(const struct record *a, const struct record *b)
{
    if (a->first_notice.us != b->first_notice.us) {
        return a->first_notice.us < b->first_notice.us ? -1 : 1;
    }
    return order_identity(a->source, a->absence_id, b->source, b->absence_id);
}
