/* events - the benchmark's absence events: seeded, about 620 bytes each, in the proportions of a
 * year at a trust: openings, amendments, closings, repeats; 40 % of a pathway. Invented through and
 * through. */
#ifndef BENCH_EVENTS_H
#define BENCH_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct events;

/* people: how many staff there are to choose from. today: days since 1970-01-01. */
struct events *events_new(uint64_t seed, uint32_t people, int32_t today);
void events_free(struct events *ev);

/* The first events of followup's measurement: person number n is off since `onset`, days since
 * 1970-01-01, of a pathway where matched. As events_next. */
const char *events_off(struct events *ev, uint32_t n, int32_t onset, bool matched, size_t *len,
                       char key[33]);

/* The next event; its key and length are given. The text is valid until the next call. */
const char *events_next(struct events *ev, size_t *len, char key[33]);

#endif
