#include "common/runtime/roff.h"

void roff_text(const char *s, FILE *to)
{
    if (*s == '.' || *s == '\'') {
        fputs("\\&", to);
    }
    for (; *s != '\0'; s++) {
        if (*s == '\\') {
            fputs("\\e", to);
        } else if (*s == '-') {
            fputs("\\-", to);
        } else {
            fputc(*s, to);
        }
    }
}

void roff_head(const char *name, int section, const char *what, FILE *to)
{
    fprintf(to, ".TH %s %d \"\" \"Dayfour %s\" \"Dayfour\"\n", name, section, DAYFOUR_VERSION);
    fputs(".SH NAME\n", to);
    roff_text(name, to);
    fputs(" \\- ", to);
    roff_text(what, to);
    fputc('\n', to);
}

void roff_section(const char *title, FILE *to)
{
    fprintf(to, ".SH \"%s\"\n", title);
}

void roff_entry(const char *term, const char *value, const char *meaning, FILE *to)
{
    fputs(".TP\n\\fB", to);
    roff_text(term, to);
    fputs("\\fR", to);
    if (value != NULL && value[0] != '\0') {
        fputs(" \\fI", to);
        roff_text(value, to);
        fputs("\\fR", to);
    }
    fputc('\n', to);
    roff_text(meaning, to);
    fputc('\n', to);
}
