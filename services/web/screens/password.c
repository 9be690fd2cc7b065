/* Changing one's own password. A connection with the present one shows that it is right; the server
 * is then given a verifier, and never the new password. No form that is kept has what was typed
 * (form_copy). */
#include <string.h>

#include "common/base/buf.h"
#include "common/runtime/clock.h"
#include "services/web/inside.h"
#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/screens.h"

#define LEAST_BYTES 12
#define MOST_BYTES 1000

static const struct input inputs[] = {
    {.id = "password-current",
     .label = "Present password",
     .type = "password",
     .autocomplete = "current-password"},
    {.id = "password-new",
     .label = "New password",
     .hint = "At least 12 characters. Three words make a good one",
     .type = "password",
     .autocomplete = "new-password"},
    {.id = "password-again",
     .label = "New password again",
     .type = "password",
     .autocomplete = "new-password"},
};
#define N_INPUTS (sizeof inputs / sizeof inputs[0])

void screen_password(struct req *q)
{
    const struct page page = {.title = "Change your password", .section = SECTION_HELP};
    struct html *h = page_begin(q, &page);
    if (q->web->by_header) {
        put(h, "<p>You log in through your organisation. Change your password there.</p>\n");
        page_end(q, 200);
        return;
    }
    page_form_begin(q, h, "/password", NULL);
    for (size_t i = 0; i < N_INPUTS; i++) {
        part_input(h, req_form(q), &inputs[i]);
    }
    part_button(h, NULL, NULL, "Change password");
    page_form_end(q, h);
    page_end(q, 200);
}

/* ---- saving ---- */

static bool is_complete(struct form *f)
{
    const char *new = form_value(f, "password-new");
    if (*form_value(f, "password-current") == '\0') {
        form_wrong(f, "password-current", "Enter your present password");
    }
    if (strlen(new) < LEAST_BYTES) {
        form_wrong(f, "password-new", "New password must have at least %d characters", LEAST_BYTES);
    } else if (strlen(new) > MOST_BYTES) {
        form_wrong(f, "password-new", "New password must have %d characters or fewer", MOST_BYTES);
    } else if (form_is(f, "password-current", new)) {
        form_wrong(f, "password-new", "New password must not be the present one");
    } else if (!form_is(f, "password-again", new)) {
        form_wrong(f, "password-again", "The two new passwords must be the same");
    }
    return f->n_errors == 0;
}

static void changed(struct req *q)
{
    answer_saved(q, "/help", "Your password is changed.");
}

static void change(struct req *q)
{
    struct buf verifier = {0};
    struct err err = {0};
    if (q->session->person == NULL) {
        answer_unavailable(q);
        return;
    }
    if (pg_person_encrypt(q->session->person, form_value(q->form, "password-new"), &verifier,
                          &err) != STATUS_OK) {
        form_wrong(q->form, "password-new", "Choose another password");
        answer_wrong(q, "");
    } else {
        ASK(q, "select oh.change_password($1)", verifier.data);
        req_then(q, changed);
    }
    buf_clear(&verifier);
}

/* The connection with the present password was made, or was refused. It was only for that. */
static void checked(struct session *one, struct req *q, enum status s)
{
    struct web *w = q->web;
    one->now = NULL;
    session_end(one, ENDED_REFUSED);
    if (s == STATUS_OK) {
        refusals_right(w->refusals, q->who.login, q->address, clock_mono_ms());
        change(q);
    } else if (s == STATUS_REJECT) {
        own_note_refused(w->own, q->who.login, q->address, "password");
        form_wrong(q->form, "password-current", "The present password is not right");
        answer_wrong(q, "");
    } else {
        refusals_undo(w->refusals, q->who.login, q->address, clock_mono_ms());
        answer_unavailable(q);
    }
}

static void check(struct req *q)
{
    struct web *w = q->web;
    struct err err = {0};
    struct session *one = session_new(w, q->who.login);
    const struct pg_person_options o = {.dsn = w->conf->pg_dsn,
                                        .login = q->who.login,
                                        .password = form_value(q->form, "password-current"),
                                        .application_name = "dayfour-web"};
    one->now = q;
    one->on_checked = checked;
    if (pg_person_open(&one->person, &o, &err) != STATUS_OK || session_watch(one) != STATUS_OK) {
        checked(one, q, STATUS_RESYNC);
    }
}

void screen_password_post(struct req *q)
{
    if (page_request_id(q) == NULL) {
        return;
    }
    if (q->web->by_header) {
        answer_not_found(q);
    } else if (!is_complete(q->form)) {
        answer_wrong(q, "");
    } else if (!refusals_try(q->web->refusals, q->who.login, q->address, clock_mono_ms())) {
        form_wrong(q->form, "password-current", "Too many tries. Wait 15 minutes");
        answer_wrong(q, "");
    } else {
        check(q);
    }
}
