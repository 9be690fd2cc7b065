/* A spell whose fingerprint differs is written whole. Columns travel as one array each, in the
 * order of SPELL_VALUES, which the statement names in the same order. */
#include <string.h>

#include "common/casefile/changeset.h"
#include "common/pg/columns.h"

/* Lists travel as array literals, see below; what is true or false, as one number. */
#define SPELL_VALUES                                                                                                                       \
    "select u.*, u.ids::text[] as absence_ids, u.sources::text[] as record_sources,"                                                       \
    " u.of_records::text[] as record_ids, u.flags & 1 <> 0 as late_report, u.flags & 2 <> 0 as"                                            \
    " backdated, u.flags & 4 <> 0 as review_first, u.flags & 8 <> 0 as red_flag, u.flags & 16 <> 0"                                        \
    " as reason_changed, u.flags & 32 <> 0 as case_closed, u.flags & 64"                                                                   \
    " <> 0 as reason_late, u.flags & 128 <> 0 as red_flag_open, u.flags & 256 <> 0 as unreachable, nullif(u.elapsed, -1) as elapsed_days," \
    " nullif(u.elapsed_working, -1) as elapsed_working_days from (select unnest($1::text[]) as"                                            \
    " spell_id, unnest($2::text[]) as organisation, unnest($3::text[]) as person_id,"                                                      \
    " unnest($4::text[]) as period_id, unnest($5::text[]) as pathway, unnest($6::text[]) as"                                               \
    " queue, unnest($7::text[]) as anchor_source, unnest($8::text[]) as anchor_absence_id,"                                                \
    " unnest($9::text[]) as ids, unnest($10::text[]) as sources, unnest($11::text[]) as"                                                   \
    " of_records, unnest($12::date[]) as onset_date, unnest($13::date[]) as last_day,"                                                     \
    " unnest($14::date[]) as expected_return, unnest($15::timestamptz[]) as first_notice_at,"                                              \
    " unnest($16::text[]) as previous_spell, unnest($17::int4[]) as flags, unnest($18::int2[]) as"                                         \
    " priority, unnest($19::date[]) as due_date, unnest($20::date[]) as work_by_date,"                                                     \
    " unnest($21::date[]) as respond_by, unnest($22::text[]) as state, unnest($23::text[]) as"                                             \
    " end_reason, unnest($24::int4[]) as attempts, unnest($25::timestamptz[]) as"                                                          \
    " first_attempt_at, unnest($26::timestamptz[]) as contacted_at, unnest($27::text[]) as"                                                \
    " last_outcome, unnest($28::date[]) as review_on, unnest($29::text[]) as assigned_to,"                                                 \
    " unnest($30::int4[]) as elapsed, unnest($31::int4[]) as elapsed_working,"                                                             \
    " unnest($32::timestamptz[]) as settled_at, unnest($33::int8[]) as fingerprint,"                                                       \
    " unnest($34::timestamptz[]) as known_at, unnest($35::timestamptz[]) as call_back_at,"                                                 \
    " unnest($36::timestamptz[]) as closed_at, unnest($37::text[]) as close_reason,"                                                       \
    " unnest($38::text[]) as oh_record, unnest($39::tid[]) as tid) u"
#define SPELL_TYPES                                                                                \
    PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY,      \
        PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_DATE_ARRAY,  \
        PG_DATE_ARRAY, PG_DATE_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_TEXT_ARRAY, PG_INT4_ARRAY,          \
        PG_INT2_ARRAY, PG_DATE_ARRAY, PG_DATE_ARRAY, PG_DATE_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY,  \
        PG_INT4_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_TEXT_ARRAY, PG_DATE_ARRAY,   \
        PG_TEXT_ARRAY, PG_INT4_ARRAY, PG_INT4_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_INT8_ARRAY,          \
        PG_TIMESTAMPTZ_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_TEXT_ARRAY,           \
        PG_TEXT_ARRAY, PG_TID_ARRAY

static const struct pg_stmt add_spells = {
    "add_spells",
    "insert into casework.spell (spell_id, organisation, person_id, period_id, pathway, queue,"
    " anchor_source, anchor_absence_id, absence_ids, record_sources, record_ids, onset_date,"
    " last_day, expected_return, first_notice_at, previous_spell, late_report, backdated,"
    " review_first, priority, due_date, work_by_date, respond_by, state, end_reason, tombstone,"
    " attempts, first_attempt_at, contacted_at, last_outcome, review_on, red_flag,"
    " reason_changed, case_closed, assigned_to, elapsed_days, elapsed_working_days, settled_at,"
    " fingerprint, known_at, reason_late, call_back_at, red_flag_open, unreachable, closed_at,"
    " close_reason, oh_record) select v.spell_id, v.organisation, v.person_id, v.period_id, v.pathway, v.queue,"
    " v.anchor_source, v.anchor_absence_id, v.absence_ids, v.record_sources, v.record_ids,"
    " v.onset_date, v.last_day, v.expected_return, v.first_notice_at, v.previous_spell,"
    " v.late_report, v.backdated, v.review_first, v.priority, v.due_date, v.work_by_date,"
    " v.respond_by, v.state, v.end_reason, false, v.attempts, v.first_attempt_at, v.contacted_at,"
    " v.last_outcome, v.review_on, v.red_flag, v.reason_changed, v.case_closed, v.assigned_to,"
    " v.elapsed_days, v.elapsed_working_days, v.settled_at, v.fingerprint, v.known_at,"
    " v.reason_late, v.call_back_at, v.red_flag_open, v.unreachable, v.closed_at, v.close_reason,"
    " v.oh_record from (" SPELL_VALUES ") v",
    (const uint32_t[]){SPELL_TYPES, 0}};

static const struct pg_stmt change_spells = {
    "change_spells",
    "with w as (update casework.spell s set person_id = v.person_id, period_id = v.period_id,"
    " queue = v.queue, anchor_source = v.anchor_source, anchor_absence_id = v.anchor_absence_id,"
    " absence_ids = v.absence_ids, record_sources = v.record_sources, record_ids = v.record_ids,"
    " onset_date = v.onset_date, last_day = v.last_day, expected_return = v.expected_return,"
    " first_notice_at = v.first_notice_at, previous_spell = v.previous_spell, late_report ="
    " v.late_report, backdated = v.backdated, review_first = v.review_first, priority ="
    " v.priority, due_date = v.due_date, work_by_date = v.work_by_date, respond_by ="
    " v.respond_by, state = v.state, end_reason = v.end_reason, tombstone = false, attempts ="
    " v.attempts, first_attempt_at = v.first_attempt_at, contacted_at = v.contacted_at,"
    " last_outcome = v.last_outcome, review_on = v.review_on, red_flag = v.red_flag,"
    " reason_changed = v.reason_changed, case_closed = v.case_closed, assigned_to ="
    " v.assigned_to, elapsed_days = v.elapsed_days, elapsed_working_days ="
    " v.elapsed_working_days, settled_at = v.settled_at, fingerprint = v.fingerprint,"
    " known_at = v.known_at, reason_late = v.reason_late, call_back_at = v.call_back_at,"
    " red_flag_open = v.red_flag_open, unreachable = v.unreachable, closed_at = v.closed_at,"
    " close_reason = v.close_reason, oh_record = v.oh_record from (" SPELL_VALUES
    ") v where s.ctid = v.tid and s.spell_id = v.spell_id returning 1)"
    " select fact.check_count((select count(*) from w), $40)",
    (const uint32_t[]){SPELL_TYPES, PG_INT8, 0}};

/* Arrays within an array parameter cannot differ in length, so lists travel as array literals. */
static void literal_item(struct buf *b, const char *s)
{
    buf_putc(b, b->len == 0 ? '{' : ',');
    buf_putc(b, '"');
    for (; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\') {
            buf_putc(b, '\\');
        }
        buf_putc(b, *s);
    }
    buf_putc(b, '"');
}

static void literal_end(struct pg_args *args, struct buf *b)
{
    buf_puts(b, b->len == 0 ? "{}" : "}");
    pg_array_bytes(args, b->data, b->len);
    buf_clear(b);
}

static void array_absence_ids(struct pg_args *args, const struct spell_row *row)
{
    struct buf b = {0};
    for (size_t i = 0; i < row->n_absence_ids; i++) {
        literal_item(&b, row->absence_ids[i]);
    }
    literal_end(args, &b);
}

static void array_record_sources(struct pg_args *args, const struct spell *sp)
{
    struct buf b = {0};
    for (size_t i = 0; i < sp->n_records; i++) {
        literal_item(&b, sp->records[i]->source);
    }
    literal_end(args, &b);
}

static void array_record_ids(struct pg_args *args, const struct spell *sp)
{
    struct buf b = {0};
    for (size_t i = 0; i < sp->n_records; i++) {
        literal_item(&b, sp->records[i]->absence_id);
    }
    literal_end(args, &b);
}

static int32_t flags_of(const struct spell *sp)
{
    return (int32_t)sp->late_report | (int32_t)sp->backdated << 1 | (int32_t)sp->review_first << 2 |
           (int32_t)sp->red_flag << 3 | (int32_t)sp->reason_changed << 4 |
           (int32_t)sp->case_closed << 5 | (int32_t)sp->reason_late << 6 |
           (int32_t)sp->red_flag_open << 7 | (int32_t)sp->unreachable << 8;
}

static const char *text_or_null(const char *s)
{
    return s[0] == '\0' ? NULL : s;
}

static void identity_columns(struct pg_args *out, const struct spell_row *const *r, size_t n)
{
    struct pg_args args = *out;
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->sp->id);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->p->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->p->person_id);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->sp->period->id);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->p->rules.org->pathways[r[i]->sp->pathway].name);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->p->rules.org->pathways[r[i]->sp->pathway].queue);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->sp->anchor->source);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->sp->anchor->absence_id);
    COLUMN(PG_TEXT, array_absence_ids, n, r[i]);
    COLUMN(PG_TEXT, array_record_sources, n, r[i]->sp);
    COLUMN(PG_TEXT, array_record_ids, n, r[i]->sp);
    *out = args;
}

static void case_columns(struct pg_args *out, const struct spell_row *const *r, size_t n)
{
    struct pg_args args = *out;
    COLUMN(PG_DATE, pg_array_date, n, r[i]->sp->onset);
    COLUMN(PG_DATE, pg_array_date, n, r[i]->sp->last_day);
    COLUMN(PG_DATE, pg_array_date, n, r[i]->sp->expected_return);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i]->sp->first_notice);
    COLUMN(PG_TEXT, pg_array_text, n,
           r[i]->sp->relapse_of == NULL ? NULL : r[i]->sp->relapse_of->id);
    COLUMN(PG_INT4, pg_array_i32, n, flags_of(r[i]->sp));
    COLUMN(PG_INT2, pg_array_i16, n, (int16_t)r[i]->sp->priority);
    COLUMN(PG_DATE, pg_array_date, n, r[i]->sp->due_date);
    COLUMN(PG_DATE, pg_array_date, n, r[i]->sp->work_by_date);
    COLUMN(PG_DATE, pg_array_date, n, r[i]->sp->respond_by);
    COLUMN(PG_TEXT, pg_array_text, n, task_state_name(r[i]->sp->state));
    COLUMN(PG_TEXT, pg_array_text, n, text_or_null(end_reason_name(r[i]->sp->end_reason)));
    COLUMN(PG_INT4, pg_array_i32, n, r[i]->sp->attempts);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i]->sp->first_attempt_at);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i]->sp->contacted_at);
    COLUMN(PG_TEXT, pg_array_text, n, text_or_null(contact_outcome_name(r[i]->sp->last_outcome)));
    COLUMN(PG_DATE, pg_array_date, n, r[i]->sp->review_on);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->sp->assigned_to);
    COLUMN(PG_INT4, pg_array_i32, n, r[i]->sp->elapsed_days);
    COLUMN(PG_INT4, pg_array_i32, n, r[i]->sp->elapsed_working_days);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i]->sp->period->settled_at);
    COLUMN(PG_INT8, pg_array_i64, n, r[i]->fingerprint);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i]->sp->known_at);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i]->sp->call_back_at);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i]->sp->closed_at);
    COLUMN(PG_TEXT, pg_array_text, n, text_or_null(contact_outcome_name(r[i]->sp->close_reason)));
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->sp->oh_record);
    COLUMN(PG_TID, pg_array_tid, n, r[i]->ctid);
    *out = args;
}

static void send_spells(const struct changeset *changes, struct arena *a, struct pg *pg)
{
    const struct spell_row **known = arena_array(a, changes->n_spells, sizeof *known);
    const struct spell_row **added = arena_array(a, changes->n_spells, sizeof *added);
    size_t n_known = 0, n_added = 0;
    for (size_t i = 0; i < changes->n_spells; i++) {
        const struct spell_row *row = &changes->spells[i];
        if (row->stored) {
            known[n_known++] = row;
        } else {
            added[n_added++] = row;
        }
    }
    if (n_known > 0) {
        struct pg_args args = {0};
        identity_columns(&args, known, n_known);
        case_columns(&args, known, n_known);
        pg_arg_i64(&args, (int64_t)n_known);
        pg_send(pg, &change_spells, &args);
        pg_args_clear(&args);
    }
    if (n_added > 0) {
        struct pg_args args = {0};
        identity_columns(&args, added, n_added);
        case_columns(&args, added, n_added);
        pg_send(pg, &add_spells, &args);
        pg_args_clear(&args);
    }
}

static const struct pg_stmt put_tombstones = {
    "put_tombstones",
    "update casework.spell s set state = 'ended', end_reason = u.reason, tombstone = true,"
    " settled_at = u.settled_at, red_flag_open = false, call_back_at = null from unnest($1::text[], $2::text[], $3::timestamptz[])"
    " as u (spell_id, reason, settled_at) where s.spell_id = u.spell_id",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TIMESTAMPTZ_ARRAY, 0}};

static void send_tombstones(const struct changeset *changes, struct pg *pg)
{
    const struct tombstone_row *t = changes->tombstones;
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, changes->n_tombstones, t[i].stored->spell_id);
    COLUMN(PG_TEXT, pg_array_text, changes->n_tombstones, end_reason_name(t[i].reason));
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, changes->n_tombstones, t[i].settled_at);
    pg_send(pg, &put_tombstones, &args);
    pg_args_clear(&args);
}

static const struct pg_stmt audit_moved = {
    "audit_moved",
    "insert into audit.entry (at, what, organisation, person_id, detail) select $1,"
    " 'due_date_moved', u.o, u.p, u.d::jsonb from unnest($2::text[], $3::text[], $4::text[]) as u"
    " (o, p, d)",
    (const uint32_t[]){PG_TIMESTAMPTZ, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, 0}};

static void send_moved(const struct changeset *changes, struct pg *pg, struct instant now)
{
    const struct moved_row *m = changes->moved;
    struct pg_args args = {0};
    pg_arg_instant(&args, now);
    COLUMN(PG_TEXT, pg_array_text, changes->n_moved, m[i].p->organisation);
    COLUMN(PG_TEXT, pg_array_text, changes->n_moved, m[i].p->person_id);
    COLUMN(PG_TEXT, pg_array_text, changes->n_moved, m[i].detail);
    pg_send(pg, &audit_moved, &args);
    pg_args_clear(&args);
}

void store_send_spells(const struct changeset *changes, struct arena *a, struct pg *pg,
                       struct instant now)
{
    if (changes->n_spells > 0) {
        send_spells(changes, a, pg);
    }
    if (changes->n_tombstones > 0) {
        send_tombstones(changes, pg);
    }
    if (changes->n_moved > 0) {
        send_moved(changes, pg, now);
    }
}
