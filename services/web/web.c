/* The service: one loop with the page's connections, the service's own database session and those
 * of the people who are logged in. */
#include "services/web/web.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/hash.h"
#include "common/base/mem.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"
#include "common/runtime/notify.h"
#include "services/web/inside.h"
#include "services/web/request.h"

#define TICK_MS 500

const char *web_cookie_name(const struct web *w)
{
    return w->is_https ? "__Host-dayfour" : "dayfour";
}

static bool is_ready(void *arg)
{
    const struct web *w = arg;
    return !w->stopping && own_is_up(w->own);
}

static void refresh_metrics(void *arg)
{
    const struct web *w = arg;
    metrics_set(METRIC_LOG_LOST, NULL, (double)log_lost());
    metrics_set(METRIC_WEB_SESSIONS, NULL, (double)sessions_count(w->sessions));
}

static void tick(void *arg, unsigned events)
{
    (void)events;
    struct web *w = arg;
    int64_t now = clock_mono_ms();
    own_tick(w->own, now);
    sessions_tick(w->sessions, now);
    visitors_tick(w->visitors, now);
    log_settle(false);
    notify_alive();
    if (own_is_up(w->own) && !w->told_ready) {
        w->told_ready = true;
        log_info(READY, LOG_TEXT("listen", w->conf->web_listen), LOG_TEXT("origin", w->origin));
        notify_ready();
    }
    if (own_is_up(w->own)) {
        notify_status("%zu people are logged in", sessions_count(w->sessions));
    } else {
        notify_status("the database is away");
    }
    loop_timer_set(w->timer, TICK_MS);
}

/* Frees what nothing on the stack uses any more. */
static void soon(void *arg, unsigned events)
{
    (void)events;
    struct web *w = arg;
    sessions_tick(w->sessions, clock_mono_ms());
}

static void on_stop(void *arg, unsigned events)
{
    (void)events;
    struct web *w = arg;
    w->stopping = true;
    log_info(STOPPING, LOG_INT("sessions", sessions_count(w->sessions)));
    notify_stopping();
}

static void set_origin(struct web *w)
{
    const struct conf *c = w->conf;
    if (c->web_origin != NULL) {
        w->origin = mem_strdup(c->web_origin);
    } else {
        struct buf b = {0};
        const char *host = c->web_listen[0] == ':' ? "localhost" : "";
        buf_printf(&b, "http://%s%s", host, c->web_listen);
        w->origin = b.data;
    }
    size_t n = strlen(w->origin);
    if (n > 0 && w->origin[n - 1] == '/') {
        w->origin[n - 1] = '\0';
    }
    w->is_https = strncmp(w->origin, "https://", 8) == 0;
    w->by_header = strcmp(c->web_identity, "header") == 0;
}

static enum status open_all(struct web *w, struct err *err)
{
    const char *build[] = {"web", DAYFOUR_VERSION};
    const struct http_answers answers = {.ready = is_ready, .refresh = refresh_metrics, .arg = w};
    metrics_set(METRIC_BUILD_INFO, build, 1);
    metrics_add(METRIC_DB_DOWN, NULL, 0);
    const char *const refusals[] = {"login", "tries", "header", "form", "busy"};
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        metrics_add(METRIC_WEB_REFUSED, &refusals[i], 0); /* so that a first time shows */
    }
    set_origin(w);
    w->sessions = sessions_new(w);
    w->visitors = visitors_new();
    w->refusals = refusals_new();
    enum status s = w->by_header ? web_key_read(w->conf->web_key_file, &w->key, err) : STATUS_OK;
    s = s == STATUS_OK ? assets_open(w->conf, err) : s;
    s = s == STATUS_OK ? loop_new(&w->loop, err) : s;
    s = s == STATUS_OK ? loop_on_stop(w->loop, on_stop, w, err) : s;
    s = s == STATUS_OK ? loop_timer_new(w->loop, &w->timer, tick, w, err) : s;
    s = s == STATUS_OK ? loop_timer_new(w->loop, &w->soon, soon, w, err) : s;
    if (s != STATUS_OK) {
        return s;
    }
    w->own = own_new(w);
    s = server_open(&w->server, w, err);
    return s == STATUS_OK ? http_open(&w->http, w->loop, w->conf->http_listen, &answers, err) : s;
}

/* Requests that wait are answered first, so that none is suspended when the server ends. */
static void close_all(struct web *w)
{
    if (w->sessions != NULL && w->own != NULL) {
        sessions_end_all(w->sessions);
    }
    server_close(w->server);
    http_close(w->http);
    sessions_free(w->sessions);
    visitors_free(w->visitors);
    refusals_free(w->refusals);
    own_free(w->own);
    if (w->loop != NULL) {
        loop_timer_free(w->timer);
        loop_timer_free(w->soon);
    }
    loop_free(w->loop);
    web_key_free(w->key);
    assets_close();
    free(w->origin);
}

enum status web_run(const struct conf *c, struct err *err)
{
    struct web w = {.conf = c};
    enum status s = open_all(&w, err);
    if (s == STATUS_OK) {
        tick(&w, LOOP_READ);
    }
    while (s == STATUS_OK && !w.stopping) {
        s = loop_turn(w.loop, -1, err);
    }
    close_all(&w);
    return s == STATUS_OK ? STATUS_STOP : s;
}
