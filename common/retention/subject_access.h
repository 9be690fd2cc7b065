/* subject_access - all that is held about one person, as JSON and in plain words. */
#ifndef COMMON_RETENTION_SUBJECT_ACCESS_H
#define COMMON_RETENTION_SUBJECT_ACCESS_H

#include <stdbool.h>
#include <stdio.h>

#include "common/pg/pg.h"

/* Reads and writes down that it was read (why: for the audit) in one transaction, so that all of it
 * is of one moment. *found false: nothing is held, and nothing is printed. */
enum status subject_access_print(struct pg *pg, const char *organisation, const char *person_id,
                                 const char *why, FILE *to, bool *found, struct err *err) NODISCARD;

#endif
