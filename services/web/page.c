/* The frame of every screen. Within a session: header with who is logged in, navigation, the age
 * of HR's data. Outside of one ("bare"): the service's name, and help logging in. */
#include "services/web/page.h"

#include <string.h>

#include "common/base/mem.h"
#include "services/web/inside.h"
#include "services/web/parts.h"
#include "services/web/request.h"

static const char *service_name(const struct req *q)
{
    const char *name = own_service_name(q->web->own);
    return name == NULL || name[0] == '\0' ? "Staff Support Service" : name;
}

static void put_head(struct html *h, const struct req *q, const char *title, bool wrong)
{
    put(h,
        "<!DOCTYPE html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>%s%s - %s</title>\n<link rel=\"stylesheet\" href=\"%s\">\n",
        wrong ? "Error: " : "", title, service_name(q), assets_style());
    if (assets_script() != NULL) {
        put(h, "<script src=\"%s\" defer></script>\n", assets_script());
    }
    put(h, "</head>\n");
}

static void put_service(struct html *h, const struct req *q, const char *home)
{
    put(h, "<a class=\"skip\" href=\"#main\">Skip to main content</a>\n<header class=\"top\">"
           "<div class=\"inner\">\n");
    if (assets_logo() != NULL) {
        put(h, "<img class=\"logo\" src=\"%s\" alt=\"%s\">\n", assets_logo(),
            own_organisation(q->web->own) == NULL ? "" : own_organisation(q->web->own));
    }
    put(h, "<a class=\"service\" href=\"%s\">%s</a>\n", home, service_name(q));
}

static void put_who(struct html *h, const struct req *q)
{
    put(h, "<div class=\"who\"><span>");
    put_name(h, q->who.name);
    if (q->who.role[0] != '\0') {
        put(h, ", %s", q->who.role);
    }
    put(h,
        "</span>\n<form method=\"post\" action=\"/logout\">"
        "<input type=\"hidden\" name=\"token\" value=\"%s\">"
        "<button type=\"submit\" class=\"log-out\">Log out</button></form></div>\n",
        q->session->token);
}

static void put_link(struct html *h, enum section here, enum section one, const char *href,
                     const char *label)
{
    put(h, "<li><a href=\"%s\"", href);
    if (here == one) {
        put(h, " aria-current=\"page\"");
    }
    put(h, ">%s</a></li>\n", label);
}

static void put_navigation(struct html *h, const struct req *q, enum section here)
{
    put(h, "<nav class=\"main-nav\" aria-label=\"Service\"><ul>\n");
    put_link(h, here, SECTION_CALLS, "/calls", "Calls");
    put_link(h, here, SECTION_FIND, "/find", "Find");
    if (q->who.leads) {
        put_link(h, here, SECTION_TEAM, "/team", "Team");
    }
    put_link(h, here, SECTION_MISSING, "/missing", "Missing reasons");
    put_link(h, here, SECTION_HELP, "/help", "Help");
    put(h, "</ul></nav>\n");
}

/* "today", else "Tuesday 8 September": the age of data is never "yesterday at a time" alone. */
static void put_freshness(struct html *h, const struct req *q)
{
    const struct words *w = &q->words;
    long behind = own_behind_seconds(q->web->own) / 60;
    const char *phone = own_data_phone(q->web->own);
    if (instant_is_none(q->as_of)) {
        put(h, "<p class=\"freshness\">HR has sent no data yet.</p>\n");
    } else if (q->stale || q->held) {
        part_callout_begin(h,
                           arena_printf(w->arena, "HR data is from %s", words_moment(w, q->as_of)));
        put(h, "<p>New absences may be missing.");
        if (phone != NULL) {
            put(h, " Call the data team on <a href=\"tel:%s\">%s</a>.",
                words_dial(&q->words, phone), phone);
        }
        put(h, "</p>\n");
        part_callout_end(h);
    } else {
        put(h, "<p class=\"freshness\">HR data as of %s %s.</p>\n", words_time(w, q->as_of),
            words_day(w, zone_date(w->zone, q->as_of)));
    }
    if (behind >= 2) {
        part_callout(h, "Some dates are being worked out",
                     arena_printf(w->arena, "Dates may be up to %ld minutes old.", behind));
    }
}

static void put_banner(struct html *h, const struct req *q)
{
    if (q->banner == NULL) {
        return;
    }
    part_banner_begin(h, true, "Saved");
    put(h, "<p class=\"banner-text\">%s</p>\n", q->banner);
    bool elsewhere = q->banner_task != NULL && strcmp(q->banner_task, q->match.id) != 0;
    if (elsewhere || (q->banner_task != NULL && q->banner_undo > 0)) {
        put(h, "<p class=\"inline\">");
        if (elsewhere) {
            put(h, "<a href=\"/case/%s\">Go back to that case</a> ", q->banner_task);
        }
        if (q->banner_undo > 0) {
            put(h, "<a href=\"/case/%s/entry/%ld/undo\">Undo</a>", q->banner_task, q->banner_undo);
        }
        put(h, "</p>\n");
    }
    part_banner_end(h);
}

static void put_heading(struct html *h, const struct page *p)
{
    const char *text = p->heading == NULL ? p->title : p->heading;
    if (p->no_heading) {
        return;
    }
    put(h, "<h1>");
    if (p->heading_is_name) {
        put_name_whole(h, text);
    } else {
        put(h, "%s", text);
    }
    put(h, "</h1>\n");
}

struct html *page_begin(struct req *q, const struct page *p)
{
    if (q->session == NULL || q->who.login == NULL) {
        return page_begin_bare(q, p->title, p->heading == NULL ? p->title : p->heading);
    }
    if (q->html == NULL) {
        q->html = html_new();
    }
    struct html *h = q->html;
    html_reset(h);
    put_head(h, q, p->title, q->form->n_errors > 0);
    put(h, p->is_print ? "<body class=\"is-print\">\n" : "<body>\n");
    put_service(h, q, "/calls");
    put_who(h, q);
    put(h, "</div></header>\n");
    put_navigation(h, q, p->section);
    put(h, "<div class=\"inner\"><main id=\"main\" tabindex=\"-1\">\n");
    put_freshness(h, q);
    if (p->back_href != NULL) {
        put(h, "<a class=\"back\" href=\"%s\">%s</a>\n", p->back_href, p->back_label);
    }
    part_error_summary(h, q->form);
    put_banner(h, q);
    put_heading(h, p);
    return h;
}

static void put_foot(struct html *h)
{
    put(h, "<footer class=\"foot\"><div class=\"inner\"><ul>\n"
           "<li><a href=\"/accessibility\">Accessibility</a></li>\n"
           "<li><a href=\"/privacy\">Privacy</a></li>\n"
           "<li><a href=\"/help\">Help</a></li></ul>\n"
           "<p>Dayfour " DAYFOUR_VERSION "</p></div></footer>\n</body>\n</html>\n");
}

void page_end(struct req *q, unsigned status)
{
    if (q->session == NULL || q->who.login == NULL) {
        page_end_bare(q, status);
        return;
    }
    const struct words *w = &q->words;
    put(q->html, "</main></div>\n<p class=\"print-only\">Confidential. Printed by %s, %s.</p>\n",
        q->who.name, words_moment(w, w->now));
    put_foot(q->html);
    req_finish(q, status == 200 && q->form->n_errors > 0 ? 422 : status);
}

/* ---- outside of a session ---- */

struct html *page_begin_bare(struct req *q, const char *title, const char *heading)
{
    if (q->html == NULL) {
        q->html = html_new();
    }
    struct html *h = q->html;
    html_reset(h);
    bool wrong = q->form != NULL && q->form->n_errors > 0;
    put_head(h, q, title, wrong);
    put(h, "<body>\n");
    put_service(h, q, "/");
    put(h, "</div></header>\n<div class=\"inner\"><main id=\"main\" tabindex=\"-1\">\n");
    if (wrong) {
        part_error_summary(h, q->form);
    }
    put(h, "<h1>%s</h1>\n", heading);
    return h;
}

void page_end_bare(struct req *q, unsigned status)
{
    put(q->html, "</main></div>\n");
    put_foot(q->html);
    req_finish(q, status);
}

/* ---- forms ---- */

static void put_request_id(struct req *q, struct html *h)
{
    const char *typed = form_value(q->form, "request");
    char bits[SECRET_TEXT];
    secret_make(bits);
    const char *id = typed[0] != '\0' ? typed
                                      : arena_printf(q->arena, "%.8s-%.4s-4%.3s-8%.3s-%.12s", bits,
                                                     bits + 8, bits + 13, bits + 17, bits + 20);
    part_hidden(h, "request", id);
}

void page_form_begin(struct req *q, struct html *h, const char *action, const char *digest)
{
    put(h, "<form method=\"post\" action=\"%s\" novalidate>\n", action);
    part_hidden(h, "token", q->session == NULL ? "" : q->session->token);
    put_request_id(q, h);
    if (digest != NULL) {
        part_hidden(h, "digest", digest);
    }
}

void page_form_end(struct req *q, struct html *h)
{
    int64_t seconds = q->web->conf->web_idle_minutes * 60;
    struct instant closes = instant_add_us(q->words.now, seconds * US_PER_SECOND);
    put(h,
        "<p class=\"hint\" data-closes-in=\"%lld\">This page closes at %s if you do not use it."
        "</p>\n</form>\n",
        (long long)seconds, words_time(&q->words, closes));
}

void page_form_button(struct req *q, struct html *h, const char *action, const char *label,
                      const char *hidden)
{
    put(h, "<form method=\"post\" action=\"%s\" class=\"small-form\">", action);
    part_hidden(h, "token", q->session->token);
    put_request_id(q, h);
    part_button_small(h, label, hidden);
    put(h, "</form>\n");
}

const char *page_request_id(struct req *q)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    const char *id = form_value(q->form, "request");
    bool good = strlen(id) == sizeof form - 1;
    for (size_t i = 0; good && i < sizeof form - 1; i++) {
        good = form[i] == '-' ? id[i] == '-' : strchr("0123456789abcdef", id[i]) != NULL;
    }
    if (!good) {
        answer_out_of_date(q);
        return NULL;
    }
    return id;
}
