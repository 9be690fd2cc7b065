/* Finding a person. The browser sends the text with POST, and the session keeps it under a number,
 * so that no address holds it. The results are a page of their own, which Back and Reload may ask
 * for again. Nobody found and not yours read the same. */
#include <string.h>

#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/screens.h"

#define LEAST_CHARACTERS 3

static struct html *begin(struct req *q)
{
    const struct page page = {.title = "Find a person", .section = SECTION_FIND};
    struct html *h = page_begin(q, &page);
    page_form_begin(q, h, "/find", NULL);
    req_form(q)->focus = form_has(req_form(q), "text") ? NULL : "text";
    part_input(h, req_form(q),
               &(struct input){.id = "text",
                               .label = "Name, staff number or telephone number",
                               .hint = "The beginning of a name, a whole staff number, or at least "
                                       "4 digits of a telephone number"});
    part_button(h, NULL, NULL, "Find");
    page_form_end(q, h);
    return h;
}

static const char *state_of(struct req *q, size_t i)
{
    const struct words *w = req_words(q);
    const char *state = got_text(q, 0, i, "state");
    if (strcmp(state, "ended") == 0) {
        return arena_printf(req_arena(q), "Ended: %s",
                            words_end_reason(got(q, 0, i, "end_reason")));
    }
    if (got_true(q, 0, i, "case_closed")) {
        return "Closed";
    }
    struct date act = got_date(q, 0, i, "act_by");
    if (!date_is_none(act) && act.days < w->today.days && strcmp(state, "open") == 0) {
        return "Call overdue";
    }
    if (!date_is_none(act)) {
        return arena_printf(req_arena(q), "%s %s",
                            strcmp(state, "contacted") == 0 ? "Look again" : "Call by",
                            words_day(w, act));
    }
    return strcmp(state, "contacted") == 0 ? "Spoken to" : "Open";
}

static void results(struct req *q)
{
    static const char *const headings[] = {"Who",   "Staff number", "Off since",
                                           "State", "With",         NULL};
    const struct words *w = req_words(q);
    struct html *h = begin(q);
    size_t n = got_rows(q, 0);
    if (n == 0) {
        put(h, "<h2>Nobody found among your cases</h2>\n"
               "<p>Check the spelling, or try fewer letters.</p>\n");
        page_end(q, 200);
        return;
    }
    if (got_true(q, 0, 0, "more")) {
        put(h, "<h2>More than 20 found</h2>\n<p>These are the first. Add to what you "
               "typed.</p>\n");
    } else {
        put(h, "<h2>%s found</h2>\n", words_count(w, (long)n, "case", "cases"));
    }
    part_table_begin(h, "Cases found", headings);
    for (size_t i = 0; i < n; i++) {
        part_row_begin(h);
        part_row_head_begin(h, headings[0]);
        put(h, "<a class=\"who\" href=\"/case/%s\">", got_text(q, 0, i, "task_id"));
        put_name(h, got_text(q, 0, i, "name"));
        put(h, "<span class=\"hidden\">, case</span></a><br>%s, %s",
            words_queue(w, got(q, 0, i, "queue")), got_text(q, 0, i, "organisation"));
        part_row_head_end(h);
        part_cell(h, headings[1],
                  arena_printf(req_arena(q), "ends %s", got_text(q, 0, i, "staff_no_end")));
        part_cell(h, headings[2], words_date(w, got_date(q, 0, i, "onset_date")));
        part_cell(h, headings[3], state_of(q, i));
        part_cell_begin(h, headings[4]);
        if (got_true(q, 0, i, "is_mine")) {
            put(h, "You");
        } else if (got(q, 0, i, "assigned_to") == NULL) {
            put(h, "Nobody");
        } else {
            put_name(h, got_text(q, 0, i, "assigned_name"));
        }
        part_cell_end(h);
        part_row_end(h);
    }
    part_table_end(h);
    page_end(q, 200);
}

void screen_find(struct req *q)
{
    struct form *f = req_form(q);
    if (!form_has(f, "text") || f->n_errors > 0) {
        (void)begin(q);
        page_end(q, 200);
        return;
    }
    ASK(q, "select * from oh.find($1)", form_value(f, "text"));
    req_then(q, results);
}

/* Characters of UTF-8 without the white space around them. */
static size_t characters(const char *s)
{
    size_t n = 0;
    s += strspn(s, " \t");
    for (size_t len = strlen(s); len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'); len--) {
        n--;
    }
    for (; *s != '\0'; s++) {
        n += ((unsigned char)*s & 0xC0) != 0x80;
    }
    return n;
}

void screen_find_post(struct req *q)
{
    struct form *f = req_form(q);
    if (page_request_id(q) == NULL) {
        return;
    }
    if (characters(form_value(f, "text")) < LEAST_CHARACTERS) {
        form_wrong(f, "text", "Enter at least %d characters", LEAST_CHARACTERS);
        answer_wrong(q, "");
        return;
    }
    answer_see_other(q, "/find?s=%ld", req_keep_form(q, f));
}
