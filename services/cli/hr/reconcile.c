/* dayfour reconcile: a full extract of the HR system against what is stored, and what it takes to
 * make them agree again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/json/json.h"
#include "services/cli/commands.h"
#include "services/cli/hr/extract.h"
#include "services/cli/hr/rulebook.h"
#include "services/cli/hr/sender.h"
#include "services/cli/view.h"

enum kind { MISSING_HERE, MISSING_THERE, DIFFERENT, KINDS };
static const char *const kind_names[KINDS] = {"missing_here", "missing_there", "different"};

struct finding {
    enum kind kind;
    const struct extract_record *there, *here; /* NULL where it is missing */
    const char *members;                       /* that differ */
    bool sendable; /* an event can correct it; else HR must give the record a higher version */
};

/* A larger share of the stored absences, and at least this many, is cancelled only after a
 * question. So is more than half of them. */
#define ASK_PERCENT 2
#define ASK_FROM 20

struct work {
    struct cli *cli;
    struct event_file *file;
    struct event_file_options options;
    struct ruleset *rules;
    struct instant as_of;
    struct date as_of_day;
    struct extract there, here;
    struct finding *findings;
    size_t n, left_out, sent, same;
    size_t live; /* records stored for those sources that an extract has to know */
    size_t of[KINDS];
    bool refused; /* the question was not answered with yes */
};

/* ---- comparing ---- */

/* Ended so long before the extract that its case is settled, or purged: nothing follows from it. */
static bool is_settled(const struct work *w, const struct extract_record *r)
{
    if (date_is_none(r->last_day) || r->open_ended) {
        return false;
    }
    struct date since = r->last_day;
    if (!instant_is_none(r->changed)) {
        struct date changed = zone_date(settings_zone(w->rules->settings), r->changed);
        since = date_diff(since, changed) < 0 ? since : changed;
    }
    return date_diff(since, w->as_of_day) >
           settings_for(w->rules->settings, r->organisation)->settle_days;
}

/* Changes after the extract was made cannot be in it. */
static bool is_later(const struct work *w, const struct extract_record *here)
{
    return here->first_notice.us > w->as_of.us || here->changed.us > w->as_of.us;
}

static void add(struct work *w, enum kind kind, const struct extract_record *there,
                const struct extract_record *here, const char *members, bool sendable)
{
    w->findings[w->n++] = (struct finding){
        .kind = kind, .there = there, .here = here, .members = members, .sendable = sendable};
    w->of[kind]++;
}

static void only_there(struct work *w, const struct extract_record *there)
{
    if (there->cancelled || there->not_sickness) {
        w->same++; /* not here either */
    } else if (is_settled(w, there)) {
        w->left_out++;
    } else {
        add(w, MISSING_HERE, there, NULL, "", true);
    }
}

static void only_here(struct work *w, const struct extract_record *here)
{
    if (here->cancelled) {
        w->same++;
    } else if (is_later(w, here) || is_settled(w, here)) {
        w->left_out++;
    } else {
        add(w, MISSING_THERE, NULL, here, "", true);
    }
}

static void in_both(struct work *w, const struct extract_record *there,
                    const struct extract_record *here)
{
    if (there->not_sickness) {
        if (here->cancelled) {
            w->same++;
        } else if (is_later(w, here) || is_settled(w, here)) {
            w->left_out++;
        } else {
            add(w, DIFFERENT, there, here, "category", there->version > here->version);
        }
        return;
    }
    struct buf members = {0};
    extract_differences(there, here, &members);
    bool same = members.len == 0;
    const char *names = arena_strdup(w->cli->arena, members.data);
    buf_clear(&members);
    bool cancels = there->cancelled && !here->cancelled && there->version == here->version;
    if (same && there->version == here->version) {
        w->same++;
    } else if (is_later(w, here) || (is_settled(w, here) && is_settled(w, there))) {
        w->left_out++;
    } else {
        add(w, DIFFERENT, there, here, same ? "version" : names,
            there->version > here->version || cancels);
    }
}

static void compare(struct work *w)
{
    size_t i = 0;
    size_t k = 0;
    w->findings = arena_array(w->cli->arena, w->there.n + w->here.n + 1, sizeof *w->findings);
    for (size_t r = 0; r < w->here.n; r++) {
        const struct extract_record *here = &w->here.item[r];
        w->live += !here->cancelled && !is_later(w, here) && !is_settled(w, here);
    }
    while (i < w->there.n || k < w->here.n) {
        int by = i == w->there.n  ? 1
                 : k == w->here.n ? -1
                                  : extract_compare(&w->there.item[i], &w->here.item[k]);
        if (by < 0) {
            only_there(w, &w->there.item[i++]);
        } else if (by > 0) {
            only_here(w, &w->here.item[k++]);
        } else {
            in_both(w, &w->there.item[i++], &w->here.item[k++]);
        }
    }
}

/* ---- sending ---- */

static void put_member(struct buf *b, const char *name, const char *value)
{
    buf_printf(b, ",\"%s\":", name);
    json_put_string(b, value);
}

/* A deletion that never reached us: cancelled, at the version we have. */
static void put_cancelled(const struct work *w, const struct extract_record *here, struct buf *b)
{
    char as_of[INSTANT_TEXT];
    char day[DATE_TEXT];
    struct buf id = {0};
    buf_printf(&id, "reconcile/%s/%s/%" PRId64, instant_format(w->as_of, as_of), here->absence_id,
               here->version);
    buf_puts(b, "{\"specversion\":\"1.0\",\"type\":\"org.dayfour.absence.cancelled.v1\"");
    put_member(b, "id", id.data);
    put_member(b, "source", here->source);
    put_member(b, "time", as_of);
    buf_puts(b, ",\"datacontenttype\":\"application/json\",\"data\":{\"category\":\"sickness\"");
    put_member(b, "organisation", here->organisation);
    put_member(b, "absence_id", here->absence_id);
    buf_printf(b, ",\"version\":%" PRId64, here->version);
    put_member(b, "person_id", here->person_id);
    put_member(b, "onset_date", date_format(here->onset, day));
    if (!date_is_none(here->last_day)) {
        put_member(b, "last_day", date_format(here->last_day, day));
    }
    buf_puts(b, "}}");
    buf_clear(&id);
}

static void key_of(const struct extract_record *r, char key[2 * SHA256_BYTES + 1])
{
    struct buf b = {0};
    uint8_t digest[SHA256_BYTES];
    buf_printf(&b, "%s\x1f%s", r->organisation, r->person_id);
    hash_sha256(b.data, b.len, digest);
    hash_hex(digest, EVENT_FILE_KEY_TEXT / 2, key);
    buf_clear(&b);
}

static enum status send_one(struct work *w, struct sender *sender, const struct finding *f,
                            struct err *err)
{
    static const struct header structured = {
        .name = "content-type", .value = "application/cloudevents+json", .len = 28};
    char key[2 * SHA256_BYTES + 1];
    struct sender_message m = {.key = key,
                               .key_len = EVENT_FILE_KEY_TEXT,
                               .headers = &structured,
                               .n_headers = 1,
                               .what = kind_names[f->kind]};
    if (f->there != NULL) {
        const struct event_file_message *from = &w->file->messages[f->there->message];
        m.value = w->file->text + from->at;
        m.len = from->len;
        m.key = from->key;
    } else {
        struct buf b = {0};
        put_cancelled(w, f->here, &b);
        m.value = arena_strdup(w->cli->arena, b.data);
        m.len = b.len;
        key_of(f->here, key);
        buf_clear(&b);
    }
    return sender_send(sender, &m, err);
}

static enum status send_all(struct work *w, struct err *err)
{
    struct sender *sender = NULL;
    enum status s = sender_open(&sender, w->cli, w->cli->conf->kafka_topic_absences, w->n, err);
    for (size_t i = 0; i < w->n && s == STATUS_OK; i++) {
        if (w->findings[i].sendable) {
            s = send_one(w, sender, &w->findings[i], err);
        }
    }
    s = s == STATUS_OK ? sender_finish(sender, err) : s;
    w->sent = sender == NULL ? 0 : sender_confirmed(sender);
    sender_free(sender);
    return s;
}

/* ---- the brake ---- */

/* An extract that was cut, or is of something else, lacks much of what is stored. */
static bool lacks_much(const struct work *w)
{
    size_t missing = w->of[MISSING_THERE];
    bool many = missing >= ASK_FROM && missing * 100 > w->live * ASK_PERCENT;
    bool most = missing > 1 && missing * 2 > w->live;
    return many || most;
}

static bool is_agreed(const struct work *w, const struct args *args)
{
    char line[16];
    if (options_flag(args, "yes") || !lacks_much(w)) {
        return true;
    }
    fprintf(stderr, "The extract lacks %zu of the %zu absences stored for its sources. ",
            w->of[MISSING_THERE], w->live);
    if (strcmp(options_argument(args, 0), "-") == 0) {
        fputs("--yes cancels them; nothing was sent.\n", stderr);
        return false;
    }
    fputs("They would be cancelled, and the same versions cannot bring them back.\n"
          "Type yes to cancel them: ",
          stderr);
    (void)fflush(stderr);
    if (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strcmp(line, "yes") == 0) {
            return true;
        }
    }
    fputs("\nNothing was sent; --yes answers the question.\n", stderr);
    return false;
}

/* ---- telling ---- */

static void version_of(const struct extract_record *r, const char *none, char out[24])
{
    (void)snprintf(out, 24, "%s", none);
    if (r != NULL) {
        (void)snprintf(out, 24, "%" PRId64, r->version);
    }
}

static void print_json(const struct finding *f)
{
    const struct extract_record *r = f->there != NULL ? f->there : f->here;
    char there[24];
    char here[24];
    struct buf b = {0};
    version_of(f->there, "null", there);
    version_of(f->here, "null", here);
    buf_printf(&b, "{\"finding\":\"%s\"", kind_names[f->kind]);
    put_member(&b, "organisation", r->organisation);
    put_member(&b, "source", r->source);
    put_member(&b, "absence_id", r->absence_id);
    buf_printf(&b, ",\"version_there\":%s,\"version_here\":%s", there, here);
    put_member(&b, "members", f->members);
    buf_printf(&b, ",\"sendable\":%s}", f->sendable ? "true" : "false");
    puts(b.data);
    buf_clear(&b);
}

static void print_line(const struct finding *f)
{
    static const char *const words[KINDS] = {"missing here ", "missing there", "different    "};
    const struct extract_record *r = f->there != NULL ? f->there : f->here;
    char there[24];
    char here[24];
    struct buf name = {0};
    struct buf text = {0};
    version_of(f->there, "-", there);
    version_of(f->here, "-", here);
    buf_printf(&text, "%s %s %s", r->organisation, r->source, r->absence_id);
    view_clean(&name, text.data);
    printf("%s  %s  version there %s, here %s%s%s%s\n", words[f->kind], name.data, there, here,
           f->members[0] == '\0' ? "" : ": ", f->members,
           f->sendable ? "" : " (HR must send it with a higher version)");
    buf_clear(&name);
    buf_clear(&text);
}

static void tell(const struct work *w, bool json, bool publish)
{
    char as_of[INSTANT_TEXT];
    for (size_t i = 0; i < w->n; i++) {
        if (json) {
            print_json(&w->findings[i]);
        } else {
            print_line(&w->findings[i]);
        }
    }
    if (json) {
        return;
    }
    printf("as of %s: %zu agree, %zu missing here, %zu missing there, %zu different, %zu left out "
           "(settled, or news after that)\n",
           instant_format(w->as_of, as_of), w->same, w->of[MISSING_HERE], w->of[MISSING_THERE],
           w->of[DIFFERENT], w->left_out);
    if (publish) {
        printf("sent %zu %s\n", w->sent, w->sent == 1 ? "event" : "events");
    }
}

/* ---- the command ---- */

/* The extract, read as strictly as intake would: a row that cannot be taken would count as
 * missing. */
static enum status open_extract(struct work *w, const struct args *args, struct err *err)
{
    const char *path = options_argument(args, 0);
    w->options = (struct event_file_options){.now = w->as_of};
    enum status s = event_file_read_options(&w->options, path, args, err);
    s = s == STATUS_OK ? cli_connect(w->cli, err) : s;
    s = s == STATUS_OK ? ruleset_load(&w->rules, w->cli->pg, err) : s;
    if (s != STATUS_OK) {
        return s;
    }
    w->options.limits = settings_limits(w->rules->settings, (size_t)w->cli->conf->intake_max_bytes);
    w->as_of_day = zone_date(settings_zone(w->rules->settings), w->as_of);
    return event_file_open(&w->file, path, &w->options, err);
}

static int refuse_bad(const struct event_file *f)
{
    event_file_tell_faults(f);
    event_file_note_print(&f->notes);
    if (f->rejected > 0) {
        return cli_refuse("reconcile: %zu of %zu %s bad; nothing was done", f->rejected, f->n,
                          f->n == 1 ? "line is" : "lines are");
    }
    if (f->nameless > 0) {
        return cli_refuse("reconcile: %zu %s passed over, whose records would count as missing; "
                          "nothing was done",
                          f->nameless, f->nameless == 1 ? "line is" : "lines are");
    }
    return EXIT_DONE;
}

static enum status audit(struct work *w, bool publish, struct err *err)
{
    struct buf detail = {0};
    struct instant now;
    buf_printf(&detail,
               "{\"command\":\"reconcile\",\"records\":%zu,\"findings\":%zu,\"publish\":%s}",
               w->there.n, w->n, publish ? "true" : "false");
    enum status s = rulebook_now(w->cli, &now, err);
    s = s == STATUS_OK ? rulebook_audit(w->cli, now, "reconcile", detail.data, err) : s;
    buf_clear(&detail);
    return s;
}

static enum status run(struct work *w, const struct args *args, struct err *err)
{
    bool publish = options_flag(args, "publish");
    extract_of_event_file(&w->there, w->file, &w->options.limits, w->cli->arena);
    enum status s = extract_stored(&w->here, w->cli, &w->there, err);
    if (s == STATUS_OK) {
        compare(w);
        s = audit(w, publish, err);
    }
    if (s != STATUS_OK || !publish || w->n == 0) {
        return s;
    }
    w->refused = !is_agreed(w, args);
    return w->refused ? STATUS_OK : send_all(w, err);
}

int reconcile_run(struct cli *cli, const struct args *args)
{
    const char *as_of = options_value(args, "as-of");
    struct work w = {.cli = cli};
    struct err err = {0};
    if (as_of == NULL || !instant_parse(as_of, strlen(as_of), &w.as_of)) {
        return cli_refuse("reconcile: --as-of TIME is needed: when the extract was made, as "
                          "2026-09-07T08:10:00Z");
    }
    enum status s = open_extract(&w, args, &err);
    int code = s == STATUS_OK ? refuse_bad(w.file) : EXIT_DONE;
    if (s == STATUS_OK && code == EXIT_DONE) {
        s = run(&w, args, &err);
        if (s == STATUS_OK) {
            tell(&w, options_flag(args, "json"), options_flag(args, "publish"));
            code = w.refused ? EXIT_INPUT : EXIT_DONE;
        }
    }
    if (s != STATUS_OK) {
        code = cli_fail("reconcile", s, &err);
    }
    ruleset_free(w.rules);
    event_file_free(w.file);
    return code;
}
