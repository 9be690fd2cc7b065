/* dayfour emission: stops and starts what followup publishes. */
#include <stdio.h>

#include "services/cli/commands.h"

/* The table's trigger fills in who and when, and writes the audit as well. */
static const struct pg_stmt set_paused = {
    "emission_set",
    "with u as (update ops.emission set paused = $1 where paused <> $1 returning 1)"
    " select count(*) from u",
    (const uint32_t[]){PG_BOOL, 0}};

static int set(struct cli *cli, bool paused)
{
    struct err err = {0};
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_bool(&values, paused);
    enum status s = cli_query(cli, &set_paused, &values, &r, &err);
    pg_args_clear(&values);
    if (s != STATUS_OK) {
        return cli_fail("emission", s, &err);
    }
    const char *was = pg_i64(r, 0, 0) == 0 ? "was already " : "";
    printf("emission %s%s\n", was, paused ? "paused" : "running");
    return EXIT_DONE;
}

int emission_pause(struct cli *cli, const struct args *args)
{
    (void)args;
    return set(cli, true);
}

int emission_resume(struct cli *cli, const struct args *args)
{
    (void)args;
    return set(cli, false);
}
