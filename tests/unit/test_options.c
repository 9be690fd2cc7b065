#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "services/cli/options.h"
#include "tests/unit/leakcheck.h"

TestSuite(options, .fini = leakcheck);

static const struct command_group teams = {"teams", "Teams", ""};
static const struct command_group operators = {"operators", "Operators", ""};

static const struct command commands[] = {
    {.name = "show", .arguments = "TASK", .min = 1, .max = 1, .help = "", .group = &teams},
    {.name = "settings load",
     .arguments = "FILE",
     .min = 1,
     .max = 2,
     .options = {{"yes", NULL, ""}, {"queue", "NAME", ""}},
     .help = "",
     .group = &operators},
    {.name = "settings show", .arguments = "", .help = "", .group = &operators},
};

static char *words[8];

static int split(const char *line)
{
    static char text[128];
    int n = 0;
    snprintf(text, sizeof text, "%s", line);
    for (char *w = strtok(text, " "); w != NULL; w = strtok(NULL, " ")) {
        words[n++] = w;
    }
    return n;
}

static const struct command *find(const char *line, int *used)
{
    return options_find(commands, 3, split(line), words, used);
}

Test(options, commands_of_one_word_and_two)
{
    int used = 0;
    cr_assert_eq(find("show x", &used), &commands[0]);
    cr_assert_eq(used, 1);
    cr_assert_eq(find("settings load x", &used), &commands[1]);
    cr_assert_eq(used, 2);
    cr_assert_eq(find("settings show", &used), &commands[2]);
    cr_assert_null(find("settings", &used));
    cr_assert_null(find("settings lo", &used));
    cr_assert_null(find("sho", &used));
}

static enum status parse(const char *line, struct args *out, bool *help)
{
    struct err err = {0};
    return options_parse(&commands[1], split(line), words, out, help, &err);
}

Test(options, anywhere_and_in_both_forms)
{
    struct args a;
    bool help = false;
    cr_assert_eq(parse("f --yes --queue q", &a, &help), STATUS_OK);
    cr_assert(options_flag(&a, "yes"));
    cr_assert_str_eq(options_value(&a, "queue"), "q");
    cr_assert_str_eq(options_argument(&a, 0), "f");
    cr_assert_null(options_argument(&a, 1));
    cr_assert_eq(parse("--queue= f", &a, &help), STATUS_OK);
    cr_assert_str_eq(options_value(&a, "queue"), "");
    cr_assert_not(options_flag(&a, "yes"));
    cr_assert_eq(parse("-- --yes -", &a, &help), STATUS_OK);
    cr_assert_eq(a.n, 2);
    cr_assert_str_eq(options_argument(&a, 0), "--yes");
}

Test(options, faults)
{
    struct args a;
    bool help = false;
    static const char *const lines[] = {"",           "f g h",      "f --no", "f --queue",
                                        "f --yes=no", "f --queu q", "f -y",   "f --yess"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cr_assert_eq(parse(lines[i], &a, &help), STATUS_REJECT, "taken: %s", lines[i]);
    }
    cr_assert_eq(parse("--help", &a, &help), STATUS_OK);
    cr_assert(help);
}

Test(options, what_begins_with_a_word)
{
    static char text[1000];
    FILE *f = fmemopen(text, sizeof text, "w");
    cr_assert_not(options_list_family(commands, 3, "show", f));
    cr_assert_not(options_list_family(commands, 3, "set", f));
    fflush(f);
    cr_assert_eq(ftell(f), 0);
    cr_assert(options_list_family(commands, 3, "settings", f));
    fclose(f);
    cr_assert_not_null(strstr(text, "  settings load FILE  "));
    cr_assert_not_null(strstr(text, "  settings show  "));
    cr_assert_null(strstr(text, "TASK"));
}
