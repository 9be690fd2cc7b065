/* step - the type of a screen's steps, and the person who asks: request.h and the table of routes
 * share them. */
#ifndef WEB_STEP_H
#define WEB_STEP_H

#include <stdbool.h>
#include <stddef.h>

struct req;
typedef void step(struct req *q);

struct who {
    const char *login, *name; /* name: display_name, else the login */
    const char *role;         /* in words: "physiotherapist"; "" if none is set */
    bool leads;               /* dayfour_oh_admin: may do all a clinician may */
    const char *const *queues;
    size_t n_queues;
};

#endif
