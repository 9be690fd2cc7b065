/* Which files a run looks at, and in which order: by as_of, oldest first. After a backup of the
 * database was restored, files in done/ are newer than the state. They are taken again, so that
 * nothing between the backup and now is lost. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services/cli/feed/feed_run.h"

static const struct ledger_entry *entry_of(const struct feed_run *r, const char *name)
{
    const struct ledger_entry *found = NULL;
    for (size_t i = 0; i < r->n_ledger; i++) {
        if (strcmp(r->ledger[i].name, name) == 0) {
            found = &r->ledger[i]; /* the newest: a name may come back */
        }
    }
    return found;
}

static int by_as_of(const void *a, const void *b)
{
    const struct feed_file *x = a;
    const struct feed_file *y = b;
    if (x->has_as_of != y->has_as_of) {
        return x->has_as_of ? 1 : -1;
    }
    if (x->has_as_of && x->as_of.us != y->as_of.us) {
        return x->as_of.us < y->as_of.us ? -1 : 1;
    }
    return strcmp(x->file.name, y->file.name);
}

static void date_file(const struct feed_run *r, const struct mapping_file *kind,
                      struct feed_file *f)
{
    f->entry = f->file.is_done ? entry_of(r, f->file.name) : NULL;
    f->has_as_of =
        mapping_as_of(r->mapping, kind, f->entry != NULL ? f->entry->original : f->file.name,
                      f->file.modified, &f->as_of);
}

/* A file of done/ is looked at if it was taken after the state was written. */
static bool is_wanted(const struct feed_run *r, const struct feed_file *f)
{
    if (!f->file.is_done) {
        return true;
    }
    return r->known.has_file && f->has_as_of && f->as_of.us > r->known.as_of.us &&
           (f->entry == NULL || f->entry->is_taken);
}

static enum status list(struct feed_run *r, const struct mapping_file *kind, bool with_done,
                        struct feed_file **out, size_t *n, struct err *err)
{
    struct folder_file *file = NULL;
    size_t n_files = 0;
    enum status s = folders_list(&r->folders, kind->pattern, kind->still_seconds, r->arena, &file,
                                 &n_files, err);
    *out = arena_array(r->arena, n_files + 1, sizeof **out);
    *n = 0;
    for (size_t i = 0; i < n_files; i++) {
        struct feed_file *f = &(*out)[*n];
        f->file = file[i];
        date_file(r, kind, f);
        if (is_wanted(r, f) && (with_done || !f->file.is_done)) {
            ++*n;
        }
    }
    qsort(*out, *n, sizeof **out, by_as_of);
    return s;
}

/* In done/, or put back into the first folder. Files of another mapping of the source count too. */
static bool is_there(const struct feed_run *r, const struct ledger_entry *e)
{
    return faccessat(r->folders.done, e->name, F_OK, 0) == 0 ||
           (e->original[0] != '\0' && faccessat(r->folders.in, e->original, F_OK, 0) == 0);
}

/* Only begun, by a run that was killed: then HR may take the file away again. */
static bool was_begun(const struct feed_run *r, const struct ledger_entry *e)
{
    return r->known.has_begun && e->as_of.us == r->known.begun_as_of.us &&
           feed_ledger_agrees(e, &r->known.begun);
}

/* Every file that was taken after the state was written has to be there. */
static enum status check_restored(const struct feed_run *r, struct err *err)
{
    for (size_t i = 0; r->known.has_file && i < r->n_ledger; i++) {
        const struct ledger_entry *e = &r->ledger[i];
        if (e->is_taken && e->as_of.us > r->known.as_of.us && !is_there(r, e) && !was_begun(r, e)) {
            char text[INSTANT_TEXT];
            return err_set(err, STATUS_REJECT, "gone",
                           "the state is of %s, and %.100s, taken later, is no longer in done/: "
                           "was an older backup restored? Put the file back, or `dayfour feed "
                           "forget` the source and begin with --first",
                           instant_format(r->known.as_of, text), e->original);
        }
    }
    return STATUS_OK;
}

enum status feed_queue_fill(struct feed_run *r, struct err *err)
{
    const struct mapping *m = r->mapping;
    enum status s = ledger_read(&r->folders, m->source, r->arena, &r->ledger, &r->n_ledger, err);
    s = s == STATUS_OK ? list(r, &m->file, true, &r->extract, &r->n_extracts, err) : s;
    if (s == STATUS_OK && m->has_staff) {
        s = list(r, &m->staff_file, false, &r->staff, &r->n_staff, err);
    }
    return s == STATUS_OK ? check_restored(r, err) : s;
}
