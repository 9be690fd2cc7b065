/* dayfour purge: what has been kept for long enough goes, in small pieces. */
#include <inttypes.h>
#include <time.h>

#include "common/base/err_code.h"
#include "common/retention/candidates.h"
#include "common/retention/erasure.h"
#include "common/retention/expired.h"
#include "common/retention/removal.h"
#include "services/cli/commands.h"
#include "services/cli/operations/clocks.h"
#include "services/cli/retention/purge_report.h"

#define PATIENCE 5 /* times that people are busy until they are left for the next run */

struct purge {
    struct cli *cli;
    struct candidates *candidates;
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
    pg_arg_instant(&args, candidates_now(p->candidates));
    pg_arg_text(&args, detail);
    enum status s = pg_run(p->cli->pg, &audit, &args, err);
    pg_args_clear(&args);
    return s;
}

/* ---- people ---- */

static void note_forgotten(struct purge *p)
{
    struct arena *a = p->cli->arena;
    size_t n = 0;
    const struct candidate *x = candidates_people(p->candidates, &n);
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

static void add_counts(struct removal_counts *all, const struct removal_counts *c)
{
    all->unmatched += c->unmatched;
    all->matched += c->matched;
    all->cancelled += c->cancelled;
    all->records += c->records;
    all->details += c->details;
    all->spells += c->spells;
    all->entries += c->entries;
    all->emissions += c->emissions;
    all->persons += c->persons;
}

/* Looks without locks, so as to lock only those of whom something goes: these stay in keys. */
static enum status look(struct purge *p, struct candidate_keys *keys, struct err *err)
{
    struct removal_counts c = {0};
    size_t n = 0;
    enum status s =
        candidates_load(p->candidates, keys->organisation, keys->person_id, keys->n, false, err);
    if (s != STATUS_OK) {
        return s;
    }
    candidates_decide(p->candidates);
    candidates_abandon(p->candidates);
    note_forgotten(p);
    const struct candidate *x = candidates_people(p->candidates, &n);
    keys->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (candidates_goes(&x[i])) {
            keys->organisation[keys->n] = arena_strdup(keys->arena, x[i].p->organisation);
            keys->person_id[keys->n++] = arena_strdup(keys->arena, x[i].p->person_id);
        }
    }
    if (p->dry_run) {
        removal_count(p->candidates, &c);
        add_counts(&p->report.counts, &c);
        keys->n = 0;
    }
    return STATUS_OK;
}

static enum status take_away(struct purge *p, const struct removal_counts *c, struct err *err)
{
    struct buf detail = {0};
    buf_puts(&detail, "{");
    purge_report_counts(&detail, c);
    buf_puts(&detail, "}");
    enum status s = removal_purge(p->candidates, err);
    s = s == STATUS_OK ? write_down(p, detail.data, err) : s;
    s = s == STATUS_OK ? candidates_commit(p->candidates, err) : s;
    buf_clear(&detail);
    return s;
}

/* Locked people are judged again: they may have changed since the first look. */
static enum status purge_batch(struct purge *p, const struct candidate_keys *keys, struct err *err)
{
    struct removal_counts c = {0};
    enum status s =
        candidates_load(p->candidates, keys->organisation, keys->person_id, keys->n, true, err);
    if (s != STATUS_OK) {
        return s;
    }
    candidates_decide(p->candidates);
    removal_count(p->candidates, &c);
    s = take_away(p, &c, err);
    if (s == STATUS_OK) {
        add_counts(&p->report.counts, &c);
    }
    return s;
}

/* Somebody works on one of them, or did: they are tried again, some times. */
static enum status purge_patiently(struct purge *p, const struct candidate_keys *keys,
                                   struct err *err)
{
    enum status s = STATUS_RETRY;
    for (int i = 0; i < PATIENCE && s == STATUS_RETRY; i++) {
        pause_ms(i * 200L);
        s = purge_batch(p, keys, err);
        if (s == STATUS_RESYNC && err_is(err, ERR_RULES_CHANGED)) {
            s = candidates_renew(p->candidates, err);
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
    struct candidate_keys page = {.arena = arena_new(16384)};
    struct candidate_keys those;
    enum status s = STATUS_OK;
    do {
        s = candidates_next(p->candidates, &page, err);
        those = page;
        s = s == STATUS_OK && page.n > 0 ? look(p, &those, err) : s;
        s = s == STATUS_OK && those.n > 0 ? purge_patiently(p, &those, err) : s;
        pause_ms(2); /* others want to work too */
    } while (s == STATUS_OK && page.n > 0);
    arena_free(page.arena);
    return s;
}

/* ---- rows that expire ---- */

static void let_others_work(void)
{
    pause_ms(2);
}

static enum status purge_dead_letters(struct purge *p, struct err *err)
{
    struct purge_report *report = &p->report;
    char detail[64];
    struct instant before =
        instant_add_us(candidates_now(p->candidates),
                       -candidates_retention(p->candidates)->dead_letter_days * US_PER_DAY);
    enum status s = expired_dead_letters(p->cli->pg, before, p->dry_run, let_others_work,
                                         &report->dead_letters, &report->dead_letters_waiting, err);
    if (s != STATUS_OK || p->dry_run || report->dead_letters == 0) {
        return s;
    }
    (void)snprintf(detail, sizeof detail, "{\"dead_letters\":%" PRId64 "}", report->dead_letters);
    return write_down(p, detail, err);
}

static enum status purge_expired(struct purge *p, struct err *err)
{
    struct pg *pg = p->cli->pg;
    enum status s = STATUS_OK;
    if (!p->dry_run) {
        s = expired_turns(pg, err);
        s = s == STATUS_OK ? expired_requests(pg, err) : s;
    }
    s = s == STATUS_OK
            ? expired_digests(pg, candidates_retention(p->candidates)->matched_days,
                              candidates_today(p->candidates), p->dry_run, &p->report.digests, err)
            : s;
    s = s == STATUS_OK ? purge_dead_letters(p, err) : s;
    return s == STATUS_OK
               ? expired_audit(pg, p->dry_run, let_others_work, &p->report.audit_entries, err)
               : s;
}

/* ---- all of it ---- */

static enum status purge_all(struct purge *p, struct err *err)
{
    enum status s = cli_connect(p->cli, err);
    s = s == STATUS_OK ? clocks_must_agree(p->cli, err) : s;
    s = s == STATUS_OK ? candidates_new(&p->candidates, p->cli->pg, err) : s;
    if (s != STATUS_OK) {
        return s;
    }
    if (!p->dry_run) {
        s = erasure_finish(p->candidates, &p->report.erased, err);
    }
    s = s == STATUS_OK ? purge_people(p, err) : s;
    s = s == STATUS_OK ? purge_expired(p, err) : s;
    p->report.keep = *candidates_retention(p->candidates);
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
    candidates_free(p.candidates);
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
