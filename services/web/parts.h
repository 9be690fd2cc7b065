/* parts - the components of every screen, named as in the NHS design system, each in one place.
 * Markup ours, styles in style.css. Pure. All texts are escaped; NULL texts are left out. */
#ifndef WEB_PARTS_H
#define WEB_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "services/web/form.h"
#include "services/web/html.h"

/* ---- text ---- */

enum tag { TAG_PLAIN, TAG_BLUE, TAG_GREEN, TAG_YELLOW, TAG_ORANGE, TAG_RED };
/* Text first, colour as well: "PROMISED". */
void part_tag(struct html *h, enum tag colour, const char *text);
void part_inset(struct html *h, const char *text);
/* A warning callout: a heading and a line; open and close for more than a line. */
void part_callout(struct html *h, const char *heading, const char *text);
void part_callout_begin(struct html *h, const char *heading);
void part_callout_end(struct html *h);
/* A notification banner: after saving (success) it has the focus. */
void part_banner_begin(struct html *h, bool success, const char *title);
void part_banner_end(struct html *h);
void part_panel(struct html *h, const char *title, const char *text);
void part_details_begin(struct html *h, const char *summary);
void part_details_end(struct html *h);
/* "< Calls" above the heading is page.back, see page.h. */

/* ---- summary list ---- */
void part_summary_begin(struct html *h);
void part_summary_row(struct html *h, const char *key, const char *value);
/* For values with markup: begin, put, end. */
void part_summary_row_begin(struct html *h, const char *key);
void part_summary_row_end(struct html *h);
void part_summary_end(struct html *h);

/* ---- tables: rows are cards on a narrow screen ---- */
/* headings: NULL ends the list. caption is for those who do not see the page. */
void part_table_begin(struct html *h, const char *caption, const char *const *headings);
void part_row_begin(struct html *h);
/* The cell that names the row. heading is shown on cards. */
void part_row_head_begin(struct html *h, const char *heading);
void part_row_head_end(struct html *h);
void part_cell_begin(struct html *h, const char *heading);
void part_cell_end(struct html *h);
void part_cell(struct html *h, const char *heading, const char *text); /* all three */
void part_row_end(struct html *h);
void part_table_end(struct html *h);

/* ---- pages ---- */
/* "Showing 26 to 34 of 34", links to the page before and after. path_and_query ends so that a page
 * number can follow: "/calls?view=all&page=". */
void part_pagination(struct html *h, const char *path_and_query, long page, long page_size,
                     long total);

/* ---- forms ---- */

/* Each begins with what was typed (f) and shows the message of its error. id is the field's name
 * and the error's. hint may be NULL. */
void part_error_summary(struct html *h, const struct form *f); /* nothing without errors */

struct choice {
    const char *value, *label;
    const char *hint;                                                /* NULL: none */
    void (*inside)(struct html *h, const struct form *f, void *arg); /* shown while chosen; NULL */
};
/* n choices; chosen: what is selected where nothing was typed; NULL: nothing. */
void part_radios(struct html *h, const struct form *f, const char *id, const char *legend,
                 const char *hint, const struct choice *choices, size_t n, const char *chosen,
                 void *arg);
void part_checkboxes(struct html *h, const struct form *f, const char *id, const char *legend,
                     const struct choice *choices,
                     size_t n); /* fields: id-value; labels: names of people */
void part_select(struct html *h, const struct form *f, const char *id, const char *label,
                 const struct choice *choices, size_t n, const char *chosen);
/* Three fields: id-day, id-month, id-year. */
void part_date(struct html *h, const struct form *f, const char *id, const char *legend,
               const char *hint);
struct input {
    const char *id, *label, *hint;
    const char *type;         /* NULL: text; "password" is never filled */
    const char *autocomplete; /* NULL: off */
    const char *width;        /* class: "w-5" "w-10" "w-20" "w-full"; NULL: w-20 */
    const char *value;        /* where nothing was typed; NULL: empty */
};
void part_input(struct html *h, const struct form *f, const struct input *in);
void part_time(struct html *h, const struct form *f, const char *id, const char *label,
               const char *hint);
/* name NULL: no value is sent. The first button of a form is what Enter presses. */
void part_button(struct html *h, const char *name, const char *value, const char *label);
void part_button_secondary(struct html *h, const char *name, const char *value, const char *label);
/* A button with hidden text after it: "Take" and ", Test Person 3". */
void part_button_small(struct html *h, const char *label, const char *hidden);
void part_button_link(struct html *h, const char *href, const char *label);
void part_hidden(struct html *h, const char *name, const char *value);

#endif
