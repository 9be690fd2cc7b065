/* The writing of the state. A run commits its inputs before its first message. After the last
 * acknowledgement it commits the new state and the file, in one transaction. A kill in between
 * costs nothing: the next run finds the old state and those inputs. It publishes the same bytes
 * again, or later versions of them. */
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/pg/columns.h"
#include "common/runtime/fault.h"
#include "services/cli/feed/feed_db.h"

#define CHUNK_ROWS ((size_t)2000)

static void arg_hash(struct pg_args *args, const struct feed_hash *h)
{
    pg_arg_bytes(args, h->is_set ? h->sha256 : NULL, h->is_set ? SHA256_BYTES : 0);
}

/* ---- before a file is taken ---- */

/* Organisations of a source that has taken nothing yet may still change with its mapping. */
static const struct pg_stmt introduce = {
    "feed_introduce",
    "insert into feed.source as s (source, organisations) values ($1, $2)"
    " on conflict (source) do update set organisations = case when s.as_of is null"
    " then excluded.organisations else s.organisations end",
    (const uint32_t[]){PG_TEXT, PG_TEXT_ARRAY, 0}};

enum status feed_db_introduce(struct cli *cli, const char *source, const char *const *organisations,
                              size_t n, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, source);
    COLUMN(PG_TEXT, pg_array_text, n, organisations[i]);
    enum status s = cli_query(cli, &introduce, &args, NULL, err);
    pg_args_clear(&args);
    return s;
}

static const struct pg_stmt begin_file = {
    "feed_begin",
    "insert into feed.begun as b (source, as_of, sha256, staff, mapping, bump, begun_at)"
    " values ($1, $2, $3, $4, $5, $6, $7)"
    " on conflict (source) do update set as_of = excluded.as_of, sha256 = excluded.sha256,"
    " staff = excluded.staff, mapping = excluded.mapping, bump = excluded.bump,"
    " begun_at = excluded.begun_at",
    (const uint32_t[]){PG_TEXT, PG_TIMESTAMPTZ, PG_BYTEA, PG_BYTEA, PG_BYTEA, PG_INT4,
                       PG_TIMESTAMPTZ, 0}};

static const struct pg_stmt hold = {
    "feed_hold",
    "insert into feed.held as h (source, sha256, name, as_of, why, numbers, held_at, pattern)"
    " values ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8)"
    " on conflict (source, sha256) do update set name = excluded.name, as_of = excluded.as_of,"
    " why = excluded.why, numbers = excluded.numbers, pattern = excluded.pattern",
    (const uint32_t[]){PG_TEXT, PG_BYTEA, PG_TEXT, PG_TIMESTAMPTZ, PG_TEXT, PG_TEXT, PG_TIMESTAMPTZ,
                       PG_TEXT, 0}};

enum status feed_db_hold(struct cli *cli, const char *source, const struct feed_hash *extract,
                         const struct feed_held *h, struct instant now, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, source);
    arg_hash(&args, extract);
    pg_arg_text(&args, h->name);
    pg_arg_instant(&args, h->as_of);
    pg_arg_text(&args, h->why);
    pg_arg_text(&args, h->numbers);
    pg_arg_instant(&args, now);
    pg_arg_text(&args, h->pattern);
    enum status s = cli_query(cli, &hold, &args, NULL, err);
    pg_args_clear(&args);
    return s;
}

static const struct pg_stmt unhold_gone = {
    "feed_unhold_gone",
    "delete from feed.held where source = $1 and pattern = $2 and name <> all ($3)",
    (const uint32_t[]){PG_TEXT, PG_TEXT, PG_TEXT_ARRAY, 0}};

enum status feed_db_unhold_gone(struct cli *cli, const char *source, const char *pattern,
                                const char *const *names, size_t n, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, source);
    pg_arg_text(&args, pattern);
    COLUMN(PG_TEXT, pg_array_text, n, names[i]);
    enum status s = cli_query(cli, &unhold_gone, &args, NULL, err);
    pg_args_clear(&args);
    return s;
}

/* ---- records ---- */

static const struct pg_stmt put_records = {
    "feed_put",
    "insert into feed.record as r (source, organisation, absence_id, person_id, assignment_id,"
    " digest, version, onset_date, last_day, missing, missing_since, open_ended, ended, cancelled,"
    " settled, derived, begun)"
    " select $1, u.* from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,"
    " $17)"
    " u(organisation, absence_id, person_id, assignment_id, digest, version, onset_date, last_day,"
    " missing, missing_since, open_ended, ended, cancelled, settled, derived, begun)"
    " on conflict (source, organisation, absence_id) do update set person_id = excluded.person_id,"
    " assignment_id = excluded.assignment_id, digest = excluded.digest,"
    " version = excluded.version, onset_date = excluded.onset_date, last_day = excluded.last_day,"
    " missing = excluded.missing, missing_since = excluded.missing_since,"
    " open_ended = excluded.open_ended, ended = excluded.ended, cancelled = excluded.cancelled,"
    " settled = excluded.settled, derived = excluded.derived, begun = excluded.begun",
    (const uint32_t[]){PG_TEXT, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY,
                       PG_BYTEA_ARRAY, PG_INT8_ARRAY, PG_DATE_ARRAY, PG_DATE_ARRAY, PG_INT4_ARRAY,
                       PG_DATE_ARRAY, PG_BOOL_ARRAY, PG_BOOL_ARRAY, PG_BOOL_ARRAY, PG_BOOL_ARRAY,
                       PG_BOOL_ARRAY, PG_BOOL_ARRAY, 0}};
static const struct pg_stmt remove_records = {
    "feed_remove",
    "delete from feed.record r using unnest($2, $3) u(organisation, absence_id)"
    " where r.source = $1 and r.organisation = u.organisation and r.absence_id = u.absence_id",
    (const uint32_t[]){PG_TEXT, PG_TEXT_ARRAY, PG_TEXT_ARRAY, 0}};
static const struct pg_stmt put_leavers = {
    "feed_put_leavers",
    "insert into feed.leaver (source, person, left_on, begun)"
    " select $1, u.* from unnest($2, $3, $4) u"
    " on conflict (source, person) do update set left_on = excluded.left_on,"
    " begun = excluded.begun",
    (const uint32_t[]){PG_TEXT, PG_BYTEA_ARRAY, PG_DATE_ARRAY, PG_BOOL_ARRAY, 0}};
static const struct pg_stmt remove_leavers = {
    "feed_remove_leavers", "delete from feed.leaver where source = $1 and person = any ($2)",
    (const uint32_t[]){PG_TEXT, PG_BYTEA_ARRAY, 0}};

static void array_digest(struct pg_args *args, const struct state_row *row)
{
    pg_array_bytes(args, row->digest, STATE_DIGEST);
}

static enum status store_rows(struct cli *cli, const char *source, const struct state_row *row,
                              size_t n, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, source);
    COLUMN(PG_TEXT, pg_array_text, n, row[i].organisation);
    COLUMN(PG_TEXT, pg_array_text, n, row[i].absence_id);
    COLUMN(PG_TEXT, pg_array_text, n, row[i].person_id);
    COLUMN(PG_TEXT, pg_array_text, n, row[i].assignment_id);
    COLUMN(PG_BYTEA, array_digest, n, &row[i]);
    COLUMN(PG_INT8, pg_array_i64, n, row[i].version);
    COLUMN(PG_DATE, pg_array_date, n, row[i].onset);
    COLUMN(PG_DATE, pg_array_date, n, row[i].last_day);
    COLUMN(PG_INT4, pg_array_i32, n, row[i].missing);
    COLUMN(PG_DATE, pg_array_date, n, row[i].missing_since);
    COLUMN(PG_BOOL, pg_array_bool, n, row[i].open_ended);
    COLUMN(PG_BOOL, pg_array_bool, n, row[i].ended);
    COLUMN(PG_BOOL, pg_array_bool, n, row[i].cancelled);
    COLUMN(PG_BOOL, pg_array_bool, n, row[i].settled);
    COLUMN(PG_BOOL, pg_array_bool, n, row[i].derived);
    COLUMN(PG_BOOL, pg_array_bool, n, row[i].begun);
    enum status s = n == 0 ? STATUS_OK : cli_query(cli, &put_records, &args, NULL, err);
    pg_args_clear(&args);
    return s;
}

static enum status drop_rows(struct cli *cli, const char *source, const struct state_row *row,
                             size_t n, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, source);
    COLUMN(PG_TEXT, pg_array_text, n, row[i].organisation);
    COLUMN(PG_TEXT, pg_array_text, n, row[i].absence_id);
    enum status s = n == 0 ? STATUS_OK : cli_query(cli, &remove_records, &args, NULL, err);
    pg_args_clear(&args);
    return s;
}

/* Rows that leave the state go before those that are stored: a record may change its identifier. */
static enum status store_changes(struct cli *cli, const char *source, const struct difference *d,
                                 bool removed, struct err *err)
{
    struct state_row *row = mem_resize(NULL, CHUNK_ROWS, sizeof *row);
    size_t n = 0;
    enum status s = STATUS_OK;
    for (size_t i = 0; i < d->n_changes && s == STATUS_OK; i++) {
        struct difference_change change;
        difference_change(d, i, &change);
        if (change.removed == removed) {
            row[n++] = change.row;
        }
        if (n == CHUNK_ROWS || (i + 1 == d->n_changes && n > 0)) {
            s = (removed ? drop_rows : store_rows)(cli, source, row, n, err);
            n = 0;
        }
    }
    free(row);
    return s;
}

static void array_person(struct pg_args *args, const struct state_leaver *l)
{
    pg_array_bytes(args, l->person, STATE_MAC);
}

static enum status store_leaver_chunk(struct cli *cli, const char *source, bool removed,
                                      const struct state_leaver *l, size_t n, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, source);
    COLUMN(PG_BYTEA, array_person, n, &l[i]);
    if (!removed) {
        COLUMN(PG_DATE, pg_array_date, n, l[i].on);
        COLUMN(PG_BOOL, pg_array_bool, n, l[i].begun);
    }
    enum status s = cli_query(cli, removed ? &remove_leavers : &put_leavers, &args, NULL, err);
    pg_args_clear(&args);
    return s;
}

static enum status store_leavers(struct cli *cli, const char *source, const struct difference *d,
                                 bool removed, struct err *err)
{
    struct state_leaver *l = mem_resize(NULL, CHUNK_ROWS, sizeof *l);
    size_t n = 0;
    enum status s = STATUS_OK;
    for (size_t i = 0; i < d->n_leaver_changes && s == STATUS_OK; i++) {
        struct difference_leaver_change change;
        difference_leaver_change(d, i, &change);
        if (change.removed == removed) {
            l[n++] = change.leaver;
        }
        if (n == CHUNK_ROWS || (i + 1 == d->n_leaver_changes && n > 0)) {
            s = store_leaver_chunk(cli, source, removed, l, n, err);
            n = 0;
        }
    }
    free(l);
    return s;
}

/* ---- what a run is about to publish ---- */

static enum status store_begun(struct cli *cli, const char *source, struct instant as_of,
                               const struct feed_inputs *in, int bump, struct instant now,
                               struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, source);
    pg_arg_instant(&args, as_of);
    arg_hash(&args, &in->extract);
    arg_hash(&args, &in->staff);
    arg_hash(&args, &in->mapping);
    pg_arg_i32(&args, bump);
    pg_arg_instant(&args, now);
    enum status s = cli_query(cli, &begin_file, &args, NULL, err);
    pg_args_clear(&args);
    return s;
}

/* Records that nobody knows yet: if this run is killed and another file comes, they are known to be
 * missing there. */
static enum status store_begun_rows(struct cli *cli, const char *source, const struct difference *d,
                                    struct err *err)
{
    struct state_row *row = mem_resize(NULL, CHUNK_ROWS, sizeof *row);
    size_t n = 0;
    enum status s = STATUS_OK;
    for (size_t i = 0; i < d->n_changes && s == STATUS_OK; i++) {
        if (difference_begun(d, i, &row[n])) {
            n++;
        }
        if (n == CHUNK_ROWS || i + 1 == d->n_changes) {
            s = store_rows(cli, source, row, n, err);
            n = 0;
        }
    }
    free(row);
    return s;
}

/* Leavers with an event: if this run is killed, nobody knows which date was published last. */
static enum status store_begun_leavers(struct cli *cli, const char *source,
                                       const struct difference *d, struct err *err)
{
    struct state_leaver *l = mem_resize(NULL, CHUNK_ROWS, sizeof *l);
    size_t n = 0;
    enum status s = STATUS_OK;
    for (size_t i = 0; i < d->n_leaver_changes && s == STATUS_OK; i++) {
        n += difference_begun_leaver(d, i, &l[n]) ? 1 : 0;
        if (n == CHUNK_ROWS || (i + 1 == d->n_leaver_changes && n > 0)) {
            s = store_leaver_chunk(cli, source, false, l, n, err);
            n = 0;
        }
    }
    free(l);
    return s;
}

enum status feed_db_begin(struct cli *cli, const char *source, struct instant as_of,
                          const struct feed_inputs *in, int bump, const struct difference *d,
                          struct instant now, struct err *err)
{
    enum status s = cli_query(cli, &pg_begin, NULL, NULL, err);
    s = s == STATUS_OK ? store_begun(cli, source, as_of, in, bump, now, err) : s;
    s = s == STATUS_OK ? store_begun_rows(cli, source, d, err) : s;
    s = s == STATUS_OK ? store_begun_leavers(cli, source, d, err) : s;
    return s == STATUS_OK ? cli_query(cli, &pg_commit, NULL, NULL, err) : s;
}

/* ---- a file that was taken ---- */

static const struct pg_stmt put_file = {
    "feed_put_file",
    "with settled as (delete from feed.begun where source = $1),"
    " let_go as (delete from feed.held where source = $1 and as_of <= $2),"
    " old as (delete from feed.file where source = $1 and as_of < $2 - interval '400 days'),"
    " source as (update feed.source s set as_of = $2, mapping = $9, key_check = $16,"
    "            organisations = (select array_agg(distinct o order by o)"
    "                             from unnest(s.organisations || $17) o)"
    "            where s.source = $1)"
    " insert into feed.file (source, as_of, name, sha256, pattern, staff, staff_name, staff_rows,"
    " mapping, bump, rows, records, events, rejected, missing, taken_at)"
    " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $18)",
    (const uint32_t[]){PG_TEXT, PG_TIMESTAMPTZ, PG_TEXT, PG_BYTEA, PG_TEXT, PG_BYTEA, PG_TEXT,
                       PG_INT8, PG_BYTEA, PG_INT4, PG_INT8, PG_INT8, PG_INT8, PG_INT8, PG_INT8,
                       PG_BYTEA, PG_TEXT_ARRAY, PG_TIMESTAMPTZ, 0}};

static enum status store_file(struct cli *cli, const struct feed_taken *t, struct err *err)
{
    const struct difference_counts *c = &t->difference->counts;
    const struct mapping_texts *o = t->organisations;
    struct pg_args args = {0};
    pg_arg_text(&args, t->source);
    pg_arg_instant(&args, t->as_of);
    pg_arg_text(&args, t->name);
    arg_hash(&args, &t->in->extract);
    pg_arg_text(&args, t->pattern);
    arg_hash(&args, &t->in->staff);
    pg_arg_text(&args, t->staff_name);
    if (c->staff_rows < 0) {
        pg_arg_null(&args);
    } else {
        pg_arg_i64(&args, c->staff_rows);
    }
    arg_hash(&args, &t->in->mapping);
    pg_arg_i32(&args, t->bump);
    pg_arg_i64(&args, c->rows);
    pg_arg_i64(&args, c->records);
    pg_arg_i64(&args, t->events);
    pg_arg_i64(&args, c->rejected);
    pg_arg_i64(&args, c->missing);
    arg_hash(&args, &t->key_check);
    COLUMN(PG_TEXT, pg_array_text, o->n, o->item[i]);
    pg_arg_instant(&args, t->now);
    enum status s = cli_query(cli, &put_file, &args, NULL, err);
    pg_args_clear(&args);
    return s;
}

enum status feed_db_commit(struct cli *cli, const struct feed_taken *t, struct err *err)
{
    const struct difference *d = t->difference;
    enum status s = cli_query(cli, &pg_begin, NULL, NULL, err);
    s = s == STATUS_OK ? store_changes(cli, t->source, d, true, err) : s;
    s = s == STATUS_OK ? store_changes(cli, t->source, d, false, err) : s;
    s = s == STATUS_OK ? store_leavers(cli, t->source, d, true, err) : s;
    s = s == STATUS_OK ? store_leavers(cli, t->source, d, false, err) : s;
    s = s == STATUS_OK ? store_file(cli, t, err) : s;
    fault_point("feed.stored");
    return s == STATUS_OK ? cli_query(cli, &pg_commit, NULL, NULL, err) : s;
}

/* ---- the end of a source ---- */

/* Without a file: no run has begun alike. */
static const struct pg_stmt begin_cancelling = {
    "feed_begin_cancelling",
    "insert into feed.begun as b (source, as_of, sha256, staff, mapping, bump, begun_at)"
    " values ($1, $2, '', null, '', $3, $4)"
    " on conflict (source) do update set as_of = excluded.as_of, sha256 = excluded.sha256,"
    " staff = excluded.staff, mapping = excluded.mapping, bump = excluded.bump,"
    " begun_at = excluded.begun_at",
    (const uint32_t[]){PG_TEXT, PG_TIMESTAMPTZ, PG_INT4, PG_TIMESTAMPTZ, 0}};
static const struct pg_stmt forget = {"feed_forget", "delete from feed.source where source = $1",
                                      (const uint32_t[]){PG_TEXT, 0}};

enum status feed_db_begin_cancelling(struct cli *cli, const char *source,
                                     const struct feed_cancelling *c, struct instant now,
                                     struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, source);
    pg_arg_instant(&args, c->as_of);
    pg_arg_i32(&args, c->bump);
    pg_arg_instant(&args, now);
    enum status s = cli_query(cli, &begin_cancelling, &args, NULL, err);
    pg_args_clear(&args);
    return s;
}

enum status feed_db_forget(struct cli *cli, const char *source, const struct feed_cancelling *c,
                           struct instant now, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, source);
    enum status s = cli_query(cli, &pg_begin, NULL, NULL, err);
    s = s == STATUS_OK ? cli_query(cli, &forget, &args, NULL, err) : s;
    pg_args_clear(&args);
    if (c != NULL) {
        s = s == STATUS_OK ? feed_db_introduce(cli, source, NULL, 0, err) : s;
        s = s == STATUS_OK ? feed_db_begin_cancelling(cli, source, c, now, err) : s;
    }
    return s == STATUS_OK ? cli_query(cli, &pg_commit, NULL, NULL, err) : s;
}
