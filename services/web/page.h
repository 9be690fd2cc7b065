/* page - what is around every screen: head, skip link, header, navigation, freshness line, footer.
 */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include "services/web/request.h"

enum section {
    SECTION_NONE,
    SECTION_CALLS,
    SECTION_FIND,
    SECTION_TEAM,
    SECTION_MISSING,
    SECTION_HELP
};

struct page {
    const char *title;   /* of the window: never a name; "Error: " is put before it by itself */
    const char *heading; /* the h1; NULL: the title. A person's name: is_name */
    bool heading_is_name;
    enum section section;
    const char *back_href, *back_label; /* "< Calls"; NULL: none */
    bool wide;                          /* lists: the whole width */
    bool no_heading;                    /* the screen puts its own h1 */
    bool is_print;                      /* a print route: telephone numbers are printed too */
};

/* Writes up to and with the heading, with the error summary of req_form and the banner of what was
 * just saved. Then the screen puts its own into what is returned, and page_end sends it. */
struct html *page_begin(struct req *q, const struct page *p);
/* status: 200; req_form with errors makes it 422. */
void page_end(struct req *q, unsigned status);

/* ---- forms: token, request id and digest are hidden in each ---- */

/* action: "/case/ABCDEFGHJKMN/close". digest: of what the screen showed, NULL: none. */
void page_form_begin(struct req *q, struct html *h, const char *action, const char *digest);
/* Says when the page closes. */
void page_form_end(struct req *q, struct html *h);
/* A small form that is one button: "Take" and ", Test Person 3". */
void page_form_button(struct req *q, struct html *h, const char *action, const char *label,
                      const char *hidden);
/* The request id that came with a POST; NULL (and the answer is given: 403) if it is none. */
const char *page_request_id(struct req *q);

#endif
