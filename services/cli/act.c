/* What OH teams say they did: every command is one function of schema oh, called as the caller's
 * own role. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/casework/facts.h"
#include "common/date.h"
#include "services/cli/commands.h"
#include "services/cli/tasks.h"

/* Faults that the database tells by this code alone, its words being kept back as they may quote
 * values: bad is what the caller can have got wrong. */
#define BAD_PARAMETER "22023"

static int failed(const char *command, enum status s, const struct err *err, const char *bad)
{
    if (strcmp(err->code, BAD_PARAMETER) == 0 && bad != NULL) {
        return cli_refuse("%s: %s", command, bad);
    }
    return cli_fail(command, s, err);
}

/* Runs stmt; its parameters are cleared. */
static int act(struct cli *cli, const char *command, const struct pg_stmt *stmt,
               struct pg_args *values, const char *bad)
{
    struct err err = {0};
    enum status s = cli_query(cli, stmt, values, NULL, &err);
    pg_args_clear(values);
    return s == STATUS_OK ? EXIT_DONE : failed(command, s, &err, bad);
}

/* ---- one after another over the tasks named ---- */

static int each_task(struct cli *cli, const struct args *args, const struct pg_stmt *stmt,
                     const char *done)
{
    for (size_t i = 0; i < args->n; i++) {
        char id[TASK_ID_TEXT];
        struct err err = {0};
        enum status s = tasks_find(cli, options_argument(args, i), id, &err);
        if (s != STATUS_OK) {
            return cli_fail(args->command->name, s, &err);
        }
        struct pg_args values = {0};
        pg_arg_text(&values, id);
        int code = act(cli, args->command->name, stmt, &values, NULL);
        if (code != EXIT_DONE) {
            return code;
        }
        printf("%s %s\n", done, id);
    }
    return EXIT_DONE;
}

static const struct pg_stmt claim = {"act_claim", "select oh.claim($1)::text",
                                     (const uint32_t[]){PG_TEXT, 0}};
static const struct pg_stmt release = {"act_release", "select oh.release($1)::text",
                                       (const uint32_t[]){PG_TEXT, 0}};
static const struct pg_stmt reopen = {"act_reopen", "select oh.reopen_case($1)::text",
                                      (const uint32_t[]){PG_TEXT, 0}};

int act_claim(struct cli *cli, const struct args *args)
{
    return each_task(cli, args, &claim, "claimed");
}

int act_release(struct cli *cli, const struct args *args)
{
    return each_task(cli, args, &release, "released");
}

int act_reopen(struct cli *cli, const struct args *args)
{
    return each_task(cli, args, &reopen, "reopened");
}

/* ---- a task and one thing said of it ---- */

static int task_and_text(struct cli *cli, const struct args *args, const struct pg_stmt *stmt,
                         const char *done, const char *bad)
{
    char id[TASK_ID_TEXT];
    struct err err = {0};
    enum status s = tasks_find(cli, options_argument(args, 0), id, &err);
    if (s != STATUS_OK) {
        return cli_fail(args->command->name, s, &err);
    }
    struct pg_args values = {0};
    pg_arg_text(&values, id);
    pg_arg_text(&values, options_argument(args, 1));
    int code = act(cli, args->command->name, stmt, &values, bad);
    if (code == EXIT_DONE) {
        printf("%s %s\n", done, id);
    }
    return code;
}

static const struct pg_stmt assign = {"act_assign", "select oh.assign($1, $2)::text",
                                      (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};
static const struct pg_stmt close_case = {"act_close", "select oh.close_case($1, $2)::text",
                                          (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};

int act_assign(struct cli *cli, const struct args *args)
{
    return task_and_text(cli, args, &assign, "assigned",
                         "LOGIN: does not work on the queue of this task");
}

int act_close(struct cli *cli, const struct args *args)
{
    return task_and_text(cli, args, &close_case, "closed",
                         "REASON: one of recovered, referred, declined, other");
}

/* ---- attempts and contacts ---- */

/* The two forms of --at beside RFC 3339 are of the installation's time zone, which the database
 * knows. */
static const struct pg_stmt local_time = {
    "act_local",
    "select case when length($1) = 5 then (oh.today() + $1::time) at time zone oh.time_zone()"
    " else $1::timestamp at time zone oh.time_zone() end",
    (const uint32_t[]){PG_TEXT, 0}};

/* HH:MM */
static bool is_minute(const char *t)
{
    return strlen(t) == 5 && t[2] == ':' && strspn(t, "0123456789") == 2 &&
           strspn(t + 3, "0123456789") == 2 && strtol(t, NULL, 10) < 24 &&
           strtol(t + 3, NULL, 10) < 60;
}

/* HH:MM today, or YYYY-MM-DD HH:MM */
static bool is_local(const char *text)
{
    struct date day;
    size_t len = strlen(text);
    return is_minute(text) || (len == 16 && (text[10] == ' ' || text[10] == 'T') &&
                               date_parse(text, 10, &day) && is_minute(text + 11));
}

/* NULL is NONE: the database's now. */
static enum status read_at(struct cli *cli, const char *text, struct instant *out, struct err *err)
{
    *out = INSTANT_NONE;
    if (text == NULL || instant_parse(text, strlen(text), out)) {
        return STATUS_OK;
    }
    if (!is_local(text)) {
        return err_set(err, STATUS_REJECT, "input",
                       "--at: HH:MM, YYYY-MM-DD HH:MM or an RFC 3339 time");
    }
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, text);
    enum status s = cli_query(cli, &local_time, &values, &r, err);
    pg_args_clear(&values);
    if (s == STATUS_OK) {
        *out = pg_instant(r, 0, 0);
    }
    return s;
}

/* The task, the outcome and the time that attempt and contact begin with. */
static enum status common_values(struct cli *cli, const struct args *args, char id[TASK_ID_TEXT],
                                 struct pg_args *values, struct err *err)
{
    struct instant at;
    enum status s = read_at(cli, options_value(args, "at"), &at, err);
    s = s == STATUS_OK ? tasks_find(cli, options_argument(args, 0), id, err) : s;
    if (s == STATUS_OK) {
        pg_arg_text(values, id);
        pg_arg_text(values, options_argument(args, 1));
        pg_arg_instant(values, at);
    }
    return s;
}

/* Whether the outcome is one of first..last, so that a wrong one is told by its choices. */
static enum status check_outcome(const char *text, enum contact_outcome first,
                                 enum contact_outcome last, struct err *err)
{
    struct buf names = {0};
    bool found = false;
    for (int o = (int)first; o <= (int)last; o++) {
        const char *name = contact_outcome_name((enum contact_outcome)o);
        found = found || strcmp(text, name) == 0;
        buf_printf(&names, "%s%s", names.len == 0 ? "" : ", ", name);
    }
    enum status s = STATUS_OK;
    if (!found) {
        s = err_set(err, STATUS_REJECT, "input", "OUTCOME: one of %s", names.data);
    }
    buf_clear(&names);
    return s;
}

static const struct pg_stmt attempt = {
    "act_attempt", "select oh.record_attempt($1, $2, coalesce($3, oh.now()))::text",
    (const uint32_t[]){PG_TEXT, PG_TEXT, PG_TIMESTAMPTZ, 0}};

int act_attempt(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct pg_args values = {0};
    char id[TASK_ID_TEXT];
    enum status s =
        check_outcome(options_argument(args, 1), OUTCOME_NO_ANSWER, OUTCOME_CALL_BACK, &err);
    s = s == STATUS_OK ? common_values(cli, args, id, &values, &err) : s;
    if (s != STATUS_OK) {
        return cli_fail("attempt", s, &err);
    }
    int code = act(cli, "attempt", &attempt, &values,
                   "--at: in the future, or before the onset of the absence");
    if (code == EXIT_DONE) {
        printf("attempt noted on %s\n", id);
    }
    return code;
}

static const struct pg_stmt contact = {
    "act_contact", "select oh.record_contact($1, $2, coalesce($3, oh.now()), $4, $5)::text",
    (const uint32_t[]){PG_TEXT, PG_TEXT, PG_TIMESTAMPTZ, PG_DATE, PG_BOOL, 0}};

int act_contact(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct pg_args values = {0};
    char id[TASK_ID_TEXT];
    struct date review_on = DATE_NONE;
    const char *review = options_value(args, "review-on");
    if (review != NULL && !date_parse(review, strlen(review), &review_on)) {
        return cli_refuse("contact: --review-on: a date YYYY-MM-DD");
    }
    enum status s =
        check_outcome(options_argument(args, 1), OUTCOME_FAST_TRACK, OUTCOME_DECLINED, &err);
    s = s == STATUS_OK ? common_values(cli, args, id, &values, &err) : s;
    if (s != STATUS_OK) {
        return cli_fail("contact", s, &err);
    }
    pg_arg_date(&values, review_on);
    pg_arg_bool(&values, options_flag(args, "red-flag"));
    int code = act(cli, "contact", &contact, &values,
                   "--at: in the future, or before the onset of the absence; or --review-on: "
                   "before the contact");
    if (code == EXIT_DONE) {
        printf("contact noted on %s\n", id);
    }
    return code;
}

static const struct pg_stmt retract = {"act_retract", "select oh.retract($1, $2)::text",
                                       (const uint32_t[]){PG_INT8, PG_TEXT, 0}};

int act_retract(struct cli *cli, const struct args *args)
{
    char *end = NULL;
    const char *text = options_argument(args, 0);
    long long entry = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || entry <= 0) {
        return cli_refuse("retract: ENTRY: the number `dayfour show` gives");
    }
    struct pg_args values = {0};
    pg_arg_i64(&values, entry);
    pg_arg_text(&values, options_argument(args, 1));
    int code = act(cli, "retract", &retract, &values, "WHY: 1 to 1000 bytes");
    if (code == EXIT_DONE) {
        printf("retracted entry %lld\n", entry);
    }
    return code;
}

/* ---- opting out ---- */

static const struct pg_stmt opt_out = {"act_opt_out", "select oh.opt_out($1, $2)::text",
                                       (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};
static const struct pg_stmt opt_in = {"act_opt_in", "select oh.opt_in($1, $2)::text",
                                      (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};

static int opt(struct cli *cli, const struct args *args, const struct pg_stmt *stmt,
               const char *done)
{
    struct pg_args values = {0};
    pg_arg_text(&values, options_argument(args, 0));
    pg_arg_text(&values, options_argument(args, 1));
    int code = act(cli, args->command->name, stmt, &values, "PERSON_ID: 1 to 100 bytes");
    if (code == EXIT_DONE) {
        puts(done);
    }
    return code;
}

int act_opt_out(struct cli *cli, const struct args *args)
{
    return opt(cli, args, &opt_out, "opted out from today");
}

int act_opt_in(struct cli *cli, const struct args *args)
{
    return opt(cli, args, &opt_in, "opted in again");
}
