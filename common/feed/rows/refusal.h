/* refusal - why a whole file cannot be taken, and why a row cannot. */
#ifndef COMMON_FEED_ROWS_REFUSAL_H
#define COMMON_FEED_ROWS_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

/* Why a file is refused: the word for status and logs. */
#define REFUSALS(X)                                                                                \
    X(NONE, "")                                                                                    \
    X(UNREADABLE, "unreadable")   /* the operating system said no */                               \
    X(ENCODING, "encoding")       /* not in the encoding that the mapping names */                 \
    X(WORKBOOK, "workbook")       /* a spreadsheet's own file, or a zip */                         \
    X(CSV, "csv")                 /* quotes, NUL bytes, too many cells */                          \
    X(HEADER, "header")           /* columns missing, or there twice */                            \
    X(CUT_OFF, "cut_off")         /* the last row has no line end and too few cells */             \
    X(NO_ROWS, "no_rows")         /* a full extract, or a staff list, without a row */             \
    X(SPREADSHEET, "spreadsheet") /* more than half of a column is damaged */                      \
    X(AMBIGUOUS_DATES, "ambiguous_dates")

enum refusal_why {
#define REFUSAL_ENUM(id, name) REFUSED_##id,
    REFUSALS(REFUSAL_ENUM)
#undef REFUSAL_ENUM
        REFUSED_COUNT
};
const char *refusal_name(enum refusal_why why);

struct refusal {
    enum refusal_why why;
    bool of_staff; /* the staff list is at fault, not the extract */
    size_t line;   /* from 1; 0: no line in particular */
    /* "line 3: ", then what was expected, what is there and what to do; never a value of a row. */
    char text[800];
};

/* Inside the core: fills r and returns false, so that a failing function can `return refuse(…)`. */
bool refuse(struct refusal *r, enum refusal_why why, size_t line, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* Why a row is put aside: the word in rejected/NAME.csv. */
#define ROW_FAULTS(X)                                                                              \
    X(NONE, "")                                                                                    \
    X(EMPTY, "empty")                                                                              \
    X(BAD_DATE, "bad_date")                                                                        \
    X(TWO_DIGIT_YEAR, "two_digit_year")                                                            \
    X(OUT_OF_RANGE, "out_of_range")                                                                \
    X(UNKNOWN_VALUE, "unknown_value")                                                              \
    X(DUPLICATE_ID, "duplicate_id")                                                                \
    X(ID_REUSED, "id_reused")                                                                      \
    X(LAST_DAY_BEFORE_ONSET, "last_day_before_onset")                                              \
    X(SPREADSHEET, "spreadsheet")                                                                  \
    X(CELLS, "cells")                                                                              \
    X(TOO_LONG, "too_long")

enum row_fault {
#define ROW_FAULT_ENUM(id, name) ROW_##id,
    ROW_FAULTS(ROW_FAULT_ENUM)
#undef ROW_FAULT_ENUM
        ROW_FAULT_COUNT
};
const char *row_fault_name(enum row_fault f);
const char *row_fault_words(enum row_fault f); /* the cause, and the cure where it is one */

struct rejected_row {
    size_t line;        /* the physical line on which the row begins, from 1 */
    const char *column; /* as the mapping names it; "": the row as a whole */
    enum row_fault why;
};

#endif
