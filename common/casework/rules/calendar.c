/* A bit says whether a day is a bank holiday of a division, for all days that a message may name.
 * Other days have none. The reader of the government's file is strict where a mistake would delete
 * bank holidays, and passes over members that the publisher adds. */
#include "common/casework/rules/calendar.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/casework/rules/document.h"

#define DAYS (84370 + 25567 + 1) /* DATE_FIRST to DATE_LAST */

/* A bit a day and division. */
struct calendar {
    uint8_t holidays[DIVISION_COUNT][(DAYS + 7) / 8];
};

struct calendar *calendar_new(void)
{
    return mem_alloc(sizeof(struct calendar));
}

void calendar_free(struct calendar *c)
{
    free(c);
}

void calendar_add(struct calendar *c, enum division division, struct date day)
{
    if (day.days >= DATE_FIRST.days && day.days <= DATE_LAST.days) {
        uint32_t i = (uint32_t)(day.days - DATE_FIRST.days);
        c->holidays[division][i / 8] |= (uint8_t)(1u << (i % 8));
    }
}

static bool is_holiday(const struct calendar *c, enum division division, struct date d)
{
    if (d.days < DATE_FIRST.days || d.days > DATE_LAST.days) {
        return false; /* steps and targets may lead past the last day a message can name */
    }
    uint32_t i = (uint32_t)(d.days - DATE_FIRST.days);
    return (c->holidays[division][i / 8] >> (i % 8) & 1) != 0;
}

bool calendar_is_working_day(const struct calendar *c, enum division division, struct date d)
{
    return date_weekday(d) <= FRI && !is_holiday(c, division, d);
}

struct date calendar_step(const struct calendar *c, enum division division, struct date d, int n)
{
    int by = n < 0 ? -1 : 1;
    while (n != 0) {
        d = date_add(d, by);
        if (calendar_is_working_day(c, division, d)) {
            n -= by;
        }
    }
    return d;
}

int calendar_working_days(const struct calendar *c, enum division division, struct date from,
                          struct date to)
{
    int n = 0;
    for (struct date d = date_add(from, 1); d.days <= to.days; d = date_add(d, 1)) {
        n += calendar_is_working_day(c, division, d) ? 1 : 0;
    }
    return n;
}

static bool is_closure(const struct org_rules *r, struct date d)
{
    size_t low = 0, high = r->n_closures;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->closures[middle].days < d.days) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < r->n_closures && date_eq(r->closures[low], d);
}

struct date calendar_last_service_day(const struct calendar *c, const struct org_rules *r,
                                      struct date from, struct date to)
{
    for (struct date d = to; d.days >= from.days; d = date_add(d, -1)) {
        if ((r->service_days >> date_weekday(d) & 1) != 0 && !is_holiday(c, r->division, d) &&
            !is_closure(r, d)) {
            return d;
        }
    }
    return DATE_NONE;
}

/* ---- the government's file ---- */

struct holiday_list {
    struct holiday *items;
    size_t n;
    unsigned divisions;
};

static const struct json *list_of(const struct json *division)
{
    return json_member(division, "events");
}

static enum status read_holiday(struct document *doc, const struct json_path *at,
                                const struct json *v, struct holiday *out)
{
    static const struct member date_row = {.required = true, .min = 1};
    static const struct member title_row = {
        .required = true, .offset = offsetof(struct holiday, title), .min = 1, .max = 200};
    const struct json *date = json_member(v, "date");
    const struct json *title = json_member(v, "title");
    if (date == NULL || title == NULL) {
        return document_fail(doc, at, "needs title and date");
    }
    const struct json_path date_at = {.up = at, .name = "date"};
    const struct json_path title_at = {.up = at, .name = "title"};
    enum status s = document_date(doc, &date_at, date, &date_row, &out->day);
    return s == STATUS_OK ? document_string(doc, &title_at, title, &title_row, out) : s;
}

/* Other members of the file and of its events are the publisher's to add. */
static enum status read_holidays(struct document *doc, const struct json_path *at,
                                 const struct json *v, enum division division,
                                 struct holiday_list *list)
{
    const struct json *events = list_of(v);
    if (events == NULL || json_type(events) != JSON_ARRAY) {
        return document_fail(doc, at, "needs a list of events");
    }
    /* An empty list would delete the division's bank holidays; a file with its parts mixed up would
     * give it another one's. Neither can be meant. */
    if (json_count(events) == 0) {
        return document_fail(doc, at, "needs at least one event");
    }
    const struct json *own = json_member(v, "division");
    if (own != NULL &&
        (json_type(own) != JSON_STRING || strcmp(json_string(own), division_name(division)) != 0)) {
        const struct json_path own_at = {.up = at, .name = "division"};
        return document_fail(doc, &own_at, "must be the name it stands under");
    }
    const struct json_path events_at = {.up = at, .name = "events"};
    size_t n = 0;
    for (const struct json *e = json_first(events); e != NULL; e = json_next(e), n++) {
        const struct json_path here = {.up = &events_at, .index = n};
        struct holiday *h = &list->items[list->n++];
        h->division = division;
        enum status s = read_holiday(doc, &here, e, h);
        if (s != STATUS_OK) {
            return s;
        }
    }
    list->divisions |= 1u << division;
    return STATUS_OK;
}

enum status calendar_parse(const char *text, size_t len, struct arena *a, struct holiday **out,
                           size_t *n, unsigned *divisions, struct err *err)
{
    struct document doc = {.a = a, .err = err};
    const struct json_path root = {.name = ""};
    const struct json *v;
    enum status s = document_parse(&doc, text, len, &v);
    if (s != STATUS_OK) {
        return s;
    }
    if (json_type(v) != JSON_OBJECT || json_count(v) == 0) {
        return document_fail(&doc, &root, "an object of divisions");
    }
    size_t most = 0;
    for (const struct json *m = json_first(v); m != NULL; m = json_next(m)) {
        most += json_count(list_of(m));
    }
    struct holiday_list list = {.items = arena_array(a, most, sizeof *list.items)};
    for (const struct json *m = json_first(v); m != NULL; m = json_next(m)) {
        const struct json_path here = {.up = &root, .name = json_name(m)};
        enum division division;
        if (!division_parse(json_name(m), &division)) {
            return document_fail(&doc, &here, "no such division");
        }
        s = read_holidays(&doc, &here, m, division, &list);
        if (s != STATUS_OK) {
            return s;
        }
    }
    *out = list.items;
    *n = list.n;
    *divisions = list.divisions;
    return STATUS_OK;
}
