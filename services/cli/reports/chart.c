/* All values that are drawn are also written out, in <desc>. A value that was suppressed breaks its
 * line, so that nothing is drawn through the gap. The file needs no other: it has its style in
 * itself, and no script. */
#include "services/cli/reports/chart.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/shown.h"

#define WIDTH 960
#define HEAD 70   /* above the first panel */
#define PANEL 300 /* from one panel to the next */
#define PLOT_W 390
#define PLOT_H 170
#define PLOT_TOP 62 /* within a panel */
#define LEFT_X 60   /* of the two plots of a panel */
#define RIGHT_X 530
#define LABELS_MAX 12 /* months named below a plot */

enum column { ORGANISATION, PATHWAY, MONTH, RAW, ACHIEVABLE, MEDIAN, P90 };

/* The rows of one panel. */
struct part {
    const struct pg_result *r;
    size_t first, n;
};

struct series {
    enum column column;
    const char *name;
    bool dashed; /* squares instead of dots as well: no colour is needed to tell them apart */
};

struct plot {
    const char *title, *unit;
    struct series series[2];
    int x, y;   /* of its upper left corner */
    double top; /* the value there */
};

static void put_text(struct buf *out, const char *text)
{
    struct buf clean = {0};
    shown_clean(&clean, text);
    for (const char *p = clean.data; *p != '\0'; p++) {
        switch (*p) {
        case '<':
            buf_puts(out, "&lt;");
            break;
        case '>':
            buf_puts(out, "&gt;");
            break;
        case '&':
            buf_puts(out, "&amp;");
            break;
        case '"':
            buf_puts(out, "&quot;");
            break;
        default:
            buf_putc(out, *p);
        }
    }
    buf_clear(&clean);
}

/* False: held back. */
static bool value_at(const struct part *p, size_t i, enum column column, double *out)
{
    if (pg_is_null(p->r, p->first + i, (int)column)) {
        return false;
    }
    *out = column == RAW || column == ACHIEVABLE
               ? strtod(pg_text(p->r, p->first + i, (int)column), NULL)
               : (double)pg_i64(p->r, p->first + i, (int)column);
    return true;
}

static double x_of(const struct plot *plot, const struct part *p, size_t i)
{
    double step = (double)PLOT_W / (double)p->n;
    return plot->x + step * ((double)i + 0.5);
}

static double y_of(const struct plot *plot, double value)
{
    return plot->y + PLOT_H * (1 - value / plot->top);
}

/* ---- a plot ---- */

static void put_axes(struct buf *out, const struct plot *plot, const struct part *p)
{
    buf_printf(out, "<text class=\"t\" x=\"%d\" y=\"%d\">", plot->x, plot->y - 34);
    put_text(out, plot->title);
    buf_puts(out, "</text>\n");
    for (int i = 0; i <= 4; i++) {
        double value = plot->top * i / 4;
        double y = y_of(plot, value);
        buf_printf(out,
                   "<path class=\"%s\" d=\"M%d %.1fh%d\"/><text class=\"e\" x=\"%d\" y=\"%.1f\">"
                   "%g%s</text>\n",
                   i == 0 ? "a" : "g", plot->x, y, PLOT_W, plot->x - 6, y + 4, value, plot->unit);
    }
    size_t every = (p->n + LABELS_MAX - 1) / LABELS_MAX;
    for (size_t i = 0; i < p->n; i += every) {
        buf_printf(out, "<text class=\"m\" x=\"%.1f\" y=\"%d\">", x_of(plot, p, i),
                   plot->y + PLOT_H + 18);
        const char *month = pg_text(p->r, p->first + i, MONTH); /* 2026-09 */
        buf_printf(out, "%.2s", month + 5);
        if (i == 0 || strncmp(month + 5, "01", 2) == 0) {
            buf_printf(out, "<tspan class=\"y\" x=\"%.1f\" dy=\"14\">%.4s</tspan>",
                       x_of(plot, p, i), month);
        }
        buf_puts(out, "</text>\n");
    }
}

static void put_line(struct buf *out, const struct plot *plot, const struct series *s,
                     const struct part *p)
{
    bool pen_down = false;
    bool any = false;
    for (size_t i = 0; i < p->n; i++) {
        double value = 0;
        bool there = value_at(p, i, s->column, &value);
        if (there) {
            buf_puts(out, any         ? ""
                          : s->dashed ? "<path class=\"d\" d=\""
                                      : "<path class=\"l\" d=\"");
            buf_printf(out, "%c%.1f %.1f", pen_down ? 'L' : 'M', x_of(plot, p, i),
                       y_of(plot, value));
            any = true;
        }
        pen_down = there;
    }
    buf_puts(out, any ? "\"/>\n" : "");
}

static void put_mark(struct buf *out, bool square, double x, double y)
{
    if (square) {
        buf_printf(out, "<rect class=\"q\" x=\"%.1f\" y=\"%.1f\" width=\"8\" height=\"8\"/>", x - 4,
                   y - 4);
    } else {
        buf_printf(out, "<circle class=\"o\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"/>", x, y);
    }
}

static void put_series(struct buf *out, const struct plot *plot, size_t nth, const struct part *p)
{
    const struct series *s = &plot->series[nth];
    int key_x = plot->x + (int)nth * PLOT_W / 2;
    buf_printf(out, "<path class=\"%s\" d=\"M%d %dh28\"/>", s->dashed ? "d" : "l", key_x,
               plot->y - 18);
    put_mark(out, s->dashed, key_x + 14, plot->y - 18);
    buf_printf(out, "<text class=\"k\" x=\"%d\" y=\"%d\">%s</text>\n", key_x + 36, plot->y - 14,
               s->name);
    put_line(out, plot, s, p);
    for (size_t i = 0; i < p->n; i++) {
        double value = 0;
        if (value_at(p, i, s->column, &value)) {
            double y = y_of(plot, value);
            put_mark(out, s->dashed, x_of(plot, p, i), y);
            buf_printf(out, "<text class=\"v\" x=\"%.1f\" y=\"%.1f\">%g</text>\n", x_of(plot, p, i),
                       nth == 0 ? y + 17 : y - 9, value);
        } else if (nth == 0) {
            buf_printf(out, "<text class=\"m\" x=\"%.1f\" y=\"%d\">*</text>\n", x_of(plot, p, i),
                       plot->y + PLOT_H - 4);
        }
    }
}

static void put_plot(struct buf *out, const struct plot *plot, const struct part *p)
{
    put_axes(out, plot, p);
    put_series(out, plot, 1, p);
    put_series(out, plot, 0, p);
}

/* ---- panels ---- */

/* A multiple of 4 that all days fit under. */
static double days_top(const struct part *p)
{
    double top = 8;
    for (size_t i = 0; i < p->n; i++) {
        for (int c = MEDIAN; c <= P90; c++) {
            double value = 0;
            while (value_at(p, i, (enum column)c, &value) && value > top) {
                top += top >= 40 ? 20 : 4;
            }
        }
    }
    return top;
}

static void put_panel(struct buf *out, const struct part *p, int y)
{
    buf_printf(out, "<g><text class=\"p\" x=\"%d\" y=\"%d\">", LEFT_X, y);
    put_text(out, pg_text(p->r, p->first, ORGANISATION));
    buf_puts(out, ", ");
    put_text(out, pg_text(p->r, p->first, PATHWAY));
    buf_puts(out, "</text>\n");
    const struct plot target = {"Contacted in target, % of spells",
                                " %",
                                {{RAW, "of all", false}, {ACHIEVABLE, "of those achievable", true}},
                                LEFT_X,
                                y + PLOT_TOP,
                                100};
    const struct plot days = {"Days from onset to first contact",
                              "",
                              {{MEDIAN, "half within", false}, {P90, "nine in ten within", true}},
                              RIGHT_X,
                              y + PLOT_TOP,
                              days_top(p)};
    put_plot(out, &target, p);
    put_plot(out, &days, p);
    buf_puts(out, "</g>\n");
}

static void put_words_of(struct buf *out, const struct part *p, size_t i, enum column column,
                         const char *before, const char *after)
{
    double value = 0;
    buf_puts(out, before);
    if (value_at(p, i, column, &value)) {
        buf_printf(out, "%g%s", value, after);
    } else {
        buf_puts(out, "held back");
    }
}

/* All that is drawn, to be heard. */
static void put_words(struct buf *out, const struct part *p)
{
    put_text(out, pg_text(p->r, p->first, ORGANISATION));
    buf_puts(out, ", ");
    put_text(out, pg_text(p->r, p->first, PATHWAY));
    buf_puts(out, ".\n");
    for (size_t i = 0; i < p->n; i++) {
        put_text(out, pg_text(p->r, p->first + i, MONTH));
        put_words_of(out, p, i, RAW, ": contacted in target, of all ", " per cent");
        put_words_of(out, p, i, ACHIEVABLE, ", of those achievable ", " per cent");
        put_words_of(out, p, i, MEDIAN, "; half contacted within ", " days");
        put_words_of(out, p, i, P90, ", nine in ten within ", " days");
        buf_puts(out, ".\n");
    }
}

static bool next_part(struct part *p)
{
    size_t rows = pg_rows(p->r);
    p->first += p->n;
    p->n = 0;
    for (size_t i = p->first; i < rows; i++, p->n++) {
        if (strcmp(pg_text(p->r, i, ORGANISATION), pg_text(p->r, p->first, ORGANISATION)) != 0 ||
            strcmp(pg_text(p->r, i, PATHWAY), pg_text(p->r, p->first, PATHWAY)) != 0) {
            break;
        }
    }
    return p->n > 0;
}

static const char style[] =
    "<style>text{font-family:Arial,Helvetica,sans-serif;fill:#212b32;font-size:13px}"
    ".h{font-size:20px;font-weight:bold}.p{font-size:17px;font-weight:bold}.t{font-weight:bold}"
    ".e{text-anchor:end;font-size:12px}.m,.v,.y{text-anchor:middle;font-size:12px}"
    ".v{paint-order:stroke;stroke:#fff;stroke-width:3px;font-size:11px}.k{font-size:12px}"
    "path{fill:none}.a{stroke:#212b32}.g{stroke:#d8dde0}"
    ".l{stroke:#005eb8;stroke-width:2.5}.o{fill:#005eb8;stroke:#fff}"
    ".d{stroke:#4c2c92;stroke-width:2;stroke-dasharray:7 4}"
    ".q{fill:#fff;stroke:#4c2c92;stroke-width:2}</style>\n";

static void put_chart(struct buf *out, const struct pg_result *r)
{
    int panels = 0;
    for (struct part p = {.r = r}; next_part(&p);) {
        panels++;
    }
    int height = HEAD + panels * PANEL + 40;
    buf_printf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
               "height=\"%d\" role=\"img\" aria-labelledby=\"title desc\">\n"
               "<title id=\"title\">Contacted in target, and days to contact, by month of onset"
               "</title>\n<desc id=\"desc\">\n",
               WIDTH, height, WIDTH, height);
    for (struct part p = {.r = r}; next_part(&p);) {
        put_words(out, &p);
    }
    buf_printf(out,
               "</desc>\n%s<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n"
               "<text class=\"h\" x=\"%d\" y=\"34\">Contacted in target, and days to contact, by "
               "month of onset</text>\n",
               style, WIDTH, height, LEFT_X);
    int y = HEAD;
    for (struct part p = {.r = r}; next_part(&p); y += PANEL) {
        put_panel(out, &p, y);
    }
    buf_printf(out, "<text class=\"k\" x=\"%d\" y=\"%d\">%s</text>\n</svg>\n", LEFT_X, height - 14,
               panels == 0 ? "Nothing: no organisation has sent any."
                           : "* held back: fewer than 5, or would tell of fewer than 5.");
}

enum status chart_write(const char *path, const struct pg_result *r, struct err *err)
{
    bool to_stdout = strcmp(path, "-") == 0;
    FILE *to = to_stdout ? stdout : fopen(path, "w");
    if (to == NULL) {
        return err_set(err, STATUS_REJECT, "input", "--svg: %s", strerror(errno));
    }
    struct buf out = {0};
    put_chart(&out, r);
    bool written = fwrite(out.data, 1, out.len, to) == out.len && fflush(to) == 0;
    buf_clear(&out);
    if (!to_stdout && fclose(to) != 0) {
        written = false;
    }
    return written ? STATUS_OK : err_set(err, STATUS_REJECT, "input", "--svg: cannot be written");
}
