/* Judges a request in this order: path, method, body, who asks, whether the form is ours. Then come
 * the session's turn, the role and the screen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/mem.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"
#include "services/web/inside.h"
#include "services/web/page.h"
#include "services/web/request.h"

#define PATTERN_OTHER "other"

void serve_log(struct req *q)
{
    char status[8];
    int64_t ms = clock_mono_ms() - q->began_ms;
    const char *pattern = q->pattern == NULL ? PATTERN_OTHER : q->pattern;
    (void)snprintf(status, sizeof status, "%u", q->status);
    const char *const labels[] = {pattern, status};
    metrics_add(METRIC_WEB_REQUESTS, labels, 1);
    metrics_observe(METRIC_WEB_SECONDS, labels, (double)ms / 1000);
    log_info(REQUEST, LOG_TEXT("method", q->method), LOG_TEXT("route", pattern),
             LOG_INT("status", q->status), LOG_INT("ms", ms));
}

/* ---- what was sent ---- */

static bool split(struct req *q)
{
    struct err err;
    size_t n = strcspn(q->uri, "?");
    q->path = mem_strndup(q->uri, n);
    const char *query = q->uri[n] == '?' ? q->uri + n + 1 : "";
    return form_parse(&q->query, query, strlen(query), &err) == STATUS_OK;
}

static bool is_form_type(const struct req *q)
{
    static const char type[] = "application/x-www-form-urlencoded";
    size_t times = 0;
    const char *given = server_header(q, "Content-Type", &times);
    return times == 1 && strncasecmp(given, type, sizeof type - 1) == 0 &&
           (given[sizeof type - 1] == '\0' || given[sizeof type - 1] == ';' ||
            given[sizeof type - 1] == ' ');
}

/* False: answered. */
static bool read_body(struct req *q)
{
    struct err err;
    struct form *f = NULL;
    if (!req_is_post(q)) {
        q->form = form_new();
        return true;
    }
    if (!is_form_type(q)) {
        req_answer_plain(q, 415);
        return false;
    }
    if (q->body_too_large) {
        req_answer_plain(q, 413);
        return false;
    }
    if (form_parse(&f, q->body == NULL ? "" : q->body, q->body_len, &err) != STATUS_OK) {
        req_answer_plain(q, 400);
        return false;
    }
    q->form = f;
    return true;
}

/* Where a browser says which page the form is of, it must be one of ours. */
static bool is_from_here(const struct req *q)
{
    size_t times = 0;
    const char *site = server_header(q, "Sec-Fetch-Site", &times);
    if (times > 0) {
        return times == 1 && strcmp(site, "same-origin") == 0;
    }
    const char *origin = server_header(q, "Origin", &times);
    return times == 0 ||
           (times == 1 && (strcmp(origin, "null") == 0 || strcmp(origin, q->web->origin) == 0));
}

/* ---- who asks ---- */

static void refuse_identity(struct req *q, const char *why)
{
    metrics_add(METRIC_WEB_REFUSED, &why, 1);
    req_answer_plain(q, 403);
}

/* The name the proxy gives; NULL: none that can be taken. */
const char *serve_identity(const struct req *q)
{
    size_t times = 0;
    const char *name = server_header(q, q->web->conf->web_identity_header, &times);
    size_t len = times == 1 ? strlen(name) : 0;
    if (len == 0 || len > LOGIN_MAX) {
        return NULL;
    }
    for (const char *c = name; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            return NULL;
        }
    }
    return name;
}

/* False: answered. */
static bool check_identity(struct req *q)
{
    if (!q->web->by_header) {
        size_t times = 0;
        (void)server_header(q, q->web->conf->web_identity_header, &times);
        if (times > 0) {
            metrics_add(METRIC_WEB_REFUSED, &(const char *){"header"}, 1);
            log_info(IDENTITY_IGNORED, LOG_TEXT("header", q->web->conf->web_identity_header));
        }
        return true;
    }
    const char *name = serve_identity(q);
    if (name == NULL) {
        refuse_identity(q, "header");
        return false;
    }
    if (q->session != NULL && strcmp(name, q->session->login) != 0) {
        session_end(q->session, ENDED_BY_HAND);
        q->session = NULL;
    }
    return true;
}

/* ---- no session ---- */

/* Where to go once logged in: a path that has a page, as it came. */
static void keep_way(struct req *q, struct visitor *v)
{
    const struct route *r = q->match.route;
    if (r == NULL || r->get == NULL || r->who == ROUTE_DOOR || strlen(q->uri) >= sizeof v->path) {
        return;
    }
    memcpy(v->path, req_is_post(q) ? q->path : q->uri,
           strlen(req_is_post(q) ? q->path : q->uri) + 1);
}

/* Unsent text is kept only with the token of a session that there was. */
static void keep_unsent(struct req *q, struct visitor *v, const char *login, const char *token)
{
    if (req_is_post(q) && v->path[0] != '\0' && secret_is(form_value(q->form, "token"), token) &&
        visitors_have_room(q->web->visitors, form_bytes(q->form))) {
        (void)strncpy(v->login, login, sizeof v->login - 1);
        visitors_keep_form(q->web->visitors, v, q->form);
    }
}

void answer_log_in_first(struct req *q)
{
    const char *cookie = server_cookie(q);
    const char *login = NULL;
    const char *token = NULL;
    struct visitor *before = visitors_find(q->web->visitors, cookie);
    bool logged_out = before != NULL && before->logged_out;
    if (before != NULL && before->form != NULL && !req_is_post(q)) {
        answer_see_other(q, "/login"); /* what was typed there waits for them still */
        return;
    }
    struct visitor *v = visitors_add(q->web->visitors);
    /* With a cookie of before there was a session: only the button makes another one. */
    v->logged_out = before == NULL ? cookie != NULL : logged_out;
    keep_way(q, v);
    if (cookie != NULL && sessions_ended(q->web->sessions, cookie, &login, &token, &v->why)) {
        v->has_why = true;
        keep_unsent(q, v, login, token);
    }
    req_set_cookie(q, v->id);
    if (req_is_post(q)) {
        login_show(q, v, 200);
    } else {
        answer_see_other(q, "/login");
    }
}

/* ---- in a session ---- */

static void no_access(struct req *q)
{
    struct html *h = page_begin_bare(q, "You have no access here", "You have no access here");
    put(h, "<p>Ask your lead.</p>\n");
    page_end_bare(q, 403);
    session_end(q->session, ENDED_REFUSED);
}

static void take_who(struct req *q)
{
    q->who.login = q->session->login;
    q->who.name = got_kept(q, 0, 0, "name");
    q->who.role = got_kept(q, 0, 0, "role");
    q->who.role = q->who.role == NULL ? "" : q->who.role;
    q->who.leads = got_true(q, 0, 0, "leads");
    q->who.queues = got_list(q, 0, 0, "queues", &q->who.n_queues);
    q->words.now = got_instant(q, 0, 0, "now");
    q->words.today = got_date(q, 0, 0, "today");
    q->as_of = got_instant(q, 0, 0, "as_of");
    q->stale = got_true(q, 0, 0, "stale");
    q->held = got_true(q, 0, 0, "held");
}

/* r=N: what was typed with its errors, or what was just saved. */
static void take_kept(struct req *q)
{
    /* r: a form with its errors, or a banner; s: what was searched for. */
    const char *text = req_query(q, "r") != NULL ? req_query(q, "r") : req_query(q, "s");
    const struct kept_form *k =
        text == NULL ? NULL : session_kept(q->session, strtol(text, NULL, 10));
    if (k == NULL || req_is_post(q)) {
        return;
    }
    if (k->form != NULL) {
        form_free(q->form);
        q->form = form_copy(k->form);
    }
    q->banner = arena_strdup(q->arena, k->banner);
    q->banner_task = arena_strdup(q->arena, k->banner_task);
    q->banner_undo = k->banner_undo;
}

static void after_who(struct req *q)
{
    if (got_rows(q, 0) == 0) {
        no_access(q);
        return;
    }
    take_who(q);
    take_kept(q);
    q->on_error = NULL;
    const struct route *r = q->match.route;
    if (r->who == ROUTE_LEADS && !q->who.leads) {
        answer_forbidden(q);
        return;
    }
    step *screen = req_is_post(q) ? r->post : r->get;
    screen(q);
}

/* A role that lost its rights meanwhile. */
static void without_rights(struct req *q)
{
    if (strcmp(req_sqlstate(q), "42501") == 0) {
        no_access(q);
    } else {
        req_answer_error(q);
    }
}

void serve_session(struct req *q)
{
    req_catch(q, without_rights);
    ASK(q, "select name, role, leads, queues, now, today, as_of, stale, held from oh.me()");
    req_then(q, after_who);
}

/* ---- all of it ---- */

static void prepare_words(struct req *q)
{
    q->words = (struct words){
        .arena = q->arena, .zone = own_zone(q->web->own), .now = own_now(q->web->own)};
    q->words.today = zone_date(q->words.zone, q->words.now);
    q->as_of = INSTANT_NONE;
}

static void serve_screen(struct req *q)
{
    const struct route *r = q->match.route;
    bool post = req_is_post(q);
    if (post && !is_from_here(q)) {
        answer_out_of_date(q);
        return;
    }
    if (r->who == ROUTE_DOOR || (r->who == ROUTE_ALL && q->session == NULL)) {
        step *screen = post ? r->post : r->get;
        screen(q);
        return;
    }
    if (q->session == NULL) {
        answer_log_in_first(q);
        return;
    }
    if (post && !secret_is(form_value(q->form, "token"), q->session->token)) {
        answer_out_of_date(q);
        return;
    }
    if (!session_serve(q->session, q)) {
        q->session = NULL; /* it is not its turn */
        answer_too_many(q);
    }
}

static void answer_method(struct req *q)
{
    const struct route *r = q->match.route;
    free(q->allow);
    q->allow = mem_strdup(r->get != NULL && r->post != NULL ? "GET, HEAD, POST"
                          : r->get != NULL                  ? "GET, HEAD"
                                                            : "POST");
    req_answer_plain(q, 405);
}

/* Files: the same for all, kept by browsers. */
static bool serve_asset(struct req *q)
{
    const struct asset *a = assets_find(q->path);
    if (a == NULL || req_is_post(q)) {
        return false;
    }
    q->pattern = "/assets/NAME";
    q->type = a->type;
    q->bytes = a->bytes;
    q->n_bytes = a->len;
    q->cacheable = true;
    req_finish(q, 200);
    return true;
}

void serve(struct req *q)
{
    q->began_ms = clock_mono_ms();
    q->arena = arena_new(4096);
    prepare_words(q);
    if (!split(q)) {
        q->form = form_new();
        req_answer_plain(q, 400);
        return;
    }
    q->match = route_find(routes, n_routes, q->path);
    q->pattern = q->match.route == NULL ? NULL : q->match.route->pattern;
    if (serve_asset(q)) {
        return;
    }
    const struct route *r = q->match.route;
    bool post = req_is_post(q);
    bool get = strcmp(q->method, "GET") == 0 || strcmp(q->method, "HEAD") == 0;
    if (r == NULL || (post ? r->post == NULL : !get || r->get == NULL)) {
        q->form = form_new();
        if (r == NULL) {
            req_answer_plain(q, 404);
        } else {
            answer_method(q);
        }
        return;
    }
    if (!read_body(q)) {
        return;
    }
    q->session = sessions_find(q->web->sessions, server_cookie(q));
    if (check_identity(q)) {
        serve_screen(q);
    }
}
