#include "tests/model/properties/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "tests/model/properties/groups.h"

#define CHUNK (1 << 20)

static _Noreturn void give_up(const char *what, size_t line)
{
    (void)fprintf(stderr, "input: line %zu: %s\n", line, what);
    exit(2);
}

static char *read_all(FILE *f, size_t *len)
{
    struct buf b = {0};
    char *chunk = mem_alloc(CHUNK);
    for (size_t n; (n = fread(chunk, 1, CHUNK, f)) > 0;) {
        buf_put(&b, chunk, n);
    }
    free(chunk);
    *len = b.len;
    buf_putc(&b, '\0');
    return b.data;
}

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        give_up(path, 0);
    }
    char *text = read_all(f, len);
    (void)fclose(f);
    return text;
}

/* ---- JSON ---- */

static const struct json *parse(const char *text, size_t len, struct arena *a, size_t line)
{
    const struct json *root;
    char path[JSON_PATH];
    if (json_parse(text, len, a, &root, path) != JSON_FINE) {
        give_up("not JSON", line);
    }
    return root;
}

static const char *text_of(const struct json *o, const char *name)
{
    const struct json *v = json_member(o, name);
    return v != NULL && json_type(v) == JSON_STRING ? json_string(v) : NULL;
}

static int64_t number_of(const struct json *o, const char *name)
{
    const struct json *v = json_member(o, name);
    int64_t n = 0;
    (void)(v != NULL && json_int(v, 0, INT64_MAX, &n));
    return n;
}

static int sextet(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

static char *decode_base64(const char *text, struct arena *a, size_t *len)
{
    char *out = arena_alloc(a, strlen(text) / 4 * 3 + 4);
    size_t n = 0;
    uint32_t bits = 0;
    int held = 0;
    for (const char *s = text; sextet(*s) >= 0; s++) {
        bits = bits << 6 | (uint32_t)sextet(*s);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[n++] = (char)(bits >> held & 0xff);
        }
    }
    *len = n;
    return out;
}

/* ---- rules ---- */

static struct settings *parse_settings(const char *text, size_t len, size_t line)
{
    struct settings *s = NULL;
    struct err err = {0};
    if (settings_parse(&s, text, len, &err) != STATUS_OK) {
        give_up(err.text, line);
    }
    return s;
}

/* The holidays loaded so far, by division: a load replaces those it names. */
struct almanac {
    struct holiday *of[DIVISION_COUNT];
    size_t n[DIVISION_COUNT];
};

static void load_holidays(struct almanac *almanac, const char *text, size_t len, struct arena *a,
                          size_t line)
{
    struct holiday *list;
    size_t n;
    unsigned divisions;
    struct err err = {0};
    if (calendar_parse(text, len, a, &list, &n, &divisions, &err) != STATUS_OK) {
        give_up(err.text, line);
    }
    for (unsigned d = 0; d < DIVISION_COUNT; d++) {
        if ((divisions >> d & 1) == 0) {
            continue;
        }
        almanac->of[d] = arena_array(a, n, sizeof *list);
        almanac->n[d] = 0;
        for (size_t i = 0; i < n; i++) {
            if (list[i].division == d) {
                almanac->of[d][almanac->n[d]++] = list[i];
            }
        }
    }
}

static struct calendar *calendar_of(const struct almanac *almanac)
{
    struct calendar *c = calendar_new();
    for (int d = 0; d < DIVISION_COUNT; d++) {
        for (size_t i = 0; i < almanac->n[d]; i++) {
            calendar_add(c, (enum division)d, almanac->of[d][i].day);
        }
    }
    return c;
}

static struct hmac_key *key_of(const char *hex)
{
    uint8_t key[INSTALL_KEY_BYTES];
    for (size_t i = 0; i < sizeof key; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1) {
            give_up("the install key is 64 hexadecimal digits", 0);
        }
        key[i] = (uint8_t)byte;
    }
    return hmac_key_new(key, sizeof key);
}

struct reader {
    struct input *in;
    struct arena *a;
    struct almanac almanac;
    const char *settings; /* the text in force */
    size_t settings_len;
    const char *install_key;
    struct loaded latest;
    struct line *lines;
    size_t n, cap;
};

/* The document with other numbers of days for these members, wherever they stand. */
static char *never_settling(const char *text, size_t len, struct arena *a)
{
    static const char *const members[] = {"\"settle_days\":", "\"unmatched_days\":",
                                          "\"matched_days\":", "\"contact_details_days\":"};
    char *copy = arena_strndup(a, text, len);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        for (char *at = strstr(copy, members[i]); at != NULL; at = strstr(at, members[i])) {
            char *number = at + strlen(members[i]);
            size_t digits = strspn(number, " 0123456789");
            at = arena_printf(a, "%.*s3650%s", (int)(number - copy), copy, number + digits);
            size_t done = (size_t)(number - copy);
            copy = at;
            at += done;
        }
    }
    return copy;
}

static struct ruleset *new_ruleset(const struct reader *r, const char *settings, size_t len,
                                   bool settings_loaded, size_t line)
{
    const struct ruleset *latest = r->latest.rules;
    int32_t serial = latest == NULL ? 0 : latest->serial;
    int32_t settings_serial = latest == NULL ? 0 : latest->settings_serial;
    struct ruleset *rs = mem_alloc(sizeof *rs);
    *rs = (struct ruleset){.serial = serial + 1,
                           .settings_serial = settings_serial + (settings_loaded ? 1 : 0),
                           .settings = parse_settings(settings, len, line),
                           .calendar = calendar_of(&r->almanac),
                           .install_key = key_of(r->install_key)};
    return rs;
}

static struct loaded new_rules(const struct reader *r, bool settings_loaded, size_t line)
{
    const char *other = never_settling(r->settings, r->settings_len, r->a);
    return (struct loaded){
        .rules = new_ruleset(r, r->settings, r->settings_len, settings_loaded, line),
        .unsettled = new_ruleset(r, other, strlen(other), settings_loaded, line)};
}

static void write_json(struct buf *b, const struct json *v)
{
    bool is_object = json_type(v) == JSON_OBJECT;
    switch (json_type(v)) {
    case JSON_NULL:
        buf_puts(b, "null");
        return;
    case JSON_BOOL:
        buf_puts(b, json_bool(v) ? "true" : "false");
        return;
    case JSON_NUMBER:
        buf_puts(b, json_number_text(v));
        return;
    case JSON_STRING:
        json_put_string(b, json_string(v));
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
    default:
        break;
    }
    buf_putc(b, is_object ? '{' : '[');
    for (const struct json *e = json_first(v); e != NULL; e = json_next(e)) {
        if (is_object) {
            json_put_string(b, json_name(e));
            buf_putc(b, ':');
        }
        write_json(b, e);
        if (json_next(e) != NULL) {
            buf_putc(b, ',');
        }
    }
    buf_putc(b, is_object ? '}' : ']');
}

/* A document is read from bytes: those of a line's member are written out for it. */
static const char *document_text(const struct json *v, struct arena *a)
{
    struct buf b = {0};
    write_json(&b, v);
    const char *text = arena_strndup(a, b.data, b.len);
    buf_clear(&b);
    return text;
}

static void read_rules(struct reader *r, struct line *line, const struct json *settings,
                       const struct json *calendar)
{
    if (settings != NULL) {
        r->settings = document_text(settings, r->a);
        r->settings_len = strlen(r->settings);
    }
    if (calendar != NULL) {
        const char *text = document_text(calendar, r->a);
        load_holidays(&r->almanac, text, strlen(text), r->a, line->number);
    }
    r->latest = new_rules(r, settings != NULL, line->number);
    struct input *in = r->in;
    struct loaded *more = arena_array(r->a, in->n_loaded + 1, sizeof *more);
    if (in->n_loaded > 0) {
        memcpy(more, in->loaded, in->n_loaded * sizeof *more);
    }
    in->loaded = more;
    in->loaded[in->n_loaded++] = r->latest;
    line->kind = LINE_RULES;
    line->rules = r->latest.rules;
}

/* ---- lines ---- */

static void read_headers(struct line *line, const struct json *list, struct arena *a)
{
    struct header *headers = arena_array(a, json_count(list), sizeof *headers);
    for (const struct json *pair = json_first(list); pair != NULL; pair = json_next(pair)) {
        const struct json *name = json_first(pair), *value = json_next(name);
        struct header *h = &headers[line->raw.n_headers++];
        h->name = json_string(name);
        h->is_null = json_type(value) != JSON_STRING;
        h->value = h->is_null ? NULL : json_string(value);
        h->len = h->is_null ? 0 : strlen(h->value);
    }
    line->raw.headers = headers;
}

static void read_message(struct line *line, const struct json *root, struct arena *a)
{
    line->kind = LINE_MESSAGE;
    line->partition = number_of(root, "partition");
    line->offset = number_of(root, "offset");
    const struct json *headers = json_member(root, "headers");
    if (headers != NULL) {
        read_headers(line, headers, a);
    }
    const char *coded = text_of(root, "value_b64"), *plain = text_of(root, "value");
    if (coded != NULL) {
        line->raw.value = decode_base64(coded, a, &line->raw.len);
    } else if (plain != NULL) {
        line->raw.value = plain;
        line->raw.len = strlen(plain);
    }
    static const struct inbound_limits anything = {.max_bytes = 262144};
    struct inbound *read = arena_alloc(a, sizeof *read);
    inbound_decode(&line->raw, &anything, a, read);
    line->read = read;
}

static void read_line(struct reader *r, const char *text, size_t len)
{
    if (r->n == r->cap) {
        r->cap = r->cap == 0 ? 1024 : 2 * r->cap;
        struct line *more = arena_array(r->a, r->cap, sizeof *more);
        if (r->n > 0) {
            memcpy(more, r->lines, r->n * sizeof *more);
        }
        r->lines = more;
    }
    struct line *line = &r->lines[r->n++];
    *line = (struct line){.number = r->n};
    const struct json *root = parse(text, len, r->a, r->n);
    const char *at = text_of(root, "at");
    if (at == NULL || !instant_parse(at, strlen(at), &line->at)) {
        give_up("no instant", r->n);
    }
    r->in->last = line->at;
    const struct json *settings = json_member(root, "settings");
    const struct json *calendar = json_member(root, "calendar");
    if (settings != NULL || calendar != NULL) {
        read_rules(r, line, settings, calendar);
    } else if (json_member(root, "fact") != NULL) {
        line->kind = LINE_ENTRY;
        line->fact = json_member(root, "fact");
    } else {
        read_message(line, root, r->a);
    }
}

void input_read(struct input *in, const struct input_from *from)
{
    *in = (struct input){.a = arena_new(CHUNK)};
    struct reader r = {.in = in, .a = in->a, .install_key = from->install_key};
    size_t len;
    char *calendar = read_file(from->calendar, &len);
    load_holidays(&r.almanac, calendar, len, in->a, 0);
    char *settings = read_file(from->settings, &r.settings_len);
    r.settings = settings;
    in->first = new_rules(&r, true, 0);
    r.latest = in->first;
    char *text = read_all(stdin, &len);
    for (char *at = text, *end = text + len, *next; at < end; at = next + 1) {
        next = memchr(at, '\n', (size_t)(end - at));
        next = next == NULL ? end : next;
        if (next > at) {
            read_line(&r, at, (size_t)(next - at));
        }
    }
    groups_cut(in, r.lines, r.n);
    free(text);
    free(calendar);
    free(settings);
}

static void free_ruleset(struct ruleset *rs)
{
    settings_free(rs->settings);
    calendar_free(rs->calendar);
    hmac_key_free(rs->install_key);
    free(rs);
}

static void free_loaded(const struct loaded *l)
{
    free_ruleset(l->rules);
    free_ruleset(l->unsettled);
}

void input_free(struct input *in)
{
    free_loaded(&in->first);
    for (size_t i = 0; i < in->n_loaded; i++) {
        free_loaded(&in->loaded[i]);
    }
    arena_free(in->a);
}
