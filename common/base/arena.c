/* Memory is handed out from chunks of one size, which are kept over a reset, so that a steady load
 * allocates nothing. Larger requests get a chunk each. Under AddressSanitizer unused bytes are
 * poisoned, which finds pointers kept over a reset. */
#include "common/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

/* Under AddressSanitizer, what was not handed out may not be touched: a pointer kept over a reset
 * is found. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(ARENA_POISON)
#define ARENA_POISON 1
#endif
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#define HIDE(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define SHOW(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define HIDE(p, n) ((void)(p), (void)(n))
#define SHOW(p, n) ((void)(p), (void)(n))
#endif

#define ALIGN alignof(max_align_t)

struct chunk {
    struct chunk *next;
    size_t cap;
    alignas(max_align_t) char data[];
};

struct arena {
    char *at, *end; /* what is left of the current chunk */
    struct chunk *first, *current;
    struct chunk *large; /* requests over a chunk's size, each its own */
    size_t chunk_bytes;
    size_t bytes;
};

static struct chunk *chunk_new(size_t cap)
{
    if (cap > SIZE_MAX - sizeof(struct chunk)) {
        mem_fail();
    }
    struct chunk *c = malloc(sizeof *c + cap);
    if (c == NULL) {
        mem_fail();
    }
    c->next = NULL;
    c->cap = cap;
    HIDE(c->data, cap);
    return c;
}

static void chunks_free(struct chunk *c)
{
    while (c != NULL) {
        struct chunk *next = c->next;
        SHOW(c->data, c->cap);
        free(c);
        c = next;
    }
}

static void use_chunk(struct arena *a, struct chunk *c)
{
    a->current = c;
    a->at = c->data;
    a->end = c->data + c->cap;
}

struct arena *arena_new(size_t chunk_bytes)
{
    struct arena *a = mem_alloc(sizeof *a);
    a->chunk_bytes = (chunk_bytes < 256 ? 256 : chunk_bytes) / ALIGN * ALIGN;
    a->first = chunk_new(a->chunk_bytes);
    use_chunk(a, a->first);
    return a;
}

void arena_free(struct arena *a)
{
    if (a == NULL) {
        return;
    }
    chunks_free(a->first);
    chunks_free(a->large);
    free(a);
}

/* bytes is rounded already and does not fit what is left of the current chunk. */
static void *alloc_slowly(struct arena *a, size_t bytes)
{
    if (bytes > a->chunk_bytes / 4) { /* so that no more than a quarter of a chunk is left unused */
        struct chunk *c = chunk_new(bytes);
        c->next = a->large;
        a->large = c;
        return c->data;
    }
    if (a->current->next == NULL) {
        a->current->next = chunk_new(a->chunk_bytes);
    }
    use_chunk(a, a->current->next);
    void *p = a->at;
    a->at += bytes;
    return p;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    if (bytes > SIZE_MAX - ALIGN) {
        mem_fail();
    }
    size_t rounded = bytes == 0 ? ALIGN : (bytes + ALIGN - 1) / ALIGN * ALIGN;
    void *p = a->at;
    if (rounded <= (size_t)(a->end - a->at)) {
        a->at += rounded;
    } else {
        p = alloc_slowly(a, rounded);
    }
    a->bytes += rounded;
    SHOW(p, bytes);
    return p;
}

void *arena_zalloc(struct arena *a, size_t bytes)
{
    return memset(arena_alloc(a, bytes), 0, bytes);
}

void *arena_array(struct arena *a, size_t n, size_t item_bytes)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, item_bytes, &bytes)) {
        mem_fail();
    }
    return arena_zalloc(a, bytes);
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
    if (len == SIZE_MAX) {
        mem_fail();
    }
    char *p = arena_alloc(a, len + 1);
    memcpy(p, s, len);
    p[len] = '\0';
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return s == NULL ? NULL : arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *p = arena_alloc(a, len < 0 ? 1 : (size_t)len + 1);
    p[0] = '\0';
    if (len > 0) {
        vsnprintf(p, (size_t)len + 1, fmt, again);
    }
    va_end(again);
    return p;
}

void arena_reset(struct arena *a)
{
    chunks_free(a->large);
    a->large = NULL;
    use_chunk(a, a->first);
    for (struct chunk *c = a->first; c != NULL; c = c->next) {
        HIDE(c->data, c->cap);
    }
    a->bytes = 0;
}

size_t arena_bytes(const struct arena *a)
{
    return a->bytes;
}
