/* ledger - done/.ledger-SOURCE: which files of a source were finished when, a JSON line each. It is
 * not in the database, so it still knows what happened after an older backup was restored there. */
#ifndef FEED_LEDGER_H
#define FEED_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/date.h"
#include "common/base/err.h"
#include "services/cli/feed/folders.h"

#define LEDGER_HASH 65 /* 64 hex digits */

struct ledger_entry {
    const char *name;     /* in done/ */
    const char *original; /* the name it came under */
    struct instant as_of, at;
    /* The inputs of a file that was taken. */
    bool is_taken;
    char sha256[LEDGER_HASH], staff[LEDGER_HASH], mapping[LEDGER_HASH]; /* "": none */
    int bump;
};

/* Every line that can be read, in order, in the arena; a missing ledger has none. */
enum status ledger_read(const struct folders *f, const char *source, struct arena *a,
                        struct ledger_entry **out, size_t *n, struct err *err) NODISCARD;
enum status ledger_add(const struct folders *f, const char *source, const struct ledger_entry *e,
                       struct err *err) NODISCARD;

/* Removes from done/ the files that were finished before `before`, and lines older than
 * `forget` from the ledger. */
enum status ledger_expire(const struct folders *f, const char *source, struct instant before,
                          struct instant forget, struct err *err) NODISCARD;

#endif
