/* dayfour feed check: a mapping and some files, explained to the person who wrote the mapping.
 * Needs no database, no broker and no key, and changes nothing.
 * With --known it compares with the state, and counts what a changed mapping would publish once
 * more. */
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/mem.h"
#include "common/feed/difference/difference.h"
#include "services/cli/commands.h"
#include "services/cli/feed/feed_command.h"
#include "services/cli/feed/feed_explain.h"
#include "services/cli/feed/feed_key.h"
#include "services/cli/feed/feed_reasons.h"
#include "services/cli/feed/feed_run.h"

#define AHEAD_US (INT64_C(3600) * US_PER_SECOND)

struct check_file {
    const char *path, *name;
    FILE *open;
    bool is_staff, has_as_of;
    struct instant as_of;
};

struct check {
    struct cli *cli;
    struct mapping *mapping;
    struct hmac_key *key;
    struct state *state;
    struct instant now;
    struct check_file *file; /* by as_of */
    size_t n;
    const struct check_file *staff; /* the newest; NULL: none was given */
    struct settings *settings;      /* by which reasons are judged */
    bool shipped;                   /* they are those that come with the program */
    bool has_taken, is_bad;
    struct feed_known known; /* with --known; else of a source that nobody knows */
    bool mapping_changed;
};

static void put_holds(struct check *c, const struct difference *d)
{
    for (size_t i = 0; i < d->n_holds; i++) {
        if (d->hold[i].why == HOLD_FIRST) {
            continue;
        }
        struct buf text = {0};
        feed_hold_text(&d->hold[i], &text);
        printf("  It would be HELD (%s): %s\n", hold_name(d->hold[i].why), text.data);
        buf_clear(&text);
        c->is_bad = c->is_bad || d->hold[i].why == HOLD_REJECTED;
    }
}

/* ---- one extract ---- */

static void put_heading(struct check *c, const struct check_file *f)
{
    char text[INSTANT_TEXT];
    feed_explain_clean(f->name);
    putchar('\n');
    if (f->has_as_of) {
        printf("  as of %s (UTC)\n", instant_format(f->as_of, text));
    } else {
        puts(
            "  REFUSED (no_as_of): its name has no date and time in the form of `as_of` in `file`; "
            "shown as if it were of now");
    }
    if (f->has_as_of && f->as_of.us > c->now.us + AHEAD_US) {
        puts("  REFUSED (as_of_ahead): its time is more than an hour ahead of now");
        c->is_bad = true;
    }
    if (fnmatch(c->mapping->file.pattern, f->name, FNM_PERIOD) != 0) {
        puts("  NOTE: its name does not fit file.pattern, so `feed run` would not see it");
    }
    c->is_bad = c->is_bad || !f->has_as_of;
}

static void put_difference(struct check *c, const struct difference *d)
{
    const struct difference_counts *n = &d->counts;
    if (d->end == DIFFERENCE_REFUSED) {
        printf("  REFUSED (%s)%s: ", refusal_name(d->refusal.why),
               d->refusal.of_staff ? ", for its staff list" : "");
        feed_explain_clean(d->refusal.text);
        putchar('\n');
        c->is_bad = true;
        return;
    }
    printf("  rows: %" PRId64 "; records: %" PRId64 ", passed over: %" PRId64 ", rejected: %" PRId64
           "\n",
           n->rows, n->records, n->passed_over, n->rejected);
    feed_explain_columns(d, false);
    feed_explain_columns(d, true);
    feed_explain_rejected("Rejected rows", d->rejected, d->n_rejected);
    feed_explain_rejected("Rejected rows of the staff list", d->staff_rejected,
                          d->n_staff_rejected);
    feed_explain_events(d);
    feed_reasons_put(c->settings, c->shipped, d);
    if (c->mapping_changed) {
        printf("  The mapping has changed: %" PRId64 " of %" PRId64
               " known records would be published once more\n",
               n->anew, n->known);
    }
    put_holds(c, d);
}

static void check_extract(struct check *c, struct check_file *f)
{
    struct difference d;
    struct input staff = {0};
    if (c->staff != NULL) {
        rewind(c->staff->open);
        staff = input_of_file(c->staff->open);
    }
    put_heading(c, f);
    difference_make(&(struct difference_inputs){.mapping = c->mapping,
                                                .state = c->state,
                                                .key = c->key,
                                                .extract = input_of_file(f->open),
                                                .staff = c->staff == NULL ? NULL : &staff,
                                                .as_of = f->as_of,
                                                .no_state = !c->has_taken,
                                                .first = true,
                                                .mapping_changed = c->mapping_changed,
                                                .rows_before = c->known.rows_before,
                                                .staff_rows_before = c->known.staff_rows_before,
                                                .explains = true},
                    &d);
    put_difference(c, &d);
    if (d.end == DIFFERENCE_TAKEN) {
        difference_apply(&d, c->state);
        c->has_taken = true;
    }
    difference_free(&d);
    putchar('\n');
}

/* ---- the state, where it is asked for ---- */

static enum status open_known(struct check *c, const struct args *args, struct err *err)
{
    const struct mapping *m = c->mapping;
    const char *dir =
        feed_dir(m, options_argument(args, 0), options_value(args, "in"), c->cli->arena);
    enum status s = cli_connect(c->cli, err);
    if (s == STATUS_OK) {
        s = feed_db_known(c->cli, m->source, m->file.pattern, c->cli->arena, &c->known, err);
    }
    if (s != STATUS_OK || !c->known.has_file) {
        return s;
    }
    hmac_key_free(c->key);
    c->key = NULL;
    c->has_taken = true;
    c->mapping_changed = memcmp(c->known.mapping.sha256, m->sha256, SHA256_BYTES) != 0;
    s = feed_key_open(&c->key, c->cli->conf, dir, false, err);
    return s == STATUS_OK ? feed_db_state(c->cli, m->source, c->state, err) : s;
}

/* ---- the files ---- */

static int by_as_of(const void *a, const void *b)
{
    const struct check_file *x = a;
    const struct check_file *y = b;
    return x->as_of.us < y->as_of.us ? -1 : x->as_of.us > y->as_of.us ? 1 : 0;
}

static enum status open_file(struct check *c, const char *path, struct check_file *f,
                             struct err *err)
{
    const char *slash = strrchr(path, '/');
    const struct mapping *m = c->mapping;
    struct stat st;
    *f = (struct check_file){.path = path, .name = slash == NULL ? path : slash + 1};
    f->open = fopen(path, "re");
    if (f->open == NULL || fstat(fileno(f->open), &st) != 0 || !S_ISREG(st.st_mode)) {
        return err_set(err, STATUS_REJECT, "input", "%s: cannot be read", path);
    }
    f->is_staff = m->has_staff && fnmatch(m->staff_file.pattern, f->name, FNM_PERIOD) == 0;
    struct instant modified = {(int64_t)st.st_mtim.tv_sec * US_PER_SECOND +
                               st.st_mtim.tv_nsec / 1000};
    f->has_as_of =
        mapping_as_of(m, f->is_staff ? &m->staff_file : &m->file, f->name, modified, &f->as_of);
    f->as_of = f->has_as_of ? f->as_of : c->now;
    return STATUS_OK;
}

static enum status open_files(struct check *c, const struct args *args, struct err *err)
{
    enum status s = STATUS_OK;
    c->file = mem_resize(NULL, args->n, sizeof *c->file);
    for (size_t i = 1; i < args->n && s == STATUS_OK; i++) {
        s = open_file(c, options_argument(args, i), &c->file[c->n], err);
        c->n++;
    }
    if (s != STATUS_OK) {
        return s;
    }
    qsort(c->file, c->n, sizeof *c->file, by_as_of);
    for (size_t i = 0; i < c->n; i++) {
        c->staff = c->file[i].is_staff ? &c->file[i] : c->staff;
    }
    return STATUS_OK;
}

static void put_mapping(const struct check *c, const char *path)
{
    const struct mapping *m = c->mapping;
    feed_explain_clean(path);
    fputs(": source ", stdout);
    feed_explain_clean(m->source);
    fputs(", organisation", stdout);
    for (size_t i = 0; i < m->organisations.n; i++) {
        fputs(i == 0 ? " " : ", ", stdout);
        feed_explain_clean(m->organisations.item[i]);
    }
    printf("; %s\n\n", m->full ? "a full extract" : "an extract of what has changed");
    if (m->has_staff && c->staff == NULL && c->n > 0) {
        puts("NOTE: no staff list was given, so names and telephone numbers are not looked at\n");
    }
}

static void close_check(struct check *c)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->file[i].open != NULL) {
            (void)fclose(c->file[i].open);
        }
    }
    free(c->file);
    state_free(c->state);
    hmac_key_free(c->key);
    settings_free(c->settings);
    mapping_free(c->mapping);
}

int feed_check(struct cli *cli, const struct args *args)
{
    static const uint8_t no_key[32]; /* no digest is kept or shown */
    const char *path = options_argument(args, 0);
    struct check c = {.cli = cli,
                      .key = hmac_key_new(no_key, sizeof no_key),
                      .state = state_new(),
                      .known = {.rows_before = -1, .staff_rows_before = -1}};
    struct err err = {0};
    enum status s = feed_open_mapping(path, &c.mapping, &err);
    s = s == STATUS_OK ? cli_now(cli, &c.now, &err) : s;
    c.shipped = options_value(args, "settings") == NULL;
    s = s == STATUS_OK ? feed_reasons_open(&c.settings, options_value(args, "settings"), &err) : s;
    s = s == STATUS_OK ? open_files(&c, args, &err) : s;
    s = s == STATUS_OK && options_flag(args, "known") ? open_known(&c, args, &err) : s;
    if (s == STATUS_OK) {
        put_mapping(&c, path);
        for (size_t i = 0; i < c.n; i++) {
            if (!c.file[i].is_staff) {
                check_extract(&c, &c.file[i]);
            }
        }
    }
    int code = s != STATUS_OK ? cli_fail("feed check", s, &err) : c.is_bad ? EXIT_INPUT : EXIT_DONE;
    close_check(&c);
    return code;
}
