/* event_file_notes - what is said of a file of events beside its faults: members nobody knows, and
 * records that come more than once. */
#ifndef SERVICES_CLI_HR_EVENT_FILE_NOTES_H
#define SERVICES_CLI_HR_EVENT_FILE_NOTES_H

#include "common/event/inbound.h"
#include "common/json/json.h"
#include "services/cli/hr/event_file_note.h"

struct event_file_notes;
struct event_file_notes *event_file_notes_new(void);
void event_file_notes_free(struct event_file_notes *n);

/* Takes an event without a fault. root: its JSON. */
void event_file_notes_take(struct event_file_notes *n, size_t line, const struct json *root,
                           const struct inbound *in);
/* After all of them. */
void event_file_notes_tell(const struct event_file_notes *n, bool repeats,
                           struct event_file_note_list *to);

#endif
