#include "common/feed/rows/refusal.h"

#include <stdarg.h>
#include <stdio.h>

const char *refusal_name(enum refusal_why why)
{
    static const char *const names[REFUSED_COUNT] = {
#define REFUSAL_NAME(id, name) name,
        REFUSALS(REFUSAL_NAME)
#undef REFUSAL_NAME
    };
    return names[why];
}

const char *row_fault_name(enum row_fault f)
{
    static const char *const names[ROW_FAULT_COUNT] = {
#define ROW_FAULT_NAME(id, name) name,
        ROW_FAULTS(ROW_FAULT_NAME)
#undef ROW_FAULT_NAME
    };
    return names[f];
}

const char *row_fault_words(enum row_fault f)
{
    static const char *const words[ROW_FAULT_COUNT] = {
        [ROW_NONE] = "",
        [ROW_EMPTY] = "a required cell is empty",
        [ROW_BAD_DATE] = "a date that the column's `format` does not describe, or no such day",
        [ROW_TWO_DIGIT_YEAR] = "a year of two digits: write four",
        [ROW_OUT_OF_RANGE] = "a date before 1900 or after 2200 (name an \"end of time\" in "
                             "`never`), or an `fte` that is no number from 0 to 1",
        [ROW_UNKNOWN_VALUE] = "a word that `values` does not have",
        [ROW_DUPLICATE_ID] = "one `absence_id` in rows that differ: all of them are bad",
        [ROW_ID_REUSED] = "a known `absence_id` with another person and a far start",
        [ROW_LAST_DAY_BEFORE_ONSET] = "an end before the start: is `last_day_is` in `rules` right?",
        [ROW_SPREADSHEET] = "a number where a date or an id should be: format the column as text "
                            "before saving",
        [ROW_CELLS] = "too few or too many cells: an unquoted delimiter?",
        [ROW_TOO_LONG] = "a text of more than 100 bytes"};
    return words[f];
}

bool refuse(struct refusal *r, enum refusal_why why, size_t line, const char *fmt, ...)
{
    va_list ap;
    int n = 0;
    r->why = why;
    r->line = line;
    if (line > 0) {
        n = snprintf(r->text, sizeof r->text, "line %zu: ", line);
    }
    va_start(ap, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is begun right above */
    vsnprintf(r->text + n, sizeof r->text - (size_t)n, fmt, ap);
    va_end(ap);
    return false;
}
