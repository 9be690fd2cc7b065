/* print_tables - writes the files that are made from tables in the code: print_tables WHICH. */
#include <stdio.h>
#include <string.h>

#include "common/conf.h"
#include "common/log.h"

int main(int argc, char **argv)
{
    const char *which = argc == 2 ? argv[1] : "";
    if (strcmp(which, "intake.conf") == 0) {
        conf_print_sample(CONF_INTAKE, stdout);
    } else if (strcmp(which, "followup.conf") == 0) {
        conf_print_sample(CONF_FOLLOWUP, stdout);
    } else if (strcmp(which, "log-events") == 0) {
        log_print_catalogue(stdout);
    } else {
        return 1;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
