/* Loaded before a program (LD_PRELOAD), moves its wall clock by AHEAD_S seconds, or by what the
 * file AHEAD_FILE holds at the time: a machine that has lost its time server. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
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
