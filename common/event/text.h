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
/* Nothing but Unicode white space. */
bool text_blank(const char *s);

/* Characters around a text that nobody sees: Unicode white space; with TEXT_INVISIBLE also
 * U+200B, U+2060 and U+FEFF. */
enum text_around { TEXT_SPACE, TEXT_INVISIBLE };

/* s without what stands around it: where it begins, and its length. s is UTF-8; bytes that are not
 * are characters of their own. */
const char *text_trim(const char *s, size_t len, enum text_around what, size_t *trimmed_len);

/* Small letters for capitals: ASCII, Latin-1 and Latin Extended-A. NUL-terminated. False: no room
 * for it in size bytes. */
bool text_fold(const char *s, size_t len, char *out, size_t size);

#endif
