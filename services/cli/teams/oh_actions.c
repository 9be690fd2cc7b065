/* What OH teams enter: every command calls one function of schema oh, as the caller's own role,
 * and then says whose task it was and which entry was made. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/date.h"
#include "common/base/err_code.h"
#include "common/casework/facts.h"
#include "services/cli/commands.h"
#include "services/cli/teams/tasks.h"
#include "services/cli/view.h"

/* The database reports these faults by code alone and keeps its words back, as they may quote
 * values: bad is what the caller can have got wrong. */

static int failed(const char *command, enum status s, const struct err *err, const char *bad)
{
    if (err_is(err, ERR_BAD_PARAMETER) && bad != NULL) {
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

/* ---- confirmations ---- */

/* The caller's newest entry about a task. An action that changes nothing makes none. */
static const struct pg_stmt newest = {"act_newest",
                                      "select coalesce((select w.entry_id from oh.whose($1) w), 0)",
                                      (const uint32_t[]){PG_TEXT, 0}};
static const struct pg_stmt whose = {"act_whose", "select w.name, w.person_id from oh.whose($1) w",
                                     (const uint32_t[]){PG_TEXT, 0}};

static enum status newest_entry(struct cli *cli, const char *id, int64_t *out, struct err *err)
{
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, id);
    enum status s = cli_query(cli, &newest, &values, &r, err);
    pg_args_clear(&values);
    if (s == STATUS_OK) {
        *out = pg_i64(r, 0, 0);
    }
    return s;
}

/* "Test Person 12", or the staff number where HR gave no name. */
static enum status put_person(struct cli *cli, const char *id, struct buf *out, struct err *err)
{
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, id);
    enum status s = cli_query(cli, &whose, &values, &r, err);
    pg_args_clear(&values);
    if (s == STATUS_OK && pg_rows(r) == 1) {
        bool named = !pg_is_null(r, 0, 0);
        buf_puts(out, named ? "" : "staff number ");
        view_short(out, pg_text(r, 0, named ? 0 : 1));
    } else if (s == STATUS_OK) {
        buf_puts(out, "a person you no longer see"); /* the task moved to another queue */
    }
    return s;
}

/* Runs stmt on the task and prints "DONE TASK: PERSON, WHAT, entry N". what: NULL leaves it out. */
static int act_on(struct cli *cli, const char *command, const char *id, const struct pg_stmt *stmt,
                  struct pg_args *values, const char *done, const char *what, const char *bad)
{
    struct err err = {0};
    int64_t before = 0;
    int64_t after = 0;
    enum status s = newest_entry(cli, id, &before, &err);
    if (s != STATUS_OK) {
        pg_args_clear(values);
        return cli_fail(command, s, &err);
    }
    int code = act(cli, command, stmt, values, bad);
    if (code != EXIT_DONE) {
        return code;
    }
    struct buf person = {0};
    s = newest_entry(cli, id, &after, &err);
    s = s == STATUS_OK ? put_person(cli, id, &person, &err) : s;
    if (s != STATUS_OK) {
        printf("%s %s\n", done, id); /* it is stored; only its confirmation could not be read */
    } else if (after > before) {
        printf("%s %s: %s%s%s, entry %" PRId64 "\n", done, id, person.data,
               what == NULL ? "" : ", ", what == NULL ? "" : what, after);
    } else {
        printf("%s %s: %s, no new entry was needed\n", done, id, person.data);
    }
    buf_clear(&person);
    return EXIT_DONE;
}

/* ---- one after another over the tasks named ---- */

/* Says which of several tasks it was, and how far the command came. */
static int stopped_at(const char *command, size_t i, size_t n, int code)
{
    if (n > 1) {
        (void)cli_refuse("%s: that was task %zu of %zu; %zu done, %zu not tried", command, i + 1, n,
                         i, n - i - 1);
    }
    return code;
}

/* The first n arguments are tasks; second, where not NULL, is the statement's second parameter. */
static int each_task(struct cli *cli, const struct args *args, size_t n, const char *second,
                     const struct pg_stmt *stmt, const char *done, const char *bad)
{
    for (size_t i = 0; i < n; i++) {
        char id[TASK_ID_TEXT];
        struct err err = {0};
        enum status s = tasks_find(cli, options_argument(args, i), id, &err);
        if (s != STATUS_OK) {
            return stopped_at(args->command->name, i, n, cli_fail(args->command->name, s, &err));
        }
        struct pg_args values = {0};
        pg_arg_text(&values, id);
        if (second != NULL) {
            pg_arg_text(&values, second);
        }
        int code = act_on(cli, args->command->name, id, stmt, &values, done, NULL, bad);
        if (code != EXIT_DONE) {
            return stopped_at(args->command->name, i, n, code);
        }
    }
    return EXIT_DONE;
}

static const struct pg_stmt claim = {"act_claim", "select oh.claim($1)::text",
                                     (const uint32_t[]){PG_TEXT, 0}};
static const struct pg_stmt release = {"act_release", "select oh.release($1)::text",
                                       (const uint32_t[]){PG_TEXT, 0}};
static const struct pg_stmt reopen = {"act_reopen", "select oh.reopen_case($1)::text",
                                      (const uint32_t[]){PG_TEXT, 0}};

int oh_actions_claim(struct cli *cli, const struct args *args)
{
    return each_task(cli, args, args->n, NULL, &claim, "claimed", NULL);
}

int oh_actions_release(struct cli *cli, const struct args *args)
{
    return each_task(cli, args, args->n, NULL, &release, "released", NULL);
}

int oh_actions_reopen(struct cli *cli, const struct args *args)
{
    return each_task(cli, args, args->n, NULL, &reopen, "reopened", NULL);
}

/* ---- a colleague, or a reason, after the tasks ---- */

static const struct pg_stmt assign = {"act_assign", "select oh.assign($1, $2)::text",
                                      (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};
static const struct pg_stmt close_case = {"act_close", "select oh.close_case($1, $2)::text",
                                          (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};

static const struct pg_stmt colleagues = {
    "act_colleagues",
    "select coalesce(string_agg(c.login, ', ' order by c.login), 'nobody'), bool_or(c.login = $2)"
    " from oh.colleagues($1) c",
    (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};

/* A wrong login is answered with those there are for the first case. */
int oh_actions_assign(struct cli *cli, const struct args *args)
{
    const char *login = options_argument(args, args->n - 1);
    struct err err = {0};
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    char id[TASK_ID_TEXT];
    if (tasks_find(cli, options_argument(args, 0), id, &err) == STATUS_OK) {
        pg_arg_text(&values, id);
        pg_arg_text(&values, login);
        enum status s = cli_query(cli, &colleagues, &values, &r, &err);
        pg_args_clear(&values);
        if (s != STATUS_OK) {
            return cli_fail("assign", s, &err);
        }
        if (!pg_bool(r, 0, 1)) {
            return cli_refuse("assign: LOGIN: the last word is a login that works on this task: %s",
                              pg_text(r, 0, 0));
        }
    }
    return each_task(cli, args, args->n - 1, login, &assign, "assigned",
                     "LOGIN: does not work on the queue of this task");
}

int oh_actions_close(struct cli *cli, const struct args *args)
{
    return each_task(cli, args, 1, options_argument(args, 1), &close_case, "closed",
                     "REASON: one of recovered, referred, declined, unable_to_contact, other");
}

/* ---- attempts and contacts ---- */

/* The forms of a time beside RFC 3339 are of the installation's time zone, which the database
 * knows. */
static const struct pg_stmt local_time = {
    "act_local", "select (coalesce($1, oh.today()) + $2::time) at time zone oh.time_zone()",
    (const uint32_t[]){PG_DATE, PG_TEXT, 0}};

/* HH:MM or H:MM */
static bool is_minute(const char *t)
{
    size_t hours = strspn(t, "0123456789");
    return (hours == 1 || hours == 2) && t[hours] == ':' && strlen(t + hours) == 3 &&
           strspn(t + hours + 1, "0123456789") == 2 && strtol(t, NULL, 10) < 24 &&
           strtol(t + hours + 1, NULL, 10) < 60;
}

#define TIME_FORMS "HH:MM, DAY HH:MM or an RFC 3339 time; DAY is " DAY_FORMS

/* NULL is NONE: the database's now. ahead: a day of the week is the next, else the last. */
static enum status read_at(struct cli *cli, const char *what, const char *text, bool ahead,
                           struct instant *out, struct err *err)
{
    *out = INSTANT_NONE;
    if (text == NULL || instant_parse(text, strlen(text), out)) {
        return STATUS_OK;
    }
    bool is_iso = strlen(text) > 10 && text[10] == 'T'; /* a day of the week may begin with T */
    size_t day_len = is_iso ? 10 : strcspn(text, " ");
    const char *minute = text[day_len] == '\0' ? text : text + day_len + 1;
    struct date day = DATE_NONE;
    enum status s = STATUS_OK;
    if (!is_minute(minute)) {
        return err_set(err, STATUS_REJECT, "input", "%s: " TIME_FORMS, what);
    }
    if (minute != text) {
        s = days_read(cli, what, arena_strndup(cli->arena, text, day_len), ahead, &day, err);
    }
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_date(&values, day);
    pg_arg_text(&values, minute);
    s = s == STATUS_OK ? cli_query(cli, &local_time, &values, &r, err) : s;
    pg_args_clear(&values);
    if (s == STATUS_OK) {
        *out = pg_instant(r, 0, 0);
    }
    return s;
}

/* The task, the outcome and the time that attempt and contact begin with. */
static enum status common_values(struct cli *cli, const struct args *args, const char *outcome,
                                 char id[TASK_ID_TEXT], struct pg_args *values, struct err *err)
{
    struct instant at;
    enum status s = read_at(cli, "--at", options_value(args, "at"), false, &at, err);
    s = s == STATUS_OK ? tasks_find(cli, options_argument(args, 0), id, err) : s;
    if (s == STATUS_OK) {
        pg_arg_text(values, id);
        pg_arg_text(values, outcome);
        pg_arg_instant(values, at);
    }
    return s;
}

#define BEGINNING_MIN 3

/* Whether text is name or its beginning. A blank or a hyphen is as good as the line between. */
static bool begins(const char *text, const char *name)
{
    size_t i = 0;
    while (text[i] != '\0') {
        char c = text[i] == '-' || text[i] == ' ' ? '_' : text[i];
        if (c != name[i]) { /* also at the end of name */
            return false;
        }
        i++;
    }
    return name[i] == '\0' || i >= BEGINNING_MIN;
}

/* The one that is named, or the only one that begins so; NULL: none, or more than one. */
static const char *chosen(const char *text, const char *const *names, size_t n)
{
    const char *found = NULL;
    size_t begun = 0;
    for (size_t i = 0; i < n; i++) {
        if (begins(text, names[i])) {
            if (strlen(names[i]) == strlen(text)) {
                return names[i];
            }
            found = names[i];
            begun++;
        }
    }
    return begun == 1 ? found : NULL;
}

/* The first n of all may be chosen. A beginning must be of one of all: what is right for another
 * command is never taken for something else here. A wrong choice is answered with those there are.
 */
static enum status read_choice(const char *what, const char *text, const char *const *all, size_t n,
                               size_t n_all, const char **out, struct err *err)
{
    struct buf choices = {0};
    const char *found = chosen(text, all, n_all);
    *out = NULL;
    for (size_t i = 0; i < n; i++) {
        *out = found == all[i] ? found : *out;
        buf_printf(&choices, "%s%s", i == 0 ? "" : ", ", all[i]);
    }
    enum status s = STATUS_OK;
    if (*out == NULL) {
        s = err_set(err, STATUS_REJECT, "input", "%s: one of %s", what, choices.data);
    }
    buf_clear(&choices);
    return s;
}

static enum status read_outcome(const char *text, enum contact_kind kind, const char **out,
                                struct err *err)
{
    enum contact_kind kinds[] = {kind, kind == CONTACT_MADE ? CONTACT_ATTEMPT : CONTACT_MADE};
    const char *names[2 * OUTCOME_COUNT];
    size_t n[2] = {0, 0};
    for (size_t k = 0; k < 2; k++) {
        for (int o = OUTCOME_NONE + 1; o < OUTCOME_COUNT; o++) {
            if (contact_outcome_fits(kinds[k], (enum contact_outcome)o)) {
                names[n[0] + n[1]] = contact_outcome_name((enum contact_outcome)o);
                n[k]++;
            }
        }
    }
    return read_choice("OUTCOME", text, names, n[0], n[0] + n[1], out, err);
}

/* An option may be missing: NULL. */
static enum status read_option(const struct args *args, const char *name, const char *what,
                               const char *const *names, size_t n, const char **out,
                               struct err *err)
{
    const char *text = options_value(args, name);
    *out = NULL;
    return text == NULL ? STATUS_OK : read_choice(what, text, names, n, n, out, err);
}

static enum status read_channel(const struct args *args, const char **out, struct err *err)
{
    const char *names[CHANNEL_COUNT];
    size_t n = 0;
    for (int c = CHANNEL_UNKNOWN + 1; c < CHANNEL_COUNT; c++) {
        names[n++] = contact_channel_name((enum contact_channel)c);
    }
    return read_option(args, "channel", "--channel", names, n, out, err);
}

/* "no answer", as `dayfour show` has it. */
static void put_words(struct buf *out, const char *name)
{
    for (; *name != '\0'; name++) {
        buf_printf(out, "%c", *name == '_' ? ' ' : *name);
    }
}

static const struct pg_stmt in_words = {
    "act_in_words", "select to_char($1 at time zone oh.time_zone(), 'Dy FMDD Mon HH24:MI')",
    (const uint32_t[]){PG_TIMESTAMPTZ, 0}};

/* "call back Fri 11 Sep 14:00". */
static enum status put_attempt(struct cli *cli, const char *outcome, struct instant call_back,
                               struct buf *out, struct err *err)
{
    put_words(out, outcome);
    if (instant_is_none(call_back)) {
        buf_puts(out, strcmp(outcome, "call_back") == 0
                          ? ", at no time: --call-back puts it on the list of a day"
                          : "");
        return STATUS_OK;
    }
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_instant(&values, call_back);
    enum status s = cli_query(cli, &in_words, &values, &r, err);
    pg_args_clear(&values);
    if (s == STATUS_OK) {
        buf_printf(out, " %s", pg_text(r, 0, 0));
    }
    return s;
}

static const struct pg_stmt attempt = {
    "act_attempt",
    "select oh.record_attempt($1, $2, coalesce($3, oh.now()), $4, coalesce($5, 'phone'))::text",
    (const uint32_t[]){PG_TEXT, PG_TEXT, PG_TIMESTAMPTZ, PG_TIMESTAMPTZ, PG_TEXT, 0}};

int oh_actions_attempt(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct pg_args values = {0};
    struct buf what = {0};
    char id[TASK_ID_TEXT];
    const char *outcome = NULL;
    const char *channel = NULL;
    struct instant call_back;
    enum status s = read_outcome(options_argument(args, 1), CONTACT_ATTEMPT, &outcome, &err);
    s = s == STATUS_OK ? read_channel(args, &channel, &err) : s;
    s = s == STATUS_OK
            ? read_at(cli, "--call-back", options_value(args, "call-back"), true, &call_back, &err)
            : s;
    s = s == STATUS_OK ? put_attempt(cli, outcome, call_back, &what, &err) : s;
    s = s == STATUS_OK ? common_values(cli, args, outcome, id, &values, &err) : s;
    if (s != STATUS_OK) {
        buf_clear(&what);
        return cli_fail("attempt", s, &err);
    }
    pg_arg_instant(&values, call_back);
    pg_arg_text(&values, channel);
    int code =
        act_on(cli, "attempt", id, &attempt, &values, "attempt noted on", what.data,
               "--at: must not be in the future, nor before the absence began; --call-back: only "
               "with call_back, in the future, and within 28 days from now");
    buf_clear(&what);
    return code;
}

static const struct pg_stmt contact = {
    "act_contact",
    "select oh.record_contact($1, $2, coalesce($3, oh.now()), $4::date, $5, coalesce($6, 'phone'),"
    " $7, $8, $9, $10)::text",
    (const uint32_t[]){PG_TEXT, PG_TEXT, PG_TIMESTAMPTZ, PG_TEXT, PG_BOOL, PG_TEXT, PG_TEXT,
                       PG_TEXT, PG_DATE, PG_TEXT, 0}};

/* "never" is infinity: no follow-up. NULL: by the settings. */
static enum status read_review(struct cli *cli, const char *text, const char **out,
                               struct buf *what, struct err *err)
{
    struct date day;
    char iso[DATE_TEXT];
    *out = text == NULL ? NULL : "infinity";
    if (text == NULL || strcmp(text, "never") == 0) {
        buf_puts(what, text == NULL ? "" : ", no follow-up");
        return STATUS_OK;
    }
    enum status s = days_read(cli, "--review-on", text, true, &day, err);
    if (s == STATUS_OK) {
        *out = arena_strdup(cli->arena, date_format(day, iso));
        buf_printf(what, ", look again on %s", *out);
    }
    return s;
}

int oh_actions_contact(struct cli *cli, const struct args *args)
{
    static const char *const related[] = {"yes", "partly", "no", "not_sure"};
    static const char *const ability[] = {"at_work", "with_changes", "not_yet"};
    struct err err = {0};
    struct pg_args values = {0};
    struct buf what = {0};
    char id[TASK_ID_TEXT];
    const char *outcome = NULL;
    const char *channel = NULL;
    const char *is_related = NULL;
    const char *able = NULL;
    const char *review = NULL;
    const char *likely_text = options_value(args, "likely-return");
    struct date likely = DATE_NONE;
    enum status s = read_outcome(options_argument(args, 1), CONTACT_MADE, &outcome, &err);
    if (s == STATUS_OK) {
        put_words(&what, outcome);
        buf_puts(&what, options_flag(args, "red-flag") ? ", red flag" : "");
    }
    s = s == STATUS_OK ? read_channel(args, &channel, &err) : s;
    s = s == STATUS_OK
            ? read_option(args, "work-related", "--work-related", related, 4, &is_related, &err)
            : s;
    s = s == STATUS_OK
            ? read_option(args, "work-ability", "--work-ability", ability, 3, &able, &err)
            : s;
    s = s == STATUS_OK ? read_review(cli, options_value(args, "review-on"), &review, &what, &err)
                       : s;
    s = s == STATUS_OK && likely_text != NULL
            ? days_read(cli, "--likely-return", likely_text, true, &likely, &err)
            : s;
    s = s == STATUS_OK ? common_values(cli, args, outcome, id, &values, &err) : s;
    if (s != STATUS_OK) {
        buf_clear(&what);
        return cli_fail("contact", s, &err);
    }
    pg_arg_text(&values, review);
    pg_arg_bool(&values, options_flag(args, "red-flag"));
    pg_arg_text(&values, channel);
    pg_arg_text(&values, is_related);
    pg_arg_text(&values, able);
    pg_arg_date(&values, likely);
    pg_arg_text(&values, options_value(args, "service"));
    int code = act_on(
        cli, "contact", id, &contact, &values, "contact noted on", what.data,
        "--at: must not be in the future, nor before the absence began; --review-on: must not be "
        "before the contact, nor never with a red flag; --likely-return: not before the absence "
        "began; --service: 1 to 100 bytes");
    buf_clear(&what);
    return code;
}

static const struct pg_stmt acknowledge = {"act_acknowledge", "select oh.acknowledge($1)::text",
                                           (const uint32_t[]){PG_TEXT, 0}};

int oh_actions_acknowledge(struct cli *cli, const struct args *args)
{
    return each_task(cli, args, args->n, NULL, &acknowledge, "red flag seen to on", NULL);
}

static const struct pg_stmt retract = {"act_retract", "select oh.retract($1, $2)::text",
                                       (const uint32_t[]){PG_INT8, PG_TEXT, 0}};

/* The task an entry counts for. */
static const struct pg_stmt entry_task = {"act_entry_task",
                                          "select e.task_id from oh.entry e where e.entry_id = $1",
                                          (const uint32_t[]){PG_INT8, 0}};

int oh_actions_retract(struct cli *cli, const struct args *args)
{
    char *end = NULL;
    const char *text = options_argument(args, 0);
    long long entry = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || entry <= 0) {
        return cli_refuse("retract: ENTRY: the number `dayfour show` gives");
    }
    struct err err = {0};
    struct pg_args values = {0};
    struct buf person = {0};
    const struct pg_result *r = NULL;
    pg_arg_i64(&values, entry);
    enum status s = cli_query(cli, &entry_task, &values, &r, &err);
    if (s == STATUS_OK && pg_rows(r) == 1) {
        const char *task = arena_strdup(cli->arena, pg_text(r, 0, 0));
        s = put_person(cli, task, &person, &err);
    }
    if (s != STATUS_OK) {
        buf_clear(&person);
        pg_args_clear(&values);
        return cli_fail("retract", s, &err);
    }
    pg_arg_text(&values, options_argument(args, 1));
    int code = act(cli, "retract", &retract, &values, "WHY: 1 to 1000 bytes");
    if (code == EXIT_DONE) {
        printf("retracted entry %lld: %s\n", entry, person.data == NULL ? "" : person.data);
    }
    buf_clear(&person);
    return code;
}

/* ---- opting out ---- */

static const struct pg_stmt opt_out = {"act_opt_out", "select oh.opt_out($1, $2)::text",
                                       (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};
static const struct pg_stmt opt_in = {"act_opt_in", "select oh.opt_in($1, $2)::text",
                                      (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};
/* The newest name and the open tasks of a person, by the cases the caller sees. */
static const struct pg_stmt cases_of = {
    "act_cases",
    "select (array_agg(t.name order by t.onset_date desc) filter (where t.name is not null))[1],"
    " count(*) filter (where t.state = 'open'), count(*)"
    " from oh.task t where t.organisation = $1 and t.person_id = $2",
    (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};

/* A mistyped number would leave the right person on the list: one that is not among the caller's
 * cases is refused, unless --unknown says that it is meant. */
static int opt(struct cli *cli, const struct args *args, const struct pg_stmt *stmt, bool out)
{
    const char *command = args->command->name;
    struct err err = {0};
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, options_argument(args, 0));
    pg_arg_text(&values, options_argument(args, 1));
    enum status s = cli_query(cli, &cases_of, &values, &r, &err);
    if (s != STATUS_OK) {
        pg_args_clear(&values);
        return cli_fail(command, s, &err);
    }
    if (pg_i64(r, 0, 2) == 0 && !options_flag(args, "unknown")) {
        pg_args_clear(&values);
        return cli_refuse("%s: nobody among your cases in this organisation has that staff number; "
                          "check it, or add --unknown if it is right",
                          command);
    }
    struct buf person = {0};
    buf_puts(&person, pg_is_null(r, 0, 0) ? "this staff number" : "");
    if (!pg_is_null(r, 0, 0)) {
        view_short(&person, pg_text(r, 0, 0));
    }
    long long open = pg_i64(r, 0, 1);
    int code = act(cli, command, stmt, &values, "PERSON_ID: 1 to 100 bytes");
    if (code == EXIT_DONE && out) {
        printf("opted out from today: %s; %lld open %s\n", person.data, open,
               open == 1 ? "task ends" : "tasks end");
    } else if (code == EXIT_DONE) {
        printf("opted in again: %s\n", person.data);
    }
    buf_clear(&person);
    return code;
}

int oh_actions_opt_out(struct cli *cli, const struct args *args)
{
    return opt(cli, args, &opt_out, true);
}

int oh_actions_opt_in(struct cli *cli, const struct args *args)
{
    return opt(cli, args, &opt_in, false);
}
