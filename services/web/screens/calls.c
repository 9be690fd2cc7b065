/* The list of calls: whom to call, by when, at which number, and who has it. Nothing of a reason or
 * a pathway is on it, as others may look over a shoulder. */
#include <stdlib.h>
#include <string.h>

#include "services/web/page.h"
#include "services/web/parts.h"
#include "services/web/screens.h"
#include "services/web/screens/call_words.h"

#define PAGE_SIZE 25

static const struct view {
    const char *name, *label, *column;
} views[] = {
    {"today", "Today", "today"},
    {"all", "All", "all_calls"},
    {"mine", "Mine", "mine"},
    {"unassigned", "Nobody's", "unassigned"},
    {"not-reached", "Not reached", "not_reached"},
    {"follow-up", "Follow-up", "follow_up"},
};
#define N_VIEWS (sizeof views / sizeof views[0])

struct list {
    const struct view *view;
    const char *queue, *site; /* NULL: every one */
    long page, total;
    long counts[N_VIEWS];
    long promised, overdue, to_reach, on_day_off;
    const char *const *sites;
    size_t n_sites;
    bool asks_sites;
};

/* ---- what was asked ---- */

static const struct view *view_of(const char *name)
{
    for (size_t i = 0; i < N_VIEWS; i++) {
        if (strcmp(views[i].name, name) == 0) {
            return &views[i];
        }
    }
    return NULL;
}

static long page_of(const char *text)
{
    bool good = text != NULL && text[0] != '0' && text[0] != '\0' && strlen(text) < 7 &&
                strspn(text, "0123456789") == strlen(text);
    return text == NULL ? 1 : good ? strtol(text, NULL, 10) : 0;
}

static const char *filter_of(const struct req *q, const char *name)
{
    const char *value = req_query(q, name);
    return value == NULL || value[0] == '\0' || strlen(value) > 100 ? NULL : value;
}

/* "/calls?view=all&queue=…&site=…". */
static const char *path_of(struct req *q, const struct list *l, const char *view)
{
    const char *queue =
        l->queue == NULL ? "" : arena_printf(req_arena(q), "&queue=%s", req_encoded(q, l->queue));
    const char *site =
        l->site == NULL ? "" : arena_printf(req_arena(q), "&site=%s", req_encoded(q, l->site));
    return arena_printf(req_arena(q), "/calls?view=%s%s%s", view, queue, site);
}

/* ---- above the rows ---- */

static void put_views(struct req *q, struct html *h, const struct list *l)
{
    put(h, "<nav aria-label=\"Lists\"><ul class=\"views\">\n");
    for (size_t i = 0; i < N_VIEWS; i++) {
        put(h, "<li><a href=\"%s\"", path_of(q, l, views[i].name));
        if (&views[i] == l->view) {
            put(h, " aria-current=\"page\"");
        }
        put(h, ">%s (%ld)</a></li>\n", views[i].label, l->counts[i]);
    }
    put(h, "</ul></nav>\n");
}

static void put_filters(struct req *q, struct html *h, const struct list *l)
{
    const struct who *who = req_who(q);
    struct form *none = form_new();
    if (who->n_queues < 2 && l->n_sites < 2 && l->queue == NULL && l->site == NULL) {
        form_free(none);
        return;
    }
    put(h, "<form method=\"get\" action=\"/calls\" class=\"filters\">\n");
    part_hidden(h, "view", l->view->name);
    size_t most = who->n_queues > l->n_sites ? who->n_queues : l->n_sites;
    struct choice *choices = arena_array(req_arena(q), most + 1, sizeof *choices);
    choices[0] = (struct choice){.value = "", .label = "All queues"};
    for (size_t i = 0; i < who->n_queues; i++) {
        choices[i + 1] = (struct choice){.value = who->queues[i],
                                         .label = words_queue(req_words(q), who->queues[i])};
    }
    if (who->n_queues > 1 || l->queue != NULL) {
        part_select(h, none, "queue", "Queue", choices, who->n_queues + 1, l->queue);
    }
    choices[0] = (struct choice){.value = "", .label = "All sites"};
    for (size_t i = 0; i < l->n_sites; i++) {
        choices[i + 1] = (struct choice){.value = l->sites[i], .label = l->sites[i]};
    }
    if (l->n_sites > 1 || l->site != NULL) {
        part_select(h, none, "site", "Site", choices, l->n_sites + 1, l->site);
    }
    part_button_secondary(h, NULL, NULL, "Show");
    put(h, "</form>\n");
    form_free(none);
}

static void put_sums(struct req *q, struct html *h, const struct list *l)
{
    bool today = strcmp(l->view->name, "today") == 0;
    put(h, "<div class=\"sums\"><p>");
    if (today) { /* the figures are of the whole day: with another list they would seem its own */
        put(h, "%ld promised for today · %ld overdue · %ld to reach by today", l->promised,
            l->overdue, l->to_reach);
    }
    if (today && l->on_day_off > 0) {
        put(h, " · includes %ld due on a day without calls", l->on_day_off);
    }
    const char *queue = l->queue == NULL ? "" : l->queue;
    put(h,
        "</p>\n<p class=\"inline screen\"><span class=\"quiet\">Updated %s.</span> "
        "<a href=\"%s\">Update</a> <a href=\"/find\">Find a person</a> ",
        words_time(req_words(q), req_words(q)->now), path_of(q, l, l->view->name));
    if (today) {
        put(h, "<a href=\"/calls/print?queue=%s\">Print this list</a>", req_encoded(q, queue));
    }
    put(h, "</p></div>\n");
}

/* ---- rows ---- */

static void put_row(struct req *q, struct html *h, size_t row)
{
    const char *id = got_text(q, 0, row, "task_id");
    const char *name = got_text(q, 0, row, "name");
    part_row_begin(h);
    part_cell_begin(h, "Call");
    call_when(q, h, 0, row);
    part_cell_end(h);
    part_row_head_begin(h, "Who");
    put(h, "<a class=\"who\" href=\"/case/%s\">", id);
    put_name(h, name[0] == '\0' ? "No name" : name);
    put(h, "<span class=\"hidden\">, case</span></a>");
    call_where(q, h, 0, row);
    call_tags(q, h, 0, row);
    part_row_head_end(h);
    part_cell_begin(h, "Number");
    call_number(q, h, 0, row);
    part_cell_end(h);
    part_cell_begin(h, "Tried");
    call_tried(q, h, 0, row);
    part_cell_end(h);
    part_cell_begin(h, "With");
    if (got(q, 0, row, "assigned_to") != NULL) {
        put_name(h, got_true(q, 0, row, "is_mine") ? "You" : got_text(q, 0, row, "assigned_name"));
    } else {
        put(h, "Nobody ");
        page_form_button(q, h, arena_printf(req_arena(q), "/case/%s/take", id), "Take", name);
    }
    part_cell_end(h);
    part_row_end(h);
}

static void put_rows(struct req *q, struct html *h, const struct list *l)
{
    static const char *const headings[] = {"Call", "Who", "Number", "Tried", "With", NULL};
    part_table_begin(h, l->view->label, headings);
    for (size_t i = 0; i < got_rows(q, 0); i++) {
        put_row(q, h, i);
    }
    part_table_end(h);
    part_pagination(h, arena_printf(req_arena(q), "%s&page=", path_of(q, l, l->view->name)),
                    l->page, PAGE_SIZE, l->total);
}

static void put_empty(struct req *q, struct html *h, const struct list *l)
{
    bool filtered = l->queue != NULL || l->site != NULL;
    if (filtered) {
        put(h, "<p>No calls match. <a href=\"/calls?view=%s\">Clear filters</a></p>\n",
            l->view->name);
    } else if (strcmp(l->view->name, "today") == 0) {
        put(h, "<p>No calls for today.");
        if (l->counts[1] > 0) {
            put(h, " %s later.",
                words_count(req_words(q), l->counts[1], "other is due", "others are due"));
        }
        put(h, "</p>\n");
    } else {
        put(h, "<p>No calls in this list.</p>\n");
    }
}

/* ---- steps ---- */

static void take_counts(struct req *q, struct list *l)
{
    for (size_t i = 0; i < N_VIEWS; i++) {
        l->counts[i] = got_number(q, 0, 0, views[i].column);
        l->total = &views[i] == l->view ? l->counts[i] : l->total;
    }
    long last = l->total == 0 ? 1 : (l->total + PAGE_SIZE - 1) / PAGE_SIZE;
    l->page = l->page > last ? last : l->page;
    l->promised = got_number(q, 0, 0, "promised");
    l->overdue = got_number(q, 0, 0, "overdue");
    l->to_reach = got_number(q, 0, 0, "to_reach_today");
    l->on_day_off = got_number(q, 0, 0, "due_on_day_off");
    if (l->asks_sites) {
        size_t n = got_rows(q, 1);
        const char **sites = arena_array(req_arena(q), n + 1, sizeof *sites);
        for (size_t i = 0; i < n; i++) {
            sites[i] = got_text(q, 1, i, "site");
        }
        req_keep_sites(q, sites, n);
    }
    l->sites = req_sites(q, &l->n_sites);
    l->n_sites = l->sites == NULL ? 0 : l->n_sites;
}

static void show(struct req *q)
{
    struct list *l = req_kept(q);
    take_counts(q, l);
    const struct words *w = req_words(q);
    const struct page page = {.title = "Calls",
                              .heading =
                                  arena_printf(w->arena, "Calls, %s", words_date(w, w->today)),
                              .section = SECTION_CALLS,
                              .wide = true};
    struct html *h = page_begin(q, &page);
    put_views(q, h, l);
    put_filters(q, h, l);
    put_sums(q, h, l);
    if (got(q, 0, 0, "task_id") == NULL) { /* the row of the counts alone */
        put_empty(q, h, l);
    } else {
        put_rows(q, h, l);
    }
    page_end(q, 200);
}

void screen_calls(struct req *q)
{
    struct list *l = arena_zalloc(req_arena(q), sizeof *l);
    const char *view = req_query(q, "view");
    l->view = view == NULL ? &views[0] : view_of(view);
    l->page = page_of(req_query(q, "page"));
    l->queue = filter_of(q, "queue");
    l->site = filter_of(q, "site");
    if (l->view == NULL || l->page == 0) {
        answer_not_found(q);
        return;
    }
    req_set_filters(q, l->queue, l->site);
    req_keep(q, l);
    ASK(q, "select (c.counts).*, (c.call).* from oh.calls_counted($1, $2, $3, $4::int) c",
        l->view->name, l->queue, l->site, arena_printf(req_arena(q), "%ld", l->page));
    l->asks_sites = req_sites(q, &l->n_sites) == NULL;
    if (l->asks_sites) {
        ASK(q, "select site from oh.call_sites()");
    }
    req_then(q, show);
}
