/* Records join a growing span of days until a round adds none, whatever their order. Which records
 * join is chain.c's rule once more, without its sorting: a change there belongs here too. */
#include "common/casework/derive/period_peers.h"

#include "common/casework/derive/work.h"

/* Days off in a row; end INT32_MAX: not known. */
struct span {
    int32_t onset, end;
};

static bool takes_part(const struct record *rec, struct date today)
{
    return !rec->cancelled && rec->onset.days <= today.days;
}

static struct span span_of(const struct record *rec)
{
    struct date end = rec->open_ended ? DATE_NONE : rec->last_day;
    return (struct span){.onset = rec->onset.days, .end = date_is_none(end) ? INT32_MAX : end.days};
}

/* Next to one another or overlapping, with no leaving in between. Leaving ends records that would
 * have lasted longer, see chain_end(). It makes no difference here: such a record ends beyond every
 * onset that it may join. A person who has not left has NONE, which is before all onsets. */
static bool joins(const struct facts *f, struct span a, struct span b)
{
    int32_t left = f->left.on.days;
    bool touch = (b.end == INT32_MAX || a.onset <= b.end + 1) &&
                 (a.end == INT32_MAX || b.onset <= a.end + 1);
    return touch && (a.onset <= left) == (b.onset <= left);
}

size_t period_peers_find(const struct facts *f, const struct record *of, struct date today,
                         struct arena *a, size_t **out)
{
    size_t n = 0;
    *out = NULL;
    if (!takes_part(of, today)) {
        return 0;
    }
    bool *taken = arena_array(a, f->n_records, sizeof *taken);
    *out = arena_array(a, f->n_records, sizeof **out);
    struct span all = span_of(of);
    for (bool grew = true; grew;) {
        grew = false;
        for (size_t i = 0; i < f->n_records; i++) {
            const struct record *rec = &f->records[i];
            if (taken[i] || !takes_part(rec, today) ||
                order_identity(rec->source, rec->absence_id, of->source, of->absence_id) == 0) {
                continue;
            }
            struct span s = span_of(rec);
            if (joins(f, all, s)) {
                all.onset = s.onset < all.onset ? s.onset : all.onset;
                all.end = s.end > all.end ? s.end : all.end;
                taken[i] = true;
                (*out)[n++] = i;
                grew = true;
            }
        }
    }
    return n;
}
