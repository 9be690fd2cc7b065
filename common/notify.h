/* notify - tells the service manager (systemd) how this process stands: one datagram at a time to
 * the socket of NOTIFY_SOCKET. Without that variable every call does nothing. Single-threaded. */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

#include <stdbool.h>

#include "common/err.h"

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. Again: reads them anew. */
void notify_open(void);
void notify_close(void);

/* READY=1, once: later calls do nothing. */
void notify_ready(void);
/* STOPPING=1, once. */
void notify_stopping(void);
/* STATUS=, one line for people; the same text as last time is not sent again. */
void notify_status(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* WATCHDOG=1, if a watchdog was asked for; at most three times in the time it allows. For the loop
 * to call at each of its turns, and only where something got done since, or whatever is waited for
 * is not overdue: a process that merely turns is to be started anew. */
void notify_alive(void);

#endif
