/* The lock decides who comes last: the thread, where it was left behind, else helper_free(). The
 * last one frees. Threads are detached, so nobody ever joins one that hangs. */
#include "common/runtime/helper.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/mem.h"

struct helper {
    pthread_mutex_t lock;
    pthread_cond_t news;
    void (*run)(void *arg);
    void (*drop)(void *arg);
    void *arg;
    bool ended, left;
};

static atomic_size_t n_left;

size_t helper_left(void)
{
    return atomic_load(&n_left);
}

void helper_note_left(void)
{
    atomic_fetch_add(&n_left, 1);
}

static void clear(struct helper *h)
{
    pthread_cond_destroy(&h->news);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

static void *thread_main(void *arg)
{
    struct helper *h = arg;
    h->run(h->arg);
    pthread_mutex_lock(&h->lock);
    h->ended = true;
    bool left = h->left;
    pthread_cond_broadcast(&h->news);
    pthread_mutex_unlock(&h->lock);
    if (left) {
        h->drop(h->arg);
        clear(h);
        atomic_fetch_sub(&n_left, 1);
    }
    return NULL;
}

struct helper *helper_start(void (*run)(void *arg), void *arg)
{
    struct helper *h = mem_alloc(sizeof *h);
    pthread_condattr_t by_clock;
    pthread_attr_t detached;
    pthread_t thread;
    *h = (struct helper){.run = run, .arg = arg};
    pthread_condattr_init(&by_clock);
    pthread_condattr_setclock(&by_clock, CLOCK_MONOTONIC);
    pthread_cond_init(&h->news, &by_clock);
    pthread_condattr_destroy(&by_clock);
    pthread_mutex_init(&h->lock, NULL);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    int failed = pthread_create(&thread, &detached, thread_main, h);
    pthread_attr_destroy(&detached);
    if (failed != 0) {
        clear(h);
        return NULL;
    }
    return h;
}

bool helper_ended(struct helper *h, int wait_ms)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += wait_ms / 1000;
    end.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (end.tv_nsec >= 1000000000L) {
        end.tv_nsec -= 1000000000L;
        end.tv_sec++;
    }
    pthread_mutex_lock(&h->lock);
    while (!h->ended && pthread_cond_timedwait(&h->news, &h->lock, &end) != ETIMEDOUT) {
    }
    bool ended = h->ended;
    pthread_mutex_unlock(&h->lock);
    return ended;
}

bool helper_free(struct helper *h, void (*drop)(void *arg))
{
    pthread_mutex_lock(&h->lock);
    bool ended = h->ended;
    if (!ended) {
        h->drop = drop;
        h->left = true;
        helper_note_left();
    }
    pthread_mutex_unlock(&h->lock);
    if (ended) {
        clear(h);
    }
    return ended;
}
