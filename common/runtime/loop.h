/* loop - epoll with timers and signals; one thread; callbacks run one at a time. */
#ifndef COMMON_RUNTIME_LOOP_H
#define COMMON_RUNTIME_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

struct loop;

enum status loop_new(struct loop **out, struct err *err) NODISCARD;
void loop_free(struct loop *l);

#define LOOP_READ 1u
#define LOOP_WRITE 2u
typedef void loop_fn(void *arg,
                     unsigned events); /* events: LOOP_READ | LOOP_WRITE; errors come as both */

/* Watches fd (not owned). The same fd again changes events, fn and arg. */
enum status loop_watch(struct loop *l, int fd, unsigned events, loop_fn *fn, void *arg,
                       struct err *err) NODISCARD;
void loop_unwatch(struct loop *l, int fd); /* fine for one not watched; safe within a callback */

/* Urgent: loop_meanwhile serves it too, while a callback waits. */
void loop_urgent(struct loop *l, int fd);
/* For callbacks that wait for something else, now and then (`loop` is the struct loop): serves what
 * is urgent, without waiting. True: asked to stop. */
bool loop_meanwhile(void *loop);

/* A timer: fires once after ms (0: at the next turn) until set again; ms < 0 disarms. */
struct loop_timer;
enum status loop_timer_new(struct loop *l, struct loop_timer **out, loop_fn *fn, void *arg,
                           struct err *err) NODISCARD;
void loop_timer_set(struct loop_timer *t, int64_t ms);
void loop_timer_free(struct loop_timer *t);

/* A thread of its own reads SIGTERM and SIGINT, which are blocked from now on. The first signal
 * calls fn at the loop's next turn, the second ends the process at once with status 1. Nine seconds
 * after the first the process ends with status 0, unless loop_free came before: the log says that
 * something was left behind. Once in a loop's life. */
enum status loop_on_stop(struct loop *l, loop_fn *fn, void *arg, struct err *err) NODISCARD;

/* Runs a turn: waits at most wait_ms (-1: for ever) and runs what is ready. */
enum status loop_turn(struct loop *l, int wait_ms, struct err *err) NODISCARD;

/* Pauses between tries: doubling from first_ms to max_ms, each with +-25 % jitter. */
struct backoff {
    int64_t first_ms;
    int64_t max_ms;
    unsigned attempt; /* tries since the last success */
};
int64_t backoff_next_ms(struct backoff *b);
void backoff_reset(struct backoff *b);
/* True at attempts 1, 2, 4, 8, …: when a repeated failure is worth a log line. */
bool backoff_should_log(const struct backoff *b);

#endif
