/* doctor - what `dayfour doctor` looks at, and what it says of it. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include <stddef.h>

#include "services/cli/cli.h"

enum state { FINE, WORTH_KNOWING, WRONG };

struct doctor {
    struct cli *cli;
    struct conf *intake, *followup; /* NULL: could not be read */
    char *passwords[2];             /* of intake and followup; NULL: none is known */
    bool untried[2];                /* that there is one is all we know: told already */
    bool json;
    size_t n[3]; /* by state */
};

/* One finding: a stable name, what is seen, and how to mend it ("" when fine). */
void doctor_say(struct doctor *d, enum state state, const char *name, const char *mend,
                const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Each looks at its part and goes on whatever it finds. */
void doctor_database(struct doctor *d);
void doctor_kafka(struct doctor *d);

#endif
