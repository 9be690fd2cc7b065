/* These words describe the checks of common/event/form.c and inbound.c, and are kept in step by
 * hand. A new member with a form of its own needs a row here: without one it is called "a text". */
#include "services/cli/wanted.h"

#include <string.h>

/* How the members look. A row without a dot at its end stands for that path alone. */
static const struct {
    const char *path, *form;
} forms[] = {
    {"data.organisation", "a text, not a number, of 1 to 100 bytes with no blanks around it"},
    {"data.absence_id", "a text, not a number, of 1 to 100 bytes with no blanks around it"},
    {"data.person_id", "a text, not a number, of 1 to 100 bytes with no blanks around it"},
    {"data.assignment_id", "a text, not a number, of 1 to 100 bytes with no blanks around it"},
    {"source", "a text, not a number, of 1 to 100 bytes with no blanks around it"},
    {"id", "a text, not a number, of 1 to 1,024 bytes with no blanks around it"},
    {"time", "a time as 2026-09-07T08:10:00Z"},
    {"data.as_of", "a time as 2026-09-07T08:10:00Z"},
    {"data.recorded_at", "a time as 2026-09-07T08:10:00Z"},
    {"data.version", "a whole number from 1 on, without quotes, point or exponent"},
    {"data.category", "sickness, 08, or a category that is passed over"},
    {"data.records", "a whole number from 0 on"},
    {"data.sent", "a whole number from 0 on"},
    {"data.rejected", "a whole number from 0 on"},
    {"data.open_ended", "true or false"},
    {"data.contact.voicemail", "true or false"},
    {"data.fte", "a number from 0 to 1"},
    {"data.reason.scheme", "esr, icd10, snomed or text"},
    {"data", "a JSON object, and no text that holds one"},
    {"data.reason", "an object"},
    {"data.contact", "an object"},
    {"data.fit_note", "an object"},
    {"data_base64", "base64 of a JSON object, and no data beside it"},
    {"specversion", "1.0"},
    {"type", WANTED_TYPES},
};

static bool is_date(const char *path)
{
    static const char *const dates[] = {"onset_date",           "last_day",    "expected_return",
                                        "fit_note.from",        "fit_note.to", "phased_return_from",
                                        "contact.date_of_birth"};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        if (strncmp(path, "data.", 5) == 0 && strcmp(path + 5, dates[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void put_form(struct buf *out, const char *path, const char *date)
{
    path = strncmp(path, "ce_", 3) == 0 ? path + 3 : path;
    if (strcmp(path, "data.last_day") == 0 || strcmp(path, "data.expected_return") == 0) {
        buf_printf(out, "a date as %s from 1900 to 2200, or none where it is not known,", date);
    } else if (strcmp(path, "data.on") == 0) {
        buf_printf(out, "a date as %s from 1900 to 2200 (null withdraws a left or a died)", date);
    } else if (is_date(path)) {
        buf_printf(out, "a date as %s from 1900 to 2200", date);
    } else {
        for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
            if (strcmp(path, forms[i].path) == 0) {
                buf_puts(out, forms[i].form);
                return;
            }
        }
        buf_puts(out, "a text");
    }
}

void wanted_put(struct buf *out, enum reject_reason reason, const char *path, const char *date)
{
    static const char *const words[REJECT_COUNT] = {
        [REJECT_NO_VALUE] = "an event",
        [REJECT_TOO_LARGE] = "fewer bytes (intake.max_bytes)",
        [REJECT_NOT_UTF8] = "UTF-8: the file may be in Windows-1252 or UTF-16",
        [REJECT_NOT_JSON] = "one JSON object a line, with names and texts in double quotes,",
        [REJECT_TOO_DEEP] = "no more than 32 objects and lists within one another",
        [REJECT_DUPLICATE_KEY] = "each name once in an object",
        [REJECT_UNKNOWN_TYPE] = WANTED_TYPES,
        [REJECT_UNKNOWN_CATEGORY] =
            "sickness or 08, or a category that the setting ignored_categories passes over",
        [REJECT_MISSING_SCHEME] = "the scheme of the code: esr, icd10, snomed or text",
        [REJECT_LAST_DAY_BEFORE_ONSET] =
            "a day not before the onset: the last day of absence, not the first day back",
        [REJECT_SOURCE_NOT_ALLOWED] = "a source that the settings let speak for this organisation",
        [REJECT_NOT_STORABLE] = "what the database can store",
    };
    if (words[reason] != NULL) {
        buf_puts(out, words[reason]);
    } else if (path[0] == '\0') {
        buf_puts(out, "a JSON object");
    } else {
        put_form(out, path, date);
    }
}
