/* Nothing here allocates or fails, so an error can be set in any state. A text longer than ERR_TEXT
 * is cut, and its line ends become blanks. */
#include "common/base/err.h"

#include <stdarg.h>
#include <stdio.h>

/* Texts of libraries end in newlines or span lines; ours are one line. */
static void one_line(char *text)
{
    char *end = text;
    for (char *c = text; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\r' || *c == '\t') {
            *c = ' ';
        }
        if (*c != ' ') {
            end = c + 1;
        }
    }
    *end = '\0';
}

enum status err_set(struct err *err, enum status s, const char *code, const char *fmt, ...)
{
    if (err == NULL) {
        return s;
    }
    snprintf(err->code, sizeof err->code, "%s", code == NULL ? "" : code);
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    one_line(err->text);
    return s;
}

const char *status_name(enum status s)
{
    static const char *const names[] = {"ok", "retry", "reject", "resync", "stop", "fatal"};
    _Static_assert(sizeof names / sizeof names[0] == STATUS_FATAL + 1, "a name for every status");
    return (size_t)s < sizeof names / sizeof names[0] ? names[s] : "?";
}
