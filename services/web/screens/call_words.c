/* A call in words. */
#include "services/web/screens/call_words.h"

#include <string.h>

#include "services/web/parts.h"

/* ---- when ---- */

static void overdue(struct req *q, struct html *h, long days)
{
    put(h, "<span class=\"when\">%s</span>",
        words_days_left(req_words(q), (int)(days > 0 ? -days : 0)));
}

static void look_again(struct req *q, struct html *h, size_t nth, size_t row)
{
    struct date since = got_date(q, nth, row, "look_again_since");
    if (date_is_none(since)) {
        since = got_date(q, nth, row, "act_by");
    }
    if (date_is_none(since)) {
        put(h, "<span class=\"when\">follow-up</span>");
        return;
    }
    bool past = since.days < req_words(q)->today.days;
    put(h, "<span class=\"when\">look again %s%s</span>", past ? "since " : "",
        words_day(req_words(q), since));
}

static void first_call(struct req *q, struct html *h, size_t nth, size_t row)
{
    const struct words *w = req_words(q);
    struct date act = got_date(q, nth, row, "act_by");
    struct date due = got_date(q, nth, row, "due_date");
    put(h, "<span class=\"when\">%s</span>", words_day(w, act));
    if (!date_is_none(due) && !date_is_none(act) && due.days > act.days) {
        put(h, "<br><span class=\"quiet\">due %s</span>", words_day(w, due));
    }
}

void call_when(struct req *q, struct html *h, size_t nth, size_t row)
{
    const struct words *w = req_words(q);
    struct instant promised = got_instant(q, nth, row, "call_back_at");
    long days = got_number(q, nth, row, "days_overdue");
    bool open = strcmp(got_text(q, nth, row, "state"), "open") == 0;
    if (!instant_is_none(promised)) {
        put(h, "<span class=\"when\">%s %s</span>", words_time(w, promised),
            words_day(w, zone_date(w->zone, promised)));
    } else if (open && days > 0) {
        overdue(q, h, days);
    } else if (open) {
        first_call(q, h, nth, row);
    } else {
        look_again(q, h, nth, row);
    }
}

/* ---- who ---- */

void call_where(struct req *q, struct html *h, size_t nth, size_t row)
{
    const char *staff = got(q, nth, row, "staff_group");
    const char *site = got(q, nth, row, "site");
    const char *language = words_language(got(q, nth, row, "language"));
    if (staff != NULL || site != NULL) {
        put(h, "<br><span class=\"quiet\">");
        put_name(h, staff != NULL ? staff : site);
        if (staff != NULL && site != NULL) {
            put(h, ", ");
            put_name(h, site);
        }
        put(h, "</span>");
    }
    if (language[0] != '\0') {
        put(h, "<br>%s speaker", language);
    }
}

void call_tags(struct req *q, struct html *h, size_t nth, size_t row)
{
    bool open = strcmp(got_text(q, nth, row, "state"), "open") == 0;
    put(h, "<div class=\"tags\">\n");
    if (got_true(q, nth, row, "red_flag_open")) {
        part_tag(h, TAG_RED, "RED FLAG");
    }
    if (!instant_is_none(got_instant(q, nth, row, "call_back_at"))) {
        part_tag(h, TAG_BLUE, "PROMISED");
    }
    if (open && got_number(q, nth, row, "days_overdue") > 0) {
        part_tag(h, TAG_ORANGE, "OVERDUE");
    }
    if (open && got_true(q, nth, row, "late_report")) {
        part_tag(h, TAG_YELLOW, "REPORTED LATE");
    }
    if (open && got_true(q, nth, row, "reason_late")) {
        part_tag(h, TAG_YELLOW, "REASON ADDED LATE");
    }
    if (got_true(q, nth, row, "relapse")) {
        part_tag(h, TAG_PLAIN, "RECURRENCE");
    }
    if (got_true(q, nth, row, "reason_changed")) {
        part_tag(h, TAG_PLAIN, "REASON CHANGED");
    }
    if (got(q, nth, row, "hr_changed_at") != NULL) {
        part_tag(h, TAG_PLAIN, "HR CHANGED THIS");
    }
    if (open && got_true(q, nth, row, "unreachable")) {
        part_tag(h, TAG_PLAIN, "NOT REACHED 3 TIMES");
    }
    put(h, "</div>\n");
}

/* ---- how ---- */

const char *call_dial(struct req *q, const char *phone)
{
    return words_dial(req_words(q), phone);
}

void call_number_plain(struct req *q, struct html *h, size_t nth, size_t row)
{
    if (got(q, nth, row, "phone") != NULL) {
        put(h, "<span class=\"phone\">%s</span>", got_text(q, nth, row, "phone"));
    } else {
        put(h, "no number");
    }
}

void call_number(struct req *q, struct html *h, size_t nth, size_t row)
{
    const char *phone = got_text(q, nth, row, "phone");
    const char *email = got_text(q, nth, row, "email");
    const char *voicemail = got(q, nth, row, "voicemail");
    const char *preferred = got_text(q, nth, row, "preferred_time");
    if (phone[0] == '\0') {
        put(h, "no number");
        put(h, email[0] == '\0' ? "" : "<br><span class=\"quiet\">email only</span>");
        return;
    }
    put(h, "<span class=\"phone\"><a href=\"tel:%s\">", call_dial(q, phone));
    put_name(h, phone);
    put(h, "</a></span>");
    if (voicemail != NULL) {
        bool messages = strcmp(voicemail, "t") == 0;
        put(h, messages ? "<br><span class=\"quiet\">voicemail: yes</span>" : "<br>no messages");
    }
    if (preferred[0] != '\0' && strcmp(preferred, "any") != 0) {
        put(h, "<br><span class=\"quiet\">best ");
        put_name(h, preferred);
        put(h, "</span>");
    }
}

void call_tried(struct req *q, struct html *h, size_t nth, size_t row)
{
    struct instant last = got_instant(q, nth, row, "last_attempt_at");
    struct instant spoke = got_instant(q, nth, row, "contacted_at");
    if (!instant_is_none(spoke) && (instant_is_none(last) || last.us <= spoke.us)) {
        put(h, "spoken to<br><span class=\"quiet\">%s</span>",
            words_short_moment(req_words(q), spoke));
        return;
    }
    if (got_number(q, nth, row, "attempts") == 0) {
        put(h, "not yet");
        return;
    }
    put(h, "%s", words_short_moment(req_words(q), last));
    if (got(q, nth, row, "last_outcome") != NULL) {
        put(h, "<br><span class=\"quiet\">%s</span>",
            words_outcome(got(q, nth, row, "last_outcome")));
    }
}
