/* mem - heap memory that is there or ends the process: nothing above could go on without it. */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include <stddef.h>

/* None returns NULL: running out of memory is logged as `failed` and ends the process with
 * status 3. What they return is given back with free(). */
void *mem_alloc(size_t bytes) __attribute__((malloc, returns_nonnull)); /* zeroed */
/* n items of item_bytes each in place of old (may be NULL); the product is checked, the new part
 * not zeroed. */
void *mem_resize(void *old, size_t n, size_t item_bytes) __attribute__((returns_nonnull));
char *mem_strdup(const char *s); /* NULL gives NULL */
char *mem_strndup(const char *s, size_t len) __attribute__((returns_nonnull));

/* For those that find memory missing by other ways. */
void mem_fail(void) __attribute__((noreturn));

#endif
