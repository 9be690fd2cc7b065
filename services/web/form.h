/* form - what a browser sent as application/x-www-form-urlencoded, in a path's query or in a body,
 * and what is wrong with it. Pure. */
#ifndef WEB_FORM_H
#define WEB_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

#define FORM_FIELDS_MAX 100

struct form_field {
    char *name, *value; /* UTF-8, without NUL; line ends in a value are \n */
};
/* Something to be put right, in the order of the screen. */
struct form_error {
    char *field; /* the id of what to go to: "outcome", "when-day" */
    char *text;  /* "Select what happened" */
};
struct form {
    struct form_field *fields;
    size_t n_fields;
    struct form_error *errors;
    size_t n_errors;
    const char *focus; /* the id of the field that has the focus at first; NULL: none */
};

/* STATUS_REJECT: a name twice, over 100 fields, a % without two digits, no UTF-8, a NUL. */
enum status form_parse(struct form **out, const char *text, size_t len, struct err *err) NODISCARD;
struct form *form_new(void); /* empty */
/* Without passwords: fields of such a name come along empty. */
struct form *form_copy(const struct form *f);
bool form_is_secret(const char *name); /* it begins with "password" */
void form_free(struct form *f);        /* NULL is fine; what was typed is wiped */

/* "" where there is none, so that a screen need not ask twice. */
const char *form_value(const struct form *f, const char *name);
bool form_has(const struct form *f, const char *name);
bool form_is(const struct form *f, const char *name, const char *value);
/* Replaces what is there. */
void form_set(struct form *f, const char *name, const char *value);
size_t form_bytes(const struct form *f);

void form_wrong(struct form *f, const char *field, const char *fmt, ...) PRINTF_LIKE(3, 4);
const char *form_error(const struct form *f, const char *field); /* NULL: nothing is wrong */
void form_forget_errors(struct form *f);

#endif
