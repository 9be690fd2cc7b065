/* Order of judging: sent twice, not yours, both spoke, changed, invalid. Then it is recorded, and
 * the answer waits until it is derived, at most a second, so that the next list shows it. */
#include "services/web/screens/saving.h"

#include <stdlib.h>
#include <string.h>

#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/screens/of_case.h"
#include "services/web/screens/story.h"

struct course {
    struct saving s;
    const char *request;
    const char *name;    /* of the person: the next screen is about somebody else */
    const char *both;    /* "Ben Carter also spoke to them at 10:05am."; NULL: nobody did */
    long entry_no;       /* of what was saved */
    bool again;          /* it was saved before, by the same form */
    const char *follows; /* said after it; "": nothing */
};

/* ---- the form ---- */

static long newest(const struct req *q, size_t nth)
{
    long most = 0;
    for (size_t i = 0; i < got_rows(q, nth); i++) {
        long no = got_number(q, nth, i, "entry_no");
        most = no > most ? no : most;
    }
    return most;
}

void saving_put_seen(struct req *q, struct html *h, size_t nth)
{
    const struct words *w = req_words(q);
    const struct form *f = req_form(q);
    bool kept = form_has(f, "seen");
    part_hidden(h, "seen",
                kept ? form_value(f, "seen") : arena_printf(w->arena, "%ld", newest(q, nth)));
    part_hidden(h, "opened", kept ? form_value(f, "opened") : words_iso_instant(w, w->now));
    part_hidden(h, "queue", kept ? form_value(f, "queue") : req_filter_queue(q));
    part_hidden(h, "site", kept ? form_value(f, "site") : req_filter_site(q));
}

void saving_put_buttons(struct html *h)
{
    put(h, "<div class=\"actions stay\">\n");
    part_button(h, "next", "yes", "Save and next call");
    part_button_secondary(h, "next", "no", "Save");
    put(h, "</div>\n");
}

/* ---- after saving ---- */

static const char *text_of(struct req *q, const struct course *c)
{
    return c->both == NULL ? arena_printf(req_arena(q), "%s. %s%s", c->name, c->s.saved, c->follows)
                           : arena_printf(req_arena(q), "%s. %s Yours is saved as a follow-up.",
                                          c->name, c->both);
}

static void next_found(struct req *q)
{
    const struct course *c = req_kept(q);
    const char *next = got(q, 0, 0, "next");
    const char *text = text_of(q, c);
    if (next == NULL) {
        answer_saved_case(q, "/calls",
                          arena_printf(req_arena(q), "%s No more calls for today.", text),
                          req_id(q), c->entry_no);
        return;
    }
    answer_saved_case(q, arena_printf(req_arena(q), "/case/%s", next),
                      arena_printf(req_arena(q), "%s Your next call is below.", text), req_id(q),
                      c->entry_no);
}

static const char *or_null(const char *value)
{
    return value[0] == '\0' ? NULL : value;
}

/* Past the second too: what is saved is saved, and the next screen shows it as entered. */
static void derived(struct req *q)
{
    const struct course *c = req_kept(q);
    const struct form *f = req_form(q);
    req_note_saved(q, req_id(q));
    if (c->s.urgent || !form_is(f, "next", "yes")) {
        answer_saved_case(q, of_case_path(q, ""), text_of(q, c), req_id(q), c->entry_no);
        return;
    }
    req_catch(q, next_found);
    ASK(q, "select oh.next_call($1, $2, $3::text[]) as next", or_null(form_value(f, "queue")),
        or_null(form_value(f, "site")), req_saved_tasks(q));
    req_then(q, next_found);
}

static void recorded(struct req *q)
{
    struct course *c = req_kept(q);
    c->entry_no = c->again ? 0 : got_number(q, 1, 0, "entry_no");
    req_catch(q, derived);
    ASK(q, "select oh.await_derived($1)", req_id(q));
    req_then(q, derived);
}

/* ---- what came between ---- */

static const char *holder_of(struct req *q)
{
    bool other =
        got(q, SAVING_CASE, 0, "assigned_to") != NULL && !got_true(q, SAVING_CASE, 0, "is_mine");
    return other ? got_text(q, SAVING_CASE, 0, "assigned_name") : NULL;
}

static void put_changes(struct req *q, struct html *h)
{
    const struct form *f = req_form(q);
    struct instant opened = words_instant_of(form_value(f, "opened"));
    long seen = strtol(form_value(f, "seen"), NULL, 10);
    put(h, "<p>While you were on this page:</p>\n<ul>\n");
    for (size_t i = 0; i < got_rows(q, SAVING_HISTORY); i++) {
        bool entry = got(q, SAVING_HISTORY, i, "entry_no") != NULL;
        struct instant known = got_instant(q, SAVING_HISTORY, i, "known_at");
        bool fresh = entry ? got_number(q, SAVING_HISTORY, i, "entry_no") > seen &&
                                 !got_true(q, SAVING_HISTORY, i, "is_mine")
                           : strcmp(got_text(q, SAVING_HISTORY, i, "actor"), "hr") == 0 &&
                                 !instant_is_none(opened) && known.us > opened.us;
        const char *text = fresh ? story_text(q, SAVING_HISTORY, i) : "";
        if (text[0] != '\0') {
            put(h, "<li>%s</li>\n", text);
        }
    }
    put(h, "<li>Now: off since %s",
        words_date(req_words(q), got_date(q, SAVING_CASE, 0, "onset_date")));
    if (got(q, SAVING_CASE, 0, "last_day") != NULL) {
        put(h, ", last day off %s",
            words_date(req_words(q), got_date(q, SAVING_CASE, 0, "last_day")));
    }
    if (got_true(q, SAVING_CASE, 0, "reason_changed")) {
        put(h, ", with another reason than before");
    }
    put(h, "</li>\n</ul>\n");
}

/* Every field again, hidden, with what the case looks like now. */
static void put_again(struct req *q, struct html *h)
{
    const struct form *f = req_form(q);
    put(h, "<form method=\"post\" action=\"%s\">\n", req_path(q));
    for (size_t i = 0; i < f->n_fields; i++) {
        const char *name = f->fields[i].name;
        if (strcmp(name, "digest") != 0 && strcmp(name, "seen") != 0 && strcmp(name, "next") != 0) {
            part_hidden(h, name, f->fields[i].value);
        }
    }
    part_hidden(h, "digest", got_text(q, SAVING_DIGEST, 0, "digest"));
    part_hidden(h, "seen", arena_printf(req_arena(q), "%ld", newest(q, SAVING_HISTORY)));
    part_button(h, "next", form_value(f, "next"), "Save my entry");
    put(h, "</form>\n");
}

static void show_changed(struct req *q, const struct course *c)
{
    const char *holder = holder_of(q);
    const char *title = holder == NULL ? "This case has changed" : "A colleague has this case now";
    struct form *f = req_form(q);
    form_forget_errors(f);
    const struct page page = {.title = title,
                              .heading = title,
                              .section = SECTION_CALLS,
                              .back_href = of_case_path(q, ""),
                              .back_label = "Back to the case"};
    struct html *h = page_begin(q, &page);
    if (holder != NULL) {
        put(h, "<p><strong>");
        put_name(h, holder);
        put(h, " has this case now.</strong></p>\n");
    }
    put(h, "<p>Your entry is not saved yet.</p>\n");
    put_changes(q, h);
    put(h, "<p>Your entry: %s.</p>\n", c->s.title);
    put_again(q, h);
    if (!c->s.is_button) {
        put(h, "<p><a href=\"%s?r=%ld\">Go back and change it</a></p>\n", req_path(q),
            req_keep_form(q, f));
    }
    page_end(q, 409);
}

/* A colleague's contact that the screen had not shown yet. */
static const char *both_spoke(struct req *q)
{
    long seen = strtol(form_value(req_form(q), "seen"), NULL, 10);
    for (size_t i = got_rows(q, SAVING_HISTORY); i-- > 0;) {
        bool contact = strcmp(got_text(q, SAVING_HISTORY, i, "what"), "contact") == 0;
        if (contact && !got_true(q, SAVING_HISTORY, i, "is_mine") &&
            got(q, SAVING_HISTORY, i, "retracted_at") == NULL &&
            got_number(q, SAVING_HISTORY, i, "entry_no") > seen) {
            return arena_printf(req_arena(q), "%s also spoke to them %s.",
                                got_text(q, SAVING_HISTORY, i, "by_name"),
                                words_at(req_words(q), got_instant(q, SAVING_HISTORY, i, "at")));
        }
    }
    return NULL;
}

/* ---- judging ---- */

static void not_saved(struct req *q)
{
    const struct course *c = req_kept(q);
    const char *state = req_sqlstate(q);
    if (strcmp(state, "22023") == 0 && !c->again) {
        form_wrong(req_form(q), "when", "A date or time is out of range. Check what you entered");
        answer_wrong(q, "");
    } else {
        req_answer_error(q);
    }
}

static void record(struct req *q, struct course *c)
{
    req_catch(q, not_saved);
    c->s.record(q);
    ASK(q,
        "select entry_no from oh.case_history($1) where is_mine and what = $2"
        " order by entry_no desc limit 1",
        req_id(q), c->s.what);
    req_then(q, recorded);
}

static void judge(struct req *q)
{
    struct course *c = req_kept(q);
    const struct form *f = req_form(q);
    c->follows = c->s.follows == NULL ? "" : c->s.follows(q);
    c->name =
        got(q, SAVING_CASE, 0, "name") == NULL ? "No name" : got_kept(q, SAVING_CASE, 0, "name");
    if (got_true(q, SAVING_SENT, 0, "sent")) {
        c->again = true;
        record(q, c); /* no effect: it was for the same thing, or is refused */
        return;
    }
    bool changed = strcmp(form_value(f, "digest"), got_text(q, SAVING_DIGEST, 0, "digest")) != 0;
    bool contact = strcmp(c->s.what, "contact") == 0;
    c->both = changed && contact ? both_spoke(q) : NULL;
    if (changed && c->both == NULL) {
        show_changed(q, c);
        return;
    }
    if (f->n_errors > 0) {
        answer_wrong(q, "");
        return;
    }
    record(q, c);
}

void saving_begin(struct req *q, const struct saving *s)
{
    struct course *c = arena_zalloc(req_arena(q), sizeof *c);
    c->s = *s;
    c->request = page_request_id(q);
    if (c->request == NULL) {
        return;
    }
    req_keep(q, c);
    ASK(q, "select oh.was_sent($1::uuid) as sent", c->request);
    ASK(q, "select oh.case_digest($1) as digest", req_id(q));
    ASK(q, "select * from oh.case_history($1)", req_id(q));
    ASK(q, "select * from oh.open_case($1)", req_id(q));
    req_then(q, judge);
}
