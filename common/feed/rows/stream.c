/* iconv does the work, in pieces. It refuses bytes that the encoding lacks. It cannot see
 * that a file is in another one-byte encoding than it should be. UTF-8 shows: where all letters
 * beyond ASCII are UTF-8 sequences, that is no accident. */
#include "common/feed/rows/stream.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/base/utf8.h"

#define PIECE 65536

struct stream {
    struct input in;
    char *encoding;
    iconv_t cd;
    bool has_cd, begun, ended, one_byte;
    char raw[PIECE];
    size_t raw_len;
    char out[(size_t)PIECE * 4];
    struct buf window;
    size_t passed;
    size_t line; /* on which the bytes not yet converted begin */
    /* For a one-byte encoding: how many bytes a UTF-8 sequence still lacks, and what was seen. */
    int follow;
    bool not_utf8;
    size_t first_sequence; /* its line; 0: none */
};

/* False: iconv does not know the encoding. */
static bool open_iconv(const char *encoding, iconv_t *out)
{
    *out = iconv_open("UTF-8", encoding);
    return (intptr_t)*out != -1;
}

bool stream_knows(const char *encoding)
{
    iconv_t cd;
    bool known = open_iconv(encoding, &cd);
    if (known) {
        iconv_close(cd);
    }
    return known;
}

struct stream *stream_new(const struct input *in, const char *encoding)
{
    struct stream *s = mem_alloc(sizeof *s);
    s->in = *in;
    s->encoding = mem_strdup(encoding);
    s->line = 1;
    return s;
}

void stream_free(struct stream *s)
{
    if (s == NULL) {
        return;
    }
    if (s->has_cd) {
        iconv_close(s->cd);
    }
    buf_clear(&s->window);
    free(s->encoding);
    free(s);
}

const char *stream_at(const struct stream *s, size_t *len)
{
    *len = s->window.len - s->passed;
    return *len == 0 ? "" : s->window.data + s->passed;
}

void stream_pass(struct stream *s, size_t n)
{
    s->passed += n;
}

bool stream_ended(const struct stream *s)
{
    return s->ended;
}

/* ---- the beginning ---- */

static bool begins(const struct stream *s, const char *bytes, size_t n)
{
    return s->raw_len >= n && memcmp(s->raw, bytes, n) == 0;
}

static void skip(struct stream *s, size_t n)
{
    s->raw_len -= n;
    memmove(s->raw, s->raw + n, s->raw_len);
}

/* The encoding a byte order mark names, which is then passed over. NULL: there is none. */
static const char *by_mark(struct stream *s)
{
    static const struct {
        const char *bytes, *name;
        size_t n;
    } marks[] = {{"\xef\xbb\xbf", "UTF-8", 3},
                 {"\xff\xfe\0\0", "UTF-32LE", 4},
                 {"\0\0\xfe\xff", "UTF-32BE", 4},
                 {"\xff\xfe", "UTF-16LE", 2},
                 {"\xfe\xff", "UTF-16BE", 2}};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (begins(s, marks[i].bytes, marks[i].n)) {
            skip(s, marks[i].n);
            return marks[i].name;
        }
    }
    return NULL;
}

/* In a one-byte encoding no byte is half a character. */
static bool is_one_byte(const char *encoding)
{
    iconv_t cd;
    if (!open_iconv(encoding, &cd)) {
        return false;
    }
    bool one = true;
    for (int c = 0; c < 256 && one; c++) {
        char in = (char)c;
        char out[16];
        char *from = &in;
        char *to = out;
        size_t in_left = 1;
        size_t out_left = sizeof out;
        (void)iconv(cd, NULL, NULL, NULL, NULL);
        one = iconv(cd, &from, &in_left, &to, &out_left) != (size_t)-1 || errno == EILSEQ;
    }
    iconv_close(cd);
    return one;
}

static bool is_wide(const char *encoding)
{
    return strncasecmp(encoding, "UTF-16", 6) == 0 || strncasecmp(encoding, "UTF16", 5) == 0 ||
           strncasecmp(encoding, "UCS-2", 5) == 0 || strncasecmp(encoding, "UCS2", 4) == 0 ||
           strncasecmp(encoding, "UTF-32", 6) == 0;
}

static bool begin(struct stream *s, struct refusal *why)
{
    s->begun = true;
    if (begins(s, "PK\x03\x04", 4) || begins(s, "\xd0\xcf\x11\xe0", 4)) {
        return refuse(why, REFUSED_WORKBOOK, 1,
                      "a text file is expected, and this is a workbook or a zip: the extract has to"
                      " be saved as CSV");
    }
    const char *marked = by_mark(s);
    bool zeros = s->raw_len >= 2 && (s->raw[0] == '\0') != (s->raw[1] == '\0');
    if (marked == NULL && (is_wide(s->encoding) || zeros)) {
        return refuse(why, REFUSED_ENCODING, 1,
                      "UTF-16 is taken with a byte order mark only, and there is none: the extract"
                      " has to write one, or UTF-8");
    }
    const char *encoding = marked == NULL ? s->encoding : marked;
    s->one_byte = is_one_byte(encoding);
    s->has_cd = open_iconv(encoding, &s->cd);
    if (!s->has_cd) {
        return refuse(why, REFUSED_ENCODING, 0, "iconv does not know the encoding %.40s", encoding);
    }
    if (marked != NULL) {
        free(s->encoding);
        s->encoding = mem_strdup(marked);
    }
    return true;
}

/* ---- pieces ---- */

/* Looks at the raw bytes of a one-byte encoding. */
static void watch(struct stream *s, const char *bytes, size_t n, size_t line)
{
    for (size_t i = 0; i < n && !s->not_utf8; i++) {
        unsigned char c = (unsigned char)bytes[i];
        line += c == '\n';
        if (s->follow > 0) {
            s->not_utf8 = (c & 0xc0) != 0x80;
            s->follow--;
        } else if (c >= 0x80) {
            s->follow = c >= 0xf0 && c <= 0xf4   ? 3
                        : c >= 0xe0 && c <= 0xef ? 2
                        : c >= 0xc2 && c <= 0xdf ? 1
                                                 : 0;
            s->not_utf8 = s->follow == 0;
            s->first_sequence = s->first_sequence == 0 ? line : s->first_sequence;
        }
    }
}

static size_t lines_in(const char *text, size_t len)
{
    size_t n = 0;
    for (const char *p = memchr(text, '\n', len); p != NULL;
         p = memchr(p + 1, '\n', len - (size_t)(p + 1 - text))) {
        n++;
    }
    return n;
}

static bool take(struct stream *s, const char *text, size_t len, struct refusal *why)
{
    if (!utf8_valid(text, len)) {
        return refuse(why, REFUSED_ENCODING, s->line,
                      "%.40s is expected, and at or after this line there are bytes that it lacks."
                      " The mapping's `encoding` has to name the file's: most Windows programs"
                      " write windows-1252",
                      s->encoding);
    }
    buf_put(&s->window, text, len);
    s->line += lines_in(text, len);
    return true;
}

/* Converts what is in raw; what is left there is the beginning of a character. */
static bool convert(struct stream *s, struct refusal *why)
{
    char *from = s->raw;
    size_t left = s->raw_len;
    for (;;) {
        char *to = s->out;
        char *began = from;
        size_t room = sizeof s->out;
        size_t r = iconv(s->cd, &from, &left, &to, &room);
        int error = errno;
        if (s->one_byte) {
            watch(s, began, (size_t)(from - began), s->line);
        }
        if (!take(s, s->out, (size_t)(to - s->out), why)) {
            return false;
        }
        if (r != (size_t)-1 || error == EINVAL) {
            skip(s, s->raw_len - left);
            return true;
        }
        if (error != E2BIG) {
            return refuse(why, REFUSED_ENCODING, s->line,
                          "%.40s is expected, and this line has bytes that it lacks. The mapping's"
                          " `encoding` has to name the file's: most Windows programs write"
                          " windows-1252",
                          s->encoding);
        }
    }
}

/* The window's bytes that were passed over make room. */
static void compact(struct stream *s)
{
    if (s->passed > 0) {
        s->window.len -= s->passed;
        memmove(s->window.data, s->window.data + s->passed, s->window.len);
        s->passed = 0;
    }
}

bool stream_more(struct stream *s, struct refusal *why)
{
    compact(s);
    size_t n = s->in.read(s->in.arg, s->raw + s->raw_len, sizeof s->raw - s->raw_len);
    if (n == SIZE_MAX) {
        return refuse(why, REFUSED_UNREADABLE, 0, "the file cannot be read on");
    }
    s->raw_len += n;
    if (!s->begun && n > 0 && s->raw_len < 4) {
        return true; /* a mark may not be whole */
    }
    if (!s->begun && !begin(s, why)) {
        return false;
    }
    if (n > 0) {
        return convert(s, why);
    }
    s->ended = true;
    if (s->raw_len > 0 && !convert(s, why)) {
        return false;
    }
    return s->raw_len == 0 ||
           refuse(why, REFUSED_ENCODING, s->line,
                  "the file ends in the middle of a character: it is not whole, or not %.40s",
                  s->encoding);
}

bool stream_close(const struct stream *s, struct refusal *why)
{
    if (s->one_byte && !s->not_utf8 && s->follow == 0 && s->first_sequence > 0) {
        return refuse(why, REFUSED_ENCODING, s->first_sequence,
                      "%.40s is expected, and every letter beyond ASCII is UTF-8, first on this"
                      " line: the mapping's encoding has to be UTF-8",
                      s->encoding);
    }
    return true;
}
