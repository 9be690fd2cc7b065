/* feed_db - the state of a source in the schema `feed`, and the lock that lets one run at a time
 * work on it. All SQL of `dayfour feed` is here. */
#ifndef FEED_DB_H
#define FEED_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/date.h"
#include "common/base/err.h"
#include "common/base/hash.h"
#include "common/feed/difference/difference.h"
#include "common/feed/state/state.h"
#include "services/cli/cli.h"

struct feed_hash {
    bool is_set;
    uint8_t sha256[SHA256_BYTES];
};
bool feed_hash_eq(const struct feed_hash *a, const struct feed_hash *b);

/* A file is published from these three: the same three always give the same bytes. */
struct feed_inputs {
    struct feed_hash extract, staff, mapping;
};

/* Takes the lock of a source, for as long as the session lasts. Waits at most wait_ms.
 * STATUS_FATAL, code "busy": another run has it, and err names that. */
enum status feed_db_lock(struct cli *cli, const char *source, int wait_ms,
                         struct err *err) NODISCARD;

/* The state of a source but for its records; strings in the arena. */
struct feed_known {
    bool has_file; /* one was taken */
    struct instant as_of;
    /* mapping: of the last file of the pattern, or else of the last one. Two mappings of a source
     * take turns, and are not changed by that. */
    struct feed_hash extract, mapping, key_check;
    const char *staff_name; /* the list it was taken with; NULL: none */
    const char **organisations;
    size_t n_organisations;
    int64_t rows_before, staff_rows_before; /* of the last file of the pattern; -1: none */
    bool has_begun; /* a run had begun to publish something and did not finish */
    struct instant begun_as_of;
    struct feed_inputs begun;
    int begun_bump;
};
enum status feed_db_known(struct cli *cli, const char *source, const char *pattern, struct arena *a,
                          struct feed_known *out, struct err *err) NODISCARD;
enum status feed_db_state(struct cli *cli, const char *source, struct state *s,
                          struct err *err) NODISCARD;

/* Whether these bytes were taken, and whether other bytes of this as_of were. */
enum status feed_db_seen(struct cli *cli, const char *source, const struct feed_hash *extract,
                         struct instant as_of, bool *same, bool *conflict,
                         struct err *err) NODISCARD;

/* The row of the source, before anything else is written about it. */
enum status feed_db_introduce(struct cli *cli, const char *source, const char *const *organisations,
                              size_t n, struct err *err) NODISCARD;
/* A run commits this before its first message. */
enum status feed_db_begin(struct cli *cli, const char *source, struct instant as_of,
                          const struct feed_inputs *in, int bump, const struct difference *d,
                          struct instant now, struct err *err) NODISCARD;

struct feed_held {
    const char *name;
    struct instant as_of;
    const char *pattern;       /* of its mapping */
    const char *why, *numbers; /* numbers: JSON */
};
/* Replaces what was known of the same bytes, but for their being accepted. */
enum status feed_db_hold(struct cli *cli, const char *source, const struct feed_hash *extract,
                         const struct feed_held *h, struct instant now, struct err *err) NODISCARD;
enum status feed_db_accepted(struct cli *cli, const char *source, const struct feed_hash *extract,
                             bool *out, struct err *err) NODISCARD;
enum status feed_db_holds(struct cli *cli, const char *source, bool *out,
                          struct err *err) NODISCARD;
/* Ends the hold of files of the pattern that are no longer among these names. */
enum status feed_db_unhold_gone(struct cli *cli, const char *source, const char *pattern,
                                const char *const *names, size_t n, struct err *err) NODISCARD;
/* Ends the hold of these bytes: they would be refused now. */
enum status feed_db_unhold(struct cli *cli, const char *source, const struct feed_hash *extract,
                           struct err *err) NODISCARD;

/* A file taken: its changes of the state and all that follows from it, in one transaction. */
struct feed_taken {
    const char *source, *name, *pattern, *staff_name;
    struct instant as_of, now;
    const struct feed_inputs *in;
    struct feed_hash key_check;
    int bump;
    const struct mapping_texts *organisations;
    const struct difference *difference;
    int64_t events; /* absence and person events */
};
enum status feed_db_commit(struct cli *cli, const struct feed_taken *t, struct err *err) NODISCARD;

/* The version of the cancellations of `forget --cancel`: as_of in milliseconds, and bump. */
struct feed_cancelling {
    struct instant as_of;
    int bump;
};
/* Committed before the first cancellation. These versions belong to no file: the next file gets
 * later ones, and is published whole. */
enum status feed_db_begin_cancelling(struct cli *cli, const char *source,
                                     const struct feed_cancelling *c, struct instant now,
                                     struct err *err) NODISCARD;
/* Nothing of the source stays but c. NULL: nothing was cancelled. */
enum status feed_db_forget(struct cli *cli, const char *source, const struct feed_cancelling *c,
                           struct instant now, struct err *err) NODISCARD;

#endif
