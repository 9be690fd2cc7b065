#include "services/cli/feed.h"

#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/json.h"
#include "common/mem.h"
#include "services/cli/cli.h"
#include "services/cli/csv.h"
#include "services/cli/rows.h"

static const struct header structured = {
    .name = "content-type", .value = "application/cloudevents+json", .len = 28};

bool feed_is_csv(const char *path)
{
    size_t len = strlen(path);
    return len > 4 && (strcmp(path + len - 4, ".csv") == 0 || strcmp(path + len - 4, ".CSV") == 0);
}

/* ---- one message ---- */

static void key_of(const char *organisation, const char *person_id, struct feed_message *m)
{
    struct buf b = {0};
    buf_puts(&b, organisation);
    buf_putc(&b, '\x1f');
    buf_puts(&b, person_id);
    uint8_t digest[SHA256_BYTES];
    char hex[FEED_KEY_TEXT + 1];
    hash_sha256(b.data, b.len, digest);
    memcpy(m->key, hash_hex(digest, FEED_KEY_TEXT / 2, hex), FEED_KEY_TEXT);
    m->has_key = true;
    buf_clear(&b);
}

/* Of a message that was not decoded in full: whom it is about, if it says so. */
static void key_from_json(const char *text, size_t len, struct arena *a, struct feed_message *m)
{
    const struct json *root = NULL;
    char path[JSON_PATH];
    if (json_parse(text, len, a, &root, path) != JSON_FINE) {
        return;
    }
    const struct json *data = json_member(root, "data");
    const struct json *organisation = json_member(data, "organisation");
    const struct json *person = json_member(data, "person_id");
    if (organisation != NULL && person != NULL && json_type(organisation) == JSON_STRING &&
        json_type(person) == JSON_STRING) {
        key_of(json_string(organisation), json_string(person), m);
    }
}

static void note_rejected(struct feed *f, const struct feed_message *m, const struct inbound *in)
{
    if (f->rejected++ == 0) {
        f->bad_line = m->line;
        f->bad_reason = in->reason;
        memcpy(f->bad_detail, in->detail, sizeof f->bad_detail);
    }
}

static void judge(struct feed *f, const char *text, struct feed_message *m,
                  const struct feed_options *o, struct arena *a)
{
    struct raw_record raw = {.value = text, .len = m->len, .headers = &structured, .n_headers = 1};
    struct inbound in;
    arena_reset(a);
    inbound_decode(&raw, &o->limits, a, &in);
    switch (in.verdict) {
    case VERDICT_ABSENCE:
        key_of(in.organisation, in.absence.person_id, m);
        return;
    case VERDICT_PERSON:
        key_of(in.organisation, in.person.person_id, m);
        return;
    case VERDICT_REJECTED:
        m->rejected = true;
        note_rejected(f, m, &in);
        break;
    case VERDICT_IGNORED:
        m->ignored = true;
        f->ignored++;
        break;
    }
    key_from_json(text, m->len, a, m);
}

static struct feed_message *add(struct feed *f, size_t *cap)
{
    if (f->n == *cap) {
        *cap = *cap == 0 ? 1024 : *cap * 2;
        f->messages = mem_resize(f->messages, *cap, sizeof *f->messages);
    }
    struct feed_message *m = &f->messages[f->n++];
    memset(m, 0, sizeof *m);
    return m;
}

/* ---- the file ---- */

static bool is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r') {
            return false;
        }
    }
    return true;
}

/* Takes ownership of text. */
static void read_lines(struct feed *f, char *text, size_t len, const struct feed_options *o)
{
    struct arena *a = arena_new(65536);
    size_t cap = 0;
    size_t line = 1;
    f->text = text;
    size_t at = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    for (; at < len; line++) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t stop = end == NULL ? len : (size_t)(end - text);
        size_t size = stop - at;
        if (size > 0 && text[stop - 1] == '\r') {
            size--;
        }
        if (!is_blank(text + at, size)) {
            struct feed_message *m = add(f, &cap);
            m->line = line;
            m->at = at;
            m->len = (uint32_t)size;
            judge(f, text + at, m, o, a);
        }
        at = stop + 1;
    }
    arena_free(a);
}

/* The rows of a CSV as events, one after another in *values. */
static enum status read_rows(struct feed *f, struct csv *c, const struct rows *rows,
                             const struct feed_options *o, struct buf *values, struct err *err)
{
    struct arena *cells_in = arena_new(65536);
    struct arena *a = arena_new(65536);
    size_t cap = 0;
    enum status s = STATUS_OK;
    for (;;) {
        const char **cells = NULL;
        size_t n = 0;
        size_t line = 0;
        arena_reset(cells_in);
        s = csv_row(c, cells_in, &cells, &n, &line, err);
        if (s != STATUS_OK || n == 0) {
            break;
        }
        size_t at = values->len;
        struct err why = {0};
        /* Of two rows about one person the later must be the later event. */
        struct instant time = instant_add_us(o->now, (int64_t)f->n);
        s = rows_event(rows, cells, n, time, values, &why);
        if (s != STATUS_OK) {
            err_set(err, s, why.code, "line %zu: %s", line, why.text);
            break;
        }
        struct feed_message *m = add(f, &cap);
        m->line = line;
        m->at = at;
        m->len = (uint32_t)(values->len - at);
        judge(f, values->data + at, m, o, a);
    }
    arena_free(a);
    arena_free(cells_in);
    return s;
}

static enum status read_csv(struct feed *f, const char *text, size_t len,
                            const struct feed_options *o, struct err *err)
{
    struct csv c;
    struct arena *names_in = arena_new(4096);
    struct rows *rows = NULL;
    struct buf values = {0};
    const char **names = NULL;
    size_t n = 0;
    size_t line = 0;
    csv_begin(&c, text, len);
    enum status s = csv_row(&c, names_in, &names, &n, &line, err);
    if (s == STATUS_OK && n == 0) {
        s = err_set(err, STATUS_REJECT, "csv", "line 1: there is no header");
    }
    s = s == STATUS_OK ? rows_new(&rows, names, n, o->force, err) : s;
    s = s == STATUS_OK ? read_rows(f, &c, rows, o, &values, err) : s;
    rows_free(rows);
    arena_free(names_in);
    f->text = values.data;
    return s;
}

enum status feed_open(struct feed **out, const char *path, const struct feed_options *o,
                      struct err *err)
{
    char *text = NULL;
    size_t len = 0;
    enum status s = cli_read(path, &text, &len, err);
    if (s != STATUS_OK) {
        return s;
    }
    struct feed *f = mem_alloc(sizeof *f);
    if (o->csv) {
        s = read_csv(f, text, len, o, err);
        free(text);
    } else {
        read_lines(f, text, len, o);
    }
    if (s != STATUS_OK) {
        feed_free(f);
        return s;
    }
    *out = f;
    return STATUS_OK;
}

void feed_free(struct feed *f)
{
    if (f != NULL) {
        free(f->text);
        free(f->messages);
        free(f);
    }
}
