/* conf - reads the settings of all programs from file and environment, by the one table of
 * conf_values.h. */
#ifndef COMMON_RUNTIME_CONF_H
#define COMMON_RUNTIME_CONF_H

#include <stdio.h>

#include "common/base/err.h"
#include "common/runtime/conf_values.h"

/* Defaults come first, then file (NULL: none), then DAYFOUR_* from the environment (pg.dsn is
 * DAYFOUR_PG_DSN; an empty value restores the default). Plain PG_DSN and KAFKA_BROKERS fill what is
 * still unset. A key of another program of ours is skipped. An unknown key is a fault, and so is an
 * unknown DAYFOUR_* variable. Exempt are DAYFOUR_RUN_DIR, _BIN, _JOBS, _LOG_LINES, _FAULT and
 * DAYFOUR_TEST_*, which belong to ./run and the tests. STATUS_FATAL: err.text is "FILE:LINE: key:
 * what is wrong" (or "environment: VARIABLE: …"), never a value. */
enum status conf_load(struct conf **out, enum conf_program program, const char *file,
                      struct err *err) NODISCARD;
void conf_free(struct conf *c);

/* The one line of a file with a secret, such as pg.password_file, without its line end; *out is the
 * caller's to free(). STATUS_FATAL when it is no regular file, can be read or written by everybody,
 * or is empty. */
enum status conf_read_secret(const char *path, char **out, struct err *err) NODISCARD;

/* key = value lines of all this program reads, secrets masked (passwords inside pg.dsn too). */
void conf_print(const struct conf *c, enum conf_program program, FILE *to);
/* A sample file: every key of the program with its default and help. */
void conf_print_sample(enum conf_program program, FILE *to);

#endif
