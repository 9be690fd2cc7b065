/* document - reading a JSON document that people write: tables of members, and faults that name the
 * place. Inside casework only. */
#ifndef COMMON_CASEWORK_DOCUMENT_H
#define COMMON_CASEWORK_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/json.h"

struct document {
    struct arena *a; /* what was read lives here */
    struct err *err;
};

/* Where we are: a chain up to the root, on the stack of who reads. The root's name is "". */
struct place {
    const struct place *up; /* NULL: the root */
    const char *name;       /* of a member; NULL: an element of a list */
    size_t index;           /* of an element */
};

struct member;
typedef enum status document_fn(struct document *doc, const struct place *at, const struct json *v,
                                const struct member *row, void *target);

/* What an object may hold. offset: where in the target the value goes; min, max: of numbers their
 * range, of strings their length in bytes. */
struct member {
    const char *name;
    bool required;
    document_fn *read;
    size_t offset;
    int min, max;
};

/* STATUS_REJECT with "PLACE: what"; what never holds a value of the document. */
enum status document_fail(struct document *doc, const struct place *at, const char *what);

/* Parses text; a fault of form is failed with the place as far as it can be told. */
enum status document_parse(struct document *doc, const char *text, size_t len,
                           const struct json **out) NODISCARD;

/* Which of the members an object must have. */
enum document_extent { DOCUMENT_WHOLE, DOCUMENT_OVERRIDES };

/* Reads the members of an object in the order of the rows; one not in the rows is a fault, and in a
 * whole object so is one that is required and not there. */
enum status document_members(struct document *doc, const struct place *at, const struct json *v,
                             const struct member *rows, size_t n, enum document_extent extent,
                             void *target) NODISCARD;

/* Ready-made readers. */
document_fn document_int;    /* int */
document_fn document_string; /* const char * */
document_fn document_date;   /* struct date; null is NONE where row->min is 0 */

#endif
