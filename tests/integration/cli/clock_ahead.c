/* LD_PRELOAD: moves a program's wall clock by AHEAD_S seconds, or by what the file AHEAD_FILE holds
 * at the time. So it runs as on a machine that has lost its time server. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>

static long ahead_s(void)
{
    const char *path = getenv("AHEAD_FILE");
    const char *fixed = getenv("AHEAD_S");
    char line[32] = "";
    FILE *f = path == NULL ? NULL : fopen(path, "re");
    if (f != NULL) {
        fixed = fgets(line, sizeof line, f);
        (void)fclose(f);
    }
    return fixed == NULL ? 0 : strtol(fixed, NULL, 10);
}

/* The C library's own names of these are reserved. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int clock_gettime(clockid_t id, struct timespec *ts)
{
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL) {
        void *symbol = dlsym(RTLD_NEXT, "clock_gettime");
        memcpy(&real, &symbol, sizeof real);
    }
    int code = real(id, ts);
    if (code == 0 && id == CLOCK_REALTIME) {
        ts->tv_sec += ahead_s();
    }
    return code;
}

/* The Kafka library's. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    static int (*real)(struct timeval *, void *);
    if (real == NULL) {
        void *symbol = dlsym(RTLD_NEXT, "gettimeofday");
        memcpy(&real, &symbol, sizeof real);
    }
    int code = real(tv, zone);
    if (code == 0) {
        tv->tv_sec += ahead_s();
    }
    return code;
}

/* The Kafka library waits until a time of the wall clock. The kernel's was not moved. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int timespec_get(struct timespec *ts, int base)
{
    static int (*real)(struct timespec *, int);
    if (real == NULL) {
        void *symbol = dlsym(RTLD_NEXT, "timespec_get");
        memcpy(&real, &symbol, sizeof real);
    }
    int got = real(ts, base);
    ts->tv_sec += ahead_s();
    return got;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int cnd_timedwait(cnd_t *restrict cnd, mtx_t *restrict lock, const struct timespec *restrict until)
{
    static int (*real)(cnd_t *restrict, mtx_t *restrict, const struct timespec *restrict);
    if (real == NULL) {
        void *symbol = dlsym(RTLD_NEXT, "cnd_timedwait");
        memcpy(&real, &symbol, sizeof real);
    }
    struct timespec of_the_kernel = *until;
    of_the_kernel.tv_sec -= ahead_s();
    return real(cnd, lock, &of_the_kernel);
}
