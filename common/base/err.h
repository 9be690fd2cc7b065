/* err - what a caller does next, and one line saying why. */
#ifndef COMMON_BASE_ERR_H
#define COMMON_BASE_ERR_H

#include <stddef.h>

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))

enum status {
    STATUS_OK,
    STATUS_RETRY,  /* busy or in conflict: the same work again, after a pause */
    STATUS_REJECT, /* this input can never succeed: refuse or dead-letter it and continue */
    STATUS_RESYNC, /* our session or our claim is gone: rebuild it, read the position again */
    STATUS_STOP,   /* a signal asked us to finish */
    STATUS_FATAL   /* configuration or a bug: say why and leave */
};

/* code: a SQLSTATE, a Kafka error name or one of our own words; text: one line, no newline,
 * naming fields and never their values. */
#define ERR_TEXT 512
struct err {
    char code[40];
    char text[ERR_TEXT];
};

/* Fills err (NULL is fine) and returns s, so that a failing function can `return err_set(…)`. */
enum status err_set(struct err *err, enum status s, const char *code, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

const char *status_name(enum status s);

#endif
