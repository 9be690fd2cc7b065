#include "common/casework/mates.h"

#include "common/casework/work.h"

/* Days off in a row; end INT32_MAX: not known. */
struct span {
    int32_t onset, end;
};

static bool takes_part(const struct record *rec, struct date today)
{
    return !rec->cancelled && rec->onset.days <= today.days;
}

/* As find_end() in period.c has it: leaving ends what is open then, or would have lasted as long.
 */
static struct span span_of(const struct facts *f, const struct record *rec)
{
    struct date end = rec->open_ended ? DATE_NONE : rec->last_day, left = f->left.on;
    struct span s = {.onset = rec->onset.days, .end = date_is_none(end) ? INT32_MAX : end.days};
    if (!date_is_none(left) && s.onset <= left.days && s.end >= left.days) {
        s.end = left.days;
    }
    return s;
}

/* Next to one another or overlapping, with no leaving in between. */
static bool joins(const struct facts *f, struct span a, struct span b)
{
    int32_t left = f->left.on.days;
    bool touch = (b.end == INT32_MAX || a.onset <= b.end + 1) &&
                 (a.end == INT32_MAX || b.onset <= a.end + 1);
    return touch && (date_is_none(f->left.on) || (a.onset <= left) == (b.onset <= left));
}

size_t mates_find(const struct facts *f, const struct record *of, struct date today,
                  struct arena *a, size_t **out)
{
    size_t n = 0;
    *out = NULL;
    if (!takes_part(of, today)) {
        return 0;
    }
    bool *taken = arena_array(a, f->n_records, sizeof *taken);
    *out = arena_array(a, f->n_records, sizeof **out);
    struct span all = span_of(f, of);
    for (bool grew = true; grew;) {
        grew = false;
        for (size_t i = 0; i < f->n_records; i++) {
            const struct record *rec = &f->records[i];
            if (taken[i] || !takes_part(rec, today) ||
                work_identity_order(rec->source, rec->absence_id, of->source, of->absence_id) ==
                    0) {
                continue;
            }
            struct span s = span_of(f, rec);
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
