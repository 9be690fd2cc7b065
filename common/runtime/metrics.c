/* A series begins with its first value and stays. Once a metric has SERIES_MAX of them, further
 * ones count in the last. A metric without series is not rendered, so a counter that should show 0
 * is set to 0 at the start. */
#include "common/runtime/metrics.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

#define SERIES_MAX 512 /* of one metric: partitions are the most there can be */

static const struct {
    const char *type, *name, *labels, *meaning;
} table[] = {
#define METRIC_ROW(id, type, name, labels, meaning) {type, name, labels, meaning},
    METRICS(METRIC_ROW)
#undef METRIC_ROW
};

static const double bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                0.25,  0.5,    1,     2.5,  5,     10};
#define N_BOUNDS (sizeof bounds / sizeof bounds[0])

struct histogram {
    uint64_t in[N_BOUNDS + 1];
    uint64_t count;
    double sum;
};

struct series {
    char *labels; /* rendered: {result="stored"} */
    double value;
    struct histogram *histogram; /* of a histogram; NULL: nothing yet */
};

static struct {
    struct series *series;
    size_t n;
} kept[METRIC_COUNT];

static void put_value(struct buf *b, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\') {
            buf_putc(b, '\\');
        }
        if (*value == '\n') {
            buf_puts(b, "\\n");
        } else {
            buf_putc(b, *value);
        }
    }
}

static void render_labels(struct buf *b, enum metric m, const char *const *values)
{
    const char *name = table[m].labels;
    for (size_t i = 0; *name != '\0'; i++) {
        size_t len = strcspn(name, ",");
        buf_putc(b, i == 0 ? '{' : ',');
        buf_put(b, name, len);
        buf_puts(b, "=\"");
        put_value(b, values[i]);
        buf_putc(b, '"');
        name += len + (name[len] == ',' ? 1 : 0);
    }
    buf_puts(b, b->len == 0 ? "" : "}");
}

static struct series *series_of(enum metric m, const char *const *values)
{
    struct buf labels = {0};
    render_labels(&labels, m, values);
    for (size_t i = 0; i < kept[m].n; i++) {
        if (strcmp(kept[m].series[i].labels, labels.data) == 0) {
            buf_clear(&labels);
            return &kept[m].series[i];
        }
    }
    if (kept[m].n == SERIES_MAX) {
        buf_clear(&labels);
        return &kept[m].series[SERIES_MAX - 1];
    }
    struct series *more = mem_resize(kept[m].series, kept[m].n + 1, sizeof *more);
    kept[m].series = more;
    more[kept[m].n] = (struct series){.labels = labels.data}; /* takes the buffer over */
    return &more[kept[m].n++];
}

void metrics_add(enum metric m, const char *const *values, double by)
{
    series_of(m, values)->value += by;
}

void metrics_set(enum metric m, const char *const *values, double to)
{
    series_of(m, values)->value = to;
}

void metrics_observe(enum metric m, const char *const *values, double seconds)
{
    struct series *one = series_of(m, values);
    if (one->histogram == NULL) {
        one->histogram = mem_alloc(sizeof *one->histogram);
    }
    struct histogram *h = one->histogram;
    size_t at = 0;
    while (at < N_BOUNDS && seconds > bounds[at]) {
        at++;
    }
    h->in[at]++;
    h->count++;
    h->sum += seconds;
}

/* The series' own labels, as {route="/calls"}, with le among them. */
static void render_histogram(struct buf *out, enum metric m, const struct series *one)
{
    const char *name = table[m].name;
    size_t len = strlen(one->labels);
    int inside = len > 2 ? (int)len - 2 : 0;
    const char *comma = inside > 0 ? "," : "";
    const char *labels = inside > 0 ? one->labels + 1 : "";
    uint64_t below = 0;
    for (size_t i = 0; i <= N_BOUNDS; i++) {
        below += one->histogram->in[i];
        buf_printf(out, "%s_bucket{%.*s%sle=\"", name, inside, labels, comma);
        if (i < N_BOUNDS) {
            buf_printf(out, "%g", bounds[i]);
        } else {
            buf_puts(out, "+Inf");
        }
        buf_printf(out, "\"} %llu\n", (unsigned long long)below);
    }
    buf_printf(out, "%s_sum%s %.6f\n%s_count%s %llu\n", name, one->labels, one->histogram->sum,
               name, one->labels, (unsigned long long)one->histogram->count);
}

void metrics_render(struct buf *out)
{
    for (size_t m = 0; m < METRIC_COUNT; m++) {
        if (kept[m].n == 0) {
            continue; /* of another service */
        }
        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", table[m].name, table[m].meaning,
                   table[m].name, table[m].type);
        for (size_t i = 0; i < kept[m].n; i++) {
            const struct series *one = &kept[m].series[i];
            if (one->histogram != NULL) {
                render_histogram(out, (enum metric)m, one);
            } else {
                buf_printf(out, "%s%s %.17g\n", table[m].name, one->labels, one->value);
            }
        }
    }
}
