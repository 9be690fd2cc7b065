#include "services/cli/hr/event_file_note.h"

#include <stdarg.h>
#include <stdio.h>

void event_file_note_add(struct event_file_note_list *l, size_t line, bool passed_over,
                         const char *fmt, ...)
{
    if (l->n < EVENT_FILE_NAMED_MAX) {
        char text[1024];
        va_list ap;
        va_start(ap, fmt);
        /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is begun right above */
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        if (l->note == NULL) {
            l->note = arena_array(l->arena, EVENT_FILE_NAMED_MAX, sizeof *l->note);
        }
        l->note[l->n] =
            (struct event_file_note){.line = line, .text = arena_strdup(l->arena, text)};
    }
    l->n++;
    l->n_passed_over += passed_over;
}

void event_file_note_print(const struct event_file_note_list *l)
{
    for (size_t i = 0; i < l->n && i < EVENT_FILE_NAMED_MAX; i++) {
        if (l->note[i].line == 0) {
            fprintf(stderr, "%s\n", l->note[i].text);
        } else {
            fprintf(stderr, "line %zu: %s\n", l->note[i].line, l->note[i].text);
        }
    }
    if (l->n > EVENT_FILE_NAMED_MAX) {
        fprintf(stderr, "and %zu more lines like these\n", l->n - EVENT_FILE_NAMED_MAX);
    }
}
