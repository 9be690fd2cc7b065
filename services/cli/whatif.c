#include "services/cli/whatif.h"

#include <stdlib.h>
#include <string.h>

#include "common/casefile/load.h"
#include "common/mem.h"
#include "services/cli/brief.h"
#include "services/cli/rulebook.h"
#include "services/cli/shipped.h"

#define WOULD_MAX 64

struct whatif {
    struct cli *cli;
    struct ruleset *rules;
    struct caseload people;
    struct arena *scratch; /* of one event */
    struct instant now;
    bool stored; /* people are in the database */
};

/* ---- rules ---- */

static enum status rules_of_file(struct whatif *w, const char *path, struct err *err)
{
    static const uint8_t no_key[INSTALL_KEY_BYTES]; /* ids are not shown */
    char *text = NULL;
    size_t len = 0;
    enum status s = cli_read(path, &text, &len, err);
    if (s != STATUS_OK) {
        return s;
    }
    w->rules = mem_alloc(sizeof *w->rules);
    w->rules->serial = 1;
    w->rules->settings_serial = 1;
    w->rules->install_key = hmac_key_new(no_key, sizeof no_key);
    struct err why = {0};
    s = settings_parse(&w->rules->settings, text, len, &why);
    free(text);
    if (s != STATUS_OK) {
        return err_set(err, s, why.code, "--settings: %s", why.text);
    }
    s = shipped_holidays(w->cli, &w->rules->calendar, err);
    return s == STATUS_OK ? cli_now(w->cli, &w->now, err) : s;
}

static enum status rules_of_database(struct whatif *w, struct err *err)
{
    w->stored = true;
    enum status s = rulebook_now(w->cli, &w->now, err);
    return s == STATUS_OK ? ruleset_load(&w->rules, w->cli->pg, err) : s;
}

enum status whatif_open(struct whatif **out, struct cli *cli, const char *settings_file,
                        struct err *err)
{
    struct whatif *w = mem_alloc(sizeof *w);
    w->cli = cli;
    caseload_init(&w->people);
    w->scratch = arena_new(65536);
    enum status s =
        settings_file != NULL ? rules_of_file(w, settings_file, err) : rules_of_database(w, err);
    if (s != STATUS_OK) {
        whatif_free(w);
        return s;
    }
    *out = w;
    return STATUS_OK;
}

void whatif_free(struct whatif *w)
{
    if (w != NULL) {
        caseload_clear(&w->people);
        arena_free(w->scratch);
        ruleset_free(w->rules);
        free(w);
    }
}

struct inbound_limits whatif_limits(const struct whatif *w)
{
    return (struct inbound_limits){.max_bytes = (size_t)w->cli->conf->intake_max_bytes,
                                   .source_allowed = settings_source_allowed,
                                   .arg = w->rules->settings};
}

struct instant whatif_now(const struct whatif *w)
{
    return w->now;
}

/* ---- people ---- */

static bool is_about_somebody(const struct inbound *ev)
{
    return ev->verdict == VERDICT_ABSENCE || ev->verdict == VERDICT_PERSON;
}

static const char *person_of(const struct inbound *ev)
{
    return ev->verdict == VERDICT_ABSENCE ? ev->absence.person_id : ev->person.person_id;
}

/* Whoever holds one of the records now is concerned too: the record may move. */
static enum status add_holders(struct whatif *w, const struct inbound *events, size_t n,
                               struct err *err)
{
    struct arena *a = w->people.arena;
    const char **keys[3];
    size_t found = 0;
    for (size_t k = 0; k < 3; k++) {
        keys[k] = arena_array(a, n, sizeof **keys);
    }
    for (size_t i = 0; i < n; i++) {
        if (events[i].verdict == VERDICT_ABSENCE) {
            keys[0][found] = events[i].organisation;
            keys[1][found] = events[i].source;
            keys[2][found] = events[i].absence.absence_id;
            found++;
        }
    }
    struct pg *pg = w->cli->pg;
    enum status s = load_send_holders(pg, keys[0], keys[1], keys[2], found, err);
    s = s == STATUS_OK ? pg_flush(pg, err) : s;
    s = s == STATUS_OK ? pg_wait(pg, -1, err) : s;
    if (s == STATUS_OK) {
        load_take_holders(&w->people, pg, 0);
    }
    return s;
}

static enum status load_people(struct whatif *w, struct err *err)
{
    struct pg *pg = w->cli->pg;
    enum status s = load_send(&w->people, pg, false, err);
    s = s == STATUS_OK ? pg_flush(pg, err) : s;
    s = s == STATUS_OK ? pg_wait(pg, -1, err) : s;
    if (s == STATUS_OK) {
        load_take(&w->people, pg, 0, false);
    }
    return s;
}

enum status whatif_load(struct whatif *w, const struct inbound *events, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (is_about_somebody(&events[i])) {
            (void)caseload_person(&w->people, events[i].organisation, person_of(&events[i]));
        }
    }
    enum status s = w->stored ? add_holders(w, events, n, err) : STATUS_OK;
    caseload_sort(&w->people);
    return s == STATUS_OK && w->stored ? load_people(w, err) : s;
}

enum status whatif_person(struct whatif *w, const char *organisation, const char *person_id,
                          const struct case_person **out, struct err *err)
{
    struct case_person *p = caseload_person(&w->people, organisation, person_id);
    enum status s = load_people(w, err);
    if (s == STATUS_OK) {
        caseload_derive(&w->people, w->rules, w->now, true);
        *out = p->revision == 0 ? NULL : p;
    }
    return s;
}

/* ---- what differs ---- */

static void would(struct outcome *out, const char *text)
{
    if (out->n_would < WOULD_MAX) {
        out->would[out->n_would++] = text;
    }
}

static void compare_spell(const struct whatif *w, const struct brief_spell *was,
                          const struct brief_spell *is, struct outcome *out)
{
    struct arena *a = w->scratch;
    const char *name = is->pathway;
    char due[DATE_TEXT];
    char before[DATE_TEXT];
    date_format(is->due_date, due);
    if (was == NULL && is->state == TASK_ENDED) {
        would(out, arena_printf(a, "note %s task due %s, ended: %s", name, due,
                                end_reason_name(is->end_reason)));
        return;
    }
    if (was == NULL) {
        would(out, arena_printf(a, "open %s task due %s", name, due));
        return;
    }
    if (!date_eq(was->due_date, is->due_date)) {
        would(out, arena_printf(a, "move %s task from %s to %s", name,
                                date_format(was->due_date, before), due));
    }
    if (was->state != is->state || was->end_reason != is->end_reason) {
        would(out, is->state == TASK_ENDED
                       ? arena_printf(a, "end %s task: %s", name, end_reason_name(is->end_reason))
                       : arena_printf(a, "open %s task again", name));
    } else if (was->n_records < is->n_records) {
        would(out, arena_printf(a, "join %s task due %s", name, due));
    }
}

static void compare_spells(const struct whatif *w, const struct case_person *p,
                           const struct brief *was, const struct brief *is, struct outcome *out)
{
    struct casework cw = {0};
    derive(&p->facts, &p->rules, w->now, w->scratch, &cw);
    for (size_t i = 0; i < was->n_spells; i++) {
        const struct brief_spell *gone = &was->spells[i];
        if (brief_spell_in(is, gone->id) == NULL) {
            enum end_reason why = derive_tombstone(&p->facts, &p->rules, w->now, &cw, gone->anchor,
                                                   gone->pathway_index);
            would(out,
                  arena_printf(w->scratch, "end %s task: %s", gone->pathway, end_reason_name(why)));
        }
    }
    for (size_t i = 0; i < is->n_spells; i++) {
        compare_spell(w, brief_spell_in(was, is->spells[i].id), &is->spells[i], out);
    }
}

static void compare_events(const struct whatif *w, const struct brief *was, const struct brief *is,
                           struct outcome *out)
{
    struct arena *a = w->scratch;
    for (size_t i = 0; i < was->n_events; i++) {
        const struct brief_event *e = &was->events[i];
        if (e->worth_telling && brief_event_in(is, e) == NULL) {
            would(out, arena_printf(a, "withdraw %s", event_kind_name(e->kind)));
        }
    }
    for (size_t i = 0; i < is->n_events; i++) {
        const struct brief_event *e = &is->events[i];
        if (e->worth_telling && brief_event_in(was, e) == NULL) {
            would(out, arena_printf(a, "emit %s", event_kind_name(e->kind)));
        }
    }
}

/* ---- one event ---- */

static const struct record *record_of(const struct case_person *p, const struct inbound *ev)
{
    for (size_t i = 0; i < p->facts.n_records; i++) {
        const struct record *rec = &p->facts.records[i];
        if (strcmp(rec->source, ev->source) == 0 &&
            strcmp(rec->absence_id, ev->absence.absence_id) == 0) {
            return rec;
        }
    }
    return NULL;
}

/* The reason of an event that counts, and what it comes to. */
static const char *match(const struct whatif *w, const struct case_person *p,
                         const struct inbound *ev, struct outcome *out)
{
    const struct org_rules *org = p->rules.org;
    struct reason_match m = settings_match(org, ev->absence.scheme, ev->absence.code);
    out->matches = arena_array(w->scratch, PATHWAYS_MAX, sizeof *out->matches);
    for (size_t i = 0; i < org->n_pathways && m.what == MATCH_PATHWAYS; i++) {
        if ((m.pathways >> i & 1) != 0) {
            out->matches[out->n_matches++] = org->pathways[i].name;
        }
    }
    switch (m.what) {
    case MATCH_PATHWAYS:
        return "matched";
    case MATCH_WATCH:
        return "watched";
    case MATCH_NEVER:
        return "never";
    case MATCH_NONE:
    default:
        return "no_match";
    }
}

/* The earliest due date of the tasks that the record is in. */
static struct date due_of(const struct whatif *w, const struct case_person *p,
                          const struct inbound *ev)
{
    struct casework cw = {0};
    struct date due = DATE_NONE;
    const struct record *rec = record_of(p, ev);
    derive(&p->facts, &p->rules, w->now, w->scratch, &cw);
    for (size_t i = 0; i < cw.n_spells; i++) {
        for (size_t k = 0; k < cw.spells[i].n_records; k++) {
            struct date d = cw.spells[i].due_date;
            if (cw.spells[i].records[k] == rec && (date_is_none(due) || d.days < due.days)) {
                due = d;
            }
        }
    }
    return due;
}

void whatif_apply(struct whatif *w, const struct inbound *ev, struct outcome *out)
{
    struct case_person *p = caseload_find(&w->people, ev->organisation, person_of(ev));
    struct brief was;
    struct brief is;
    bool absence = ev->verdict == VERDICT_ABSENCE;
    arena_reset(w->scratch);
    *out = (struct outcome){.due_date = DATE_NONE};
    out->would = arena_array(w->scratch, WOULD_MAX, sizeof *out->would);
    p->rules = ruleset_for(w->rules, p->organisation);
    const struct record *rec = absence ? record_of(p, ev) : NULL;
    bool lower = rec != NULL && ev->absence.version < rec->version;
    brief_of(&p->facts, &p->rules, w->now, w->scratch, &was);
    out->stale = !caseload_apply(&w->people, ev, w->rules, w->now);
    out->reason = absence ? match(w, p, ev, out) : "person";
    if (absence && ev->absence.cancelled) {
        out->reason = "cancelled";
    }
    if (out->stale || lower) {
        /* A lower version never counts, though it may tell that the onset was once another. */
        out->stale = true;
        out->reason = !absence ? "older_fact" : lower ? "lower_version" : "repeated";
    }
    brief_of(&p->facts, &p->rules, w->now, w->scratch, &is);
    compare_spells(w, p, &was, &is, out);
    compare_events(w, &was, &is, out);
    if (absence) {
        out->due_date = due_of(w, p, ev);
    }
}
