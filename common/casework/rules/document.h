/* document - reading a JSON document that people write: tables of members, and faults that name the
 * place. For casework, and for the mappings of `dayfour feed`. */
#ifndef COMMON_CASEWORK_RULES_DOCUMENT_H
#define COMMON_CASEWORK_RULES_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/json/json.h"

struct document {
    struct arena *a; /* what was read lives here */
    struct err *err;
    bool lists_members; /* a fault "no such member" lists those that there are */
};

/* Where we are: a chain up to the root, on the stack of who reads. The root's name is "". */
struct json_path {
    const struct json_path *up; /* NULL: the root */
    const char *name;           /* of a member; NULL: an element of a list */
    size_t index;               /* of an element */
};

struct member;
typedef enum status document_fn(struct document *doc, const struct json_path *at,
                                const struct json *v, const struct member *row, void *target);

/* The members that an object may have. offset: where in the target the value goes; min, max: of
 * numbers their range, of strings their length in bytes. */
struct member {
    const char *name;
    bool required;
    document_fn *read;
    size_t offset;
    int min, max;
};

/* STATUS_REJECT with "PLACE: what"; what never holds a value of the document. */
enum status document_fail(struct document *doc, const struct json_path *at, const char *what);

/* Parses text. A fault of form fails with the place, as far as it is known. */
enum status document_parse(struct document *doc, const char *text, size_t len,
                           const struct json **out) NODISCARD;

/* STATUS_REJECT for a member that an object may not have; names are those it may have. */
enum status document_fail_unknown(struct document *doc, const struct json_path *at,
                                  const char *const *names, size_t n);

/* Which of the members an object must have. */
enum document_extent { DOCUMENT_WHOLE, DOCUMENT_OVERRIDES };

/* Reads the members of an object in the order of the rows. A member that has no row is a fault. In
 * a whole object a missing required member is one too. */
enum status document_members(struct document *doc, const struct json_path *at, const struct json *v,
                             const struct member *rows, size_t n, enum document_extent extent,
                             void *target) NODISCARD;

/* Ready-made readers. */
document_fn document_int;    /* int */
document_fn document_string; /* const char * */
document_fn document_date;   /* struct date; null is NONE where row->min is 0 */

#endif
