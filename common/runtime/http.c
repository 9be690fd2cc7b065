/* The library turns when our loop finds its epoll descriptor readable, or the timer fires. Its own
 * timeout is of silence alone, so each connection also has WHOLE_MS in all. A guest that is shown
 * out leaves the ring at once. It is freed when the library closes the connection. */
#include "common/runtime/http.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/runtime/clock.h"
#include "common/runtime/listen.h"
#include "common/runtime/metrics.h"

#define IDLE_MS 1000  /* how often connections that say nothing are looked at */
#define WHOLE_MS 5000 /* from a connection's beginning to its end, however fast it is */
#define OPEN_MAX 128  /* past that the oldest goes, so that a quick one gets an answer */

/* An open connection; the list is in the order in which they came. */
struct guest {
    struct guest *next, *prev; /* while it is not out */
    bool is_out;
    int fd;
    int64_t since_ms;
};

struct http {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    struct loop_timer *timer;
    struct http_answers answers;
    int epoll_fd;
    struct guest guests; /* a ring: next is the oldest */
    size_t n_guests;
};

/* ---- connections ---- */

static void add_guest(struct http *h, struct guest *g)
{
    g->prev = h->guests.prev;
    g->next = &h->guests;
    g->prev->next = g;
    h->guests.prev = g;
    h->n_guests++;
}

static void take_out(struct http *h, struct guest *g)
{
    g->prev->next = g->next;
    g->next->prev = g->prev;
    g->is_out = true;
    h->n_guests--;
}

/* The library sees its end as if the other side had ended it, and forgets it at its next turn. */
static void show_out(struct http *h, struct guest *g)
{
    take_out(h, g);
    (void)shutdown(g->fd, SHUT_RDWR);
}

static void on_connection(void *arg, struct MHD_Connection *c, void **state,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http *h = arg;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        struct guest *g = *state;
        if (g != NULL && !g->is_out) {
            take_out(h, g);
        }
        free(g);
        *state = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == NULL) {
        return;
    }
    struct guest *g = mem_alloc(sizeof *g);
    g->fd = info->connect_fd;
    g->since_ms = clock_mono_ms();
    *state = g;
    add_guest(h, g);
    if (h->n_guests > OPEN_MAX) {
        show_out(h, h->guests.next);
    }
}

static void show_out_the_slow(struct http *h)
{
    int64_t now = clock_mono_ms();
    while (h->n_guests > 0 && now - h->guests.next->since_ms > WHOLE_MS) {
        show_out(h, h->guests.next);
    }
}

/* ---- turns ---- */

static void arm(struct http *h)
{
    MHD_UNSIGNED_LONG_LONG ms = IDLE_MS;
    if (MHD_get_timeout(h->daemon, &ms) != MHD_YES || ms > IDLE_MS) {
        ms = IDLE_MS;
    }
    loop_timer_set(h->timer, (int64_t)ms);
}

static void turn(void *arg, unsigned events)
{
    (void)events;
    struct http *h = arg;
    show_out_the_slow(h);
    (void)MHD_run(h->daemon);
    arm(h);
}

static enum MHD_Result give(struct MHD_Connection *c, unsigned status, const char *type,
                            const char *text, size_t len)
{
    union { /* the library takes what it copies without const */
        const char *in;
        void *out;
    } un = {.in = text};
    struct MHD_Response *r = MHD_create_response_from_buffer(len, un.out, MHD_RESPMEM_MUST_COPY);
    if (r == NULL) {
        return MHD_NO;
    }
    (void)MHD_add_response_header(r, "Content-Type", type);
    (void)MHD_add_response_header(r, "Cache-Control", "no-store");
    (void)MHD_add_response_header(r, "Connection", "close");
    enum MHD_Result done = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return done;
}

static enum MHD_Result give_text(struct MHD_Connection *c, unsigned status, const char *text)
{
    return give(c, status, "text/plain; charset=utf-8", text, strlen(text));
}

static enum MHD_Result give_metrics(struct http *h, struct MHD_Connection *c)
{
    if (h->answers.refresh != NULL) {
        h->answers.refresh(h->answers.arg);
    }
    struct buf b = {0};
    buf_puts(&b, "");
    metrics_render(&b);
    enum MHD_Result done =
        give(c, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", b.data, b.len);
    buf_clear(&b);
    return done;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the library's signature */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **state)
{
    (void)version;
    (void)data;
    static int seen;
    struct http *h = arg;
    if (*state == NULL) { /* the headers alone: wait for the rest, which nobody reads */
        *state = &seen;
        return MHD_YES;
    }
    if (*data_size > 0) {
        *data_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        return give_text(c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET\n");
    }
    if (strcmp(url, "/healthz") == 0) {
        return give_text(c, MHD_HTTP_OK, "ok\n");
    }
    if (strcmp(url, "/readyz") == 0) {
        bool ready = h->answers.ready(h->answers.arg);
        return give_text(c, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
                         ready ? "ready\n" : "not ready\n");
    }
    if (strcmp(url, "/metrics") == 0) {
        return give_metrics(h, c);
    }
    return give_text(c, MHD_HTTP_NOT_FOUND, "/healthz /readyz /metrics\n");
}

static enum status start(struct http *h, const char *listen_at, struct err *err)
{
    int fd = -1;
    enum status s = listen_open(&fd, "http.listen", listen_at, err);
    if (s != STATUS_OK) {
        return s;
    }
    h->daemon =
        MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET, fd,
                         MHD_OPTION_CONNECTION_LIMIT, 2U * OPEN_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                         10U, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
    if (h->daemon == NULL) {
        close(fd);
        return err_set(err, STATUS_FATAL, "http", "the HTTP server does not start");
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL) {
        return err_set(err, STATUS_FATAL, "http", "the HTTP server has no epoll descriptor");
    }
    h->epoll_fd = info->epoll_fd;
    s = loop_timer_new(h->loop, &h->timer, turn, h, err);
    if (s == STATUS_OK) {
        s = loop_watch(h->loop, h->epoll_fd, LOOP_READ, turn, h, err);
    }
    if (s == STATUS_OK) {
        loop_urgent(h->loop, h->epoll_fd);
        arm(h);
    }
    return s;
}

enum status http_open(struct http **out, struct loop *loop, const char *listen_at,
                      const struct http_answers *answers, struct err *err)
{
    *out = NULL;
    if (listen_at == NULL || listen_at[0] == '\0') {
        return STATUS_OK;
    }
    struct http *h = mem_alloc(sizeof *h);
    *h = (struct http){.loop = loop, .answers = *answers, .epoll_fd = -1};
    h->guests.next = h->guests.prev = &h->guests;
    enum status s = start(h, listen_at, err);
    if (s != STATUS_OK) {
        http_close(h);
        return s;
    }
    *out = h;
    return STATUS_OK;
}

void http_close(struct http *h)
{
    if (h == NULL) {
        return;
    }
    if (h->epoll_fd >= 0) {
        loop_unwatch(h->loop, h->epoll_fd);
    }
    if (h->timer != NULL) {
        loop_timer_free(h->timer);
    }
    if (h->daemon != NULL) {
        MHD_stop_daemon(h->daemon);
    }
    free(h);
}
