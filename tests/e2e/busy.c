/* LD_PRELOAD: every third commit of a transaction finds the Kafka library's thread busy, as on a
 * machine that stood still. Its first wait ends at once, without an answer. */
#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <threads.h>

#define EVERY 3

static thread_local int waits_left = -1; /* until the one that ends at once; -1: none does */

rd_kafka_error_t *rd_kafka_commit_transaction(rd_kafka_t *rk, int timeout_ms)
{
    static int n;
    union { /* ISO C knows no way from an object pointer to a function */
        void *found;
        rd_kafka_error_t *(*call)(rd_kafka_t *, int);
    } real = {.found = dlsym(RTLD_NEXT, "rd_kafka_commit_transaction")};
    waits_left = ++n % EVERY == 0 ? 0 : -1;
    rd_kafka_error_t *e = real.call(rk, timeout_ms);
    waits_left = -1;
    return e;
}

/* The C library's own names of these are reserved. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int cnd_timedwait(cnd_t *restrict cnd, mtx_t *restrict lock, const struct timespec *restrict until)
{
    union {
        void *found;
        int (*call)(cnd_t *restrict, mtx_t *restrict, const struct timespec *restrict);
    } real = {.found = dlsym(RTLD_NEXT, "cnd_timedwait")};
    return waits_left-- == 0 ? thrd_timedout : real.call(cnd, lock, until);
}
