/* text - comparing what messages say, in no locale. */
#ifndef COMMON_EVENT_TEXT_H
#define COMMON_EVENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Byte for byte; NULL is the same as NULL alone. */
bool text_same(const char *a, const char *b);
/* Letters A-Z equal a-z, everything else only itself. */
bool text_equal(const char *a, const char *b);
/* The same of the first n bytes, which both must have. */
bool text_equal_n(const char *a, const char *b, size_t n);
/* Nothing but spaces, tabs and line ends. */
bool text_blank(const char *s);

#endif
