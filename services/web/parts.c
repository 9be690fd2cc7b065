/* The components but those of forms, which are in parts_form.c. */
#include "services/web/parts.h"

#include <string.h>

/* ---- text ---- */

void part_tag(struct html *h, enum tag colour, const char *text)
{
    static const char *const classes[] = {
        [TAG_PLAIN] = "tag-plain",   [TAG_BLUE] = "tag-blue",     [TAG_GREEN] = "tag-green",
        [TAG_YELLOW] = "tag-yellow", [TAG_ORANGE] = "tag-orange", [TAG_RED] = "tag-red"};
    put(h, "<strong class=\"tag %s\">%s</strong>\n", classes[colour], text);
}

void part_inset(struct html *h, const char *text)
{
    put(h, "<div class=\"inset\"><p>%s</p></div>\n", text);
}

void part_callout_begin(struct html *h, const char *heading)
{
    put(h,
        "<div class=\"callout\"><h2 class=\"callout-heading\"><span class=\"hidden\">Important: "
        "</span>%s</h2>\n",
        heading);
}

void part_callout_end(struct html *h)
{
    put(h, "</div>\n");
}

void part_callout(struct html *h, const char *heading, const char *text)
{
    part_callout_begin(h, heading);
    if (text != NULL) {
        put(h, "<p>%s</p>\n", text);
    }
    part_callout_end(h);
}

void part_banner_begin(struct html *h, bool success, const char *title)
{
    if (success) {
        put(h, "<div class=\"banner banner-success\" role=\"alert\" tabindex=\"-1\" autofocus"
               " aria-labelledby=\"banner-title\">\n");
    } else {
        put(h, "<div class=\"banner\" role=\"region\" aria-labelledby=\"banner-title\">\n");
    }
    put(h,
        "<h2 class=\"banner-title\" id=\"banner-title\">%s</h2>\n<div class=\"banner-inside\">\n",
        title);
}

void part_banner_end(struct html *h)
{
    put(h, "</div></div>\n");
}

void part_panel(struct html *h, const char *title, const char *text)
{
    put(h, "<div class=\"panel\"><h1>%s</h1>", title);
    if (text != NULL) {
        put(h, "<p>%s</p>", text);
    }
    put(h, "</div>\n");
}

void part_details_begin(struct html *h, const char *summary)
{
    put(h, "<details><summary>%s</summary>\n<div class=\"details-inside\">\n", summary);
}

void part_details_end(struct html *h)
{
    put(h, "</div></details>\n");
}

/* ---- summary list ---- */

void part_summary_begin(struct html *h)
{
    put(h, "<dl class=\"summary\">\n");
}

void part_summary_row_begin(struct html *h, const char *key)
{
    put(h, "<div class=\"summary-row\"><dt>%s</dt><dd>", key);
}

void part_summary_row_end(struct html *h)
{
    put(h, "</dd></div>\n");
}

void part_summary_row(struct html *h, const char *key, const char *value)
{
    part_summary_row_begin(h, key);
    put(h, "%s", value);
    part_summary_row_end(h);
}

void part_summary_end(struct html *h)
{
    put(h, "</dl>\n");
}

/* ---- tables ---- */

/* Without roles: browsers keep a table's meaning where its rows are shown as cards. */
void part_table_begin(struct html *h, const char *caption, const char *const *headings)
{
    put(h,
        "<table><caption class=\"hidden\">%s</caption>\n<thead>"
        "<tr>",
        caption);
    for (size_t i = 0; headings[i] != NULL; i++) {
        put(h, "<th scope=\"col\">%s</th>", headings[i]);
    }
    put(h, "</tr></thead>\n<tbody>\n");
}

void part_row_begin(struct html *h)
{
    put(h, "<tr>\n");
}

void part_row_head_begin(struct html *h, const char *heading)
{
    put(h,
        "<th scope=\"row\"><span class=\"card-heading\" aria-hidden=\"true\">"
        "%s</span> ",
        heading);
}

void part_row_head_end(struct html *h)
{
    put(h, "</th>\n");
}

void part_cell_begin(struct html *h, const char *heading)
{
    put(h, "<td><span class=\"card-heading\" aria-hidden=\"true\">%s</span> ", heading);
}

void part_cell_end(struct html *h)
{
    put(h, "</td>\n");
}

void part_cell(struct html *h, const char *heading, const char *text)
{
    part_cell_begin(h, heading);
    put(h, "%s", text);
    part_cell_end(h);
}

void part_row_end(struct html *h)
{
    put(h, "</tr>\n");
}

void part_table_end(struct html *h)
{
    put(h, "</tbody></table>\n");
}

/* ---- pages ---- */

void part_pagination(struct html *h, const char *path_and_query, long page, long page_size,
                     long total)
{
    if (total <= 0) {
        return;
    }
    long first = (page - 1) * page_size + 1;
    long last = page * page_size < total ? page * page_size : total;
    put(h, "<nav class=\"pagination\" aria-label=\"Pages of this list\">\n");
    put(h, "<p>Showing %ld to %ld of %ld</p>\n", first, last, total);
    if (page > 1 || last < total) {
        put(h, "<ul>");
        if (page > 1) {
            put(h, "<li><a rel=\"prev\" href=\"%s%ld\">Previous page</a></li>", path_and_query,
                page - 1);
        }
        if (last < total) {
            put(h, "<li><a rel=\"next\" href=\"%s%ld\">Next page</a></li>", path_and_query,
                page + 1);
        }
        put(h, "</ul>\n");
    }
    put(h, "</nav>\n");
}
