/* calendar - bank holidays of the three divisions, and steps in working days. Pure. */
#ifndef COMMON_CASEWORK_RULES_CALENDAR_H
#define COMMON_CASEWORK_RULES_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/date.h"
#include "common/base/err.h"
#include "common/casework/rules/settings.h"

struct calendar;

struct holiday {
    enum division division;
    struct date day;
    const char *title;
};

struct calendar *calendar_new(void); /* no holidays at all */
void calendar_free(struct calendar *c);
void calendar_add(struct calendar *c, enum division division, struct date day);

/* The government's bank-holidays.json shape. Gives the holidays in it and which divisions it names
 * (bit per enum division): a load replaces those. Strings live in the arena. */
enum status calendar_parse(const char *text, size_t len, struct arena *a, struct holiday **out,
                           size_t *n, unsigned *divisions, struct err *err) NODISCARD;

/* Monday to Friday and no bank holiday of the division. */
bool calendar_is_working_day(const struct calendar *c, enum division division, struct date d);
/* The n-th working day after d (n > 0), or before it (n < 0); n = 0 is d itself. */
struct date calendar_step(const struct calendar *c, enum division division, struct date d, int n);
/* Working days in (from, to]: 0 when to <= from. */
int calendar_working_days(const struct calendar *c, enum division division, struct date from,
                          struct date to);
/* The last service day within [from, to] by the organisation's weekly pattern, closures and bank
 * holidays; NONE when there is none. */
struct date calendar_last_service_day(const struct calendar *c, const struct org_rules *r,
                                      struct date from, struct date to);

#endif
