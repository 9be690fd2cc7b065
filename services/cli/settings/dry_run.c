/* Order: dry_run_open(), dry_run_load() with all events, then dry_run_apply() one by one, as in the
 * file. An event is applied by intake's own function (caseload_apply). A summary before it is then
 * compared with one after it. Only memory changes, so a later event sees what an earlier one did.
 */
#include "services/cli/settings/dry_run.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/casefile/gone.h"
#include "common/casefile/load.h"
#include "services/cli/hr/rulebook.h"
#include "services/cli/settings/defaults.h"
#include "services/cli/teams/case_summary.h"

#define WOULD_MAX 64
#define WILL_MAX 16

struct dry_run {
    struct cli *cli;
    struct ruleset *rules;
    struct caseload people;
    struct arena *scratch; /* of one event */
    struct instant now;
    bool stored; /* people are in the database */
};

/* ---- rules ---- */

static enum status rules_of_file(struct dry_run *w, const char *path, struct err *err)
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
    s = defaults_holidays(w->cli, &w->rules->calendar, err);
    return s == STATUS_OK ? cli_now(w->cli, &w->now, err) : s;
}

static enum status rules_of_database(struct dry_run *w, struct err *err)
{
    w->stored = true;
    enum status s = rulebook_now(w->cli, &w->now, err);
    return s == STATUS_OK ? ruleset_load(&w->rules, w->cli->pg, err) : s;
}

enum status dry_run_open(struct dry_run **out, struct cli *cli, const char *settings_file,
                         struct err *err)
{
    struct dry_run *w = mem_alloc(sizeof *w);
    w->cli = cli;
    caseload_init(&w->people);
    w->scratch = arena_new(65536);
    enum status s =
        settings_file != NULL ? rules_of_file(w, settings_file, err) : rules_of_database(w, err);
    if (s != STATUS_OK) {
        dry_run_free(w);
        return s;
    }
    *out = w;
    return STATUS_OK;
}

void dry_run_free(struct dry_run *w)
{
    if (w != NULL) {
        caseload_clear(&w->people);
        arena_free(w->scratch);
        ruleset_free(w->rules);
        free(w);
    }
}

struct inbound_limits dry_run_limits(const struct dry_run *w)
{
    return settings_limits(w->rules->settings, (size_t)w->cli->conf->intake_max_bytes);
}

struct instant dry_run_now(const struct dry_run *w)
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

/* The present holder of one of the records is concerned too: the record may move. */
static enum status add_holders(struct dry_run *w, const struct inbound *events, size_t n,
                               struct err *err)
{
    struct arena *a = w->people.arena;
    const char **keys[3];
    size_t found = 0;
    for (size_t k = 0; k < 3; k++) {
        keys[k] = arena_array(a, n, sizeof **keys);
    }
    for (size_t i = 0; i < n; i++) {
        if (events[i].verdict == VERDICT_ABSENCE || events[i].verdict == VERDICT_NOT_SICKNESS) {
            keys[0][found] = events[i].organisation;
            keys[1][found] = events[i].source;
            keys[2][found] = events[i].absence.absence_id;
            found++;
        }
    }
    struct pg *pg = w->cli->pg;
    load_send_holders(pg, keys[0], keys[1], keys[2], found);
    enum status s = pg_finish(pg, -1, err);
    if (s == STATUS_OK) {
        load_take_holders(&w->people, pg, 0);
    }
    return s;
}

static enum status load_people(struct dry_run *w, struct err *err)
{
    struct pg *pg = w->cli->pg;
    bool gone_sent = false;
    load_send(&w->people, pg, false);
    gone_send(&w->people, pg, w->rules, &gone_sent);
    enum status s = pg_finish(pg, -1, err);
    if (s == STATUS_OK) {
        load_take(&w->people, pg, 0, false);
        if (gone_sent) {
            gone_take(&w->people, pg, LOAD_RESULTS);
        }
    }
    return s;
}

enum status dry_run_load(struct dry_run *w, const struct inbound *events, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (is_about_somebody(&events[i])) {
            (void)caseload_person(&w->people, events[i].organisation, person_of(&events[i]));
        }
    }
    enum status s = w->stored ? add_holders(w, events, n, err) : STATUS_OK;
    caseload_sort(&w->people);
    w->people.careful = true;
    for (size_t i = 0; i < n && w->stored; i++) {
        gone_ask(&w->people, &events[i], w->rules, w->now);
    }
    return s == STATUS_OK && w->stored ? load_people(w, err) : s;
}

enum status dry_run_person(struct dry_run *w, const char *organisation, const char *person_id,
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

static void compare_spell(const struct dry_run *w, const struct case_summary_spell *was,
                          const struct case_summary_spell *is, struct outcome *out)
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

static void compare_spells(const struct dry_run *w, const struct case_person *p,
                           const struct case_summary *was, const struct case_summary *is,
                           struct outcome *out)
{
    struct casework cw = {0};
    derive(&p->facts, &p->rules, w->now, w->scratch, &cw);
    for (size_t i = 0; i < was->n_spells; i++) {
        const struct case_summary_spell *gone = &was->spells[i];
        if (case_summary_spell_in(is, gone->id) == NULL) {
            enum end_reason why = derive_tombstone(&p->facts, &p->rules, w->now, &cw, gone->anchor,
                                                   gone->pathway_index);
            would(out,
                  arena_printf(w->scratch, "end %s task: %s", gone->pathway, end_reason_name(why)));
        }
    }
    for (size_t i = 0; i < is->n_spells; i++) {
        compare_spell(w, case_summary_spell_in(was, is->spells[i].id), &is->spells[i], out);
    }
}

static void compare_events(const struct dry_run *w, const struct case_summary *was,
                           const struct case_summary *is, struct outcome *out)
{
    struct arena *a = w->scratch;
    for (size_t i = 0; i < was->n_events; i++) {
        const struct case_summary_event *e = &was->events[i];
        if (e->worth_telling && case_summary_event_in(is, e) == NULL) {
            would(out, arena_printf(a, "withdraw %s", event_kind_name(e->kind)));
        }
    }
    for (size_t i = 0; i < is->n_events; i++) {
        const struct case_summary_event *e = &is->events[i];
        if (e->worth_telling && case_summary_event_in(was, e) == NULL) {
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
static const char *match(const struct dry_run *w, const struct case_person *p,
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
static struct date due_of(const struct dry_run *w, const struct case_person *p,
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

/* The events that will follow if nothing changes. */
static void list_will(const struct dry_run *w, const struct case_person *p, struct outcome *out)
{
    struct casework cw = {0};
    const struct zone *zone = settings_zone(w->rules->settings);
    derive(&p->facts, &p->rules, w->now, w->scratch, &cw);
    out->will = arena_array(w->scratch, WILL_MAX, sizeof *out->will);
    for (size_t i = 0; i < cw.n_timeline && out->n_will < WILL_MAX; i++) {
        const struct timeline_event *e = &cw.timeline[i];
        if (e->at.us <= w->now.us || e->superseded || (p->rules.org->off >> e->kind & 1) != 0) {
            continue;
        }
        char day[DATE_TEXT];
        int minute = zone_minute(zone, e->at);
        out->will[out->n_will++] =
            arena_printf(w->scratch, "%s on %s at %02d:%02d", event_kind_name(e->kind),
                         date_format(zone_date(zone, e->at), day), minute / 60, minute % 60);
    }
}

/* An older version says something else: perhaps its id was used for another absence. */
static bool differs(const struct case_person *p, const struct record *rec, const struct inbound *ev)
{
    const struct absence_event *e = &ev->absence;
    return strcmp(p->person_id, e->person_id) != 0 || !date_eq(rec->onset, e->onset) ||
           !date_eq(rec->last_day, e->last_day);
}

static const char *note_of(const struct dry_run *w, const struct record *rec,
                           const struct inbound *ev, const struct outcome *out)
{
    const struct case_person *holder =
        caseload_holder(&w->people, ev->organisation, ev->source, ev->absence.absence_id);
    if (rec == NULL || holder == NULL || !out->stale || !differs(holder, rec, ev)) {
        return "";
    }
    return ev->absence.version < rec->version
               ? "a higher version is held, with other dates or another person; another absence "
                 "needs an absence_id of its own"
               : "this version is held, with other dates or another person; a change needs a "
                 "higher version";
}

/* A note on an absence that counts; `holder` had the record until now. */
static const char *note_of_accepted(const struct case_person *holder, const struct case_person *p,
                                    const struct outcome *out)
{
    if (holder != NULL && holder != p) {
        return "the record was another person's, and moves; another absence needs an absence_id of "
               "its own";
    }
    return strcmp(out->reason, "no_match") == 0 ? "no pathway has this reason" : "";
}

/* An event about a record whose category is passed over. False: it does nothing. */
static bool begins_other(const struct dry_run *w, const struct inbound *ev, struct outcome *out)
{
    const struct record *rec =
        caseload_record(&w->people, ev->organisation, ev->source, ev->absence.absence_id);
    out->ignored = rec == NULL || ev->absence.version <= rec->version;
    out->reason = out->ignored ? "other_category" : "not_sickness";
    return !out->ignored;
}

void dry_run_apply(struct dry_run *w, const struct inbound *ev, struct outcome *out)
{
    struct case_summary was;
    struct case_summary is;
    bool absence = ev->verdict == VERDICT_ABSENCE;
    bool other = ev->verdict == VERDICT_NOT_SICKNESS;
    arena_reset(w->scratch);
    *out = (struct outcome){.due_date = DATE_NONE, .note = ""};
    out->would = arena_array(w->scratch, WOULD_MAX, sizeof *out->would);
    if (other && !begins_other(w, ev, out)) {
        return;
    }
    struct case_person *p =
        other ? caseload_holder(&w->people, ev->organisation, ev->source, ev->absence.absence_id)
              : caseload_find(&w->people, ev->organisation, person_of(ev));
    p->rules = ruleset_for(w->rules, p->organisation);
    const struct record *rec = absence ? record_of(p, ev) : NULL;
    bool lower = rec != NULL && ev->absence.version < rec->version;
    const struct case_person *holder =
        absence ? caseload_holder(&w->people, ev->organisation, ev->source, ev->absence.absence_id)
                : NULL;
    case_summary_of(&p->facts, &p->rules, w->now, w->scratch, &was);
    out->stale = !caseload_apply(&w->people, ev, w->rules, w->now);
    out->reason = absence ? match(w, p, ev, out) : other ? "not_sickness" : "person";
    if (absence && ev->absence.cancelled) {
        out->reason = "cancelled";
    }
    if (out->stale || lower) {
        /* A lower version never counts, though it may show that the onset was once another. */
        out->stale = true;
        out->reason = !absence ? "older_fact" : lower ? "lower_version" : "repeated";
        out->note = absence ? note_of(w,
                                      caseload_record(&w->people, ev->organisation, ev->source,
                                                      ev->absence.absence_id),
                                      ev, out)
                            : "";
    }
    if (absence && !out->stale) {
        out->note = note_of_accepted(holder, p, out);
    }
    case_summary_of(&p->facts, &p->rules, w->now, w->scratch, &is);
    compare_spells(w, p, &was, &is, out);
    compare_events(w, &was, &is, out);
    if (absence) {
        out->due_date = due_of(w, p, ev);
        const struct record *now = record_of(p, ev);
        if (!out->stale && now != NULL && !instant_is_none(now->gone_at)) {
            would(out, "publish nothing to HR: to HR this absence is long over");
        }
    }
    list_will(w, p, out);
}
