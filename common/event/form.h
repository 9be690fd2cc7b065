/* form - the data of an event: which members we know, in which order they are judged, and what they
 * are read into. */
#ifndef COMMON_EVENT_FORM_H
#define COMMON_EVENT_FORM_H

#include "common/event/hr_event.h"
#include "common/event/member.h"

struct absence_form {
    struct absence_event absence; /* the event's type says whether it is cancelled */
    const char *organisation;
    const char *category;
    bool scheme_given; /* also one without a code, which may be any */
};

/* Rows begin with the required members, in the order we publish; the rest in that of our
 * example. */
extern const struct member_table form_absence;
extern const struct member_table form_person;
extern const struct member_table form_heartbeat;
/* Rows of an absence. The first three identify a version of a record. */
enum {
    FORM_ABSENCE_ORGANISATION,
    FORM_ABSENCE_ID,
    FORM_ABSENCE_VERSION,
    FORM_ABSENCE_CATEGORY = 4
};

struct person_form {
    const char *organisation, *person_id;
    struct date on;
};

struct heartbeat_form {
    const char *organisation;
    struct heartbeat_event heartbeat;
};

#define FORM_CATEGORY "data.category"
#define FORM_ON "data.on"
#define FORM_REASON_SCHEME "data.reason.scheme"
#define FORM_LAST_DAY "data.last_day"

/* Everything not given. */
void form_absence_init(struct absence_form *f);

#endif
