/* event_type - the types of event that HR systems send. */
#ifndef COMMON_EVENT_EVENT_TYPE_H
#define COMMON_EVENT_EVENT_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/event/hr_event.h"

/* A type, and the meaning it adds to its data. */
struct event_type {
    const char *name; /* without org.dayfour. and .v1 */
    enum { ABOUT_ABSENCE, ABOUT_PERSON, ABOUT_FEED } about;
    bool cancelled;
    enum person_fact what;
};

/* NULL: none of ours. */
const struct event_type *event_type_find(const char *text, size_t len);
/* Is it in our namespaces? Another type that is, is a mistake, not somebody else's event. */
bool event_type_is_ours(const char *text, size_t len);

#endif
