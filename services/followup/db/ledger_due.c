/* The reads of a claim. Each _take function reads the results in the order in which its _send
 * asked: a question that due_ask leaves out has no result. People are locked as they are found.
 * Somebody whom another session has locked is left for the next claim. */
#include <string.h>

#include "common/casefile/load.h"
#include "common/pg/columns.h"
#include "services/followup/db/ledger.h"

/* Shorter than the server's deadlock_timeout. Intake writes a person's spells before the person,
 * followup locks the person first, so now and then followup must give way. */
static const struct pg_stmt give_way = {"give_way", "set local lock_timeout = '300ms'", NULL};

/* At most some hundreds in a transaction, in an order that reveals nothing. */
#define RELEASE(which, column)                                                                     \
    "with h as (delete from followup.held d where (d.organisation, d.person_id, d.prompts) in"     \
    " (select f.organisation, f.person_id, f.prompts from followup.held f where " which            \
    " order by f.organisation, f.person_id limit 500)"                                             \
    " returning d.organisation, d.person_id)"                                                      \
    " update fact.person p set " column " = least(p." column ", $1), revision = p.revision + 1"    \
    " from h where p.organisation = h.organisation and p.person_id = h.person_id"

static const struct pg_stmt release_prompts = {
    "release_prompts", RELEASE("f.prompts and f.organisation <> all ($2::text[])", "next_wake_at"),
    (const uint32_t[]){PG_TIMESTAMPTZ, PG_TEXT_ARRAY, 0}};
static const struct pg_stmt release_oh = {"release_oh", RELEASE("not f.prompts", "oh_wake_at"),
                                          (const uint32_t[]){PG_TIMESTAMPTZ, 0}};

static void send_release(struct pg *pg, const struct due_ask *ask)
{
    struct pg_args args = {0};
    pg_arg_instant(&args, ask->now);
    COLUMN(PG_TEXT, pg_array_text, ask->n_without, ask->without[i]);
    pg_send(pg, &release_prompts, &args);
    pg_args_clear(&args);
    pg_arg_instant(&args, ask->now);
    pg_send(pg, &release_oh, &args);
    pg_args_clear(&args);
}

/* There are two queues: HR's events wait in one that nothing clinical moves, see
 * schemas/sql/0003_fact.sql. */
#define DUE(column)                                                                                \
    "select p.organisation, p.person_id, " LOAD_PERSON_COLUMNS                                     \
    " from fact.person p where p." column " <= $1"
#define OF_SHARD                                                                                   \
    " and (hashtextextended(p.organisation || E'\\x1f' || p.person_id, 0)"                         \
    " & 9223372036854775807) % $3 = $4"
#define PROMPT_ORDER " order by p.next_wake_at, p.person_id limit $2 for update skip locked"
#define OH_ORDER " order by p.oh_wake_at limit $2 for update skip locked"

static const uint32_t due_types[] = {PG_TIMESTAMPTZ, PG_INT8, 0};
static const uint32_t due_of_shard_types[] = {PG_TIMESTAMPTZ, PG_INT8, PG_INT8, PG_INT8, 0};

static const struct pg_stmt due_prompts = {"due_prompts", DUE("next_wake_at") PROMPT_ORDER,
                                           due_types};
static const struct pg_stmt due_oh = {"due_oh", DUE("oh_wake_at") OH_ORDER, due_types};
static const struct pg_stmt due_prompts_of_shard = {
    "due_prompts_of_shard", DUE("next_wake_at") OF_SHARD PROMPT_ORDER, due_of_shard_types};
static const struct pg_stmt due_oh_of_shard = {
    "due_oh_of_shard", DUE("oh_wake_at") OF_SHARD OH_ORDER, due_of_shard_types};

/* The order within: schemas/sql/repeatable/28_followup.sql. */
static const struct pg_stmt take_wake_ups = {
    "take_wake_ups", "select * from followup.take_wake_ups($1, $2, $3, $4)",
    (const uint32_t[]){PG_INT4, PG_INT4, PG_INT4, PG_TIMESTAMPTZ, 0}};

static void send_wake_ups(struct pg *pg, const struct due_ask *ask)
{
    struct pg_args args = {0};
    pg_arg_i32(&args, ask->max_wakes);
    pg_arg_i32(&args, ask->shards);
    pg_arg_i32(&args, ask->shard);
    pg_arg_instant(&args, ask->now);
    pg_send(pg, &take_wake_ups, &args);
    pg_args_clear(&args);
}

static const struct pg_stmt situation = {
    "situation", "select e.paused, r.serial from ops.emission e, fact.ruleset r", NULL};

static const struct pg_stmt due_letters = {
    "due_letters",
    "select x.topic, x.partition, x.\"offset\", x.reason, x.detail, x.organisation, x.key, x.value,"
    " x.headers, x.size, x.sha256, x.key_mac from"
    " (select d.*, sum(coalesce(octet_length(d.value), 0) + coalesce(octet_length(d.headers), 0)"
    " + coalesce(octet_length(d.key), 0))"
    " over (order by d.received_at, d.topic, d.partition, d.\"offset\") as bytes,"
    " row_number() over (order by d.received_at, d.topic, d.partition, d.\"offset\") as nth from"
    " (select * from intake.dead_letter l where l.published_batch is null"
    " order by l.received_at, l.topic, l.partition, l.\"offset\" limit 500) d) x"
    " where x.bytes < 8000000 or x.nth = 1 order by x.nth",
    NULL};

#define EMITTED_COLUMNS                                                                            \
    "e.subject, e.kind, e.occurrence, e.nth, e.topic, e.spell_id, e.period_id, e.happens_at,"      \
    " e.occurs_on, e.due_on, e.late, e.late_report, e.backdated,"                                  \
    " case when e.withdrawn_at is null then e.data end, e.emitted_at, e.withdrawn_at"

static const struct pg_stmt silences = {
    "silences",
    "select f.organisation, f.last_valid_at, " EMITTED_COLUMNS
    " from (select organisation, max(last_valid_at) as last_valid_at from intake.feed"
    " group by organisation) f"
    " left join followup.emitted e on e.organisation = f.organisation and e.person_id = ''"
    " order by f.organisation",
    NULL};

void ledger_send_due(struct pg *pg, const struct due_ask *ask)
{
    struct pg_args who = {0};
    pg_arg_instant(&who, ask->now);
    pg_arg_i64(&who, ask->max_people);
    if (ask->shards > 1) {
        pg_arg_i64(&who, ask->shards);
        pg_arg_i64(&who, ask->shard);
    }
    pg_send(pg, &pg_begin, NULL);
    pg_send(pg, &give_way, NULL);
    pg_send(pg, &situation, NULL);
    if (ask->release_held) {
        send_release(pg, ask);
    }
    if (ask->wakes) {
        send_wake_ups(pg, ask);
    }
    if (ask->prompts) {
        pg_send(pg, ask->shards > 1 ? &due_prompts_of_shard : &due_prompts, &who);
    }
    if (ask->oh) {
        pg_send(pg, ask->shards > 1 ? &due_oh_of_shard : &due_oh, &who);
    }
    if (ask->letters) {
        pg_send(pg, &due_letters, NULL);
    }
    if (ask->silences) {
        pg_send(pg, &silences, NULL);
    }
    pg_args_clear(&who);
}

/* ---- reading the rows ---- */

static const char *text_of(struct arena *a, const struct pg_result *r, size_t row, int col)
{
    size_t len = 0;
    const char *s = pg_bytes(r, row, col, &len);
    return s == NULL ? NULL : arena_strndup(a, s, len);
}

static const void *bytes_of(struct arena *a, const struct pg_result *r, size_t row, int col,
                            size_t *len)
{
    const char *s = pg_bytes(r, row, col, len);
    return s == NULL ? NULL : arena_strndup(a, s, *len);
}

/* From column `col` on, as in EMITTED_COLUMNS. */
static struct emitted emitted_of(struct arena *a, const struct pg_result *r, size_t row, int col)
{
    struct emitted e = {.subject = text_of(a, r, row, col),
                        .occurrence = text_of(a, r, row, col + 2),
                        .nth = (int)pg_i64(r, row, col + 3),
                        .topic = text_of(a, r, row, col + 4),
                        .spell_id = text_of(a, r, row, col + 5),
                        .period_id = text_of(a, r, row, col + 6),
                        .at = pg_instant(r, row, col + 7),
                        .occurs_on = pg_date(r, row, col + 8),
                        .due_on = pg_date(r, row, col + 9),
                        .late = pg_bool(r, row, col + 10),
                        .about_spell = !pg_is_null(r, row, col + 11),
                        .late_report = pg_bool(r, row, col + 11),
                        .backdated = pg_bool(r, row, col + 12),
                        .data = text_of(a, r, row, col + 13),
                        .emitted_at = pg_instant(r, row, col + 14),
                        .withdrawn_at = pg_instant(r, row, col + 15)};
    if (!event_kind_parse(pg_text(r, row, col + 1), &e.kind)) {
        e.kind = KIND_COUNT; /* of a later version of the program: left alone */
        e.settled = true;
    }
    return e;
}

static void take_letters(const struct pg_result *r, struct arena *a, struct due *out)
{
    out->n_letters = pg_rows(r);
    out->letters = arena_array(a, out->n_letters, sizeof *out->letters);
    for (size_t row = 0; row < out->n_letters; row++) {
        struct letter *l = &out->letters[row];
        size_t ignored = 0;
        *l = (struct letter){.topic = text_of(a, r, row, 0),
                             .partition = (int32_t)pg_i64(r, row, 1),
                             .offset = pg_i64(r, row, 2),
                             .reason = text_of(a, r, row, 3),
                             .detail = text_of(a, r, row, 4),
                             .organisation = text_of(a, r, row, 5),
                             .size = pg_i64(r, row, 9)};
        l->key = bytes_of(a, r, row, 6, &l->key_len);
        l->value = bytes_of(a, r, row, 7, &l->value_len);
        l->headers = bytes_of(a, r, row, 8, &l->headers_len);
        l->headers = l->headers == NULL ? "" : l->headers;
        l->sha256 = bytes_of(a, r, row, 10, &ignored);
        l->key_mac = bytes_of(a, r, row, 11, &ignored);
    }
}

/* Rows come by organisation, one for each of its emissions or a single one without. */
static void take_silences(const struct pg_result *r, struct arena *a, struct due *out)
{
    size_t rows = pg_rows(r);
    struct emitted *emitted = arena_array(a, rows, sizeof *emitted);
    out->silences = arena_array(a, rows, sizeof *out->silences);
    out->n_silences = 0;
    for (size_t row = 0; row < rows; row++) {
        struct silence *last = out->n_silences == 0 ? NULL : &out->silences[out->n_silences - 1];
        const char *organisation = text_of(a, r, row, 0);
        if (organisation == NULL) {
            continue; /* the table allows none */
        }
        if (last == NULL || strcmp(last->organisation, organisation) != 0) {
            last = &out->silences[out->n_silences++];
            *last = (struct silence){.organisation = organisation,
                                     .last_valid = pg_instant(r, row, 1),
                                     .emitted = &emitted[row]};
        }
        if (!pg_is_null(r, row, 2)) {
            last->emitted[last->n_emitted++] = emitted_of(a, r, row, 2);
        }
    }
}

static void take_people(const struct pg_result *r, struct caseload *cl, bool prompts, size_t *n)
{
    *n = pg_rows(r);
    for (size_t row = 0; row < *n; row++) {
        const char *organisation = text_of(cl->arena, r, row, 0);
        struct case_person *p = caseload_person(cl, organisation, text_of(cl->arena, r, row, 1));
        load_take_person(cl, p, r, row, 2);
        p->due_prompts |= prompts;
        p->due_oh |= !prompts;
    }
}

static void take_woken(const struct pg_result *r, struct caseload *cl, size_t *n)
{
    *n = pg_rows(r);
    for (size_t row = 0; row < *n; row++) {
        const char *organisation = text_of(cl->arena, r, row, 0);
        struct case_person *p = caseload_person(cl, organisation, text_of(cl->arena, r, row, 1));
        p->emitted = (int32_t)pg_i64(r, row, 2);
        p->due_oh = true;
    }
}

void ledger_take_due(const struct pg *pg, const struct due_ask *ask, struct caseload *cl,
                     struct due *out)
{
    size_t nth = 2; /* after begin and give_way */
    *out = (struct due){0};
    const struct pg_result *r = pg_result(pg, nth++);
    out->paused = pg_rows(r) != 1 || pg_bool(r, 0, 0);
    out->ruleset_serial = pg_rows(r) != 1 ? 0 : (int32_t)pg_i64(r, 0, 1);
    if (ask->release_held) {
        out->released = (size_t)pg_affected(pg_result(pg, nth));
        out->released += (size_t)pg_affected(pg_result(pg, nth + 1));
        nth += 2;
    }
    if (ask->wakes) {
        take_woken(pg_result(pg, nth++), cl, &out->n_woken);
    }
    if (ask->prompts) {
        take_people(pg_result(pg, nth++), cl, true, &out->n_prompts);
    }
    if (ask->oh) {
        take_people(pg_result(pg, nth++), cl, false, &out->n_oh);
    }
    if (ask->letters) {
        take_letters(pg_result(pg, nth++), cl->arena, out);
    }
    if (ask->silences) {
        take_silences(pg_result(pg, nth), cl->arena, out);
    }
}

/* ---- what was said ---- */

static const struct pg_stmt load_said = {
    "load_said",
    "select k.ord, " EMITTED_COLUMNS LOAD_KEYS " join followup.emitted e on " LOAD_OF_KEY("e"),
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_INT4_ARRAY, 0}};

/* Hardly ever anybody. */
static const struct pg_stmt load_erasing = {
    "load_erasing", "select e.organisation, e.person_id from fact.erasure e", NULL};

void ledger_send_erasing(struct pg *pg)
{
    pg_send(pg, &load_erasing, NULL);
}

void ledger_take_erasing(struct caseload *cl, const struct pg *pg, size_t nth, struct said *out)
{
    const struct pg_result *r = pg_result(pg, nth);
    for (size_t row = 0; row < pg_rows(r); row++) {
        const struct case_person *p = caseload_find(cl, pg_text(r, row, 0), pg_text(r, row, 1));
        if (p != NULL) {
            out[p - cl->persons].erasing = true;
        }
    }
}

void ledger_send_said(struct caseload *cl, struct pg *pg, bool *sent)
{
    const struct case_person **p = arena_array(cl->arena, cl->n_persons, sizeof *p);
    size_t n = 0;
    for (size_t i = 0; i < cl->n_persons; i++) {
        if (cl->persons[i].emitted > 0) {
            p[n++] = &cl->persons[i];
        }
    }
    *sent = n > 0;
    if (n == 0) {
        return;
    }
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->person_id);
    COLUMN(PG_INT4, pg_array_i32, n, (int32_t)(p[i] - cl->persons) + 1);
    pg_send(pg, &load_said, &args);
    pg_args_clear(&args);
}

void ledger_take_said(struct caseload *cl, const struct pg *pg, size_t nth, struct said *out)
{
    const struct pg_result *r = pg_result(pg, nth);
    for (size_t row = 0; row < pg_rows(r); row++) {
        out[pg_i64(r, row, 0) - 1].n++;
    }
    for (size_t i = 0; i < cl->n_persons; i++) {
        out[i].rows = arena_array(cl->arena, out[i].n, sizeof *out[i].rows);
        out[i].n = 0;
    }
    for (size_t row = 0; row < pg_rows(r); row++) {
        struct said *said = &out[pg_i64(r, row, 0) - 1];
        said->rows[said->n++] = emitted_of(cl->arena, r, row, 1);
    }
}

/* ---- the outbox ---- */

static const struct pg_stmt read_batch = {
    "read_batch",
    "select o.ord, o.topic, o.key, o.headers, o.value from followup.outbox o"
    " where o.shard = $1 and o.batch_no = $2 order by o.ord",
    (const uint32_t[]){PG_INT4, PG_INT8, 0}};

void ledger_send_batch(struct pg *pg, int32_t shard, int64_t batch_no)
{
    struct pg_args args = {0};
    pg_arg_i32(&args, shard);
    pg_arg_i64(&args, batch_no);
    pg_send(pg, &read_batch, &args);
    pg_args_clear(&args);
}

void ledger_take_batch(const struct pg *pg, size_t nth, struct arena *a, struct outbound **out,
                       size_t *n)
{
    const struct pg_result *r = pg_result(pg, nth);
    *n = pg_rows(r);
    *out = arena_array(a, *n, sizeof **out);
    for (size_t row = 0; row < *n; row++) {
        struct outbound *o = &(*out)[row];
        o->ord = (int32_t)pg_i64(r, row, 0);
        o->topic = text_of(a, r, row, 1);
        o->key = bytes_of(a, r, row, 2, &o->key_len);
        o->headers = bytes_of(a, r, row, 3, &o->headers_len);
        o->value = bytes_of(a, r, row, 4, &o->value_len);
    }
}
