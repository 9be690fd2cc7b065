/* For leads: how the team stands today, and moving cases from one person to another.
 *
 * An address names a row of the team by its number on the page, because no login may be in an
 * address. The order: members by name, then nobody, then those who left. */
#include <stdlib.h>
#include <string.h>

#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/screens.h"

/* Colleagues without a call are rows too: they are who calls can be given to. */
#define TEAM                                                                                       \
    "with t as (select * from oh.team()), s as (select login, min(coalesce(display_name, login))"  \
    " as name from oh.staff_list() group by 1), r as (select coalesce(t.assigned_to, s.login) as"  \
    " assigned_to, coalesce(s.name, t.assigned_name) as assigned_name, s.login is not null as"     \
    " in_team, coalesce(today, 0) as today, coalesce(promised, 0) as promised,"                    \
    " coalesce(overdue, 0) as overdue, coalesce(not_reached, 0) as not_reached,"                   \
    " coalesce(follow_up, 0) as follow_up, coalesce(all_calls, 0) as all_calls,"                   \
    " coalesce(red_flags, 0) as red_flags, coalesce(no_number, 0) as no_number"                    \
    " from t full join s on s.login = t.assigned_to)"                                              \
    " select r.*, row_number() over (order by not in_team, assigned_to is null desc,"              \
    " assigned_name, assigned_to) as row_no from r order by row_no"

static bool is_nobody(struct req *q, size_t nth, size_t i)
{
    return got(q, nth, i, "assigned_to") == NULL;
}

static void put_row_name(struct req *q, struct html *h, size_t nth, size_t i)
{
    if (is_nobody(q, nth, i)) {
        put(h, "Nobody");
        return;
    }
    if (!got_true(q, nth, i, "in_team")) {
        put(h, "Left the team: ");
    }
    put_name(h, got_text(q, nth, i, "assigned_name"));
}

static void team_row(struct req *q, struct html *h, size_t i, const char *const *headings)
{
    static const char *const columns[] = {"today",       "promised",  "overdue",
                                          "not_reached", "follow_up", "all_calls"};
    part_row_begin(h);
    part_row_head_begin(h, headings[0]);
    put(h, "<span class=\"who\">");
    put_row_name(q, h, 0, i);
    put(h, "</span>");
    part_row_head_end(h);
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        part_cell(h, headings[c + 1], got_text(q, 0, i, columns[c]));
    }
    part_cell_begin(h, NULL);
    if (got_number(q, 0, i, "all_calls") > 0) {
        put(h, "<a href=\"/team/move?of=%ld\">%s<span class=\"hidden\"> calls of ",
            got_number(q, 0, i, "row_no"), is_nobody(q, 0, i) ? "Share out" : "Move");
        put_row_name(q, h, 0, i);
        put(h, "</span></a>");
    }
    part_cell_end(h);
    part_row_end(h);
}

static long sum(struct req *q, const char *column)
{
    long total = 0;
    for (size_t i = 0; i < got_rows(q, 0); i++) {
        total += got_number(q, 0, i, column);
    }
    return total;
}

static void show_team(struct req *q)
{
    static const char *const headings[] = {"Who",     "To call today", "Promised",
                                           "Overdue", "Not reached",   "Follow-up",
                                           "All",     "Move",          NULL};
    const struct page page = {.title = "Team today", .section = SECTION_TEAM, .wide = true};
    struct html *h = page_begin(q, &page);
    long red = sum(q, "red_flags"), no_number = sum(q, "no_number");
    if (red > 0) {
        part_callout_begin(h, "Red flags");
        put(h, "<p><a href=\"/calls?view=follow-up\">%s not yet seen to</a></p>\n",
            words_count(req_words(q), red, "red flag", "red flags"));
        part_callout_end(h);
    }
    part_table_begin(h, "Calls by person", headings);
    for (size_t i = 0; i < got_rows(q, 0); i++) {
        team_row(q, h, i, headings);
    }
    part_table_end(h);
    part_summary_begin(h);
    part_summary_row(h, "No number", words_count(req_words(q), no_number, "person", "people"));
    part_summary_row_begin(h, "Reasons missing");
    put(h, "<a href=\"/missing\">%s</a>", got_text(q, 1, 0, "missing"));
    if (got_number(q, 1, 0, "missing") > 0) {
        put(h, ", the oldest off for %s",
            words_count(req_words(q), got_number(q, 1, 0, "oldest"), "day", "days"));
    }
    part_summary_row_end(h);
    part_summary_end(h);
    put(h, "<p><a href=\"/team/week\">This week</a></p>\n");
    page_end(q, 200);
}

void screen_team(struct req *q)
{
    ASK(q, TEAM);
    ASK(q, "select * from oh.team_missing()");
    req_then(q, show_team);
}

/* ---- moving ---- */

static void move_targets(struct req *q, struct html *h, size_t of)
{
    size_t n = got_rows(q, 0), shown = 0;
    struct choice *choices = arena_alloc(req_arena(q), (n + 1) * sizeof *choices);
    for (size_t i = 0; i < n; i++) {
        if (i != of && !is_nobody(q, 0, i) && got_true(q, 0, i, "in_team")) {
            choices[shown++] = (struct choice){
                .value = got_text(q, 0, i, "assigned_to"),
                .label = got_text(q, 0, i, "assigned_name"),
                .hint = arena_printf(req_arena(q), "%s to call today, %s in all",
                                     got_text(q, 0, i, "today"), got_text(q, 0, i, "all_calls"))};
        }
    }
    part_radios(h, req_form(q), "to", "To whom?", NULL, choices, shown, NULL, NULL);
}

static void move_cases(struct req *q, struct html *h)
{
    const struct words *w = req_words(q);
    size_t n = got_rows(q, 1);
    struct choice *choices = arena_alloc(req_arena(q), (n + 1) * sizeof *choices);
    for (size_t i = 0; i < n; i++) {
        const char *when = got(q, 1, i, "call_back_at") != NULL
                               ? arena_printf(req_arena(q), "promised %s",
                                              words_moment(w, got_instant(q, 1, i, "call_back_at")))
                           : got_date(q, 1, i, "act_by").days < w->today.days
                               ? "overdue"
                               : arena_printf(req_arena(q), "call by %s",
                                              words_day(w, got_date(q, 1, i, "act_by")));
        choices[i] = (struct choice){
            .value = got_text(q, 1, i, "task_id"),
            .label = got_text(q, 1, i, "name"),
            .hint = arena_printf(req_arena(q), "%s%s, %s",
                                 got_true(q, 1, i, "red_flag_open") ? "RED FLAG, " : "",
                                 words_queue(w, got(q, 1, i, "queue")), when)};
    }
    part_checkboxes(h, req_form(q), "task", "Which calls?", choices, n);
}

static void show_move(struct req *q)
{
    size_t of = (size_t)strtol(req_query(q, "of"), NULL, 10) - 1;
    const struct page page = {.title = "Move calls",
                              .section = SECTION_TEAM,
                              .back_href = "/team",
                              .back_label = "Team today"};
    struct html *h = page_begin(q, &page);
    if (is_nobody(q, 0, of)) {
        put(h, "<p><strong>Nobody has these calls</strong>");
    } else {
        put(h, "<p>Calls of <strong>");
        put_row_name(q, h, 0, of);
        put(h, "</strong>");
    }
    if (got_number(q, 0, of, "all_calls") > (long)got_rows(q, 1)) {
        put(h, ". The first %zu are here, by the day to call by", got_rows(q, 1));
    }
    put(h, "</p>\n");
    if (got_rows(q, 1) == 0) {
        part_inset(h, "There is nothing to move.");
        page_end(q, 200);
        return;
    }
    page_form_begin(q, h, "/team/move", NULL);
    part_hidden(h, "of", req_query(q, "of"));
    move_cases(q, h);
    move_targets(q, h, of);
    part_button(h, NULL, NULL, "Move");
    page_form_end(q, h);
    page_end(q, 200);
}

static void move_row(struct req *q)
{
    long of = strtol(req_query(q, "of"), NULL, 10);
    if (of < 1 || (size_t)of > got_rows(q, 0)) {
        answer_not_found(q);
        return;
    }
    const char *login = got_kept(q, 0, (size_t)of - 1, "assigned_to");
    ASK(q, TEAM);
    ASK(q, "select * from oh.team_cases($1)", login);
    req_then(q, show_move);
}

void screen_team_move(struct req *q)
{
    const char *of = req_query(q, "of");
    if (of == NULL || strspn(of, "0123456789") != strlen(of) || strlen(of) > 4) {
        answer_not_found(q);
        return;
    }
    ASK(q, TEAM);
    req_then(q, move_row);
}

/* ---- the result ---- */

static void moved(struct req *q)
{
    size_t n = got_rows(q, 0), refused = 0;
    for (size_t i = 0; i < n; i++) {
        refused += got(q, 0, i, "state") != NULL;
    }
    const char *text =
        words_count(req_words(q), (long)(n - refused), "call moved.", "calls moved.");
    if (refused > 0) {
        text = arena_printf(req_arena(q), "%s %zu not: changed or ended meanwhile.", text, refused);
    }
    answer_saved(q, "/team", text);
}

void screen_team_move_post(struct req *q)
{
    const char *request = page_request_id(q);
    struct form *f = req_form(q);
    const char *tasks = "";
    if (request == NULL) {
        return;
    }
    for (size_t i = 0; i < f->n_fields; i++) {
        const char *name = f->fields[i].name;
        if (strncmp(name, "task-", 5) == 0 &&
            strspn(name + 5, "ABCDEFGHJKMNPQRSTVWXYZ0123456789") == strlen(name + 5)) {
            tasks =
                arena_printf(req_arena(q), "%s%s%s", tasks, *tasks == '\0' ? "" : ",", name + 5);
        }
    }
    if (*tasks == '\0') {
        form_wrong(f, "task", "Select at least one call");
    }
    if (*form_value(f, "to") == '\0') {
        form_wrong(f, "to", "Select a colleague");
    }
    if (f->n_errors > 0) {
        answer_wrong(q, arena_printf(req_arena(q), "&of=%s", req_encoded(q, form_value(f, "of"))));
        return;
    }
    ASK(q, "select * from oh.assign_each(string_to_array($1, ','), $2, $3::uuid)", tasks,
        form_value(f, "to"), request);
    req_then(q, moved);
}
