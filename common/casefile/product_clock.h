/* product_clock - the now of a service, which the database knows too. It never goes back by itself.
 * While a clock file is in use, oh.now() follows it.
 *
 * A now is believed only while three clocks are within a bound of each other: this machine's, the
 * database's, and the last stored now. The last may be older, never further ahead. Between two
 * looks at the database the wall clock is held against the time since boot. Apart: `now` stays at
 * the last one believed, and the service stands still until the clocks agree or an operator accepts
 * them (`dayfour clock accept`). With a clock file nothing is compared. */
#ifndef COMMON_CASEFILE_PRODUCT_CLOCK_H
#define COMMON_CASEFILE_PRODUCT_CLOCK_H

#include <stdbool.h>

#include "common/base/date.h"
#include "common/base/err.h"
#include "common/pg/pg.h"
#include "common/runtime/clock.h"

struct product_clock;

struct product_clock *product_clock_new(struct clock *c, int64_t apart_seconds); /* borrows c */
void product_clock_free(struct product_clock *pc);

/* The larger of the clock and the last now stored; of a clock file, what it says. Apart: the last
 * one believed. */
struct instant product_clock_now(struct product_clock *pc);

/* STATUS_RESYNC, ERR_CLOCK_APART: stand still, and attach again in a while. Without asking
 * anybody: the wall clock against the time since boot, and what the last answer came to. */
enum status product_clock_check(struct product_clock *pc, struct err *err) NODISCARD;

/* On each (re)connection, waiting: clears what an earlier rehearsal left, or begins one; takes up
 * the last now stored; compares the clocks, as product_clock_check says. */
enum status product_clock_attach(struct product_clock *pc, struct pg *pg,
                                 struct err *err) NODISCARD;

/* Every second (every 100 ms on a clock file): compares the clocks; stores now where it is worth
 * it. Waits for the answer. */
enum status product_clock_tick(struct product_clock *pc, struct err *err) NODISCARD;

/* The same for a caller with a pipeline of its own: the statement that asks, and its answer. */
extern const struct pg_stmt product_clock_ask;
enum status product_clock_heard(struct product_clock *pc, const struct pg_result *r,
                                struct err *err) NODISCARD;
/* Stores now ($1), unless the database's clock says that it cannot be, or somebody has the row
 * locked: it waits for nobody. */
extern const struct pg_stmt product_clock_store;

#endif
