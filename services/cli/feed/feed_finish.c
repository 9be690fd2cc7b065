/* How files come to done/. The ledger has a line before a file moves; a file that is taken has it
 * before the state knows the file. So the ledger knows every file that was published, and from
 * which inputs, wherever a run was killed. A line may name a file that is not in done/ yet. The
 * next run finds that file in the first folder, sees that it was taken, and moves it. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/runtime/fault.h"
#include "services/cli/feed/feed_run.h"

static void hex_of(const struct feed_hash *h, char out[LEDGER_HASH])
{
    out[0] = '\0';
    if (h->is_set) {
        (void)hash_hex(h->sha256, SHA256_BYTES, out);
    }
}

bool feed_ledger_agrees(const struct ledger_entry *e, const struct feed_inputs *in)
{
    char extract[LEDGER_HASH];
    char staff[LEDGER_HASH];
    char mapping[LEDGER_HASH];
    hex_of(&in->extract, extract);
    hex_of(&in->staff, staff);
    hex_of(&in->mapping, mapping);
    return strcmp(e->sha256, extract) == 0 && strcmp(e->staff, staff) == 0 &&
           strcmp(e->mapping, mapping) == 0;
}

static bool is_in_done(const struct feed_run *r, const char *name)
{
    return faccessat(r->folders.done, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The line that was written for this file before it could move. NULL: there is none. */
static const struct ledger_entry *pending(const struct feed_run *r, const struct feed_file *f)
{
    const struct ledger_entry *found = NULL;
    for (size_t i = 0; i < r->n_ledger && !f->file.is_done; i++) {
        const struct ledger_entry *e = &r->ledger[i];
        if (strcmp(e->original, f->file.name) == 0 && f->has_as_of && e->as_of.us == f->as_of.us &&
            !is_in_done(r, e->name)) {
            found = e;
        }
    }
    return found;
}

static void remember(struct feed_run *r, const struct ledger_entry *e)
{
    struct ledger_entry *more = arena_array(r->arena, r->n_ledger + 1, sizeof *more);
    if (r->n_ledger > 0) {
        memcpy(more, r->ledger, r->n_ledger * sizeof *more);
    }
    more[r->n_ledger++] = *e;
    r->ledger = more;
}

/* t: it is being taken, with what; NULL: it is not. */
static enum status note(struct feed_run *r, const struct feed_file *f, const struct feed_hash *hash,
                        const struct feed_taking *t, struct err *err)
{
    struct ledger_entry e = {.name = folders_free_name(&r->folders, &f->file, r->arena),
                             .original = f->entry != NULL ? f->entry->original : f->file.name,
                             .as_of = f->has_as_of ? f->as_of : r->now,
                             .at = r->now,
                             .is_taken = t != NULL,
                             .bump = t != NULL ? t->bump : 0};
    hex_of(hash, e.sha256);
    if (t != NULL) {
        hex_of(&t->in.staff, e.staff);
        hex_of(&t->in.mapping, e.mapping);
    }
    enum status s = ledger_add(&r->folders, r->mapping->source, &e, err);
    if (s == STATUS_OK) {
        remember(r, &e);
    }
    return s;
}

enum status feed_note_taken(const struct feed_taking *t, struct err *err)
{
    enum status s = note(t->run, t->extract, &t->in.extract, t, err);
    fault_point("feed.noted");
    return s;
}

enum status feed_finish(struct feed_run *r, struct feed_file *f, const struct feed_hash *hash,
                        struct err *err)
{
    const struct ledger_entry *e = pending(r, f);
    enum status s = STATUS_OK;
    if (e == NULL && !f->file.is_done) {
        s = note(r, f, hash, NULL, err);
        e = pending(r, f);
    }
    if (s == STATUS_OK && e != NULL) {
        s = folders_finish(&r->folders, &f->file, e->name, err);
    }
    if (s == STATUS_RETRY) {
        feed_say("%s", err->text);
        s = STATUS_OK;
    }
    f->is_finished = s == STATUS_OK;
    fault_point("feed.finished");
    return s;
}

/* Earlier files that were refused or held: nothing of them can count any more. */
enum status feed_finish_superseded(struct feed_run *r, const struct feed_file *taken,
                                   struct err *err)
{
    enum status s = STATUS_OK;
    for (struct feed_file *f = r->extract; f < taken && s == STATUS_OK; f++) {
        if (f->has_as_of && f->file.is_still && !f->is_finished) {
            s = feed_finish(r, f, &(struct feed_hash){0}, err);
        }
    }
    return s;
}

/* Lists older than the one that the newest file was taken with. By what the state knows, so that a
 * run that was killed before it came to this is made up for. */
enum status feed_finish_replaced(struct feed_run *r, struct err *err)
{
    const struct feed_file *used = NULL;
    enum status s = STATUS_OK;
    for (size_t i = 0; i < r->n_staff && r->known.staff_name != NULL; i++) {
        if (strcmp(r->staff[i].file.name, r->known.staff_name) == 0) {
            used = &r->staff[i];
        }
    }
    for (struct feed_file *f = r->staff; used != NULL && f < used && s == STATUS_OK; f++) {
        if (f->has_as_of && f->file.is_still && !f->is_finished) {
            s = feed_finish(r, f, &(struct feed_hash){0}, err);
        }
    }
    return s;
}
