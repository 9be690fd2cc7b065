/* All of the file is read and judged before anything is sent. A line that decodes to a fault can
 * still be sent, as a dead letter in the making. A line that is no message at all makes the file
 * unsendable. */
#include "services/cli/hr/event_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/mem.h"
#include "common/event/text.h"
#include "common/feed/rows/csv.h"
#include "common/json/json.h"
#include "services/cli/cli.h"
#include "services/cli/hr/event_file_notes.h"
#include "services/cli/wanted.h"

static const struct header structured = {
    .name = "content-type", .value = "application/cloudevents+json", .len = 28};

/* A file while it is read. */
struct reading {
    struct event_file *file;
    const struct event_file_options *o;
    struct arena *scratch; /* of one message */
    struct event_file_notes *notes;
    char date[ROWS_DATE_TEXT]; /* how a date has to look */
};

/* ---- options ---- */

static bool is_csv(const char *path)
{
    size_t len = strlen(path);
    return len > 4 && (strcmp(path + len - 4, ".csv") == 0 || strcmp(path + len - 4, ".CSV") == 0);
}

enum status event_file_read_options(struct event_file_options *out, const char *path,
                                    const struct args *args, struct err *err)
{
    out->csv = options_flag(args, "csv") || is_csv(path);
    out->rows.dates = options_value(args, "dates");
    out->rows.set = options_all(args, &out->rows.n_set);
    if (!out->csv && (out->rows.n_set > 0 || out->rows.dates != NULL)) {
        return err_set(err, STATUS_REJECT, "usage", "--set and --dates are for CSV");
    }
    for (size_t i = 0; i < out->rows.n_set; i++) {
        if (strchr(out->rows.set[i], '=') == NULL || out->rows.set[i][0] == '=') {
            return err_set(err, STATUS_REJECT, "usage", "--set: COLUMN=VALUE is wanted");
        }
    }
    return out->rows.dates == NULL ? STATUS_OK : rows_check_dates(out->rows.dates, err);
}

/* ---- what is said ---- */

void event_file_tell_faults(const struct event_file *f)
{
    size_t told = 0;
    for (size_t i = 0; i < f->n && told < EVENT_FILE_NAMED_MAX; i++) {
        if (f->messages[i].fault != NULL) {
            fprintf(stderr, "line %zu: %s\n", f->messages[i].line, f->messages[i].fault->what);
            told++;
        }
    }
    if (f->rejected > told) {
        fprintf(stderr, "and %zu more bad lines\n", f->rejected - told);
    }
}

static void mark_bad(struct event_file *f, struct event_file_message *m, const char *reason,
                     const char *detail, const char *what)
{
    struct event_file_fault *fault = arena_alloc(f->arena, sizeof *fault);
    *fault = (struct event_file_fault){.reason = reason,
                                       .detail = arena_strdup(f->arena, detail),
                                       .what = arena_strdup(f->arena, what)};
    m->fault = fault;
    f->rejected++;
}

static void reject(struct reading *r, struct event_file_message *m, const struct inbound *in)
{
    struct buf what = {0};
    const char *reason = reject_reason_name(in->reason);
    const char *member = strncmp(in->detail, "data.", 5) == 0 ? in->detail + 5 : in->detail;
    bool path = in->detail[0] != '\0';
    buf_printf(&what, "%s%s", member, path ? ": " : "");
    wanted_put(&what, in->reason, in->detail, r->date);
    buf_printf(&what, " is wanted (%s%s%s)", reason, path ? " at " : "", in->detail);
    mark_bad(r->file, m, reason, in->detail, what.data);
    buf_clear(&what);
}

/* ---- one message ---- */

static void key_of(const char *organisation, const char *person_id, struct event_file_message *m)
{
    struct buf b = {0};
    buf_puts(&b, organisation);
    buf_putc(&b, '\x1f');
    buf_puts(&b, person_id);
    uint8_t digest[SHA256_BYTES];
    char hex[EVENT_FILE_KEY_TEXT + 1];
    hash_sha256(b.data, b.len, digest);
    memcpy(m->key, hash_hex(digest, EVENT_FILE_KEY_TEXT / 2, hex), EVENT_FILE_KEY_TEXT);
    m->has_key = true;
    buf_clear(&b);
}

static const char *text_in(const struct json *data, const char *name)
{
    const struct json *v = json_member(data, name);
    return v != NULL && json_type(v) == JSON_STRING ? json_string(v) : NULL;
}

/* The person the message is about, if it names one; else, for a heartbeat, its source. */
static void key_from_json(const struct json *root, const struct inbound *in,
                          struct event_file_message *m)
{
    const struct json *data = json_member(root, "data");
    const char *organisation = text_in(data, "organisation");
    const char *person = text_in(data, "person_id");
    if (in->verdict == VERDICT_ABSENCE) {
        key_of(in->organisation, in->absence.person_id, m);
    } else if (in->verdict == VERDICT_PERSON) {
        key_of(in->organisation, in->person.person_id, m);
    } else if (organisation != NULL && person != NULL) {
        key_of(organisation, person, m);
    } else if (in->verdict == VERDICT_HEARTBEAT) {
        key_of(in->organisation, in->source, m);
    }
}

static void pass_over(struct reading *r, struct event_file_message *m, const struct inbound *in)
{
    m->ignored = true;
    r->file->ignored++;
    r->file->nameless += in->verdict == VERDICT_IGNORED;
    if (r->o->explains) {
        return;
    }
    if (in->verdict == VERDICT_NOT_SICKNESS) {
        event_file_note_add(
            &r->file->notes, m->line, true,
            "passed over: category is not sickness (a record that is held with a lower"
            " version counts as cancelled)");
    } else if (in->other_category) {
        event_file_note_add(&r->file->notes, m->line, true,
                            "passed over: category is not sickness");
    } else {
        event_file_note_add(&r->file->notes, m->line, true,
                            "passed over: type is none of Dayfour's, which are %s", WANTED_TYPES);
    }
}

static void judge(struct reading *r, const char *text, struct event_file_message *m)
{
    struct raw_record raw = {.value = text, .len = m->len, .headers = &structured, .n_headers = 1};
    struct inbound in;
    arena_reset(r->scratch);
    inbound_decode(&raw, &r->o->limits, r->scratch, &in);
    const struct json *root = NULL;
    char path[JSON_PATH];
    if (json_parse(text, m->len, r->scratch, &root, path) == JSON_FINE) {
        key_from_json(root, &in, m);
    }
    switch (in.verdict) {
    case VERDICT_REJECTED:
        reject(r, m, &in);
        return;
    case VERDICT_IGNORED:
    case VERDICT_NOT_SICKNESS:
        pass_over(r, m, &in);
        return;
    case VERDICT_ABSENCE:
    case VERDICT_PERSON:
    case VERDICT_HEARTBEAT:
        event_file_notes_take(r->notes, m->line, root, &in);
        return;
    }
}

static struct event_file_message *add(struct event_file *f, size_t line)
{
    if (f->n == f->cap) {
        f->cap = f->cap == 0 ? 1024 : f->cap * 2;
        f->messages = mem_resize(f->messages, f->cap, sizeof *f->messages);
    }
    struct event_file_message *m = &f->messages[f->n++];
    memset(m, 0, sizeof *m);
    m->line = line;
    return m;
}

/* A line that is no message: nothing of the file can be sent. */
static void add_bad(struct reading *r, size_t line, const char *reason, const char *what)
{
    mark_bad(r->file, add(r->file, line), reason, "", what);
    r->file->unsendable = true;
}

/* ---- JSON lines ---- */

static bool is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r') {
            return false;
        }
    }
    return true;
}

/* Finds the end of the object or list that begins at text, by brackets and quotes; 0: not in these
 * bytes. */
static size_t bracketed(const char *text, size_t len)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth <= 1) {
                return i + 1;
            }
            depth--;
        }
    }
    return 0;
}

/* An event that is printed over several lines from `at` on, or a list of events: how long it is. */
static size_t printed_over_lines(struct reading *r, const char *text, size_t at, size_t len,
                                 size_t line_len)
{
    size_t begin = at + strspn(text + at, " \t");
    size_t most = len - begin < (size_t)1 << 20 ? len - begin : (size_t)1 << 20;
    if (r->o->force || (text[begin] != '{' && text[begin] != '[')) {
        return 0;
    }
    size_t size = bracketed(text + begin, most);
    if (begin + size <= at + line_len) {
        return 0;
    }
    const struct json *root = NULL;
    char path[JSON_PATH];
    arena_reset(r->scratch);
    bool good = json_parse(text + begin, size, r->scratch, &root, path) == JSON_FINE;
    return good ? begin + size - at : 0;
}

static size_t lines_in(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        n += text[i] == '\n';
    }
    return n;
}

/* The cure is named once, however many there are. */
static void add_printed(struct reading *r, size_t line, size_t last, bool list, bool *told)
{
    char what[200];
    (void)snprintf(what, sizeof what, "%s, to line %zu%s",
                   list ? "a list of events" : "an event printed over several lines", last,
                   *told  ? ""
                   : list ? ": one event a line is wanted (jq -c '.[]' FILE makes it so)"
                          : ": one event a line is wanted (jq -c . FILE makes it so)");
    add_bad(r, line, reject_reason_name(REJECT_NOT_JSON), what);
    *told = true;
}

/* Takes ownership of text. */
static void read_lines(struct reading *r, char *text, size_t len)
{
    struct event_file *f = r->file;
    size_t line = 1;
    size_t tries = EVENT_FILE_NAMED_MAX;
    bool told = false;
    f->text = text;
    size_t at = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < len) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t stop = end == NULL ? len : (size_t)(end - text);
        size_t size = stop - at - (stop > at && text[stop - 1] == '\r');
        size_t printed = 0;
        if (!is_blank(text + at, size)) {
            struct event_file_message *m = add(f, line);
            m->at = at;
            m->len = (uint32_t)size;
            judge(r, text + at, m);
            bool not_json = m->fault != NULL && strcmp(m->fault->reason, "not_json") == 0;
            bool list = m->fault != NULL && text[at] == '[';
            printed = tries > 0 && (not_json || list)
                          ? printed_over_lines(r, text, at, len, list ? 0 : size)
                          : 0;
            tries -= not_json && printed == 0 && tries > 0;
        }
        if (printed > 0) {
            f->n--;
            f->rejected--;
            add_printed(r, line, line + lines_in(text + at, printed),
                        text[at + strspn(text + at, " \t")] == '[', &told);
            line += lines_in(text + at, printed);
            end = memchr(text + at + printed, '\n', len - at - printed);
            stop = end == NULL ? len : (size_t)(end - text);
        }
        at = stop + 1;
        line++;
    }
}

/* ---- CSV ---- */

/* Appends one row to *values as an event. */
static void read_row(struct reading *r, const struct rows *rows, const char *const *cells, size_t n,
                     size_t line, struct arena *a, struct buf *values)
{
    struct err why = {0};
    size_t at = values->len;
    /* With two rows about a person the later row must be the later event. */
    struct instant time = instant_add_us(r->o->now, (int64_t)r->file->n);
    if (rows_event(rows, cells, n, time, a, values, &why) != STATUS_OK) {
        add_bad(r, line, "csv", why.text);
        return;
    }
    struct event_file_message *m = add(r->file, line);
    m->at = at;
    m->len = (uint32_t)(values->len - at);
    judge(r, values->data + at, m);
}

/* err's text begins with the line: the one at which reading cannot go on. */
static void cannot_read_on(struct reading *r, size_t line, const struct err *err)
{
    const char *text = strchr(err->text, ':');
    add_bad(r, line, "csv", text == NULL ? err->text : text + 2);
}

/* The next row with any content; *n is 0 at the end, or where reading cannot go on. */
static void next_row(struct reading *r, struct csv *c, struct arena *a, const char ***cells,
                     size_t *n, size_t *line)
{
    struct err err = {0};
    do {
        arena_reset(a);
        if (csv_row(c, a, cells, n, line, &err) != STATUS_OK) {
            *n = 0;
            cannot_read_on(r, *line, &err);
        }
    } while (*n > 0 && rows_is_blank(*cells, *n));
}

static void read_csv(struct reading *r, const char *text, size_t len)
{
    struct csv c;
    struct arena *names_in = arena_new(4096);
    struct arena *a = arena_new(65536);
    struct rows *rows = NULL;
    struct buf values = {0};
    struct buf said = {0};
    const char **cells = NULL;
    size_t n = 0;
    size_t line = 1;
    csv_begin(&c, text, len);
    next_row(r, &c, names_in, &cells, &n, &line);
    if (n == 0 && r->file->n == 0) {
        add_bad(r, 1, "csv", "there is no header");
    } else if (n > 0 && rows_new(&rows, cells, n, &r->o->rows, &said) != STATUS_OK) {
        add_bad(r, line, "csv", said.data);
    } else if (n > 0) {
        for (next_row(r, &c, a, &cells, &n, &line); n > 0; next_row(r, &c, a, &cells, &n, &line)) {
            read_row(r, rows, cells, n, line, a, &values);
        }
    }
    buf_clear(&said);
    rows_free(rows);
    arena_free(a);
    arena_free(names_in);
    r->file->text = values.data;
}

/* ---- the file ---- */

enum status event_file_open(struct event_file **out, const char *path,
                            const struct event_file_options *o, struct err *err)
{
    char *text = NULL;
    size_t len = 0;
    enum status s = cli_read(path, &text, &len, err);
    if (s != STATUS_OK) {
        return s;
    }
    struct event_file *f = mem_alloc(sizeof *f);
    f->arena = arena_new(65536);
    f->notes.arena = f->arena;
    struct reading r = {
        .file = f, .o = o, .scratch = arena_new(65536), .notes = event_file_notes_new()};
    rows_date_example(o->rows.dates, r.date);
    if (o->csv) {
        read_csv(&r, text, len);
        free(text);
    } else {
        read_lines(&r, text, len);
    }
    event_file_notes_tell(r.notes, !o->explains, &f->notes);
    event_file_notes_free(r.notes);
    arena_free(r.scratch);
    *out = f;
    return STATUS_OK;
}

void event_file_free(struct event_file *f)
{
    if (f != NULL) {
        arena_free(f->arena);
        free(f->text);
        free(f->messages);
        free(f);
    }
}

struct raw_record event_file_record(const struct event_file *f, const struct event_file_message *m)
{
    return (struct raw_record){
        .value = f->text + m->at, .len = m->len, .headers = &structured, .n_headers = 1};
}
