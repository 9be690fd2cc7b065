/* The answers a screen can give: a redirect, and the pages that all screens have in common. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/runtime/metrics.h"
#include "services/web/inside.h"
#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/request.h"

void req_finish(struct req *q, unsigned status)
{
    if (q->answered) {
        return;
    }
    q->status = status;
    q->answered = true;
    q->next = NULL;
    serve_log(q);
    struct session *one = q->session;
    server_answer(q); /* q may go with it, but never before the loop's next turn */
    if (one != NULL) {
        session_done(one, q);
    }
}

void req_set_cookie(struct req *q, const char *value)
{
    struct buf b = {0};
    free(q->cookie);
    if (value == NULL) {
        buf_printf(&b, "%s=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax%s", web_cookie_name(q->web),
                   q->web->is_https ? "; Secure" : "");
    } else {
        buf_printf(&b, "%s=%s; Path=/; HttpOnly; SameSite=Lax%s", web_cookie_name(q->web), value,
                   q->web->is_https ? "; Secure" : "");
    }
    q->cookie = b.data;
}

/* ---- redirects ---- */

void answer_see_other(struct req *q, const char *fmt, ...)
{
    char to[1024];
    va_list args;
    va_start(args, fmt);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is begun right above */
    int n = vsnprintf(to, sizeof to, fmt, args);
    va_end(args);
    free(q->location);
    q->location = mem_strdup(n > 0 && (size_t)n < sizeof to ? to : "/calls");
    req_finish(q, 303);
}

long req_keep_form(struct req *q, const struct form *f)
{
    return session_keep_form(q->session, f);
}

void answer_wrong(struct req *q, const char *more)
{
    long number = req_keep_form(q, q->form);
    answer_see_other(q, "%s?r=%ld%s", q->path, number, more);
}

void answer_saved_case(struct req *q, const char *path, const char *text, const char *task_id,
                       long undo)
{
    long number = session_keep_banner(q->session, text, task_id, undo);
    answer_see_other(q, "%s%sr=%ld", path, strchr(path, '?') == NULL ? "?" : "&", number);
}

void answer_saved(struct req *q, const char *path, const char *text)
{
    answer_saved_case(q, path, text, NULL, 0);
}

/* ---- pages for all ---- */

/* Within a session with its header and navigation, else bare. */
static struct html *begin(struct req *q, const char *title)
{
    if (q->who.login == NULL) {
        return page_begin_bare(q, title, title);
    }
    form_forget_errors(q->form);
    static const struct page none;
    struct page *p = arena_alloc(q->arena, sizeof *p);
    *p = none;
    p->title = title;
    return page_begin(q, p);
}

static void end(struct req *q, unsigned status)
{
    if (q->who.login == NULL) {
        page_end_bare(q, status);
    } else {
        page_end(q, status);
    }
}

static void put_to_calls(struct html *h)
{
    put(h, "<p><a href=\"/calls\">Go to your calls</a></p>\n");
}

void answer_not_found(struct req *q)
{
    bool is_case = q->match.id[0] != '\0';
    struct html *h = begin(q, is_case ? "Case not found" : "Page not found");
    put(h, is_case ? "<p>It may have moved to another team.</p>\n"
                   : "<p>Check the address, or start from your calls.</p>\n");
    put_to_calls(h);
    end(q, 404);
}

/* Lines with what was typed, for a form that cannot be saved. */
static void put_typed(struct html *h, const struct form *f)
{
    static const char *const ours[] = {"token", "request", "digest", "next", "filters"};
    put(h, "<label for=\"typed\">What you entered</label>\n"
           "<textarea id=\"typed\" rows=\"8\" readonly>");
    for (size_t i = 0; i < f->n_fields; i++) {
        bool hidden = f->fields[i].value[0] == '\0' || form_is_secret(f->fields[i].name);
        for (size_t j = 0; j < sizeof ours / sizeof ours[0]; j++) {
            hidden |= strcmp(f->fields[i].name, ours[j]) == 0;
        }
        if (!hidden) {
            put(h, "%s: %s\n", f->fields[i].name, f->fields[i].value);
        }
    }
    put(h, "</textarea>\n");
}

void answer_not_yours(struct req *q)
{
    struct html *h = begin(q, "Case not found");
    put(h, "<p>It may have moved to another team.</p>\n"
           "<p><strong>Your entry was not saved.</strong> Copy it if you need it.</p>\n");
    put_typed(h, q->form);
    put_to_calls(h);
    end(q, 404);
}

void answer_out_of_date(struct req *q)
{
    metrics_add(METRIC_WEB_REFUSED, &(const char *){"form"}, 1);
    struct html *h = begin(q, "This form is out of date");
    put(h, "<p>This page was open too long, or it was opened twice. Nothing was saved.</p>\n"
           "<p>Go back and try again.</p>\n");
    const struct route *r = q->match.route;
    if (r != NULL && r->get != NULL && q->session != NULL && q->who.login != NULL) {
        put(h, "<p><a href=\"%s?r=%ld\">Open the form again with what you entered</a></p>\n",
            q->path, session_keep_form(q->session, q->form));
    } else {
        put_to_calls(h);
    }
    end(q, 403);
}

void answer_forbidden(struct req *q)
{
    struct html *h = begin(q, "You cannot see this page");
    put(h, "<p>It is for people who lead a team. Ask your lead.</p>\n");
    put_to_calls(h);
    end(q, 403);
}

void answer_too_many(struct req *q)
{
    metrics_add(METRIC_WEB_REFUSED, &(const char *){"busy"}, 1);
    q->retry_after = 1;
    struct html *h = page_begin_bare(q, "Too many at once", "Too many at once");
    put(h, "<p>You asked for several pages at once. Try again in a moment.</p>\n");
    put_to_calls(h);
    page_end_bare(q, 503);
}

void answer_unavailable(struct req *q)
{
    q->retry_after = 60;
    q->who.login = NULL;
    struct html *h = page_begin_bare(q, "The service is not working", "The service is not working");
    put(h, "<p>Try again in a minute.</p>\n");
    if (req_is_post(q) && q->sent_change) {
        put(h, "<p><strong>We cannot tell yet whether your last entry was saved.</strong> Log in "
               "again in a minute: it will be shown.</p>\n");
    } else if (req_is_post(q)) {
        put(h, "<p><strong>Your last entry was not saved.</strong></p>\n");
        put_typed(h, q->form);
    }
    put(h, "<p>If you printed your list this morning, use that until then.</p>\n");
    page_end_bare(q, 503);
}

/* ---- errors of the database ---- */

static void answer_state(struct req *q)
{
    struct html *h = begin(q, "This cannot be done now");
    put(h, "<p>The case has changed meanwhile. <strong>Your entry was not saved.</strong></p>\n");
    if (req_id(q) != NULL) {
        put(h, "<p><a href=\"/case/%s\">See the case</a></p>\n", req_id(q));
    }
    put_typed(h, q->form);
    put_to_calls(h);
    end(q, 409);
}

void req_answer_error(struct req *q)
{
    const char *state = req_sqlstate(q);
    if (strcmp(state, "OH001") == 0) {
        if (req_is_post(q)) {
            answer_not_yours(q);
        } else {
            answer_not_found(q);
        }
    } else if (strcmp(state, "OH002") == 0 || strcmp(state, "OH003") == 0) {
        answer_state(q);
    } else if (strcmp(state, "22023") == 0) {
        answer_out_of_date(q);
    } else {
        answer_unavailable(q);
    }
}

/* ---- before anything is known of the request ---- */

static const char *heading_of(unsigned status)
{
    switch (status) {
    case 400:
        return "This request cannot be read";
    case 405:
        return "This page does not work that way";
    case 413:
        return "This is too long";
    case 415:
        return "This form cannot be read";
    case 429:
        return "Too many tries";
    case 403:
        return "You have no access here";
    default:
        return "Page not found";
    }
}

void req_answer_plain(struct req *q, unsigned status)
{
    struct html *h = page_begin_bare(q, heading_of(status), heading_of(status));
    if (status == 404) {
        put(h, "<p>Check the address, or start from your calls.</p>\n");
    }
    put_to_calls(h);
    page_end_bare(q, status);
}
