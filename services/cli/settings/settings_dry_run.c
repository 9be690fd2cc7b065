/* Everybody is derived twice, from the same facts at the same now: by the settings in force, and by
 * the others. `instead` borrows its calendar and key, so only the ruleset in force is freed. */
#include "services/cli/settings/settings_dry_run.h"

#include <string.h>

#include "common/casefile/load.h"
#include "services/cli/hr/rulebook.h"
#include "services/cli/teams/case_summary.h"

#define PEOPLE_AT_ONCE 2000

struct survey {
    struct cli *cli;
    const struct ruleset *now_in_force;
    struct ruleset instead; /* borrows all but the settings from the other */
    struct instant now;
    struct caseload people;
    struct arena *keys;
    const char *organisation, *person_id; /* the last one read */
};

/* ---- counting ---- */

static bool is_open(const struct case_summary_spell *s)
{
    return s != NULL && s->state == TASK_OPEN && !s->settled;
}

static void count_tasks(const struct case_summary *was, const struct case_summary *is,
                        struct settings_dry_run *out)
{
    for (size_t i = 0; i < was->n_spells; i++) {
        const struct case_summary_spell *a = &was->spells[i];
        if (!is_open(a)) {
            continue;
        }
        const struct case_summary_spell *b = case_summary_spell_in(is, a->id);
        out->open++;
        if (b == NULL || b->state != TASK_OPEN) {
            out->ended++;
        } else if (!date_eq(a->due_date, b->due_date) || strcmp(a->queue, b->queue) != 0) {
            out->moved++;
        }
    }
    for (size_t i = 0; i < is->n_spells; i++) {
        const struct case_summary_spell *a = case_summary_spell_in(was, is->spells[i].id);
        bool settled = a != NULL && a->settled;
        if (!settled && is_open(&is->spells[i]) && !is_open(a)) {
            out->opened++;
        }
    }
}

static void count_events(const struct case_summary *was, const struct case_summary *is,
                         struct settings_dry_run *out)
{
    for (size_t i = 0; i < was->n_events; i++) {
        const struct case_summary_event *e = &was->events[i];
        if (e->worth_telling && !e->settled && case_summary_event_in(is, e) == NULL) {
            out->withdrawn++;
        }
    }
    for (size_t i = 0; i < is->n_events; i++) {
        const struct case_summary_event *e = &is->events[i];
        const struct case_summary_event *before = case_summary_event_in(was, e);
        if (e->worth_telling && !e->settled && before == NULL) {
            out->emitted++;
        }
    }
}

static void count_people(struct survey *s, struct settings_dry_run *out)
{
    for (size_t i = 0; i < s->people.n_persons; i++) {
        const struct case_person *p = &s->people.persons[i];
        struct rules before = ruleset_for(s->now_in_force, p->organisation);
        struct rules after = ruleset_for(&s->instead, p->organisation);
        struct case_summary was;
        struct case_summary is;
        case_summary_of(&p->facts, &before, s->now, s->people.arena, &was);
        case_summary_of(&p->facts, &after, s->now, s->people.arena, &is);
        count_tasks(&was, &is, out);
        count_events(&was, &is, out);
    }
}

/* ---- reading ---- */

static const struct pg_stmt next_people = {
    "impact_people",
    "select organisation, person_id from fact.person"
    " where (organisation, person_id) > ($1, $2) order by organisation, person_id limit $3",
    (const uint32_t[]){PG_TEXT, PG_TEXT, PG_INT8, 0}};

static enum status read_people(struct survey *s, size_t *n, struct err *err)
{
    struct pg_args args = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&args, s->organisation);
    pg_arg_text(&args, s->person_id);
    pg_arg_i64(&args, PEOPLE_AT_ONCE);
    enum status st = cli_query(s->cli, &next_people, &args, &r, err);
    pg_args_clear(&args);
    if (st != STATUS_OK) {
        return st;
    }
    caseload_reset(&s->people);
    arena_reset(s->keys);
    *n = pg_rows(r);
    for (size_t i = 0; i < *n; i++) {
        s->organisation = arena_strdup(s->keys, pg_text(r, i, 0));
        s->person_id = arena_strdup(s->keys, pg_text(r, i, 1));
        (void)caseload_person(&s->people, s->organisation, s->person_id);
    }
    return STATUS_OK;
}

static enum status load_people(struct survey *s, struct err *err)
{
    struct pg *pg = s->cli->pg;
    caseload_sort(&s->people);
    load_send(&s->people, pg, false);
    enum status st = pg_finish(pg, -1, err);
    if (st == STATUS_OK) {
        load_take(&s->people, pg, 0, false);
    }
    return st;
}

static enum status survey_all(struct survey *s, struct settings_dry_run *out, struct err *err)
{
    for (;;) {
        size_t n = 0;
        enum status st = read_people(s, &n, err);
        if (st != STATUS_OK || n == 0) {
            return st;
        }
        st = load_people(s, err);
        if (st != STATUS_OK) {
            return st;
        }
        count_people(s, out);
    }
}

enum status settings_dry_run_of(struct cli *cli, struct settings *settings,
                                struct settings_dry_run *out, struct err *err)
{
    struct survey s = {.cli = cli, .organisation = "", .person_id = ""};
    struct ruleset *in_force = NULL;
    enum status st = rulebook_now(cli, &s.now, err);
    st = st == STATUS_OK ? ruleset_load(&in_force, cli->pg, err) : st;
    if (st != STATUS_OK) {
        return st;
    }
    s.now_in_force = in_force;
    s.instead = *in_force;
    s.instead.settings = settings;
    s.keys = arena_new(65536);
    caseload_init(&s.people);
    st = survey_all(&s, out, err);
    caseload_clear(&s.people);
    arena_free(s.keys);
    ruleset_free(in_force);
    return st;
}
