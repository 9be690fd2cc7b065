/* whatif - events onto people's facts in memory: what each would change. Touches nothing. */
#ifndef CLI_WHATIF_H
#define CLI_WHATIF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/casefile/caseload.h"
#include "common/err.h"
#include "common/event/inbound.h"
#include "services/cli/cli.h"

struct whatif;

/* settings_file NULL: the rules in force, the people and the now of the database. Else the rules of
 * that file with the shipped bank holidays, nobody known yet, and this machine's now; no database.
 */
enum status whatif_open(struct whatif **out, struct cli *cli, const char *settings_file,
                        struct err *err) NODISCARD;
void whatif_free(struct whatif *w);

/* How to decode: source bindings included. */
struct inbound_limits whatif_limits(const struct whatif *w);
struct instant whatif_now(const struct whatif *w);

/* Everybody these events are about, as stored. Before anything is applied; events stay the caller's
 * and must last as long as w. */
enum status whatif_load(struct whatif *w, const struct inbound *events, size_t n,
                        struct err *err) NODISCARD;
/* One person as stored, derived at now; NULL: nothing is known. */
enum status whatif_person(struct whatif *w, const char *organisation, const char *person_id,
                          const struct case_person **out, struct err *err) NODISCARD;

/* Texts are there until the next event is applied. */
struct outcome {
    bool stale;
    const char *reason;   /* one word */
    const char **matches; /* pathways the reason comes to */
    size_t n_matches;
    struct date due_date; /* of the task the record is in; NONE */
    const char **would;   /* "open msk task due 2026-09-11", "emit contact-task.created", … */
    size_t n_would;
};

/* An accepted event, after those before it. */
void whatif_apply(struct whatif *w, const struct inbound *ev, struct outcome *out);

#endif
