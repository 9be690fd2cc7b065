/* content - a record whole, as it is published: what the file has of it and what the staff list
 * adds; and its digest. Pure. */
#ifndef COMMON_FEED_DIFFERENCE_CONTENT_H
#define COMMON_FEED_DIFFERENCE_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/hash.h"
#include "common/feed/difference/people.h"
#include "common/feed/difference/records.h"

/* Shared by all contents of a run. */
struct content_base {
    const struct records *records;
    const struct people *people; /* NULL: no staff list */
    struct date today;
};

struct content {
    const struct content_base *base;
    const struct record *record; /* NULL: of the state alone, whose rows have no reason */
    size_t person;               /* in people; PEOPLE_NONE: not on the list */
    uint32_t organisation, absence_id, person_id, assignment_id;
    struct date onset, last_day;
    bool open_ended;
};

struct content content_of_record(const struct content_base *base, const struct record *record);
/* A row of the state as a content that ends on last_day. */
struct content content_of_kept(const struct content_base *base, const struct state_kept *k,
                               struct date last_day);
/* Its end is known, and past. */
bool content_is_over(const struct content *c);
uint32_t content_value(const struct content *c, enum mapping_member member); /* columns_value */
const char *content_text(const struct content *c, uint32_t text);
/* The scheme of its reason; NULL: it has no code. */
const char *content_scheme(const struct content *c);

/* A digest has three parts: of all but what is joined, of what is joined or like it, of the
 * reason. */
void content_digest(const struct content *c, const struct hmac_key *key, struct buf *scratch,
                    uint8_t out[STATE_DIGEST]);
bool content_core_differs(const uint8_t a[STATE_DIGEST], const uint8_t b[STATE_DIGEST]);
bool content_joined_differs(const uint8_t a[STATE_DIGEST], const uint8_t b[STATE_DIGEST]);
bool content_reason_differs(const uint8_t a[STATE_DIGEST], const uint8_t b[STATE_DIGEST]);

#endif
