/* Loaded before a program (LD_PRELOAD), moves its clock by AHEAD_S seconds: a machine that has lost
 * its time server. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *ts)
{
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL) {
        void *symbol = dlsym(RTLD_NEXT, "clock_gettime");
        memcpy(&real, &symbol, sizeof real);
    }
    int code = real(id, ts);
    const char *ahead = getenv("AHEAD_S");
    if (code == 0 && id == CLOCK_REALTIME && ahead != NULL) {
        ts->tv_sec += strtol(ahead, NULL, 10);
    }
    return code;
}
