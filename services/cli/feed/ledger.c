/* The history of the files in done/. Lines are only added; of several with one name the last
 * counts. When a line is written is the business of feed_finish.c.
 *
 * An entry whose file has expired stays: after a restore it shows that a file would be needed that
 * is no longer there. */
#include "services/cli/feed/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/hash.h"
#include "common/json/json.h"

#define NAME_TEXT 32
#define FILE_MODE 0640
#define BYTES_MAX (64 * 1024 * 1024)

static enum status fault(const struct folders *f, struct err *err)
{
    return err_set(err, STATUS_FATAL, "folder", "%s/done: %s", f->path, strerror(errno));
}

/* A ledger for each source, so that two sources may share a folder and never write the same file.
 */
static const char *name_of(const char *source, const char *ending, char out[NAME_TEXT])
{
    uint8_t digest[SHA256_BYTES];
    char hex[17];
    hash_sha256(source, strlen(source), digest);
    (void)snprintf(out, NAME_TEXT, ".ledger-%s%s", hash_hex(digest, 8, hex), ending);
    return out;
}

/* ---- reading ---- */

static struct instant instant_member(const struct json *o, const char *name)
{
    struct instant t = INSTANT_NONE;
    const struct json *v = json_member(o, name);
    const char *text = json_type(v) == JSON_STRING ? json_string(v) : "";
    return instant_parse(text, strlen(text), &t) ? t : INSTANT_NONE;
}

static const char *text_member(const struct json *o, const char *name)
{
    const struct json *v = json_member(o, name);
    return v != NULL && json_type(v) == JSON_STRING ? json_string(v) : "";
}

static void hash_member(const struct json *o, const char *name, char out[LEDGER_HASH])
{
    const char *text = text_member(o, name);
    (void)snprintf(out, LEDGER_HASH, "%s", strlen(text) == LEDGER_HASH - 1 ? text : "");
}

/* False: a line that was cut off by a full disk or a power cut. */
static bool entry_of(const char *line, size_t len, struct arena *a, struct ledger_entry *out)
{
    const struct json *o = NULL;
    char path[JSON_PATH];
    if (json_parse(line, len, a, &o, path) != JSON_FINE || json_type(o) != JSON_OBJECT) {
        return false;
    }
    *out = (struct ledger_entry){.name = text_member(o, "name"),
                                 .original = text_member(o, "original"),
                                 .as_of = instant_member(o, "as_of"),
                                 .at = instant_member(o, "at")};
    hash_member(o, "sha256", out->sha256);
    hash_member(o, "staff", out->staff);
    hash_member(o, "mapping", out->mapping);
    out->is_taken = out->mapping[0] != '\0';
    const struct json *bump = json_member(o, "bump");
    int64_t n = 0;
    if (bump != NULL && json_int(bump, 0, INT32_MAX, &n)) {
        out->bump = (int)n;
    }
    return !instant_is_none(out->as_of) && !instant_is_none(out->at) && out->name[0] != '\0';
}

static enum status slurp(const struct folders *f, const char *source, char **text, size_t *len,
                         struct err *err)
{
    char name[NAME_TEXT];
    int fd = openat(f->done, name_of(source, "", name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    *text = NULL;
    *len = 0;
    if (fd < 0) {
        return errno == ENOENT ? STATUS_OK : fault(f, err);
    }
    struct buf b = {0};
    char part[8192];
    ssize_t got = 0;
    while ((got = read(fd, part, sizeof part)) != 0) {
        if (got < 0 && errno != EINTR) {
            break;
        }
        buf_put(&b, part, got > 0 ? (size_t)got : 0);
        if (b.len > BYTES_MAX) {
            errno = EFBIG;
            got = -1;
            break;
        }
    }
    enum status s = got < 0 || fstat(fd, &st) != 0 ? fault(f, err) : STATUS_OK;
    (void)close(fd);
    if (s != STATUS_OK) {
        buf_clear(&b);
        return s;
    }
    *text = b.data;
    *len = b.len;
    return STATUS_OK;
}

enum status ledger_read(const struct folders *f, const char *source, struct arena *a,
                        struct ledger_entry **out, size_t *n, struct err *err)
{
    char *text = NULL;
    size_t len = 0;
    *out = NULL;
    *n = 0;
    enum status s = slurp(f, source, &text, &len, err);
    if (s != STATUS_OK || text == NULL) {
        return s;
    }
    size_t lines = 0;
    for (size_t i = 0; i < len; i++) {
        lines += text[i] == '\n';
    }
    *out = arena_array(a, lines + 1, sizeof **out);
    const char *at = text;
    const char *end = text + len;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t line = (size_t)((stop == NULL ? end : stop) - at);
        if (stop != NULL && entry_of(at, line, a, &(*out)[*n])) {
            ++*n;
        }
        at += line + 1;
    }
    free(text);
    return STATUS_OK;
}

/* ---- writing ---- */

static void put_member(struct buf *b, const char *name, const char *value)
{
    if (value[0] != '\0') {
        buf_printf(b, "%s\"%s\":", b->data[b->len - 1] == '{' ? "" : ",", name);
        json_put_string(b, value);
    }
}

static void put_entry(struct buf *b, const struct ledger_entry *e)
{
    char text[INSTANT_TEXT];
    buf_puts(b, "{");
    put_member(b, "name", e->name);
    put_member(b, "original", e->original);
    put_member(b, "as_of", instant_format(e->as_of, text));
    put_member(b, "at", instant_format(e->at, text));
    put_member(b, "sha256", e->sha256);
    if (e->is_taken) {
        put_member(b, "staff", e->staff);
        put_member(b, "mapping", e->mapping);
        buf_printf(b, ",\"bump\":%d", e->bump);
    }
    buf_puts(b, "}\n");
}

static bool write_all(int fd, const struct buf *b)
{
    size_t at = 0;
    while (at < b->len) {
        ssize_t put = write(fd, b->data + at, b->len - at);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        at += put > 0 ? (size_t)put : 0;
    }
    return fsync(fd) == 0;
}

enum status ledger_add(const struct folders *f, const char *source, const struct ledger_entry *e,
                       struct err *err)
{
    struct buf b = {0};
    char name[NAME_TEXT];
    put_entry(&b, e);
    int fd = openat(f->done, name_of(source, "", name),
                    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    enum status s = fd >= 0 && write_all(fd, &b) ? STATUS_OK : fault(f, err);
    if (fd >= 0) {
        (void)close(fd);
    }
    buf_clear(&b);
    return s;
}

static enum status replace(const struct folders *f, const char *source, const struct buf *b,
                           struct err *err)
{
    char name[NAME_TEXT];
    char temporary[NAME_TEXT];
    (void)name_of(source, "", name);
    int fd = openat(f->done, name_of(source, ".tmp", temporary),
                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    bool fine = fd >= 0 && write_all(fd, b);
    if (fd >= 0) {
        (void)close(fd);
    }
    return fine && renameat(f->done, temporary, f->done, name) == 0 ? STATUS_OK : fault(f, err);
}

/* Names come back once their file is gone: then the later line speaks for the file. */
static bool has_later(const struct ledger_entry *entry, size_t n, size_t i)
{
    for (size_t k = i + 1; k < n; k++) {
        if (strcmp(entry[k].name, entry[i].name) == 0) {
            return true;
        }
    }
    return false;
}

enum status ledger_expire(const struct folders *f, const char *source, struct instant before,
                          struct instant forget, struct err *err)
{
    struct arena *a = arena_new(65536);
    struct ledger_entry *entry = NULL;
    size_t n = 0;
    enum status s = ledger_read(f, source, a, &entry, &n, err);
    struct buf kept = {0};
    size_t dropped = 0;
    for (size_t i = 0; i < n; i++) {
        const struct ledger_entry *e = &entry[i];
        if (e->at.us <= before.us && strchr(e->name, '/') == NULL && !has_later(entry, n, i)) {
            (void)unlinkat(f->done, e->name, 0);
        }
        if (e->at.us <= forget.us) {
            dropped++;
        } else {
            put_entry(&kept, e);
        }
    }
    s = s == STATUS_OK && dropped > 0 ? replace(f, source, &kept, err) : s;
    buf_clear(&kept);
    arena_free(a);
    return s;
}
