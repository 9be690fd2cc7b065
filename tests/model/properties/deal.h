/* deal - a history dealt out anew: the same messages in another order, some twice, in batches, some
 * batches lost and done again. What is known of each record first stays as it was: when that was is
 * a fact. */
#ifndef TESTS_PROPERTIES_DEAL_H
#define TESTS_PROPERTIES_DEAL_H

#include "tests/model/properties/play.h"

/* xorshift: the same on every machine. */
struct dice {
    uint32_t state;
};
struct dice dice_new(uint32_t seed, uint32_t number);
uint32_t dice_draw(struct dice *d, uint32_t n); /* 0 to n - 1, or 0 */
bool dice_one_in(struct dice *d, uint32_t n);

/* Messages and entries in the order of time. */
struct hand {
    struct line *lines;
    size_t n;
};

/* The history without the rules it loads, at times of which there are fewer: all messages at one
 * instant, or at the full hours or days. until: no line comes later. */
struct hand deal_plain(const struct history *h, struct instant until, struct dice *d,
                       struct arena *a);

/* What an entry came to: a fact, as true as if it had been told by somebody else. */
struct entered {
    const char *organisation, *person_id;
    struct contact_fact fact;
};

struct entered_list {
    struct entered *items;
    size_t n, cap;
    struct line *opts; /* opting out and in, as messages */
    size_t n_opts, cap_opts;
};

/* An opting out or in that was just entered, where it changed anything. */
void deal_note_opt(struct entered_list *e, const struct play *p, const struct line *line,
                   struct arena *a);
/* All other entries, at the end. */
void deal_note_entries(struct entered_list *e, const struct play *p, struct arena *a);

/* The messages of a hand and the opts, dealt anew. */
struct hand deal_anew(const struct hand *plain, const struct entered_list *e, struct dice *d,
                      struct arena *a);

/* Plays a hand that was dealt anew, the entries between; followup sleeps until now. */
void deal_play(struct play *p, const struct hand *h, const struct entered_list *e, struct dice *d,
               struct instant now);

#endif
