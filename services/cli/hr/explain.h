/* explain - what is said of one event: what it would do, and why. */
#ifndef SERVICES_CLI_HR_EXPLAIN_H
#define SERVICES_CLI_HR_EXPLAIN_H

#include "services/cli/hr/event_file.h"
#include "services/cli/settings/dry_run.h"

struct verdict_line {
    size_t line;
    const char *verdict; /* accept, stale, ignore, reject */
    const char *reason;
    const char *detail;
    const char *wanted; /* of a rejected one, in words; else "" */
    struct outcome outcome;
};

/* The verdict on an event. It is applied, so that the next event comes after it. */
void explain_judge(struct dry_run *w, const struct inbound *in, struct verdict_line *out);

/* Without a line end. line 0: it is left out. */
void explain_print_text(const struct verdict_line *v);
void explain_put_json(const struct verdict_line *v, struct buf *out);

/* The other forms of the command. */
int explain_person(struct cli *cli, const struct args *args);
int explain_at(struct cli *cli, const struct args *args);

#endif
