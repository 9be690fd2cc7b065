/* category - what kind of absence a record says it is, and which kinds are passed over. */
#ifndef COMMON_EVENT_CATEGORY_H
#define COMMON_EVENT_CATEGORY_H

#include <stdbool.h>

#define CATEGORY_TEXT 101

/* The form in which categories are compared: trimmed, in small letters, a single digit with a zero
 * before it. NULL: longer than CATEGORY_TEXT allows. "": nothing but white space. */
const char *category_plain(const char *text, char out[CATEGORY_TEXT]);

/* plain: as category_plain gives it. */
bool category_is_sickness(const char *plain);
/* Is it passed over, unless the settings have a list of their own? */
bool category_is_ignored(const char *plain);

#endif
