/* event_file_note - the notes on a file of events: lines that are passed over, or repeat another.
 */
#ifndef SERVICES_CLI_HR_EVENT_FILE_NOTE_H
#define SERVICES_CLI_HR_EVENT_FILE_NOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/err.h"

#define EVENT_FILE_NAMED_MAX 20 /* lines that are named one by one */

struct event_file_note {
    size_t line; /* 0: of no line */
    const char *text;
};

struct event_file_note_list {
    struct arena *arena;          /* borrowed; texts */
    struct event_file_note *note; /* the first EVENT_FILE_NAMED_MAX, in the order of the file */
    size_t n;                     /* all of them */
    size_t n_passed_over; /* of them: would be lost without a word, --strict makes them faults */
};

void event_file_note_add(struct event_file_note_list *l, size_t line, bool passed_over,
                         const char *fmt, ...) PRINTF_LIKE(4, 5);
/* On standard error. */
void event_file_note_print(const struct event_file_note_list *l);

#endif
