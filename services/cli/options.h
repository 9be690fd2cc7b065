/* options - the table of commands, the help made from it, and the arguments of one call. */
#ifndef SERVICES_CLI_OPTIONS_H
#define SERVICES_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/base/err.h"

struct cli;

#define OPTIONS_MAX 12
#define ARGUMENTS_MAX 64

struct option_spec {
    const char *name;  /* without the dashes; NULL ends the list */
    const char *value; /* what stands for its value in the help; NULL: a flag. A value that ends
                          in "..." may be given several times: options_all() */
    const char *help;
};

/* Arguments of a call by the specification of its command. */
struct args {
    const struct command *command;
    const char *value[OPTIONS_MAX]; /* by place in the specification; a flag that is set: "" */
    const char *positional[ARGUMENTS_MAX];
    size_t n;
    const char *repeated[ARGUMENTS_MAX]; /* values of the option that may be repeated */
    size_t n_repeated;
};

/* Commands of one audience. */
struct command_group {
    const char *word;  /* as in `dayfour help WORD` */
    const char *title; /* the heading it stands under */
    const char *ask;   /* what somebody can do who lacks the rights for its commands */
};

struct command {
    const char *name;      /* "tasks", or two words: "settings load" */
    const char *arguments; /* "FILE"; "" */
    size_t min, max;       /* how many arguments */
    struct option_spec options[OPTIONS_MAX];
    int (*run)(struct cli *cli, const struct args *args); /* gives the exit code */
    const char *help;                                     /* one line, a sentence */
    const struct command_group *group;
};

/* The longest name that argv begins with; *used says how many words it took. NULL: none. */
const struct command *options_find(const struct command *commands, size_t n, int argc, char **argv,
                                   int *used);

/* Options may stand anywhere, as --name value or --name=value; "--" ends them; "-" is an argument.
 * A fault is STATUS_REJECT, err naming the option. *help: --help was among them. */
enum status options_parse(const struct command *c, int argc, char **argv, struct args *out,
                          bool *help, struct err *err) NODISCARD;

bool options_flag(const struct args *a, const char *name);
/* NULL: not given. Asking for one that the command does not have is a bug and ends the process. */
const char *options_value(const struct args *a, const char *name);
/* All values of the option that may be repeated; a command has one such at most. */
const char *const *options_all(const struct args *a, size_t *n);
/* The n-th argument; NULL: not given. */
const char *options_argument(const struct args *a, size_t n);

void options_help(const struct command *c, FILE *to);
/* The commands of one group, a line each; NULL: of all groups. */
void options_list(const struct command *commands, size_t n, const struct command_group *group,
                  FILE *to);
/* The groups, each with the names of its commands. */
void options_overview(const struct command *commands, size_t n, FILE *to);
/* The group that `dayfour help WORD` names; NULL: none. */
const struct command_group *options_group(const struct command *commands, size_t n,
                                          const char *word);
/* Those of two words that begin with word; false: there are none. */
bool options_list_family(const struct command *commands, size_t n, const char *word, FILE *to);

#endif
