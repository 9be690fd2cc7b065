/* twins - HR's events follow from HR's facts alone. Two worlds get the same messages over
 * years of clock, and differ in everything else: reasons, what occupational health does, when there
 * is a purge. HR's topic must be the same, saying by saying, and so must be what is stored of the
 * prompts that come next.
 *
 *   twins SETTINGS [--histories N] [--seed N] [--show] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/retention/policy.h"
#include "tests/model/properties/deal.h"
#include "tests/model/properties/rows.h"

#define ORGANISATION "RW3"
#define SOURCE "/hr/RW3"
#define PERSONS 2
#define RECORDS_MOST 12
#define STEPS 40
#define RULES 4

/* unmatched_days, matched_days, settle_days */
static const int keeping[RULES][3] = {
    {120, 2555, 120}, {60, 400, 40}, {400, 2555, 120}, {120, 150, 120}};

struct world {
    struct play play;
    struct dice dice; /* of what HR does not know */
    bool matched[PERSONS];
    struct buf said; /* HR's topic */
    int64_t entries;
    size_t n_purged, n_contacts, n_ahead;
};

struct twins {
    struct arena *a;
    struct ruleset *rules[RULES];
    struct ruleset in_force; /* with what was in force before */
    struct hr_past past[STEPS];
    struct ruleset_past of_all;
    struct world world[2];
    struct dice dice; /* of what HR does */
    struct instant now;
    struct absence_event records[RECORDS_MOST]; /* as HR has them */
    bool asked[RECORDS_MOST];                   /* HR has given no reason for it */
    size_t n_records, n_messages;
};

/* ---- rules ---- */

static void put_number(struct buf *b, const char *document, const char *name, int days)
{
    const char *at = strstr(document, name);
    if (at == NULL) {
        (void)fprintf(stderr, "settings without %s\n", name);
        exit(2);
    }
    at += strlen(name) + 2;
    buf_reset(b);
    buf_put(b, document, (size_t)(at - document));
    buf_printf(b, " %d", days);
    at += strspn(at, " 0123456789");
    buf_puts(b, at);
}

static void put_word(struct buf *b, const char *document, const char *name, const char *word)
{
    const char *at = strstr(document, name);
    if (at == NULL) {
        (void)fprintf(stderr, "settings without %s\n", name);
        exit(2);
    }
    at += strlen(name) + 1;
    buf_reset(b);
    buf_put(b, document, (size_t)(at - document));
    buf_printf(b, " %s", word);
    buf_puts(b, at + strcspn(at, ",\n}"));
}

static struct ruleset *rules_of(const char *document, const int days[3])
{
    static const uint8_t key[INSTALL_KEY_BYTES] = "a key for tests, of 32 bytes ...";
    const struct {
        const char *name;
        int days;
    } numbers[] = {{"\"unmatched_days\"", days[0]},
                   {"\"matched_days\"", days[1]},
                   {"\"settle_days\"", days[2]}};
    struct buf from = {0}, to = {0};
    struct err err = {0};
    buf_puts(&from, document);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        put_number(&to, from.data, numbers[i].name, numbers[i].days);
        struct buf swap = from;
        from = to;
        to = swap;
    }
    put_word(&to, from.data, "\"ask_reasons\"", "true");
    struct buf asking = from;
    from = to;
    to = asking;
    struct ruleset *rs = mem_alloc(sizeof *rs);
    *rs =
        (struct ruleset){.calendar = calendar_new(), .install_key = hmac_key_new(key, sizeof key)};
    if (settings_parse(&rs->settings, from.data, from.len, &err) != STATUS_OK) {
        (void)fprintf(stderr, "settings: %s\n", err.text);
        exit(2);
    }
    buf_clear(&from);
    buf_clear(&to);
    return rs;
}

static void put_in_force(struct twins *t, const struct ruleset *rs)
{
    int32_t serial = t->in_force.serial + 1;
    if (t->in_force.settings != NULL) {
        const struct org_rules *org = settings_for(t->in_force.settings, ORGANISATION);
        t->past[t->of_all.n++] = (struct hr_past){.until = t->now,
                                                  .unmatched_days = org->unmatched_days,
                                                  .settle_days = org->settle_days};
    }
    t->in_force = *rs;
    t->in_force.serial = serial;
    t->in_force.settings_serial = serial;
    t->of_all.items = t->past;
    t->of_all.organisation = arena_strdup(t->a, "");
    t->in_force.past = &t->of_all;
    t->in_force.n_past = t->of_all.n > 0 ? 1 : 0;
}

/* ---- what HR sends ---- */

static struct date today(const struct twins *t)
{
    return zone_date(settings_zone(t->in_force.settings), t->now);
}

static const char *person_name(size_t n)
{
    static const char *const names[PERSONS] = {"P-1", "P-2"};
    return names[n];
}

static struct absence_event *opened(struct twins *t, int32_t onset)
{
    if (t->n_records == RECORDS_MOST) {
        return &t->records[dice_draw(&t->dice, RECORDS_MOST)];
    }
    static const int lengths[] = {-1, 0, 3, 10, 25};
    struct absence_event *r = &t->records[t->n_records++];
    int length = lengths[dice_draw(&t->dice, 5)];
    *r = (struct absence_event){.absence_id = arena_printf(t->a, "A-%zu", t->n_records),
                                .version = 3,
                                .person_id = person_name(dice_draw(&t->dice, PERSONS)),
                                .onset = {onset},
                                .last_day = length < 0 ? DATE_NONE : (struct date){onset + length},
                                .expected_return = DATE_NONE,
                                .fit_note_from = DATE_NONE,
                                .fit_note_to = DATE_NONE,
                                .phased_return_from = DATE_NONE,
                                .contact = CONTACT_DETAILS_NONE,
                                .recorded_at = INSTANT_NONE};
    if (dice_one_in(&t->dice, 3)) {
        r->assignment_id = dice_one_in(&t->dice, 2) ? "1" : "2";
    }
    return r;
}

static void change(struct twins *t, struct absence_event *r)
{
    struct dice *d = &t->dice;
    int32_t day = today(t).days;
    switch (dice_draw(d, 12)) {
    case 0:
        r->phased_return_from = (struct date){day - 14 + (int32_t)dice_draw(d, 20)};
        break;
    case 1: /* reopened */
        r->last_day = DATE_NONE;
        break;
    case 2:
    case 3:
        r->last_day = (struct date){day - (int32_t)dice_draw(d, 8)};
        break;
    case 4:
        r->last_day = date_add(r->last_day, (int32_t)dice_draw(d, 7) - 3);
        break;
    case 5:
        r->expected_return = (struct date){day + (int32_t)dice_draw(d, 10)};
        break;
    case 6:
        r->fit_note_to = (struct date){day + (int32_t)dice_draw(d, 12)};
        break;
    case 7: /* merged with another person */
        r->person_id = person_name(dice_draw(d, PERSONS));
        break;
    case 8:
        r->cancelled = !r->cancelled;
        break;
    case 9: /* used again for an absence of today */
        r->onset = (struct date){day - (int32_t)dice_draw(d, 10)};
        break;
    case 10:
        r->assignment_id = r->assignment_id == NULL ? "1" : NULL;
        break;
    default:
        break; /* says the same */
    }
    if (!date_is_none(r->last_day) && r->last_day.days < r->onset.days) {
        r->last_day = r->onset;
    }
    r->version++;
}

/* A message is the same in both worlds but for its reason. Whether it gives one is the same too:
 * missing, for an absence. */
static struct inbound next_message(struct twins *t, bool *missing)
{
    *missing = false;
    struct dice *d = &t->dice;
    int32_t day = today(t).days;
    struct inbound in = {.verdict = VERDICT_ABSENCE,
                         .organisation = ORGANISATION,
                         .source = SOURCE,
                         .id = arena_printf(t->a, "e-%zu", ++t->n_messages)};
    if (dice_one_in(d, 14)) {
        static const int32_t before[] = {0, 2, 30, 130, 300};
        in.verdict = VERDICT_PERSON;
        in.person = (struct person_event){.person_id = person_name(dice_draw(d, PERSONS)),
                                          .what = dice_one_in(d, 3) ? PERSON_DIED : PERSON_LEFT,
                                          .on = {day - before[dice_draw(d, 5)]},
                                          .time = t->now};
        if (dice_one_in(d, 2)) {
            in.person.on = DATE_NONE;
        }
        return in;
    }
    struct absence_event *r = NULL;
    if (t->n_records == 0 || dice_one_in(d, 5)) {
        static const int32_t ago[] = {-3, 0, 1, 6, 40, 200};
        r = opened(t, day - ago[dice_draw(d, 6)]);
    } else if (dice_one_in(d, 6)) { /* adjoining one of before */
        const struct absence_event *of = &t->records[dice_draw(d, (uint32_t)t->n_records)];
        r = opened(t, date_is_none(of->last_day) ? day : of->last_day.days + 1);
    } else {
        r = &t->records[dice_draw(d, (uint32_t)t->n_records)];
        if (!dice_one_in(d, 4)) {
            change(t, r);
        }
    }
    in.absence = *r;
    /* Mostly the reason is given or not as before; a resend of the same version may differ too. */
    bool *asked = &t->asked[r - t->records];
    *asked = dice_one_in(d, 4) ? dice_one_in(d, 2) : *asked;
    *missing = *asked;
    if (dice_one_in(d, 8)) {
        in.absence.version = r->version > 2 ? r->version - 2 : 1; /* an older one, or with a lower
                                                                     number for another absence */
    }
    return in;
}

/* ---- what HR does not know ---- */

static void give_reason(struct world *w, struct inbound *in, bool missing)
{
    static const char *const codes[2][3] = {{"S13", "S25", "S17"}, {"S12", "S10", "S98"}};
    if (in->verdict != VERDICT_ABSENCE || (missing && dice_one_in(&w->dice, 2))) {
        return;
    }
    bool matched = w->matched[strcmp(in->absence.person_id, person_name(0)) == 0 ? 0 : 1];
    in->absence.scheme = SCHEME_ESR;
    in->absence.code = missing ? "S99" : codes[matched ? 1 : 0][dice_draw(&w->dice, 3)];
}

static void enter(struct twins *t, struct world *w)
{
    static const enum contact_kind kinds[] = {CONTACT_ATTEMPT, CONTACT_MADE, CONTACT_CLOSE,
                                              CONTACT_MADE, CONTACT_ACKNOWLEDGE};
    for (size_t i = 0; i < w->play.shelf.n_persons; i++) {
        struct shelf_person *p = &w->play.shelf.persons[i];
        if (p->n_entries > 0 && dice_one_in(&w->dice, 6)) {
            struct contact_fact *c = &p->entries[dice_draw(&w->dice, (uint32_t)p->n_entries)].fact;
            c->retracted = true;
            c->entered_at = t->now;
            play_look(&w->play, t->now);
            continue;
        }
        if (p->n_spells == 0 || !dice_one_in(&w->dice, 3)) {
            continue;
        }
        const struct shelf_spell *s = &p->spells[dice_draw(&w->dice, (uint32_t)p->n_spells)];
        enum contact_kind kind = kinds[dice_draw(&w->dice, 5)];
        bool promises = kind == CONTACT_ATTEMPT && dice_one_in(&w->dice, 2);
        const struct contact_fact fact = {
            .entry_id = ++w->entries,
            .kind = kind,
            .pathway = s->key.pathway,
            .at = t->now,
            .entered_at = t->now,
            .by = "amy",
            .outcome = promises                  ? OUTCOME_CALL_BACK
                       : kind == CONTACT_ATTEMPT ? OUTCOME_NO_ANSWER
                                                 : OUTCOME_SELF_MANAGEMENT,
            .review_on = DATE_NONE,
            .call_back_at = promises ? instant_add_us(t->now, US_PER_DAY) : INSTANT_NONE,
            .red_flag = dice_one_in(&w->dice, 4),
            .anchor = s->key.anchor,
            .records = s->records,
            .n_records = s->n_records};
        w->n_contacts++;
        play_fact(&w->play, p->organisation, p->person_id, &fact, t->now);
    }
}

/* ---- the purge ---- */

static struct policy_emission *said_of(const struct shelf_person *p, struct arena *a)
{
    struct policy_emission *out = arena_array(a, p->n_emitted, sizeof *out);
    for (size_t i = 0; i < p->n_emitted; i++) {
        const struct emitted *e = &p->emitted[i];
        bool withdrawn = !instant_is_none(e->withdrawn_at);
        char *ids = arena_strdup(a, e->data), *rest = NULL;
        out[i] =
            (struct policy_emission){.subject = e->subject,
                                     .kind = event_kind_name(e->kind),
                                     .occurrence = e->occurrence,
                                     .nth = e->nth,
                                     .last_at = withdrawn ? e->withdrawn_at : e->emitted_at,
                                     .absence_ids = arena_array(a, RECORDS_MOST, sizeof(char *))};
        for (char *id = strtok_r(ids, "\n", &rest); id != NULL; id = strtok_r(NULL, "\n", &rest)) {
            out[i].absence_ids[out[i].n_absence_ids++] = id;
        }
    }
    return out;
}

#define DROP(items, n, marks)                                                                      \
    do {                                                                                           \
        size_t left_ = 0;                                                                          \
        for (size_t i_ = 0; i_ < (n); i_++) {                                                      \
            if (!(marks)[i_]) {                                                                    \
                (items)[left_++] = (items)[i_];                                                    \
            }                                                                                      \
        }                                                                                          \
        (n) = left_;                                                                               \
    } while (0)

/* As common/retention/removal.c does it. */
static void purge_person(struct twins *t, struct world *w, const struct case_person *cp)
{
    struct shelf *shelf = &w->play.shelf;
    struct shelf_person *p = shelf_find(shelf, cp->organisation, cp->person_id);
    struct policy_decision what;
    policy_decide(cp, said_of(p, t->a), p->n_emitted, settings_retention(t->in_force.settings),
                  t->now, t->a, &what);
    for (size_t i = 0; i < p->n_records; i++) {
        if (what.record[i]) {
            shelf_add_gone(shelf, p->organisation, &p->records[i].rec, cp->cw.gone_at[i]);
            w->n_purged++;
        } else if (what.gone[i]) {
            p->records[i].rec.gone_at = cp->cw.gone_at[i];
        }
    }
    DROP(p->records, p->n_records, what.record);
    DROP(p->spells, p->n_spells, what.spell);
    DROP(p->entries, p->n_entries, what.entry);
    DROP(p->emitted, p->n_emitted, what.emission);
    if (what.person) {
        *p = shelf->persons[--shelf->n_persons];
    }
}

static void purge(struct twins *t, struct world *w)
{
    struct caseload *cl = &w->play.caseload;
    caseload_reset(cl);
    for (size_t i = 0; i < w->play.shelf.n_persons; i++) {
        const struct shelf_person *p = &w->play.shelf.persons[i];
        (void)caseload_person(cl, p->organisation, p->person_id);
    }
    caseload_sort(cl);
    shelf_load(&w->play.shelf, cl);
    caseload_derive(cl, &t->in_force, t->now, true);
    for (size_t i = 0; i < cl->n_persons; i++) {
        purge_person(t, w, &cl->persons[i]);
    }
}

/* ---- one history ---- */

static void on_saying(void *arg, const struct case_person *p, const struct saying *s,
                      struct instant now)
{
    struct world *w = arg;
    enum event_kind kind = s->event != NULL ? s->event->kind : s->takes_back->kind;
    if (event_kind_audience(kind) != AUDIENCE_HR) {
        return;
    }
    rows_put_saying(&w->said, p, s, now);
    const struct period *period = s->event != NULL ? s->event->period : NULL;
    for (size_t i = 0; period != NULL && i < period->n_records; i++) {
        buf_printf(&w->said, "  %s\n", period->records[i]->absence_id);
    }
}

static void put_next(struct world *w)
{
    for (size_t i = 0; i < PERSONS; i++) {
        const struct shelf_person *p = shelf_find(&w->play.shelf, ORGANISATION, person_name(i));
        if (p != NULL && p->next_prompts != NULL) {
            buf_printf(&w->said, "next for %s: %s\n", p->person_id, p->next_prompts);
            w->n_ahead++;
        }
    }
}

static void step(struct twins *t)
{
    static const int64_t hours[] = {3, 20, 24, 75, 240, 960, 3000};
    struct inbound in[3];
    bool missing[3];
    size_t n = dice_draw(&t->dice, 4);
    t->now = instant_add_us(t->now, hours[dice_draw(&t->dice, 7)] * 3600 * US_PER_SECOND);
    bool awake = !dice_one_in(&t->dice, 4);
    struct instant before = {t->now.us - 1};
    for (size_t k = 0; k < 2 && awake; k++) {
        play_follow(&t->world[k].play, before);
    }
    if (dice_one_in(&t->dice, 10)) {
        put_in_force(t, t->rules[dice_draw(&t->dice, RULES)]);
        for (size_t k = 0; k < 2; k++) {
            play_look(&t->world[k].play, t->now);
        }
    }
    for (size_t i = 0; i < n; i++) {
        in[i] = next_message(t, &missing[i]);
    }
    for (size_t k = 0; k < 2; k++) {
        struct world *w = &t->world[k];
        struct line lines[3];
        const struct line *batch[3];
        struct inbound mine[3];
        for (size_t i = 0; i < n; i++) {
            mine[i] = in[i];
            give_reason(w, &mine[i], missing[i]);
            lines[i] = (struct line){.kind = LINE_MESSAGE, .at = t->now, .given = &mine[i]};
            batch[i] = &lines[i];
        }
        if (n > 0) {
            play_messages(&w->play, batch, n, t->now);
        }
        play_follow(&w->play, t->now);
        if (dice_one_in(&w->dice, 3)) {
            enter(t, w);
        }
        if (dice_one_in(&w->dice, 4)) {
            purge(t, w);
        }
        put_next(w);
    }
}

static void start(struct twins *t, uint32_t seed, uint32_t number)
{
    arena_reset(t->a);
    t->dice = dice_new(seed, number);
    t->now = (struct instant){INT64_C(1777885200) * US_PER_SECOND}; /* 2026-05-04 */
    t->n_records = 0;
    t->n_messages = 0;
    memset(t->asked, 0, sizeof t->asked);
    t->of_all.n = 0;
    t->in_force = (struct ruleset){0};
    put_in_force(t, t->rules[dice_draw(&t->dice, RULES)]);
    for (size_t k = 0; k < 2; k++) {
        struct world *w = &t->world[k];
        w->dice = dice_new(seed + 77 * (uint32_t)(k + 1), number);
        play_reset(&w->play, &t->in_force);
        w->play.follows = true;
        w->play.dozes = true;
        w->entries = 0;
        buf_reset(&w->said);
        for (size_t i = 0; i < PERSONS; i++) {
            w->matched[i] = k == 0 ? dice_one_in(&w->dice, 8) : !dice_one_in(&w->dice, 4);
        }
    }
}

static bool same(const struct twins *t)
{
    const struct buf *x = &t->world[0].said, *y = &t->world[1].said;
    return x->len == y->len && (x->len == 0 || memcmp(x->data, y->data, x->len) == 0);
}

static void show(const struct twins *t, uint32_t number, int steps, bool all)
{
    size_t at = 0;
    const struct buf *x = &t->world[0].said, *y = &t->world[1].said;
    while (!all && at < x->len && at < y->len && x->data[at] == y->data[at]) {
        at++;
    }
    while (at > 0 && x->data[at - 1] != '\n') {
        at--;
    }
    printf("FAILED history %u, step %d\n  one:   %.*s\n  other: %.*s\n", number, steps,
           (int)(x->len - at), x->len > at ? x->data + at : "", (int)(y->len - at),
           y->len > at ? y->data + at : "");
}

static char *read_all(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct buf b = {0};
    char chunk[4096];
    if (f == NULL) {
        perror(path);
        exit(2);
    }
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;) {
        buf_put(&b, chunk, n);
    }
    (void)fclose(f);
    buf_putc(&b, '\0');
    return b.data;
}

int main(int argc, char **argv)
{
    static struct twins t;
    uint32_t histories = 3000, seed = 1, only = UINT32_MAX;
    size_t failed = 0, said = 0, purged = 0, contacts = 0, messages = 0;
    char *document = argc < 2 ? NULL : read_all(argv[1]);
    for (int i = 2; i + 1 < argc; i += 2) {
        uint32_t value = (uint32_t)strtoul(argv[i + 1], NULL, 10);
        histories = strcmp(argv[i], "--histories") == 0 ? value : histories;
        seed = strcmp(argv[i], "--seed") == 0 ? value : seed;
        only = strcmp(argv[i], "--only") == 0 ? value : only;
    }
    if (document == NULL) {
        (void)fputs("usage: twins SETTINGS [--histories N] [--seed N] [--only N]\n", stderr);
        return 2;
    }
    t.a = arena_new(64 * 1024);
    for (size_t i = 0; i < RULES; i++) {
        t.rules[i] = rules_of(document, keeping[i]);
    }
    for (size_t k = 0; k < 2; k++) {
        play_init(&t.world[k].play);
        t.world[k].play.arg = &t.world[k];
        t.world[k].play.on_saying = on_saying;
    }
    for (uint32_t n = 0; n < histories && failed < 3; n++) {
        if (only != UINT32_MAX && n != only) {
            continue;
        }
        start(&t, seed, n);
        int steps = 0;
        while (steps < STEPS && same(&t)) {
            step(&t);
            steps++;
        }
        if (!same(&t)) {
            show(&t, n, steps, only != UINT32_MAX);
            failed++;
        }
        messages += t.n_messages;
        for (const char *c = t.world[0].said.data; t.world[0].said.len > 0 && *c != '\0'; c++) {
            said += *c == '{' ? 1 : 0;
        }
    }
    for (size_t k = 0; k < 2; k++) {
        purged += t.world[k].n_purged;
        contacts += t.world[k].n_contacts;
    }
    printf(
        "%u histories in two worlds, %zu messages, %zu things said to HR, %zu times a prompt ahead,"
        " %zu records purged, %zu entries\n",
        histories, messages, said, t.world[0].n_ahead, purged, contacts);
    printf("cases: %zu passed, %zu failed, 0 skipped\n", (size_t)histories - failed, failed);
    return failed > 0 ? 1 : 0;
}
