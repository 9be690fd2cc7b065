/* Sorted records are gone through once: each continues the last chain or begins another. A record's
 * end comes first, because leaving may bring it forward. finish() comes last, because only all
 * records of a chain show whether it is over. period_peers.c has the joining rule once more. */
#include "common/casework/derive/chain.h"

#include <string.h>

static struct date later(struct date a, struct date b)
{
    return a.days >= b.days ? a : b; /* NONE is the earliest of all */
}

static bool anchors_before(const struct chain_record *a, const struct chain_record *b)
{
    if (a->first_notice.us != b->first_notice.us) {
        return a->first_notice.us < b->first_notice.us;
    }
    int order = strcmp(a->source, b->source);
    return (order != 0 ? order : strcmp(a->absence_id, b->absence_id)) < 0;
}

/* Leaving ends what is open then, or would have lasted to the last day of employment or longer. */
void chain_end(struct chain_record *rec, const struct chain_person *p)
{
    rec->end = rec->open_ended ? DATE_NONE : rec->last_day;
    rec->by_leaving = rec->left_counts && !date_is_none(p->left_on) &&
                      rec->onset.days <= p->left_on.days &&
                      (date_is_none(rec->end) || rec->end.days >= p->left_on.days);
    if (rec->by_leaving) {
        rec->end = p->left_on;
    }
}

static struct date expected_return(const struct chain_record *rec, struct date today)
{
    if (!date_is_none(rec->end) && rec->end.days < today.days) {
        return DATE_NONE;
    }
    return date_is_none(rec->last_day) ? rec->expected_return : date_add(rec->last_day, 1);
}

static void add(struct chain *c, const struct chain_record *records, size_t i, struct date today)
{
    const struct chain_record *rec = &records[i];
    bool endless = c->n > 0 && date_is_none(c->ends_on);
    c->anchor = c->n == 0 || anchors_before(rec, &records[c->anchor]) ? i : c->anchor;
    c->n++;
    c->ends_on = endless || date_is_none(rec->end) ? DATE_NONE : later(c->ends_on, rec->end);
    c->expected_return = later(c->expected_return, expected_return(rec, today));
    c->closed_by_leaving |= rec->by_leaving;
    c->left_counts |= rec->left_counts;
    c->died_counts |= rec->died_counts;
    c->changed_at = rec->changed_at.us > c->changed_at.us ? rec->changed_at : c->changed_at;
}

static void finish(struct chain *c, const struct chain_person *p)
{
    bool closed = !date_is_none(c->ends_on) && c->ends_on.days < p->today.days;
    c->last_day = closed ? c->ends_on : DATE_NONE;
    c->closed_by_leaving &= closed;
    c->closed_by_death = c->died_counts && !date_is_none(p->died_on) &&
                         (!closed || c->last_day.days >= p->died_on.days);
}

/* A period lasts while the next onset is at most the day after its end. Leaving ends it for good:
 * who is employed again and off the next day begins another. */
static bool goes_on(const struct chain *c, const struct chain_record *rec,
                    const struct chain_person *p)
{
    bool left_between = c->closed_by_leaving && rec->onset.days > p->left_on.days;
    return !left_between && (date_is_none(c->ends_on) || rec->onset.days <= c->ends_on.days + 1);
}

size_t chain_build(struct chain_record *records, size_t n, const struct chain_person *p,
                   struct chain *out)
{
    struct chain *c = NULL;
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        chain_end(&records[i], p);
        if (c == NULL || !goes_on(c, &records[i], p)) {
            c = &out[found++];
            *c = (struct chain){.first = i,
                                .onset = records[i].onset,
                                .ends_on = DATE_NONE,
                                .expected_return = DATE_NONE,
                                .changed_at = INSTANT_NONE};
        }
        add(c, records, i, p->today);
    }
    for (size_t i = 0; i < found; i++) {
        finish(&out[i], p);
    }
    return found;
}

struct date chain_over_on(const struct chain *c, const struct chain_person *p)
{
    return date_is_none(c->last_day) && c->closed_by_death ? p->died_on : c->last_day;
}
