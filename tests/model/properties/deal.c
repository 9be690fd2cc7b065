#include "tests/model/properties/deal.h"

#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * US_PER_SECOND)
#define BATCH_MOST 12

/* ---- dice ---- */

struct dice dice_new(uint32_t seed, uint32_t number)
{
    struct dice d = {seed * 2654435761u ^ (number + 1) * 2246822519u};
    d.state = d.state == 0 ? 1 : d.state;
    (void)dice_draw(&d, 2);
    return d;
}

uint32_t dice_draw(struct dice *d, uint32_t n)
{
    d->state ^= d->state << 13;
    d->state ^= d->state >> 17;
    d->state ^= d->state << 5;
    return n < 2 ? 0 : d->state % n;
}

bool dice_one_in(struct dice *d, uint32_t n)
{
    return dice_draw(d, n) == 0;
}

/* ---- fewer times ---- */

static struct instant next_multiple(struct instant t, int64_t step)
{
    int64_t over = t.us % step;
    return (struct instant){over == 0 ? t.us : t.us - over + step};
}

static struct instant earlier(struct instant a, struct instant b)
{
    return a.us < b.us ? a : b;
}

/* All at one instant, somewhere within the history. */
static struct instant gather_at(const struct history *h, struct instant until, struct dice *d)
{
    struct instant at = h->lines[dice_draw(d, (uint32_t)h->n)].at;
    return earlier(instant_add_us(at, dice_draw(d, 20) * (US_PER_DAY / 2)), until);
}

static int by_time(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    return x->at.us < y->at.us ? -1 : x->at.us > y->at.us;
}

static int by_time_and_number(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int order = by_time(a, b);
    return order != 0 ? order : x->number < y->number ? -1 : x->number > y->number;
}

struct hand deal_plain(const struct history *h, struct instant until, struct dice *d,
                       struct arena *a)
{
    static const int64_t steps[] = {1, HOUR, 6 * HOUR, US_PER_DAY, 3 * US_PER_DAY};
    bool gathered = dice_one_in(d, 3);
    struct instant gather = gather_at(h, until, d);
    int64_t step = steps[dice_draw(d, sizeof steps / sizeof steps[0])];
    struct hand hand = {.lines = arena_array(a, h->n, sizeof *hand.lines)};
    for (size_t i = 0; i < h->n; i++) {
        const struct line *line = &h->lines[i];
        bool too_early = gathered && line->kind == LINE_ENTRY && line->at.us < gather.us;
        if (line->kind == LINE_RULES || too_early) {
            continue;
        }
        struct line *to = &hand.lines[hand.n++];
        *to = *line;
        to->given = line->kind == LINE_MESSAGE ? line->read : NULL;
        if (gathered) {
            to->at = line->kind == LINE_MESSAGE ? gather : line->at;
        } else {
            to->at = earlier(next_multiple(line->at, step), until);
        }
    }
    if (hand.n > 1) {
        qsort(hand.lines, hand.n, sizeof *hand.lines, by_time_and_number);
    }
    return hand;
}

/* ---- what entries came to ---- */

static void *grown(struct arena *a, void *items, size_t n, size_t *cap, size_t item_bytes)
{
    if (n < *cap) {
        return items;
    }
    *cap = *cap == 0 ? 8 : 2 * *cap;
    void *more = arena_array(a, *cap, item_bytes);
    if (n > 0) {
        memcpy(more, items, n * item_bytes);
    }
    return more;
}

static bool is_known(const struct entered_list *e, const struct shelf_person *p)
{
    for (size_t i = 0; i < e->n_opts; i++) {
        const struct inbound *in = e->opts[i].given;
        if (strcmp(in->id, p->facts.opt.id) == 0 &&
            strcmp(in->organisation, p->organisation) == 0 &&
            strcmp(in->person.person_id, p->person_id) == 0) {
            return true;
        }
    }
    return false;
}

void deal_note_opt(struct entered_list *e, const struct play *p, const struct line *line,
                   struct arena *a)
{
    for (size_t i = 0; i < p->shelf.n_persons; i++) {
        const struct shelf_person *from = &p->shelf.persons[i];
        const struct dated_fact *opt = &from->facts.opt;
        if (opt->id == NULL || strncmp(opt->id, "oh:", 3) != 0 || is_known(e, from)) {
            continue;
        }
        struct inbound *in = arena_zalloc(a, sizeof *in);
        in->verdict = VERDICT_PERSON;
        in->organisation = arena_strdup(a, from->organisation);
        in->id = arena_strdup(a, opt->id);
        in->person.person_id = arena_strdup(a, from->person_id);
        in->person.what = from->facts.opted_out ? PERSON_OPTED_OUT : PERSON_OPTED_IN;
        in->person.on = opt->on;
        in->person.time = opt->time;
        e->opts = grown(a, e->opts, e->n_opts, &e->cap_opts, sizeof *e->opts);
        e->opts[e->n_opts++] = (struct line){
            .number = line->number, .kind = LINE_MESSAGE, .at = line->at, .read = in, .given = in};
    }
}

static int by_entry(const void *a, const void *b)
{
    const struct contact_fact *x = &((const struct entered *)a)->fact;
    const struct contact_fact *y = &((const struct entered *)b)->fact;
    if (x->entered_at.us != y->entered_at.us) {
        return x->entered_at.us < y->entered_at.us ? -1 : 1;
    }
    return x->entry_id < y->entry_id ? -1 : x->entry_id > y->entry_id;
}

void deal_note_entries(struct entered_list *e, const struct play *p, struct arena *a)
{
    for (size_t i = 0; i < p->shelf.n_persons; i++) {
        const struct shelf_person *from = &p->shelf.persons[i];
        for (size_t k = 0; k < from->n_entries; k++) {
            e->items = grown(a, e->items, e->n, &e->cap, sizeof *e->items);
            e->items[e->n++] = (struct entered){.organisation = from->organisation,
                                                .person_id = from->person_id,
                                                .fact = from->entries[k].fact};
        }
    }
    if (e->n > 1) {
        qsort(e->items, e->n, sizeof *e->items, by_entry);
    }
}

/* ---- anew ---- */

/* Whether two messages are about one record, or one person as such. */
static bool of_one_kind(const struct inbound *x, const struct inbound *y)
{
    if (x->verdict != y->verdict ||
        (x->verdict != VERDICT_ABSENCE && x->verdict != VERDICT_PERSON) ||
        strcmp(x->organisation, y->organisation) != 0) {
        return false;
    }
    return x->verdict == VERDICT_PERSON
               ? strcmp(x->person.person_id, y->person.person_id) == 0
               : strcmp(x->source, y->source) == 0 &&
                     strcmp(x->absence.absence_id, y->absence.absence_id) == 0;
}

/* What messages of one record say changes places, their times stay. */
static void swap_within_records(struct hand *h, struct dice *d)
{
    for (size_t i = h->n; i > 1; i--) {
        size_t k = dice_draw(d, (uint32_t)i);
        struct line *x = &h->lines[i - 1], *y = &h->lines[k];
        if (of_one_kind(x->given, y->given)) {
            struct line swap = *x;
            struct instant at_x = x->at, at_y = y->at;
            *x = *y;
            *y = swap;
            x->at = at_x;
            y->at = at_y;
        }
    }
}

/* Of what has been corrected since, the reason never mattered: what is replaced says another. */
static void change_old_reasons(struct hand *h, struct dice *d, struct arena *a)
{
    static const char *const codes[] = {"S12", "S10", "S13", "S99", "S17"};
    for (size_t i = 0; i < h->n; i++) {
        const struct inbound *in = h->lines[i].given;
        bool replaced = false;
        for (size_t k = 0; k < h->n && in->verdict == VERDICT_ABSENCE; k++) {
            const struct inbound *other = h->lines[k].given;
            replaced |= of_one_kind(in, other) && other->absence.version > in->absence.version;
        }
        if (replaced && dice_one_in(d, 3)) {
            struct inbound *changed = arena_alloc(a, sizeof *changed);
            *changed = *in;
            changed->absence.scheme = SCHEME_ESR;
            changed->absence.code = codes[dice_draw(d, sizeof codes / sizeof codes[0])];
            h->lines[i].given = changed;
        }
    }
}

/* Again at the same time, or with any later message. */
static void repeat_some(struct hand *h, struct dice *d)
{
    for (size_t i = 0, n = h->n; i < n; i++) {
        if (!dice_one_in(d, 5)) {
            continue;
        }
        struct instant at = h->lines[dice_draw(d, (uint32_t)n)].at;
        struct line *again = &h->lines[h->n++];
        *again = h->lines[i];
        again->at = at.us > again->at.us ? at : again->at;
    }
}

static void shuffle(struct hand *h, struct dice *d)
{
    for (size_t i = h->n; i > 1; i--) {
        size_t k = dice_draw(d, (uint32_t)i);
        struct line swap = h->lines[i - 1];
        h->lines[i - 1] = h->lines[k];
        h->lines[k] = swap;
    }
}

struct hand deal_anew(const struct hand *plain, const struct entered_list *e, struct dice *d,
                      struct arena *a)
{
    struct hand h = {.lines = arena_array(a, 2 * (plain->n + e->n_opts), sizeof *h.lines)};
    for (size_t i = 0; i < plain->n; i++) {
        if (plain->lines[i].kind == LINE_MESSAGE) {
            h.lines[h.n++] = plain->lines[i];
        }
    }
    for (size_t i = 0; i < e->n_opts; i++) {
        h.lines[h.n++] = e->opts[i];
    }
    swap_within_records(&h, d);
    change_old_reasons(&h, d, a);
    repeat_some(&h, d);
    shuffle(&h, d);
    qsort(h.lines, h.n, sizeof *h.lines, by_time); /* of one time as they happen to come out */
    return h;
}

/* ---- playing it ---- */

/* How many of them were stored. Lost: worked on, and not committed. Then it is done again from what
 * is stored, and need not be cut as it was. */
static size_t play_batch(struct play *p, const struct line *const *batch, size_t n, struct dice *d)
{
    if (dice_one_in(d, 4)) {
        p->loses = true;
        play_messages(p, batch, n, batch[0]->at);
        p->loses = false;
        n = 1 + dice_draw(d, (uint32_t)n);
    }
    play_messages(p, batch, n, batch[0]->at);
    return n;
}

/* Entries up to an instant, each at its own: when one was entered is a fact. */
static size_t play_entries(struct play *p, const struct entered_list *e, size_t from,
                           struct instant until)
{
    for (; from < e->n && e->items[from].fact.entered_at.us <= until.us; from++) {
        const struct entered *one = &e->items[from];
        play_fact(p, one->organisation, one->person_id, &one->fact, one->fact.entered_at);
    }
    return from;
}

void deal_play(struct play *p, const struct hand *h, const struct entered_list *e, struct dice *d,
               struct instant now)
{
    const struct line *batch[BATCH_MOST];
    size_t entry = 0;
    for (size_t i = 0; i < h->n;) {
        size_t n = 0, most = 1 + dice_draw(d, BATCH_MOST);
        while (n < most && i + n < h->n && h->lines[i + n].at.us == h->lines[i].at.us) {
            batch[n] = &h->lines[i + n];
            n++;
        }
        entry = play_entries(p, e, entry, batch[0]->at);
        i += play_batch(p, batch, n, d);
    }
    (void)play_entries(p, e, entry, now);
    play_look(p, now);
}
