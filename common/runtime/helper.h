/* helper - a call that blocks and has no other form, on a thread of its own. Its owner waits for it
 * as long as it likes, and may leave it behind. */
#ifndef COMMON_RUNTIME_HELPER_H
#define COMMON_RUNTIME_HELPER_H

#include <stdbool.h>
#include <stddef.h>

struct helper;

/* Runs run(arg). NULL: there is no thread to be had, and nothing was begun. */
struct helper *helper_start(void (*run)(void *arg), void *arg);
/* Has it ended? Waits at most wait_ms for that. */
bool helper_ended(struct helper *h, int wait_ms);
/* Nobody waits any more. If it has ended, arg is the caller's again (true). Else it is left behind:
 * drop(arg) is called on its thread once it ends, if it ever does. */
bool helper_free(struct helper *h, void (*drop)(void *arg));

/* A thread that somebody else left behind. */
void helper_note_left(void);
/* Threads that were left behind and have not ended: then a process may end by _exit alone, as they
 * may use what exit() takes apart. */
size_t helper_left(void);

#endif
