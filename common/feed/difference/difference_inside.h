/* difference_inside - what the parts of difference share. For difference*.c only. */
#ifndef COMMON_FEED_DIFFERENCE_DIFFERENCE_INSIDE_H
#define COMMON_FEED_DIFFERENCE_DIFFERENCE_INSIDE_H

#include "common/feed/difference/content.h"
#include "common/feed/difference/difference_types.h"
#include "common/feed/difference/events.h"
#include "common/feed/difference/people.h"
#include "common/feed/difference/records.h"

/* Steps are what is done about records. */
enum step_what {
    STEP_PUBLISH, /* an event of the record as it is in the file */
    STEP_CANCEL,  /* an event: the known record is cancelled */
    STEP_CLOSE,   /* an event: the known record ends before the files without it */
    STEP_SEEN,    /* no event: it is there again, or may be */
    STEP_MISSING, /* no event: it is missing, once more */
    STEP_SETTLE,  /* no event: it is missing, and kept */
    STEP_DOUBT,   /* no event: what was last published of it is not certain */
    STEP_REMOVE   /* no event: it leaves the state */
};

struct step {
    uint32_t record, state; /* RECORD_NONE: not of the file; not known */
    uint8_t what;           /* enum step_what */
    uint8_t kind;           /* enum difference_kind, of an event */
};

struct steps {
    struct step *step;
    size_t n, cap;
};

/* A change of somebody's leaving date. */
struct leaver_step {
    size_t person; /* of the list; PEOPLE_NONE: forgotten, without an event */
    uint8_t mac[STATE_MAC];
    struct date on; /* NONE: withdrawn, or forgotten */
};

struct difference_inside {
    struct difference_inputs in;
    struct arena *arena;
    struct people *people;
    struct records records;
    struct content_base content;
    struct events_base events;
    struct date today;
    struct steps loud, quiet; /* with an event, without one; both may change the state */
    struct leaver_step *leaver;
    size_t n_leavers, leavers_cap, n_left; /* n_left of them with an event: the first ones */
    int64_t *records_of, *sent_of;         /* by organisation of the mapping */
    bool doubt;                            /* bump > 0 */
};

/* difference_steps.c: fills loud and quiet, and the counts. */
void difference_find_steps(struct difference *d);
/* difference_people.c */
void difference_find_leavers(struct difference *d);
/* difference_holds.c */
void difference_find_holds(struct difference *d);

struct content difference_content(const struct difference_inside *in, const struct step *step);

#endif
