/* dayfour positions recover: lets followup continue with a shard whose position in Kafka does not
 * agree with the database. The command only asks; followup does it, from the position that it
 * finds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/cli/commands.h"

struct found {
    int32_t shard;
    int64_t next_batch, confirmed;
    bool recovery;
};

static const struct pg_stmt read_shard = {
    "shard_was", "select next_batch, confirmed_batch, recovery from ops.shard where shard = $1",
    (const uint32_t[]){PG_INT4, 0}};
static const struct pg_stmt recover_shard = {"shard_recover", "select ops.recover_shard($1)",
                                             (const uint32_t[]){PG_INT4, 0}};

static enum status look(struct cli *cli, struct found *f, bool *there, struct err *err)
{
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_i32(&values, f->shard);
    enum status s = cli_query(cli, &read_shard, &values, &r, err);
    pg_args_clear(&values);
    *there = s == STATUS_OK && pg_rows(r) == 1;
    if (*there) {
        f->next_batch = pg_i64(r, 0, 0);
        f->confirmed = pg_i64(r, 0, 1);
        f->recovery = pg_bool(r, 0, 2);
    }
    return s;
}

static bool confirmed(const struct found *f)
{
    char line[40];
    fprintf(
        stderr,
        "shard %" PRId32 ": the database is at batch %" PRId64 ", %" PRId64 " not confirmed.\n"
        "Followup will continue from the topic's position. It publishes unconfirmed events again,\n"
        "and events that the database has forgotten: under the same ids.\n"
        "Type recover to continue: ",
        f->shard, f->next_batch, f->next_batch - f->confirmed - 1);
    (void)fflush(stderr);
    if (fgets(line, sizeof line, stdin) == NULL) {
        return false;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return strcmp(line, "recover") == 0;
}

int positions_recover(struct cli *cli, const struct args *args)
{
    struct found f = {0};
    struct err err = {0};
    const char *text = options_argument(args, 0);
    bool there = false;
    if (strspn(text, "0123456789") != strlen(text) || strlen(text) == 0 || strlen(text) > 4) {
        return cli_refuse("positions recover: SHARD is a number, 0 where there is only one");
    }
    f.shard = (int32_t)strtol(text, NULL, 10);
    enum status s = look(cli, &f, &there, &err);
    if (s != STATUS_OK) {
        return cli_fail("positions recover", s, &err);
    }
    if (!there) {
        return cli_refuse("positions recover: no shard %" PRId32, f.shard);
    }
    if (!f.recovery) {
        if (!confirmed(&f)) {
            return cli_refuse("positions recover: not confirmed; nothing was changed");
        }
        struct pg_args values = {0};
        pg_arg_i32(&values, f.shard);
        s = cli_query(cli, &recover_shard, &values, NULL, &err);
        pg_args_clear(&values);
    }
    if (s != STATUS_OK) {
        return cli_fail("positions recover", s, &err);
    }
    printf("shard %" PRId32 ": followup may continue; start it\n", f.shard);
    return EXIT_DONE;
}
