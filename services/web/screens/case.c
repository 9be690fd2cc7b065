/* A case: whom to call and how, what HR has received, what has happened. The two buttons that
 * matter come first. */
#include <stdlib.h>
#include <string.h>

#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/screens.h"
#include "services/web/screens/call_words.h"
#include "services/web/screens/saving.h"
#include "services/web/screens/story.h"

#define STORY_SHOWN 6

enum { CASE, TOLD, HISTORY };

static bool is(const struct req *q, const char *column, const char *value)
{
    return strcmp(got_text(q, CASE, 0, column), value) == 0;
}

static const char *path(struct req *q, const char *rest)
{
    return arena_printf(req_arena(q), "/case/%s%s", req_id(q), rest);
}

/* ---- states that come before everything ---- */

static void put_do_not_call(struct req *q, struct html *h)
{
    const char *why = got(q, CASE, 0, "do_not_call");
    const char *since = words_date(req_words(q), got_date(q, CASE, 0, "do_not_call_since"));
    if (why == NULL) {
        return;
    }
    part_callout_begin(h, "Do not call");
    if (strcmp(why, "died") == 0) {
        put(h, "<p>HR reported that they died.</p>\n");
    } else if (strcmp(why, "left") == 0) {
        put(h, "<p>They left the organisation on %s.</p>\n", since);
    } else {
        put(h, "<p>They asked us not to on %s.</p>\n", since);
    }
    part_callout_end(h);
}

static void put_ended(struct req *q, struct html *h)
{
    if (is(q, "state", "ended") && got(q, CASE, 0, "do_not_call") == NULL) {
        put(h, "<p><strong>Ended: %s.</strong> You can still record a call.</p>\n",
            words_end_reason(got(q, CASE, 0, "end_reason")));
    }
    if (got_true(q, CASE, 0, "case_closed")) {
        put(h, "<p><strong>Closed %s: %s.</strong></p>\n",
            words_at(req_words(q), got_instant(q, CASE, 0, "closed_at")),
            words_close_reason(got(q, CASE, 0, "close_reason")));
    }
}

/* Whether the red flag is the reader's own. Then a button beside what was saved a moment ago would
 * be pressed by habit, and the lead would never see the flag. */
static bool raised_it(struct req *q)
{
    for (size_t i = got_rows(q, HISTORY); i-- > 0;) {
        if (got_true(q, HISTORY, i, "red_flag") && got(q, HISTORY, i, "retracted_at") == NULL) {
            return got_true(q, HISTORY, i, "is_mine");
        }
    }
    return false;
}

static void put_red_flag(struct req *q, struct html *h)
{
    if (!got_true(q, CASE, 0, "red_flag_open")) {
        return;
    }
    part_callout_begin(h, "Red flag: urgent care was advised, or a concern raised");
    if (got(q, CASE, 0, "urgent_text") != NULL) {
        put(h, "<p>%s</p>\n", got_text(q, CASE, 0, "urgent_text"));
    }
    if (raised_it(q) && !req_who(q)->leads) {
        put(h, "<p>You raised it. The page of the team shows it to your lead.</p>\n");
        part_details_begin(h, "Nobody else needs to see to it");
        page_form_button(q, h, path(q, "/seen"), "I have seen to it", NULL);
        part_details_end(h);
    } else {
        page_form_button(q, h, path(q, "/seen"), "I have seen to it", NULL);
    }
    part_callout_end(h);
}

/* hr_was is flat JSON of dates: {"onset_date": "2026-09-06"}. */
static const char *was(struct req *q, const char *name)
{
    const char *at =
        strstr(got_text(q, CASE, 0, "hr_was"), arena_printf(req_arena(q), "\"%s\": ", name));
    at = at == NULL ? NULL : strstr(at, ": ") + 2;
    if (at == NULL || *at != '"') {
        return at == NULL ? NULL : "";
    }
    const char *text = arena_strndup(req_arena(q), at + 1, strcspn(at + 1, "\""));
    return words_date(req_words(q), words_date_of(text));
}

static void put_change(struct req *q, struct html *h, const char *column, const char *now,
                       const char *none)
{
    const char *before = was(q, column);
    if (before == NULL) {
        return;
    }
    const char *after = words_date(req_words(q), got_date(q, CASE, 0, column));
    put(h, "<li>%s %s, before: %s</li>\n", now, after[0] == '\0' ? none : after,
        before[0] == '\0' ? none : before);
}

static void put_hr_changed(struct req *q, struct html *h)
{
    if (got(q, CASE, 0, "hr_changed_at") == NULL && got(q, CASE, 0, "hr_was") == NULL) {
        return;
    }
    part_banner_begin(h, false, "HR changed this");
    put(h, "<p>Since you opened it last%s%s:</p>\n<ul>\n",
        got(q, CASE, 0, "hr_changed_at") == NULL ? "" : ", ",
        words_moment(req_words(q), got_instant(q, CASE, 0, "hr_changed_at")));
    put_change(q, h, "onset_date", "off since", "no date");
    put_change(q, h, "last_day", "last day off", "none given");
    put_change(q, h, "expected_return", "expected back", "no date");
    put_change(q, h, "due_date", "call due", "no date");
    if (got(q, CASE, 0, "hr_was") == NULL) {
        put(h, "<li>other details of the absence</li>\n");
    }
    put(h, "</ul>\n");
    part_banner_end(h);
}

/* ---- with whom, by when ---- */

static void put_with(struct req *q, struct html *h)
{
    bool held = got(q, CASE, 0, "assigned_to") != NULL;
    bool mine = got_true(q, CASE, 0, "is_mine");
    put(h, "<div class=\"inline\"><span>With ");
    put_name(h, mine ? "you" : held ? got_text(q, CASE, 0, "assigned_name") : "nobody");
    put(h, "</span>\n");
    if (!held && !is(q, "state", "ended")) {
        page_form_button(q, h, path(q, "/take"), "Take", NULL);
    }
    if (mine || (held && req_who(q)->leads)) {
        page_form_button(q, h, path(q, "/put-back"), "Put back", NULL);
    }
    if (mine || req_who(q)->leads) {
        put(h, "<a href=\"%s\">Give to a colleague</a>", path(q, "/give"));
    }
    put(h, "</div>\n");
}

static void put_by_when(struct req *q, struct html *h)
{
    const struct words *w = req_words(q);
    struct date by = got_date(q, CASE, 0, "act_by"), due = got_date(q, CASE, 0, "due_date");
    struct instant promised = got_instant(q, CASE, 0, "call_back_at");
    long overdue = got_number(q, CASE, 0, "days_overdue");
    bool open = is(q, "state", "open") && got(q, CASE, 0, "do_not_call") == NULL;
    if (open && !instant_is_none(promised)) {
        put(h, "<p class=\"by\">Promised: call %s %s</p>\n",
            words_day(w, zone_date(w->zone, promised)), words_time(w, promised));
    } else if (open) {
        put(h, "<p class=\"by\">Must call by %s", words_date(w, by));
        if (overdue > 0) {
            put(h, ": %s overdue", words_count(w, overdue, "day", "days"));
        } else if (by.days - w->today.days <= 1) {
            put(h, ", %s", words_day(w, by));
        }
        put(h, "</p>\n");
        if (overdue <= 0 && !date_is_none(due) && due.days > by.days) {
            put(h, "<p>The last day is %s, but the service is closed then.</p>\n",
                words_date(w, due));
        }
    } else if (is(q, "state", "contacted")) {
        put(h, "<p>");
        call_when(q, h, CASE, 0);
        put(h, "</p>\n");
    }
    call_tags(q, h, CASE, 0);
}

/* ---- the person ---- */

static void put_call_row(struct req *q, struct html *h)
{
    const char *email = got_text(q, CASE, 0, "email");
    const char *language = words_language(got(q, CASE, 0, "language"));
    part_summary_row_begin(h, "Call");
    if (got(q, CASE, 0, "do_not_call") != NULL) {
        put(h, "do not call");
        part_summary_row_end(h);
        return;
    }
    call_number(q, h, CASE, 0);
    if (language[0] != '\0') {
        put(h, "<br>%s", language);
    }
    if (email[0] != '\0') {
        put(h, "<br>");
        put_name_whole(h, email);
    }
    if (got(q, CASE, 0, "channel") != NULL && !is(q, "channel", "phone")) {
        put(h, "<br>would rather hear by %s", words_channel(got(q, CASE, 0, "channel")));
    }
    part_summary_row_end(h);
}

static void put_text_row(struct req *q, struct html *h, const char *key, const char *column,
                         const char *none)
{
    const char *value = got(q, CASE, 0, column);
    part_summary_row_begin(h, key);
    if (value == NULL) {
        put(h, "%s", none);
    } else {
        put_name_whole(h, value);
    }
    part_summary_row_end(h);
}

static void put_check_row(struct req *q, struct html *h)
{
    const char *staff = got_text(q, CASE, 0, "person_id");
    size_t n = strlen(staff);
    struct date born = got_date(q, CASE, 0, "date_of_birth");
    part_summary_row_begin(h, "Check it is them");
    if (!date_is_none(born)) {
        put(h, "Date of birth %s · ", words_full_date(req_words(q), born));
    }
    put(h, "staff number ends ");
    put_name(h, n > 3 ? staff + n - 3 : staff);
    part_summary_row_end(h);
}

static void put_job_row(struct req *q, struct html *h)
{
    static const char *const columns[] = {"job", "staff_group", "site"};
    const char *fte = got(q, CASE, 0, "fte");
    bool any = false;
    part_summary_row_begin(h, "Job");
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        const char *value = got(q, CASE, 0, columns[i]);
        if (value != NULL && !(i == 1 && any)) {
            put(h, any ? ", " : "");
            put_name_whole(h, value);
            any = true;
        }
    }
    if (fte != NULL && strtod(fte, NULL) < 1) {
        const char *share = arena_printf(req_arena(q), "%g", strtod(fte, NULL));
        put(h, "%s%s of full time", any ? ", " : "", share);
    }
    put(h, any || fte != NULL ? "" : "not known");
    part_summary_row_end(h);
}

static void put_off_row(struct req *q, struct html *h)
{
    const struct words *w = req_words(q);
    struct date last = got_date(q, CASE, 0, "last_day");
    struct date back = got_date(q, CASE, 0, "expected_return");
    part_summary_row_begin(h, "Off since");
    put(h, "%s (day %ld)", words_date(w, got_date(q, CASE, 0, "onset_date")),
        got_number(q, CASE, 0, "days_off"));
    if (!date_is_none(last)) {
        put(h, ", last day off %s", words_date(w, last));
    } else if (!date_is_none(back)) {
        put(h, ", expected back %s", words_date(w, back));
    }
    put(h, " · ");
    if (got_true(q, CASE, 0, "reason_hidden")) {
        put(h, "reason not shown: no longer a matter of this queue");
    } else if (got(q, CASE, 0, "display_reason") != NULL) {
        put(h, "%s", got_text(q, CASE, 0, "display_reason"));
    } else {
        put(h, "reason not given");
    }
    part_summary_row_end(h);
    if (got(q, CASE, 0, "previous_onset") != NULL) {
        part_summary_row(h, "Before that",
                         arena_printf(req_arena(q),
                                      "off from %s to %s with the same kind of problem",
                                      words_date(w, got_date(q, CASE, 0, "previous_onset")),
                                      words_date(w, got_date(q, CASE, 0, "previous_last_day"))));
    }
}

static void put_record_row(struct req *q, struct html *h)
{
    const struct input in = {.id = "record",
                             .label = "Reference in the OH record",
                             .width = "w-20",
                             .value = got(q, CASE, 0, "oh_record")};
    part_summary_row_begin(h, "OH record");
    page_form_begin(q, h, path(q, "/record"), NULL);
    put(h, "<div class=\"inline\">");
    part_input(h, req_form(q), &in);
    part_button_secondary(h, NULL, NULL, "Save reference");
    put(h, "</div></form>\n");
    part_summary_row_end(h);
}

static void put_person(struct req *q, struct html *h)
{
    part_summary_begin(h);
    put_call_row(q, h);
    put_check_row(q, h);
    put_text_row(q, h, "Needs", "needs", "none recorded");
    put_job_row(q, h);
    put_off_row(q, h);
    part_summary_end(h);
}

/* ---- what to do ---- */

static void put_buttons(struct req *q, struct html *h)
{
    const char *why = got(q, CASE, 0, "do_not_call");
    if (why != NULL && strcmp(why, "opted_out") != 0) {
        return; /* they died, or left: nothing but what happened */
    }
    put(h, "<div class=\"actions stay\">\n");
    if (why != NULL) {
        put(h, "<a class=\"button secondary\" href=\"%s\">Record an incoming call</a>\n",
            path(q, "/spoke"));
    } else {
        part_button_link(h, path(q, "/spoke"), "I spoke to them");
        put(h, "<a class=\"button secondary\" href=\"%s\">I did not reach them</a>\n",
            path(q, "/not-reached"));
    }
    put(h, "</div>\n");
}

static void put_more(struct req *q, struct html *h)
{
    const char *why = got(q, CASE, 0, "do_not_call");
    bool gone = why != NULL && strcmp(why, "opted_out") != 0;
    put(h, "<h2>More</h2>\n<ul class=\"screen\">\n");
    if (!gone && why == NULL) {
        put(h, "<li><a href=\"%s\">They do not want calls</a></li>\n", path(q, "/no-calls"));
    }
    if (!gone && !got_true(q, CASE, 0, "case_closed")) {
        put(h, "<li><a href=\"%s\">Close this case</a></li>\n", path(q, "/close"));
    }
    put(h, "<li><a href=\"%s\">Print</a></li>\n", path(q, "/print"));
    if (req_who(q)->leads) {
        put(h, "<li><a href=\"%s\">Who has looked</a></li>\n", path(q, "/looked"));
    }
    put(h, "</ul>\n<div class=\"inline screen\">\n");
    if (why != NULL && !gone) {
        page_form_begin(q, h, path(q, "/opt-in"), got(q, CASE, 0, "digest"));
        saving_put_seen(q, h, HISTORY);
        part_button_small(h, "They want calls again", NULL);
        put(h, "</form>\n");
    }
    if (got_true(q, CASE, 0, "case_closed")) {
        page_form_button(q, h, path(q, "/reopen"), "Open this case again", NULL);
    }
    put(h, "</div>\n");
    if (!gone) {
        part_summary_begin(h);
        put_record_row(q, h);
        part_summary_end(h);
    }
}

/* ---- what HR has received ---- */

static void put_told_row(struct req *q, struct html *h, size_t row)
{
    const struct words *w = req_words(q);
    const char *what = words_told_hr(got(q, TOLD, row, "kind"));
    const char *on = words_date(w, got_date(q, TOLD, row, "occurs_on"));
    if (got(q, TOLD, row, "withdrawn_at") != NULL) {
        put(h, "<li><del>%s: %s</del> No longer so, as they were told %s.</li>\n", on, what,
            words_at(w, got_instant(q, TOLD, row, "withdrawn_at")));
    } else {
        put(h, "<li>%s: %s</li>\n", on, what);
    }
}

static void put_told(struct req *q, struct html *h)
{
    size_t n = got_rows(q, TOLD);
    bool told = false;
    put(h, "<h2>What HR and their manager have been told</h2>\n<div class=\"card\">\n");
    for (size_t i = 0; i < n; i++) {
        told |= !got_true(q, TOLD, i, "planned");
    }
    if (!told) {
        put(h, "<p>Nothing so far.</p>\n");
    }
    for (size_t i = 0; i < n && !told; i++) {
        put(h, "<p>The first they will get, as for every absence, is %s: %s.</p>\n",
            words_date(req_words(q), got_date(q, TOLD, i, "occurs_on")),
            words_told_hr(got(q, TOLD, i, "kind")));
    }
    if (told) {
        put(h, "<ul>\n");
        for (size_t i = 0; i < n; i++) {
            if (!got_true(q, TOLD, i, "planned")) {
                put_told_row(q, h, i);
            }
        }
        put(h, "</ul>\n");
    }
    put(h,
        "<p>HR is never told that we have a case, that we called, or what was said.</p></div>\n");
}

/* ---- for the OH record ---- */

static void put_copy(struct req *q, struct html *h)
{
    const struct words *w = req_words(q);
    part_details_begin(h, "Copy for the OH record");
    put(h, "<label for=\"copy\">Dates, calls and next step</label>\n"
           "<textarea id=\"copy\" rows=\"8\" readonly data-copy>");
    put(h, "Off since %s. First call due %s.\n", words_date(w, got_date(q, CASE, 0, "onset_date")),
        words_date(w, got_date(q, CASE, 0, "due_date")));
    for (size_t i = 0; i < got_rows(q, HISTORY); i++) {
        const char *what = got_text(q, HISTORY, i, "what");
        bool call = strcmp(what, "attempt") == 0 || strcmp(what, "contact") == 0;
        if (call && got(q, HISTORY, i, "retracted_at") == NULL) {
            put(h, "%s: %s\n", words_moment(w, got_instant(q, HISTORY, i, "at")),
                story_text(q, HISTORY, i));
        }
    }
    put(h, "</textarea>\n");
    part_details_end(h);
}

/* ---- the screen ---- */

static void show(struct req *q)
{
    if (got_rows(q, CASE) == 0) {
        answer_not_found(q);
        return;
    }
    const char *name = got_text(q, CASE, 0, "name");
    const struct page page = {.title = "Case",
                              .heading = name[0] == '\0' ? "No name" : name,
                              .heading_is_name = true,
                              .section = SECTION_CALLS,
                              .back_href = "/calls",
                              .back_label = "Calls"};
    struct html *h = page_begin(q, &page);
    put_do_not_call(q, h);
    put_ended(q, h);
    put_red_flag(q, h);
    put_hr_changed(q, h);
    put_by_when(q, h);
    put_with(q, h);
    put_person(q, h);
    put_buttons(q, h);
    put_told(q, h);
    put(h, "<h2>What has happened</h2>\n");
    story_list(q, h, HISTORY, STORY_SHOWN);
    put(h, "<p><a href=\"%s\">Whole history</a></p>\n", path(q, "/history"));
    put_copy(q, h);
    put_more(q, h);
    page_end(q, 200);
}

void screen_case(struct req *q)
{
    ASK(q, "select * from oh.open_case($1)", req_id(q));
    ASK(q, "select * from oh.told_hr($1)", req_id(q));
    ASK(q, "select * from oh.case_history($1)", req_id(q));
    req_then(q, show);
}
