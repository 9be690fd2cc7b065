/* dayfour person: all that is held about one person, and how it goes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/err_code.h"
#include "common/json/json.h"
#include "common/retention/erasure.h"
#include "common/retention/subject_access.h"
#include "services/cli/commands.h"

#define WHY_MAX 1000
#define PATIENCE 20   /* times that the person is busy */
#define WAIT_STEPS 60 /* of 250 ms, for followup to withdraw events */

static const char *why_of(const struct args *args)
{
    const char *why = options_value(args, "reason");
    return why == NULL || why[strspn(why, " \t")] == '\0' || strlen(why) > WHY_MAX ? NULL : why;
}

/* ---- export ---- */

int person_export(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    bool found = false;
    const char *why = why_of(args);
    if (why == NULL) {
        return cli_refuse("person export: --reason: say what for, in at most %d bytes", WHY_MAX);
    }
    enum status s = cli_connect(cli, &err);
    s = s != STATUS_OK ? s
                       : subject_access_print(cli->pg, options_argument(args, 0),
                                              options_argument(args, 1), why, stdout, &found, &err);
    if (s != STATUS_OK) {
        return cli_fail("person export", s, &err);
    }
    return found ? EXIT_DONE : cli_refuse("person export: nothing is held about such a person");
}

/* ---- erase ---- */

static void wait_a_moment(void)
{
    const struct timespec t = {.tv_nsec = 250000000};
    (void)nanosleep(&t, NULL);
}

static enum status wait_for_followup(struct candidates *candidates, const struct args *args,
                                     struct erasure *e, struct err *err)
{
    enum status s = STATUS_OK;
    for (int i = 0; i < WAIT_STEPS && s == STATUS_OK && e->state == ERASURE_WAITS; i++) {
        wait_a_moment();
        s = erasure_go_on(candidates, options_argument(args, 0), options_argument(args, 1), e, err);
        s = s == STATUS_RETRY ? STATUS_OK : s; /* followup is at it */
    }
    return s;
}

static int tell(const struct erasure *e)
{
    if (e->state == ERASURE_UNKNOWN) {
        return cli_refuse("person erase: nothing is held about such a person");
    }
    if (e->state == ERASURE_WAITS) {
        puts("marked: the case is not settled, so its events are withdrawn first. That waits for\n"
             "dayfour-followup; then this command again, or the next purge, erases the person");
        return EXIT_DONE;
    }
    printf("erased: %zu records, %zu spells, %zu entries, %zu emitted events, %" PRId64
           " dead letters\n",
           e->counts.records, e->counts.spells, e->counts.entries, e->counts.emissions,
           e->dead_letters);
    if (e->remembered) {
        puts("kept, so that nobody calls them: that they opted out, or died");
    }
    return EXIT_DONE;
}

/* Somebody works on the person, or settings were just loaded: tried again, some times. */
static enum status ask(struct candidates *candidates, const struct args *args, const char *why,
                       struct erasure *e, struct err *err)
{
    enum status s = STATUS_RETRY;
    for (int i = 0; i < PATIENCE && s == STATUS_RETRY; i++) {
        s = erasure_ask(candidates, options_argument(args, 0), options_argument(args, 1), why, e,
                        err);
        if (s == STATUS_RESYNC && err_is(err, ERR_RULES_CHANGED)) {
            s = candidates_renew(candidates, err);
            s = s == STATUS_OK ? STATUS_RETRY : s;
        }
        if (s == STATUS_RETRY) {
            wait_a_moment();
        }
    }
    return s;
}

int person_erase(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct erasure e = {.state = ERASURE_UNKNOWN};
    struct candidates *candidates = NULL;
    const char *why = why_of(args);
    if (why == NULL) {
        return cli_refuse("person erase: --reason: say why, in at most %d bytes", WHY_MAX);
    }
    enum status s = cli_connect(cli, &err);
    s = s == STATUS_OK ? candidates_new(&candidates, cli->pg, &err) : s;
    s = s == STATUS_OK ? ask(candidates, args, why, &e, &err) : s;
    if (s == STATUS_OK && !options_flag(args, "no-wait")) {
        s = wait_for_followup(candidates, args, &e, &err);
    }
    candidates_free(candidates);
    return s == STATUS_OK ? tell(&e) : cli_fail("person erase", s, &err);
}
