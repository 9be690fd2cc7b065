#include "common/casefile/store.h"

#include "common/casefile/plan.h"
#include "common/columns.h"

static const struct pg_stmt drop_moved_records = {
    "drop_moved_records",
    "with d as (delete from fact.person_contact c using unnest($1::text[], $2::text[],"
    " $3::text[], $4::text[]) as k (o, p, s, a) where c.organisation = k.o and c.person_id = k.p"
    " and c.source = k.s and c.absence_id = k.a) delete from fact.absence f using"
    " unnest($1::text[], $2::text[], $3::text[], $4::text[]) as k (o, p, s, a) where"
    " f.organisation = k.o and f.person_id = k.p and f.source = k.s and f.absence_id = k.a",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, 0}};

static enum status send_gone(const struct caseload *cl, struct pg *pg, struct err *err)
{
    if (cl->n_gone == 0) {
        return STATUS_OK;
    }
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, cl->n_gone, cl->gone[i].organisation);
    COLUMN(PG_TEXT, pg_array_text, cl->n_gone, cl->gone[i].person_id);
    COLUMN(PG_TEXT, pg_array_text, cl->n_gone, cl->gone[i].source);
    COLUMN(PG_TEXT, pg_array_text, cl->n_gone, cl->gone[i].absence_id);
    enum status s = pg_send(pg, &drop_moved_records, &args, err);
    pg_args_clear(&args);
    return s;
}

static const struct pg_stmt put_records = {
    "put_records",
    "insert into fact.absence (organisation, person_id, source, absence_id, version,"
    " first_version, first_onset_date, assignment_id, onset_date, last_day, open_ended,"
    " expected_return, match, scheme, code, settings_serial, fte, fit_note_from,"
    " fit_note_to, phased_return_from, cancelled, first_notice_at, changed_at, contact_hash)"
    " select unnest($1::text[]), unnest($2::text[]), unnest($3::text[]), unnest($4::text[]),"
    " unnest($5::int8[]), unnest($6::int8[]), unnest($7::date[]), unnest($8::text[]),"
    " unnest($9::date[]), unnest($10::date[]), unnest($11::bool[]), unnest($12::date[]),"
    " unnest($13::int2[]), unnest($14::int2[]), unnest($15::text[]), unnest($16::int4[]),"
    " unnest($17::text[])::numeric, unnest($18::date[]), unnest($19::date[]),"
    " unnest($20::date[]), unnest($21::bool[]), unnest($22::timestamptz[]),"
    " unnest($23::timestamptz[]), unnest($24::int8[]) on conflict (organisation,"
    " person_id, source, absence_id) do update set version = excluded.version, first_version ="
    " excluded.first_version, first_onset_date = excluded.first_onset_date, assignment_id ="
    " excluded.assignment_id, onset_date = excluded.onset_date, last_day = excluded.last_day,"
    " open_ended = excluded.open_ended, expected_return = excluded.expected_return, match ="
    " excluded.match, scheme = excluded.scheme, code = excluded.code, settings_serial ="
    " excluded.settings_serial, fte = excluded.fte, fit_note_from = excluded.fit_note_from,"
    " fit_note_to = excluded.fit_note_to, phased_return_from = excluded.phased_return_from,"
    " cancelled = excluded.cancelled, changed_at = excluded.changed_at, contact_hash ="
    " excluded.contact_hash",
    (const uint32_t[]){
        PG_TEXT_ARRAY, PG_TEXT_ARRAY,        PG_TEXT_ARRAY,        PG_TEXT_ARRAY, PG_INT8_ARRAY,
        PG_INT8_ARRAY, PG_DATE_ARRAY,        PG_TEXT_ARRAY,        PG_DATE_ARRAY, PG_DATE_ARRAY,
        PG_BOOL_ARRAY, PG_DATE_ARRAY,        PG_INT2_ARRAY,        PG_INT2_ARRAY, PG_TEXT_ARRAY,
        PG_INT4_ARRAY, PG_TEXT_ARRAY,        PG_DATE_ARRAY,        PG_DATE_ARRAY, PG_DATE_ARRAY,
        PG_BOOL_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_INT8_ARRAY, 0}};

static void array_hash(struct pg_args *args, const struct record_row *row)
{
    if (row->has_details) {
        pg_array_i64(args, row->hash);
    } else {
        pg_array_null(args);
    }
}

static enum status send_records(const struct plan *plan, struct pg *pg, struct err *err)
{
    const struct record_row *r = plan->records;
    size_t n = plan->n_records;
    if (n == 0) {
        return STATUS_OK;
    }
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, r[i].p->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].p->person_id);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].rec->source);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].rec->absence_id);
    COLUMN(PG_INT8, pg_array_i64, n, r[i].rec->version);
    COLUMN(PG_INT8, pg_array_i64, n, r[i].rec->first_version);
    COLUMN(PG_DATE, pg_array_date, n, r[i].rec->first_onset);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].rec->assignment_id);
    COLUMN(PG_DATE, pg_array_date, n, r[i].rec->onset);
    COLUMN(PG_DATE, pg_array_date, n, r[i].rec->last_day);
    COLUMN(PG_BOOL, pg_array_bool, n, r[i].rec->open_ended);
    COLUMN(PG_DATE, pg_array_date, n, r[i].rec->expected_return);
    COLUMN(PG_INT2, pg_array_i16, n, (int16_t)r[i].rec->reason);
    COLUMN(PG_INT2, pg_array_i16, n, (int16_t)r[i].rec->scheme);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].rec->code);
    COLUMN(PG_INT4, pg_array_i32, n, r[i].rec->settings_serial);
    COLUMN(PG_TEXT, pg_array_text, n, r[i].rec->fte);
    COLUMN(PG_DATE, pg_array_date, n, r[i].rec->fit_note_from);
    COLUMN(PG_DATE, pg_array_date, n, r[i].rec->fit_note_to);
    COLUMN(PG_DATE, pg_array_date, n, r[i].rec->phased_return_from);
    COLUMN(PG_BOOL, pg_array_bool, n, r[i].rec->cancelled);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i].rec->first_notice);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i].rec->changed_at);
    COLUMN(PG_INT8, array_hash, n, &r[i]);
    enum status s = pg_send(pg, &put_records, &args, err);
    pg_args_clear(&args);
    return s;
}

static const struct pg_stmt put_details = {
    "put_details",
    "insert into fact.person_contact (organisation, person_id, source, absence_id, name, phone,"
    " email, language, preferred_time, voicemail) select unnest($1::text[]),"
    " unnest($2::text[]), unnest($3::text[]), unnest($4::text[]), unnest($5::text[]),"
    " unnest($6::text[]), unnest($7::text[]), unnest($8::text[]), unnest($9::text[]),"
    " unnest($10::bool[]) on conflict (organisation, person_id, source, absence_id) do"
    " update set name ="
    " excluded.name, phone = excluded.phone, email = excluded.email, language ="
    " excluded.language, preferred_time = excluded.preferred_time, voicemail = excluded.voicemail",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY,
                       PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_BOOL_ARRAY,
                       0}};

static const struct pg_stmt drop_details = {
    "drop_details",
    "delete from fact.person_contact c using unnest($1::text[], $2::text[], $3::text[],"
    " $4::text[]) as k (o, p, s, a) where c.organisation = k.o and c.person_id = k.p and c.source"
    " = k.s and c.absence_id = k.a",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, 0}};

static void array_voicemail(struct pg_args *args, const struct record *rec)
{
    if (rec->contact.voicemail == VOICEMAIL_UNKNOWN) {
        pg_array_null(args);
    } else {
        pg_array_bool(args, rec->contact.voicemail == VOICEMAIL_YES);
    }
}

static void detail_keys(struct pg_args *out, const struct record_row *const *r, size_t n)
{
    struct pg_args args = *out;
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->p->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->p->person_id);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->source);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->absence_id);
    *out = args;
}

static enum status send_details(const struct plan *plan, struct arena *a, struct pg *pg,
                                struct err *err)
{
    const struct record_row **r = arena_array(a, plan->n_records, sizeof *r);
    const struct record_row **gone = arena_array(a, plan->n_records, sizeof *gone);
    size_t n = 0, n_gone = 0;
    for (size_t i = 0; i < plan->n_records; i++) {
        const struct record_row *row = &plan->records[i];
        if (!row->has_details && row->state->has_details) {
            gone[n_gone++] = row;
        } else if (row->has_details && row->state->details_dirty &&
                   !(row->state->has_details && row->state->details_hash == row->hash)) {
            r[n++] = row;
        }
    }
    enum status s = STATUS_OK;
    if (n > 0) {
        struct pg_args args = {0};
        detail_keys(&args, r, n);
        COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->contact.name);
        COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->contact.phone);
        COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->contact.email);
        COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->contact.language);
        COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->contact.preferred_time);
        COLUMN(PG_BOOL, array_voicemail, n, r[i]->rec);
        s = pg_send(pg, &put_details, &args, err);
        pg_args_clear(&args);
    }
    if (s == STATUS_OK && n_gone > 0) {
        struct pg_args args = {0};
        detail_keys(&args, gone, n_gone);
        s = pg_send(pg, &drop_details, &args, err);
        pg_args_clear(&args);
    }
    return s;
}

/* A row that was there when the person was read must be there still (xmax tells one that is
 * updated): who was deleted meanwhile must not come back with what followed from old facts. */
static const struct pg_stmt put_people = {
    "put_people",
    "with w as (insert into fact.person as p (organisation, person_id, revision, next_wake_at,"
    " left_on, left_time, left_id, died_on, died_time, died_id, opt_on, opt_time, opt_id,"
    " opted_out, changed_at, oh_wake_at) select unnest($1::text[]), unnest($2::text[]),"
    " unnest($3::int8[]), unnest($4::timestamptz[]), unnest($5::date[]),"
    " unnest($6::timestamptz[]), unnest($7::text[]), unnest($8::date[]),"
    " unnest($9::timestamptz[]), unnest($10::text[]), unnest($11::date[]),"
    " unnest($12::timestamptz[]), unnest($13::text[]), unnest($14::bool[]),"
    " unnest($15::timestamptz[]), unnest($16::timestamptz[]) on conflict (organisation,"
    " person_id) do update set revision ="
    " excluded.revision, next_wake_at = excluded.next_wake_at, left_on = excluded.left_on,"
    " left_time = excluded.left_time, left_id = excluded.left_id, died_on = excluded.died_on,"
    " died_time = excluded.died_time, died_id = excluded.died_id, opt_on = excluded.opt_on,"
    " opt_time = excluded.opt_time, opt_id = excluded.opt_id, opted_out = excluded.opted_out,"
    " changed_at = excluded.changed_at, oh_wake_at = excluded.oh_wake_at"
    " where p.revision = excluded.revision - 1"
    " returning p.xmax <> 0 or p.revision = 1 as expected)"
    " select fact.check_count((select count(*) from w where w.expected), $17)",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_INT8_ARRAY, PG_TIMESTAMPTZ_ARRAY,
                       PG_DATE_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_TEXT_ARRAY, PG_DATE_ARRAY,
                       PG_TIMESTAMPTZ_ARRAY, PG_TEXT_ARRAY, PG_DATE_ARRAY, PG_TIMESTAMPTZ_ARRAY,
                       PG_TEXT_ARRAY, PG_BOOL_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_TIMESTAMPTZ_ARRAY,
                       PG_INT8, 0}};

/* Where the facts are as they were. */
static const struct pg_stmt put_wakes = {
    "put_wakes",
    "with w as (update fact.person p set revision = p.revision + 1, next_wake_at = u.wake,"
    " oh_wake_at = u.oh_wake, emitted = p.emitted + u.emitted, prompted = p.prompted + u.prompted"
    " from unnest($1::text[], $2::text[], $3::int8[], $4::timestamptz[], $5::timestamptz[],"
    " $6::int4[], $7::int4[]) as u (o, i, revision, wake, oh_wake, emitted, prompted)"
    " where p.organisation = u.o and p.person_id = u.i and p.revision = u.revision returning 1)"
    " select fact.check_count((select count(*) from w), $8)",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_INT8_ARRAY, PG_TIMESTAMPTZ_ARRAY,
                       PG_TIMESTAMPTZ_ARRAY, PG_INT4_ARRAY, PG_INT4_ARRAY, PG_INT8, 0}};

static enum status send_wakes(const struct plan *plan, struct pg *pg, struct err *err)
{
    const struct case_person *const *p = plan->persons;
    size_t n = plan->n_persons;
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->person_id);
    COLUMN(PG_INT8, pg_array_i64, n, p[i]->revision);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, p[i]->wake_at);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, p[i]->oh_wake_at);
    COLUMN(PG_INT4, pg_array_i32, n, p[i]->more_emitted);
    COLUMN(PG_INT4, pg_array_i32, n, p[i]->more_prompted);
    pg_arg_i64(&args, (int64_t)n);
    enum status s = pg_send(pg, &put_wakes, &args, err);
    pg_args_clear(&args);
    return s;
}

static enum status send_people(const struct plan *plan, struct pg *pg, struct err *err)
{
    const struct case_person *const *p = plan->persons;
    size_t n = plan->n_persons;
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->person_id);
    COLUMN(PG_INT8, pg_array_i64, n, p[i]->revision + 1);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, p[i]->wake_at);
    COLUMN(PG_DATE, pg_array_date, n, p[i]->facts.left.on);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, p[i]->facts.left.time);
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->facts.left.id);
    COLUMN(PG_DATE, pg_array_date, n, p[i]->facts.died.on);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, p[i]->facts.died.time);
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->facts.died.id);
    COLUMN(PG_DATE, pg_array_date, n, p[i]->facts.opt.on);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, p[i]->facts.opt.time);
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->facts.opt.id);
    COLUMN(PG_BOOL, pg_array_bool, n, p[i]->facts.opted_out);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, p[i]->facts.changed_at);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, p[i]->oh_wake_at);
    pg_arg_i64(&args, (int64_t)n);
    enum status s = pg_send(pg, &put_people, &args, err);
    pg_args_clear(&args);
    return s;
}

static const struct pg_stmt check_ruleset = {"check_ruleset", "select fact.check_ruleset($1)",
                                             (const uint32_t[]){PG_INT4, 0}};
static const struct pg_stmt wake_followup = {"wake_followup", "notify dayfour_wake", NULL};

enum status store_send_check(struct pg *pg, const struct ruleset *rs, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_i32(&args, rs->serial);
    enum status s = pg_send(pg, &check_ruleset, &args, err);
    pg_args_clear(&args);
    return s;
}

enum status store_send(struct caseload *cl, struct pg *pg, const struct ruleset *rs,
                       struct instant now, const char *why, struct store_counts *counts,
                       struct err *err)
{
    struct plan plan;
    plan_make(&plan, cl, now, why);
    enum status s = send_gone(cl, pg, err);
    if (s == STATUS_OK) {
        s = send_records(&plan, pg, err);
    }
    if (s == STATUS_OK) {
        s = send_details(&plan, cl->arena, pg, err);
    }
    if (s == STATUS_OK) {
        s = store_send_spells(&plan, pg, now, err);
    }
    if (s == STATUS_OK && plan.n_persons > 0) {
        s = cl->only_wakes ? send_wakes(&plan, pg, err) : send_people(&plan, pg, err);
    }
    if (s == STATUS_OK) {
        s = store_send_check(pg, rs, err);
    }
    if (s == STATUS_OK && plan.wake_now) {
        s = pg_send(pg, &wake_followup, NULL, err);
    }
    *counts = (struct store_counts){.records = plan.n_records,
                                    .spells = plan.n_spells,
                                    .persons = plan.n_persons,
                                    .tombstones = plan.n_tombstones};
    return s;
}
