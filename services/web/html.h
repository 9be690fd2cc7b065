/* html - the one writer of markup: nothing else can add a byte to a page. Markup comes from literal
 * formats alone; whatever is put into a format is escaped, for text and for attributes in double
 * quotes alike. tests/lint/markup.sh holds the screens to it. */
#ifndef WEB_HTML_H
#define WEB_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

struct html;

struct html *html_new(void);                               /* never NULL */
void html_free(struct html *h);                            /* NULL is fine */
void html_reset(struct html *h);                           /* empty, keeps its memory */
const char *html_bytes(const struct html *h, size_t *len); /* borrowed, NUL-terminated */

/* fmt is a literal. %s: text, escaped; NULL is nothing. %d, %u, %zu, %lld as in printf. %%: itself.
 * Nothing else. In attributes only between double quotes; never within <script> or <style>. */
void put(struct html *h, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A name as other systems sent it: in <bdi>, over 100 characters cut. */
void put_name(struct html *h, const char *name);
/* The same, whole, however long: on the case. */
void put_name_whole(struct html *h, const char *name);

/* Escapes as %s does, for tests and for text that is no page. Control and bidirectional characters
 * and bytes that are no UTF-8 become U+FFFD; & < > " ' become entities. Appends to out. */
struct buf;
void html_escape(struct buf *out, const char *text);

#endif
