/* program - what the two services have in common before and after their loop: options,
 * configuration, log, exit code. */
#ifndef COMMON_PROGRAM_H
#define COMMON_PROGRAM_H

#include "common/conf.h"
#include "common/err.h"

/* What can be told of a configuration without connecting. warning: one line, "" for none.
 * STATUS_FATAL: err says what is wrong. */
#define PROGRAM_WARNING 200
typedef enum status program_check(const struct conf *c, char warning[PROGRAM_WARNING],
                                  struct err *err);

/* 0 done, 1 bad arguments, 2 bad configuration, 3 cannot go on. name: "dayfour-intake". */
int program_main(int argc, char **argv, const char *name, enum conf_program program,
                 program_check *check, enum status (*run)(const struct conf *c, struct err *err));

#endif
