/* clock - the product's now: the system's clock, or in tests and rehearsals a file with one
 * instant. */
#ifndef COMMON_RUNTIME_CLOCK_H
#define COMMON_RUNTIME_CLOCK_H

#include <stdbool.h>

#include "common/base/date.h"
#include "common/base/err.h"

struct clock;

/* path NULL or "": the system's clock. A file that cannot be read or parsed is STATUS_FATAL here.
 */
enum status clock_open(struct clock **out, const char *path, struct err *err) NODISCARD;
void clock_free(struct clock *c);

/* Microseconds, UTC. Reads the file again at most every 50 ms, keeping the last good instant while
 * it is missing or unreadable (it is replaced by rename). */
struct instant clock_now(struct clock *c);
bool clock_is_file(const struct clock *c);

/* The machine's wall clock, whatever a clock file says; and CLOCK_BOOTTIME, which nobody sets and
 * which counts while the machine sleeps. Their difference changes only when somebody sets the wall
 * clock. */
struct instant clock_wall(void);
int64_t clock_boot_us(void);

/* CLOCK_MONOTONIC in milliseconds: for pauses and durations, never for facts. */
int64_t clock_mono_ms(void);

#endif
