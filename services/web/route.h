/* route - which screen answers which path: one table. Pure. */
#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "services/web/step.h"

enum route_who {
    ROUTE_DOOR,    /* log in and out: asks the database nothing as a person */
    ROUTE_ALL,     /* without a session too */
    ROUTE_CALLERS, /* clinicians and leads: whoever has a row in oh.staff */
    ROUTE_LEADS
};

struct route {
    const char *pattern; /* "/case/ID/entry/N/undo": what logs and metrics have */
    enum route_who who;
    step *get, *post; /* NULL: 405 */
};
extern const struct route routes[];
extern const size_t n_routes;

#define ROUTE_ID_BYTES 12
struct route_match {
    const struct route *route; /* NULL: no such path */
    char id[ROUTE_ID_BYTES + 1];
    long number;
};
/* The path as it came: escapes and everything but A-Z a-z 0-9 / - . match nothing. */
struct route_match route_find(const struct route *table, size_t n, const char *path);

#endif
