/* A run takes an extract in these steps, so that it may be killed anywhere and run again:
 *
 *   compare    The pure function gives events and changes of the state.
 *   begin      The inputs are committed: file, staff list, mapping.
 *   publish    Every message is acknowledged.
 *   reject     rejected/NAME.csv is written.
 *   note       The ledger gets a line: the file, its inputs, its name in done/.
 *   commit     The state and the file are committed; the inputs are done with.
 *   finish     The file moves to done/.
 *
 * Killed before begin, nothing happened. Killed before commit, the same inputs give the same bytes
 * again; other inputs give later versions of every record (bump). Killed before finish, the next
 * run finds the file to be `same`, and moves it. */
#include <string.h>

#include "common/feed/rows/input.h"
#include "common/feed/rows/refusal.h"
#include "common/runtime/fault.h"
#include "services/cli/feed/feed_run.h"

#define AHEAD_US (INT64_C(3600) * US_PER_SECOND) /* a file may come from a clock that is ahead */

/* ---- before it is read ---- */

static enum status skip(struct feed_run *r, struct feed_file *f, const struct feed_hash *hash,
                        const char *why, struct err *err)
{
    feed_say_skipped(r, f, why);
    return feed_finish(r, f, hash, err);
}

/* Later than the newest file taken, and not earlier than a file that a killed run had begun. The
 * versions of an earlier one would be smaller than those that are out there. It would have come too
 * late without the kill as well. */
static bool is_newer(const struct feed_run *r, const struct feed_file *f)
{
    const struct feed_known *k = &r->known;
    return (!k->has_file || f->as_of.us > k->as_of.us) &&
           (!k->has_begun || f->as_of.us >= k->begun_as_of.us);
}

/* Not newer: nothing of it can count any more. */
static enum status not_later(struct feed_run *r, struct feed_file *f, const struct feed_hash *hash,
                             struct err *err)
{
    bool same = false;
    bool conflict = false;
    enum status s = feed_db_seen(r->cli, r->mapping->source, hash, f->as_of, &same, &conflict, err);
    if (s != STATUS_OK) {
        return s;
    }
    if (!same && conflict && f->as_of.us == r->known.as_of.us) {
        feed_say_refused(r, f->file.name, "conflict",
                         "another file of the same time was taken already; write one file for "
                         "each time, or give this one a later time");
        return STATUS_OK;
    }
    return skip(r, f, hash, same ? "same" : "older", err);
}

/* ---- the staff list ---- */

/* The newest that was not refused in this run and is no longer being written. */
static struct feed_file *newest_staff(struct feed_run *r)
{
    for (size_t i = r->n_staff; i > 0; i--) {
        struct feed_file *f = &r->staff[i - 1];
        if (f->has_as_of && f->file.is_still && !f->is_bad && !f->is_finished &&
            f->as_of.us <= r->now.us + AHEAD_US) {
            return f;
        }
    }
    return NULL;
}

static enum status open_staff(struct feed_taking *t, struct err *err)
{
    struct feed_run *r = t->run;
    enum status s = STATUS_OK;
    do {
        t->staff = newest_staff(r);
        if (t->staff == NULL) {
            return STATUS_OK;
        }
        s = folders_read(&r->folders, &t->staff->file, &t->staff_file, t->in.staff.sha256, err);
        t->in.staff.is_set = s == STATUS_OK;
        if (s == STATUS_REJECT) {
            feed_say_refused(r, t->staff->file.name, refusal_name(REFUSED_UNREADABLE), err->text);
        }
        t->staff->is_bad = s != STATUS_OK;
    } while (s == STATUS_REJECT || s == STATUS_RETRY);
    return s;
}

/* ---- comparing ---- */

/* The last attempt began with the same inputs, and did not come to its end. */
static bool has_begun_alike(const struct feed_taking *t)
{
    const struct feed_known *k = &t->run->known;
    return k->has_begun && feed_hash_eq(&k->begun.extract, &t->in.extract) &&
           feed_hash_eq(&k->begun.staff, &t->in.staff) &&
           feed_hash_eq(&k->begun.mapping, &t->in.mapping) &&
           k->begun_as_of.us == t->extract->as_of.us;
}

/* All that is begun are the cancellations of `forget`, and the file is later than these anyway. */
static bool is_past_forgetting(const struct feed_taking *t)
{
    const struct feed_known *k = &t->run->known;
    return !k->has_file && k->has_begun && !k->begun.extract.is_set &&
           t->extract->as_of.us > k->begun_as_of.us + (int64_t)k->begun_bump * 1000;
}

/* Which attempt this is. The same inputs as the last attempt give the same versions; any others
 * have to come after every version that may be out there. The ledger knows of attempts that a
 * restored state does not. */
static int bump_of(const struct feed_taking *t)
{
    const struct feed_run *r = t->run;
    const struct feed_known *k = &r->known;
    int bump =
        k->has_begun && !is_past_forgetting(t) ? k->begun_bump + (has_begun_alike(t) ? 0 : 1) : 0;
    int last = -1;
    bool again = false;
    for (size_t i = 0; i < r->n_ledger; i++) {
        const struct ledger_entry *e = &r->ledger[i];
        if (e->is_taken && e->as_of.us == t->extract->as_of.us && e->bump >= last) {
            last = e->bump;
            again = feed_ledger_agrees(e, &t->in);
        }
    }
    if (last >= 0 || t->extract->file.is_done) {
        int wanted = again ? last : last + 1;
        wanted = last < 0 ? 1 : wanted; /* in done/, and nobody knows from what it was published */
        bump = wanted > bump ? wanted : bump;
    }
    return bump;
}

/* It passed the thresholds before. Somebody accepted it, or it was taken before the state was
 * restored, or a run that was killed had begun to publish it. */
static bool has_passed(const struct feed_taking *t)
{
    const struct ledger_entry *e = t->extract->entry;
    return t->accepted || has_begun_alike(t) || (e != NULL && e->is_taken);
}

static void compare(struct feed_taking *t)
{
    const struct feed_run *r = t->run;
    const struct feed_known *k = &r->known;
    struct input staff = {0};
    if (t->staff != NULL) {
        staff = input_of_file(t->staff_file);
    }
    t->bump = bump_of(t);
    difference_make(
        &(struct difference_inputs){.mapping = r->mapping,
                                    .state = r->state,
                                    .key = r->key,
                                    .extract = input_of_file(t->extract_file),
                                    .staff = t->staff != NULL ? &staff : NULL,
                                    .as_of = t->extract->as_of,
                                    .bump = t->bump,
                                    .no_state = !k->has_file,
                                    .first = r->first,
                                    .accepted = has_passed(t),
                                    .same_bytes = r->mapping->file.as_of_mtime && k->has_file &&
                                                  feed_hash_eq(&k->extract, &t->in.extract),
                                    .mapping_changed =
                                        k->has_file && !feed_hash_eq(&k->mapping, &t->in.mapping),
                                    .rows_before = k->rows_before,
                                    .staff_rows_before = k->staff_rows_before},
        &t->difference);
    fault_point("feed.compared");
}

/* ---- how it ends ---- */

static bool is_unchanged(const struct feed_taking *t)
{
    return folders_unchanged(&t->extract->file, t->extract_file) &&
           (t->staff == NULL || folders_unchanged(&t->staff->file, t->staff_file));
}

static enum status take(struct feed_taking *t, struct err *err)
{
    enum status s = feed_publish(t, err);
    s = s == STATUS_OK ? feed_finish(t->run, t->extract, &t->in.extract, err) : s;
    return s == STATUS_OK ? feed_finish_superseded(t->run, t->extract, err) : s;
}

static enum status hold(struct feed_taking *t, struct err *err)
{
    struct feed_run *r = t->run;
    const struct mapping *m = r->mapping;
    struct buf numbers = {0};
    feed_hold_numbers(&t->difference, &numbers);
    struct feed_held h = {.name = t->extract->file.name,
                          .as_of = t->extract->as_of,
                          .pattern = m->file.pattern,
                          .why = hold_name(t->difference.hold[0].why),
                          .numbers = numbers.data};
    enum status s = feed_reject_rows(t, err);
    s = s == STATUS_OK
            ? feed_db_introduce(r->cli, m->source, m->organisations.item, m->organisations.n, err)
            : s;
    s = s == STATUS_OK ? feed_db_hold(r->cli, m->source, &t->in.extract, &h, r->now, err) : s;
    if (s == STATUS_OK) {
        feed_say_held(r, t->extract, &t->difference);
    }
    buf_clear(&numbers);
    return s;
}

/* *again: the staff list was at fault, and there may be another. */
static enum status refuse_file(struct feed_taking *t, bool *again, struct err *err)
{
    struct feed_run *r = t->run;
    const struct refusal *why = &t->difference.refusal;
    *again = why->of_staff && t->staff != NULL;
    const char *name = *again ? t->staff->file.name : t->extract->file.name;
    feed_say_refused(r, name, refusal_name(why->why), why->text);
    if (*again) {
        t->staff->is_bad = true;
        return STATUS_OK;
    }
    return feed_db_unhold(r->cli, r->mapping->source, &t->in.extract, err);
}

static void close_file(FILE **f)
{
    if (*f != NULL) {
        (void)fclose(*f);
        *f = NULL;
    }
}

/* With the newest staff list; *again as refuse_file() has it. */
static enum status take_with_staff(struct feed_taking *t, bool *again, bool *later, struct err *err)
{
    struct feed_run *r = t->run;
    rewind(t->extract_file);
    enum status s = r->mapping->has_staff ? open_staff(t, err) : STATUS_OK;
    if (s != STATUS_OK) {
        return s;
    }
    if (t->staff == NULL && r->mapping->has_staff && r->mapping->staff_required) {
        feed_say_refused(r, t->extract->file.name, "no_staff_list",
                         "there is no staff list that can be used: without one nobody can be "
                         "called; put it into the folder, or set \"required\": false");
        return STATUS_OK;
    }
    compare(t);
    if (!is_unchanged(t)) {
        *later = true;
        feed_say("%s: changed while it was read; left for the next run", t->extract->file.name);
    } else if (t->difference.end == DIFFERENCE_TAKEN) {
        s = take(t, err);
    } else if (t->difference.end == DIFFERENCE_HELD) {
        s = hold(t, err);
    } else {
        s = refuse_file(t, again, err);
    }
    difference_free(&t->difference);
    return s;
}

static enum status compare_and_take(struct feed_run *r, struct feed_file *f, FILE *open,
                                    const struct feed_hash *hash, bool *later, struct err *err)
{
    struct feed_taking t = {.run = r, .extract = f, .extract_file = open};
    t.in.extract = *hash;
    t.in.mapping = r->mapping_hash;
    enum status s = feed_db_accepted(r->cli, r->mapping->source, hash, &t.accepted, err);
    bool again = s == STATUS_OK;
    while (again && s == STATUS_OK) {
        again = false;
        t.in.staff = (struct feed_hash){0};
        s = take_with_staff(&t, &again, later, err);
        close_file(&t.staff_file);
    }
    return s;
}

/* A file that can never be taken as it is. NULL: this one can. */
static const char *fault_of(const struct feed_run *r, const struct feed_file *f, const char **text)
{
    if (!f->has_as_of) {
        *text = "its name has no time as file.as_of of the mapping describes it";
        return "no_as_of";
    }
    if (f->as_of.us > r->now.us + AHEAD_US) {
        *text = "its time is more than an hour ahead of now: is the clock of the sender right, or "
                "time_zone of the mapping?";
        return "as_of_ahead";
    }
    return NULL;
}

enum status feed_take(struct feed_run *r, struct feed_file *f, bool *later, struct err *err)
{
    const char *text = NULL;
    const char *why = fault_of(r, f, &text);
    if (why != NULL) {
        feed_say_refused(r, f->file.name, why, text);
        return STATUS_OK;
    }
    bool newer = is_newer(r, f);
    struct feed_hash hash = {.is_set = true};
    FILE *open = NULL;
    enum status s = f->file.is_still ? folders_read(&r->folders, &f->file, &open, hash.sha256, err)
                                     : STATUS_RETRY;
    if (s == STATUS_RETRY) {
        *later = newer;
        feed_say("%s: still being written; left for the next run", f->file.name);
        return STATUS_OK;
    }
    if (s == STATUS_REJECT) {
        feed_say_refused(r, f->file.name, refusal_name(REFUSED_UNREADABLE), err->text);
        return STATUS_OK;
    }
    if (s == STATUS_OK) {
        s = newer ? compare_and_take(r, f, open, &hash, later, err) : not_later(r, f, &hash, err);
    }
    close_file(&open);
    return s;
}
