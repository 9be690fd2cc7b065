/* dayfour clock: the three clocks that the product's now rests on, and accepting them. */
#include "services/cli/operations/clocks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "services/cli/commands.h"

static const struct pg_stmt read_clocks = {
    "clocks_read", "select database_clock, last_now, rehearsal_at is not null from ops.clocks",
    NULL};

enum status clocks_read(struct cli *cli, struct clocks *out, struct err *err)
{
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &read_clocks, NULL, &r, err);
    if (s == STATUS_OK) {
        *out = (struct clocks){.machine = clock_wall(),
                               .database = pg_instant(r, 0, 0),
                               .last_now = pg_instant(r, 0, 1),
                               .rehearsal = pg_bool(r, 0, 2) || cli->conf->clock_file != NULL};
    }
    return s;
}

static bool say(char out[CLOCKS_TEXT], const struct cli *cli, const char *one, int64_t us,
                const char *other)
{
    int64_t apart = us < 0 ? -us : us;
    if (apart <= cli->conf->clock_apart_seconds * US_PER_SECOND) {
        return false;
    }
    (void)snprintf(out, CLOCKS_TEXT, "%s is %" PRId64 " s %s %s", one, apart / US_PER_SECOND,
                   us > 0 ? "ahead of" : "behind", other);
    return true;
}

void clocks_judge(const struct cli *cli, const struct clocks *c, char out[CLOCKS_TEXT])
{
    static const char stored[] = "the last now stored";
    out[0] = '\0';
    if (c->rehearsal ||
        say(out, cli, "this machine's clock", c->machine.us - c->database.us, "the database's")) {
        return;
    }
    if (!instant_is_none(c->last_now) && c->last_now.us > c->database.us) {
        (void)(say(out, cli, stored, c->last_now.us - c->database.us, "the database's clock") ||
               (c->last_now.us > c->machine.us &&
                say(out, cli, stored, c->last_now.us - c->machine.us, "this machine's clock")));
    }
}

enum status clocks_must_agree(struct cli *cli, struct err *err)
{
    struct clocks c;
    char text[CLOCKS_TEXT];
    enum status s = clocks_read(cli, &c, err);
    if (s != STATUS_OK) {
        return s;
    }
    clocks_judge(cli, &c, text);
    return text[0] == '\0' ? STATUS_OK
                           : err_set(err, STATUS_FATAL, "clock_apart",
                                     "%s; dayfour clock shows all three", text);
}

/* ---- the commands ---- */

static void print_one(const char *name, struct instant t)
{
    char text[INSTANT_TEXT];
    printf("%-20s %s\n", name, instant_is_none(t) ? "none" : instant_format(t, text));
}

static void print(const struct clocks *c)
{
    print_one("this machine", c->machine);
    print_one("database", c->database);
    print_one("last now stored", c->last_now);
}

int clock_show(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct clocks c;
    char text[CLOCKS_TEXT];
    (void)args;
    enum status s = clocks_read(cli, &c, &err);
    if (s != STATUS_OK) {
        return cli_fail("clock", s, &err);
    }
    print(&c);
    clocks_judge(cli, &c, text);
    if (c.rehearsal) {
        puts("time comes from a rehearsal: nothing is compared");
    } else {
        puts(text[0] == '\0' ? "they agree" : text);
    }
    return text[0] == '\0' ? EXIT_DONE : EXIT_STUCK;
}

static bool confirmed(void)
{
    char line[16];
    fputs("Is the database's clock right? Type yes: ", stderr);
    (void)fflush(stderr);
    if (fgets(line, sizeof line, stdin) == NULL) {
        return false;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return strcmp(line, "yes") == 0;
}

/* No program here can say which of two clocks is wrong: the command corrects only what was
 * stored. */
static const char *cannot_be_accepted(const struct cli *cli, const struct clocks *c)
{
    struct clocks two = *c;
    char text[CLOCKS_TEXT];
    two.last_now = INSTANT_NONE;
    clocks_judge(cli, &two, text);
    return c->rehearsal ? "time comes from a rehearsal; start the services without clock.file"
           : text[0] != '\0'
               ? "this machine's clock and the database's are apart; set the wrong one right first"
               : NULL;
}

int clock_accept(struct cli *cli, const struct args *args)
{
    static const struct pg_stmt accept = {"clock_accept", "select ops.accept_clock()", NULL};
    struct err err = {0};
    struct clocks c;
    enum status s = clocks_read(cli, &c, &err);
    if (s != STATUS_OK) {
        return cli_fail("clock accept", s, &err);
    }
    const char *why_not = cannot_be_accepted(cli, &c);
    if (why_not != NULL) {
        return cli_refuse("clock accept: %s", why_not);
    }
    print(&c);
    if (!options_flag(args, "yes") && !confirmed()) {
        return cli_refuse("clock accept: nothing was changed");
    }
    s = cli_query(cli, &accept, NULL, NULL, &err);
    if (s != STATUS_OK) {
        return cli_fail("clock accept", s, &err);
    }
    puts("the database's clock is the product's now; the services continue from there");
    return EXIT_DONE;
}
