/* Rows of one person and assignment that adjoin, as shifts and weeks do, become one record. */
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/feed/difference/records.h"

/* A row on its way into a record; sorted by person, then by start. */
struct part {
    uint32_t organisation, person_id, assignment_id;
    struct date onset;
    uint32_t number; /* of the record; in the order of the file */
};

static int compare(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int by_person(const void *x, const void *y)
{
    const struct part *a = x;
    const struct part *b = y;
    int by = compare(a->organisation, b->organisation);
    by = by != 0 ? by : compare(a->person_id, b->person_id);
    by = by != 0 ? by : compare(a->assignment_id, b->assignment_id);
    by = by != 0 ? by : (a->onset.days > b->onset.days) - (a->onset.days < b->onset.days);
    return by != 0 ? by : compare(a->number, b->number);
}

static bool adjoins(const struct records *r, const struct record *first, const struct record *next)
{
    if (first->organisation != next->organisation || first->person_id != next->person_id ||
        first->assignment_id != next->assignment_id) {
        return false;
    }
    return date_is_none(first->last_day) ||
           date_diff(first->last_day, next->onset) - 1 <= r->m->rules.merge_gap_days;
}

/* next starts last so far: what it has counts. An end that is not known is the end of all. */
static void absorb(const struct records *r, struct record *into, struct record *next)
{
    if (date_is_none(into->last_day) || date_is_none(next->last_day)) {
        into->last_day = DATE_NONE;
    } else if (next->last_day.days > into->last_day.days) {
        into->last_day = next->last_day;
    }
    for (size_t i = 0; i < r->n_values; i++) {
        into->value[i] = next->value[i] != 0 ? next->value[i] : into->value[i];
    }
    if ((next->flags & RECORD_OPEN_GIVEN) != 0) {
        into->flags &= ~(uint32_t)RECORD_OPEN_YES;
        into->flags |= next->flags & (RECORD_OPEN_GIVEN | RECORD_OPEN_YES);
    }
    next->flags |= RECORD_REPEAT;
}

void records_merge(struct records *r)
{
    struct part *part = mem_resize(NULL, r->n + 1, sizeof *part);
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        const struct record *record = records_at(r, i);
        if (record_counts(record)) {
            part[n++] = (struct part){.organisation = record->organisation,
                                      .person_id = record->person_id,
                                      .assignment_id = record->assignment_id,
                                      .onset = record->onset,
                                      .number = (uint32_t)i};
        }
    }
    if (n > 0) {
        qsort(part, n, sizeof *part, by_person);
    }
    struct record *into = NULL;
    for (size_t i = 0; i < n; i++) {
        struct record *record = records_at(r, part[i].number);
        if (into != NULL && adjoins(r, into, record)) {
            absorb(r, into, record);
        } else {
            into = record;
        }
    }
    free(part);
}
