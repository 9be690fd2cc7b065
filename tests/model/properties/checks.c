#include "tests/model/properties/checks.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "tests/model/properties/deal.h"
#include "tests/model/properties/never.h"
#include "tests/model/properties/rows.h"

#define CHUNK (256 * 1024)

struct checks {
    const struct input *in;
    struct instant now;
    uint32_t seed, number;
    int tries;
    size_t plays;
    struct arena *a;    /* of one try */
    struct play plain;  /* a line at a time, followup awake */
    struct play anew;   /* the same dealt again */
    size_t n_said;      /* by the plain play, so far */
    const char *said;   /* the latest of it; NULL */
    struct buf rows[2]; /* of both */
    struct broken broken;
};

static void on_saying(void *arg, const struct case_person *p, const struct saying *s,
                      struct instant now)
{
    struct checks *c = arg;
    struct buf b = {0};
    rows_put_saying(&b, p, s, now);
    c->said = arena_strndup(c->a, b.data, b.len - 1);
    buf_clear(&b);
    c->n_said++;
}

struct checks *checks_new(const struct input *in, struct instant now, uint32_t seed, int tries)
{
    struct checks *c = mem_alloc(sizeof *c);
    *c = (struct checks){.in = in, .now = now, .seed = seed, .tries = tries, .a = arena_new(CHUNK)};
    play_init(&c->plain);
    play_init(&c->anew);
    c->plain.arg = c;
    c->plain.on_saying = on_saying;
    c->anew.dozes = true;
    return c;
}

void checks_free(struct checks *c)
{
    play_clear(&c->plain);
    play_clear(&c->anew);
    buf_clear(&c->rows[0]);
    buf_clear(&c->rows[1]);
    arena_free(c->a);
    free(c);
}

size_t checks_plays(const struct checks *c)
{
    return c->plays;
}

/* ---- one play, watched ---- */

/* Looking again when nothing has happened: nothing is said, no row is written. */
static bool stays_so(struct checks *c, struct instant at, const char *rule)
{
    size_t before = c->n_said;
    play_look(&c->plain, at);
    if (c->n_said == before && c->plain.n_written == 0) {
        return true;
    }
    char text[INSTANT_TEXT];
    c->broken = (struct broken){
        rule, arena_printf(c->a, "%zu rows written and %zu things said at %s with nothing new%s%s",
                           c->plain.n_written, c->n_said - before, instant_format(at, text),
                           c->n_said > before ? ": " : "", c->n_said > before ? c->said : "")};
    return false;
}

static struct instant next_wake(const struct play *p)
{
    struct instant next = INSTANT_MAX;
    for (size_t i = 0; i < p->shelf.n_persons; i++) {
        struct instant wake = shelf_wake(&p->shelf.persons[i]);
        next = !instant_is_none(wake) && wake.us < next.us ? wake : next;
    }
    return next;
}

/* derive() gives the same for its own output, and does so until the case asks to be derived.
 */
static bool look_again(struct checks *c, struct instant until, struct dice *d)
{
    struct instant at = c->plain.now;
    if (dice_one_in(d, 4) && !stays_so(c, at, "own output")) {
        return false;
    }
    struct instant wake = next_wake(&c->plain);
    struct instant last = {(wake.us < until.us ? wake.us : until.us) - 1};
    return last.us <= at.us || !dice_one_in(d, 4) || stays_so(c, last, "asleep");
}

static bool look(struct checks *c, const struct tasks_then *then)
{
    c->broken = never_look(&c->plain, then, c->a);
    if (c->broken.rule != NULL) {
        char text[INSTANT_TEXT];
        c->broken.detail =
            arena_printf(c->a, "%s at %s", c->broken.detail, instant_format(c->plain.now, text));
    }
    return c->broken.rule == NULL;
}

/* All that happens at one instant; e: where opting out is noted, or NULL. */
static size_t play_instant(struct checks *c, const struct line *lines, size_t n,
                           struct entered_list *e)
{
    size_t i = 0;
    struct instant at = lines[0].at;
    c->plain.follows = false;
    for (; i < n && lines[i].at.us == at.us; i++) {
        const struct line *line = &lines[i];
        if (line->kind == LINE_MESSAGE) {
            play_messages(&c->plain, &line, 1, at);
            continue;
        }
        play_other(&c->plain, line, at);
        if (e != NULL && line->kind == LINE_ENTRY) {
            deal_note_opt(e, &c->plain, line, c->a);
        }
    }
    c->plain.follows = true;
    return i;
}

/* A line at a time, followup awake, and never anything that must not be. */
static bool watch(struct checks *c, const struct line *lines, size_t n, const struct ruleset *rules,
                  struct entered_list *e, struct dice *d)
{
    struct play *p = &c->plain;
    play_reset(p, rules);
    c->plays++;
    for (size_t i = 0; i < n;) {
        struct instant at = lines[i].at;
        p->follows = true;
        play_follow(p, (struct instant){at.us - 1});
        struct tasks_then then;
        never_remember(p, c->a, &then);
        i += play_instant(c, &lines[i], n - i, e);
        play_follow(p, at);
        struct instant next = i < n ? lines[i].at : c->now;
        if (!look(c, &then) || !look_again(c, next, d)) {
            return false;
        }
    }
    play_follow(p, c->now);
    play_look(p, c->now);
    if (!look(c, NULL)) {
        return false;
    }
    c->broken = never_said(p, c->a);
    return c->broken.rule == NULL;
}

/* ---- the same, whatever the order ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **sorted_lines(struct buf *b, struct arena *a, size_t *n)
{
    size_t most = 1;
    for (size_t i = 0; i < b->len; i++) {
        most += b->data[i] == '\n';
    }
    const char **lines = arena_array(a, most, sizeof *lines);
    *n = 0;
    for (size_t i = 0, from = 0; i < b->len; i++) {
        if (b->data[i] == '\n') {
            lines[(*n)++] = arena_strndup(a, b->data + from, i - from);
            from = i + 1;
        }
    }
    qsort(lines, *n, sizeof *lines, by_text);
    return lines;
}

/* The first row that only one of the plays has; NULL: none. */
static const char *difference(struct checks *c)
{
    size_t n[2];
    const char **lines[2];
    const struct play *plays[] = {&c->plain, &c->anew};
    for (int i = 0; i < 2; i++) {
        buf_reset(&c->rows[i]);
        rows_put(&c->rows[i], plays[i], ROWS_OF_FACTS);
        lines[i] = sorted_lines(&c->rows[i], c->a, &n[i]);
    }
    for (size_t i = 0; i < n[0] || i < n[1]; i++) {
        const char *x = i < n[0] ? lines[0][i] : NULL, *y = i < n[1] ? lines[1][i] : NULL;
        if (x == NULL || y == NULL || strcmp(x, y) != 0) {
            return arena_printf(c->a, "as it came: %s, dealt anew: %s", x == NULL ? "nothing" : x,
                                y == NULL ? "nothing" : y);
        }
    }
    return NULL;
}

static bool deal(struct checks *c, const struct history *h, struct dice *d)
{
    const struct input *in = c->in;
    bool last = in->n_loaded > 0 && dice_one_in(d, 2);
    const struct ruleset *rules =
        last ? in->loaded[in->n_loaded - 1].unsettled : in->first.unsettled;
    struct hand plain = deal_plain(h, c->now, d, c->a);
    struct entered_list e = {0};
    if (plain.n == 0) {
        return true;
    }
    if (!watch(c, plain.lines, plain.n, rules, &e, d)) {
        return false;
    }
    deal_note_entries(&e, &c->plain, c->a);
    struct hand anew = deal_anew(&plain, &e, d, c->a);
    play_reset(&c->anew, rules);
    c->plays++;
    deal_play(&c->anew, &anew, &e, d, c->now);
    const char *differs = difference(c);
    if (differs != NULL) {
        c->broken = (struct broken){"order", differs};
    }
    return differs == NULL;
}

const struct broken *checks_try(struct checks *c, const struct history *h)
{
    arena_reset(c->a);
    c->broken = (struct broken){0};
    struct dice d = dice_new(c->seed, ++c->number);
    if (!watch(c, h->lines, h->n, c->in->first.rules, NULL, &d)) {
        return &c->broken;
    }
    for (int i = 0; i < c->tries; i++) {
        arena_reset(c->a);
        if (!deal(c, h, &d)) {
            return &c->broken;
        }
    }
    return NULL;
}
