/* doctor - what `dayfour doctor` looks at, and what it says of it. */
#ifndef SERVICES_CLI_OPERATIONS_DOCTOR_H
#define SERVICES_CLI_OPERATIONS_DOCTOR_H

#include <stddef.h>

#include "services/cli/cli.h"

enum state { FINE, WORTH_KNOWING, WRONG };

struct doctor {
    struct cli *cli;
    struct conf *intake, *followup; /* NULL: could not be read */
    struct conf *web;               /* NULL: the same, or the page is not on this machine */
    char *passwords[3];             /* of intake, followup and web; NULL: none is known */
    bool untried[3];                /* only its existence is known: reported already */
    bool json;
    size_t n[3]; /* by state */
};

/* A finding: a stable name, what is seen, and what to do ("" when fine). */
void doctor_say(struct doctor *d, enum state state, const char *name, const char *mend,
                const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Each checks its part and continues whatever it finds. */
void doctor_database(struct doctor *d);
void doctor_kafka(struct doctor *d);
/* folder: of the mappings; NULL: the usual one, if it is there. */
void doctor_feed(struct doctor *d, const char *folder);

/* cli_query, over a new session when a refused query has ended the one before. */
enum status doctor_query(struct doctor *d, const struct pg_stmt *stmt, const struct pg_args *args,
                         const struct pg_result **out, struct err *err);

/* Parts of doctor_database. database_us: its clock, just asked. */
void doctor_clocks(struct doctor *d, int64_t database_us);
void doctor_doors(struct doctor *d);
void doctor_settings(struct doctor *d);
void doctor_commits(struct doctor *d, const char *service, struct pg *pg);

#endif
