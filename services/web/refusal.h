/* refusal - counts wrong passwords: five for a login from an address, or twenty from an address,
 * within 15 minutes. Then nobody from there may try for 15 minutes. Bounded in memory. Pure. */
#ifndef WEB_REFUSAL_H
#define WEB_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

struct refusals;
struct refusals *refusals_new(void);
void refusals_free(struct refusals *r);

#define REFUSAL_MS (15 * 60 * 1000)

/* Whether this login may be tried from there now. address "": it is not known, and only the login
 * counts. A try that may be is counted as wrong until refusals_right or refusals_undo. */
bool refusals_try(struct refusals *r, const char *login, const char *address, int64_t now_ms);
/* It was right: the login's count starts at 0 again; the address keeps its other ones. */
void refusals_right(struct refusals *r, const char *login, const char *address, int64_t now_ms);
/* Nobody knows whether it was right: it does not count. */
void refusals_undo(struct refusals *r, const char *login, const char *address, int64_t now_ms);

#endif
