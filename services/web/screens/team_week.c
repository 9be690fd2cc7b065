/* For leads: what came of the calls of a week and of the four weeks up to it. Live figures of
 * people whom the lead sees anyway, so none is left out for being few; figures that leave the house
 * come from `dayfour report`. */
#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/screens.h"

/* A line of figures: of the week, and of four weeks. suffix: what stands behind a number. */
static void line(struct req *q, struct html *h, const char *const *headings, const char *label,
                 const char *column, const char *suffix)
{
    part_row_begin(h);
    part_row_head_begin(h, NULL);
    put(h, "%s", label);
    part_row_head_end(h);
    for (size_t row = 0; row < 2; row++) {
        const char *value = got(q, 0, row, column);
        part_cell(h, headings[row + 1],
                  value == NULL ? "none yet" : arena_printf(req_arena(q), "%s%s", value, suffix));
    }
    part_row_end(h);
}

static void figures(struct req *q, struct html *h, const char *const *headings)
{
    static const char *const lines[][3] = {
        {"Calls due", "due", ""},
        {"Reached in time", "in_time", ""},
        {"Not reached in time", "not_in_time", ""},
        {"Back before we could call", "back_first", ""},
        {"Reported too late to call in time", "reported_late", ""},
        {"Left, died, or do not want calls", "others", ""},
        {"Still to call, not overdue", "still_open", ""},
        {"In time, of all", "raw_percent", " %"},
        {"In time, of those we could reach", "achievable_percent", " %"},
        {"Days until HR reported the absence (median)", "known_days", ""},
        {"Days until HR reported the reason (median)", "reason_days", ""},
        {"Absences without a reason from HR", "no_reason_percent", " %"},
    };
    part_table_begin(h, "Outcomes of the calls", headings);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        line(q, h, headings, lines[i][0], lines[i][1], lines[i][2]);
    }
    part_table_end(h);
}

static void show(struct req *q)
{
    const struct words *w = req_words(q);
    bool over = got(q, 1, 0, "after") != NULL;
    const char *title = over ? arena_printf(req_arena(q), "Week from %s",
                                            words_date(w, got_date(q, 0, 0, "starts")))
                             : "This week";
    const struct page page = {
        .title = title, .section = SECTION_TEAM, .back_href = "/team", .back_label = "Team today"};
    struct html *h = page_begin(q, &page);
    const char *const headings[] = {"Calls",
                                    arena_printf(req_arena(q), "%s to %s",
                                                 words_date(w, got_date(q, 0, 0, "starts")),
                                                 words_day(w, got_date(q, 0, 0, "ends"))),
                                    arena_printf(req_arena(q), "Four weeks, from %s",
                                                 words_date(w, got_date(q, 0, 1, "starts"))),
                                    NULL};
    figures(q, h, headings);
    put(h, "<nav class=\"pagination\" aria-label=\"Weeks\"><ul>");
    put(h, "<li><a rel=\"prev\" href=\"/team/week?from=%s\">Week before</a></li>",
        got_text(q, 1, 0, "before"));
    if (over) {
        put(h, "<li><a rel=\"next\" href=\"/team/week?from=%s\">Week after</a></li>",
            got_text(q, 1, 0, "after"));
    }
    put(h, "</ul></nav>\n");
    page_end(q, 200);
}

/* A day that is no Monday of the last two years: the same as any page that is not there. */
static void refused(struct req *q)
{
    answer_not_found(q);
}

#define MONDAY "coalesce($1::date, date_trunc('week', oh.today()::timestamp)::date)"

void screen_team_week(struct req *q)
{
    const char *from = req_query(q, "from");
    if (from != NULL && date_is_none(words_date_of(from))) {
        answer_not_found(q);
        return;
    }
    ASK(q, "select * from oh.team_week(" MONDAY ")", from);
    ASK(q,
        "select " MONDAY " - 7 as before,"
        " case when " MONDAY " + 7 <= oh.today() then " MONDAY " + 7 end as after",
        from);
    req_catch(q, refused);
    req_then(q, show);
}
