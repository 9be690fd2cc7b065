/* histories - plays invented histories through inbound, apply, derive and diff in one process,
 * prints what came of them for the reference model to be compared with, and tries on each what must
 * hold of any (checks.h).
 *
 *   histories SETTINGS CALENDAR INSTALL-KEY [--now INSTANT] [--seed N] [--tries N] [--no-rows]
 * <INPUT
 *
 * Rows come on standard output. A line {"broken":{"history":N,"rule":"…","detail":"…","lines":[…]}}
 * is a history that does not hold; the lines are those of the input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/properties/checks.h"
#include "tests/model/properties/rows.h"

struct options {
    struct input_from from;
    struct instant now;
    uint32_t seed;
    int tries;
    bool no_rows;
};

struct listener {
    struct buf out;
    struct arena *a;
    struct { /* of each organisation: its latest valid message */
        const char *organisation;
        struct instant at;
    } last_valid[256];
    size_t n_last_valid;
};

static void note_valid(struct listener *l, const char *organisation, struct instant at)
{
    size_t i = 0;
    while (i < l->n_last_valid && strcmp(l->last_valid[i].organisation, organisation) != 0) {
        i++;
    }
    if (i == sizeof l->last_valid / sizeof l->last_valid[0]) {
        return;
    }
    if (i == l->n_last_valid) {
        l->last_valid[l->n_last_valid++].organisation = arena_strdup(l->a, organisation);
        l->last_valid[i].at = at;
    }
    if (at.us > l->last_valid[i].at.us) {
        l->last_valid[i].at = at;
    }
}

static void on_message(void *arg, const struct line *line, const struct inbound *in,
                       struct instant now)
{
    struct listener *l = arg;
    if (in->verdict == VERDICT_REJECTED) {
        rows_put_dead(&l->out, line, in);
    } else if (in->verdict != VERDICT_IGNORED && in->verdict != VERDICT_NOT_SICKNESS) {
        /* No history has one that takes effect: see tests/model/reference/badinput.py. */
        note_valid(l, in->organisation, now);
    }
}

static void on_saying(void *arg, const struct case_person *p, const struct saying *s,
                      struct instant now)
{
    rows_put_saying(&((struct listener *)arg)->out, p, s, now);
}

static void on_refused(void *arg, const struct line *line, const char *sqlstate)
{
    rows_put_refused(&((struct listener *)arg)->out, line, sqlstate);
}

static void flush(struct buf *b)
{
    (void)fwrite(b->data, 1, b->len, stdout);
    buf_reset(b);
}

/* One line at a time, with followup awake all the while, as the reference model does it. Followup
 * sees all that happens at one instant at once. */
static void play_plainly(struct play *p, const struct history *h, struct instant now)
{
    for (size_t i = 0; i < h->n;) {
        struct instant at = h->lines[i].at;
        p->follows = true;
        play_follow(p, (struct instant){at.us - 1});
        p->follows = false;
        for (; i < h->n && h->lines[i].at.us == at.us; i++) {
            const struct line *line = &h->lines[i];
            if (line->kind == LINE_MESSAGE) {
                play_messages(p, &line, 1, at);
            } else {
                play_other(p, line, at);
            }
        }
        p->follows = true;
        play_follow(p, at);
    }
    play_follow(p, now);
    play_look(p, now);
}

static void print_histories(const struct input *in, const struct options *o)
{
    struct listener l = {.a = in->a};
    struct play p;
    play_init(&p);
    p.arg = &l;
    p.on_message = on_message;
    p.on_saying = on_saying;
    p.on_refused = on_refused;
    for (size_t i = 0; i < in->n_histories; i++) {
        play_reset(&p, in->first.rules);
        play_plainly(&p, &in->histories[i], o->now);
        rows_put(&l.out, &p, ROWS_ALL);
        flush(&l.out);
    }
    const struct ruleset *rs =
        in->n_loaded > 0 ? in->loaded[in->n_loaded - 1].rules : in->first.rules;
    for (size_t i = 0; i < l.n_last_valid; i++) {
        const struct rules r = ruleset_for(rs, l.last_valid[i].organisation);
        rows_put_silent(&l.out, l.last_valid[i].organisation, &r, l.last_valid[i].at, o->now);
    }
    flush(&l.out);
    buf_clear(&l.out);
    play_clear(&p);
}

static void print_broken(const struct history *h, size_t number, const struct broken *b)
{
    struct buf out = {0};
    buf_printf(&out, "{\"broken\":{\"history\":%zu,\"rule\":", number);
    json_put_string(&out, b->rule);
    buf_puts(&out, ",\"detail\":");
    json_put_string(&out, b->detail);
    buf_puts(&out, ",\"lines\":[");
    for (size_t i = 0; i < h->n; i++) {
        buf_printf(&out, "%s%zu", i == 0 ? "" : ",", h->lines[i].number);
    }
    buf_puts(&out, "]}}\n");
    flush(&out);
    buf_clear(&out);
}

static size_t check_histories(const struct input *in, const struct options *o)
{
    struct checks *c = checks_new(in, o->now, o->seed, o->tries);
    size_t n_broken = 0;
    for (size_t i = 0; i < in->n_histories; i++) {
        const struct broken *b = checks_try(c, &in->histories[i]);
        if (b != NULL) {
            print_broken(&in->histories[i], i + 1, b);
            n_broken++;
        }
    }
    printf("{\"tried\":{\"histories\":%zu,\"plays\":%zu,\"broken\":%zu}}\n", in->n_histories,
           checks_plays(c), n_broken);
    checks_free(c);
    return n_broken;
}

static _Noreturn void usage(void)
{
    (void)fputs("usage: histories SETTINGS CALENDAR INSTALL-KEY [--now INSTANT] [--seed N]"
                " [--tries N] [--no-rows] <INPUT\n",
                stderr);
    exit(2);
}

static void read_options(struct options *o, int argc, char **argv)
{
    if (argc < 4) {
        usage();
    }
    *o =
        (struct options){.from = {.settings = argv[1], .calendar = argv[2], .install_key = argv[3]},
                         .now = INSTANT_NONE,
                         .seed = 1};
    for (int i = 4; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--no-rows") == 0) {
            o->no_rows = true;
            continue;
        }
        if (strcmp(argv[i], "--now") == 0 && instant_parse(value, strlen(value), &o->now)) {
            i++;
        } else if (strcmp(argv[i], "--seed") == 0) {
            o->seed = (uint32_t)strtoul(value, NULL, 10);
            i++;
        } else if (strcmp(argv[i], "--tries") == 0) {
            o->tries = (int)strtol(value, NULL, 10);
            i++;
        } else {
            usage();
        }
    }
}

int main(int argc, char **argv)
{
    struct options o;
    struct input in;
    read_options(&o, argc, argv);
    input_read(&in, &o.from);
    if (instant_is_none(o.now)) {
        o.now = in.last;
    }
    if (!o.no_rows) {
        print_histories(&in, &o);
    }
    size_t n_broken = o.tries > 0 ? check_histories(&in, &o) : 0;
    input_free(&in);
    return n_broken > 0 ? 1 : 0;
}
