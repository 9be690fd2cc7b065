#include "common/event/form.h"

#include <string.h>

#include "common/event/text.h"

#define VERSION_MAX ((INT64_C(1) << 53) - 1)

const char *reason_scheme_name(enum reason_scheme s)
{
    static const char *const names[] = {
        [SCHEME_NONE] = NULL,       [SCHEME_ESR] = "esr",   [SCHEME_ICD10] = "icd10",
        [SCHEME_SNOMED] = "snomed", [SCHEME_TEXT] = "text",
    };
    return names[s];
}

static bool read_version(const struct json *v, void *into, struct arena *a)
{
    (void)a;
    return json_int(v, 1, VERSION_MAX, into);
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
};
static const struct member_table contact_table = TABLE(contact_rows);

static const struct member fit_note_rows[] = {
    {"from", "data.fit_note.from", false, NULL, member_date, AT(absence.fit_note_from)},
    {"to", "data.fit_note.to", false, NULL, member_date, AT(absence.fit_note_to)},
};
static const struct member_table fit_note_table = TABLE(fit_note_rows);

static const struct member absence_rows[] = {
    {"organisation", "data.organisation", true, NULL, member_id, AT(organisation)},
    {"absence_id", "data.absence_id", true, NULL, member_id, AT(absence.absence_id)},
    {"version", "data.version", true, NULL, read_version, AT(absence.version)},
    {"person_id", "data.person_id", true, NULL, member_id, AT(absence.person_id)},
    [FORM_ABSENCE_CATEGORY] = {"category", "data.category", true, NULL, member_any_text,
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
    {"site", "data.site", false, NULL, member_unkept_text, 0},
    {"staff_group", "data.staff_group", false, NULL, member_unkept_text, 0},
};
const struct member_table form_absence = TABLE(absence_rows);

#define PERSON_AT(member) offsetof(struct person_form, member)
static const struct member person_rows[] = {
    {"organisation", "data.organisation", true, NULL, member_id, PERSON_AT(organisation)},
    {"person_id", "data.person_id", true, NULL, member_id, PERSON_AT(person_id)},
    /* required of some types only: inbound.c */
    [FORM_PERSON_ON] = {"on", "data.on", false, NULL, member_date, PERSON_AT(on)},
};
const struct member_table form_person = TABLE(person_rows);

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
                    .phased_return_from = DATE_NONE},
    };
}

bool form_is_sickness(const char *category)
{
    return text_equal(category, "sickness") || strcmp(category, "08") == 0;
}
