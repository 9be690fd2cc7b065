/* When it was: mostly just now, so that is chosen already. */
#include "services/web/screens/when.h"

#include <stdio.h>
#include <string.h>

#include "services/web/parts.h"

#define NAME_BYTES 40

static void another_time(struct html *h, const struct form *f, void *arg)
{
    (void)arg;
    part_date(h, f, "at", "Which day?", "For example 11 (the last 11th) or 11 9 2026");
    part_time(h, f, "at-time", "Time", "For example 2:00pm");
}

void when_put(struct html *h, const struct form *f, const char *legend)
{
    static const struct choice choices[] = {{"now", "Just now", NULL, NULL},
                                            {"other", "Another time", NULL, another_time}};
    part_radios(h, f, "when", legend, NULL, choices, 2, "now", NULL);
}

static void wrong_once(struct form *f, const char *field, const char *text)
{
    if (form_error(f, field) == NULL) {
        form_wrong(f, field, "%s", text);
    }
}

bool when_read_day(struct req *q, bool ahead, const char *date, struct date *out)
{
    const struct form *f = req_form(q);
    char day[NAME_BYTES];
    char month[NAME_BYTES];
    char year[NAME_BYTES];
    (void)snprintf(day, sizeof day, "%s-day", date);
    (void)snprintf(month, sizeof month, "%s-month", date);
    (void)snprintf(year, sizeof year, "%s-year", date);
    return words_read_day(req_words(q), ahead, form_value(f, day), form_value(f, month),
                          form_value(f, year), out);
}

bool when_read(struct req *q, bool ahead, const char *date, const char *time, struct instant *out)
{
    const struct words *w = req_words(q);
    struct form *f = req_form(q);
    struct date d;
    int minute = 0;
    bool good = when_read_day(q, ahead, date, &d);
    if (!good) {
        wrong_once(f, date, "Enter a real date");
    }
    if (!words_read_time(form_value(f, time), &minute)) {
        wrong_once(f, time, "Enter a time, for example 2:00pm");
        return false;
    }
    if (good && !words_instant_at(w, d, minute, out)) {
        wrong_once(f, time,
                   arena_printf(w->arena, "That time does not exist on %s", words_date(w, d)));
        return false;
    }
    return good;
}

const char *when_tried(struct req *q)
{
    const struct words *w = req_words(q);
    struct form *f = req_form(q);
    struct instant t = INSTANT_NONE;
    if (!form_is(f, "when", "other") || !when_read(q, false, "at", "at-time", &t)) {
        return NULL;
    }
    struct date onset = words_date_of(form_value(f, "onset"));
    if (t.us > w->now.us) {
        wrong_once(f, "at", "The time you tried must not be in the future");
        return NULL;
    }
    if (!date_is_none(onset) && zone_date(w->zone, t).days < onset.days) {
        wrong_once(f, "at",
                   arena_printf(w->arena,
                                "The time you tried must be on or after %s, when the absence began",
                                words_date(w, onset)));
        return NULL;
    }
    return words_iso_instant(w, t);
}

struct date when_day(struct req *q)
{
    const struct words *w = req_words(q);
    const char *at = when_tried(q);
    return at == NULL ? w->today : zone_date(w->zone, words_instant_of(at));
}
