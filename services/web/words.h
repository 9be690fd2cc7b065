/* words - dates, times and what the database calls things, as people read and write them. Pure: the
 * zone and today are given. Results live in the arena. */
#ifndef WEB_WORDS_H
#define WEB_WORDS_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/date.h"
#include "common/base/zone.h"

struct words {
    struct arena *arena;
    const struct zone *zone;
    struct date today;
    struct instant now;
};

/* ---- from the database's text ---- */

/* "2026-09-10", "2026-09-10 08:30:00+00"; NULL, "" and infinity give NONE. */
struct date words_date_of(const char *text);
struct instant words_instant_of(const char *text);
bool words_is_infinity(const char *text);

/* ---- to people ---- */

/* "Friday 11 September", with the year if it is not this one. */
const char *words_date(const struct words *w, struct date d);
/* "Fri 11 Sep", for narrow columns. */
const char *words_short_date(const struct words *w, struct date d);
/* "4 March 1984": always with the year, without the day of the week. */
const char *words_full_date(const struct words *w, struct date d);
/* "today", "tomorrow", "yesterday", else as words_date. */
const char *words_day(const struct words *w, struct date d);
/* "2:10pm", local. */
const char *words_time(const struct words *w, struct instant t);
/* "today 8:30am", "Tuesday 8 September 9:00am". */
const char *words_moment(const struct words *w, struct instant t);
/* "Thu 9:10am" within six days, else "3 Sep 9:10am". */
const char *words_short_moment(const struct words *w, struct instant t);
/* "at 10:02am", "on 8 September at 10:02am". */
const char *words_at(const struct words *w, struct instant t);
/* "2 days left", "today", "1 day overdue". */
const char *words_days_left(const struct words *w, int days);
/* "3 cases", "1 case". */
const char *words_count(const struct words *w, long n, const char *one, const char *many);

/* The digits that a telephone dials, of a number as somebody wrote it. */
const char *words_dial(const struct words *w, const char *phone);

/* ---- from people ---- */

/* Day, month (number or name, also short) and year of four digits. False: no real date. */
bool words_read_date(const char *day, const char *month, const char *year, struct date *out);
/* The same, but the year may be missing, or month and year. Then it is the next such day from today
 * on (ahead), or the last one up to today. */
bool words_read_day(const struct words *w, bool ahead, const char *day, const char *month,
                    const char *year, struct date *out);
/* "2pm 2:30pm 2.30pm 14:30 1430". False: no time. */
bool words_read_time(const char *text, int *minute_of_day);
/* The instant at which the local clock shows that, the first of two. False: it never does. */
bool words_instant_at(const struct words *w, struct date d, int minute_of_day, struct instant *out);

/* ---- for the database ---- */
const char *words_iso_date(const struct words *w, struct date d);
const char *words_iso_instant(const struct words *w, struct instant t);

/* ---- codes in words; the code itself where we do not know it ---- */
const char *words_outcome(const char *code); /* of attempts and contacts: "no answer" */
const char *words_channel(const char *code);
const char *words_queue(const struct words *w, const char *queue); /* "Physiotherapy" */
const char *words_end_reason(const char *code);
const char *words_close_reason(const char *code);
const char *words_told_hr(const char *kind);  /* of oh.told_hr */
const char *words_language(const char *code); /* "Welsh"; "" for English, NULL and "" */

#endif
