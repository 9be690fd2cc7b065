/* form - the data of an event: which members we know, in which order they are judged, and what they
 * are read into. */
#ifndef COMMON_EVENT_FORM_H
#define COMMON_EVENT_FORM_H

#include "common/event/inbound.h"
#include "common/event/member.h"

struct absence_form {
    struct absence_event absence; /* cancelled is told by the event's type, not here */
    const char *organisation;
    const char *category;
    bool scheme_given; /* also one without a code, which may be any */
};

/* Rows begin with the required members, in the order we publish; the rest in that of our
 * example. */
extern const struct member_table form_absence;
extern const struct member_table form_person;
enum { FORM_ABSENCE_CATEGORY = 4, FORM_PERSON_ON = 2 }; /* rows */

struct person_form {
    const char *organisation, *person_id;
    struct date on;
};

#define FORM_REASON_SCHEME "data.reason.scheme"
#define FORM_LAST_DAY "data.last_day"

/* Everything not given. */
void form_absence_init(struct absence_form *f);

/* Is this category ours to handle? */
bool form_is_sickness(const char *category);

#endif
