#include "tests/model/properties/play.h"

#include <string.h>

#include "common/casework/apply.h"
#include "tests/model/properties/entry.h"

void play_init(struct play *p)
{
    *p = (struct play){.now = INSTANT_NONE};
    shelf_init(&p->shelf);
    caseload_init(&p->caseload);
}

void play_clear(struct play *p)
{
    shelf_clear(&p->shelf);
    caseload_clear(&p->caseload);
}

void play_reset(struct play *p, const struct ruleset *rules)
{
    shelf_reset(&p->shelf);
    caseload_reset(&p->caseload);
    p->rules = rules;
    p->now = INSTANT_NONE;
    p->last_entry = 0;
}

/* ---- cases ---- */

/* ruleset.c reads a database; this part of it is all that is needed here. */
static struct date today(const struct play *p, struct instant now)
{
    return zone_date(settings_zone(p->rules->settings), now);
}

static void write_cases(struct play *p, struct instant now)
{
    struct changeset changes;
    changeset_make(&changes, &p->caseload, now, "test");
    for (size_t i = 0; i < p->shelf.n_persons; i++) {
        p->shelf.persons[i].touched = false;
    }
    shelf_write(&p->shelf, &p->caseload, &changes, today(p, now));
    p->now = now;
    p->n_written = changes.n_spells;
    for (size_t i = 0; i < changes.n_tombstones; i++) {
        const struct tombstone_row *row = &changes.tombstones[i];
        bool elsewhere = row->reason == END_MOVED || row->reason == END_ENTERED_IN_ERROR;
        p->n_written += row->stored->tombstone && elsewhere ? 0 : 1;
    }
}

/* For what it was about, one a line. */
static const char *absence_ids_of(const struct standing *e, struct arena *a)
{
    const struct record **records = NULL;
    size_t n = 0;
    if (e->spell != NULL) {
        records = e->spell->records;
        n = e->spell->n_records;
    } else if (e->period != NULL) {
        records = e->period->records;
        n = e->period->n_records;
    }
    const char *ids = "";
    for (size_t i = 0; i < n; i++) {
        ids = arena_printf(a, "%s%s\n", ids, records[i]->absence_id);
    }
    return ids;
}

static struct emitted emission_of(const struct saying *s, struct instant now, struct arena *a)
{
    const struct standing *e = s->event;
    return (struct emitted){.kind = e->kind,
                            .subject = e->subject,
                            .occurrence = e->occurrence,
                            .nth = s->nth,
                            .spell_id = e->spell == NULL ? NULL : e->spell->id,
                            .period_id = e->period == NULL ? NULL : e->period->id,
                            .at = e->at,
                            .occurs_on = e->occurs_on,
                            .due_on = e->due_on,
                            .late = now.us - e->at.us > 600 * US_PER_SECOND,
                            .about_spell = e->spell != NULL,
                            .data = absence_ids_of(e, a),
                            .emitted_at = now,
                            .withdrawn_at = INSTANT_NONE};
}

/* What followup does with the two queues a person may wait in (services/followup/shard/claim.c):
 * from that of prompts only HR is told, from the other everybody else. */
static bool keep_due(struct sayings *s, const struct case_person *p)
{
    size_t n = 0;
    bool oh_left = false;
    for (size_t i = 0; i < s->n; i++) {
        const struct saying *one = &s->items[i];
        enum event_kind kind = one->event != NULL ? one->event->kind : one->takes_back->kind;
        bool hr = event_kind_audience(kind) == AUDIENCE_HR;
        if (hr ? p->due_prompts : p->due_oh) {
            s->items[n++] = *one;
        } else {
            oh_left |= !hr;
        }
    }
    s->n = n;
    return oh_left;
}

static void set_wakes(struct case_person *p, struct instant now, bool oh_left)
{
    p->wake_at = p->due_prompts ? p->cw.prompt_wake_at : p->stored_wake;
    bool waits = !instant_is_none(p->stored_oh_wake) && p->stored_oh_wake.us <= now.us;
    if (p->due_oh || (!waits && !oh_left)) {
        p->oh_wake_at = p->cw.oh_wake_at;
    } else {
        p->oh_wake_at = waits ? p->stored_oh_wake : now;
    }
}

/* What a look leads to: what is to be said of one person is said and noted. */
static void say(struct play *p, struct case_person *cp, struct shelf_person *row,
                struct instant now)
{
    struct arena *a = p->caseload.arena;
    struct standing *standing;
    size_t n;
    diff_stand(&cp->cw, now, a, &standing, &n);
    diff_mark_settled(row->emitted, row->n_emitted, cp, now);
    struct sayings s = diff(standing, n, row->emitted, row->n_emitted, &cp->rules, now, a);
    set_wakes(cp, now, keep_due(&s, cp));
    for (size_t i = 0; i < s.n; i++) {
        if (p->on_saying != NULL) {
            p->on_saying(p->arg, cp, &s.items[i], now);
        }
    }
    for (size_t i = 0; i < s.n; i++) {
        if (s.items[i].takes_back != NULL) {
            row->emitted[s.items[i].takes_back - row->emitted].withdrawn_at = now;
        }
    }
    for (size_t i = 0; i < s.n; i++) {
        if (s.items[i].event != NULL) {
            struct emitted e = emission_of(&s.items[i], now, a);
            shelf_add_emitted(&p->shelf, row, &e);
        }
    }
}

static bool is_due(struct instant wake, struct instant now)
{
    return !instant_is_none(wake) && wake.us <= now.us;
}

enum look { LOOK_NOT, LOOK_WHERE_DUE, LOOK };

/* Everybody in the caseload is loaded, derived and written; with followup, said and put to sleep.
 */
static void derive_loaded(struct play *p, struct instant now, enum look looks)
{
    struct caseload *cl = &p->caseload;
    caseload_sort(cl);
    shelf_load(&p->shelf, cl);
    caseload_derive(cl, p->rules, now, true);
    for (size_t i = 0; i < cl->n_persons && looks != LOOK_NOT; i++) {
        struct case_person *cp = &cl->persons[i];
        cp->due_prompts = looks == LOOK || is_due(cp->stored_wake, now);
        cp->due_oh = looks == LOOK || is_due(cp->stored_oh_wake, now);
        say(p, cp, shelf_person(&p->shelf, cp->organisation, cp->person_id), now);
    }
    write_cases(p, now);
}

static void add_person(struct play *p, const struct shelf_person *row)
{
    (void)caseload_person(&p->caseload, row->organisation, row->person_id);
}

void play_look(struct play *p, struct instant now)
{
    caseload_reset(&p->caseload);
    for (size_t i = 0; i < p->shelf.n_persons; i++) {
        add_person(p, &p->shelf.persons[i]);
    }
    derive_loaded(p, now, p->follows ? LOOK : LOOK_NOT);
}

void play_follow(struct play *p, struct instant until)
{
    for (;;) {
        struct instant next = INSTANT_MAX;
        for (size_t i = 0; i < p->shelf.n_persons; i++) {
            struct instant wake = shelf_wake(&p->shelf.persons[i]);
            if (!instant_is_none(wake) && wake.us < next.us) {
                next = wake;
            }
        }
        if (next.us > until.us) {
            return;
        }
        next = next.us < p->now.us ? p->now : next;
        caseload_reset(&p->caseload);
        for (size_t i = 0; i < p->shelf.n_persons; i++) {
            const struct shelf_person *row = &p->shelf.persons[i];
            if (is_due(shelf_wake(row), next)) {
                add_person(p, row);
            }
        }
        derive_loaded(p, next, p->follows ? LOOK_WHERE_DUE : LOOK_NOT);
    }
}

/* ---- messages ---- */

static void decode(struct play *p, const struct line *line, struct inbound *in)
{
    if (line->given != NULL) {
        *in = *line->given;
        return;
    }
    const struct inbound_limits limits = settings_limits(p->rules->settings, 262144);
    inbound_decode(&line->raw, &limits, p->caseload.arena, in);
}

static bool counts(const struct inbound *in)
{
    return in->verdict == VERDICT_ABSENCE || in->verdict == VERDICT_PERSON ||
           in->verdict == VERDICT_NOT_SICKNESS;
}

static void add_concerned(struct play *p, const struct inbound *in)
{
    if (in->verdict == VERDICT_PERSON) {
        (void)caseload_person(&p->caseload, in->organisation, in->person.person_id);
        return;
    }
    if (in->verdict == VERDICT_ABSENCE) {
        (void)caseload_person(&p->caseload, in->organisation, in->absence.person_id);
    }
    const struct shelf_person *holder =
        shelf_holder(&p->shelf, in->organisation, in->source, in->absence.absence_id);
    if (holder != NULL) {
        add_person(p, holder);
    }
}

static bool is_behind(const struct play *p, const struct case_person *cp, struct date day)
{
    const struct shelf_person *row = shelf_find(&p->shelf, cp->organisation, cp->person_id);
    return row != NULL && !date_eq(row->derived_on, day);
}

/* People of the caseload whose rows are of an earlier day are looked at first, as followup would
 * have at midnight. */
static void catch_up(struct play *p, struct instant now)
{
    struct arena *a = p->shelf.a;
    const struct caseload *cl = &p->caseload;
    const char **keys = arena_array(a, 2 * cl->n_persons, sizeof *keys);
    size_t n = 0;
    for (size_t i = 0; i < cl->n_persons; i++) {
        if (is_behind(p, &cl->persons[i], today(p, now))) {
            keys[n++] = arena_strdup(a, cl->persons[i].organisation);
            keys[n++] = arena_strdup(a, cl->persons[i].person_id);
        }
    }
    caseload_reset(&p->caseload);
    for (size_t i = 0; i < n; i += 2) {
        (void)caseload_person(&p->caseload, keys[i], keys[i + 1]);
    }
    if (n > 0) {
        derive_loaded(p, now, LOOK_NOT);
    }
}

static struct inbound *decode_all(struct play *p, const struct line *const *lines, size_t n,
                                  struct instant now, bool tell)
{
    caseload_reset(&p->caseload);
    struct inbound *in = arena_array(p->caseload.arena, n, sizeof *in);
    for (size_t i = 0; i < n; i++) {
        decode(p, lines[i], &in[i]);
        if (tell && p->on_message != NULL) {
            p->on_message(p->arg, lines[i], &in[i], now);
        }
        if (counts(&in[i])) {
            add_concerned(p, &in[i]);
        }
    }
    return in;
}

void play_messages(struct play *p, const struct line *const *lines, size_t n, struct instant now)
{
    if (!p->dozes) {
        (void)decode_all(p, lines, n, now, false);
        catch_up(p, now);
    }
    const struct inbound *in = decode_all(p, lines, n, now, true);
    caseload_sort(&p->caseload);
    shelf_load(&p->shelf, &p->caseload);
    for (size_t i = 0; i < n; i++) {
        const struct record_known *k =
            in[i].verdict != VERDICT_ABSENCE
                ? NULL
                : shelf_find_gone(&p->shelf, in[i].organisation, in[i].source,
                                  in[i].absence.absence_id);
        if (k != NULL) {
            caseload_know_gone(&p->caseload, k);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (counts(&in[i])) {
            (void)caseload_apply(&p->caseload, &in[i], p->rules, now);
        }
    }
    caseload_derive(&p->caseload, p->rules, now, false);
    if (p->loses) {
        return;
    }
    write_cases(p, now);
    if (p->follows) {
        play_follow(p, now);
    }
}

/* ---- the rest ---- */

/* Everybody's rows are of today, as they are where followup is awake. */
static void catch_up_all(struct play *p, struct instant now)
{
    caseload_reset(&p->caseload);
    for (size_t i = 0; i < p->shelf.n_persons; i++) {
        add_person(p, &p->shelf.persons[i]);
    }
    catch_up(p, now);
}

static void make_entry(struct play *p, const struct line *line, struct instant now)
{
    struct entry_of_line e;
    entry_read(&e, line);
    struct shelf_person *row = entry_person(&p->shelf, &e);
    const char *refused =
        entry_make(&p->shelf, row, &e, settings_zone(p->rules->settings), now, ++p->last_entry);
    if (refused != NULL) {
        if (p->on_refused != NULL) {
            p->on_refused(p->arg, line, refused);
        }
        return;
    }
    caseload_reset(&p->caseload);
    add_person(p, row);
    derive_loaded(p, now, p->follows ? LOOK : LOOK_NOT);
}

/* As `dayfour settings load` does it to the records that are stored. */
static void know_pathways(struct play *p, struct instant now)
{
    for (size_t i = 0; i < p->shelf.n_persons; i++) {
        struct shelf_person *row = &p->shelf.persons[i];
        const struct org_rules *org = ruleset_for(p->rules, row->organisation).org;
        for (size_t k = 0; k < row->n_records; k++) {
            if (!row->records[k].rec.cancelled) {
                apply_settings(&row->records[k].rec, org, now, p->shelf.a);
            }
        }
    }
}

void play_other(struct play *p, const struct line *line, struct instant now)
{
    catch_up_all(p, now);
    if (line->kind == LINE_ENTRY) {
        make_entry(p, line, now);
        return;
    }
    p->rules = line->rules;
    know_pathways(p, now);
    play_look(p, now);
}

void play_fact(struct play *p, const char *organisation, const char *person_id,
               const struct contact_fact *fact, struct instant now)
{
    struct shelf_person *row = shelf_person(&p->shelf, organisation, person_id);
    *shelf_add_entry(&p->shelf, row) = (struct shelf_entry){.fact = *fact};
    caseload_reset(&p->caseload);
    add_person(p, row);
    derive_loaded(p, now, p->follows ? LOOK : LOOK_NOT);
}
