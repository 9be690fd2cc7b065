/* json_text - what the escapes and numbers of a JSON text mean. For json_scan.c only. */
#ifndef COMMON_JSON_JSON_TEXT_H
#define COMMON_JSON_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"

/* The escape whose backslash is at p: the place after it, NULL when it is none. *code is the
 * character it stands for, a pair of surrogates being one escape; 0xD800..0xDFFF for half a pair.
 */
const char *json_text_escape(const char *p, const char *end, int *code);

/* A string's inside, all of its escapes good, as what it means: its length; out has room for len
 * bytes. */
size_t json_text_unescape(const char *s, size_t len, char *out);

/* Whether a number of good form is beyond what a double holds. */
bool json_text_is_infinite(const char *p, const char *end, struct arena *a);

#endif
