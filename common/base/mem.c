/* At least one byte is asked for each time, so that NULL from the C library means a lack of memory
 * and nothing else. log_init() sets the report. */
#include "common/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*report_failure)(void);

void mem_report_with(void (*report)(void))
{
    report_failure = report;
}

void mem_fail(void)
{
    if (report_failure != NULL) {
        report_failure();
    }
    _exit(MEM_EXIT); /* no atexit handlers: they may want memory too */
}

void *mem_alloc(size_t bytes)
{
    void *p = calloc(1, bytes > 0 ? bytes : 1);
    if (p == NULL) {
        mem_fail();
    }
    return p;
}

void *mem_resize(void *old, size_t n, size_t item_bytes)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, item_bytes, &bytes)) {
        mem_fail();
    }
    void *p = realloc(old, bytes > 0 ? bytes : 1);
    if (p == NULL) {
        mem_fail();
    }
    return p;
}

char *mem_strdup(const char *s)
{
    return s == NULL ? NULL : mem_strndup(s, strlen(s));
}

char *mem_strndup(const char *s, size_t len)
{
    char *p = mem_alloc(len + 1);
    memcpy(p, s, len);
    return p;
}
