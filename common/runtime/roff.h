/* roff - text as a manual page wants it. */
#ifndef COMMON_RUNTIME_ROFF_H
#define COMMON_RUNTIME_ROFF_H

#include <stdio.h>

/* Plain text: whatever it holds is shown as it is. */
void roff_text(const char *s, FILE *to);
/* .TH NAME SECTION, and the NAME paragraph. */
void roff_head(const char *name, int section, const char *what, FILE *to);
void roff_section(const char *title, FILE *to);
/* An entry of a list: term in bold, its argument in italics (NULL: none), its meaning. */
void roff_entry(const char *term, const char *value, const char *meaning, FILE *to);

#endif
