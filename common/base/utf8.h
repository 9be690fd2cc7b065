/* utf8 - what is well-formed UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
#ifndef COMMON_BASE_UTF8_H
#define COMMON_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length (1-4) of the character at s, of which len bytes may be read; 0 when it is not
 * well-formed. */
size_t utf8_length(const char *s, size_t len);
bool utf8_valid(const char *s, size_t len);

#endif
