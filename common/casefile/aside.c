/* aside_send() notes a person in the transaction that does without their case. Until retry_at each
 * batch leaves the case out (aside_send_ask, aside_take). Followup's first claim that stores it
 * removes the note (aside_send_stored). Notes are written in the order of (organisation, person),
 * so that two writers wait for each other instead of deadlocking. */
#include "common/casefile/aside.h"

#include <string.h>

#include "common/base/err_code.h"
#include "common/pg/columns.h"

/* Constraints that say nothing about a person: with the row in sight the next try succeeds. */
static const char *const races[] = {"absence_record",      "absence_pkey", "person_pkey",
                                    "person_contact_pkey", "feed_pkey",    "outbox_pkey"};

enum status aside_means(enum status s, const struct err *why)
{
    if (s != STATUS_REJECT || !err_is(why, ERR_UNIQUE)) {
        return s;
    }
    for (size_t i = 0; i < sizeof races / sizeof races[0]; i++) {
        if (strcmp(why->text, races[i]) == 0) {
            return STATUS_RETRY;
        }
    }
    return s;
}

static size_t select_people(const struct caseload *cl, bool aside, const struct case_person **out)
{
    size_t n = 0;
    for (size_t i = 0; i < cl->n_persons; i++) {
        if (cl->persons[i].aside == aside) {
            out[n++] = &cl->persons[i];
        }
    }
    return n;
}

static void people_args(struct pg_args *out, const struct case_person *const *p, size_t n)
{
    struct pg_args args = *out;
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->person_id);
    *out = args;
}

static const struct pg_stmt who_is_aside = {
    "who_is_aside",
    "select s.organisation, s.person_id, s.retry_at from casework.set_aside s"
    " join unnest($1::text[], $2::text[]) as k (o, p) on s.organisation = k.o and s.person_id = k.p"
    " where s.retry_at > $3",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TIMESTAMPTZ, 0}};

void aside_send_ask(const struct caseload *cl, struct pg *pg, struct instant now)
{
    const struct case_person **p = arena_array(cl->arena, cl->n_persons, sizeof *p);
    size_t n = select_people(cl, false, p);
    struct pg_args args = {0};
    people_args(&args, p, n);
    pg_arg_instant(&args, now);
    pg_send(pg, &who_is_aside, &args);
    pg_args_clear(&args);
}

void aside_take(struct caseload *cl, const struct pg *pg, size_t nth)
{
    const struct pg_result *r = pg_result(pg, nth);
    for (size_t row = 0; row < pg_rows(r); row++) {
        struct case_person *p = caseload_find(cl, pg_text(r, row, 0), pg_text(r, row, 1));
        if (p != NULL) {
            p->aside = true;
            p->aside_until = pg_instant(r, row, 2);
        }
    }
}

/* Another person with a spell of the same id is set aside as well: readers would confuse the two.
 */
static const struct pg_stmt set_aside = {
    "set_aside",
    "with k as (select u.o, u.p, true as theirs from unnest($1::text[], $2::text[]) as u (o, p)"
    " union all select s.organisation, s.person_id, false from casework.spell s"
    " where s.spell_id = any ($3::text[]) and (s.organisation, s.person_id) not in"
    " (select u.o, u.p from unnest($1::text[], $2::text[]) as u (o, p))),"
    " off as (update fact.person p set revision = p.revision + 1, oh_wake_at = $8 from k"
    " where not k.theirs and p.organisation = k.o and p.person_id = k.p)"
    " insert into casework.set_aside as a (organisation, person_id, service, code, what, prompts,"
    " since, last_at, retry_at) select distinct k.o, k.p, $4, $5, $6, $9, $7, $7, $8 from k"
    " order by k.o, k.p on conflict (organisation, person_id) do update set"
    " service = excluded.service, code = excluded.code, what = excluded.what,"
    " prompts = excluded.prompts, last_at = excluded.last_at, retry_at = excluded.retry_at,"
    " tries = a.tries + 1 returning a.no",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT, PG_TEXT, PG_TEXT,
                       PG_TIMESTAMPTZ, PG_TIMESTAMPTZ, PG_BOOL, 0}};

void aside_send(const struct caseload *cl, struct pg *pg, const char *service,
                const struct err *why, bool prompts, struct instant now)
{
    const struct case_person **p = arena_array(cl->arena, cl->n_persons, sizeof *p);
    size_t n = select_people(cl, true, p);
    struct pg_args args = {0};
    people_args(&args, p, n);
    pg_array_begin(&args, PG_TEXT);
    for (size_t i = 0; i < n && strcmp(why->text, "spell_pkey") == 0; i++) {
        for (size_t k = 0; k < p[i]->cw.n_spells; k++) {
            pg_array_text(&args, p[i]->cw.spells[k].id);
        }
    }
    pg_array_end(&args);
    pg_arg_text(&args, service);
    pg_arg_text(&args, why->code);
    pg_arg_text(&args, why->text);
    pg_arg_instant(&args, now);
    pg_arg_instant(&args, instant_add_us(now, ASIDE_US));
    pg_arg_bool(&args, prompts);
    pg_send(pg, &set_aside, &args);
    pg_args_clear(&args);
}

static const struct pg_stmt not_aside = {
    "not_aside",
    "delete from casework.set_aside s using unnest($1::text[], $2::text[]) as k (o, p)"
    " where s.organisation = k.o and s.person_id = k.p",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, 0}};

void aside_send_stored(const struct caseload *cl, struct pg *pg)
{
    const struct case_person **p = arena_array(cl->arena, cl->n_persons, sizeof *p);
    size_t n = select_people(cl, false, p);
    struct pg_args args = {0};
    people_args(&args, p, n);
    pg_send(pg, &not_aside, &args);
    pg_args_clear(&args);
}

static const struct pg_stmt wanted = {
    "aside_wanted",
    "with w as (delete from casework.retry_wanted r returning r.no),"
    " a as (update casework.set_aside s set retry_at = $1 where s.no in (select w.no from w)"
    " returning s.organisation, s.person_id, s.prompts)"
    " update fact.person p set revision = p.revision + 1, oh_wake_at = least(p.oh_wake_at, $1),"
    " next_wake_at = case when a.prompts then least(p.next_wake_at, $1) else p.next_wake_at end"
    " from a where p.organisation = a.organisation and p.person_id = a.person_id",
    (const uint32_t[]){PG_TIMESTAMPTZ, 0}};

void aside_send_wanted(struct pg *pg, struct instant now)
{
    struct pg_args args = {0};
    pg_arg_instant(&args, now);
    pg_send(pg, &wanted, &args);
    pg_args_clear(&args);
}
