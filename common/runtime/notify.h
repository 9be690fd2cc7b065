/* notify - reports the state of this process to the service manager (systemd), as datagrams to the
 * socket of NOTIFY_SOCKET. Without that variable every call does nothing. Single-threaded. */
#ifndef COMMON_RUNTIME_NOTIFY_H
#define COMMON_RUNTIME_NOTIFY_H

#include <stdbool.h>

#include "common/base/err.h"

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. A second call reads them again. */
void notify_open(void);
void notify_close(void);

/* READY=1, once: later calls do nothing. */
void notify_ready(void);
/* STOPPING=1, once. */
void notify_stopping(void);
/* STATUS=, one line for people; the same text as last time is not sent again. */
void notify_status(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Sends WATCHDOG=1, if a watchdog was asked for, at most three times in the time it allows. The
 * loop calls it at each turn that got something done, or whose waiting is not overdue. A process
 * that merely turns is to be restarted. */
void notify_alive(void);

#endif
