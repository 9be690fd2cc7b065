/* Logging in and out. The password opens the database connection of the session and is then
 * forgotten. For a name from a proxy it is derived from the service's key. Nobody is given a
 * session who has no row in oh.staff. */
#include <stdlib.h>
#include <string.h>

#include "common/base/err_code.h"
#include "common/base/hash.h"
#include "common/base/mem.h"
#include "common/runtime/clock.h"
#include "common/runtime/fault.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"
#include "common/runtime/web_key.h"
#include "services/web/inside.h"
#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/screens.h"

#define NOT_RIGHT "The user name or password is not right"

/* ---- the page ---- */

static void put_why(struct html *h, const struct visitor *v)
{
    if (v == NULL || !v->has_why) {
        return;
    }
    const char *why = v->why == ENDED_IDLE       ? "You were logged out, as nothing was clicked."
                      : v->why == ENDED_EXPIRED  ? "You were logged out at the end of the session."
                      : v->why == ENDED_REPLACED ? "You logged in elsewhere."
                                                 : "The connection was lost. Log in again.";
    part_inset(h, why);
    if (v->form != NULL) {
        put(h, "<p>What you entered is kept for 15 minutes. It was not saved: log in with the same "
               "user name to see it.</p>\n");
    } else if (v->path[0] == '\0') {
        put(h, "<p>What you were entering, if anything, was not kept.</p>\n");
    }
}

static void put_password_form(struct html *h, const struct form *f)
{
    put(h, "<p>This is for occupational health staff. What you look at is recorded.</p>\n"
           "<form method=\"post\" action=\"/login\" novalidate>\n");
    const struct input name = {.id = "login", .label = "User name", .autocomplete = "username"};
    const struct input password = {.id = "password",
                                   .label = "Password",
                                   .type = "password",
                                   .autocomplete = "current-password"};
    part_input(h, f, &name);
    part_input(h, f, &password);
    part_button(h, NULL, NULL, "Log in");
    put(h, "</form>\n");
}

void login_show(struct req *q, const struct visitor *v, unsigned status)
{
    const char *phone = own_service_phone(q->web->own);
    q->who.login = NULL;
    struct form *typed = v != NULL && req_is_post(q) && q->match.route->who != ROUTE_DOOR
                             ? form_new()
                             : NULL; /* of another screen: not for this one */
    struct html *h = page_begin_bare(q, "Log in", "Log in");
    put_why(h, v);
    if (q->web->by_header) {
        put(h, "<form method=\"post\" action=\"/login\">\n");
        part_button(h, NULL, NULL, v != NULL && v->logged_out ? "Log in again" : "Log in");
        put(h, "</form>\n");
    } else {
        put_password_form(h, typed == NULL ? q->form : typed);
    }
    if (phone != NULL) {
        put(h, "<p>Help logging in: call <a href=\"tel:%s\">%s</a></p>\n",
            words_dial(&q->words, phone), phone);
    }
    form_free(typed);
    page_end_bare(q, status);
}

/* ---- refusals ---- */

static void refuse(struct req *q, const char *login, const char *why)
{
    metrics_add(METRIC_WEB_REFUSED, &(const char *){"login"}, 1);
    own_note_refused(q->web->own, login, q->address, why);
}

static void answer_shut(struct req *q)
{
    const char *phone = own_service_phone(q->web->own);
    metrics_add(METRIC_WEB_REFUSED, &(const char *){"tries"}, 1);
    q->retry_after = REFUSAL_MS / 1000;
    form_wrong(q->form, "", "Too many tries. Wait 15 minutes%s%s.",
               phone == NULL ? "" : ", or call ", phone == NULL ? "" : phone);
    login_show(q, NULL, 429);
}

static void answer_away(struct req *q)
{
    q->retry_after = 60;
    struct html *h = page_begin_bare(q, "The service is not working", "The service is not working");
    put(h, "<p>Nobody can log in now. Try again in a minute.</p>\n");
    page_end_bare(q, 503);
}

static void answer_no_role(struct req *q, bool has_other_role)
{
    struct html *h = page_begin_bare(q, "You have no access here", "You have no access here");
    if (has_other_role) {
        put(h, "<p>Your role has no calls.</p>\n");
    } else if (q->web->by_header) {
        put(h, "<p>You are logged in to the trust as ");
        put_name(h, serve_identity(q));
        put(h, ", but have no access here. Ask your lead.</p>\n");
    } else {
        put(h, "<p>You have no access here. Ask your lead.</p>\n");
    }
    page_end_bare(q, 403);
}

/* ---- opening a session ---- */

static void open_for(struct req *q, const char *login, const char *password)
{
    struct web *w = q->web;
    struct err err = {0};
    struct session *one = session_new(w, login);
    const struct pg_person_options o = {.dsn = w->conf->pg_dsn,
                                        .login = login,
                                        .password = password,
                                        .application_name = "dayfour-web"};
    one->now = q;
    q->session = one;
    enum status s = pg_person_open(&one->person, &o, &err);
    if (s == STATUS_OK) {
        s = session_watch(one);
    }
    if (s != STATUS_OK) {
        login_done(one, s, &err);
    }
}

static void give_up(struct session *one, struct req *q)
{
    one->now = NULL;
    q->session = NULL;
    session_end(one, ENDED_REFUSED);
}

/* Where to go: the way kept, with what had been typed if it was theirs. */
static void go_in(struct session *one, struct req *q)
{
    struct web *w = q->web;
    struct visitor *v = visitors_find(w->visitors, server_cookie(q));
    const char *to = v != NULL && v->path[0] != '\0' ? arena_strdup(q->arena, v->path) : "/calls";
    if (v != NULL && v->form != NULL && strcmp(v->login, one->login) == 0) {
        to = arena_printf(q->arena, "%s?r=%ld", to, session_keep_form(one, v->form));
    }
    if (v != NULL) {
        visitors_forget(w->visitors, v);
    }
    req_set_cookie(q, one->id);
    fault_point("web.logged_in");
    answer_see_other(q, "%s", to);
}

static void is_in(struct session *one, struct req *q)
{
    if (!sessions_take_in(q->web->sessions, one)) {
        give_up(one, q);
        answer_away(q);
        return;
    }
    refusals_right(q->web->refusals, one->login, q->address, clock_mono_ms());
    go_in(one, q);
}

/* Answers of the role: 0 what it is, then in a step of its own the row of oh.staff. */
static void next_step(struct session *one, struct req *q)
{
    struct err err = {0};
    enum status s = STATUS_OK;
    if (!q->asked_anything) {
        s = pg_person_add(
            one->person,
            "select coalesce(has_schema_privilege(to_regnamespace('oh'), 'usage')"
            " and has_function_privilege(to_regprocedure('oh.me()'), 'execute'), false) as may,"
            " exists (select from pg_roles r where r.rolname in ('dayfour_auditor',"
            " 'dayfour_reporter', 'dayfour_operator', 'dayfour_feed_owner', 'dayfour_retention')"
            " and pg_has_role(r.oid, 'member')) as other",
            NULL, 0, &err);
    } else if (!got_true(q, 0, 0, "may")) {
        bool other = got_true(q, 0, 0, "other");
        refuse(q, one->login, "role");
        give_up(one, q);
        answer_no_role(q, other);
        return;
    } else {
        const char *const values[] = {q->address};
        s = pg_person_add(one->person, "select oh.note_login($1) as in_staff", values, 1, &err);
    }
    q->asked_anything = true;
    s = s == STATUS_OK ? pg_person_send(one->person, &err) : s;
    if (s != STATUS_OK || session_watch(one) != STATUS_OK) {
        login_done(one, STATUS_RESYNC, &err);
    }
}

static void not_in(struct session *one, struct req *q, enum status s, const struct err *err)
{
    char login[LOGIN_MAX + 1];
    memcpy(login, one->login, sizeof login);
    give_up(one, q);
    if (s != STATUS_REJECT) {
        refusals_undo(q->web->refusals, login, q->address, clock_mono_ms());
        answer_away(q);
        return;
    }
    refuse(q, login, err_is(err, ERR_NO_PASSWORD) ? "no_password" : "password");
    if (q->web->by_header) {
        answer_no_role(q, false);
        return;
    }
    form_wrong(q->form, "login", NOT_RIGHT);
    login_show(q, NULL, 422);
}

void login_done(struct session *one, enum status s, const struct err *err)
{
    struct req *q = one->now;
    if (one->on_checked != NULL) {
        one->on_checked(one, q, s);
    } else if (s != STATUS_OK) {
        not_in(one, q, s, err);
    } else if (q->asked_anything && pg_person_value(one->person, 0, 0, "in_staff") != NULL) {
        bool in_staff = got_true(q, 0, 0, "in_staff");
        if (in_staff) {
            is_in(one, q);
            return;
        }
        refuse(q, one->login, "staff");
        give_up(one, q);
        answer_no_role(q, false);
    } else {
        next_step(one, q);
    }
}

static void open_by_header(struct req *q)
{
    const char *login = serve_identity(q);
    char password[WEB_PASSWORD_TEXT];
    web_key_password(q->web->key, login, password);
    open_for(q, login, password);
    hash_wipe(password, sizeof password);
}

/* ---- the screens ---- */

void screen_login(struct req *q)
{
    const struct visitor *v = visitors_find(q->web->visitors, server_cookie(q));
    if (q->session != NULL) {
        q->session = NULL;
        answer_see_other(q, "/calls");
    } else if (q->web->by_header && (v == NULL || !v->logged_out)) {
        open_by_header(q);
    } else {
        login_show(q, v, 200);
    }
}

static bool is_complete(struct req *q, const char *login, const char *password)
{
    if (login[0] == '\0') {
        form_wrong(q->form, "login", "Enter your user name");
    }
    if (password[0] == '\0') {
        form_wrong(q->form, "password", "Enter your password");
    }
    if (q->form->n_errors == 0 && (strlen(login) > LOGIN_MAX || strlen(password) > 1000)) {
        form_wrong(q->form, "login", NOT_RIGHT);
    }
    return q->form->n_errors == 0;
}

void screen_login_post(struct req *q)
{
    q->session = NULL; /* a session that there is continues; this makes another */
    if (q->web->by_header) {
        open_by_header(q);
        return;
    }
    const char *login = form_value(q->form, "login");
    const char *password = form_value(q->form, "password");
    if (!refusals_try(q->web->refusals, login, q->address, clock_mono_ms())) {
        answer_shut(q);
        return;
    }
    if (!is_complete(q, login, password)) {
        refusals_undo(q->web->refusals, login, q->address, clock_mono_ms());
        login_show(q, visitors_find(q->web->visitors, server_cookie(q)), 422);
        return;
    }
    open_for(q, login, password);
}

/* ---- out ---- */

static void logged_out(struct req *q)
{
    struct session *one = q->session;
    struct visitor *v = visitors_add(q->web->visitors);
    v->logged_out = true;
    req_set_cookie(q, v->id);
    q->who.login = NULL;
    answer_see_other(q, "/logged-out");
    session_end(one, ENDED_BY_HAND);
}

/* The note is made by the person's own session, before it ends. */
void screen_logout(struct req *q)
{
    req_catch(q, logged_out);
    ASK(q, "select oh.note_logout()");
    req_then(q, logged_out);
}

void screen_logged_out(struct req *q)
{
    const char *why = req_query(q, "why");
    if (q->session != NULL) {
        q->session = NULL;
        answer_see_other(q, "/calls");
        return;
    }
    struct html *h = page_begin_bare(q, "You are logged out", "You are logged out");
    if (why != NULL && strcmp(why, "idle") == 0) {
        put(h,
            "<p>Nothing was clicked for %lld minutes. If you were filling in a form, log in with "
            "the same user name and send it again.</p>\n",
            (long long)q->web->conf->web_idle_minutes);
    }
    if (q->web->by_header) {
        put(h, "<form method=\"post\" action=\"/login\">\n");
        part_button(h, NULL, NULL, "Log in again");
        put(h, "</form>\n");
    } else {
        part_button_link(h, "/login", "Log in again");
    }
    if (q->web->conf->web_logout_url != NULL) {
        put(h, "<p><a href=\"%s\">Log out of the trust as well</a></p>\n",
            q->web->conf->web_logout_url);
    }
    page_end_bare(q, 200);
}

/* Browsers ask for it by themselves; there is none. */
void screen_favicon(struct req *q)
{
    q->session = NULL;
    q->type = "image/x-icon";
    q->bytes = "";
    req_finish(q, 204);
}
