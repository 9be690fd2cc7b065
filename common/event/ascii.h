/* ascii - text of headers and codes: compared without regard to case, in no locale; and whether bytes are UTF-8. */
#ifndef COMMON_EVENT_ASCII_H
#define COMMON_EVENT_ASCII_H

#include <stdbool.h>
#include <stddef.h>

/* Letters A-Z equal a-z, everything else only itself. */
bool ascii_equal(const char *a, const char *b);
bool ascii_equal_n(const char *a, const char *b, size_t n); /* the first n bytes, which both must have */
bool ascii_blank(const char *s);                            /* nothing but spaces, tabs and line ends */
bool ascii_utf8(const char *s, size_t len);

#endif
