/* pg_attempt - makes a connection on a thread of its own: libpq looks up names and calls Kerberos,
 * and both block. Part of pg. */
#ifndef COMMON_PG_PG_ATTEMPT_H
#define COMMON_PG_PG_ATTEMPT_H

#include <stdbool.h>

struct pg_attempt;
struct pg_conn; /* libpq's */

/* Strings are copied; password may be NULL. NULL: there is no thread to be had. */
struct pg_attempt *pg_attempt_new(const char *dsn, const char *password, const char *name);
/* Waits at most ms. True: it has ended, well or not; then take it. */
bool pg_attempt_ended(struct pg_attempt *a, int ms);
struct pg_conn *pg_attempt_take(struct pg_attempt *a); /* frees it; never NULL */
/* It is left to itself, and ends the session it may get. NULL is fine. */
void pg_attempt_free(struct pg_attempt *a);

#endif
