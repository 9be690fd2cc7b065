#include "common/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "common/mem.h"

#define EVENTS_A_TURN 64

/* One file descriptor watched. An entry taken out during a turn stays until the turn's end, marked
 * dead, since the kernel may have reported it in the same turn already. */
struct watch {
    struct watch *next;
    int fd;
    bool dead;
    loop_fn *fn;
    void *arg;
};

struct loop {
    int epoll_fd;
    int signal_fd; /* -1: not asked for */
    bool asked_to_stop;
    loop_fn *on_stop;
    void *on_stop_arg;
    struct watch *watches;
    unsigned turns; /* under way: a callback may take a turn of its own */
};

struct loop_timer {
    struct loop *loop;
    int fd;
    loop_fn *fn;
    void *arg;
};

static enum status failed(struct err *err, const char *what)
{
    return err_set(err, STATUS_FATAL, "loop", "%s: %s", what, strerror(errno));
}

enum status loop_new(struct loop **out, struct err *err)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) {
        return failed(err, "epoll_create1");
    }
    struct loop *l = mem_alloc(sizeof *l);
    l->epoll_fd = fd;
    l->signal_fd = -1;
    *out = l;
    return STATUS_OK;
}

void loop_free(struct loop *l)
{
    if (l == NULL) {
        return;
    }
    while (l->watches != NULL) {
        struct watch *w = l->watches;
        l->watches = w->next;
        free(w);
    }
    if (l->signal_fd >= 0) {
        close(l->signal_fd);
    }
    close(l->epoll_fd);
    free(l);
}

/* ---- watches ---- */

static struct watch *find_watch(const struct loop *l, int fd)
{
    struct watch *w = l->watches;
    while (w != NULL && (w->dead || w->fd != fd)) {
        w = w->next;
    }
    return w;
}

enum status loop_watch(struct loop *l, int fd, unsigned events, loop_fn *fn, void *arg,
                       struct err *err)
{
    struct watch *w = find_watch(l, fd);
    bool is_new = w == NULL;
    if (is_new) {
        w = mem_alloc(sizeof *w);
    }
    struct epoll_event ev = {.data.ptr = w};
    ev.events = ((events & LOOP_READ) != 0 ? (uint32_t)EPOLLIN : 0U) |
                ((events & LOOP_WRITE) != 0 ? (uint32_t)EPOLLOUT : 0U);
    int rc = epoll_ctl(l->epoll_fd, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &ev);
    if (rc != 0 && !is_new && errno == ENOENT) {
        /* Closed without a word and opened again as another: the kernel forgot it, we did not. */
        rc = epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
    }
    if (rc != 0) {
        if (is_new) {
            free(w);
        }
        return failed(err, "epoll_ctl");
    }
    w->fd = fd;
    w->fn = fn;
    w->arg = arg;
    if (is_new) {
        w->next = l->watches;
        l->watches = w;
    }
    return STATUS_OK;
}

static void sweep(struct loop *l)
{
    struct watch **at = &l->watches;
    while (*at != NULL) {
        struct watch *w = *at;
        if (w->dead) {
            *at = w->next;
            free(w);
        } else {
            at = &w->next;
        }
    }
}

void loop_unwatch(struct loop *l, int fd)
{
    struct watch *w = find_watch(l, fd);
    if (w == NULL) {
        return;
    }
    epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd,
              NULL); /* fails for one already closed, which is as good */
    w->dead = true;
    if (l->turns == 0) {
        sweep(l);
    }
}

/* ---- timers ---- */

static void timer_ready(void *arg, unsigned events)
{
    struct loop_timer *t = arg;
    uint64_t times;
    (void)events;
    if (read(t->fd, &times, sizeof times) == (ssize_t)sizeof times) {
        t->fn(t->arg, LOOP_READ); /* t may be freed by it */
    }
}

enum status loop_timer_new(struct loop *l, struct loop_timer **out, loop_fn *fn, void *arg,
                           struct err *err)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0) {
        return failed(err, "timerfd_create");
    }
    struct loop_timer *t = mem_alloc(sizeof *t);
    *t = (struct loop_timer){.loop = l, .fd = fd, .fn = fn, .arg = arg};
    enum status s = loop_watch(l, fd, LOOP_READ, timer_ready, t, err);
    if (s != STATUS_OK) {
        close(fd);
        free(t);
        return s;
    }
    *out = t;
    return STATUS_OK;
}

void loop_timer_set(struct loop_timer *t, int64_t ms)
{
    struct itimerspec when = {0};
    if (ms == 0) {
        when.it_value.tv_nsec = 1; /* all zero would disarm */
    } else if (ms > 0) {
        when.it_value.tv_sec = (time_t)(ms / 1000);
        when.it_value.tv_nsec = (long)(ms % 1000) * 1000000;
    }
    timerfd_settime(t->fd, 0, &when, NULL); /* also forgets a firing nobody has read yet */
}

void loop_timer_free(struct loop_timer *t)
{
    if (t == NULL) {
        return;
    }
    loop_unwatch(t->loop, t->fd);
    close(t->fd);
    free(t);
}

/* ---- signals ---- */

static void signal_ready(void *arg, unsigned events)
{
    struct loop *l = arg;
    struct signalfd_siginfo info;
    (void)events;
    while (read(l->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (l->asked_to_stop) {
            _exit(1); /* asked twice: at once, whatever is under way */
        }
        l->asked_to_stop = true;
        l->on_stop(l->on_stop_arg, LOOP_READ);
    }
}

enum status loop_on_stop(struct loop *l, loop_fn *fn, void *arg, struct err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return failed(err, "sigprocmask");
    }
    int fd = signalfd(l->signal_fd, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) {
        return failed(err, "signalfd");
    }
    l->signal_fd = fd;
    l->on_stop = fn;
    l->on_stop_arg = arg;
    return loop_watch(l, fd, LOOP_READ, signal_ready, l, err);
}

/* ---- turns ---- */

enum status loop_turn(struct loop *l, int wait_ms, struct err *err)
{
    struct epoll_event ready[EVENTS_A_TURN];
    int n = epoll_wait(l->epoll_fd, ready, EVENTS_A_TURN, wait_ms);
    if (n < 0) {
        return errno == EINTR ? STATUS_OK : failed(err, "epoll_wait");
    }
    l->turns++;
    for (int i = 0; i < n; i++) {
        struct watch *w = ready[i].data.ptr;
        uint32_t got = ready[i].events;
        if (w->dead) {
            continue;
        }
        unsigned events = 0;
        if ((got & (EPOLLERR | EPOLLHUP)) != 0) {
            events = LOOP_READ | LOOP_WRITE;
        }
        events |= (got & EPOLLIN) != 0 ? LOOP_READ : 0;
        events |= (got & EPOLLOUT) != 0 ? LOOP_WRITE : 0;
        w->fn(w->arg, events);
    }
    l->turns--;
    if (l->turns == 0) {
        sweep(l);
    }
    return STATUS_OK;
}

/* ---- pauses ---- */

/* Any spread will do; what matters is that processes started together do not stay in step. */
static uint32_t random_bits(void)
{
    uint32_t bits = 0;
    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != (ssize_t)sizeof bits) {
        struct timespec ts;
        clock_gettime(CLOCK_MONOTONIC, &ts);
        bits = (uint32_t)ts.tv_nsec * UINT32_C(2654435761);
    }
    return bits;
}

int64_t backoff_next_ms(struct backoff *b)
{
    int64_t ms = b->first_ms;
    for (unsigned i = 0; i < b->attempt && ms < b->max_ms; i++) {
        ms *= 2;
    }
    if (ms > b->max_ms) {
        ms = b->max_ms;
    }
    b->attempt++;
    int64_t spread = ms / 2; /* from a quarter less to a quarter more */
    return ms - spread / 2 + (spread > 0 ? random_bits() % (spread + 1) : 0);
}

void backoff_reset(struct backoff *b)
{
    b->attempt = 0;
}

bool backoff_should_log(const struct backoff *b)
{
    return b->attempt > 0 && (b->attempt & (b->attempt - 1)) == 0;
}
