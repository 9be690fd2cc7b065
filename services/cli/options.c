/* A fault names the option or the command and never repeats an argument, which may be about a
 * person. Commands of a group stand side by side in the table, and so do those with one first word.
 */
#include "services/cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"

#define LEFT_COLUMN 38 /* of a list: what does not fit before it goes to the next line */

const struct command *options_find(const struct command *commands, size_t n, int argc, char **argv,
                                   int *used)
{
    const struct command *best = NULL;
    *used = 0;
    for (size_t i = 0; i < n && argc > 0; i++) {
        const char *name = commands[i].name;
        const char *space = strchr(name, ' ');
        size_t first = space == NULL ? strlen(name) : (size_t)(space - name);
        if (strlen(argv[0]) != first || strncmp(name, argv[0], first) != 0) {
            continue;
        }
        if (space == NULL && *used == 0) {
            best = &commands[i];
            *used = 1;
        } else if (space != NULL && argc > 1 && strcmp(space + 1, argv[1]) == 0) {
            best = &commands[i];
            *used = 2;
        }
    }
    return best;
}

static int option_place(const struct command *c, const char *name, size_t len)
{
    for (int i = 0; i < OPTIONS_MAX && c->options[i].name != NULL; i++) {
        if (strlen(c->options[i].name) == len && strncmp(c->options[i].name, name, len) == 0) {
            return i;
        }
    }
    return -1;
}

/* argv[*at] is an option: takes it, and its value where that is the next word. */
static enum status take_option(const struct command *c, int argc, char **argv, int *at,
                               struct args *out, struct err *err)
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    int len = equals == NULL ? (int)strlen(name) : (int)(equals - name);
    int place = strncmp(argv[*at], "--", 2) == 0 ? option_place(c, name, (size_t)len) : -1;
    if (place < 0) {
        return err_set(err, STATUS_REJECT, "usage", "unknown option; see dayfour %s --help",
                       c->name);
    }
    if (c->options[place].value == NULL) {
        if (equals != NULL) {
            return err_set(err, STATUS_REJECT, "usage", "--%.*s: takes no value", len, name);
        }
        out->value[place] = "";
        return STATUS_OK;
    }
    if (equals == NULL && *at + 1 >= argc) {
        return err_set(err, STATUS_REJECT, "usage", "--%s: a value is needed", name);
    }
    out->value[place] = equals != NULL ? equals + 1 : argv[++*at];
    if (strstr(c->options[place].value, "...") != NULL) {
        if (out->n_repeated == ARGUMENTS_MAX) {
            return err_set(err, STATUS_REJECT, "usage", "--%s: given too often", name);
        }
        out->repeated[out->n_repeated++] = out->value[place];
    }
    return STATUS_OK;
}

enum status options_parse(const struct command *c, int argc, char **argv, struct args *out,
                          bool *help, struct err *err)
{
    struct args a = {.command = c};
    bool ended = false;
    *help = false;
    for (int i = 0; i < argc; i++) {
        if (!ended && strcmp(argv[i], "--") == 0) {
            ended = true;
        } else if (!ended && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            *help = true;
            return STATUS_OK;
        } else if (!ended && argv[i][0] == '-' && argv[i][1] != '\0') {
            enum status s = take_option(c, argc, argv, &i, &a, err);
            if (s != STATUS_OK) {
                return s;
            }
        } else if (a.n >= c->max || a.n >= ARGUMENTS_MAX) {
            return err_set(err, STATUS_REJECT, "usage", "too many arguments; usage: dayfour %s %s",
                           c->name, c->arguments);
        } else {
            a.positional[a.n++] = argv[i];
        }
    }
    if (a.n < c->min) {
        return err_set(err, STATUS_REJECT, "usage", "too few arguments; usage: dayfour %s %s",
                       c->name, c->arguments);
    }
    *out = a;
    return STATUS_OK;
}

const char *options_value(const struct args *a, const char *name)
{
    int place = option_place(a->command, name, strlen(name));
    if (place < 0) {
        abort();
    }
    return a->value[place];
}

bool options_flag(const struct args *a, const char *name)
{
    return options_value(a, name) != NULL;
}

const char *const *options_all(const struct args *a, size_t *n)
{
    *n = a->n_repeated;
    return a->repeated;
}

const char *options_argument(const struct args *a, size_t n)
{
    return n < a->n ? a->positional[n] : NULL;
}

static void put_usage(const struct command *c, FILE *to)
{
    fprintf(to, "dayfour %s", c->name);
    for (int i = 0; i < OPTIONS_MAX && c->options[i].name != NULL; i++) {
        const struct option_spec *o = &c->options[i];
        fprintf(to, o->value == NULL ? " [--%s]" : " [--%s %s]", o->name, o->value);
    }
    fprintf(to, "%s%s\n", c->arguments[0] == '\0' ? "" : " ", c->arguments);
}

void options_help(const struct command *c, FILE *to)
{
    put_usage(c, to);
    fprintf(to, "\n%s\n", c->help);
    for (int i = 0; i < OPTIONS_MAX && c->options[i].name != NULL; i++) {
        const struct option_spec *o = &c->options[i];
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", o->name, o->value == NULL ? "" : " ",
                 o->value == NULL ? "" : o->value);
        fprintf(to, "%s  %-26s %s\n", i == 0 ? "\n" : "", left, o->help);
    }
}

static void put_in_list(const struct command *c, FILE *to)
{
    char left[64];
    int n = snprintf(left, sizeof left, "%s %s", c->name, c->arguments);
    fprintf(to, n > LEFT_COLUMN ? "  %s\n  %-*s %s\n" : "  %s%-*s %s\n", left,
            n > LEFT_COLUMN ? LEFT_COLUMN : LEFT_COLUMN - n, "", c->help);
}

void options_list(const struct command *commands, size_t n, const struct command_group *group,
                  FILE *to)
{
    const struct command_group *last = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct command *c = &commands[i];
        if (group != NULL && c->group != group) {
            continue;
        }
        if (c->group != last) {
            last = c->group;
            fprintf(to, "\n%s\n", last->title);
        }
        put_in_list(c, to);
    }
}

/* "dead-letters list|show|replay": commands of two words stand together under the first. */
static void put_names(const struct command *commands, size_t n, size_t *at, struct buf *line)
{
    const struct command *c = &commands[*at];
    const char *space = strchr(c->name, ' ');
    buf_puts(line, c->name);
    size_t first = space == NULL ? 0 : (size_t)(space - c->name) + 1;
    while (first > 0 && *at + 1 < n && strncmp(commands[*at + 1].name, c->name, first) == 0) {
        ++*at;
        buf_printf(line, "|%s", commands[*at].name + first);
    }
}

#define OVERVIEW_WIDTH 78

void options_overview(const struct command *commands, size_t n, FILE *to)
{
    const struct command_group *last = NULL;
    size_t column = 0;
    for (size_t i = 0; i < n; i++) {
        if (commands[i].group != last) {
            fprintf(to, "%s", last == NULL ? "" : "\n");
            last = commands[i].group;
            fprintf(to, "\n%s (dayfour help %s)\n", last->title, last->word);
            column = 0;
        }
        struct buf names = {0};
        put_names(commands, n, &i, &names);
        bool fits = column > 0 && column + 2 + names.len <= OVERVIEW_WIDTH;
        fprintf(to, "%s%s", column == 0 ? "  " : fits ? "  " : "\n  ", names.data);
        column = (fits ? column : 0) + 2 + names.len;
        buf_clear(&names);
    }
    fprintf(to, "\n");
}

const struct command_group *options_group(const struct command *commands, size_t n,
                                          const char *word)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(commands[i].group->word, word) == 0) {
            return commands[i].group;
        }
    }
    return NULL;
}

bool options_list_family(const struct command *commands, size_t n, const char *word, FILE *to)
{
    size_t len = strlen(word);
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (strncmp(commands[i].name, word, len) == 0 && commands[i].name[len] == ' ') {
            fprintf(to, "%s",
                    any ? "" : "dayfour has these; each explains itself with --help:\n\n");
            put_in_list(&commands[i], to);
            any = true;
        }
    }
    return any;
}
