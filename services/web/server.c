/* The page's own HTTP server, turned by our loop. A request is suspended while the database works,
 * and continues once its answer is complete.
 *
 * The library's timeout is of silence alone, so a client that sends a byte now and then would stay
 * for ever. So each request has 15 seconds to come whole, and each answer to be taken. Where there
 * are too many connections the oldest that is not being answered goes. */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/runtime/clock.h"
#include "common/runtime/listen.h"
#include "services/web/inside.h"
#include "services/web/request.h"

#define IDLE_MS 1000
#define WHOLE_MS 15000
#define OPEN_MAX 512
#define HEAD_MEMORY ((size_t)32 * 1024)

static const char security[] =
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'";

/* A connection, in the order in which they last began something. */
struct guest {
    struct guest *next, *prev;
    bool is_out;
    bool is_served; /* its request is being worked on: the answer has its own bound */
    int fd;
    int64_t since_ms;
};

struct exchange {
    struct MHD_Connection *connection;
    struct guest *guest;
    bool headers_seen, serving, suspended, complete;
};

struct server {
    struct web *web;
    struct MHD_Daemon *daemon;
    struct loop_timer *timer;
    int epoll_fd;
    bool unix_socket;
    struct guest guests; /* a ring: next is the oldest */
    size_t n_guests;
};

/* ---- connections ---- */

static void take_out(struct server *s, struct guest *g)
{
    g->prev->next = g->next;
    g->next->prev = g->prev;
    g->is_out = true;
    s->n_guests--;
}

static void put_last(struct server *s, struct guest *g)
{
    g->prev = s->guests.prev;
    g->next = &s->guests;
    g->prev->next = g;
    s->guests.prev = g;
    g->is_out = false;
    s->n_guests++;
}

/* Something begins: a request, an answer, a pause between two. */
static void begins(struct server *s, struct guest *g, bool is_served)
{
    if (g == NULL || g->is_out) {
        return;
    }
    take_out(s, g);
    put_last(s, g);
    g->since_ms = clock_mono_ms();
    g->is_served = is_served;
}

static void show_out(struct server *s, struct guest *g)
{
    take_out(s, g);
    (void)shutdown(g->fd, SHUT_RDWR);
}

static void show_out_the_slow(struct server *s)
{
    int64_t now = clock_mono_ms();
    for (struct guest *g = s->guests.next, *next = NULL; g != &s->guests; g = next) {
        next = g->next;
        if (now - g->since_ms <= WHOLE_MS) {
            break;
        }
        if (!g->is_served) {
            show_out(s, g);
        }
    }
    for (struct guest *g = s->guests.next, *next = NULL; g != &s->guests && s->n_guests > OPEN_MAX;
         g = next) {
        next = g->next;
        if (!g->is_served) {
            show_out(s, g);
        }
    }
}

static void on_connection(void *arg, struct MHD_Connection *c, void **state,
                          enum MHD_ConnectionNotificationCode code)
{
    struct server *s = arg;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        struct guest *g = *state;
        if (g != NULL && !g->is_out) {
            take_out(s, g);
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
    put_last(s, g);
}

/* ---- turns ---- */

static void arm(struct server *s)
{
    MHD_UNSIGNED_LONG_LONG ms = IDLE_MS;
    if (MHD_get_timeout(s->daemon, &ms) != MHD_YES || ms > IDLE_MS) {
        ms = IDLE_MS;
    }
    loop_timer_set(s->timer, (int64_t)ms);
}

static void turn(void *arg, unsigned events)
{
    (void)events;
    struct server *s = arg;
    show_out_the_slow(s);
    (void)MHD_run(s->daemon);
    arm(s);
}

/* ---- answers ---- */

static void add_headers(const struct req *q, struct MHD_Response *r)
{
    (void)MHD_add_response_header(r, "Content-Type",
                                  q->type == NULL ? "text/html; charset=utf-8" : q->type);
    (void)MHD_add_response_header(
        r, "Cache-Control", q->cacheable ? "public, max-age=31536000, immutable" : "no-store");
    (void)MHD_add_response_header(r, "Content-Security-Policy", security);
    (void)MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
    (void)MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    (void)MHD_add_response_header(r, "X-Frame-Options", "DENY");
    (void)MHD_add_response_header(r, "Cross-Origin-Opener-Policy", "same-origin");
    (void)MHD_add_response_header(r, "Cross-Origin-Resource-Policy", "same-origin");
    (void)MHD_add_response_header(
        r, "Permissions-Policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()");
    if (q->location != NULL) {
        (void)MHD_add_response_header(r, "Location", q->location);
    }
    if (q->cookie != NULL) {
        (void)MHD_add_response_header(r, "Set-Cookie", q->cookie);
    }
    if (q->allow != NULL) {
        (void)MHD_add_response_header(r, "Allow", q->allow);
    }
    char text[160];
    if (q->retry_after > 0) {
        (void)snprintf(text, sizeof text, "%u", q->retry_after);
        (void)MHD_add_response_header(r, "Retry-After", text);
    }
    if (q->session != NULL && q->who.login != NULL && q->location == NULL) {
        (void)snprintf(text, sizeof text, "%lld; url=/logged-out?why=idle",
                       (long long)(q->web->conf->web_idle_minutes * 60 + 5));
        (void)MHD_add_response_header(r, "Refresh", text);
    }
    if (q->web->stopping) {
        (void)MHD_add_response_header(r, "Connection", "close");
    }
}

static enum MHD_Result queue_answer(struct server *s, struct req *q)
{
    size_t len = q->n_bytes;
    union { /* the library takes what it does not change without const */
        const void *in;
        void *out;
    } un = {.in = q->bytes};
    if (q->bytes == NULL) {
        un.in = q->html == NULL || q->location != NULL ? "" : html_bytes(q->html, &len);
    }
    struct MHD_Response *r = MHD_create_response_from_buffer(len, un.out, MHD_RESPMEM_MUST_COPY);
    if (r == NULL) {
        return MHD_NO;
    }
    add_headers(q, r);
    begins(s, q->exchange->guest, false);
    enum MHD_Result done = MHD_queue_response(q->exchange->connection, q->status, r);
    MHD_destroy_response(r);
    return done;
}

void server_answer(struct req *q)
{
    struct exchange *x = q->exchange;
    x->complete = true;
    if (x->suspended) {
        x->suspended = false;
        MHD_resume_connection(x->connection);
        loop_timer_set(q->web->server->timer, 0);
    }
}

/* ---- requests ---- */

struct found {
    const char *name, *value;
    size_t times;
};

static enum MHD_Result look_for(void *arg, enum MHD_ValueKind kind, const char *key,
                                const char *value)
{
    (void)kind;
    struct found *f = arg;
    if (strcasecmp(key, f->name) == 0) {
        f->value = value == NULL ? "" : value;
        f->times++;
    }
    return MHD_YES;
}

const char *server_header(const struct req *q, const char *name, size_t *times)
{
    struct found f = {.name = name};
    (void)MHD_get_connection_values(q->exchange->connection, MHD_HEADER_KIND, look_for, &f);
    *times = f.times;
    return f.value;
}

const char *server_cookie(const struct req *q)
{
    return MHD_lookup_connection_value(q->exchange->connection, MHD_COOKIE_KIND,
                                       web_cookie_name(q->web));
}

/* The last address of a list is what the proxy itself saw. */
static void note_address(struct server *s, struct req *q)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(q->exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *from = info == NULL ? NULL : info->client_addr;
    bool loopback = s->unix_socket;
    if (!s->unix_socket && from != NULL && from->sa_family == AF_INET) {
        const struct in_addr *a = &((const struct sockaddr_in *)(const void *)from)->sin_addr;
        (void)inet_ntop(AF_INET, a, q->address, sizeof q->address);
        loopback = (ntohl(a->s_addr) >> 24) == 127;
    } else if (!s->unix_socket && from != NULL && from->sa_family == AF_INET6) {
        const struct in6_addr *a = &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
        (void)inet_ntop(AF_INET6, a, q->address, sizeof q->address);
        loopback = IN6_IS_ADDR_LOOPBACK(a);
    }
    size_t times = 0;
    const char *header = q->web->conf->web_forwarded_for;
    const char *given = header == NULL || !loopback ? NULL : server_header(q, header, &times);
    if (given == NULL || times != 1) {
        return;
    }
    const char *comma = strrchr(given, ',');
    const char *last = comma == NULL ? given : comma + 1;
    last += strspn(last, " ");
    if (strlen(last) < sizeof q->address &&
        strspn(last, "0123456789abcdefABCDEF.:") == strlen(last)) {
        memcpy(q->address, last, strlen(last) + 1);
    }
}

/* Before anything else of a request is known: what it asks for, as it came. */
static void *on_uri(void *arg, const char *uri, struct MHD_Connection *c)
{
    struct server *s = arg;
    struct req *q = mem_alloc(sizeof *q);
    q->exchange = mem_alloc(sizeof *q->exchange);
    q->exchange->connection = c;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    q->exchange->guest = info == NULL ? NULL : info->socket_context;
    q->web = s->web;
    q->uri = mem_strdup(uri);
    return q;
}

static void take_body(struct req *q, const char *data, size_t n)
{
    if (q->body_len + n > BODY_MAX) {
        q->body_too_large = true;
        return; /* read and dropped, so that the answer is not lost with the connection */
    }
    if (q->body == NULL) {
        q->body = mem_alloc(BODY_MAX);
    }
    memcpy(q->body + q->body_len, data, n);
    q->body_len += n;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **state)
{
    (void)url;
    (void)version;
    struct server *s = arg;
    struct req *q = *state;
    struct exchange *x = q->exchange;
    if (!x->headers_seen) {
        x->headers_seen = true;
        (void)strncpy(q->method, method, sizeof q->method - 1);
        return MHD_YES;
    }
    if (*data_size > 0) {
        take_body(q, data, *data_size);
        *data_size = 0;
        return MHD_YES;
    }
    if (!x->serving) {
        x->serving = true;
        begins(s, x->guest, true);
        note_address(s, q);
        serve(q);
    }
    if (x->complete) {
        return queue_answer(s, q);
    }
    x->suspended = true;
    MHD_suspend_connection(c);
    return MHD_YES;
}

static void on_completed(void *arg, struct MHD_Connection *c, void **state,
                         enum MHD_RequestTerminationCode how)
{
    (void)c;
    (void)how;
    struct server *s = arg;
    struct req *q = *state;
    *state = NULL;
    if (q == NULL) {
        return;
    }
    begins(s, q->exchange->guest, false);
    if (q->session != NULL && q->exchange->serving && !q->answered) {
        /* Nobody is there any more: it gives its turn back. A suspended one never comes here. */
        session_done(q->session, q);
    }
    free(q->exchange);
    req_free(q);
}

/* Escapes stay as they came: what is in a path is judged by route_find, a query by form_parse. */
static size_t leave_escaped(void *arg, struct MHD_Connection *c, char *text)
{
    (void)arg;
    (void)c;
    return strlen(text);
}

/* ---- begin and end ---- */

static enum status start(struct server *s, int fd, struct err *err)
{
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, s,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, 2U * OPEN_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, 60U, MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEAD_MEMORY,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        s, MHD_OPTION_URI_LOG_CALLBACK, on_uri, s, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, s,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (s->daemon == NULL) {
        close(fd);
        return err_set(err, STATUS_FATAL, "http", "the HTTP server does not start");
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL) {
        return err_set(err, STATUS_FATAL, "http", "the HTTP server has no epoll descriptor");
    }
    s->epoll_fd = info->epoll_fd;
    enum status st = loop_timer_new(s->web->loop, &s->timer, turn, s, err);
    if (st == STATUS_OK) {
        st = loop_watch(s->web->loop, s->epoll_fd, LOOP_READ, turn, s, err);
    }
    if (st == STATUS_OK) {
        arm(s);
    }
    return st;
}

enum status server_open(struct server **out, struct web *w, struct err *err)
{
    int fd = -1;
    enum status st = listen_open(&fd, "web.listen", w->conf->web_listen, err);
    if (st != STATUS_OK) {
        return st;
    }
    struct server *s = mem_alloc(sizeof *s);
    *s = (struct server){.web = w, .epoll_fd = -1};
    s->unix_socket = listen_path(w->conf->web_listen) != NULL;
    s->guests.next = s->guests.prev = &s->guests;
    *out = s;
    return start(s, fd, err);
}

void server_close(struct server *s)
{
    if (s == NULL) {
        return;
    }
    if (s->epoll_fd >= 0) {
        loop_unwatch(s->web->loop, s->epoll_fd);
    }
    loop_timer_free(s->timer);
    if (s->daemon != NULL) {
        (void)MHD_run(s->daemon); /* what was resumed, so that none is suspended at the end */
        MHD_stop_daemon(s->daemon);
    }
    const char *path = listen_path(s->web->conf->web_listen);
    if (path != NULL) {
        (void)unlink(path);
    }
    free(s);
}
