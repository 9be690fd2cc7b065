/* dayfour purge: what has been kept for long enough goes, in small pieces. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "services/cli/commands.h"
#include "services/cli/erasure.h"
#include "services/cli/purge_report.h"
#include "services/cli/sweep.h"

#define PEOPLE_AT_ONCE 100
#define LETTERS_AT_ONCE 500
#define ENTRIES_AT_ONCE 500
#define PATIENCE 5 /* times that people are busy until they are left for the next run */

struct purge {
    struct cli *cli;
    struct sweep *sweep;
    bool dry_run;
    struct purge_report report;
    struct forgotten **last;
};

static void pause_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

static const struct pg_stmt audit = {
    "purge_audit", "insert into audit.entry (at, what, detail) values ($1, 'purge', $2::jsonb)",
    (const uint32_t[]){PG_TIMESTAMPTZ, PG_TEXT, 0}};

static enum status write_down(struct purge *p, const char *detail, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_instant(&args, sweep_now(p->sweep));
    pg_arg_text(&args, detail);
    enum status s = pg_run(p->cli->pg, &audit, &args, err);
    pg_args_clear(&args);
    return s;
}

/* ---- people ---- */

/* Those of whom something may have been kept for long enough: which of it, is worked out. */
static const struct pg_stmt candidates = {
    "purge_candidates",
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

/* The people of one page, beyond the page before. Strings live in the arena. */
struct keys {
    struct arena *arena;
    const char *organisation[PEOPLE_AT_ONCE], *person_id[PEOPLE_AT_ONCE];
    size_t n;
};

static int shortest(const struct retention *keep)
{
    int days = keep->unmatched_days;
    days = keep->matched_days < days ? keep->matched_days : days;
    return keep->contact_details_days < days ? keep->contact_details_days : days;
}

static void candidate_args(const struct purge *p, const struct keys *keys, struct pg_args *args)
{
    struct instant now = sweep_now(p->sweep);
    /* A day more: days are local ones, this is not. */
    struct instant old =
        instant_add_us(now, -(shortest(sweep_retention(p->sweep)) - INT64_C(1)) * US_PER_DAY);
    pg_arg_text(args, keys->n == 0 ? "" : keys->organisation[keys->n - 1]);
    pg_arg_text(args, keys->n == 0 ? "" : keys->person_id[keys->n - 1]);
    pg_arg_date(args, (struct date){(int32_t)(old.us / US_PER_DAY)});
    pg_arg_instant(args, old);
    pg_arg_instant(args, instant_add_us(now, -(RETAIN_FORGOTTEN_DAYS - 1) * US_PER_DAY));
    pg_arg_i64(args, PEOPLE_AT_ONCE);
}

static enum status next_keys(struct purge *p, struct keys *keys, struct err *err)
{
    struct pg_args args = {0};
    const struct pg_result *r = NULL;
    candidate_args(p, keys, &args);
    enum status s = cli_query(p->cli, &candidates, &args, &r, err);
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

static void note_forgotten(struct purge *p)
{
    struct arena *a = p->cli->arena;
    size_t n = 0;
    const struct sweep_person *x = sweep_people(p->sweep, &n);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < x[i].p->facts.n_records; k++) {
            const struct record *rec = &x[i].p->facts.records[k];
            if (!x[i].what.forgotten[k]) {
                continue;
            }
            struct forgotten *f = arena_array(a, 1, sizeof *f);
            *f = (struct forgotten){.organisation = arena_strdup(a, x[i].p->organisation),
                                    .person_id = arena_strdup(a, x[i].p->person_id),
                                    .source = arena_strdup(a, rec->source),
                                    .absence_id = arena_strdup(a, rec->absence_id),
                                    .onset = rec->onset,
                                    .changed_at = rec->changed_at};
            *p->last = f;
            p->last = &f->next;
        }
    }
}

static void add_counts(struct sweep_counts *all, const struct sweep_counts *c)
{
    all->unmatched += c->unmatched;
    all->matched += c->matched;
    all->cancelled += c->cancelled;
    all->records += c->records;
    all->details += c->details;
    all->spells += c->spells;
    all->entries += c->entries;
    all->said += c->said;
    all->persons += c->persons;
}

/* Looks without locks, so as to lock only those of whom something goes: these stay in keys. */
static enum status look(struct purge *p, struct keys *keys, struct err *err)
{
    struct sweep_counts c = {0};
    size_t n = 0;
    enum status s = sweep_begin(p->sweep, keys->organisation, keys->person_id, keys->n, false, err);
    if (s != STATUS_OK) {
        return s;
    }
    sweep_decide(p->sweep);
    sweep_abandon(p->sweep);
    note_forgotten(p);
    const struct sweep_person *x = sweep_people(p->sweep, &n);
    keys->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (sweep_touches(&x[i])) {
            keys->organisation[keys->n] = arena_strdup(keys->arena, x[i].p->organisation);
            keys->person_id[keys->n++] = arena_strdup(keys->arena, x[i].p->person_id);
        }
    }
    if (p->dry_run) {
        sweep_count(p->sweep, &c);
        add_counts(&p->report.counts, &c);
        keys->n = 0;
    }
    return STATUS_OK;
}

static enum status take_away(struct purge *p, const struct sweep_counts *c, struct err *err)
{
    struct buf detail = {0};
    buf_puts(&detail, "{");
    purge_report_counts(&detail, c);
    buf_puts(&detail, "}");
    enum status s = sweep_delete(p->sweep, err);
    s = s == STATUS_OK ? write_down(p, detail.data, err) : s;
    s = s == STATUS_OK ? sweep_commit(p->sweep, err) : s;
    buf_clear(&detail);
    return s;
}

/* Those locked are worked out anew: what was looked at may have changed. */
static enum status purge_batch(struct purge *p, const struct keys *keys, struct err *err)
{
    struct sweep_counts c = {0};
    enum status s = sweep_begin(p->sweep, keys->organisation, keys->person_id, keys->n, true, err);
    if (s != STATUS_OK) {
        return s;
    }
    sweep_decide(p->sweep);
    sweep_count(p->sweep, &c);
    s = take_away(p, &c, err);
    if (s == STATUS_OK) {
        add_counts(&p->report.counts, &c);
    }
    return s;
}

/* Somebody works on one of them, or did: they are tried again, some times. */
static enum status purge_patiently(struct purge *p, const struct keys *keys, struct err *err)
{
    enum status s = STATUS_RETRY;
    for (int i = 0; i < PATIENCE && s == STATUS_RETRY; i++) {
        pause_ms(i * 200L);
        s = purge_batch(p, keys, err);
        if (s == STATUS_RESYNC && strcmp(err->code, "CT003") == 0) {
            s = sweep_renew(p->sweep, err);
            s = s == STATUS_OK ? STATUS_RETRY : s;
        }
    }
    if (s == STATUS_RETRY) {
        p->report.busy += keys->n;
        return STATUS_OK;
    }
    return s;
}

static enum status purge_people(struct purge *p, struct err *err)
{
    struct keys page = {.arena = arena_new(16384)};
    struct keys those;
    enum status s = STATUS_OK;
    do {
        s = next_keys(p, &page, err);
        those = page;
        s = s == STATUS_OK && page.n > 0 ? look(p, &those, err) : s;
        s = s == STATUS_OK && those.n > 0 ? purge_patiently(p, &those, err) : s;
        pause_ms(2); /* others want to work too */
    } while (s == STATUS_OK && page.n > 0);
    arena_free(page.arena);
    return s;
}

/* ---- dead letters ---- */

/* Those not yet published wait for that. How many there were is kept for the report. */
static const struct pg_stmt count_letters = {
    "purge_letters_count",
    "select count(*) filter (where published_batch is not null),"
    " count(*) filter (where published_batch is null)"
    " from intake.dead_letter where received_at < $1",
    (const uint32_t[]){PG_TIMESTAMPTZ, 0}};

static const struct pg_stmt drop_letters = {
    "purge_letters",
    "with d as (delete from intake.dead_letter l using"
    " (select x.topic, x.partition, x.\"offset\" from intake.dead_letter x"
    "  where x.received_at < $1 and x.published_batch is not null"
    "  order by x.topic, x.partition, x.\"offset\" limit $2) k"
    " where l.topic = k.topic and l.partition = k.partition and l.\"offset\" = k.\"offset\""
    " returning coalesce(l.organisation, '') as organisation,"
    " date_trunc('month', l.received_at at time zone oh.time_zone())::date as month),"
    " t as (insert into report.letters_purged as p (organisation, month, letters)"
    " select d.organisation, d.month, count(*) from d group by 1, 2 order by 1, 2"
    " on conflict (organisation, month) do update set letters = p.letters + excluded.letters)"
    " select count(*) from d",
    (const uint32_t[]){PG_TIMESTAMPTZ, PG_INT8, 0}};

static enum status drop_all_letters(struct purge *p, struct pg_args *args, struct err *err)
{
    const struct pg_result *r = NULL;
    char detail[64];
    int64_t dropped = 0;
    int64_t n = 1;
    enum status s = STATUS_OK;
    pg_arg_i64(args, LETTERS_AT_ONCE);
    while (s == STATUS_OK && n > 0) {
        s = cli_query(p->cli, &drop_letters, args, &r, err);
        n = s == STATUS_OK ? pg_i64(r, 0, 0) : 0;
        dropped += n;
        pause_ms(2);
    }
    p->report.letters = dropped;
    if (s != STATUS_OK || dropped == 0) {
        return s;
    }
    (void)snprintf(detail, sizeof detail, "{\"dead_letters\":%" PRId64 "}", dropped);
    return write_down(p, detail, err);
}

static enum status purge_letters(struct purge *p, struct err *err)
{
    const struct retention *keep = sweep_retention(p->sweep);
    struct pg_args args = {0};
    const struct pg_result *r = NULL;
    pg_arg_instant(&args,
                   instant_add_us(sweep_now(p->sweep), -keep->dead_letter_days * US_PER_DAY));
    enum status s = cli_query(p->cli, &count_letters, &args, &r, err);
    if (s == STATUS_OK) {
        p->report.letters = pg_i64(r, 0, 0);
        p->report.letters_waiting = pg_i64(r, 0, 1);
    }
    if (s == STATUS_OK && !p->dry_run) {
        s = drop_all_letters(p, &args, err);
    }
    pg_args_clear(&args);
    return s;
}

/* ---- the audit ---- */

static const struct pg_stmt count_entries = {"purge_entries_count", "select audit.purgeable()",
                                             NULL};
static const struct pg_stmt drop_entries = {"purge_entries", "select audit.purge_oldest($1)",
                                            (const uint32_t[]){PG_INT4, 0}};

static enum status purge_audit(struct purge *p, struct err *err)
{
    struct pg_args args = {0};
    const struct pg_result *r = NULL;
    int64_t n = 0;
    enum status s = STATUS_OK;
    pg_arg_i32(&args, ENTRIES_AT_ONCE);
    do {
        s = cli_query(p->cli, p->dry_run ? &count_entries : &drop_entries,
                      p->dry_run ? NULL : &args, &r, err);
        n = s == STATUS_OK ? pg_i64(r, 0, 0) : 0;
        p->report.audit_entries += n;
        pause_ms(2);
    } while (n > 0 && !p->dry_run);
    pg_args_clear(&args);
    return s;
}

/* ---- all of it ---- */

static enum status purge_all(struct purge *p, struct err *err)
{
    enum status s = cli_connect(p->cli, err);
    s = s == STATUS_OK ? sweep_new(&p->sweep, p->cli, err) : s;
    if (s != STATUS_OK) {
        return s;
    }
    if (!p->dry_run) {
        s = erasure_finish(p->sweep, p->cli, &p->report.erased, err);
    }
    s = s == STATUS_OK ? purge_people(p, err) : s;
    s = s == STATUS_OK ? purge_letters(p, err) : s;
    s = s == STATUS_OK ? purge_audit(p, err) : s;
    p->report.keep = *sweep_retention(p->sweep);
    return s;
}

int purge_run(struct cli *cli, const struct args *args)
{
    struct err err = {0};
    struct forgotten *first = NULL;
    bool dry_run = options_flag(args, "dry-run");
    struct purge p = {
        .cli = cli, .dry_run = dry_run, .report = {.dry_run = dry_run}, .last = &first};
    enum status s = purge_all(&p, &err);
    sweep_free(p.sweep);
    if (s != STATUS_OK) {
        return cli_fail("purge", s, &err);
    }
    p.report.first = first;
    if (options_flag(args, "json")) {
        purge_report_json(&p.report);
    } else {
        purge_report_text(&p.report);
    }
    return EXIT_DONE;
}
