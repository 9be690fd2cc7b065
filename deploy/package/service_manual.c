/* service_manual - writes dayfour-intake(8), dayfour-followup(8) or dayfour-web(8) from the table
 * of settings. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/runtime/conf.h"
#include "common/runtime/roff.h"

static void put_key(const struct conf_key *k, FILE *to)
{
    char meaning[512];
    int n = snprintf(meaning, sizeof meaning, "%s", k->help);
    size_t at = (size_t)n;
    if (k->type == CONF_INT) {
        (void)snprintf(meaning + at, sizeof meaning - at, " (%" PRId64 " to %" PRId64 ")", k->min,
                       k->max);
    } else if (k->type == CONF_CHOICE) {
        (void)snprintf(meaning + at, sizeof meaning - at, " (%s)", k->choices);
    }
    at = strlen(meaning);
    if (k->def != NULL) {
        (void)snprintf(meaning + at, sizeof meaning - at, "; default %s", k->def);
    }
    roff_entry(k->name, NULL, meaning, to);
}

static void put_page(const char *name, enum conf_program program, const char *what, FILE *to)
{
    roff_head(name, 8, what, to);
    roff_section("SYNOPSIS", to);
    fprintf(to, ".B %s\n[\\fB\\-\\-config\\fR \\fIFILE\\fR] [\\fB\\-\\-check\\-config\\fR]\n",
            name);
    roff_section("DESCRIPTION", to);
    fputs("Stays in the foreground, logs to standard output, one JSON line an event, and ends on "
          "SIGTERM or SIGINT within ten seconds.\n",
          to);
    roff_section("OPTIONS", to);
    roff_entry("--config", "FILE", "key = value lines, as below", to);
    roff_entry("--check-config", NULL,
               "reads the configuration, prints it with secrets masked, and leaves", to);
    roff_entry("--help", NULL, "what there is", to);
    roff_entry("--version", NULL, "which one this is", to);
    roff_section("CONFIGURATION", to);
    fputs("The environment goes before the file: DAYFOUR_PG_DSN for pg.dsn, and so on; PG_DSN and "
          "KAFKA_BROKERS for what is still unset.\n",
          to);
    for (size_t i = 0; i < conf_n_keys; i++) {
        if ((conf_keys[i].programs & program) != 0) {
            put_key(&conf_keys[i], to);
        }
    }
    roff_section("EXIT STATUS", to);
    fputs("0 done, 1 bad arguments, 2 bad configuration, 3 cannot go on; the last line of the log "
          "names why.\n",
          to);
    roff_section("FILES", to);
    fprintf(to, "/etc/dayfour/%s.conf, /usr/share/doc/dayfour/operations.md\n", name + 8);
    roff_section("SEE ALSO", to);
    fputs("dayfour(1)\n", to);
}

int main(int argc, char **argv)
{
    const char *which = argc == 2 ? argv[1] : "";
    if (strcmp(which, "intake") == 0) {
        put_page("dayfour-intake", CONF_INTAKE, "takes absence events from Kafka into PostgreSQL",
                 stdout);
    } else if (strcmp(which, "followup") == 0) {
        put_page("dayfour-followup", CONF_FOLLOWUP,
                 "gives follow-up and return-to-work events from PostgreSQL to Kafka", stdout);
    } else if (strcmp(which, "web") == 0) {
        put_page("dayfour-web", CONF_WEB, "the page for the people who call, and their leads",
                 stdout);
    } else {
        return 1;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
