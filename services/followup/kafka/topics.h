/* topics - which topics are there, as far as is known. The loop asks by name before it freezes
 * anything for one; a helper thread that has a client finds out. Locked within. */
#ifndef SERVICES_FOLLOWUP_KAFKA_TOPICS_H
#define SERVICES_FOLLOWUP_KAFKA_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"

#define TOPIC_TEXT 250 /* no name is longer */

struct topics;

struct topics *topics_new(void);
void topics_free(struct topics *t); /* NULL is fine */

/* ---- the loop's side ---- */

enum topic_state { TOPIC_UNKNOWN, TOPIC_THERE, TOPIC_MISSING };

/* Unless it is there it will be looked for, and what is for this organisation waits; unknown: not
 * for long. t NULL: every topic is there. */
enum topic_state topics_ask(struct topics *t, const char *name, const char *organisation);

/* The organisations that wait, without repeats, in the arena. */
size_t topics_waiting(struct topics *t, struct arena *a, const char ***out);

struct topic_news {
    char name[TOPIC_TEXT];
    bool there; /* else it has been looked for, and is not */
};
/* Changes since the last call, one at a time. False: none. */
bool topics_news(struct topics *t, struct topic_news *out);

/* ---- the helper thread's ---- */

/* Is any to be looked for now? Monotonic ms. */
bool topics_want(struct topics *t, int64_t now_ms);
/* A missing topic; it is not given again for some time. False: none. */
bool topics_wanted(struct topics *t, int64_t now_ms, char out[TOPIC_TEXT]);
void topics_found(struct topics *t, const char *name, bool there);

#endif
