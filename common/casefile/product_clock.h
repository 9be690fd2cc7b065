/* product_clock - the now of a service, as the database knows it too: it never goes back by itself,
 * and while a clock file rules, oh.now() follows it. */
#ifndef COMMON_CASEFILE_PRODUCT_CLOCK_H
#define COMMON_CASEFILE_PRODUCT_CLOCK_H

#include <stdbool.h>

#include "common/clock.h"
#include "common/date.h"
#include "common/err.h"
#include "common/pg.h"

struct product_clock;

struct product_clock *product_clock_new(struct clock *c); /* borrows c */
void product_clock_free(struct product_clock *pc);

/* The larger of the clock and the last now stored; of a clock file, what it says. */
struct instant product_clock_now(struct product_clock *pc);

/* On each (re)connection, waiting: clears what an earlier rehearsal left, or begins one; takes up
 * the last now stored. */
enum status product_clock_attach(struct product_clock *pc, struct pg *pg,
                                 struct err *err) NODISCARD;

/* Every second (every 100 ms on a clock file): stores now where it is worth it. Waits for the
 * answer. */
enum status product_clock_tick(struct product_clock *pc, struct err *err) NODISCARD;

#endif
