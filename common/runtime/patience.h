/* patience - decides when an error of the database ends a service. Few do, and only once they have
 * lasted: a password refused, a right or the installation's key missing. Any other error is
 * retried. */
#ifndef COMMON_RUNTIME_PATIENCE_H
#define COMMON_RUNTIME_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

/* Zero-initialise. */
struct patience {
    char code[40];
    int64_t since_ms, last_ms; /* monotonic */
};

/* Called at each failure. True: it is one of those, and has been all there was for ten minutes. */
bool patience_is_over(struct patience *p, const struct err *err);
/* It works again. */
void patience_reset(struct patience *p);

/* The error that keeps a batch from being committed, and since when. Zero-initialise. */
struct trouble {
    int64_t since_ms; /* monotonic; 0: all is well */
    bool told;
    bool refused; /* the server would not, for a reason that concerns no message and no person */
    struct err why;
};

void trouble_meet(struct trouble *t, const struct err *why);
void trouble_end(struct trouble *t);
int64_t trouble_ms(const struct trouble *t);
/* After a minute: an error, once. */
void trouble_tell(struct trouble *t);
/* Neither refused nor in trouble for a minute. */
bool trouble_is_ready(const struct trouble *t);

#endif
