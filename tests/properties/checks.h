/* checks - what must hold of any history, tried on one: whatever the order, the duplicates, the
 * batches and the restarts, the same rows and events; and of those what must never be. */
#ifndef TESTS_PROPERTIES_CHECKS_H
#define TESTS_PROPERTIES_CHECKS_H

#include "tests/properties/play.h"

struct checks;

struct broken {
    const char *rule; /* which of them, in a word or two */
    const char *detail;
};

/* tries: how often each history is dealt out anew. */
struct checks *checks_new(const struct input *in, struct instant now, uint32_t seed, int tries);
void checks_free(struct checks *c);

/* NULL when all of it holds; else what does not, until the next call. */
const struct broken *checks_try(struct checks *c, const struct history *h);
size_t checks_plays(const struct checks *c); /* how often a history was played */

#endif
