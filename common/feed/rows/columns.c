/* Order: columns_see() for each cell, columns_judge() once after the last row. A single date that
 * can be read in one way only clears its column. Fewer than COLUMNS_DAYS different dates may be an
 * accident, and clear it too. */
#include "common/feed/rows/columns.h"

#include <string.h>

#include "common/event/text.h"

#define DAY_ZERO ((int32_t)1 << 30) /* keeps days before 1970 above 0 */

void columns_init(struct columns *c, const struct mapping_table *t, bool of_staff, bool explains,
                  struct arena *a)
{
    *c = (struct columns){.n = t->n, .explains = explains, .arena = a};
    c->watch = arena_array(a, t->n + 1, sizeof *c->watch);
    for (size_t i = 0; i < t->n; i++) {
        c->watch[i].seen.of_staff = of_staff;
        c->watch[i].seen.column = &t->column[i];
    }
}

static const char *became(const struct cell *cell, struct arena *a)
{
    char text[INSTANT_TEXT];
    if (!cell->given) {
        return cell->passes ? "passed over" : "";
    }
    if (!date_is_none(cell->day)) {
        return arena_strdup(a, date_format(cell->day, text));
    }
    if (cell->second > 0) {
        struct instant t = {cell->second * US_PER_SECOND};
        return arena_strdup(a, instant_format(t, text));
    }
    return arena_strdup(a, cell->text);
}

static void keep_example(struct columns *c, struct difference_column *seen, const char *raw,
                         const struct cell *cell)
{
    for (size_t i = 0; i < seen->n_examples; i++) {
        if (strcmp(seen->from[i], raw) == 0) {
            return;
        }
    }
    if (mapping_member_kind(seen->column->member) == MAPPING_KIND_BOOL) {
        seen->to[seen->n_examples] = cell->yes ? "true" : "false";
    } else {
        seen->to[seen->n_examples] = became(cell, c->arena);
    }
    seen->from[seen->n_examples++] = arena_strdup(c->arena, raw);
}

static void see_day(struct column_watch *w, const struct cell *cell)
{
    const struct moment *m = &cell->moment;
    if (w->read_one_way || m->day_number > 12) {
        w->read_one_way = true;
        return;
    }
    int32_t day = m->day.days;
    for (size_t i = 0; i < w->n_days; i++) {
        if (w->day[i] == day) {
            return;
        }
    }
    if (w->n_days < COLUMNS_DAYS) {
        w->day[w->n_days++] = day;
    }
}

void columns_see(struct columns *c, size_t i, const char *raw, const char *plain,
                 const struct cell *cell)
{
    struct column_watch *w = &c->watch[i];
    struct difference_column *seen = &w->seen;
    enum mapping_kind kind = mapping_member_kind(seen->column->member);
    bool bad = cell->fault != ROW_NONE || (cell->spreadsheet && !cell->given);
    seen->bad += bad;
    seen->filled += !bad && (cell->given || cell->passes);
    seen->empty += !bad && !cell->given && !cell->passes;
    w->damaged += cell->spreadsheet;
    if (cell->given && cell->fault == ROW_NONE && seen->column->format != NULL &&
        (kind == MAPPING_KIND_DATE || kind == MAPPING_KIND_INSTANT)) {
        see_day(w, cell);
    }
    if (c->explains && bad && plain[0] != '\0' && seen->bad_from == NULL) {
        seen->bad_from = arena_strdup(c->arena, raw);
    }
    if (c->explains && plain[0] != '\0' && cell->fault == ROW_NONE &&
        seen->n_examples < DIFFERENCE_EXAMPLES) {
        keep_example(c, seen, raw, cell);
    }
}

static const char *name_of(const struct mapping_column *c)
{
    return c->names.n > 0 ? c->names.item[0] : "";
}

bool columns_judge(const struct columns *c, struct refusal *why)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct column_watch *w = &c->watch[i];
        const struct mapping_column *column = w->seen.column;
        char example[MOMENT_EXAMPLE];
        if (w->damaged * 2 > w->seen.filled + w->seen.bad) {
            return refuse(
                why, REFUSED_SPREADSHEET, 0,
                "column \"%.80s\": more than half of its cells are numbers as a"
                " spreadsheet writes them. The extract has to come from the HR system, not"
                " from a spreadsheet",
                name_of(column));
        }
        if (!w->read_one_way && w->n_days >= COLUMNS_DAYS && !column->ambiguous_accepted &&
            moment_could_swap(column->format)) {
            return refuse(
                why, REFUSED_AMBIGUOUS_DATES, 0,
                "column \"%.80s\": each of its dates is one with day and month changed"
                " over too, which real dates seldom are. The form wanted is %s (7 September"
                " 2026). Put the format right, or \"ambiguous\": \"accepted\" beside it",
                name_of(column), moment_example(column->format, example));
        }
    }
    return true;
}

uint32_t columns_value(enum mapping_kind kind, const struct cell *cell, struct texts *texts)
{
    if (!cell->given) {
        return 0;
    }
    switch (kind) {
    case MAPPING_KIND_DATE:
        return (uint32_t)(cell->day.days + DAY_ZERO);
    case MAPPING_KIND_INSTANT:
        return cell->second;
    case MAPPING_KIND_BOOL:
        return cell->yes ? COLUMNS_YES : COLUMNS_NO;
    case MAPPING_KIND_ID:
    case MAPPING_KIND_TEXT:
    case MAPPING_KIND_CATEGORY:
    case MAPPING_KIND_SCHEME:
    case MAPPING_KIND_SHARE:
        break;
    }
    return texts_puts(texts, cell->text);
}

struct date columns_value_date(uint32_t value)
{
    return value == 0 ? DATE_NONE : (struct date){(int32_t)value - DAY_ZERO};
}
