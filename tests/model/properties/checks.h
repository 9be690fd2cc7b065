/* checks - properties that hold for any history, tried on one. Order, duplicates, batches and
 * restarts change no row and no event. Some rows and events must never be. */
#ifndef TESTS_PROPERTIES_CHECKS_H
#define TESTS_PROPERTIES_CHECKS_H

#include "tests/model/properties/play.h"

struct checks;

struct broken {
    const char *rule; /* which of them, in a word or two */
    const char *detail;
};

/* tries: how often each history is shuffled. */
struct checks *checks_new(const struct input *in, struct instant now, uint32_t seed, int tries);
void checks_free(struct checks *c);

/* NULL when all of it holds; else what does not, until the next call. */
const struct broken *checks_try(struct checks *c, const struct history *h);
size_t checks_plays(const struct checks *c); /* how often a history was played */

#endif
