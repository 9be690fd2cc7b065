/* brake - people are refused one after another, all for one reason. Then the schema or a program is
 * at fault, not they, and nobody more is set aside. For one thread. */
#ifndef COMMON_CASEFILE_BRAKE_H
#define COMMON_CASEFILE_BRAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define BRAKE_PEOPLE 20 /* in a row, without such rows stored in between */
/* Then one more now and then: whoever comes first may be refused for good, and the rest no more. */
#define BRAKE_PROBE_MS (10 * 60 * 1000)
#define BRAKE_FORGET_MS 30000 /* without another refusal: what was held is not there any more */

/* The row that could not be stored. Such rows of others, stored, show that it is not the schema. */
enum brake_rows { BRAKE_RECORDS, BRAKE_CASES, BRAKE_EVENTS };

/* Zero-initialise. */
struct brake {
    struct err why; /* an SQLSTATE, and the constraint or column */
    enum brake_rows rows;
    uint64_t people[BRAKE_PEOPLE];
    size_t n;
    bool on;
    int64_t met_ms, probe_ms; /* monotonic */
};

/* A single person, or what one message is about, is refused: may it be set aside? */
bool brake_lets(struct brake *b, const struct err *why, const char *organisation, const char *id,
                enum brake_rows rows, int64_t now_ms);
/* The one that was let is refused in these rows as well. */
void brake_deeper(struct brake *b, enum brake_rows rows);
/* n such rows were committed, of people who are not set aside. */
void brake_stored(struct brake *b, enum brake_rows rows, size_t n);
/* Something is held. */
bool brake_is_on(const struct brake *b, int64_t now_ms);

#endif
