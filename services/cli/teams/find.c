/* dayfour find, dayfour missing-reasons: somebody calls back; reasons that HR has not given. The
 * database finds, and notes whom it showed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err_code.h"
#include "services/cli/commands.h"
#include "services/cli/view.h"

static const struct pg_stmt find = {
    "find",
    "select task_id, name, staff_no_end, case when case_closed then 'closed' else state end,"
    " onset_date, last_day,"
    " case when is_mine then 'you' else assigned_name end, queue, organisation,"
    " replace(end_reason, '_', ' '), act_by, more from oh.find($1)",
    (const uint32_t[]){PG_TEXT, 0}};
enum { MORE = 11 };
static const struct view_column found_columns[] = {
    {"task_id", "TASK", VIEW_TEXT, 0},
    {"name", "NAME", VIEW_TEXT, 1},
    {"staff_no_end", "STAFF NO", VIEW_TEXT, 0},
    {"state", "STATE", VIEW_TEXT, 0},
    {"onset_date", "OFF SINCE", VIEW_DATE, 0},
    {"last_day", "LAST DAY", VIEW_DATE, 3},
    {"with", "WITH", VIEW_TEXT, 2},
    {"queue", "QUEUE", VIEW_TEXT, 6},
    {"organisation", "ORGANISATION", VIEW_TEXT, 6},
    {"end_reason", "WHY", VIEW_TEXT, 4},
    {"act_by", "CALL BY", VIEW_DATE, 3},
    {"more", NULL, VIEW_BOOL, 0},
};

/* Fewer than four digits find nobody by their telephone, which would look like an answer. */
static bool is_short_number(const char *text)
{
    size_t n = strspn(text, "0123456789");
    return text[n] == '\0' && n < 4;
}

/* The words of a name may come as several arguments. */
int find_run(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct pg_args values = {0};
    struct buf text = {0};
    const struct pg_result *r = NULL;
    for (size_t i = 0; i < args->n; i++) {
        buf_printf(&text, "%s%s", i == 0 ? "" : " ", options_argument(args, i));
    }
    if (text.data != NULL && is_short_number(text.data)) {
        buf_clear(&text);
        return cli_refuse("find: enter at least 4 digits of a telephone number");
    }
    pg_arg_text(&values, text.data);
    enum status s = cli_query(cli, &find, &values, &r, &err);
    pg_args_clear(&values);
    buf_clear(&text);
    if (s != STATUS_OK && err_is(&err, ERR_BAD_PARAMETER)) {
        return cli_refuse("find: enter at least 3 characters");
    }
    if (s != STATUS_OK) {
        return cli_fail("find", s, &err);
    }
    bool json = options_flag(args, "json");
    struct view v = {.columns = found_columns,
                     .n = sizeof found_columns / sizeof found_columns[0],
                     .empty = "nobody found among your cases",
                     .folds = true};
    view_print(&v, r, json);
    if (!json && pg_rows(r) > 0 && pg_bool(r, 0, MORE)) {
        printf("More than 20. Add to it.\n");
    }
    return EXIT_DONE;
}

static const struct pg_stmt missing = {
    "missing_reasons",
    "select name, person_id, phone, onset_date, days_off, organisation, absence_ids"
    " from oh.missing_reason where $1 is null or organisation = $1"
    " order by onset_date, organisation, person_id",
    (const uint32_t[]){PG_TEXT, 0}};
static const struct view_column missing_columns[] = {
    {"name", "NAME", VIEW_TEXT, 1},
    {"person_id", "STAFF NO", VIEW_TEXT, 0},
    {"phone", "PHONE", VIEW_TEXT, 2},
    {"onset_date", "OFF SINCE", VIEW_DATE, 0},
    {"days_off", "DAYS", VIEW_INT, 0},
    {"organisation", "ORGANISATION", VIEW_TEXT, 3},
    {"absence_ids", "ABSENCES", VIEW_TEXTS, 2},
};

int missing_run(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&values, options_value(args, "organisation"));
    enum status s = cli_query(cli, &missing, &values, &r, &err);
    pg_args_clear(&values);
    if (s != STATUS_OK) {
        return cli_fail("missing-reasons", s, &err);
    }
    struct view v = {.columns = missing_columns,
                     .n = sizeof missing_columns / sizeof missing_columns[0],
                     .empty = "no reason is missing",
                     .folds = true};
    view_print(&v, r, options_flag(args, "json"));
    return EXIT_DONE;
}
