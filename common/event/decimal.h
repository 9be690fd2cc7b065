/* decimal - a share between 0 and 1 as exact decimal text: never a binary fraction. */
#ifndef COMMON_EVENT_DECIMAL_H
#define COMMON_EVENT_DECIMAL_H

#include <stdbool.h>

#define DECIMAL_PLACES 20
#define DECIMAL_TEXT (2 + DECIMAL_PLACES + 1)

/* Which writings are taken: "0.60000", or all that JSON's grammar allows a number: "6e-1" and "-0"
 * too. */
enum decimal_form { DECIMAL_PLAIN, DECIMAL_JSON };

/* The shortest text of the same value: "0.60000" gives "0.6", "1.0" gives "1". False: not of that
 * form, below 0, above 1, or with more than DECIMAL_PLACES places that are not zero. */
bool decimal_share(const char *s, enum decimal_form form, char out[DECIMAL_TEXT]);

#endif
