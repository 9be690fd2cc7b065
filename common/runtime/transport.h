/* transport - decides whether a connection may carry health data or a password. It must have TLS
 * with the server's name checked, unless both ends are on this machine or allow_insecure is set. */
#ifndef COMMON_RUNTIME_TRANSPORT_H
#define COMMON_RUNTIME_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a host as written in a configuration is this machine: localhost, 127.x.x.x, ::1 (also in
 * brackets), the folder of a Unix socket, or empty. Names are not looked up. */
bool transport_is_local(const char *host, size_t len);

/* The same of a list of "host", "host:port" or "protocol://host:port", separated by commas: all. */
bool transport_all_local(const char *list);

#endif
