/* A row is cut out of the window by counting quotes. The strict reader of CSV then refuses a quote
 * that is missing or too many. So no more than a row is held, and one that never
 * ends is given up after ROW_MAX bytes. */
#include "common/feed/rows/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/mem.h"
#include "common/event/text.h"
#include "common/feed/rows/cells.h"
#include "common/feed/rows/csv.h"
#include "common/feed/rows/stream.h"

#define ROW_MAX ((size_t)1 << 19)
#define HEADER_LINES 20
#define NAME_TEXT 201

/* Where a mapped column stands in the file. */
struct place {
    size_t first; /* of table.cell: one for each of its names */
    size_t n;
};

struct table {
    const struct mapping_file *file;
    const struct mapping_table *columns;
    struct stream *stream;
    struct arena *keep; /* of the whole file */
    struct arena *row;  /* of one row */
    size_t line;        /* on which the window begins */
    bool last_is_open;  /* the row read last has no line end */
    size_t n_header;
    struct place *place;
    size_t *cell; /* numbers of cells, in the order of the columns' names */
    const char **cells;
    size_t n_cells;
};

/* ---- rows ---- */

/* How long the row at the window's beginning is, its line end included; 0: it does not end here. */
static size_t row_length(const char *text, size_t len, size_t *scanned, bool *quoted)
{
    for (size_t i = *scanned; i < len; i++) {
        if (text[i] == '"') {
            *quoted = !*quoted;
        } else if (text[i] == '\n' && !*quoted) {
            return i + 1;
        }
    }
    *scanned = len;
    return 0;
}

/* The next row as bytes; *len is 0 at the end. */
static bool cut_row(struct table *t, const char **text, size_t *len, struct refusal *why)
{
    size_t scanned = 0;
    bool quoted = false;
    for (;;) {
        size_t there = 0;
        *text = stream_at(t->stream, &there);
        *len = row_length(*text, there, &scanned, &quoted);
        t->last_is_open = *len == 0;
        if (*len > 0) {
            return true;
        }
        if (stream_ended(t->stream) || there > ROW_MAX) {
            *len = there;
            return true;
        }
        if (!stream_more(t->stream, why)) {
            return false;
        }
    }
}

static const char *delimiter_words(char delimiter, char out[4])
{
    if (delimiter == '\t') {
        return "a tab";
    }
    memcpy(out, (char[]){'"', delimiter, '"', '\0'}, 4);
    return out;
}

static bool refuse_csv(struct refusal *why, size_t line, char delimiter, const struct err *err)
{
    char mark[4];
    const char *text = strchr(err->text, ':');
    unsigned long named =
        strncmp(err->text, "line ", 5) == 0 ? strtoul(err->text + 5, NULL, 10) : 0;
    return refuse(
        why, REFUSED_CSV, named > 0 ? named : line,
        "%s. Cells that hold a quote, the delimiter or a line end have to be quoted whole. Or is"
        " `delimiter` wrong: is %s between the cells?",
        text == NULL ? err->text : text + 2, delimiter_words(delimiter, mark));
}

/* Reads one row, blank or not; *n is 0 at the end and for an empty line. */
static bool read_row(struct table *t, size_t *line, bool *end, struct refusal *why)
{
    const char *text = NULL;
    size_t len = 0;
    struct csv c;
    struct err err = {0};
    arena_reset(t->row);
    t->n_cells = 0;
    *line = t->line;
    if (!cut_row(t, &text, &len, why)) {
        return false;
    }
    *end = len == 0;
    if (*end) {
        return stream_close(t->stream, why);
    }
    csv_begin(&c, text, len);
    c.line = t->line;
    c.delimiter = t->file->delimiter;
    c.formulas = true;
    size_t at = 0;
    if (csv_row(&c, t->row, &t->cells, &t->n_cells, &at, &err) != STATUS_OK) {
        return refuse_csv(why, t->line, t->file->delimiter, &err);
    }
    if (t->last_is_open && !stream_ended(t->stream)) {
        return refuse(why, REFUSED_CSV, t->line,
                      "a row of more than %zu bytes: is a quote missing?", ROW_MAX);
    }
    for (const char *p = memchr(text, '\n', len); p != NULL;
         p = memchr(p + 1, '\n', len - (size_t)(p + 1 - text))) {
        t->line++;
    }
    stream_pass(t->stream, len);
    return true;
}

/* ---- the header ---- */

/* A column's name as names are compared: small letters, each run of blanks one space. */
static void plain_name(const char *name, char out[NAME_TEXT])
{
    size_t len = 0;
    size_t n = 0;
    char folded[NAME_TEXT];
    const char *at = text_trim(name, strlen(name), TEXT_INVISIBLE, &len);
    out[0] = '\0';
    if (!text_fold(at, len, folded, sizeof folded)) {
        return;
    }
    for (size_t i = 0; i < len;) {
        size_t rest = 0;
        const char *next = text_trim(folded + i, len - i, TEXT_SPACE, &rest);
        if (next != folded + i) {
            out[n++] = ' ';
            i = (size_t)(next - folded);
        } else {
            out[n++] = folded[i++];
        }
    }
    out[n] = '\0';
}

/* How often a name stands in the row read last, and where first. */
static size_t find_name(const struct table *t, char (*header)[NAME_TEXT], const char *name,
                        size_t *at)
{
    char wanted[NAME_TEXT];
    size_t n = 0;
    plain_name(name, wanted);
    for (size_t i = 0; i < t->n_cells; i++) {
        if (strcmp(header[i], wanted) == 0) {
            *at = n == 0 ? i : *at;
            n++;
        }
    }
    return n;
}

/* A line that may be the header, and what it lacks. */
struct lack {
    size_t line, found;
    bool like_header;
    char missing[120], twice[120]; /* the first of each, "": none */
    char there[400];               /* the columns that are there */
};

static void note_name(char *out, size_t size, const char *name)
{
    if (out[0] == '\0') {
        size_t len = strlen(name) < size - 1 ? strlen(name) : size - 1;
        memcpy(out, name, len);
        out[len] = '\0';
    }
}

/* A row of data has a person's number and a date: three digits in a row are in no column's name. */
static bool is_like_header(const struct table *t)
{
    for (size_t i = 0; i < t->n_cells; i++) {
        for (const char *p = t->cells[i]; *p != '\0'; p++) {
            if (strspn(p, "0123456789") >= 3 || *p == '@') {
                return false;
            }
        }
    }
    return t->n_cells > 1;
}

static void list_there(const struct table *t, struct lack *lack)
{
    size_t n = 0;
    lack->like_header = is_like_header(t);
    for (size_t i = 0; i < t->n_cells && lack->like_header; i++) {
        size_t len = strlen(t->cells[i]);
        if (n + len + 3 < sizeof lack->there) {
            n += (size_t)snprintf(lack->there + n, sizeof lack->there - n, "%s%s",
                                  n == 0 ? "" : ", ", t->cells[i]);
        }
    }
}

/* Is the row read last the header? Fills the places if so. */
static bool try_header(struct table *t, size_t line, struct lack *lack)
{
    size_t n = 0;
    char(*header)[NAME_TEXT] = arena_array(t->row, t->n_cells + 1, sizeof *header);
    *lack = (struct lack){.line = line};
    for (size_t i = 0; i < t->n_cells; i++) {
        plain_name(t->cells[i], header[i]);
    }
    for (size_t i = 0; i < t->columns->n; i++) {
        const struct mapping_column *c = &t->columns->column[i];
        t->place[i] = (struct place){.first = n, .n = c->names.n};
        for (size_t k = 0; k < c->names.n; k++) {
            size_t times = find_name(t, header, c->names.item[k], &t->cell[n]);
            if (times == 0) {
                note_name(lack->missing, sizeof lack->missing, c->names.item[k]);
            } else if (times > 1) {
                note_name(lack->twice, sizeof lack->twice, c->names.item[k]);
            }
            lack->found += times > 0;
            n++;
        }
    }
    list_there(t, lack);
    return lack->missing[0] == '\0' && lack->twice[0] == '\0';
}

/* A file without a header begins with somebody's data, which is not for messages: columns are named
 * only where they look like columns. */
static bool refuse_header(const struct lack *best, char delimiter, struct refusal *why)
{
    char mark[4];
    if (best->line == 0) {
        return refuse(why, REFUSED_HEADER, 0,
                      "a header is expected in the first %d lines, and none of them names a column"
                      " of the mapping. Does the file have its column names, and is %s between its"
                      " cells?",
                      HEADER_LINES, delimiter_words(delimiter, mark));
    }
    bool twice = best->missing[0] == '\0';
    return refuse(
        why, REFUSED_HEADER, best->line,
        "the column \"%s\" is expected once, and the header has it %s%s%s. Name another in"
        " the mapping, or have it written %s",
        twice ? best->twice : best->missing, twice ? "twice" : "not at all",
        best->there[0] == '\0' ? "" : ". Its columns are: ", best->there,
        twice ? "once" : "by the HR system");
}

/* Is this line more like the header than the best before? */
static bool is_better(const struct lack *lack, const struct lack *best)
{
    bool candidate = lack->found > 0 || lack->like_header;
    return candidate && (best->line == 0 || lack->found > best->found);
}

static bool find_header(struct table *t, struct refusal *why)
{
    struct lack best = {0};
    struct lack lack;
    bool end = false;
    while (t->line <= HEADER_LINES && !end) {
        size_t line = 0;
        if (!read_row(t, &line, &end, why)) {
            return false;
        }
        if (t->n_cells > 0 && try_header(t, line, &lack)) {
            t->n_header = t->n_cells;
            return true;
        }
        if (t->n_cells > 0 && is_better(&lack, &best)) {
            best = lack;
        }
    }
    return refuse_header(&best, t->file->delimiter, why);
}

static void make_room(struct table *t)
{
    size_t n = t->columns->n;
    size_t names = 0;
    for (size_t i = 0; i < n; i++) {
        names += t->columns->column[i].names.n;
    }
    t->place = arena_array(t->keep, n + 1, sizeof *t->place);
    t->cell = arena_array(t->keep, names + 1, sizeof *t->cell);
}

bool table_open(struct table **out, const struct input *in, const struct mapping_file *f,
                const struct mapping_table *columns, struct refusal *why)
{
    struct table *t = mem_alloc(sizeof *t);
    t->file = f;
    t->columns = columns;
    t->stream = stream_new(in, f->encoding);
    t->keep = arena_new(4096);
    t->row = arena_new(65536);
    t->line = 1;
    make_room(t);
    if (!find_header(t, why)) {
        table_free(t);
        return false;
    }
    *out = t;
    return true;
}

void table_free(struct table *t)
{
    if (t != NULL) {
        stream_free(t->stream);
        arena_free(t->keep);
        arena_free(t->row);
        free(t);
    }
}

/* ---- data ---- */

static bool is_blank(const struct table *t)
{
    for (size_t i = 0; i < t->n_cells; i++) {
        size_t len = 0;
        (void)text_trim(t->cells[i], strlen(t->cells[i]), TEXT_INVISIBLE, &len);
        if (len > 0) {
            return false;
        }
    }
    return true;
}

bool table_next(struct table *t, struct table_row *row, bool *more, struct refusal *why)
{
    bool end = false;
    do {
        if (!read_row(t, &row->line, &end, why)) {
            return false;
        }
    } while (!end && is_blank(t));
    *more = !end;
    row->cells = t->n_cells;
    row->whole = t->n_cells == t->n_header;
    if (!end && t->last_is_open && t->n_cells < t->n_header) {
        return refuse(
            why, REFUSED_CUT_OFF, row->line,
            "the last row has %zu of %zu cells and no line end: the file is not whole, and"
            " has to be uploaded again",
            t->n_cells, t->n_header);
    }
    return true;
}

const char *table_cell(struct table *t, size_t i, const char **raw)
{
    const struct mapping_column *c = &t->columns->column[i];
    if (raw != NULL) {
        *raw = "";
    }
    if (c->value != NULL) {
        return c->value;
    }
    for (size_t k = 0; k < t->place[i].n; k++) {
        size_t at = t->cell[t->place[i].first + k];
        const char *cell = at < t->n_cells ? t->cells[at] : "";
        char *plain = arena_alloc(t->row, strlen(cell) + 1);
        if (cells_plain(&t->file->empty, cell, plain)) {
            if (raw != NULL) {
                *raw = cell;
            }
            return plain;
        }
    }
    return "";
}

const char *table_column(const struct table *t, size_t i)
{
    const struct mapping_column *c = &t->columns->column[i];
    return c->names.n > 0 ? c->names.item[0] : "";
}
