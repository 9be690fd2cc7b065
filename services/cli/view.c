/* A table is made in three steps: the width of each column, what a narrow terminal leaves out or
 * shortens, the rows. Texts are cleaned before they are measured. JSON has every column, whole, and
 * is not cleaned: it is for programs. */
#include "services/cli/view.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "common/base/base64.h"
#include "common/base/shown.h"
#include "common/base/utf8.h"
#include "common/event/frozen.h"
#include "common/json/json.h"

#define CELL_MAX 60 /* columns of what others wrote */

/* ---- text ---- */

void view_clean(struct buf *out, const char *text)
{
    shown_clean(out, text);
}

void view_short(struct buf *out, const char *text)
{
    struct buf clean = {0};
    shown_clean(&clean, text);
    bool fits = shown_fit(clean.data, CELL_MAX) == clean.len;
    buf_put(out, clean.data, fits ? clean.len : shown_fit(clean.data, CELL_MAX - 1));
    buf_puts(out, fits ? "" : "\u2026");
    buf_clear(&clean);
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
    case VIEW_WORDS:
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
    case VIEW_WORDS:
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

/* The width of the table with shrinking columns cut to this much. */
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

/* Leaves out what has to be, then takes from the widest, until the table fits or nothing gives.
 * A table that folds shortens nothing as long as there is something to leave out. */
static void fit(const struct view *v, size_t *width, size_t terminal)
{
    if (terminal == 0) {
        return;
    }
    size_t shortened = v->folds ? SIZE_MAX : SHORT;
    size_t i = most_giving(v, width);
    while (i != SHOWN_MAX && total_width(v, width, shortened) > terminal) {
        width[i] = 0;
        i = most_giving(v, width);
    }
    i = widest_giving(v, width);
    while (i != SHOWN_MAX && total_width(v, width, SIZE_MAX) > terminal) {
        width[i]--;
        i = widest_giving(v, width);
    }
}

/* The value as a table has it. */
static void put_value(struct buf *out, const struct view_column *c, const struct pg_result *r,
                      size_t row, int col)
{
    if (c->type == VIEW_WORDS) {
        put_plain(out, c, r, row, col);
        return;
    }
    struct buf whole = {0};
    put_plain(&whole, c, r, row, col);
    view_short(out, whole.data);
    buf_clear(&whole);
}

/* Hebrew, Arabic and their like. Digits behind them would be shown before them. */
static bool runs_leftwards(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if ((*p >= 0xD6 && *p <= 0xDF) || (*p == 0xE0 && p[1] < 0xA4) ||
            (*p == 0xEF && p[1] >= 0xAC && p[1] <= 0xBB) ||
            (*p == 0xF0 && (p[1] == 0x9E || (p[1] == 0x90 && p[2] >= 0xA0)))) {
            return true;
        }
    }
    return false;
}

static void put_cell(FILE *to, const char *text, size_t width, bool right, bool last,
                     const char *colour)
{
    size_t have = shown_width(text);
    size_t bytes = strlen(text);
    bool cut = have > width;
    if (colour != NULL) {
        fprintf(to, "\x1b[%sm", colour);
    }
    if (cut) {
        bytes = shown_fit(text, width - 1);
        struct buf left = {0};
        buf_put(&left, text, bytes);
        have = shown_width(left.data) + 1;
        buf_clear(&left);
    }
    size_t fill = width - have;
    fprintf(to, "%*s%.*s%s%s", right ? (int)fill : 0, "", (int)bytes, text, cut ? "\u2026" : "",
            runs_leftwards(text) ? "\u200e" : "");
    fputs(colour != NULL ? "\x1b[0m" : "", to);
    fprintf(to, "%*s", last ? 0 : (int)((right ? 0 : fill) + 2), "");
}

#define INDENT 4
#define SAME 6 /* a column that gives so much is not folded where every row has the same in it */

static bool is_same(const struct view_column *c, const struct pg_result *r, int col)
{
    struct buf first = {0};
    struct buf other = {0};
    bool same = c->gives >= SAME && pg_rows(r) > 1;
    for (size_t row = 0; row < pg_rows(r) && same; row++) {
        buf_reset(&other);
        put_plain(row == 0 ? &first : &other, c, r, row, col);
        same = row == 0 || strcmp(first.data, other.data) == 0;
    }
    buf_clear(&first);
    buf_clear(&other);
    return same;
}

/* The columns of a row that were left out: "heading value", in lines of that width. */
static void put_folded(const struct view *v, const struct pg_result *r, size_t row,
                       const size_t *width, size_t terminal, FILE *to)
{
    struct buf part = {0};
    size_t used = 0; /* of the line; 0: none has begun */
    for (size_t i = 0; i < v->n; i++) {
        const struct view_column *c = &v->columns[i];
        if (width[i] > 0 || c->heading == NULL || pg_is_null(r, row, (int)i) ||
            is_same(c, r, (int)i)) {
            continue;
        }
        buf_reset(&part);
        for (const char *h = c->heading; *h != '\0'; h++) {
            buf_putc(&part, *h >= 'A' && *h <= 'Z' ? (char)(*h - 'A' + 'a') : *h);
        }
        buf_putc(&part, ' ');
        put_value(&part, c, r, row, (int)i);
        size_t w = shown_width(part.data);
        if (used > 0 && used + 3 + w > terminal) {
            fputc('\n', to);
            used = 0;
        }
        fprintf(to, "%*s%s%s", used == 0 ? INDENT : 0, "", used == 0 ? "" : " \u00b7 ", part.data);
        used += w + (used == 0 ? INDENT : 3);
    }
    fputs(used > 0 ? "\n" : "", to);
    buf_clear(&part);
}

static size_t last_shown(const struct view *v, const size_t *width)
{
    size_t last = 0;
    for (size_t i = 0; i < v->n; i++) {
        last = width[i] == 0 ? last : i;
    }
    return last;
}

/* 0: not shown. A shrinking column is left out first where it is empty. */
static size_t width_of(const struct view_column *c, const struct pg_result *r, int col,
                       struct buf *scratch)
{
    size_t widest = 0;
    size_t heading = c->heading == NULL ? 0 : shown_width(c->heading);
    for (size_t row = 0; heading > 0 && row < pg_rows(r); row++) {
        buf_reset(scratch);
        put_value(scratch, c, r, row, col);
        size_t w = shown_width(scratch->data);
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
    size_t terminal = view_terminal(to);
    fit(v, width, terminal);
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
                put_value(&b, c, r, row - 1, (int)i);
            }
            const char *colour =
                coloured && row > 0 && v->paint != NULL ? v->paint(r, row - 1, (int)i) : NULL;
            put_cell(to, b.data, width[i], c->type == VIEW_INT, i == last, colour);
        }
        fputc('\n', to);
        if (row > 0 && v->folds && terminal > 0) {
            put_folded(v, r, row - 1, width, terminal, to);
        }
    }
    buf_clear(&b);
}

void view_row(const struct view *v, const struct pg_result *r, size_t row, FILE *to)
{
    struct buf b = {0};
    size_t widest = 0;
    for (size_t i = 0; i < v->n; i++) {
        size_t w = v->columns[i].heading == NULL ? 0 : shown_width(v->columns[i].heading);
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
