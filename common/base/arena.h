/* arena - bump memory of one batch or one document; one reset ends all of it. */
#ifndef COMMON_BASE_ARENA_H
#define COMMON_BASE_ARENA_H

#include <stddef.h>

struct arena;

/* chunk_bytes is the size of the pieces taken from the heap; larger requests get their own. */
struct arena *arena_new(size_t chunk_bytes);
void arena_free(struct arena *a); /* NULL is fine */

/* Never NULL: running out of memory ends the process with a log line. Aligned for any type, not
 * zeroed. */
void *arena_alloc(struct arena *a, size_t bytes) __attribute__((malloc, returns_nonnull));
void *arena_zalloc(struct arena *a, size_t bytes) __attribute__((malloc, returns_nonnull));
/* n items of item_bytes each, zeroed; checks the product. */
void *arena_array(struct arena *a, size_t n, size_t item_bytes) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *a, const char *s, size_t len); /* NUL-terminated copy */
char *arena_strdup(struct arena *a, const char *s);              /* NULL gives NULL */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* All that was handed out is gone. Chunks of the usual size are kept for reuse, large requests
 * given back. */
void arena_reset(struct arena *a);
size_t arena_bytes(const struct arena *a); /* in use, for tests and metrics */

#endif
