/* program - what the services have in common before and after their loop: options,
 * configuration, log, exit code. */
#ifndef COMMON_RUNTIME_PROGRAM_H
#define COMMON_RUNTIME_PROGRAM_H

#include "common/base/err.h"
#include "common/runtime/conf.h"

/* Checks a configuration as far as possible without connecting. warning: one line, "" for none.
 * STATUS_FATAL: err says what is wrong. */
#define PROGRAM_WARNING 200
typedef enum status program_check(const struct conf *c, char warning[PROGRAM_WARNING],
                                  struct err *err);

/* err.code of a run that cannot go on, but can after the service manager restarts it. */
#define PROGRAM_START_AGAIN "start_again"

/* 0 done, 1 bad arguments, 2 bad configuration, 3 cannot go on, 75 restart me. The log's last line
 * is `stopped`, with the reason. name: "dayfour-intake". */
int program_main(int argc, char **argv, const char *name, enum conf_program program,
                 program_check *check, enum status (*run)(const struct conf *c, struct err *err));

#endif
