/* manual - the page dayfour(1), from the table of commands. */
#ifndef SERVICES_CLI_MANUAL_H
#define SERVICES_CLI_MANUAL_H

#include <stddef.h>
#include <stdio.h>

#include "services/cli/options.h"

void manual_print(const struct command *commands, size_t n, FILE *to);

#endif
