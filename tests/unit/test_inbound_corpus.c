/* The messages under tests/data/messages, each with the verdict written beside it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/event/category.h"
#include "common/event/inbound.h"
#include "common/json/json.h"

#define FOLDER TEST_DATA "/messages/"
#define MAX_BYTES 262144
#define MAX_HEADERS 16

TestSuite(corpus, .timeout = 60);

struct file {
    char *bytes;
    size_t len;
};

static struct file read_file(struct arena *a, const char *name)
{
    struct file f = {0};
    FILE *in = fopen(arena_printf(a, FOLDER "%s", name), "rb");
    cr_assert_not_null(in, "%s", name);
    cr_assert_eq(fseek(in, 0, SEEK_END), 0);
    long size = ftell(in);
    cr_assert_geq(size, 0);
    rewind(in);
    f.len = (size_t)size;
    f.bytes = arena_alloc(a, f.len + 1);
    cr_assert_eq(fread(f.bytes, 1, f.len, in), f.len);
    fclose(in);
    return f;
}

static const struct json *read_json(struct arena *a, const char *name)
{
    struct file f = read_file(a, name);
    const struct json *root = NULL;
    char path[JSON_PATH];
    cr_assert_eq(json_parse(f.bytes, f.len, a, &root, path), JSON_FINE, "%s: %s", name, path);
    return root;
}

static const char *text_of(const struct json *message, const char *name)
{
    const struct json *v = json_member(message, name);
    return v && json_type(v) == JSON_STRING ? json_string(v) : NULL;
}

/* pad_to: blanks behind the first byte until the value is that long. */
static struct file padded(struct arena *a, struct file f, const struct json *message)
{
    int64_t pad_to = 0;
    const struct json *v = json_member(message, "pad_to");
    if (!v) {
        return f;
    }
    cr_assert(json_int(v, (int64_t)f.len, INT64_C(10) * MAX_BYTES, &pad_to));
    struct file to = {.bytes = arena_alloc(a, (size_t)pad_to), .len = (size_t)pad_to};
    memset(to.bytes, ' ', to.len);
    to.bytes[0] = f.bytes[0];
    memcpy(to.bytes + (to.len - f.len) + 1, f.bytes + 1, f.len - 1);
    return to;
}

/* Bytes written as base64. */
static struct file unbase64(struct arena *a, const char *s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct file out = {.bytes = arena_alloc(a, strlen(s))};
    unsigned bits = 0;
    int n = 0;
    for (; *s && *s != '='; s++) {
        const char *digit = strchr(digits, *s);
        cr_assert_not_null(digit);
        bits = (bits << 6 | (unsigned)(digit - digits)) & 0xffffff;
        n += 6;
        if (n >= 8) {
            n -= 8;
            out.bytes[out.len++] = (char)(bits >> n & 0xff);
        }
    }
    return out;
}

static struct header header_of(struct arena *a, const struct json *pair)
{
    const struct json *name = json_first(pair);
    const struct json *value = json_next(name);
    struct header h = {.name = json_string(name)};
    if (json_type(value) == JSON_STRING) {
        h.value = json_string(value);
        h.len = strlen(h.value);
    } else if (json_type(value) == JSON_OBJECT) {
        struct file bytes = unbase64(a, json_string(json_member(value, "b64")));
        h.value = bytes.bytes;
        h.len = bytes.len;
    } else {
        h.is_null = true;
    }
    return h;
}

static const char *verdict_word(enum verdict v)
{
    switch (v) {
    case VERDICT_ABSENCE:
    case VERDICT_PERSON:
    case VERDICT_HEARTBEAT:
        return "accept";
    case VERDICT_NOT_SICKNESS: /* each message stands alone */
    case VERDICT_IGNORED:
        return "ignore";
    case VERDICT_REJECTED:
        return "reject";
    }
    return "?";
}

/* sources of a settings document. */
static bool bound(const void *document, const char *source, const char *organisation)
{
    const struct json *sources = json_member(document, "sources");
    if (!json_first(sources)) {
        return true;
    }
    for (const struct json *o = json_first(json_member(sources, source)); o; o = json_next(o)) {
        if (strcmp(json_string(o), organisation) == 0) {
            return true;
        }
    }
    return false;
}

/* ignored_categories of one that has some. */
static bool passed_over(const void *document, const char *plain)
{
    char text[CATEGORY_TEXT];
    const struct json *list = json_member(document, "ignored_categories");
    for (const struct json *v = json_first(list); v; v = json_next(v)) {
        if (strcmp(category_plain(json_string(v), text), plain) == 0) {
            return true;
        }
    }
    return !list && category_is_ignored(plain);
}

static struct inbound decode(struct arena *a, const struct json *message)
{
    struct header headers[MAX_HEADERS];
    struct raw_record raw = {.headers = headers};
    for (const struct json *h = json_first(json_member(message, "headers")); h; h = json_next(h)) {
        cr_assert_lt(raw.n_headers, MAX_HEADERS);
        headers[raw.n_headers++] = header_of(a, h);
    }
    if (text_of(message, "file")) {
        struct file f = padded(a, read_file(a, text_of(message, "file")), message);
        raw.value = f.bytes;
        raw.len = f.len;
    }
    struct inbound_limits limits = {.max_bytes = MAX_BYTES};
    if (text_of(message, "settings")) {
        limits.arg = read_json(a, text_of(message, "settings"));
        limits.source_allowed = bound;
        limits.category_ignored = passed_over;
    }
    struct inbound in;
    inbound_decode(&raw, &limits, a, &in);
    return in;
}

/* Prints the verdict and the wanted one on one line; false if they differ. */
static bool check(struct arena *a, const struct json *message)
{
    struct inbound in = decode(a, message);
    const char *verdict = verdict_word(in.verdict);
    const char *reason = in.verdict == VERDICT_REJECTED ? reject_reason_name(in.reason) : "";
    const char *detail = text_of(message, "detail"); /* NULL: not compared */
    if (strcmp(verdict, text_of(message, "verdict")) == 0 &&
        strcmp(reason, text_of(message, "reason")) == 0 &&
        (!detail || strcmp(in.detail, detail) == 0)) {
        return true;
    }
    cr_log_error("%s: %s %s '%s', not %s %s '%s' (%s)", text_of(message, "name"), verdict, reason,
                 in.detail, text_of(message, "verdict"), text_of(message, "reason"),
                 detail ? detail : "any", text_of(message, "why"));
    return false;
}

Test(corpus, every_message_has_its_verdict)
{
    struct arena *names = arena_new(1 << 20);
    struct arena *a = arena_new(1 << 20);
    size_t n = 0;
    size_t wrong = 0;
    for (const struct json *m = json_first(read_json(names, "manifest.json")); m;
         m = json_next(m)) {
        arena_reset(a);
        wrong += check(a, m) ? 0 : 1;
        n++;
    }
    arena_free(a);
    arena_free(names);
    cr_assert_gt(n, 400, "the corpus was not read");
    cr_assert_eq(wrong, 0, "%zu of %zu", wrong, n);
}

static const char *const *texts_of(const struct inbound *in, size_t *n)
{
    static const char *text[16];
    *n = 0;
    text[(*n)++] = in->source;
    text[(*n)++] = in->id;
    text[(*n)++] = in->organisation;
    if (in->verdict == VERDICT_NOT_SICKNESS) {
        text[(*n)++] = in->absence.absence_id;
    } else if (in->verdict == VERDICT_ABSENCE) {
        const struct absence_event *e = &in->absence;
        const char *const more[] = {e->absence_id,
                                    e->person_id,
                                    e->assignment_id,
                                    e->code,
                                    e->fte,
                                    e->contact.name,
                                    e->contact.phone,
                                    e->contact.email,
                                    e->contact.language,
                                    e->contact.preferred_time};
        memcpy(&text[*n], more, sizeof more);
        *n += sizeof more / sizeof more[0];
    } else if (in->verdict == VERDICT_PERSON) {
        text[(*n)++] = in->person.person_id;
    }
    return text;
}

/* Every text of one message, with where each begins, so that none can pass for its neighbour. */
static const char *texts_joined(struct arena *a, const struct inbound *in)
{
    size_t n = 0;
    const char *const *text = texts_of(in, &n);
    const char *all = "";
    for (size_t i = 0; i < n; i++) {
        all = arena_printf(a, "%s|%zu=%s", all, i, text[i] == NULL ? "none" : text[i]);
    }
    return all;
}

Test(corpus, what_is_kept_outlives_the_arena_it_was_decoded_in)
{
    struct arena *names = arena_new(1 << 20);
    struct arena *kept = arena_new(1 << 20);
    size_t accepted = 0;
    for (const struct json *m = json_first(read_json(names, "manifest.json")); m;
         m = json_next(m)) {
        struct arena *scratch = arena_new(1 << 16);
        struct inbound in = decode(scratch, m);
        accepted += in.verdict == VERDICT_ABSENCE || in.verdict == VERDICT_PERSON;
        const char *before = texts_joined(kept, &in);
        inbound_keep(&in, kept);
        arena_reset(scratch);
        memset(arena_alloc(scratch, 1 << 14), 'x', 1 << 14);
        cr_assert_str_eq(texts_joined(kept, &in), before, "%s", text_of(m, "name"));
        arena_free(scratch);
    }
    arena_free(kept);
    arena_free(names);
    cr_assert_gt(accepted, 20);
}
