/* Sessions: who is logged in, with a database connection of their own each. Requests of one session
 * take turns on it, as a connection can do one thing at a time.
 *
 * A session that ends loses its connection at once; its memory goes once no request uses it. Its
 * login and token are remembered for 15 minutes, so that a form that comes too late is known for
 * one of ours. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/hash.h"
#include "common/base/mem.h"
#include "common/runtime/clock.h"
#include "common/runtime/fault.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"
#include "services/web/inside.h"
#include "services/web/request.h"

#define ENDED_MAX 512
#define A_LOGIN_MAX 2

struct ended {
    char id[SECRET_TEXT], token[SECRET_TEXT];
    char login[LOGIN_MAX + 1];
    int64_t at_ms;
    enum ending why;
};

struct sessions {
    struct web *web;
    struct session *first;    /* in the table */
    struct session *arriving; /* logging in */
    struct session *ending;   /* out of it, and still in use */
    size_t n;
    struct ended ended[ENDED_MAX];
    size_t next_ended;
};

void secret_make(char out[SECRET_TEXT])
{
    uint8_t bytes[SECRET_TEXT / 2];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        abort(); /* a secret that is none is worse than no page */
    }
    (void)hash_hex(bytes, sizeof bytes, out);
}

bool secret_is(const char *given, const char *secret)
{
    unsigned char differs = 0;
    if (given == NULL || strlen(given) != SECRET_TEXT - 1) {
        return false;
    }
    for (size_t i = 0; i < SECRET_TEXT - 1; i++) {
        differs |= (unsigned char)(given[i] ^ secret[i]);
    }
    return differs == 0;
}

struct sessions *sessions_new(struct web *w)
{
    struct sessions *s = mem_alloc(sizeof *s);
    s->web = w;
    return s;
}

static void forget_kept(struct kept_form *k)
{
    form_free(k->form);
    free(k->banner);
    free(k->banner_task);
    *k = (struct kept_form){0};
}

static void free_session(struct session *one)
{
    if (one->watched >= 0) {
        loop_unwatch(one->web->loop, one->watched);
    }
    pg_person_free(one->person);
    arena_free(one->sites_arena);
    for (size_t i = 0; i < SESSION_KEPT; i++) {
        forget_kept(&one->kept[i]);
    }
    free(one);
}

static void free_list(struct session *first)
{
    while (first != NULL) {
        struct session *next = first->next;
        free_session(first);
        first = next;
    }
}

void sessions_free(struct sessions *s)
{
    if (s != NULL) {
        free_list(s->first);
        free_list(s->arriving);
        free_list(s->ending);
        free(s);
    }
}

struct session *session_new(struct web *w, const char *login)
{
    struct session *one = mem_alloc(sizeof *one);
    one->web = w;
    one->watched = -1;
    one->is_new = true;
    (void)strncpy(one->login, login, sizeof one->login - 1);
    one->began_ms = one->used_ms = clock_mono_ms();
    one->next = w->sessions->arriving;
    w->sessions->arriving = one;
    return one;
}

size_t sessions_count(const struct sessions *s)
{
    return s->n;
}

struct session *sessions_find(struct sessions *s, const char *cookie)
{
    struct session *found = NULL;
    for (struct session *one = s->first; one != NULL; one = one->next) {
        found = secret_is(cookie, one->id) ? one : found;
    }
    return found;
}

/* False: it is not in that list. */
static bool unlink_from(struct session **at, const struct session *one)
{
    while (*at != NULL && *at != one) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        return false;
    }
    *at = one->next;
    return true;
}

bool sessions_take_in(struct sessions *s, struct session *one)
{
    size_t of_login = 0;
    struct session *oldest = NULL;
    for (struct session *other = s->first; other != NULL; other = other->next) {
        if (strcmp(other->login, one->login) == 0) {
            of_login++;
            oldest = other; /* new ones are put first */
        }
    }
    if (of_login >= A_LOGIN_MAX) {
        session_end(oldest, ENDED_REPLACED);
    }
    if (s->n >= (size_t)s->web->conf->web_max_sessions) {
        return false;
    }
    secret_make(one->id);
    secret_make(one->token);
    one->is_new = false;
    (void)unlink_from(&s->arriving, one);
    one->next = s->first;
    s->first = one;
    s->n++;
    metrics_set(METRIC_WEB_SESSIONS, NULL, (double)s->n);
    return true;
}

/* ---- ends ---- */

static void remember(struct sessions *s, const struct session *one, enum ending why)
{
    struct ended *e = &s->ended[s->next_ended++ % ENDED_MAX];
    *e = (struct ended){.at_ms = clock_mono_ms(), .why = why};
    memcpy(e->id, one->id, sizeof e->id);
    memcpy(e->token, one->token, sizeof e->token);
    memcpy(e->login, one->login, sizeof e->login);
}

static void take_out(struct sessions *s, struct session *one)
{
    if (unlink_from(&s->first, one)) {
        s->n--;
        metrics_set(METRIC_WEB_SESSIONS, NULL, (double)s->n);
    } else {
        (void)unlink_from(&s->arriving, one);
    }
    one->next = s->ending;
    s->ending = one;
}

static void unwatch(struct session *one)
{
    if (one->watched >= 0) {
        loop_unwatch(one->web->loop, one->watched);
        one->watched = -1;
    }
}

static void hang_up(struct session *one)
{
    unwatch(one);
    pg_person_free(one->person);
    one->person = NULL;
    one->parts_by_ms = 0;
}

/* A session that nobody ended is noted in the audit as one that somebody did: by its own
 * connection, which has nothing else to do. False: it cannot. */
static bool part(struct session *one, enum ending why)
{
    struct err err = {0};
    bool by_itself = why == ENDED_IDLE || why == ENDED_EXPIRED || why == ENDED_REPLACED;
    if (!by_itself || one->is_new || one->now != NULL || one->person == NULL) {
        return false;
    }
    if (pg_person_add(one->person, "select oh.note_logout()", NULL, 0, &err) != STATUS_OK ||
        pg_person_send(one->person, &err) != STATUS_OK || session_watch(one) != STATUS_OK) {
        return false;
    }
    one->parts_by_ms = clock_mono_ms() + ANSWER_MS;
    return true;
}

static void on_parting(struct session *one)
{
    struct err err = {0};
    bool done = false;
    enum status s = pg_person_step(one->person, &done, &err);
    s = s == STATUS_OK ? session_watch(one) : s;
    if (s != STATUS_OK || done) {
        hang_up(one);
        loop_timer_set(one->web->soon, 0);
    }
}

void session_end(struct session *one, enum ending why)
{
    struct sessions *s = one->web->sessions;
    if (one->ending) {
        return;
    }
    if (!one->is_new && why != ENDED_BY_HAND) {
        remember(s, one, why);
    }
    one->ending = true;
    take_out(s, one);
    if (!part(one, why)) {
        hang_up(one);
    }
    struct req *now = one->now;
    if (now != NULL && now->next != NULL) { /* it waits for an answer that never comes */
        now->next = NULL;
        now->is_lost = why == ENDED_LOST;
        answer_unavailable(now);
    }
    loop_timer_set(one->web->soon, 0);
}

/* At the loop's next turn: nothing is on the stack that uses them. */
static void sweep(struct sessions *s)
{
    struct session **at = &s->ending;
    while (*at != NULL) {
        struct session *one = *at;
        while (one->now == NULL && one->n_queue > 0) {
            one->now = one->queue[0];
            memmove(one->queue, one->queue + 1, --one->n_queue * sizeof one->queue[0]);
            answer_log_in_first(one->now);
        }
        if (one->now == NULL && one->parts_by_ms == 0) {
            *at = one->next;
            free_session(one);
        } else {
            at = &one->next;
        }
    }
}

void sessions_tick(struct sessions *s, int64_t now_ms)
{
    const struct conf *c = s->web->conf;
    for (struct session *one = s->first, *next = NULL; one != NULL; one = next) {
        next = one->next;
        if (one->now != NULL && one->now->next != NULL && now_ms - one->now->began_ms > ANSWER_MS) {
            session_end(one, ENDED_LOST);
        } else if (one->now != NULL) {
            continue;
        } else if (now_ms - one->used_ms > c->web_idle_minutes * 60000) {
            session_end(one, ENDED_IDLE);
        } else if (now_ms - one->began_ms > c->web_session_minutes * 60000) {
            session_end(one, ENDED_EXPIRED);
        }
    }
    for (struct session *one = s->arriving, *next = NULL; one != NULL; one = next) {
        next = one->next;
        if (now_ms - one->began_ms > ANSWER_MS) {
            struct err err;
            login_done(one, err_set(&err, STATUS_RESYNC, "08001", "no answer in time"), &err);
        }
    }
    for (struct session *one = s->ending; one != NULL; one = one->next) {
        if (one->parts_by_ms != 0 && now_ms > one->parts_by_ms) {
            hang_up(one);
        }
    }
    sweep(s);
}

void sessions_end_all(struct sessions *s)
{
    while (s->arriving != NULL) {
        struct err err;
        login_done(s->arriving, err_set(&err, STATUS_RESYNC, "08001", "the service stops"), &err);
    }
    while (s->first != NULL) {
        session_end(s->first, ENDED_LOST);
    }
    sweep(s);
}

bool sessions_ended(const struct sessions *s, const char *cookie, const char **login,
                    const char **token, enum ending *why)
{
    const struct ended *found = NULL;
    for (size_t i = 0; i < ENDED_MAX; i++) {
        const struct ended *e = &s->ended[i];
        found = e->id[0] != '\0' && secret_is(cookie, e->id) ? e : found;
    }
    if (found == NULL || clock_mono_ms() - found->at_ms > HELD_MS) {
        return false;
    }
    *login = found->login;
    *token = found->token;
    *why = found->why;
    return true;
}

/* ---- turns ---- */

bool session_serve(struct session *one, struct req *q)
{
    if (one->now == NULL && !one->ending) {
        one->now = q;
        one->used_ms = clock_mono_ms();
        serve_session(q);
        return true;
    }
    if (one->n_queue == SESSION_QUEUE) {
        return false;
    }
    one->queue[one->n_queue++] = q;
    return true;
}

void session_done(struct session *one, struct req *q)
{
    if (one->now != q) {
        return;
    }
    one->now = NULL;
    if (one->n_queue > 0 && !one->ending) {
        struct req *next = one->queue[0];
        memmove(one->queue, one->queue + 1, --one->n_queue * sizeof one->queue[0]);
        (void)session_serve(one, next);
    }
    if (one->ending) {
        loop_timer_set(one->web->soon, 0);
    }
}

/* ---- the connection ---- */

static void go_on(struct session *one, enum status s, const struct err *err)
{
    struct req *q = one->now;
    if (one->is_new) {
        login_done(one, s, err);
        return;
    }
    if (q == NULL) {
        return;
    }
    if (s == STATUS_RESYNC || s == STATUS_FATAL) {
        session_end(one, ENDED_LOST);
        return;
    }
    if (q->sent_change && s == STATUS_OK) {
        fault_point("web.saved");
    }
    step *next = q->next;
    q->next = NULL;
    q->failed = s != STATUS_OK;
    if (s != STATUS_OK) {
        q->err = *err;
        next = q->on_error != NULL ? q->on_error : req_answer_error;
    }
    if (next != NULL) {
        next(q);
    }
}

static void on_socket(void *arg, unsigned events)
{
    (void)events;
    struct session *one = arg;
    struct err err = {0};
    bool done = false;
    if (one->person == NULL) {
        return;
    }
    if (one->parts_by_ms != 0) {
        on_parting(one);
        return;
    }
    bool idle = !one->is_new && (one->now == NULL || one->now->next == NULL);
    if (idle) {
        if (pg_person_look(one->person, &err) != STATUS_OK) {
            log_info(SESSIONS_LOST, LOG_INT("sessions", 1));
            session_end(one, ENDED_LOST);
        }
        return;
    }
    enum status s = pg_person_step(one->person, &done, &err);
    if (s == STATUS_OK) {
        s = session_watch(one);
        if (s == STATUS_OK && !done) {
            return;
        }
    }
    go_on(one, s, &err);
}

/* The descriptor may be another one after each step of connecting. */
enum status session_watch(struct session *one)
{
    struct err err = {0};
    int fd = pg_person_socket(one->person);
    if (fd != one->watched) {
        unwatch(one);
    }
    unsigned events = LOOP_READ | (pg_person_wants_write(one->person) ? LOOP_WRITE : 0);
    if (fd < 0 || loop_watch(one->web->loop, fd, events, on_socket, one, &err) != STATUS_OK) {
        return STATUS_RESYNC;
    }
    one->watched = fd;
    return STATUS_OK;
}

void session_send(struct session *one, struct req *q)
{
    struct err err = {0};
    if (one->person == NULL) {
        q->next = NULL;
        q->is_lost = true;
        answer_unavailable(q);
        return;
    }
    q->asked_anything = true;
    q->sent_change |= req_is_post(q) && q->who.login != NULL;
    if (pg_person_send(one->person, &err) != STATUS_OK || session_watch(one) != STATUS_OK) {
        session_end(one, ENDED_LOST);
        return;
    }
    if (q->sent_change) {
        fault_point("web.save_sent");
    }
}

/* ---- what is kept with a number ---- */

static struct kept_form *keep(struct session *one)
{
    one->last_number++;
    struct kept_form *k = &one->kept[one->last_number % SESSION_KEPT];
    forget_kept(k);
    k->number = one->last_number;
    return k;
}

long session_keep_form(struct session *one, const struct form *f)
{
    struct kept_form *k = keep(one);
    k->form = form_copy(f);
    return k->number;
}

long session_keep_banner(struct session *one, const char *text, const char *task, long undo)
{
    struct kept_form *k = keep(one);
    k->banner = mem_strdup(text);
    k->banner_task = mem_strdup(task);
    k->banner_undo = undo;
    return k->number;
}

const struct kept_form *session_kept(const struct session *one, long number)
{
    const struct kept_form *k = number > 0 ? &one->kept[number % SESSION_KEPT] : NULL;
    return k != NULL && k->number == number ? k : NULL;
}
