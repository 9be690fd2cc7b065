/* json_scan - the strict half of common/json/json.h: says whether a text may go to the tree
 * builder. For json.c only. */
#ifndef COMMON_JSON_JSON_SCAN_H
#define COMMON_JSON_JSON_SCAN_H

#include <stddef.h>

#include "common/base/arena.h"
#include "common/json/json_fault.h"

/* Where a number stands in the text. */
struct json_number {
    size_t at;
    size_t len;
};

struct json_scan {
    struct json_number *numbers; /* in the order of the text; in the arena */
    size_t n_numbers;
    size_t longest_number;
    size_t reached; /* where the last value or name begins that was looked at */
};

/* text is valid UTF-8. Faults and path as json_parse; out is whole only on JSON_FINE. */
enum json_fault json_scan(const char *text, size_t len, struct arena *a, struct json_scan *out,
                          char path[JSON_PATH]);

#endif
