/* manual - the page dayfour(1), from the table of commands. */
#ifndef CLI_MANUAL_H
#define CLI_MANUAL_H

#include <stddef.h>
#include <stdio.h>

#include "services/cli/options.h"

void manual_print(const struct command *commands, size_t n, FILE *to);

#endif
