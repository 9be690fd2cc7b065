/* texts - each text once, known by a number of four bytes. The extract, the staff list and the
 * state name the same people and records over and over. Pure. */
#ifndef COMMON_FEED_STATE_TEXTS_H
#define COMMON_FEED_STATE_TEXTS_H

#include <stddef.h>
#include <stdint.h>

#define TEXTS_NONE 0 /* "": not given */

struct texts;

struct texts *texts_new(void);
void texts_free(struct texts *t); /* NULL is fine */

/* The number of a text; the same text always has the same one. */
uint32_t texts_put(struct texts *t, const char *s, size_t len);
uint32_t texts_puts(struct texts *t, const char *s); /* NULL gives TEXTS_NONE */
/* NUL-terminated; stays where it is until texts_free. */
const char *texts_at(const struct texts *t, uint32_t id);
/* The same, NULL for TEXTS_NONE. */
const char *texts_or_null(const struct texts *t, uint32_t id);
size_t texts_bytes(const struct texts *t); /* of memory, for tests */

#endif
