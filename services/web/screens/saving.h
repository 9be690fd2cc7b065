/* saving - saves every entry about a case: the order of its checks, the page for changes that came
 * between, and the next page. */
#ifndef WEB_SCREENS_SAVING_H
#define WEB_SCREENS_SAVING_H

#include "services/web/html.h"
#include "services/web/request.h"

/* Adds to the form what the screen showed, so that the save can see what came after. nth: the
 * answer of oh.case_history(). */
void saving_put_seen(struct req *q, struct html *h, size_t nth);
/* [Save and next call] and [Save]. */
void saving_put_buttons(struct html *h);

/* The answers that a save asks for before it records; record and follows may read them. */
enum { SAVING_SENT, SAVING_DIGEST, SAVING_HISTORY, SAVING_CASE };

struct saving {
    const char *what;  /* "contact" or "attempt", as in the history */
    const char *title; /* of the screen: "I spoke to them" */
    step *record;      /* asks for the function that records; the rest of the step is ours */
    const char *saved; /* "Saved: …" */
    /* The next step, by the case as it is now: "Follow-up: Friday 11 September."; NULL: nothing. */
    const char *(*follows)(struct req *q);
    bool urgent;    /* stays with the case, and says so */
    bool is_button; /* it came from a button of the case: there is no screen to go back to */
};
/* For a POST: the form is checked already, with its errors in it. Answers. */
void saving_begin(struct req *q, const struct saving *s);

#endif
