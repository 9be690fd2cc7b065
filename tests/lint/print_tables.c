/* print_tables - writes the files that are made from tables in the code: print_tables WHICH. */
#include <stdio.h>
#include <string.h>

#include "common/runtime/conf.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"

static void print_metrics(void)
{
    static const struct {
        const char *type, *name, *labels, *meaning;
    } rows[] = {
#define METRIC_ROW(id, type, name, labels, meaning) {type, name, labels, meaning},
        METRICS(METRIC_ROW)
#undef METRIC_ROW
    };
    fputs("| metric | type | labels | meaning |\n|---|---|---|---|\n", stdout);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        printf("| `%s` | %s | %s | %s |\n", rows[i].name, rows[i].type, rows[i].labels,
               rows[i].meaning);
    }
}

int main(int argc, char **argv)
{
    const char *which = argc == 2 ? argv[1] : "";
    if (strcmp(which, "intake.conf") == 0) {
        conf_print_sample(CONF_INTAKE, stdout);
    } else if (strcmp(which, "followup.conf") == 0) {
        conf_print_sample(CONF_FOLLOWUP, stdout);
    } else if (strcmp(which, "web.conf") == 0) {
        conf_print_sample(CONF_WEB, stdout);
    } else if (strcmp(which, "log-events") == 0) {
        log_print_catalogue(stdout);
    } else if (strcmp(which, "metrics") == 0) {
        print_metrics();
    } else {
        return 1;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
