#include "services/cli/view.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "common/event/frozen.h"
#include "common/json.h"
#include "common/utf8.h"
#include "services/cli/base64.h"

/* ---- text ---- */

size_t view_width(const char *text)
{
    size_t n = 0;
    for (const char *p = text; *p != '\0'; p++) {
        n += ((unsigned char)*p & 0xc0) != 0x80;
    }
    return n;
}

/* C0 and C1 controls, and DEL. */
static bool is_control(const char *s, size_t len)
{
    unsigned char c = (unsigned char)s[0];
    return (len == 1 && (c < 0x20 || c == 0x7f)) ||
           (len == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0);
}

void view_clean(struct buf *out, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t len = utf8_length(text, left);
        if (len == 0 || is_control(text, len)) {
            buf_putc(out, '?');
            len = len == 0 ? 1 : len;
        } else {
            buf_put(out, text, len);
        }
        text += len;
        left -= len;
    }
    buf_puts(out, "");
}

size_t view_terminal(FILE *to)
{
    if (isatty(fileno(to)) != 1) {
        return 0;
    }
    const char *columns = getenv("COLUMNS");
    long n = columns == NULL ? 0 : strtol(columns, NULL, 10);
    struct winsize size;
    if (n <= 0 && ioctl(fileno(to), TIOCGWINSZ, &size) == 0) {
        n = size.ws_col;
    }
    return n <= 0 || n > 10000 ? 80 : (size_t)n;
}

bool view_is_coloured(FILE *to)
{
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(fileno(to)) == 1 && (no == NULL || no[0] == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

/* ---- values ---- */

static void put_local(struct buf *out, struct instant t)
{
    time_t seconds = (time_t)(t.us / US_PER_SECOND);
    struct tm tm;
    char text[32];
    if (localtime_r(&seconds, &tm) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm) == 0) {
        text[0] = '\0';
    }
    buf_puts(out, text);
}

static void put_texts(struct buf *out, const struct pg_result *r, size_t row, int col, bool json)
{
    struct arena *a = arena_new(1024);
    size_t n = 0;
    const char **items = pg_text_array(r, row, col, a, &n);
    buf_puts(out, json ? "[" : "");
    for (size_t i = 0; i < n; i++) {
        buf_puts(out, i == 0 ? "" : json ? "," : ", ");
        if (json) {
            json_put_string(out, items[i]);
        } else {
            view_clean(out, items[i]);
        }
    }
    buf_puts(out, json ? "]" : "");
    arena_free(a);
}

static void put_bytes(struct buf *out, const char *data, size_t len, bool json)
{
    bool text = utf8_valid(data, len) && memchr(data, '\0', len) == NULL;
    struct buf copy = {0};
    buf_put(&copy, data, len);
    buf_puts(&copy, "");
    if (text && json) {
        json_put_string(out, copy.data);
    } else if (text) {
        view_clean(out, copy.data);
    } else {
        buf_puts(out, json ? "{\"base64\":\"" : "base64:");
        base64_put(out, data, len);
        buf_puts(out, json ? "\"}" : "");
    }
    buf_clear(&copy);
}

static void put_headers(struct buf *out, const char *frozen, size_t len, bool json)
{
    struct frozen_header h;
    size_t at = 0;
    buf_puts(out, json ? "[" : "");
    for (bool first = true; frozen_next(frozen, len, &at, &h); first = false) {
        buf_puts(out, first ? "" : json ? "," : ", ");
        buf_puts(out, json ? "[" : "");
        put_bytes(out, h.name, h.name_len, json);
        buf_puts(out, json ? "," : "=");
        if (h.value != NULL) {
            put_bytes(out, h.value, h.value_len, json);
        } else {
            buf_puts(out, "null");
        }
        buf_puts(out, json ? "]" : "");
    }
    buf_puts(out, json ? "]" : "");
}

/* As a person reads it; null is "". */
static void put_plain(struct buf *out, const struct view_column *c, const struct pg_result *r,
                      size_t row, int col)
{
    char date[DATE_TEXT];
    const char *bytes = NULL;
    size_t len = 0;
    if (pg_is_null(r, row, col)) {
        buf_puts(out, "");
        return;
    }
    switch (c->type) {
    case VIEW_TEXT:
    case VIEW_JSON:
        view_clean(out, pg_text(r, row, col));
        break;
    case VIEW_INT:
        buf_printf(out, "%" PRId64, pg_i64(r, row, col));
        break;
    case VIEW_BOOL:
        buf_puts(out, pg_bool(r, row, col) ? "yes" : "no");
        break;
    case VIEW_DATE:
        buf_puts(out, date_format(pg_date(r, row, col), date));
        break;
    case VIEW_INSTANT:
        put_local(out, pg_instant(r, row, col));
        break;
    case VIEW_TEXTS:
        put_texts(out, r, row, col, false);
        break;
    case VIEW_BYTES:
        bytes = pg_bytes(r, row, col, &len);
        put_bytes(out, bytes, len, false);
        break;
    case VIEW_HEADERS:
        bytes = pg_bytes(r, row, col, &len);
        put_headers(out, bytes, len, false);
        break;
    }
}

static void put_json(struct buf *out, const struct view_column *c, const struct pg_result *r,
                     size_t row, int col)
{
    char date[DATE_TEXT];
    char instant[INSTANT_TEXT];
    const char *bytes = NULL;
    size_t len = 0;
    if (pg_is_null(r, row, col)) {
        buf_puts(out, "null");
        return;
    }
    switch (c->type) {
    case VIEW_TEXT:
        json_put_string(out, pg_text(r, row, col));
        break;
    case VIEW_JSON:
        buf_puts(out, pg_text(r, row, col));
        break;
    case VIEW_INT:
        buf_printf(out, "%" PRId64, pg_i64(r, row, col));
        break;
    case VIEW_BOOL:
        buf_puts(out, pg_bool(r, row, col) ? "true" : "false");
        break;
    case VIEW_DATE:
        buf_printf(out, "\"%s\"", date_format(pg_date(r, row, col), date));
        break;
    case VIEW_INSTANT:
        buf_printf(out, "\"%s\"", instant_format(pg_instant(r, row, col), instant));
        break;
    case VIEW_TEXTS:
        put_texts(out, r, row, col, true);
        break;
    case VIEW_BYTES:
        bytes = pg_bytes(r, row, col, &len);
        put_bytes(out, bytes, len, true);
        break;
    case VIEW_HEADERS:
        bytes = pg_bytes(r, row, col, &len);
        put_headers(out, bytes, len, true);
        break;
    }
}

/* ---- JSON ---- */

static void put_object(struct buf *out, const struct view *v, const struct pg_result *r, size_t row)
{
    for (size_t i = 0; i < v->n; i++) {
        buf_putc(out, i == 0 ? '{' : ',');
        json_put_string(out, v->columns[i].name);
        buf_putc(out, ':');
        put_json(out, &v->columns[i], r, row, (int)i);
    }
    buf_puts(out, "}");
}

void view_row_json(const struct view *v, const struct pg_result *r, size_t row, FILE *to)
{
    struct buf b = {0};
    put_object(&b, v, r, row);
    fprintf(to, "%s\n", b.data);
    buf_clear(&b);
}

void view_json(const struct view *v, const struct pg_result *r, FILE *to)
{
    struct buf b = {0};
    fputc('[', to);
    for (size_t row = 0; row < pg_rows(r); row++) {
        buf_reset(&b);
        put_object(&b, v, r, row);
        fprintf(to, "%s%s", row == 0 ? "\n" : ",\n", b.data);
    }
    fputs(pg_rows(r) == 0 ? "]\n" : "\n]\n", to);
    buf_clear(&b);
}

/* ---- tables ---- */

#define SHOWN_MAX 48

#define SHORT 12   /* rather than that, something is left out */
#define SHORTEST 8 /* but something has to stay */

/* What the table takes with what gives shortened to so much. */
static size_t total_width(const struct view *v, const size_t *width, size_t shortened)
{
    size_t total = 0;
    for (size_t i = 0; i < v->n; i++) {
        bool shorter = v->columns[i].gives > 0 && width[i] > shortened;
        size_t w = shorter ? shortened : width[i];
        total += w == 0 ? 0 : w + (total == 0 ? 0 : 2);
    }
    return total;
}

/* The column that gives most, of those that may be left out. */
static size_t most_giving(const struct view *v, const size_t *width)
{
    size_t most = SHOWN_MAX;
    for (size_t i = 0; i < v->n; i++) {
        if (width[i] > 0 && v->columns[i].gives > 1 &&
            (most == SHOWN_MAX || v->columns[i].gives > v->columns[most].gives)) {
            most = i;
        }
    }
    return most;
}

static size_t widest_giving(const struct view *v, const size_t *width)
{
    size_t widest = SHOWN_MAX;
    for (size_t i = 0; i < v->n; i++) {
        if (v->columns[i].gives > 0 && width[i] > SHORTEST &&
            (widest == SHOWN_MAX || width[i] > width[widest])) {
            widest = i;
        }
    }
    return widest;
}

/* Leaves out what has to be, then takes from the widest, until the table fits or nothing gives. */
static void fit(const struct view *v, size_t *width, size_t terminal)
{
    if (terminal == 0) {
        return;
    }
    size_t i = most_giving(v, width);
    while (i != SHOWN_MAX && total_width(v, width, SHORT) > terminal) {
        width[i] = 0;
        i = most_giving(v, width);
    }
    i = widest_giving(v, width);
    while (i != SHOWN_MAX && total_width(v, width, SIZE_MAX) > terminal) {
        width[i]--;
        i = widest_giving(v, width);
    }
}

static void put_cell(FILE *to, const char *text, size_t width, bool right, bool last,
                     const char *colour)
{
    size_t have = view_width(text);
    if (colour != NULL) {
        fprintf(to, "\x1b[%sm", colour);
    }
    if (have > width) { /* cut by characters, not bytes */
        size_t bytes = 0;
        for (size_t n = 0; text[bytes] != '\0'; bytes++) {
            n += ((unsigned char)text[bytes] & 0xc0) != 0x80;
            if (n == width) {
                break;
            }
        }
        fprintf(to, "%.*s\u2026", (int)bytes, text);
        have = width;
    } else if (right) {
        fprintf(to, "%*s%s", (int)(width - have), "", text);
        have = width;
    } else {
        fputs(text, to);
    }
    fputs(colour != NULL ? "\x1b[0m" : "", to);
    fprintf(to, "%*s", last ? 0 : (int)(width - have + 2), "");
}

static size_t last_shown(const struct view *v, const size_t *width)
{
    size_t last = 0;
    for (size_t i = 0; i < v->n; i++) {
        last = width[i] == 0 ? last : i;
    }
    return last;
}

/* 0: not shown. What gives, gives way where there is nothing in it. */
static size_t width_of(const struct view_column *c, const struct pg_result *r, int col,
                       struct buf *scratch)
{
    size_t widest = 0;
    size_t heading = c->heading == NULL ? 0 : view_width(c->heading);
    for (size_t row = 0; heading > 0 && row < pg_rows(r); row++) {
        buf_reset(scratch);
        put_plain(scratch, c, r, row, col);
        size_t w = view_width(scratch->data);
        widest = w > widest ? w : widest;
    }
    return widest == 0 && c->gives > 0 ? 0 : widest > heading ? widest : heading;
}

void view_table(const struct view *v, const struct pg_result *r, FILE *to)
{
    if (v->n > SHOWN_MAX) {
        abort();
    }
    if (pg_rows(r) == 0 && v->empty != NULL) {
        fprintf(to, "%s\n", v->empty);
        return;
    }
    size_t width[SHOWN_MAX] = {0};
    struct buf b = {0};
    for (size_t i = 0; i < v->n; i++) {
        width[i] = width_of(&v->columns[i], r, (int)i, &b);
    }
    fit(v, width, view_terminal(to));
    size_t last = last_shown(v, width);
    bool coloured = view_is_coloured(to);
    for (size_t row = 0; row <= pg_rows(r); row++) { /* 0: the headings */
        for (size_t i = 0; i < v->n; i++) {
            const struct view_column *c = &v->columns[i];
            if (width[i] == 0) {
                continue;
            }
            buf_reset(&b);
            if (row == 0) {
                buf_puts(&b, c->heading);
            } else {
                put_plain(&b, c, r, row - 1, (int)i);
            }
            const char *colour =
                coloured && row > 0 && v->paint != NULL ? v->paint(r, row - 1, (int)i) : NULL;
            put_cell(to, b.data, width[i], c->type == VIEW_INT, i == last, colour);
        }
        fputc('\n', to);
    }
    buf_clear(&b);
}

void view_row(const struct view *v, const struct pg_result *r, size_t row, FILE *to)
{
    struct buf b = {0};
    size_t widest = 0;
    for (size_t i = 0; i < v->n; i++) {
        size_t w = v->columns[i].heading == NULL ? 0 : view_width(v->columns[i].heading);
        widest = w > widest ? w : widest;
    }
    for (size_t i = 0; i < v->n; i++) {
        const struct view_column *c = &v->columns[i];
        if (c->heading == NULL || pg_is_null(r, row, (int)i)) {
            continue;
        }
        buf_reset(&b);
        put_plain(&b, c, r, row, (int)i);
        fprintf(to, "%-*s  %s\n", (int)widest, c->heading, b.data);
    }
    buf_clear(&b);
}

void view_print(const struct view *v, const struct pg_result *r, bool json)
{
    if (json) {
        view_json(v, r, stdout);
    } else {
        view_table(v, r, stdout);
    }
}
