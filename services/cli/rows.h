/* rows - rows of CSV as structured CloudEvents. Columns: type, source, id, time, and the members of
 * data with dots (organisation, reason.code, contact.phone), with or without "data." before them.
 * Cells are trimmed; one without content is no member. Pure. */
#ifndef SERVICES_CLI_ROWS_H
#define SERVICES_CLI_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/date.h"
#include "common/base/err.h"

/* How the file is to be read. */
struct rows_options {
    bool lenient;           /* columns that are not known are sent as text */
    const char *const *set; /* COLUMN=VALUE: columns that the file does not have */
    size_t n_set;
    const char *dates; /* the form of dates: %d, %m and %Y once each; NULL: YYYY-MM-DD */
};

struct rows;

/* names, of the header, and what o points to are borrowed. STATUS_REJECT: `said` names every column
 * that is not known, and those that are; or one given twice; or that type or source is missing. */
enum status rows_new(struct rows **out, const char *const *names, size_t n,
                     const struct rows_options *o, struct buf *said) NODISCARD;
void rows_free(struct rows *r);

/* Appends the event of one row. now: its time, where the row has none; its id is then derived, so
 * that the same row is the same event. Cells are trimmed into the arena. STATUS_REJECT: there are
 * more or fewer cells than columns, or one with content in a column without a name. */
enum status rows_event(const struct rows *r, const char *const *cells, size_t n, struct instant now,
                       struct arena *a, struct buf *out, struct err *err) NODISCARD;

/* Has none of the cells any content? */
bool rows_is_blank(const char *const *cells, size_t n);

/* STATUS_REJECT: not a form that --dates may name. */
enum status rows_check_dates(const char *form, struct err *err) NODISCARD;
/* 7 September 2026 in this form; NULL is YYYY-MM-DD. */
#define ROWS_DATE_TEXT 64
const char *rows_date_example(const char *form, char out[ROWS_DATE_TEXT]);

/* Is there a member of data of this name? group: the object it is in, NULL: data itself. */
bool rows_knows(const char *group, const char *name);
/* Every name of a column, separated by spaces. */
void rows_put_known(struct buf *out);

#endif
