/* A statement for each kind of thing held, in `parts`. A column about people that is added to a
 * table belongs here too. KIND, OUTCOME and CHANNEL are lists in the order of facts.h. The note for
 * the audit is committed before anything is printed, so that no reading goes without it. */
#include "common/retention/subject_access.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/json/json.h"
#include "common/retention/query.h"

/* A kind of thing held: each row is the thing as JSON, and a sentence about it or null. $1 is the
 * organisation, $2 the person. */
struct part {
    const char *name;
    struct pg_stmt stmt;
    bool counts; /* that there is one means that something is held */
};

static const uint32_t who[] = {PG_TEXT, PG_TEXT, 0};

#define OF_THEM(t) " where " t ".organisation = $1 and " t ".person_id = $2"
#define MATCH                                                                                      \
    "(array['not given', 'kept', 'matched nothing: not kept', 'not for automatic contact: not "    \
    "kept'])[a.match + 1]"
#define SCHEME "(array['esr', 'icd10', 'snomed', 'text'])[nullif(a.scheme, 0)]"
#define KIND                                                                                       \
    "(array['attempt', 'contact', 'claim', 'release', 'assign', 'close', 'reopen', 'acknowledge'," \
    " 'oh_record'])[c.kind + 1]"
#define OUTCOME                                                                                    \
    "(array['no_answer', 'voicemail', 'wrong_number', 'call_back', 'fast_track_treatment',"        \
    " 'self_management_advice', 'onward_referral', 'no_action_needed', 'declined', 'recovered',"   \
    " 'referred', 'other', 'busy', 'message_with_other', 'text_sent', 'email_sent',"               \
    " 'letter_sent', 'already_in_care', 'urgent_care_advised',"                                    \
    " 'unable_to_contact'])[nullif(c.outcome, 0)]"
#define CHANNEL                                                                                    \
    "(array['phone', 'video', 'in_person', 'text', 'email', 'letter'])[nullif(c.channel, 0)]"

static const struct part parts[] = {
    {"person",
     {"subject_access_person",
      "select json_build_object('left_on', p.left_on, 'died_on', p.died_on, 'opted_out',"
      " coalesce(p.opted_out, false), 'opted_out_from', case when p.opted_out then p.opt_on end,"
      " 'changed_at', p.changed_at)::text,"
      " nullif(concat_ws(' ', 'Left the organisation on ' || p.left_on || '.',"
      " 'Died on ' || p.died_on || '.', case when p.opted_out then"
      " 'Does not want to be rung by occupational health, from ' || p.opt_on || ' on.' end), '')"
      " from fact.person p" OF_THEM("p"),
      who},
     true},
    {"opting", /* of which followup has not taken notice yet */
     {"subject_access_opting",
      "select json_build_object('opted_out', o.opted_out, 'from', o.opt_on, 'entered_at',"
      " o.entered_at, 'by', o.by)::text, format('On %s %s entered that you %s to be rung by"
      " occupational health.', to_char(o.entered_at, 'YYYY-MM-DD'), o.by,"
      " case when o.opted_out then 'do not want' else 'want' end)"
      " from fact.opting o" OF_THEM("o") " order by o.opting_no",
      who},
     true},
    {"absences",
     {"subject_access_absences",
      "select json_build_object('source', a.source, 'absence_id', a.absence_id, 'version',"
      " a.version, 'assignment_id', a.assignment_id, 'onset_date', a.onset_date,"
      " 'first_reported_onset', a.first_onset_date, 'last_day', a.last_day, 'open_ended',"
      " a.open_ended, 'expected_return', a.expected_return, 'reason', " MATCH ", 'scheme', " SCHEME
      ", 'code', a.code, 'fte', coalesce(a.fte, 1), 'fit_note_from', a.fit_note_from,"
      " 'fit_note_to', a.fit_note_to, 'phased_return_from', a.phased_return_from, 'cancelled',"
      " a.cancelled, 'first_received_at', a.first_notice_at, 'changed_at', a.changed_at,"
      " 'hr_changed_at', a.hr_changed_at, 'held_since', a.held_since, 'gone_for_hr_at', a.gone_at, 'known', a.known,"
      " 'reason_missing', a.reason_missing, 'reason_given_at', a.reason_given_at, 'site', a.site,"
      " 'staff_group', a.staff_group, 'recorded_at', a.recorded_at)::text,"
      " format('%s told Dayfour on %s of an absence because of sickness from %s %s%s.%s',"
      " a.source, to_char(a.first_notice_at, 'YYYY-MM-DD'), a.onset_date,"
      " coalesce('to ' || case when not a.open_ended then a.last_day end, 'with no end known'),"
      " case when a.cancelled then ', and has since cancelled it' end,"
      " case when a.code is not null then ' The reason it gave, '"
      " || coalesce((select s.reason_titles -> " SCHEME " ->> a.code from fact.settings s"
      " order by s.serial desc limit 1), a.code) || ', is kept.'"
      " when a.match = 0 then ' It gave no reason.' else ' The reason is not kept.' end)"
      " from fact.absence a" OF_THEM("a") " order by a.onset_date, a.source, a.absence_id",
      who},
     true},
    {"contact_details",
     {"subject_access_details",
      "select json_build_object('source', c.source, 'absence_id', c.absence_id, 'name', c.name,"
      " 'phone', c.phone, 'email', c.email, 'language', c.language, 'preferred_time',"
      " c.preferred_time, 'voicemail', c.voicemail, 'channel', c.channel, 'needs', c.needs,"
      " 'date_of_birth', c.date_of_birth, 'job', c.job)::text,"
      " 'Of how to reach you is kept, as sent with absence ' || c.absence_id || ': '"
      " || concat_ws(', ', case when c.name is not null then 'a name' end,"
      " case when c.phone is not null then 'a telephone number' end,"
      " case when c.email is not null then 'an e-mail address' end,"
      " case when c.language is not null then 'a language' end,"
      " case when c.preferred_time is not null then 'a time of day' end,"
      " case when c.voicemail is not null then 'whether a message may be left' end,"
      " case when c.channel is not null then 'how you are best reached' end,"
      " case when c.needs is not null then 'what a caller should know' end,"
      " case when c.date_of_birth is not null then 'a date of birth' end,"
      " case when c.job is not null then 'a job' end) || '.'"
      " from fact.person_contact c" OF_THEM("c") " order by c.source, c.absence_id",
      who},
     true},
    {"spells",
     {"subject_access_spells",
      "select json_build_object('spell_id', s.spell_id, 'period_id', s.period_id, 'pathway',"
      " s.pathway, 'queue', s.queue, 'absence_ids', s.absence_ids, 'onset_date', s.onset_date,"
      " 'last_day', s.last_day, 'first_notice_at', s.first_notice_at, 'due_date', s.due_date,"
      " 'state', s.state, 'end_reason', s.end_reason, 'still_yielded_by_the_records',"
      " not s.tombstone, 'work_by_date', s.work_by_date, 'respond_by', s.respond_by,"
      " 'expected_return', s.expected_return, 'elapsed_days', s.elapsed_days,"
      " 'elapsed_working_days', s.elapsed_working_days,"
      " 'priority', s.priority, 'previous_spell', s.previous_spell,"
      " 'late_report', s.late_report, 'backdated', s.backdated, 'review_first', s.review_first,"
      " 'attempts', s.attempts, 'first_attempt_at', s.first_attempt_at, 'contacted_at',"
      " s.contacted_at, 'last_outcome', s.last_outcome, 'review_on', s.review_on, 'red_flag',"
      " s.red_flag, 'reason_changed', s.reason_changed, 'case_closed', s.case_closed,"
      " 'assigned_to', s.assigned_to, 'settled_at', s.settled_at, 'known_at', s.known_at,"
      " 'reason_late', s.reason_late, 'call_back_at', s.call_back_at, 'red_flag_open',"
      " s.red_flag_open, 'unreachable', s.unreachable, 'closed_at', s.closed_at, 'close_reason',"
      " s.close_reason, 'oh_record', s.oh_record)::text,"
      " case when s.tombstone then format('Occupational health had a case about you (%s, from %s);"
      " it was withdrawn: %s.', s.pathway, s.onset_date, replace(s.end_reason, '_', ' '))"
      " else format('Because of the reason given, occupational health (%s, queue %s) was asked to"
      " ring you by %s about the absence from %s. %s', s.pathway, s.queue, s.due_date,"
      " s.onset_date, case when s.contacted_at is not null then 'It reached you on '"
      " || to_char(s.contacted_at, 'YYYY-MM-DD') || '.' when s.end_reason is not null then"
      " 'The case ended without a contact: ' || replace(s.end_reason, '_', ' ') || '.'"
      " else 'It has not reached you yet.' end) end"
      " from casework.spell s" OF_THEM("s") " order by s.onset_date, s.spell_id",
      who},
     true},
    {"entries",
     {"subject_access_entries",
      "select json_build_object('entry_id', c.entry_id, 'kind', " KIND ", 'pathway', c.pathway,"
      " 'at', c.at, 'entered_at', c.entered_at, 'by', c.by, 'assignee', c.assignee, 'outcome', " OUTCOME
      ", 'review_on', c.review_on, 'red_flag', c.red_flag, 'absence_ids', c.record_ids,"
      " 'codes', c.record_codes, 'retracted_at', coalesce(c.retracted_at, t.at), 'retracted_by',"
      " coalesce(c.retracted_by, t.by), 'retracted_why', coalesce(c.retracted_why, t.why),"
      " 'call_back_at', c.call_back_at, 'channel', " CHANNEL ", 'no_follow_up', c.no_follow_up,"
      " 'work_related', c.work_related, 'work_ability', c.work_ability, 'likely_return',"
      " c.likely_return, 'service', c.service, 'oh_record', c.oh_record)::text,"
      " format('On %s %s entered: %s%s%s%s.', to_char(c.at, 'YYYY-MM-DD'), c.by, " KIND ","
      " ', ' || replace(" OUTCOME ", '_', ' '), case when c.red_flag then ', red flag' end,"
      " case when coalesce(c.retracted_at, t.at) is not null then '; taken back later' end)"
      " from fact.contact c left join fact.retraction t on t.entry_id = c.entry_id" OF_THEM(
          "c") " order by c.at, c.entry_id",
      who},
     true},
    {"told",
     {"subject_access_told",
      "select json_build_object('topic', e.topic, 'subject', e.subject, 'kind', e.kind,"
      " 'occurrence', e.occurrence, 'nth', e.nth, 'emitted_at', e.emitted_at, 'withdrawn_at',"
      " e.withdrawn_at, 'late', e.late, 'data', e.data::json)::text,"
      " format('On %s %s was told: %s%s.', to_char(e.emitted_at, 'YYYY-MM-DD'),"
      " case when e.data::jsonb ? 'pathway' then 'occupational health' else"
      " 'your employer''s HR' end, translate(e.kind, '-.', '  '),"
      " '; taken back on ' || to_char(e.withdrawn_at, 'YYYY-MM-DD'))"
      " from followup.emitted e" OF_THEM(
          "e") " order by e.emitted_at, e.subject, e.kind, e.occurrence, e.nth",
      who},
     true},
    {"erasure",
     {"subject_access_erasure",
      "select json_build_object('asked_at', e.asked_at, 'asked_by', e.asked_by, 'why', e.why,"
      " 'withdrawn_at', e.withdrawn_at)::text,"
      " 'That all of this be erased was asked for on ' || to_char(e.asked_at, 'YYYY-MM-DD') || '.'"
      " from fact.erasure e" OF_THEM("e"),
      who},
     true},
    {"audit",
     {"subject_access_audit",
      "select json_build_object('at', a.at, 'who', a.who, 'what', a.what, 'why', a.why, 'detail',"
      " a.detail)::text, null from audit.about($1, $2) a",
      who},
     false},
    {"dead_letters",
     {"subject_access_dead_letters",
      "select json_build_object('topic', d.topic, 'partition', d.partition, 'offset', d.\"offset\","
      " 'reason', d.reason, 'received_at', d.received_at, 'value_base64',"
      " translate(encode(d.value, 'base64'), E'\\n', ''))::text,"
      " 'A message from ' || to_char(d.received_at, 'YYYY-MM-DD')"
      " || ' that could not be taken seems to be about you; it is kept for some days.'"
      " from ops.letters_about($1, $2) d",
      who},
     true},
};
#define PARTS (sizeof parts / sizeof parts[0])

/* Data that no query here finds. */
static const char *const elsewhere[] = {
    "The HR system that sent the absences, and Kafka's topic absence.events, for as long as that "
    "is kept there.",
    "Messages published on oh.follow-up.events and return-to-work.events, for as long as those "
    "topics keep them, and whatever their readers keep.",
    "Backups of the database, and the database server's own log of who read which view."};

static void put_part(struct buf *json, struct buf *reading, const char *name,
                     const struct pg_result *r)
{
    buf_printf(json, ",\n\"%s\":[", name);
    for (size_t row = 0; row < pg_rows(r); row++) {
        buf_puts(json, row == 0 ? "\n" : ",\n");
        buf_puts(json, pg_text(r, row, 0));
        if (!pg_is_null(r, row, 1)) {
            buf_puts(reading, reading->len == 0 ? "\n" : ",\n");
            json_put_string(reading, pg_text(r, row, 1));
        }
    }
    buf_puts(json, "]");
}

static enum status read_parts(struct pg *pg, const struct pg_args *person, struct buf *json,
                              struct buf *reading, bool *found, struct err *err)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; i < PARTS && s == STATUS_OK; i++) {
        const struct pg_result *r = NULL;
        s = query_run(pg, &parts[i].stmt, person, &r, err);
        if (s == STATUS_OK) {
            *found = *found || (parts[i].counts && pg_rows(r) > 0);
            put_part(json, reading, parts[i].name, r);
        }
    }
    return s;
}

static const struct pg_stmt note = {
    "subject_access_note",
    "insert into audit.entry (at, what, why, organisation, person_id)"
    " values (oh.now(), 'person_export', $3, $1, $2)",
    (const uint32_t[]){PG_TEXT, PG_TEXT, PG_TEXT, 0}};

static enum status write_note(struct pg *pg, const char *organisation, const char *person_id,
                              const char *why, struct err *err)
{
    struct pg_args args = {0};
    pg_arg_text(&args, organisation);
    pg_arg_text(&args, person_id);
    pg_arg_text(&args, why);
    enum status s = query_run(pg, &note, &args, NULL, err);
    pg_args_clear(&args);
    return s;
}

static void print(FILE *to, const char *organisation, const char *person_id, const struct buf *json,
                  const struct buf *reading)
{
    struct buf head = {0};
    buf_puts(&head, "{\"organisation\":");
    json_put_string(&head, organisation);
    buf_puts(&head, ",\"person_id\":");
    json_put_string(&head, person_id);
    buf_puts(&head, ",\n\"reading\":[");
    buf_puts(&head, reading->len == 0 ? "" : reading->data);
    buf_puts(&head, "]");
    buf_puts(&head, json->data);
    buf_puts(&head, ",\n\"not_in_here\":[");
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        buf_puts(&head, i == 0 ? "\n" : ",\n");
        json_put_string(&head, elsewhere[i]);
    }
    buf_puts(&head, "]}\n");
    fputs(head.data, to);
    buf_clear(&head);
}

enum status subject_access_print(struct pg *pg, const char *organisation, const char *person_id,
                                 const char *why, FILE *to, bool *found, struct err *err)
{
    static const struct pg_stmt snapshot = {"subject_access_begin",
                                            "begin isolation level repeatable read", NULL};
    struct pg_args person = {0};
    struct buf json = {0};
    struct buf reading = {0};
    *found = false;
    pg_arg_text(&person, organisation);
    pg_arg_text(&person, person_id);
    enum status s = query_run(pg, &snapshot, NULL, NULL, err);
    s = s == STATUS_OK ? write_note(pg, organisation, person_id, why, err) : s;
    s = s == STATUS_OK ? read_parts(pg, &person, &json, &reading, found, err) : s;
    s = s == STATUS_OK ? query_run(pg, &pg_commit, NULL, NULL, err) : s;
    if (s == STATUS_OK && *found) {
        print(to, organisation, person_id, &json, &reading);
    }
    pg_args_clear(&person);
    buf_clear(&json);
    buf_clear(&reading);
    return s;
}
