/* events - the bytes of the events, as structured CloudEvents. Pure. */
#ifndef COMMON_FEED_DIFFERENCE_EVENTS_H
#define COMMON_FEED_DIFFERENCE_EVENTS_H

#include "common/feed/difference/content.h"
#include "common/feed/difference/difference_types.h"

/* Shared by all events of a run. */
struct events_base {
    const char *source;
    struct instant as_of;
    int64_t version; /* milliseconds */
};

const char *events_type(enum difference_kind kind);

/* Each appends to value and fills kind, type and key of *out. */
void events_absence(const struct events_base *b, const struct content *c, enum difference_kind kind,
                    struct buf *value, struct difference_event *out);
void events_cancelled(const struct events_base *b, const struct state_row *row, struct buf *value,
                      struct difference_event *out);
/* on NONE: the leaving is withdrawn. */
void events_left(const struct events_base *b, const char *organisation, const char *person_id,
                 struct date on, struct buf *value, struct difference_event *out);
void events_heartbeat(const struct events_base *b, const char *organisation, int64_t records,
                      int64_t sent, int64_t rejected, struct buf *value,
                      struct difference_event *out);

#endif
