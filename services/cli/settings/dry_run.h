/* dry_run - events onto people's facts in memory: what each would change. Touches nothing. */
#ifndef SERVICES_CLI_SETTINGS_DRY_RUN_H
#define SERVICES_CLI_SETTINGS_DRY_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"
#include "common/casefile/caseload.h"
#include "common/event/inbound.h"
#include "services/cli/cli.h"

struct dry_run;

/* settings_file NULL: the rules in force, the people and the now of the database. Else the rules of
 * that file with the shipped bank holidays, nobody known yet, and this machine's now; no database.
 */
enum status dry_run_open(struct dry_run **out, struct cli *cli, const char *settings_file,
                         struct err *err) NODISCARD;
void dry_run_free(struct dry_run *w);

/* How to decode: source bindings included. */
struct inbound_limits dry_run_limits(const struct dry_run *w);
struct instant dry_run_now(const struct dry_run *w);

/* Everybody these events are about, as stored. Before anything is applied; events stay the caller's
 * and must last as long as w. */
enum status dry_run_load(struct dry_run *w, const struct inbound *events, size_t n,
                         struct err *err) NODISCARD;
/* A person as stored, derived at now; NULL: nothing is known. */
enum status dry_run_person(struct dry_run *w, const char *organisation, const char *person_id,
                           const struct case_person **out, struct err *err) NODISCARD;

/* Texts are there until the next event is applied. */
struct outcome {
    bool stale;
    bool ignored;         /* a category that is passed over, of a record it does nothing to */
    const char *reason;   /* one word */
    const char *note;     /* what else there is to say; "" */
    const char **matches; /* pathways the reason comes to */
    size_t n_matches;
    struct date due_date; /* of the task the record is in; NONE */
    const char **would;   /* "open msk task due 2026-09-11", "emit contact-task.created", … */
    size_t n_would;
    const char **will; /* "reason.missing on 2026-09-09 at 09:00", …: what follows by itself */
    size_t n_will;
};

/* An accepted event, after those before it. */
void dry_run_apply(struct dry_run *w, const struct inbound *ev, struct outcome *out);

#endif
