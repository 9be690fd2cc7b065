/* order - sorts within an arena, and the orders of records that the parts of derive() share. Pure.
 */
#ifndef COMMON_CASEWORK_DERIVE_ORDER_H
#define COMMON_CASEWORK_DERIVE_ORDER_H

#include <stddef.h>

#include "common/base/arena.h"
#include "common/casework/facts.h"

void order_sort(struct arena *a, void *items, size_t n, size_t item_bytes,
                int (*compare)(const void *, const void *));
/* Smallest (first_notice, source, absence_id) first: an anchor is the first of its kind. */
int order_anchor(const struct record *a, const struct record *b);
int order_identity(const char *source_a, const char *id_a, const char *source_b, const char *id_b);
static inline struct date order_later(struct date a, struct date b)
{
    return a.days >= b.days ? a : b; /* NONE is the earliest of all */
}

#endif
