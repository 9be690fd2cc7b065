/* mem - heap memory: a caller gets it, or the process ends. No caller could continue without it. */
#ifndef COMMON_BASE_MEM_H
#define COMMON_BASE_MEM_H

#include <stddef.h>

/* None returns NULL: running out of memory is logged as `failed` and ends the process with
 * MEM_EXIT. The caller frees the result with free(). */
void *mem_alloc(size_t bytes) __attribute__((malloc, returns_nonnull)); /* zeroed */
/* n items of item_bytes each in place of old (may be NULL); the product is checked, the new part
 * not zeroed. */
void *mem_resize(void *old, size_t n, size_t item_bytes) __attribute__((returns_nonnull));
char *mem_strdup(const char *s); /* NULL gives NULL */
char *mem_strndup(const char *s, size_t len) __attribute__((returns_nonnull));

/* The exit code after which a service is started again: something of the machine was missing. */
#define MEM_EXIT 75

/* For those that find memory missing by other ways. */
void mem_fail(void) __attribute__((noreturn));

/* mem_fail() calls report before the process ends, so that base need not know the log. It must not
 * allocate. */
void mem_report_with(void (*report)(void));

#endif
