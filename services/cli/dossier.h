/* dossier - all that is held about one person, as JSON and in plain words. */
#ifndef CLI_DOSSIER_H
#define CLI_DOSSIER_H

#include <stdbool.h>
#include <stdio.h>

#include "services/cli/cli.h"

/* Reads and writes down that it was read (why: for the audit) in one transaction, so that all of it
 * is of one moment. *found false: nothing is held, and nothing is printed. */
enum status dossier_print(struct cli *cli, const char *organisation, const char *person_id,
                          const char *why, FILE *to, bool *found, struct err *err) NODISCARD;

#endif
