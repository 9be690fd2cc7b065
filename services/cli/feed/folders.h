/* folders - the folder that HR writes to, with done/ and rejected/ beneath it. All that `dayfour
 * feed` reads and changes there goes through this file. */
#ifndef FEED_FOLDERS_H
#define FEED_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/arena.h"
#include "common/base/date.h"
#include "common/base/err.h"
#include "common/base/hash.h"

struct folders {
    char *path;             /* of the first, for messages */
    int in, done, rejected; /* descriptors; -1: not open */
};

/* Opens the three, and makes done/ and rejected/ (0750) where they are missing. STATUS_REJECT: one
 * is no folder, others have rights on it, or a group that is not the process's own has. */
enum status folders_open(struct folders *f, const char *path, struct err *err) NODISCARD;
void folders_close(struct folders *f);
/* The same checks for somebody else's run, changing nothing: the group of the folder counts as the
 * process's own. Missing done/ and rejected/ are fine. */
enum status folders_check(const char *path, struct err *err) NODISCARD;

struct folder_file {
    const char *name;
    bool is_done; /* in done/, else in the first folder */
    int64_t size;
    struct instant modified;
    uint64_t device, inode; /* the file's own: a file put in its place has others */
    bool is_still;          /* size and time have stood for long enough */
};

/* Regular files whose names match the pattern, in no order. Names that begin with a dot or end in
 * .tmp, .part or .filepart are passed over. Adds to *out, in the arena. */
enum status folders_list(const struct folders *f, const char *pattern, int64_t still_seconds,
                         struct arena *a, struct folder_file **out, size_t *n,
                         struct err *err) NODISCARD;

/* A file for reading, with the SHA-256 of its bytes; *out stands at its beginning, and is the
 * caller's to fclose(). STATUS_RETRY: it changed since it was listed, or is gone. STATUS_REJECT: it
 * cannot be read. */
enum status folders_read(const struct folders *f, const struct folder_file *file, FILE **out,
                         uint8_t sha256[SHA256_BYTES], struct err *err) NODISCARD;
/* Whether the open file is still as it was listed: what was read of it is the whole of it. */
bool folders_unchanged(const struct folder_file *file, FILE *open);

/* The name that a file can have in done/: its own or, where that is taken, with a number before the
 * last dot. A file in done/ keeps its name. */
const char *folders_free_name(const struct folders *f, const struct folder_file *file,
                              struct arena *a);
/* Moves a file to done/ under that name. It may be gone. STATUS_RETRY: since it was listed HR put
 * another in its place, or wrote to it. The first folder keeps the new one for the next run. */
enum status folders_finish(const struct folders *f, const struct folder_file *file,
                           const char *name, struct err *err) NODISCARD;

/* rejected/NAME.csv, replaced whole; 0640. text NULL: removes what an earlier run left there. */
enum status folders_reject(const struct folders *f, const char *name, const char *text, size_t len,
                           struct err *err) NODISCARD;

#endif
