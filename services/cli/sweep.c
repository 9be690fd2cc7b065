#include <stdlib.h>

#include "common/casefile/load.h"
#include "common/columns.h"
#include "common/mem.h"
#include "services/cli/sweep_inside.h"

/* Its role may not read the table behind it. */
static const struct pg_stmt ask_now = {"sweep_now", "select oh.now()", NULL};

enum status sweep_renew(struct sweep *s, struct err *err)
{
    const struct pg_result *r = NULL;
    struct ruleset *rules = NULL;
    enum status st = cli_query(s->cli, &ask_now, NULL, &r, err);
    if (st != STATUS_OK) {
        return st;
    }
    s->now = pg_instant(r, 0, 0);
    st = ruleset_load_keyless(&rules, s->cli->pg, err);
    if (st == STATUS_OK) {
        ruleset_free(s->rules);
        s->rules = rules;
    }
    return st;
}

enum status sweep_new(struct sweep **out, struct cli *cli, struct err *err)
{
    struct sweep *s = mem_alloc(sizeof *s);
    *s = (struct sweep){.cli = cli};
    caseload_init(&s->people);
    enum status st = sweep_renew(s, err);
    if (st != STATUS_OK) {
        sweep_free(s);
        return st;
    }
    *out = s;
    return STATUS_OK;
}

void sweep_free(struct sweep *s)
{
    if (s != NULL) {
        caseload_clear(&s->people);
        ruleset_free(s->rules);
        free(s);
    }
}

const struct retention *sweep_retention(const struct sweep *s)
{
    return settings_retention(s->rules->settings);
}

struct instant sweep_now(const struct sweep *s)
{
    return s->now;
}

struct arena *sweep_arena(struct sweep *s)
{
    return s->people.arena;
}

/* ---- loading ---- */

/* Shorter than what the server takes to find a deadlock: intake writes a person's records before
 * the person, we lock the person first, and it is we who give way. */
static const struct pg_stmt patience = {"sweep_patience", "set local lock_timeout = '300ms'", NULL};

static const struct pg_stmt load_said = {
    "sweep_said",
    "select k.ord, e.subject, e.kind, e.occurrence, e.nth, greatest(e.emitted_at, e.withdrawn_at),"
    " array(select jsonb_array_elements_text(e.data::jsonb -> 'absence_ids'))"
    " from unnest($1::text[], $2::text[]) with ordinality as k (organisation, person_id, ord)"
    " join followup.emitted e on e.organisation = k.organisation and e.person_id = k.person_id",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, 0}};

static bool is_prompt(const char *name)
{
    enum event_kind kind;
    return event_kind_parse(name, &kind) && event_kind_audience(kind) == AUDIENCE_HR;
}

static void take_said(struct sweep *s, const struct pg_result *r)
{
    struct arena *a = s->people.arena;
    size_t *n = arena_array(a, s->people.n_persons, sizeof *n);
    struct retain_said **rows = arena_array(a, s->people.n_persons, sizeof(void *));
    for (size_t row = 0; row < pg_rows(r); row++) {
        n[pg_i64(r, row, 0) - 1]++;
    }
    for (size_t i = 0; i < s->people.n_persons; i++) {
        rows[i] = arena_array(a, n[i], sizeof **rows);
        n[i] = 0;
    }
    for (size_t row = 0; row < pg_rows(r); row++) {
        size_t i = (size_t)pg_i64(r, row, 0) - 1;
        struct retain_said *said = &rows[i][n[i]++];
        *said = (struct retain_said){.subject = arena_strdup(a, pg_text(r, row, 1)),
                                     .kind = arena_strdup(a, pg_text(r, row, 2)),
                                     .occurrence = arena_strdup(a, pg_text(r, row, 3)),
                                     .nth = (int32_t)pg_i64(r, row, 4),
                                     .prompt = is_prompt(pg_text(r, row, 2)),
                                     .last_at = pg_instant(r, row, 5)};
        said->absence_ids = pg_text_array(r, row, 6, a, &said->n_absence_ids);
    }
    s->person = arena_array(a, s->people.n_persons, sizeof *s->person);
    s->n = 0;
    for (size_t i = 0; i < s->people.n_persons; i++) {
        if (s->people.persons[i].revision > 0) {
            s->person[s->n++] =
                (struct sweep_person){.p = &s->people.persons[i], .said = rows[i], .n_said = n[i]};
        }
    }
}

static enum status send_loads(struct sweep *s, bool locks, struct err *err)
{
    struct pg *pg = s->cli->pg;
    struct pg_args args = {0};
    const struct case_person *p = s->people.persons;
    COLUMN(PG_TEXT, pg_array_text, s->people.n_persons, p[i].organisation);
    COLUMN(PG_TEXT, pg_array_text, s->people.n_persons, p[i].person_id);
    enum status st = pg_send(pg, &pg_begin, NULL, err);
    st = st == STATUS_OK ? pg_send(pg, &patience, NULL, err) : st;
    st = st == STATUS_OK ? load_send(&s->people, pg, locks, err) : st;
    st = st == STATUS_OK ? pg_send(pg, &load_said, &args, err) : st;
    st = st == STATUS_OK ? pg_flush(pg, err) : st;
    st = st == STATUS_OK ? pg_wait(pg, -1, err) : st;
    pg_args_clear(&args);
    return st;
}

enum status sweep_begin(struct sweep *s, const char *const *organisations,
                        const char *const *person_ids, size_t n, bool locks, struct err *err)
{
    struct caseload *people = &s->people;
    caseload_reset(people);
    for (size_t i = 0; i < n; i++) {
        const char *organisation = arena_strdup(people->arena, organisations[i]);
        (void)caseload_person(people, organisation, arena_strdup(people->arena, person_ids[i]));
    }
    caseload_sort(people);
    enum status st = send_loads(s, locks, err);
    if (st != STATUS_OK) {
        return sweep_failed(s, st, err);
    }
    s->open = true;
    load_take(people, s->cli->pg, 2, locks);
    take_said(s, pg_result(s->cli->pg, 2 + LOAD_RESULTS + (locks ? 1 : 0)));
    caseload_derive(people, s->rules, s->now, true);
    return STATUS_OK;
}

struct sweep_person *sweep_people(struct sweep *s, size_t *n)
{
    *n = s->n;
    return s->person;
}

void sweep_decide(struct sweep *s)
{
    for (size_t i = 0; i < s->n; i++) {
        struct sweep_person *x = &s->person[i];
        retain_decide(x->p, x->said, x->n_said, sweep_retention(s), s->now, s->people.arena,
                      &x->what);
    }
}

size_t sweep_marked(const bool *marks, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        found += marks[i] ? 1 : 0;
    }
    return found;
}

void sweep_count(struct sweep *s, struct sweep_counts *counts)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct sweep_person *x = &s->person[i];
        counts->unmatched += x->what.unmatched;
        counts->matched += x->what.matched;
        counts->cancelled += x->what.cancelled;
        counts->records += sweep_marked(x->what.record, x->p->facts.n_records);
        counts->details += sweep_marked(x->what.details, x->p->facts.n_records);
        counts->spells += sweep_marked(x->what.spell, x->p->n_spells);
        counts->entries += sweep_marked(x->what.entry, x->p->facts.n_contacts);
        counts->said += sweep_marked(x->what.said, x->n_said);
        counts->persons += x->what.person ? 1 : 0;
    }
}

/* A transaction that fails takes its session along. */
enum status sweep_failed(struct sweep *s, enum status st, struct err *err)
{
    struct err again = {0};
    s->open = false;
    if (pg_connect(s->cli->pg, &again) != STATUS_OK) {
        *err = again;
        return STATUS_FATAL;
    }
    return st;
}

enum status sweep_commit(struct sweep *s, struct err *err)
{
    s->open = false;
    return pg_run(s->cli->pg, &pg_commit, NULL, err);
}

void sweep_abandon(struct sweep *s)
{
    struct err ignored = {0};
    if (s->open && pg_is_up(s->cli->pg) &&
        pg_run(s->cli->pg, &pg_rollback, NULL, &ignored) != STATUS_OK) {
        pg_disconnect(s->cli->pg);
    }
    s->open = false;
}
