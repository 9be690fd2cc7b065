/* listen - a socket that listens where a configuration says. */
#ifndef COMMON_RUNTIME_LISTEN_H
#define COMMON_RUNTIME_LISTEN_H

#include <stdbool.h>

#include "common/base/err.h"

/* where: "host:port", "[host]:port", ":port" (all addresses) or "unix:/path" (0660, the group of
 * its folder). key: of the configuration, for errors. STATUS_FATAL: no such address, or it cannot
 * be had. A socket in the file system that nobody listens at is replaced. */
enum status listen_open(int *out, const char *key, const char *where, struct err *err) NODISCARD;

/* The path of "unix:/path"; NULL: it is an address. */
const char *listen_path(const char *where);
/* Whether only this machine can reach it. */
bool listen_is_local(const char *where);

#endif
