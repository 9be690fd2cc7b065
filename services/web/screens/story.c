/* The rows of oh.case_history() in words. Each line names who acted first: a colleague, HR, or this
 * service. The code of a reason is not shown here; the case has its title. */
#include "services/web/screens/story.h"

#include <stdio.h>
#include <string.h>

#include "services/web/words.h"

struct of {
    struct req *q;
    size_t nth, row;
};

static const char *text_of(struct of o, const char *column)
{
    return got_text(o.q, o.nth, o.row, column);
}

static const char *day_of(struct of o, const char *column)
{
    return words_date(req_words(o.q), got_date(o.q, o.nth, o.row, column));
}

static bool has(struct of o, const char *column)
{
    return got(o.q, o.nth, o.row, column) != NULL;
}

#define SAY(o, ...) arena_printf(req_arena((o).q), __VA_ARGS__)

/* ---- what HR reported ---- */

static const char *by_hr(struct of o)
{
    bool first = strcmp(text_of(o, "what"), "reported") == 0;
    const char *begins = first ? "HR reported the absence" : "HR changed the absence";
    if (got_true(o.q, o.nth, o.row, "cancelled")) {
        return "HR removed the absence: it was entered by mistake.";
    }
    const char *to = "";
    if (has(o, "last_day")) {
        to = SAY(o, ", last day off %s", day_of(o, "last_day"));
    } else if (has(o, "expected_return")) {
        to = SAY(o, ", expected back %s", day_of(o, "expected_return"));
    }
    return SAY(o, "%s: off since %s%s.", begins, day_of(o, "onset_date"), to);
}

/* ---- what this service did ---- */

static const char *by_us(struct of o)
{
    static const struct {
        const char *kind, *text;
    } kinds[] = {
        {"relapse.detected",
         "Recurrence: they were off with the same kind of problem not long ago."},
        {"contact.due-soon", "Reminder: the call is due soon."},
        {"contact.overdue", "Reminder: the call is overdue."},
        {"contact.unreachable", "Not reached 3 times on 2 days."},
        {"contact-task.ended", "The case ended."},
        {"reason.missing", "The reason of the absence is missing."},
        {"follow-up.due", "Reminder: look at this again."},
        {"long-term.approaching", "The absence becomes long-term soon."},
        {"long-term.reached", "The absence is long-term."},
        {"review.due", "Reminder: a review is due."},
        {"check-in.due", "Reminder: call them after their return."},
    };
    const char *what = text_of(o, "what"), *kind = text_of(o, "kind");
    bool withdrawn = strcmp(what, "withdrawn") == 0;
    if (strcmp(what, "opened") == 0) {
        return SAY(o, "Case opened, call due %s.", day_of(o, "due_date"));
    }
    if (got_true(o.q, o.nth, o.row, "for_hr")) {
        return SAY(o, withdrawn ? "HR was told it no longer holds: %s." : "HR was told: %s.",
                   words_told_hr(kind));
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            return withdrawn ? SAY(o, "No longer so: %s", kinds[i].text) : kinds[i].text;
        }
    }
    return "";
}

/* ---- what colleagues did ---- */

static const char *attempt(struct of o, const char *who)
{
    const char *outcome = words_outcome(text_of(o, "outcome"));
    if (has(o, "call_back_at")) {
        return SAY(o, "%s did not reach them: %s, %s.", who, outcome,
                   words_moment(req_words(o.q), got_instant(o.q, o.nth, o.row, "call_back_at")));
    }
    return SAY(o, "%s did not reach them: %s.", who, outcome);
}

static const char *contact(struct of o, const char *who)
{
    const char *again = "";
    if (words_is_infinity(got(o.q, o.nth, o.row, "review_on"))) {
        again = " No need to look at it again.";
    } else if (has(o, "review_on")) {
        again = SAY(o, " Look at this again on %s.", day_of(o, "review_on"));
    }
    return SAY(o, "%s spoke to them%s%s: %s.%s%s", who,
               has(o, "channel") && strcmp(text_of(o, "channel"), "phone") != 0 ? " by " : "",
               has(o, "channel") && strcmp(text_of(o, "channel"), "phone") != 0
                   ? words_channel(text_of(o, "channel"))
                   : "",
               words_outcome(text_of(o, "outcome")),
               got_true(o.q, o.nth, o.row, "red_flag") ? " Urgent care or a concern." : "", again);
}

static const char *by_colleague(struct of o)
{
    const char *what = text_of(o, "what");
    const char *who = got_true(o.q, o.nth, o.row, "is_mine") ? "You" : text_of(o, "by_name");
    if (strcmp(what, "attempt") == 0) {
        return attempt(o, who);
    }
    if (strcmp(what, "contact") == 0) {
        return contact(o, who);
    }
    if (strcmp(what, "claim") == 0) {
        return SAY(o, "%s took this case.", who);
    }
    if (strcmp(what, "release") == 0) {
        return SAY(o, "%s put this case back.", who);
    }
    if (strcmp(what, "assign") == 0) {
        return SAY(o, "%s gave this case to %s.", who, text_of(o, "assignee_name"));
    }
    if (strcmp(what, "close") == 0) {
        return SAY(o, "%s closed this case: %s.", who, words_close_reason(text_of(o, "outcome")));
    }
    if (strcmp(what, "reopen") == 0) {
        return SAY(o, "%s opened this case again.", who);
    }
    if (strcmp(what, "acknowledge") == 0) {
        return SAY(o, "%s saw to the red flag.", who);
    }
    if (strcmp(what, "oh_record") == 0) {
        return SAY(o, "%s changed the number of the OH record.", who);
    }
    return "";
}

const char *story_text(struct req *q, size_t nth, size_t row)
{
    struct of o = {q, nth, row};
    const char *actor = text_of(o, "actor");
    if (strcmp(actor, "hr") == 0) {
        return by_hr(o);
    }
    return strcmp(actor, "oh") == 0 ? by_colleague(o) : by_us(o);
}

/* ---- the list ---- */

static void line(struct req *q, struct html *h, struct of o, const char *text)
{
    const char *when = words_moment(req_words(q), got_instant(q, o.nth, o.row, "at"));
    bool gone = has(o, "retracted_at");
    put(h, "<li><span class=\"at\">%s</span>", when);
    if (gone) {
        put(h, "<del>%s</del> Undone: %s.", text, text_of(o, "retracted_why"));
    } else {
        put(h, "%s", text);
    }
    if (!gone && got_true(q, o.nth, o.row, "can_undo") && req_id(q) != NULL) {
        put(h, " <a href=\"/case/%s/entry/%ld/undo\">Undo<span class=\"hidden\">: %s</span></a>",
            req_id(q), got_number(q, o.nth, o.row, "entry_no"), text);
    }
    put(h, "</li>\n");
}

void story_list(struct req *q, struct html *h, size_t nth, size_t most)
{
    size_t shown = 0;
    put(h, "<ol class=\"story\">\n");
    for (size_t row = got_rows(q, nth); row-- > 0 && (most == 0 || shown < most);) {
        const char *text = story_text(q, nth, row);
        if (*text != '\0') {
            line(q, h, (struct of){q, nth, row}, text);
            shown++;
        }
    }
    put(h, "</ol>\n");
}
