/* Reading and locking. The writing of a file that was taken is in feed_store.c.
 *
 * The lock is an advisory one, and ends with its session. So a run that lost its session can
 * neither hold others up nor commit. feed.source.runs_* only lets a message name who has it. */
#include "services/cli/feed/feed_db.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/runtime/clock.h"

#define LOCK_PAUSE_NS 200000000L
#define PAGE_ROWS 5000

bool feed_hash_eq(const struct feed_hash *a, const struct feed_hash *b)
{
    return a->is_set == b->is_set &&
           (!a->is_set || memcmp(a->sha256, b->sha256, SHA256_BYTES) == 0);
}

static void arg_hash(struct pg_args *args, const struct feed_hash *h)
{
    pg_arg_bytes(args, h->is_set ? h->sha256 : NULL, h->is_set ? SHA256_BYTES : 0);
}

static struct feed_hash hash_of(const struct pg_result *r, size_t row, int col)
{
    struct feed_hash h = {0};
    size_t len = 0;
    const void *bytes = pg_bytes(r, row, col, &len);
    if (bytes != NULL && len == SHA256_BYTES) {
        h.is_set = true;
        memcpy(h.sha256, bytes, SHA256_BYTES);
    }
    return h;
}

/* A statement about a source, with at most one hash. */
static enum status ask(struct cli *cli, const struct pg_stmt *stmt, const char *source,
                       const struct feed_hash *hash, const struct pg_result **r, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, source);
    if (hash != NULL) {
        arg_hash(&args, hash);
    }
    enum status s = cli_query(cli, stmt, &args, r, err);
    pg_args_clear(&args);
    return s;
}

/* ---- the lock ---- */

static const struct pg_stmt try_lock = {"feed_lock",
                                        "select pg_try_advisory_lock(7170418, hashtext($1))",
                                        (const uint32_t[]){PG_TEXT, 0}};
static const struct pg_stmt who_runs = {
    "feed_who",
    "select runs_login, runs_host, runs_pid,"
    " to_char(runs_since at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    " from feed.source where source = $1 and runs_pid is not null",
    (const uint32_t[]){PG_TEXT, 0}};
static const struct pg_stmt note_run = {
    "feed_runs",
    "insert into feed.source as s (source, organisations, runs_login, runs_host, runs_pid,"
    " runs_since)"
    " values ($1, '{}', session_user, $2, $3, now())"
    " on conflict (source) do update set runs_login = excluded.runs_login,"
    " runs_host = excluded.runs_host, runs_pid = excluded.runs_pid,"
    " runs_since = excluded.runs_since",
    (const uint32_t[]){PG_TEXT, PG_TEXT, PG_INT4, 0}};

static enum status note_own_run(struct cli *cli, const char *source, struct err *err)
{
    char host[256] = "";
    (void)gethostname(host, sizeof host - 1);
    struct pg_args args = {0};
    pg_arg_text(&args, source);
    pg_arg_text(&args, host);
    pg_arg_i32(&args, (int32_t)getpid());
    enum status s = cli_query(cli, &note_run, &args, NULL, err);
    pg_args_clear(&args);
    return s;
}

static enum status busy(struct cli *cli, const char *source, struct err *err)
{
    const struct pg_result *r = NULL;
    enum status s = ask(cli, &who_runs, source, NULL, &r, err);
    if (s != STATUS_OK) {
        return s;
    }
    if (pg_rows(r) == 0) {
        return err_set(err, STATUS_FATAL, "busy", "%s: another run of this source is at work",
                       source);
    }
    return err_set(err, STATUS_FATAL, "busy",
                   "%s: another run of this source is at work: login %s on %s, process %" PRId64
                   ", since %s",
                   source, pg_text(r, 0, 0), pg_text(r, 0, 1), pg_i64(r, 0, 2), pg_text(r, 0, 3));
}

enum status feed_db_lock(struct cli *cli, const char *source, int wait_ms, struct err *err)
{
    int64_t until = clock_mono_ms() + wait_ms;
    for (;;) {
        const struct pg_result *r = NULL;
        enum status s = ask(cli, &try_lock, source, NULL, &r, err);
        if (s != STATUS_OK) {
            return s;
        }
        if (pg_bool(r, 0, 0)) {
            return note_own_run(cli, source, err);
        }
        if (clock_mono_ms() >= until) {
            return busy(cli, source, err);
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
    }
}

/* ---- what is known ---- */

static const struct pg_stmt read_source = {
    "feed_source",
    "select s.organisations, s.as_of,"
    " coalesce((select p.mapping from feed.file p where p.source = s.source and p.pattern = $2"
    "           order by p.as_of desc limit 1), s.mapping),"
    " s.key_check, f.sha256,"
    " (select p.rows from feed.file p where p.source = s.source and p.pattern = $2"
    "  order by p.as_of desc limit 1),"
    " (select p.staff_rows from feed.file p where p.source = s.source and p.pattern = $2"
    "  and p.staff_rows is not null order by p.as_of desc limit 1),"
    " b.as_of, b.sha256, b.staff, b.mapping, b.bump, f.staff_name"
    " from feed.source s left join feed.file f on f.source = s.source and f.as_of = s.as_of"
    " left join feed.begun b on b.source = s.source"
    " where s.source = $1",
    (const uint32_t[]){PG_TEXT, PG_TEXT, 0}};

static int64_t count_of(const struct pg_result *r, int col)
{
    return pg_is_null(r, 0, col) ? -1 : pg_i64(r, 0, col);
}

enum status feed_db_known(struct cli *cli, const char *source, const char *pattern, struct arena *a,
                          struct feed_known *out, struct err *err)
{
    struct pg_args args = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&args, source);
    pg_arg_text(&args, pattern);
    enum status s = cli_query(cli, &read_source, &args, &r, err);
    pg_args_clear(&args);
    *out = (struct feed_known){.as_of = INSTANT_NONE, .rows_before = -1, .staff_rows_before = -1};
    if (s != STATUS_OK || pg_rows(r) == 0) {
        return s;
    }
    out->organisations = pg_text_array(r, 0, 0, a, &out->n_organisations);
    out->has_file = !pg_is_null(r, 0, 1);
    out->as_of = out->has_file ? pg_instant(r, 0, 1) : INSTANT_NONE;
    out->mapping = hash_of(r, 0, 2);
    out->key_check = hash_of(r, 0, 3);
    out->extract = hash_of(r, 0, 4);
    out->rows_before = count_of(r, 5);
    out->staff_rows_before = count_of(r, 6);
    out->staff_name = arena_strdup(a, pg_text(r, 0, 12));
    out->has_begun = !pg_is_null(r, 0, 7);
    if (out->has_begun) {
        out->begun_as_of = pg_instant(r, 0, 7);
        out->begun = (struct feed_inputs){
            .extract = hash_of(r, 0, 8), .staff = hash_of(r, 0, 9), .mapping = hash_of(r, 0, 10)};
        out->begun_bump = (int)pg_i64(r, 0, 11);
    }
    return STATUS_OK;
}

static const struct pg_stmt seen = {
    "feed_seen",
    "select exists (select from feed.file where source = $1 and sha256 = $2),"
    " exists (select from feed.file where source = $1 and as_of = $3 and sha256 <> $2)",
    (const uint32_t[]){PG_TEXT, PG_BYTEA, PG_TIMESTAMPTZ, 0}};

enum status feed_db_seen(struct cli *cli, const char *source, const struct feed_hash *extract,
                         struct instant as_of, bool *same, bool *conflict, struct err *err)
{
    struct pg_args args = {0};
    const struct pg_result *r = NULL;
    pg_arg_text(&args, source);
    arg_hash(&args, extract);
    pg_arg_instant(&args, as_of);
    enum status s = cli_query(cli, &seen, &args, &r, err);
    pg_args_clear(&args);
    if (s == STATUS_OK) {
        *same = pg_bool(r, 0, 0);
        *conflict = pg_bool(r, 0, 1);
    }
    return s;
}

/* ---- the state ---- */

/* In pages: half a million rows in one result would take several hundred megabytes. */
static const struct pg_stmt read_records = {
    "feed_records",
    "select organisation, absence_id, person_id, assignment_id, digest, version, onset_date,"
    " last_day, missing, missing_since, open_ended, ended, cancelled, settled, derived,"
    " begun from feed.record where source = $1 and (organisation, absence_id) > ($2, $3)"
    " order by organisation, absence_id limit $4",
    (const uint32_t[]){PG_TEXT, PG_TEXT, PG_TEXT, PG_INT8, 0}};
static const struct pg_stmt read_leavers = {
    "feed_leavers",
    "select person, left_on, begun from feed.leaver where source = $1 and person > $2"
    " order by person limit $3",
    (const uint32_t[]){PG_TEXT, PG_BYTEA, PG_INT8, 0}};

static void take_record(const struct pg_result *r, size_t i, struct state *s)
{
    struct state_row row = {.organisation = pg_text(r, i, 0),
                            .absence_id = pg_text(r, i, 1),
                            .person_id = pg_text(r, i, 2),
                            .assignment_id = pg_text(r, i, 3),
                            .version = pg_i64(r, i, 5),
                            .onset = pg_date(r, i, 6),
                            .last_day = pg_date(r, i, 7),
                            .missing = (int)pg_i64(r, i, 8),
                            .missing_since = pg_date(r, i, 9),
                            .open_ended = pg_bool(r, i, 10),
                            .ended = pg_bool(r, i, 11),
                            .cancelled = pg_bool(r, i, 12),
                            .settled = pg_bool(r, i, 13),
                            .derived = pg_bool(r, i, 14),
                            .begun = pg_bool(r, i, 15)};
    size_t len = 0;
    const void *digest = pg_bytes(r, i, 4, &len);
    if (digest != NULL && len == STATE_DIGEST) {
        memcpy(row.digest, digest, STATE_DIGEST);
    }
    state_put(s, &row);
}

static enum status load_records(struct cli *cli, const char *source, struct state *s,
                                struct err *err)
{
    struct arena *a = arena_new(1024);
    const char *organisation = "";
    const char *absence_id = "";
    size_t n = PAGE_ROWS;
    enum status st = STATUS_OK;
    while (st == STATUS_OK && n == PAGE_ROWS) {
        struct pg_args args = {0};
        const struct pg_result *r = NULL;
        pg_arg_text(&args, source);
        pg_arg_text(&args, organisation);
        pg_arg_text(&args, absence_id);
        pg_arg_i64(&args, PAGE_ROWS);
        st = cli_query(cli, &read_records, &args, &r, err);
        pg_args_clear(&args);
        n = st == STATUS_OK ? pg_rows(r) : 0;
        for (size_t i = 0; i < n; i++) {
            take_record(r, i, s);
        }
        if (n > 0) {
            arena_reset(a);
            organisation = arena_strdup(a, pg_text(r, n - 1, 0));
            absence_id = arena_strdup(a, pg_text(r, n - 1, 1));
        }
    }
    arena_free(a);
    return st;
}

static enum status load_leavers(struct cli *cli, const char *source, struct state *s,
                                struct err *err)
{
    struct state_leaver last = {0};
    size_t last_len = 0; /* before every person there is */
    size_t n = PAGE_ROWS;
    enum status st = STATUS_OK;
    while (st == STATUS_OK && n == PAGE_ROWS) {
        struct pg_args args = {0};
        const struct pg_result *r = NULL;
        pg_arg_text(&args, source);
        pg_arg_bytes(&args, last.person, last_len);
        pg_arg_i64(&args, PAGE_ROWS);
        st = cli_query(cli, &read_leavers, &args, &r, err);
        pg_args_clear(&args);
        n = st == STATUS_OK ? pg_rows(r) : 0;
        for (size_t i = 0; i < n; i++) {
            size_t len = 0;
            const void *person = pg_bytes(r, i, 0, &len);
            if (person != NULL && len == STATE_MAC) {
                memcpy(last.person, person, STATE_MAC);
                last.on = pg_date(r, i, 1);
                last.begun = pg_bool(r, i, 2);
                state_put_leaver(s, &last);
            }
        }
        last_len = STATE_MAC;
    }
    return st;
}

enum status feed_db_state(struct cli *cli, const char *source, struct state *s, struct err *err)
{
    enum status st = load_records(cli, source, s, err);
    return st == STATUS_OK ? load_leavers(cli, source, s, err) : st;
}

/* ---- files that are held ---- */

static const struct pg_stmt is_accepted = {
    "feed_accepted",
    "select exists (select from feed.held where source = $1 and sha256 = $2"
    " and accepted_at is not null)",
    (const uint32_t[]){PG_TEXT, PG_BYTEA, 0}};
static const struct pg_stmt holds_any = {"feed_holds",
                                         "select exists (select from feed.held where source = $1)",
                                         (const uint32_t[]){PG_TEXT, 0}};
static const struct pg_stmt unhold = {"feed_unhold",
                                      "delete from feed.held where source = $1 and sha256 = $2",
                                      (const uint32_t[]){PG_TEXT, PG_BYTEA, 0}};

enum status feed_db_accepted(struct cli *cli, const char *source, const struct feed_hash *extract,
                             bool *out, struct err *err)
{
    const struct pg_result *r = NULL;
    enum status s = ask(cli, &is_accepted, source, extract, &r, err);
    *out = s == STATUS_OK && pg_bool(r, 0, 0);
    return s;
}

enum status feed_db_holds(struct cli *cli, const char *source, bool *out, struct err *err)
{
    const struct pg_result *r = NULL;
    enum status s = ask(cli, &holds_any, source, NULL, &r, err);
    *out = s == STATUS_OK && pg_bool(r, 0, 0);
    return s;
}

enum status feed_db_unhold(struct cli *cli, const char *source, const struct feed_hash *extract,
                           struct err *err)
{
    return ask(cli, &unhold, source, extract, NULL, err);
}
