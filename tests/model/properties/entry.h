/* entry - what a clinician enters, as the functions of schema oh take it down or refuse it
 * (schemas/sql). */
#ifndef TESTS_PROPERTIES_ENTRY_H
#define TESTS_PROPERTIES_ENTRY_H

#include "tests/model/properties/input.h"
#include "tests/model/properties/shelf.h"

struct entry_of_line {
    const char *kind;
    const char *task_id;                  /* NULL: about a person, or an entry */
    const char *organisation, *person_id; /* of opt_out and opt_in */
    const char *label, *by, *login, *outcome, *review_on, *at, *channel, *call_back_at;
    const char *oh_record;
    bool red_flag;
};

void entry_read(struct entry_of_line *e, const struct line *line);

/* Whose it is; NULL: there is no such task or entry. An opt-out makes its person known. */
struct shelf_person *entry_person(struct shelf *s, const struct entry_of_line *e);

/* NULL when it was taken down, else the SQLSTATE. p: entry_person(), whose rows are of today. */
const char *entry_make(struct shelf *s, struct shelf_person *p, const struct entry_of_line *e,
                       const struct zone *zone, struct instant now, int64_t entry_id);

#endif
