/* Array statements, one for each kind of row: digests, records, contact details, spells, then the
 * people. A person is written only where the revision is still the one that was read. A change
 * that finds fewer rows than it was given fails with CT002 and undoes the whole batch. The check
 * of the ruleset comes last (CT003). Rows are sorted by organisation and person, so that two
 * writers wait for each other instead of deadlocking. */
#include "common/casefile/store.h"

#include "common/casefile/changeset.h"
#include "common/casefile/gone.h"
#include "common/pg/columns.h"

static const struct pg_stmt drop_moved_records = {
    "drop_moved_records",
    "with d as (delete from fact.person_contact c using unnest($1::text[], $2::text[],"
    " $3::text[], $4::text[]) as k (o, p, s, a) where c.organisation = k.o and c.person_id = k.p"
    " and c.source = k.s and c.absence_id = k.a) delete from fact.absence f using"
    " unnest($1::text[], $2::text[], $3::text[], $4::text[]) as k (o, p, s, a) where"
    " f.organisation = k.o and f.person_id = k.p and f.source = k.s and f.absence_id = k.a",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, 0}};

static void send_gone(const struct caseload *cl, struct pg *pg)
{
    if (cl->n_moved == 0) {
        return;
    }
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, cl->n_moved, cl->moved[i].organisation);
    COLUMN(PG_TEXT, pg_array_text, cl->n_moved, cl->moved[i].person_id);
    COLUMN(PG_TEXT, pg_array_text, cl->n_moved, cl->moved[i].source);
    COLUMN(PG_TEXT, pg_array_text, cl->n_moved, cl->moved[i].absence_id);
    pg_send(pg, &drop_moved_records, &args);
    pg_args_clear(&args);
}

/* Existing rows are updated by ctid, which saves an index lookup. The key is compared too: another
 * row may occupy that ctid by now. */
#define RECORD_COLUMNS                                                                             \
    "organisation, person_id, source, absence_id, version, first_version, first_onset_date,"       \
    " assignment_id, onset_date, last_day, open_ended, expected_return, match, scheme, code,"      \
    " settings_serial, fte, fit_note_from, fit_note_to, phased_return_from, cancelled,"            \
    " first_notice_at, changed_at, contact_hash, hr_changed_at, gone_at, held_since, known,"       \
    " reason_missing, reason_given_at, site, staff_group, recorded_at"
#define RECORD_VALUES                                                                              \
    "select unnest($1::text[]) as organisation, unnest($2::text[]) as person_id,"                  \
    " unnest($3::text[]) as source, unnest($4::text[]) as absence_id, unnest($5::int8[]) as"       \
    " version, unnest($6::int8[]) as first_version, unnest($7::date[]) as first_onset_date,"       \
    " unnest($8::text[]) as assignment_id, unnest($9::date[]) as onset_date,"                      \
    " unnest($10::date[]) as last_day, unnest($11::bool[]) as open_ended, unnest($12::date[]) as"  \
    " expected_return, unnest($13::int2[]) as match, unnest($14::int2[]) as scheme,"               \
    " unnest($15::text[]) as code, unnest($16::int4[]) as settings_serial,"                        \
    " unnest($17::text[])::numeric as fte, unnest($18::date[]) as fit_note_from,"                  \
    " unnest($19::date[]) as fit_note_to, unnest($20::date[]) as phased_return_from,"              \
    " unnest($21::bool[]) as cancelled, unnest($22::timestamptz[]) as first_notice_at,"            \
    " unnest($23::timestamptz[]) as changed_at, unnest($24::int8[]) as contact_hash,"              \
    " unnest($25::timestamptz[]) as hr_changed_at, unnest($26::timestamptz[]) as gone_at,"         \
    " unnest($27::timestamptz[]) as held_since, unnest($28::text[])::text[] as known,"             \
    " unnest($29::bool[]) as reason_missing, unnest($30::timestamptz[]) as reason_given_at,"       \
    " unnest($31::text[]) as site, unnest($32::text[]) as staff_group,"                            \
    " unnest($33::timestamptz[]) as recorded_at"
#define RECORD_TYPES                                                                               \
    PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_INT8_ARRAY, PG_INT8_ARRAY,      \
        PG_DATE_ARRAY, PG_TEXT_ARRAY, PG_DATE_ARRAY, PG_DATE_ARRAY, PG_BOOL_ARRAY, PG_DATE_ARRAY,  \
        PG_INT2_ARRAY, PG_INT2_ARRAY, PG_TEXT_ARRAY, PG_INT4_ARRAY, PG_TEXT_ARRAY, PG_DATE_ARRAY,  \
        PG_DATE_ARRAY, PG_DATE_ARRAY, PG_BOOL_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_TIMESTAMPTZ_ARRAY,   \
        PG_INT8_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_TIMESTAMPTZ_ARRAY,           \
        PG_TEXT_ARRAY, PG_BOOL_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY,          \
        PG_TIMESTAMPTZ_ARRAY

static const struct pg_stmt add_records = {
    "add_records", "insert into fact.absence (" RECORD_COLUMNS ") " RECORD_VALUES,
    (const uint32_t[]){RECORD_TYPES, 0}};

static const struct pg_stmt change_records = {
    "change_records",
    "with w as (update fact.absence a set version = u.version, first_version = u.first_version,"
    " first_onset_date = u.first_onset_date, assignment_id = u.assignment_id, onset_date ="
    " u.onset_date, last_day = u.last_day, open_ended = u.open_ended, expected_return ="
    " u.expected_return, match = u.match, scheme = u.scheme, code = u.code, settings_serial ="
    " u.settings_serial, fte = u.fte, fit_note_from = u.fit_note_from, fit_note_to ="
    " u.fit_note_to, phased_return_from = u.phased_return_from, cancelled = u.cancelled,"
    " changed_at = u.changed_at, contact_hash = u.contact_hash, hr_changed_at ="
    " u.hr_changed_at, gone_at = u.gone_at, held_since = u.held_since, known = u.known,"
    " reason_missing = u.reason_missing, reason_given_at = u.reason_given_at, site = u.site,"
    " staff_group = u.staff_group, recorded_at = u.recorded_at from (" RECORD_VALUES
    ", unnest($34::tid[]) as tid) u where a.ctid = u.tid and a.absence_id = u.absence_id and"
    " a.person_id = u.person_id and a.source = u.source and a.organisation = u.organisation"
    " returning 1) select fact.check_count((select count(*) from w), $35)",
    (const uint32_t[]){RECORD_TYPES, PG_TID_ARRAY, PG_INT8, 0}};

static void array_hash(struct pg_args *args, const struct record_row *row)
{
    if (row->has_details) {
        pg_array_i64(args, row->hash);
    } else {
        pg_array_null(args);
    }
}

/* As load.c reads it. An array literal: arrays within an array parameter cannot differ in length.
 */
static void array_known(struct pg_args *args, const struct record *rec)
{
    if (!rec->known_kept) {
        pg_array_null(args);
        return;
    }
    struct buf b = {0};
    buf_putc(&b, '{');
    for (size_t i = 0; i < rec->n_known; i++) {
        char at[INSTANT_TEXT];
        buf_printf(&b, "%s\"%s %s\"", i == 0 ? "" : ",", instant_format(rec->known[i].at, at),
                   rec->known[i].pathway);
    }
    buf_putc(&b, '}');
    pg_array_bytes(args, b.data, b.len);
    buf_clear(&b);
}

static void record_columns(struct pg_args *out, const struct record_row *const *r, size_t n)
{
    struct pg_args args = *out;
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->p->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->p->person_id);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->source);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->absence_id);
    COLUMN(PG_INT8, pg_array_i64, n, r[i]->rec->version);
    COLUMN(PG_INT8, pg_array_i64, n, r[i]->rec->first_version);
    COLUMN(PG_DATE, pg_array_date, n, r[i]->rec->first_onset);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->assignment_id);
    COLUMN(PG_DATE, pg_array_date, n, r[i]->rec->onset);
    COLUMN(PG_DATE, pg_array_date, n, r[i]->rec->last_day);
    COLUMN(PG_BOOL, pg_array_bool, n, r[i]->rec->open_ended);
    COLUMN(PG_DATE, pg_array_date, n, r[i]->rec->expected_return);
    COLUMN(PG_INT2, pg_array_i16, n, (int16_t)r[i]->rec->reason);
    COLUMN(PG_INT2, pg_array_i16, n, (int16_t)r[i]->rec->scheme);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->code);
    COLUMN(PG_INT4, pg_array_i32, n, r[i]->rec->settings_serial);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->fte);
    COLUMN(PG_DATE, pg_array_date, n, r[i]->rec->fit_note_from);
    COLUMN(PG_DATE, pg_array_date, n, r[i]->rec->fit_note_to);
    COLUMN(PG_DATE, pg_array_date, n, r[i]->rec->phased_return_from);
    COLUMN(PG_BOOL, pg_array_bool, n, r[i]->rec->cancelled);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i]->rec->first_notice);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i]->rec->changed_at);
    COLUMN(PG_INT8, array_hash, n, r[i]);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i]->rec->hr_changed_at);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i]->rec->gone_at);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i]->rec->held_since);
    COLUMN(PG_TEXT, array_known, n, r[i]->rec);
    COLUMN(PG_BOOL, pg_array_bool, n, r[i]->rec->reason_missing);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i]->rec->reason_given_at);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->site);
    COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->staff_group);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, r[i]->rec->recorded_at);
    *out = args;
}

static void send_records(const struct changeset *changes, struct arena *a, struct pg *pg)
{
    const struct record_row **known = arena_array(a, changes->n_records, sizeof *known);
    const struct record_row **added = arena_array(a, changes->n_records, sizeof *added);
    size_t n_known = 0, n_added = 0;
    for (size_t i = 0; i < changes->n_records; i++) {
        const struct record_row *row = &changes->records[i];
        if (row->state->stored) {
            known[n_known++] = row;
        } else {
            added[n_added++] = row;
        }
    }
    if (n_known > 0) {
        struct pg_args args = {0};
        record_columns(&args, known, n_known);
        COLUMN(PG_TID, pg_array_tid, n_known, known[i]->state->ctid);
        pg_arg_i64(&args, (int64_t)n_known);
        pg_send(pg, &change_records, &args);
        pg_args_clear(&args);
    }
    if (n_added > 0) {
        struct pg_args args = {0};
        record_columns(&args, added, n_added);
        pg_send(pg, &add_records, &args);
        pg_args_clear(&args);
    }
}

static const struct pg_stmt put_details = {
    "put_details",
    "insert into fact.person_contact (organisation, person_id, source, absence_id, name, phone,"
    " email, language, preferred_time, voicemail, channel, needs, date_of_birth, job)"
    " select unnest($1::text[]), unnest($2::text[]), unnest($3::text[]), unnest($4::text[]),"
    " unnest($5::text[]), unnest($6::text[]), unnest($7::text[]), unnest($8::text[]),"
    " unnest($9::text[]), unnest($10::bool[]), unnest($11::text[]), unnest($12::text[]),"
    " unnest($13::date[]), unnest($14::text[])"
    " on conflict (organisation, person_id, source, absence_id) do update set"
    " name = excluded.name, phone = excluded.phone, email = excluded.email, language ="
    " excluded.language, preferred_time = excluded.preferred_time, voicemail = excluded.voicemail,"
    " channel = excluded.channel, needs = excluded.needs, date_of_birth = excluded.date_of_birth,"
    " job = excluded.job",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY,
                       PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_BOOL_ARRAY,
                       PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_DATE_ARRAY, PG_TEXT_ARRAY, 0}};

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

static void send_details(const struct changeset *changes, struct arena *a, struct pg *pg)
{
    const struct record_row **r = arena_array(a, changes->n_records, sizeof *r);
    const struct record_row **gone = arena_array(a, changes->n_records, sizeof *gone);
    size_t n = 0, n_gone = 0;
    for (size_t i = 0; i < changes->n_records; i++) {
        const struct record_row *row = &changes->records[i];
        if (!row->has_details && row->state->has_details) {
            gone[n_gone++] = row;
        } else if (row->has_details && row->state->details_dirty &&
                   !(row->state->has_details && row->state->details_hash == row->hash)) {
            r[n++] = row;
        }
    }
    if (n > 0) {
        struct pg_args args = {0};
        detail_keys(&args, r, n);
        COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->contact.name);
        COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->contact.phone);
        COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->contact.email);
        COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->contact.language);
        COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->contact.preferred_time);
        COLUMN(PG_BOOL, array_voicemail, n, r[i]->rec);
        COLUMN(PG_TEXT, pg_array_text, n, contact_way_name(r[i]->rec->contact.way));
        COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->contact.needs);
        COLUMN(PG_DATE, pg_array_date, n, r[i]->rec->contact.date_of_birth);
        COLUMN(PG_TEXT, pg_array_text, n, r[i]->rec->contact.job);
        pg_send(pg, &put_details, &args);
        pg_args_clear(&args);
    }
    if (n_gone > 0) {
        struct pg_args args = {0};
        detail_keys(&args, gone, n_gone);
        pg_send(pg, &drop_details, &args);
        pg_args_clear(&args);
    }
}

/* A row that was there when the person was read must still be there. A person who was deleted
 * meanwhile must not come back with a case from old facts. */
#define PERSON_VALUES                                                                               \
    "select unnest($1::text[]) as organisation, unnest($2::text[]) as person_id,"                   \
    " unnest($3::int8[]) as revision, unnest($4::timestamptz[]) as next_wake_at,"                   \
    " unnest($5::date[]) as left_on, unnest($6::timestamptz[]) as left_time, unnest($7::text[]) as" \
    " left_id, unnest($8::date[]) as died_on, unnest($9::timestamptz[]) as died_time,"              \
    " unnest($10::text[]) as died_id, unnest($11::date[]) as opt_on, unnest($12::timestamptz[]) as" \
    " opt_time, unnest($13::text[]) as opt_id, unnest($14::bool[]) as opted_out,"                   \
    " unnest($15::timestamptz[]) as changed_at, unnest($16::timestamptz[]) as oh_wake_at,"          \
    " unnest($17::timestamptz[]) as hr_changed_at, unnest($18::date[]) as no_reason_since,"         \
    " unnest($19::text[]) as next_prompts"
#define PERSON_TYPES                                                                               \
    PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_INT8_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_DATE_ARRAY,              \
        PG_TIMESTAMPTZ_ARRAY, PG_TEXT_ARRAY, PG_DATE_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_TEXT_ARRAY,   \
        PG_DATE_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_TEXT_ARRAY, PG_BOOL_ARRAY, PG_TIMESTAMPTZ_ARRAY,   \
        PG_TIMESTAMPTZ_ARRAY, PG_TIMESTAMPTZ_ARRAY, PG_DATE_ARRAY, PG_TEXT_ARRAY

static const struct pg_stmt add_people = {
    "add_people",
    "insert into fact.person (organisation, person_id, revision, next_wake_at, left_on, left_time,"
    " left_id, died_on, died_time, died_id, opt_on, opt_time, opt_id, opted_out, changed_at,"
    " oh_wake_at, hr_changed_at, no_reason_since, next_prompts) " PERSON_VALUES,
    (const uint32_t[]){PERSON_TYPES, 0}};

static const struct pg_stmt change_people = {
    "change_people",
    "with w as (update fact.person p set revision = u.revision, next_wake_at = u.next_wake_at,"
    " left_on = u.left_on, left_time = u.left_time, left_id = u.left_id, died_on = u.died_on,"
    " died_time = u.died_time, died_id = u.died_id, opt_on = u.opt_on, opt_time = u.opt_time,"
    " opt_id = u.opt_id, opted_out = u.opted_out, changed_at = u.changed_at, oh_wake_at ="
    " u.oh_wake_at, hr_changed_at = u.hr_changed_at, no_reason_since = u.no_reason_since,"
    " next_prompts = u.next_prompts from (" PERSON_VALUES
    ", unnest($20::tid[]) as tid) u where p.ctid = u.tid"
    " and p.person_id = u.person_id and p.organisation = u.organisation and p.revision ="
    " u.revision - 1 returning 1) select fact.check_count((select count(*) from w), $21)",
    (const uint32_t[]){PERSON_TYPES, PG_TID_ARRAY, PG_INT8, 0}};

/* Where the facts are as they were. */
static const struct pg_stmt put_wakes = {
    "put_wakes",
    "with w as (update fact.person p set revision = p.revision + 1, next_wake_at = u.wake,"
    " oh_wake_at = u.oh_wake, emitted = p.emitted + u.emitted, prompted = p.prompted + u.prompted,"
    " no_reason_since = u.no_reason, next_prompts = u.ahead"
    " from (select unnest($1::text[]) as o, unnest($2::text[]) as i, unnest($3::int8[]) as"
    " revision, unnest($4::timestamptz[]) as wake, unnest($5::timestamptz[]) as oh_wake,"
    " unnest($6::int4[]) as emitted, unnest($7::int4[]) as prompted, unnest($8::date[]) as no_reason,"
    " unnest($9::text[]) as ahead, unnest($10::tid[]) as tid) u"
    " where p.ctid = u.tid and p.person_id = u.i and p.organisation = u.o and p.revision ="
    " u.revision returning 1) select fact.check_count((select count(*) from w), $11)",
    (const uint32_t[]){PG_TEXT_ARRAY, PG_TEXT_ARRAY, PG_INT8_ARRAY, PG_TIMESTAMPTZ_ARRAY,
                       PG_TIMESTAMPTZ_ARRAY, PG_INT4_ARRAY, PG_INT4_ARRAY, PG_DATE_ARRAY,
                       PG_TEXT_ARRAY, PG_TID_ARRAY, PG_INT8, 0}};

static void send_wakes(const struct changeset *changes, struct pg *pg)
{
    const struct case_person *const *p = changes->persons;
    size_t n = changes->n_persons;
    if (n == 0) {
        return;
    }
    struct pg_args args = {0};
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->organisation);
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->person_id);
    COLUMN(PG_INT8, pg_array_i64, n, p[i]->revision);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, p[i]->wake_at);
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, p[i]->oh_wake_at);
    COLUMN(PG_INT4, pg_array_i32, n, p[i]->more_emitted);
    COLUMN(PG_INT4, pg_array_i32, n, p[i]->more_prompted);
    COLUMN(PG_DATE, pg_array_date, n, p[i]->cw.no_reason_since);
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->next_prompts);
    COLUMN(PG_TID, pg_array_tid, n, p[i]->ctid);
    pg_arg_i64(&args, (int64_t)n);
    pg_send(pg, &put_wakes, &args);
    pg_args_clear(&args);
}

static void person_columns(struct pg_args *out, const struct case_person *const *p, size_t n)
{
    struct pg_args args = *out;
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
    COLUMN(PG_TIMESTAMPTZ, pg_array_instant, n, p[i]->facts.hr_changed_at);
    COLUMN(PG_DATE, pg_array_date, n, p[i]->cw.no_reason_since);
    COLUMN(PG_TEXT, pg_array_text, n, p[i]->next_prompts);
    *out = args;
}

static void send_people(const struct changeset *changes, struct pg *pg)
{
    if (changes->n_persons > 0) {
        struct pg_args args = {0};
        person_columns(&args, changes->persons, changes->n_persons);
        COLUMN(PG_TID, pg_array_tid, changes->n_persons, changes->persons[i]->ctid);
        pg_arg_i64(&args, (int64_t)changes->n_persons);
        pg_send(pg, &change_people, &args);
        pg_args_clear(&args);
    }
    if (changes->n_new_persons > 0) {
        struct pg_args args = {0};
        person_columns(&args, changes->new_persons, changes->n_new_persons);
        pg_send(pg, &add_people, &args);
        pg_args_clear(&args);
    }
}

static const struct pg_stmt check_ruleset = {"check_ruleset", "select fact.check_ruleset($1)",
                                             (const uint32_t[]){PG_INT4, 0}};

void store_send_check(struct pg *pg, const struct ruleset *rs)
{
    struct pg_args args = {0};
    pg_arg_i32(&args, rs->serial);
    pg_send(pg, &check_ruleset, &args);
    pg_args_clear(&args);
}

void store_send(struct caseload *cl, struct pg *pg, const struct ruleset *rs, struct instant now,
                const char *why, struct store_counts *counts)
{
    struct changeset changes;
    changeset_make(&changes, cl, now, why);
    send_gone(cl, pg);
    send_records(&changes, cl->arena, pg);
    send_details(&changes, cl->arena, pg);
    store_send_spells(&changes, cl->arena, pg, now);
    if (cl->only_wakes) {
        send_wakes(&changes, pg);
    } else {
        send_people(&changes, pg);
    }
    gone_send_check(cl, pg, rs);
    store_send_check(pg, rs);
    *counts = (struct store_counts){.records = changes.n_records,
                                    .spells = changes.n_spells,
                                    .persons = changes.n_persons + changes.n_new_persons,
                                    .tombstones = changes.n_tombstones};
}
