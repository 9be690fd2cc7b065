/* feed_run - what the parts of `dayfour feed run` share: one run of one source. */
#ifndef FEED_RUN_H
#define FEED_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/hash.h"
#include "common/feed/mapping/mapping.h"
#include "common/feed/state/state.h"
#include "services/cli/cli.h"
#include "services/cli/feed/feed_db.h"
#include "services/cli/feed/folders.h"
#include "services/cli/feed/ledger.h"
#include "services/cli/hr/sender.h"

/* A file that a run looks at: an extract or a staff list. */
struct feed_file {
    struct folder_file file;
    bool has_as_of;
    struct instant as_of;
    const struct ledger_entry *entry; /* of one in done/; NULL: none */
    bool is_bad;                      /* a staff list that was refused in this run */
    bool is_finished;                 /* in this run: it is in done/ */
};

struct feed_run {
    struct cli *cli;
    struct mapping *mapping;
    const char *dir;
    struct folders folders;
    struct arena *arena;
    struct hmac_key *key;
    struct feed_hash mapping_hash, key_check;
    struct feed_known known;
    struct state *state;
    struct sender *sender; /* NULL until something is published */
    struct instant now;
    bool first; /* --first */
    struct ledger_entry *ledger;
    size_t n_ledger;
    struct feed_file *extract, *staff; /* by as_of; those without one first */
    size_t n_extracts, n_staff;
    bool any_refused;
    bool is_last; /* no further extract follows: the state in memory is not needed any more */
};

/* ---- feed_queue.c: which files there are ---- */

/* Lists extracts and staff lists. STATUS_REJECT: the state is older than the files that were
 * taken, and one of these is gone. */
enum status feed_queue_fill(struct feed_run *r, struct err *err) NODISCARD;

/* ---- feed_take.c: one file ---- */

/* Looks at an extract whose turn it is, and takes, skips, refuses or holds it. *later: it and those
 * behind it are for the next run. Any other status than STATUS_OK ends the run. */
enum status feed_take(struct feed_run *r, struct feed_file *f, bool *later,
                      struct err *err) NODISCARD;

/* ---- feed_publish.c: one file that can be taken ---- */

/* An extract that is being taken, with the staff list it is taken with. */
struct feed_taking {
    struct feed_run *run;
    struct feed_file *extract, *staff; /* staff NULL: none */
    FILE *extract_file, *staff_file;
    struct feed_inputs in;
    bool accepted;
    int bump;
    struct difference difference;
};

/* Begins, publishes, commits: up to where the state knows the file. */
enum status feed_publish(struct feed_taking *t, struct err *err) NODISCARD;
/* rejected/NAME.csv of the extract and of the staff list. */
enum status feed_reject_rows(const struct feed_taking *t, struct err *err) NODISCARD;

/* ---- feed_finish.c: files that are done with ---- */

/* The ledger, before the state is committed. */
enum status feed_note_taken(const struct feed_taking *t, struct err *err) NODISCARD;
/* To done/, with a line in the ledger if there is none yet. */
enum status feed_finish(struct feed_run *r, struct feed_file *f, const struct feed_hash *hash,
                        struct err *err) NODISCARD;
/* Files before the one that was taken, which were refused or held. */
enum status feed_finish_superseded(struct feed_run *r, const struct feed_file *taken,
                                   struct err *err) NODISCARD;
/* At the end of a run: staff lists that a newer one has replaced. */
enum status feed_finish_replaced(struct feed_run *r, struct err *err) NODISCARD;
/* Whether the line is of a file taken with these inputs. */
bool feed_ledger_agrees(const struct ledger_entry *e, const struct feed_inputs *in);

/* ---- feed_say.c: what people and logs are given ---- */

void feed_say(const char *fmt, ...) PRINTF_LIKE(1, 2);
void feed_say_refused(struct feed_run *r, const char *name, const char *why, const char *text);
void feed_say_skipped(const struct feed_run *r, const struct feed_file *f, const char *why);
void feed_say_held(const struct feed_run *r, const struct feed_file *f, const struct difference *d);
void feed_say_taken(const struct feed_run *r, const struct feed_file *f, const struct difference *d,
                    int64_t events);
/* A sentence about one threshold. */
void feed_hold_text(const struct difference_hold *h, struct buf *out);
/* The numbers of all thresholds passed, as a JSON object. */
void feed_hold_numbers(const struct difference *d, struct buf *out);

#endif
