/* inside - what the parts of the page's service know of each other; no screen includes it.
 *
 * server.c has the connections, and serve.c judges each request. session.c and visitor.c remember
 * people, request.c serves a screen, own.c is the service's own session. */
#ifndef WEB_INSIDE_H
#define WEB_INSIDE_H

#include <stdint.h>

#include "common/pg/pg_person.h"
#include "common/runtime/conf.h"
#include "common/runtime/http.h"
#include "common/runtime/loop.h"
#include "common/runtime/web_key.h"
#include "services/web/form.h"
#include "services/web/html.h"
#include "services/web/refusal.h"
#include "services/web/route.h"
#include "services/web/step.h"
#include "services/web/words.h"

#define SECRET_TEXT 33 /* 128 random bits as hex */
#define BODY_MAX 16384
#define LOGIN_MAX 63
#define SESSION_QUEUE 4          /* requests that wait for their session's connection */
#define SESSION_KEPT 8           /* forms and banners with a number */
#define SESSION_SAVED 64         /* cases that are not offered again as the next */
#define HELD_MS (15 * 60 * 1000) /* how long unsent text and the way to a page are kept */
#define ANSWER_MS 15000          /* what a request may take from its last byte on */

void secret_make(char out[SECRET_TEXT]);
bool secret_is(const char *given, const char *secret); /* in the same time whatever is given */

/* ---- requests ---- */

struct req {
    struct web *web;
    struct exchange *exchange; /* of server.c */
    /* as it came */
    char *uri; /* raw: path and query */
    char method[8];
    char *path;
    struct form *query, *form;
    char *body;
    size_t body_len;
    bool body_too_large;
    char address[64]; /* of whoever asks; "" if it is not known */
    struct route_match match;
    const char *pattern; /* for log and metrics */
    int64_t began_ms;
    /* while it is worked on */
    struct session *session;
    struct arena *arena;
    struct words words;
    struct who who;
    struct html *html;
    const struct page *page;
    const char *banner; /* just saved */
    const char *banner_task;
    long banner_undo;
    step *next, *on_error;
    struct err err;
    bool asked_anything, sent_change, failed, is_lost;
    void *kept;
    /* freshness, for the line on every page */
    struct instant as_of;
    bool stale, held;
    /* the answer */
    bool answered;
    unsigned status;
    const char *type;  /* NULL: HTML */
    const void *bytes; /* of what lives as long as the program; NULL: html */
    size_t n_bytes;
    char *location, *cookie, *allow;
    unsigned retry_after;
    bool cacheable;
};

/* ---- sessions ---- */

struct kept_form {
    long number; /* 0: none */
    struct form *form;
    char *banner, *banner_task;
    long banner_undo;
};

struct session {
    struct session *next;
    struct web *web;
    char id[SECRET_TEXT], token[SECRET_TEXT];
    char login[LOGIN_MAX + 1];
    struct pg_person *person;
    int watched; /* descriptor in the loop; -1: none */
    int64_t began_ms, used_ms;
    struct req *now, *queue[SESSION_QUEUE];
    size_t n_queue;
    struct kept_form kept[SESSION_KEPT];
    long last_number;
    char queue_filter[101], site_filter[101];
    struct arena *sites_arena; /* of the sites, which change seldom; NULL: not asked yet */
    const char **sites;
    size_t n_sites;
    int64_t sites_ms;
    char saved[SESSION_SAVED][ROUTE_ID_BYTES + 1]; /* a ring */
    size_t n_saved;
    bool is_new; /* logging in: not yet in the table */
    /* For a new one: it is no log-in, but finds out whether the server takes a password. */
    void (*on_checked)(struct session *one, struct req *q, enum status s);
    bool ending; /* to be freed once nothing is under way */
    /* Out of the table by itself: its own connection still notes the log-out, until then. 0: not.
     */
    int64_t parts_by_ms;
};

struct sessions;
struct sessions *sessions_new(struct web *w);
void sessions_free(struct sessions *s);
struct session *sessions_find(struct sessions *s, const char *cookie);
struct session *session_new(struct web *w, const char *login);
/* Takes it into the table, under a new id; ends the oldest of more than two of its login. False:
 * there are too many. */
bool sessions_take_in(struct sessions *s, struct session *one);
enum ending { ENDED_BY_HAND, ENDED_IDLE, ENDED_EXPIRED, ENDED_REPLACED, ENDED_LOST, ENDED_REFUSED };
/* Its connection is closed at once; requests that wait are answered. */
void session_end(struct session *one, enum ending why);
void sessions_tick(struct sessions *s, int64_t now_ms);
void sessions_end_all(struct sessions *s);
size_t sessions_count(const struct sessions *s);
/* Finds a session that is no more: its login and token, for whom unsent text is kept. */
bool sessions_ended(const struct sessions *s, const char *cookie, const char **login,
                    const char **token, enum ending *why);

/* The request's turn on its session's connection. False: too many wait. */
bool session_serve(struct session *one, struct req *q);
/* Sends what was asked, or takes the next step at once. */
void session_send(struct session *one, struct req *q);
void session_done(struct session *one, struct req *q); /* its answer is given */
enum status session_watch(struct session *one);
long session_keep_form(struct session *one, const struct form *f);
long session_keep_banner(struct session *one, const char *text, const char *task, long undo);
const struct kept_form *session_kept(const struct session *one, long number);

/* ---- who is on the way to a session ---- */

struct visitor {
    char id[SECRET_TEXT];
    int64_t at_ms;
    char path[200];
    char login[LOGIN_MAX + 1]; /* whose form it is */
    struct form *form;
    bool logged_out; /* only the button logs in again */
    enum ending why;
    bool has_why;
};
struct visitors;
struct visitors *visitors_new(void);
void visitors_free(struct visitors *v);
struct visitor *visitors_find(struct visitors *v, const char *cookie);
/* A new one; the oldest goes where there are too many. */
struct visitor *visitors_add(struct visitors *v);
void visitors_forget(struct visitors *v, struct visitor *one);
/* Whether so much unsent text may be kept still. */
bool visitors_have_room(const struct visitors *v, size_t bytes);
void visitors_keep_form(struct visitors *v, struct visitor *one, const struct form *f);
/* Forgets all that is older than 15 minutes. */
void visitors_tick(struct visitors *v, int64_t now_ms);

/* ---- the service's own session ---- */

struct own;
struct own *own_new(struct web *w);
void own_free(struct own *o);
void own_tick(struct own *o, int64_t now_ms);
bool own_is_up(const struct own *o);
void own_note_refused(struct own *o, const char *login, const char *address, const char *why);
const char *own_service_name(const struct own *o);
const char *own_service_phone(const struct own *o); /* NULL: none */
const char *own_data_phone(const struct own *o);
const char *own_organisation(const struct own *o);
long own_behind_seconds(const struct own *o);
const struct zone *own_zone(const struct own *o); /* never NULL */
struct instant own_now(const struct own *o);

/* ---- the service ---- */

struct web {
    const struct conf *conf;
    struct loop *loop;
    struct server *server;
    struct http *http;
    struct sessions *sessions;
    struct visitors *visitors;
    struct refusals *refusals;
    struct own *own;
    struct loop_timer *timer;
    struct loop_timer *soon; /* at the next turn: what waits for its turn */
    bool stopping, told_ready;
    char *origin;
    bool is_https;
    bool by_header;
    char *key; /* of web.key_file; NULL: nobody is named by a proxy */
};
const char *web_cookie_name(const struct web *w);

/* ---- the server ---- */

struct server;
enum status server_open(struct server **out, struct web *w, struct err *err) NODISCARD;
void server_close(struct server *s);
/* The answer in q is complete: it goes out. */
void server_answer(struct req *q);
const char *server_header(const struct req *q, const char *name, size_t *times);
const char *server_cookie(const struct req *q);

/* serve.c: what becomes of a request whose last byte is there. */
void serve(struct req *q);
/* The statements that come before every screen's, and what they say. */
void serve_session(struct req *q);
void serve_log(struct req *q);
void req_free(struct req *q);
void req_answer_plain(struct req *q, unsigned status);
/* Sends what is in q->html. */
void req_finish(struct req *q, unsigned status);
void req_set_cookie(struct req *q, const char *value);
void answer_log_in_first(struct req *q);
void answer_too_many(struct req *q);

/* page.c, for pages outside of a session */
struct html *page_begin_bare(struct req *q, const char *title, const char *heading);
void page_end_bare(struct req *q, unsigned status);

/* login.c */
void login_done(struct session *one, enum status s, const struct err *err);
void login_show(struct req *q, const struct visitor *v, unsigned status);

/* serve.c: the name a proxy gives; NULL: none that can be taken. */
const char *serve_identity(const struct req *q);

/* asset.c */
struct asset {
    const char *path, *type;
    const void *bytes;
    size_t len;
};
enum status assets_open(const struct conf *c, struct err *err) NODISCARD;
void assets_close(void);
const struct asset *assets_find(const char *path);
const char *assets_style(void); /* the path of the stylesheet */
const char *assets_script(void);
const char *assets_logo(void); /* NULL: none */

#endif
