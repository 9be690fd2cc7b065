/* A run reports twice: a line of the log on standard output for programs, and a sentence on
 * standard error for people. Neither has a value of a row in it: files are named, and rows are
 * counted. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/base/shown.h"
#include "common/feed/rows/refusal.h"
#include "common/json/json.h"
#include "common/runtime/log.h"
#include "services/cli/feed/feed_run.h"

void feed_say(const char *fmt, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is begun right above */
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct buf clean = {0};
    shown_clean(&clean, text);
    fprintf(stderr, "dayfour: feed: %s\n", clean.data);
    buf_clear(&clean);
}

void feed_say_refused(struct feed_run *r, const char *name, const char *why, const char *text)
{
    r->any_refused = true;
    log_warn(FEED_REFUSED, LOG_TEXT("source", r->mapping->source), LOG_TEXT("file", name),
             LOG_TEXT("why", why));
    feed_say("%s: refused (%s): %s", name, why, text);
}

void feed_say_skipped(const struct feed_run *r, const struct feed_file *f, const char *why)
{
    char as_of[INSTANT_TEXT];
    log_info(FEED_SKIPPED, LOG_TEXT("source", r->mapping->source), LOG_TEXT("file", f->file.name),
             LOG_TEXT("why", why), LOG_TEXT("as_of", instant_format(f->as_of, as_of)));
    feed_say("%s: skipped (%s): %s", f->file.name, why,
             why[0] == 's' ? "these bytes were taken already"
                           : "a file of a later time was taken already");
}

/* ---- files that are held ---- */

void feed_hold_text(const struct difference_hold *h, struct buf *out)
{
    static const char *const sentences[HOLD_COUNT] = {
        [HOLD_FIRST] = "it is the first file of this source",
        [HOLD_MISSING] = "records have no row in this file",
        [HOLD_ROWS] = "rows of the last file are not there any more",
        [HOLD_STAFF_ROWS] = "rows of the last staff list are not there any more",
        [HOLD_REJECTED] = "rows are bad",
        [HOLD_CHANGED] = "records would change their reason or start",
        [HOLD_MAPPING] = "records would be published as new or once more by the changed mapping"};
    if (h->why == HOLD_FIRST) {
        buf_printf(out, "%s, with %" PRId64 " %s", sentences[h->why], h->count,
                   cli_plural(h->count, "record", "records"));
        return;
    }
    buf_printf(out, "%" PRId64 " of %" PRId64 " %s: more than %d %%", h->count, h->of,
               sentences[h->why], h->percent);
    if (h->at_least > 0) {
        buf_printf(out, ", and at least %d", h->at_least);
    }
}

void feed_hold_numbers(const struct difference *d, struct buf *out)
{
    buf_puts(out, "{");
    for (size_t i = 0; i < d->n_holds; i++) {
        const struct difference_hold *h = &d->hold[i];
        buf_printf(out,
                   "%s\"%s\":{\"count\":%" PRId64 ",\"of\":%" PRId64
                   ",\"percent\":%d,\"at_least\":%d}",
                   i == 0 ? "" : ",", hold_name(h->why), h->count, h->of, h->percent, h->at_least);
    }
    buf_puts(out, "}");
}

static void say_bad_rows(const struct feed_file *f, const struct difference_counts *c)
{
    feed_say("%s: %" PRId64 " bad %s in rejected/, by line and column", f->file.name, c->rejected,
             cli_plural(c->rejected, "row is", "rows are"));
}

void feed_say_held(const struct feed_run *r, const struct feed_file *f, const struct difference *d)
{
    char as_of[INSTANT_TEXT];
    const struct difference_counts *c = &d->counts;
    log_warn(FEED_HELD, LOG_TEXT("source", r->mapping->source), LOG_TEXT("file", f->file.name),
             LOG_TEXT("as_of", instant_format(f->as_of, as_of)),
             LOG_TEXT("why", hold_name(d->hold[0].why)), LOG_INT("count", d->hold[0].count),
             LOG_INT("of", d->hold[0].of), LOG_INT("rows", c->rows), LOG_INT("records", c->records),
             LOG_INT("rejected", c->rejected), LOG_INT("missing", c->missing));
    for (size_t i = 0; i < d->n_holds; i++) {
        struct buf text = {0};
        feed_hold_text(&d->hold[i], &text);
        feed_say("%s: held (%s): %s", f->file.name, hold_name(d->hold[i].why), text.data);
        buf_clear(&text);
    }
    if (c->rejected > 0) {
        say_bad_rows(f, c);
    }
    if (d->hold[0].why == HOLD_FIRST) {
        feed_say("%s: nothing of it is published; look at it with `dayfour feed check`, then run "
                 "again with --first",
                 f->file.name);
    } else {
        feed_say("%s: nothing of it is published; look at it with `dayfour feed check`. If it is "
                 "right, let it through: dayfour feed accept %s --reason \"...\"",
                 f->file.name, r->mapping->source);
    }
}

/* ---- files that were taken ---- */

void feed_say_taken(const struct feed_run *r, const struct feed_file *f, const struct difference *d,
                    int64_t events)
{
    char as_of[INSTANT_TEXT];
    const struct difference_counts *c = &d->counts;
    log_info(FEED_TAKEN, LOG_TEXT("source", r->mapping->source), LOG_TEXT("file", f->file.name),
             LOG_TEXT("as_of", instant_format(f->as_of, as_of)), LOG_INT("rows", c->rows),
             LOG_INT("records", c->records), LOG_INT("events", events),
             LOG_INT("opened", c->opened), LOG_INT("amended", c->amended),
             LOG_INT("closed", c->closed), LOG_INT("cancelled", c->cancelled),
             LOG_INT("left", c->left), LOG_INT("rejected", c->rejected),
             LOG_INT("missing", c->missing), LOG_INT("moved", c->moved));
    feed_say("%s: taken: %" PRId64 " %s, %" PRId64 " %s; %" PRId64 " opened, %" PRId64
             " amended, %" PRId64 " closed, %" PRId64 " cancelled; %" PRId64 " missing",
             f->file.name, c->rows, cli_plural(c->rows, "row", "rows"), c->records,
             cli_plural(c->records, "record", "records"), c->opened, c->amended, c->closed,
             c->cancelled, c->missing);
    if (c->rejected > 0) {
        say_bad_rows(f, c);
    }
}
