/* The writes of a claim; its reads are in ledger_due.c. Each function adds statements to the open
 * pipeline, and none waits or fails. ledger_send_advance() comes last: it compares the epoch, and
 * CT001 undoes everything before it. */
#include "services/followup/db/ledger.h"

#include "common/pg/columns.h"

/* ---- sayings ---- */

static const struct pg_stmt put_emitted = {
    "put_emitted",
    "insert into followup.emitted (organisation, person_id, subject, kind, occurrence, nth, topic,"
    " spell_id, period_id, happens_at, occurs_on, due_on, late, late_report, backdated, data,"
    " emitted_at) select unnest($1::text[]), unnest($2::text[]), unnest($3::text[]),"
    " unnest($4::text[]), unnest($5::text[]), unnest($6::int4[]), unnest($7::text[]),"
    " unnest($8::text[]), unnest($9::text[]), unnest($10::timestamptz[]),"
    " unnest($11::date[]), unnest($12::date[]), unnest($13::bool[]), unnest($14::bool[]),"
    " unnest($15::bool[]), unnest($16::text[]), $17",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY,
                       PG_INT4_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY,
                       PG_TIMESTAMPTZ_ARRAY, PG_DATE_ARRAY, PG_DATE_ARRAY, PG_BOOL_ARRAY,
                       PG_BOOL_ARRAY, PG_BOOL_ARRAY, PG_TEXT_ARRAY, PG_TIMESTAMPTZ, 0}};

static const struct pg_stmt take_back = {
    "take_back",
    "update followup.emitted e set withdrawn_at = $7 from unnest($1::text[], $2::text[],"
    " $3::text[], $4::text[], $5::text[], $6::int4[]) as u (o, p, s, k, c, n)"
    " where e.organisation = u.o and e.person_id = u.p and e.subject = u.s and e.kind = u.k"
    " and e.occurrence = u.c and e.nth = u.n",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY,
                       PG_INT4_ARRAY, PG_TIMESTAMPTZ, 0}};

static void array_about_spell(struct pg_args *args, const struct emitted *e, bool v)
{
    if (e->about_spell) {
        pg_array_bool(args, v);
    } else {
        pg_array_null(args);
    }
}

static void array_late_report(struct pg_args *args, const struct emitted *e)
{
    array_about_spell(args, e, e->late_report);
}

static void array_backdated(struct pg_args *args, const struct emitted *e)
{
    array_about_spell(args, e, e->backdated);
}

static void send_emitted(struct pg *pg, const struct utterance *const *u, size_t n,
                         struct instant now)
{
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, u[i]->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, u[i]->person_id);
    COLUMN(PG_TEXT, pg_array_text, n, u[i]->row.subject);
    COLUMN(PG_TEXT, pg_array_text, n, event_kind_name(u[i]->row.kind));
    COLUMN(PG_TEXT, pg_array_text, n, u[i]->row.occurrence);
    COLUMN(PG_INT4, pg_array_i32, n, u[i]->row.nth);
    COLUMN(PG_TEXT, pg_array_text, n, u[i]->row.topic);
    COLUMN(PG_TEXT, pg_array_text, n, u[i]->row.spell_id);
    COLUMN(PG_TEXT, pg_array_text, n, u[i]->row.period_id);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, u[i]->row.at);
    COLUMN(PG_DATE, pg_array_date, n, u[i]->row.occurs_on);
    COLUMN(PG_DATE, pg_array_date, n, u[i]->row.due_on);
    COLUMN(PG_BOOL, pg_array_bool, n, u[i]->row.late);
    COLUMN(PG_BOOL, array_late_report, n, &u[i]->row);
    COLUMN(PG_BOOL, array_backdated, n, &u[i]->row);
    COLUMN(PG_TEXT, pg_array_text, n, u[i]->row.data);
    pg_arg_instant(&args, now);
    pg_send(pg, &put_emitted, &args);
    pg_args_clear(&args);
}

static void send_taken_back(struct pg *pg, const struct utterance *const *u, size_t n,
                            struct instant now)
{
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, u[i]->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, u[i]->person_id);
    COLUMN(PG_TEXT, pg_array_text, n, u[i]->takes_back->subject);
    COLUMN(PG_TEXT, pg_array_text, n, event_kind_name(u[i]->takes_back->kind));
    COLUMN(PG_TEXT, pg_array_text, n, u[i]->takes_back->occurrence);
    COLUMN(PG_INT4, pg_array_i32, n, u[i]->takes_back->nth);
    pg_arg_instant(&args, now);
    pg_send(pg, &take_back, &args);
    pg_args_clear(&args);
}

void ledger_send_utterances(struct pg *pg, const struct utterance *u, size_t n, struct instant now,
                            struct arena *a)
{
    const struct utterance **emitted = arena_array(a, n, sizeof *emitted);
    const struct utterance **withdrawn = arena_array(a, n, sizeof *withdrawn);
    size_t n_emitted = 0;
    size_t n_withdrawn = 0;
    for (size_t i = 0; i < n; i++) {
        if (u[i].takes_back == NULL) {
            emitted[n_emitted++] = &u[i];
        } else {
            withdrawn[n_withdrawn++] = &u[i];
        }
    }
    if (n_emitted > 0) {
        send_emitted(pg, emitted, n_emitted, now);
    }
    if (n_withdrawn > 0) {
        send_taken_back(pg, withdrawn, n_withdrawn, now);
    }
}

/* ---- the outbox ---- */

static const struct pg_stmt put_outbox = {
    "put_outbox",
    "insert into followup.outbox (shard, batch_no, ord, topic, key, headers, value)"
    " select $1, $2, unnest($3::int4[]), unnest($4::text[]), unnest($5::bytea[]),"
    " unnest($6::bytea[]), unnest($7::bytea[])",
    (const uint32_t[]){PG_INT4, PG_INT8, PG_INT4_ARRAY, PG_TEXT_ARRAY, PG_BYTEA_ARRAY,
                       PG_BYTEA_ARRAY, PG_BYTEA_ARRAY, 0}};

static void array_key(struct pg_args *args, const struct outbound *r)
{
    pg_array_bytes(args, r->key, r->key_len);
}

static void array_headers(struct pg_args *args, const struct outbound *r)
{
    pg_array_bytes(args, r->headers, r->headers_len);
}

static void array_value(struct pg_args *args, const struct outbound *r)
{
    pg_array_bytes(args, r->value, r->value_len);
}

void ledger_send_outbox(struct pg *pg, int32_t shard, int64_t batch_no, const struct outbound *r,
                        size_t n)
{
    struct pg_args args = {0};
    pg_arg_i32(&args, shard);
    pg_arg_i64(&args, batch_no);
    COLUMN(PG_INT4, pg_array_i32, n, r[i].ord);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].topic);
    COLUMN(PG_BYTEA, array_key, n, &r[i]);
    COLUMN(PG_BYTEA, array_headers, n, &r[i]);
    COLUMN(PG_BYTEA, array_value, n, &r[i]);
    pg_send(pg, &put_outbox, &args);
    pg_args_clear(&args);
}

static const struct pg_stmt cut_record = {
    "cut_record",
    "update followup.outbox o set headers = $4, value = $5"
    " where o.shard = $1 and o.batch_no = $2 and o.ord = $3",
    (const uint32_t[]){PG_INT4, PG_INT8, PG_INT4, PG_BYTEA, PG_BYTEA, 0}};

static const struct pg_stmt drop_record = {
    "drop_record",
    "delete from followup.outbox o where o.shard = $1 and o.batch_no = $2 and o.ord = $3",
    (const uint32_t[]){PG_INT4, PG_INT8, PG_INT4, 0}};

void ledger_send_cut(struct pg *pg, int32_t shard, int64_t batch_no, const struct outbound *r,
                     bool dropped)
{
    struct pg_args args = {0};
    pg_arg_i32(&args, shard);
    pg_arg_i64(&args, batch_no);
    pg_arg_i32(&args, r->ord);
    if (!dropped) {
        pg_arg_bytes(&args, r->headers, r->headers_len);
        pg_arg_bytes(&args, r->value, r->value_len);
    }
    pg_send(pg, dropped ? &drop_record : &cut_record, &args);
    pg_args_clear(&args);
}

/* ---- dead letters ---- */

static const struct pg_stmt mark_letters = {
    "mark_letters",
    "update intake.dead_letter d set published_batch = $4"
    " from unnest($1::text[], $2::int4[], $3::int8[]) as u (t, p, o)"
    " where d.topic = u.t and d.partition = u.p and d.\"offset\" = u.o",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_INT4_ARRAY, PG_INT8_ARRAY, PG_INT8, 0}};

void ledger_send_letters(struct pg *pg, const struct letter *l, size_t n, int64_t batch_no)
{
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, l[i].topic);
    COLUMN(PG_INT4, pg_array_i32, n, l[i].partition);
    COLUMN(PG_INT8, pg_array_i64, n, l[i].offset);
    pg_arg_i64(&args, batch_no);
    pg_send(pg, &mark_letters, &args);
    pg_args_clear(&args);
}

/* ---- people ---- */

static const struct pg_stmt put_held = {
    "put_held",
    "insert into followup.held (organisation, person_id, prompts)"
    " select u.o, u.p, $3 from unnest($1::text[], $2::text[]) as u (o, p) on conflict do nothing",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_BOOL, 0}};

void ledger_send_held(struct pg *pg, const struct case_person *const *p, size_t n, bool prompts)
{
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->person_id);
    pg_arg_bool(&args, prompts);
    pg_send(pg, &put_held, &args);
    pg_args_clear(&args);
}

static const struct pg_stmt put_erasable = {
    "put_erasable",
    "update fact.erasure e set withdrawn_at = $3 from unnest($1::text[], $2::text[]) as k (o, p)"
    " where e.organisation = k.o and e.person_id = k.p and e.withdrawn_at is null",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TIMESTAMPTZ, 0}};

void ledger_send_erasable(struct pg *pg, const struct case_person *const *p, size_t n,
                          struct instant now)
{
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->person_id);
    pg_arg_instant(&args, now);
    pg_send(pg, &put_erasable, &args);
    pg_args_clear(&args);
}

static const struct pg_stmt put_off = {
    "put_off",
    "update fact.person p set revision = p.revision + 1,"
    " next_wake_at = case when $4 then $3 else p.next_wake_at end,"
    " oh_wake_at = case when $4 then p.oh_wake_at else $3 end"
    " where p.organisation = $1 and p.person_id = $2",
    (const uint32_t[]){PG_TEXT, PG_TEXT, PG_TIMESTAMPTZ, PG_BOOL, 0}};

void ledger_send_put_off(struct pg *pg, const struct case_person *p, struct instant until,
                         bool prompts)
{
    struct pg_args args = {0};
    pg_arg_text(&args, p->organisation);
    pg_arg_text(&args, p->person_id);
    pg_arg_instant(&args, until);
    pg_arg_bool(&args, prompts);
    pg_send(pg, &put_off, &args);
    pg_args_clear(&args);
}

/* ---- the shard, the clock ---- */

static const struct pg_stmt advance = {
    "advance_shard", "select followup.advance($1, $2, $3, $4, $5)",
    (const uint32_t[]){PG_INT4, PG_INT8, PG_INT8, PG_INT8, PG_BOOL, 0}};

void ledger_send_advance(struct pg *pg, const struct advance_shard *a)
{
    struct pg_args args = {0};
    pg_arg_i32(&args, a->shard);
    pg_arg_i64(&args, a->epoch);
    pg_arg_i64(&args, a->next_batch);
    pg_arg_i64(&args, a->published);
    pg_arg_bool(&args, a->claims);
    pg_send(pg, &advance, &args);
    pg_args_clear(&args);
}

static const struct pg_stmt check_epoch = {"check_epoch", "select followup.check_epoch($1, $2)",
                                           (const uint32_t[]){PG_INT4, PG_INT8, 0}};

void ledger_send_check_epoch(struct pg *pg, int32_t shard, int64_t epoch)
{
    struct pg_args args = {0};
    pg_arg_i32(&args, shard);
    pg_arg_i64(&args, epoch);
    pg_send(pg, &check_epoch, &args);
    pg_args_clear(&args);
}

/* An operator may have the row locked for any time (ops.accept_clock): then the next claim says so.
 * A rehearsal is read exactly, and waits. */
#define FINISHED(lock)                                                                             \
    "update ops.clock c set finished_at = $1 from (select x.one from ops.clock x"                  \
    " where x.finished_at is distinct from $1 and not exists (select from followup.outbox)"        \
    " and not exists (select from followup.wake_up)"                                               \
    " and coalesce((select min(p.next_wake_at) from fact.person p) > $1, true)"                    \
    " and coalesce((select min(p.oh_wake_at) from fact.person p) > $1, true)"                      \
    " and ($2 or not exists (select from intake.dead_letter d where d.published_batch is null))"   \
    " and ($3 or x.finished_at is null or x.finished_at < $1 - interval '800 ms')"                 \
    " for update of x" lock ") free where c.one = free.one"

static const uint32_t finished_types[] = {PG_TIMESTAMPTZ, PG_BOOL, PG_BOOL, 0};
static const struct pg_stmt finished = {"finished", FINISHED(" skip locked"), finished_types};
static const struct pg_stmt finished_exactly = {"finished_exactly", FINISHED(""), finished_types};

void ledger_send_finished(struct pg *pg, struct instant now, bool letters_wait, bool exact)
{
    struct pg_args args = {0};
    pg_arg_instant(&args, now);
    pg_arg_bool(&args, letters_wait);
    pg_arg_bool(&args, exact);
    pg_send(pg, exact ? &finished_exactly : &finished, &args);
    pg_args_clear(&args);
}
