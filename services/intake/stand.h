/* stand - what holds a position: not its number alone, but the record that was delivered last,
 * which is read again and compared. Pure: knows neither Kafka nor PostgreSQL. */
#ifndef SERVICES_INTAKE_STAND_H
#define SERVICES_INTAKE_STAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/event/inbound.h"

#define NO_OFFSET (-1)
#define MARK_BYTES 16

/* A delivered record. Without the installation's key its mark reveals nothing about it. */
struct anchor {
    int64_t offset; /* NO_OFFSET: none */
    uint8_t mark[MARK_BYTES];
};

enum doubt {
    STAND_SURE,
    STAND_COMPARES, /* reading was set to the anchor, which comes first */
    STAND_DOUBTED   /* the topic may be another by now: nothing is delivered */
};

/* One partition. */
struct stand {
    int64_t next;      /* to be delivered next; NO_OFFSET: not known yet */
    int64_t log_start; /* the highest beginning of its log that was seen; NO_OFFSET: none */
    int64_t seen_end;  /* up to here nothing was left to be delivered; NO_OFFSET: not known */
    struct anchor anchor;
    enum doubt doubt;
    bool held, seen;
    unsigned holes; /* how often the anchor did not come first, in a row */
};

/* Where to read on in a log from start to end (end NO_OFFSET: not known). NULL and *at: there; the
 * caller compares if that is the anchor. Else why the position is lost. */
const char *stand_judge(const struct stand *s, int64_t start, int64_t end, int64_t *at);

/* The bytes a mark is made of, into an empty buf. */
void stand_bytes(struct buf *out, const void *key, size_t key_len, const struct raw_record *raw,
                 int64_t timestamp);

#endif
