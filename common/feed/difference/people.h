/* people - the staff list: contact details and leaving dates by person, for one run. Pure. */
#ifndef COMMON_FEED_DIFFERENCE_PEOPLE_H
#define COMMON_FEED_DIFFERENCE_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/feed/rows/columns.h"
#include "common/feed/rows/input.h"
#include "common/feed/rows/rejects.h"
#include "common/feed/state/texts.h"

struct people;

struct person {
    uint32_t organisation; /* TEXTS_NONE: the list does not name one */
    uint32_t person_id;
    struct date left;  /* the latest of the rows; NONE where one of them has none */
    bool left_unknown; /* a date could not be read: say nothing */
};

/* False: the list is refused. The texts are shared with the extract. */
bool people_read(struct people **out, const struct mapping *m, const struct input *in,
                 struct texts *texts, bool explains, struct arena *a, struct refusal *why);
void people_free(struct people *p); /* NULL is fine */

#define PEOPLE_NONE SIZE_MAX
size_t people_count(const struct people *p);
/* NULL is an empty list. */
size_t people_find(const struct people *p, uint32_t organisation, uint32_t person_id);
struct person people_at(const struct people *p, size_t i);
/* The list's value of a member of the event, as columns_value; 0: nothing. */
uint32_t people_value(const struct people *p, size_t i, enum mapping_member member);

int64_t people_rows(const struct people *p);
struct rejects *people_rejects(struct people *p);
const struct columns *people_columns(const struct people *p);

#endif
