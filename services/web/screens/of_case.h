/* of_case - what the smaller screens of a case have in common: the case itself, read as answer 0,
 * and a line that says whose it is. */
#ifndef WEB_SCREENS_OF_CASE_H
#define WEB_SCREENS_OF_CASE_H

#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/request.h"

/* Asks for the case of the route as the next answer. */
void of_case_ask(struct req *q);
/* False: it is not there, or not this login's, and the request has its answer. */
bool of_case_there(struct req *q, size_t nth);

/* A page with "Back to the case", the heading, and whose case it is. nth: the case's answer. */
struct html *of_case_page(struct req *q, size_t nth, const char *title);

const char *of_case_path(struct req *q, const char *rest); /* "/case/ID" and rest */

/* Waits until what was entered is derived, at most a second, so that the next screen shows it. */
void of_case_derived(struct req *q, step *next);

#endif
