/* A turn waits in epoll and calls back for what is ready: descriptors, timers (timerfd), and the
 * thread that waits for signals. Callbacks may add and remove entries. An entry removed in a turn
 * stays until its end, marked dead, since the kernel may have reported it already. */
#include "common/runtime/loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/runtime/clock.h"
#include "common/runtime/log.h"

#define EVENTS_A_TURN 64
#define STOP_MS 9000 /* from the first signal: what has not ended by then is left behind */

/* A watched file descriptor. An entry removed during a turn stays until its end, marked dead: the
 * kernel may have reported it in the same turn already. */
struct watch {
    struct watch *next;
    int fd;
    bool dead, urgent;
    loop_fn *fn;
    void *arg;
};

/* Signals are read by a thread of its own, so that whatever the loop waits for does not hold up the
 * end. Descriptors: -1 where nobody asked for it. */
struct stopper {
    int signal_fd;
    int asked_fd; /* readable: the loop is to call on_stop */
    int end_fd;   /* readable: the thread is to end */
    pthread_t thread;
    bool started;
    atomic_bool asked;
    loop_fn *on_stop;
    void *on_stop_arg;
};

struct loop {
    int epoll_fd;
    struct stopper stopper;
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
    l->stopper = (struct stopper){.signal_fd = -1, .asked_fd = -1, .end_fd = -1};
    *out = l;
    return STATUS_OK;
}

static void ring(int fd)
{
    const uint64_t one = 1;
    ssize_t ignored = write(fd, &one, sizeof one);
    (void)ignored;
}

static void end_stopper(struct stopper *s)
{
    if (s->started) {
        ring(s->end_fd);
        pthread_join(s->thread, NULL);
    }
    const int fds[] = {s->signal_fd, s->asked_fd, s->end_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
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
    end_stopper(&l->stopper);
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

void loop_urgent(struct loop *l, int fd)
{
    struct watch *w = find_watch(l, fd);
    if (w != NULL) {
        w->urgent = true;
    }
}

bool loop_meanwhile(void *loop)
{
    struct loop *l = loop;
    l->turns++;
    for (struct watch *w = l->watches; w != NULL; w = w->next) {
        struct pollfd p = {.fd = w->fd, .events = POLLIN};
        if (w->urgent && !w->dead && poll(&p, 1, 0) == 1) {
            w->fn(w->arg, LOOP_READ);
        }
    }
    l->turns--;
    return atomic_load(&l->stopper.asked);
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

static void leave_all_behind(void)
{
    log_settle(true);
    log_warn(STOPPED, LOG_INT("exit", 0),
             LOG_TEXT("msg", "what was under way did not end in time and was left behind"));
    _exit(0);
}

static void *wait_for_signals(void *arg)
{
    struct stopper *s = arg;
    int64_t end = 0;
    struct pollfd p[] = {{.fd = s->signal_fd, .events = POLLIN},
                         {.fd = s->end_fd, .events = POLLIN}};
    for (;;) {
        struct signalfd_siginfo info;
        bool asked = atomic_load(&s->asked);
        int64_t left = end - clock_mono_ms();
        (void)poll(p, 2, !asked ? -1 : left > 0 ? (int)left : 0);
        if ((p[1].revents & POLLIN) != 0) {
            return NULL;
        }
        if (asked && clock_mono_ms() >= end) {
            leave_all_behind();
        }
        if ((p[0].revents & POLLIN) == 0 ||
            read(s->signal_fd, &info, sizeof info) != (ssize_t)sizeof info) {
            continue;
        }
        if (asked) {
            _exit(1); /* asked twice: at once, whatever is under way */
        }
        end = clock_mono_ms() + STOP_MS;
        atomic_store(&s->asked, true);
        ring(s->asked_fd);
    }
}

static void asked_to_stop(void *arg, unsigned events)
{
    struct stopper *s = arg;
    uint64_t times;
    (void)events;
    if (read(s->asked_fd, &times, sizeof times) == (ssize_t)sizeof times) {
        s->on_stop(s->on_stop_arg, LOOP_READ);
    }
}

enum status loop_on_stop(struct loop *l, loop_fn *fn, void *arg, struct err *err)
{
    struct stopper *s = &l->stopper;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    s->on_stop = fn;
    s->on_stop_arg = arg;
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return failed(err, "sigprocmask");
    }
    s->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    s->asked_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    s->end_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (s->signal_fd < 0 || s->asked_fd < 0 || s->end_fd < 0) {
        return failed(err, "signalfd");
    }
    errno = pthread_create(&s->thread, NULL, wait_for_signals, s);
    if (errno != 0) {
        return failed(err, "helper thread");
    }
    s->started = true;
    return loop_watch(l, s->asked_fd, LOOP_READ, asked_to_stop, s, err);
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
