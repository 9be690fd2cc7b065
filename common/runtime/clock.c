/* clock_now() alone follows the file, and may go backwards. product_clock.c keeps a service's now
 * from falling, but follows a clock file wherever it goes. */
#include "common/runtime/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/mem.h"

#define REREAD_MS 50

struct clock {
    char *path; /* NULL: the system's clock */
    struct instant last;
    int64_t read_at_ms;
};

/* The first line of the file; blanks and the end of the line around it do not matter. */
static bool read_instant(const char *path, struct instant *out)
{
    char line[64];
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        return false;
    }
    bool got = fgets(line, sizeof line, f) != NULL;
    fclose(f);
    if (!got) {
        return false;
    }
    const char *begin = line;
    while (*begin == ' ' || *begin == '\t') {
        begin++;
    }
    size_t len = 0;
    while (begin[len] > ' ') {
        len++;
    }
    return instant_parse(begin, len, out);
}

enum status clock_open(struct clock **out, const char *path, struct err *err)
{
    struct clock *c = mem_alloc(sizeof *c);
    if (path != NULL && path[0] != '\0') {
        if (!read_instant(path, &c->last)) {
            free(c);
            return err_set(err, STATUS_FATAL, "clock_file",
                           "clock.file: cannot be read, or is no RFC 3339 instant");
        }
        c->path = mem_strdup(path);
        c->read_at_ms = clock_mono_ms();
    }
    *out = c;
    return STATUS_OK;
}

void clock_free(struct clock *c)
{
    if (c != NULL) {
        free(c->path);
        free(c);
    }
}

struct instant clock_now(struct clock *c)
{
    if (c->path == NULL) {
        return clock_wall();
    }
    int64_t ms = clock_mono_ms();
    if (ms - c->read_at_ms >= REREAD_MS) {
        c->read_at_ms = ms;
        read_instant(c->path, &c->last);
    }
    return c->last;
}

bool clock_is_file(const struct clock *c)
{
    return c->path != NULL;
}

static int64_t read_us(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * US_PER_SECOND + ts.tv_nsec / 1000;
}

struct instant clock_wall(void)
{
    return (struct instant){read_us(CLOCK_REALTIME)};
}

int64_t clock_boot_us(void)
{
#ifdef CLOCK_BOOTTIME
    return read_us(CLOCK_BOOTTIME);
#else
    return read_us(7); /* Linux's; POSIX has no name for it */
#endif
}

int64_t clock_mono_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
