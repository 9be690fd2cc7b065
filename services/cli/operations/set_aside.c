/* dayfour set-aside: people whose case cannot be stored, by the numbers operators know them by. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/cli/commands.h"
#include "services/cli/view.h"

static const struct view_column listed[] = {
    {"no", "NO", VIEW_INT, false},          {"service", "SERVICE", VIEW_TEXT, false},
    {"code", "CODE", VIEW_TEXT, false},     {"what", "WHAT", VIEW_TEXT, false},
    {"prompts", NULL, VIEW_BOOL, false},    {"since", "SINCE", VIEW_INSTANT, false},
    {"last_at", NULL, VIEW_INSTANT, false}, {"retry_at", "NEXT TRY", VIEW_INSTANT, false},
    {"tries", "TRIES", VIEW_INT, false},
};
#define LISTED (sizeof listed / sizeof listed[0])

static const struct pg_stmt list = {
    "set_aside_list",
    "select no, service, code, what, prompts, since, last_at, retry_at, tries from ops.set_aside"
    " order by no",
    NULL};

static const struct pg_stmt retry = {"set_aside_retry", "select ops.retry_set_aside($1)",
                                     (const uint32_t[]){PG_INT8, 0}};

int set_aside_list(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    const struct pg_result *r = NULL;
    enum status s = cli_query(cli, &list, NULL, &r, &err);
    if (s != STATUS_OK) {
        return cli_fail("set-aside", s, &err);
    }
    struct view v = {.columns = listed, .n = LISTED, .empty = "nobody is set aside"};
    view_print(&v, r, options_flag(args, "json"));
    return EXIT_DONE;
}

int set_aside_retry(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct pg_args values = {0};
    const struct pg_result *r = NULL;
    const char *text = options_argument(args, 0);
    char *end = NULL;
    int64_t no = text == NULL ? 0 : strtoll(text, &end, 10);
    if (text != NULL && (*end != '\0' || no <= 0)) {
        return cli_refuse("set-aside retry: NO is a number of `dayfour set-aside list`");
    }
    if (text == NULL) {
        pg_arg_null(&values);
    } else {
        pg_arg_i64(&values, no);
    }
    enum status s = cli_query(cli, &retry, &values, &r, &err);
    pg_args_clear(&values);
    if (s != STATUS_OK) {
        return cli_fail("set-aside", s, &err);
    }
    if (text != NULL && pg_i64(r, 0, 0) == 0) {
        return cli_refuse("set-aside retry: nobody is set aside by that number");
    }
    printf("%" PRId64 " to be tried again; followup does so within some seconds\n",
           pg_i64(r, 0, 0));
    return EXIT_DONE;
}
