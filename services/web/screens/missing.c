/* Absences whose reason HR has not recorded: without it nobody knows whether there is a call to
 * make. For every clinician of the organisation. */
#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/screens.h"
#include "services/web/screens/call_words.h"

static void show(struct req *q)
{
    static const char *const headings[] = {"Who", "Number", "Off since", "Days off", NULL};
    const struct page page = {.title = "Missing reasons", .section = SECTION_MISSING, .wide = true};
    struct html *h = page_begin(q, &page);
    size_t n = got_rows(q, 0);
    put(h, "<p>HR has recorded no reason for these absences, so no call is planned. Ask HR to add "
           "it. The call is then due on the day it would have been due.</p>\n");
    if (n == 0) {
        put(h, "<p>No reason is missing.</p>\n");
        page_end(q, 200);
        return;
    }
    part_table_begin(h, "Absences without a reason", headings);
    for (size_t i = 0; i < n; i++) {
        part_row_begin(h);
        part_row_head_begin(h, headings[0]);
        put(h, "<span class=\"who\">");
        put_name(h, got_text(q, 0, i, "name"));
        put(h, "</span><br>%s", got_text(q, 0, i, "organisation"));
        part_row_head_end(h);
        part_cell_begin(h, headings[1]);
        call_number_plain(q, h, 0, i);
        part_cell_end(h);
        part_cell(h, headings[2], words_date(req_words(q), got_date(q, 0, i, "onset_date")));
        part_cell(h, headings[3], got_text(q, 0, i, "days_off"));
        part_row_end(h);
    }
    part_table_end(h);
    page_end(q, 200);
}

void screen_missing(struct req *q)
{
    ASK(q, "select * from oh.missing_reason order by onset_date, name, person_id limit 200");
    req_then(q, show);
}
