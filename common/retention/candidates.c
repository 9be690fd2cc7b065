/* Order for a page of people: candidates_next, candidates_load, candidates_decide; then removal and
 * candidates_commit, or candidates_abandon. next_people finds rather too many: the policy decides.
 * A failure ends the transaction and its session, so another session is opened. */
#include "common/retention/candidates.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "common/casefile/load.h"
#include "common/pg/columns.h"
#include "common/retention/query.h"

/* Its role may not read the table behind it. */
static const struct pg_stmt ask_now = {"candidates_now", "select oh.now()", NULL};

enum status candidates_renew(struct candidates *c, struct err *err)
{
    const struct pg_result *r = NULL;
    struct ruleset *rules = NULL;
    enum status st = query_run(c->pg, &ask_now, NULL, &r, err);
    if (st != STATUS_OK) {
        return st;
    }
    c->now = pg_instant(r, 0, 0);
    st = ruleset_load_keyless(&rules, c->pg, err);
    if (st == STATUS_OK) {
        ruleset_free(c->rules);
        c->rules = rules;
    }
    return st;
}

enum status candidates_new(struct candidates **out, struct pg *pg, struct err *err)
{
    struct candidates *c = mem_alloc(sizeof *c);
    *c = (struct candidates){.pg = pg};
    caseload_init(&c->people);
    enum status st = candidates_renew(c, err);
    if (st != STATUS_OK) {
        candidates_free(c);
        return st;
    }
    *out = c;
    return STATUS_OK;
}

void candidates_free(struct candidates *c)
{
    if (c != NULL) {
        caseload_clear(&c->people);
        ruleset_free(c->rules);
        free(c);
    }
}

const struct retention *candidates_retention(const struct candidates *c)
{
    return settings_retention(c->rules->settings);
}

struct instant candidates_now(const struct candidates *c)
{
    return c->now;
}

struct date candidates_today(const struct candidates *c)
{
    return zone_date(settings_zone(c->rules->settings), c->now);
}

struct arena *candidates_arena(struct candidates *c)
{
    return c->people.arena;
}

/* ---- whose data may be old enough ---- */

/* The people some of whose data may have been kept for long enough. candidates_decide finds out. */
static const struct pg_stmt next_people = {
    "candidates_next",
    "select p.organisation, p.person_id from fact.person p"
    " where (p.organisation, p.person_id) > ($1, $2)"
    " and (not exists (select from fact.absence a where a.organisation = p.organisation"
    "                  and a.person_id = p.person_id)"
    "   or exists (select from fact.absence a where a.organisation = p.organisation"
    "              and a.person_id = p.person_id"
    "              and (a.last_day <= $3 or p.left_on <= $3 or p.died_on <= $3"
    "                   or a.cancelled and a.changed_at <= $4"
    "                   or (a.last_day is null or a.open_ended) and a.changed_at <= $5)))"
    " order by p.organisation, p.person_id limit $6",
    (const uint32_t[]){PG_TEXT, PG_TEXT, PG_DATE, PG_TIMESTAMPTZ, PG_TIMESTAMPTZ, PG_INT8, 0}};

static int shortest(const struct retention *keep)
{
    int days = keep->unmatched_days;
    days = keep->matched_days < days ? keep->matched_days : days;
    return keep->contact_details_days < days ? keep->contact_details_days : days;
}

static void candidate_args(const struct candidates *c, const struct candidate_keys *keys,
                           struct pg_args *args)
{
    struct instant now = c->now;
    /* A day more: days are local ones, this is not. */
    struct instant old =
        instant_add_us(now, -(shortest(candidates_retention(c)) - INT64_C(1)) * US_PER_DAY);
    pg_arg_text(args, keys->n == 0 ? "" : keys->organisation[keys->n - 1]);
    pg_arg_text(args, keys->n == 0 ? "" : keys->person_id[keys->n - 1]);
    pg_arg_date(args, (struct date){(int32_t)(old.us / US_PER_DAY)});
    pg_arg_instant(args, old);
    pg_arg_instant(args, instant_add_us(now, -(POLICY_FORGOTTEN_DAYS - 1) * US_PER_DAY));
    pg_arg_i64(args, CANDIDATES_PAGE);
}

enum status candidates_next(struct candidates *c, struct candidate_keys *keys, struct err *err)
{
    struct pg_args args = {0};
    const struct pg_result *r = NULL;
    candidate_args(c, keys, &args);
    enum status s = query_run(c->pg, &next_people, &args, &r, err);
    pg_args_clear(&args);
    if (s != STATUS_OK) {
        return s;
    }
    arena_reset(keys->arena);
    keys->n = pg_rows(r);
    for (size_t i = 0; i < keys->n; i++) {
        keys->organisation[i] = arena_strdup(keys->arena, pg_text(r, i, 0));
        keys->person_id[i] = arena_strdup(keys->arena, pg_text(r, i, 1));
    }
    return STATUS_OK;
}

/* ---- loading ---- */

/* Shorter than the server's deadlock_timeout. Intake writes a person's records before the person,
 * this command locks the person first, so this command gives way. */
static const struct pg_stmt patience = {"candidates_patience", "set local lock_timeout = '300ms'",
                                        NULL};

static const struct pg_stmt load_emissions = {
    "candidates_emissions",
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

static void take_emissions(struct candidates *c, const struct pg_result *r)
{
    struct arena *a = c->people.arena;
    size_t *n = arena_array(a, c->people.n_persons, sizeof *n);
    struct policy_emission **rows = arena_array(a, c->people.n_persons, sizeof(void *));
    for (size_t row = 0; row < pg_rows(r); row++) {
        n[pg_i64(r, row, 0) - 1]++;
    }
    for (size_t i = 0; i < c->people.n_persons; i++) {
        rows[i] = arena_array(a, n[i], sizeof **rows);
        n[i] = 0;
    }
    for (size_t row = 0; row < pg_rows(r); row++) {
        size_t i = (size_t)pg_i64(r, row, 0) - 1;
        struct policy_emission *emission = &rows[i][n[i]++];
        *emission = (struct policy_emission){.subject = arena_strdup(a, pg_text(r, row, 1)),
                                             .kind = arena_strdup(a, pg_text(r, row, 2)),
                                             .occurrence = arena_strdup(a, pg_text(r, row, 3)),
                                             .nth = (int32_t)pg_i64(r, row, 4),
                                             .prompt = is_prompt(pg_text(r, row, 2)),
                                             .last_at = pg_instant(r, row, 5)};
        emission->absence_ids = pg_text_array(r, row, 6, a, &emission->n_absence_ids);
    }
    c->person = arena_array(a, c->people.n_persons, sizeof *c->person);
    c->n = 0;
    for (size_t i = 0; i < c->people.n_persons; i++) {
        if (c->people.persons[i].revision > 0) {
            c->person[c->n++] = (struct candidate){
                .p = &c->people.persons[i], .emissions = rows[i], .n_emissions = n[i]};
        }
    }
}

static enum status send_loads(struct candidates *c, bool locks, struct err *err)
{
    struct pg *pg = c->pg;
    struct pg_args args = {0};
    const struct case_person *p = c->people.persons;
    COLUMN(PG_TEXT, pg_array_text, c->people.n_persons, p[i].organisation);
    COLUMN(PG_TEXT, pg_array_text, c->people.n_persons, p[i].person_id);
    pg_send(pg, &pg_begin, NULL);
    pg_send(pg, &patience, NULL);
    load_send(&c->people, pg, locks);
    pg_send(pg, &load_emissions, &args);
    pg_args_clear(&args);
    return pg_finish(pg, -1, err);
}

enum status candidates_load(struct candidates *c, const char *const *organisations,
                            const char *const *person_ids, size_t n, bool locks, struct err *err)
{
    struct caseload *people = &c->people;
    caseload_reset(people);
    for (size_t i = 0; i < n; i++) {
        const char *organisation = arena_strdup(people->arena, organisations[i]);
        (void)caseload_person(people, organisation, arena_strdup(people->arena, person_ids[i]));
    }
    caseload_sort(people);
    enum status st = send_loads(c, locks, err);
    if (st != STATUS_OK) {
        return candidates_failed(c, st, err);
    }
    c->open = true;
    load_take(people, c->pg, 2, locks);
    take_emissions(c, pg_result(c->pg, 2 + LOAD_RESULTS + (locks ? 1 : 0)));
    caseload_derive(people, c->rules, c->now, true);
    return STATUS_OK;
}

struct candidate *candidates_people(struct candidates *c, size_t *n)
{
    *n = c->n;
    return c->person;
}

void candidates_decide(struct candidates *c)
{
    for (size_t i = 0; i < c->n; i++) {
        struct candidate *x = &c->person[i];
        policy_decide(x->p, x->emissions, x->n_emissions, candidates_retention(c), c->now,
                      c->people.arena, &x->what);
    }
}

bool candidates_goes(const struct candidate *x)
{
    return x->what.person || policy_marked(x->what.record, x->p->facts.n_records) > 0 ||
           policy_marked(x->what.details, x->p->facts.n_records) > 0 ||
           policy_marked(x->what.gone, x->p->facts.n_records) > 0 ||
           policy_marked(x->what.spell, x->p->n_spells) > 0 ||
           policy_marked(x->what.entry, x->p->facts.n_contacts) > 0 ||
           policy_marked(x->what.emission, x->n_emissions) > 0;
}

/* A transaction that fails takes its session along. */
enum status candidates_failed(struct candidates *c, enum status st, struct err *err)
{
    struct err again = {0};
    c->open = false;
    if (pg_connect(c->pg, &again) != STATUS_OK) {
        *err = again;
        return STATUS_FATAL;
    }
    return st;
}

enum status candidates_commit(struct candidates *c, struct err *err)
{
    c->open = false;
    return pg_run(c->pg, &pg_commit, NULL, err);
}

void candidates_abandon(struct candidates *c)
{
    struct err ignored = {0};
    if (c->open && pg_is_up(c->pg) && pg_run(c->pg, &pg_rollback, NULL, &ignored) != STATUS_OK) {
        pg_disconnect(c->pg);
    }
    c->open = false;
}
