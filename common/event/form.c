/* Identifiers, dates and codes are taken whole or refused. Some texts for people are cut, and an
 * unknown way to reach somebody is left out: neither is a reason to lose an absence. Both are
 * counted. A new member also needs its name in envelope_keep_known() and in services/cli/rows.c. */
#include "common/event/form.h"

#include <string.h>

#include "common/event/text.h"

#define VERSION_MAX ((INT64_C(1) << 53) - 1)

static bool read_version(const struct json *v, void *into, struct arena *a)
{
    (void)a;
    return json_int(v, 1, VERSION_MAX, into);
}

static bool read_count(const struct json *v, void *into, struct arena *a)
{
    (void)a;
    return json_int(v, 0, VERSION_MAX, into);
}

static bool read_code(const struct json *v, void *into, struct arena *a)
{
    const char **code = into;
    if (json_type(v) != JSON_STRING) {
        return false;
    }
    if (text_blank(json_string(v))) {
        return true;
    }
    return member_text(v, code, a);
}

/* The row of the code stands before this one: without a code the scheme says nothing and may be
 * any. */
static bool read_scheme(const struct json *v, void *into, struct arena *a)
{
    (void)a;
    struct absence_form *f = into;
    if (json_type(v) != JSON_STRING) {
        return false;
    }
    f->scheme_given = true;
    if (!f->absence.code) {
        return true;
    }
    for (enum reason_scheme s = SCHEME_ESR; s <= SCHEME_TEXT; s++) {
        if (strcmp(json_string(v), reason_scheme_name(s)) == 0) {
            f->absence.scheme = s;
            return true;
        }
    }
    return false;
}

static bool read_voicemail(const struct json *v, void *into, struct arena *a)
{
    struct contact_details *contact = into;
    bool yes = false;
    if (!member_bool(v, &yes, a)) {
        return false;
    }
    contact->voicemail = yes ? VOICEMAIL_YES : VOICEMAIL_NO;
    return true;
}

/* Another way to reach somebody than these four is no reason to miss them. */
static bool read_way(const struct json *v, void *into, struct arena *a)
{
    (void)a;
    struct absence_form *f = into;
    if (json_type(v) != JSON_STRING) {
        return false;
    }
    if (json_string(v)[0] != '\0' && !contact_way_parse(json_string(v), &f->absence.contact.way)) {
        f->absence.n_left_out++;
    }
    return true;
}

/* A text for people: longer than max bytes it is cut before the character that does not fit. */
static bool read_short(const struct json *v, const char **text, size_t max, unsigned *n_cut,
                       struct arena *a)
{
    if (!member_text(v, (void *)text, a)) {
        return false;
    }
    size_t len = *text == NULL ? 0 : strlen(*text);
    if (len > max) {
        for (len = max; ((unsigned char)(*text)[len] & 0xc0) == 0x80; len--) {
        }
        *text = arena_strndup(a, *text, len);
        (*n_cut)++;
    }
    return true;
}

static bool read_site(const struct json *v, void *into, struct arena *a)
{
    struct absence_event *e = into;
    return read_short(v, &e->site, PLACE_BYTES, &e->n_cut, a);
}

static bool read_staff_group(const struct json *v, void *into, struct arena *a)
{
    struct absence_event *e = into;
    return read_short(v, &e->staff_group, PLACE_BYTES, &e->n_cut, a);
}

static bool read_job(const struct json *v, void *into, struct arena *a)
{
    struct absence_event *e = into;
    return read_short(v, &e->contact.job, PLACE_BYTES, &e->n_cut, a);
}

static bool read_needs(const struct json *v, void *into, struct arena *a)
{
    struct absence_event *e = into;
    return read_short(v, &e->contact.needs, NEEDS_BYTES, &e->n_cut, a);
}

#define AT(member) offsetof(struct absence_form, member)
#define TABLE(table_rows)                                                                          \
    {                                                                                              \
        .rows = (table_rows), .n = sizeof(table_rows) / sizeof((table_rows)[0])                    \
    }

/* name, path, required, inner, read, offset */
static const struct member reason_rows[] = {
    {"code", "data.reason.code", false, NULL, read_code, AT(absence.code)},
    {"scheme", FORM_REASON_SCHEME, false, NULL, read_scheme, 0},
};
static const struct member_table reason_table = TABLE(reason_rows);

static const struct member contact_rows[] = {
    {"name", "data.contact.name", false, NULL, member_text, AT(absence.contact.name)},
    {"phone", "data.contact.phone", false, NULL, member_text, AT(absence.contact.phone)},
    {"email", "data.contact.email", false, NULL, member_text, AT(absence.contact.email)},
    {"language", "data.contact.language", false, NULL, member_text, AT(absence.contact.language)},
    {"preferred_time", "data.contact.preferred_time", false, NULL, member_text,
     AT(absence.contact.preferred_time)},
    {"voicemail", "data.contact.voicemail", false, NULL, read_voicemail, AT(absence.contact)},
    {"channel", "data.contact.channel", false, NULL, read_way, 0},
    {"needs", "data.contact.needs", false, NULL, read_needs, AT(absence)},
    {"date_of_birth", "data.contact.date_of_birth", false, NULL, member_date,
     AT(absence.contact.date_of_birth)},
};
static const struct member_table contact_table = TABLE(contact_rows);

static const struct member fit_note_rows[] = {
    {"from", "data.fit_note.from", false, NULL, member_date, AT(absence.fit_note_from)},
    {"to", "data.fit_note.to", false, NULL, member_date, AT(absence.fit_note_to)},
};
static const struct member_table fit_note_table = TABLE(fit_note_rows);

static const struct member absence_rows[] = {
    [FORM_ABSENCE_ORGANISATION] = {"organisation", "data.organisation", true, NULL, member_id,
                                   AT(organisation)},
    [FORM_ABSENCE_ID] = {"absence_id", "data.absence_id", true, NULL, member_id,
                         AT(absence.absence_id)},
    [FORM_ABSENCE_VERSION] = {"version", "data.version", true, NULL, read_version,
                              AT(absence.version)},
    {"person_id", "data.person_id", true, NULL, member_id, AT(absence.person_id)},
    [FORM_ABSENCE_CATEGORY] = {"category", FORM_CATEGORY, true, NULL, member_any_text,
                               AT(category)},
    {"onset_date", "data.onset_date", true, NULL, member_date, AT(absence.onset)},
    {"assignment_id", "data.assignment_id", false, NULL, member_id, AT(absence.assignment_id)},
    {"last_day", FORM_LAST_DAY, false, NULL, member_date, AT(absence.last_day)},
    {"open_ended", "data.open_ended", false, NULL, member_bool, AT(absence.open_ended)},
    {"expected_return", "data.expected_return", false, NULL, member_date,
     AT(absence.expected_return)},
    {"reason", "data.reason", false, &reason_table, NULL, 0},
    {"fte", "data.fte", false, NULL, member_share, AT(absence.fte)},
    {"contact", "data.contact", false, &contact_table, NULL, 0},
    {"fit_note", "data.fit_note", false, &fit_note_table, NULL, 0},
    {"phased_return_from", "data.phased_return_from", false, NULL, member_date,
     AT(absence.phased_return_from)},
    {"site", "data.site", false, NULL, read_site, AT(absence)},
    {"staff_group", "data.staff_group", false, NULL, read_staff_group, AT(absence)},
    {"job", "data.job", false, NULL, read_job, AT(absence)},
    {"recorded_at", "data.recorded_at", false, NULL, member_instant, AT(absence.recorded_at)},
};
const struct member_table form_absence = TABLE(absence_rows);

#define PERSON_AT(member) offsetof(struct person_form, member)
static const struct member person_rows[] = {
    {"organisation", "data.organisation", true, NULL, member_id, PERSON_AT(organisation)},
    {"person_id", "data.person_id", true, NULL, member_id, PERSON_AT(person_id)},
    /* has to be there, but may be null: inbound.c */
    {"on", FORM_ON, false, NULL, member_date, PERSON_AT(on)},
};
const struct member_table form_person = TABLE(person_rows);

#define HEARTBEAT_AT(member) offsetof(struct heartbeat_form, member)
static const struct member heartbeat_rows[] = {
    {"organisation", "data.organisation", true, NULL, member_id, HEARTBEAT_AT(organisation)},
    {"as_of", "data.as_of", true, NULL, member_instant, HEARTBEAT_AT(heartbeat.as_of)},
    {"records", "data.records", false, NULL, read_count, HEARTBEAT_AT(heartbeat.records)},
    {"sent", "data.sent", false, NULL, read_count, HEARTBEAT_AT(heartbeat.sent)},
    {"rejected", "data.rejected", false, NULL, read_count, HEARTBEAT_AT(heartbeat.rejected)},
};
const struct member_table form_heartbeat = TABLE(heartbeat_rows);

_Static_assert(sizeof(absence_rows) / sizeof(absence_rows[0]) <= MEMBER_MAX,
               "a table holds MEMBER_MAX rows");

void form_absence_init(struct absence_form *f)
{
    *f = (struct absence_form){
        .absence = {.onset = DATE_NONE,
                    .last_day = DATE_NONE,
                    .expected_return = DATE_NONE,
                    .fit_note_from = DATE_NONE,
                    .fit_note_to = DATE_NONE,
                    .phased_return_from = DATE_NONE,
                    .contact = {.date_of_birth = DATE_NONE},
                    .recorded_at = INSTANT_NONE},
    };
}
