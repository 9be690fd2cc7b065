/* when - the time of a call or an attempt in a form: just now, or a day and a time. */
#ifndef WEB_SCREENS_WHEN_H
#define WEB_SCREENS_WHEN_H

#include "services/web/html.h"
#include "services/web/request.h"

void when_put(struct html *h, const struct form *f, const char *legend);

/* The day of a date's fields. Without month or year: the next such day (ahead), or the last. False:
 * it is none, or nothing was typed. */
bool when_read_day(struct req *q, bool ahead, const char *date, struct date *out);
/* The instant of a date's and a time's fields. False: the form has the error. */
bool when_read(struct req *q, bool ahead, const char *date, const char *time, struct instant *out);

/* For the database; NULL: just now, or the form has an error. */
const char *when_tried(struct req *q);
/* Its local day; today where the form has an error. */
struct date when_day(struct req *q);

#endif
