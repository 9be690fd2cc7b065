/* Commands of a group stand side by side in the table; a group's heading is printed where it
 * begins. */
#include "services/cli/manual.h"

#include "common/runtime/roff.h"

static void put_command(const struct command *c, FILE *to)
{
    roff_entry(c->name, c->arguments, c->help, to);
    if (c->options[0].name == NULL) {
        return;
    }
    fputs(".RS\n.PD 0\n", to);
    for (int i = 0; i < OPTIONS_MAX && c->options[i].name != NULL; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "--%s", c->options[i].name);
        roff_entry(name, c->options[i].value, c->options[i].help, to);
    }
    fputs(".PD\n.RE\n", to);
}

void manual_print(const struct command *commands, size_t n, FILE *to)
{
    const struct command_group *group = NULL;
    roff_head("dayfour", 1, "timely calls for people off sick: what is done by hand", to);
    roff_section("SYNOPSIS", to);
    fputs(".B dayfour\n[\\fB\\-\\-config\\fR \\fIFILE\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n",
          to);
    for (size_t i = 0; i < n; i++) {
        if (group != commands[i].group) {
            group = commands[i].group;
            roff_section(group->title, to);
        }
        put_command(&commands[i], to);
    }
    roff_section("ENVIRONMENT", to);
    fputs("The database and the brokers are those of pg.dsn and kafka.brokers in the file, else of "
          "the variables DAYFOUR_PG_DSN, PG_DSN, DAYFOUR_KAFKA_BROKERS and KAFKA_BROKERS.\n",
          to);
    roff_section("EXIT STATUS", to);
    fputs("0 done, 1 bad arguments or input, 2 bad configuration, 3 cannot go on.\n", to);
    roff_section("SEE ALSO", to);
    fputs("dayfour\\-intake(8), dayfour\\-followup(8), dayfour\\-web(8)\n", to);
}
