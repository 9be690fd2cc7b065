/* The loop gives an order and fetches its result; the thread alone uses the producer. While an
 * order is carried out the lock is free, and what the order borrows belongs to the thread. Lock
 * order: the sink's, then that of its topics. An order that fails closes the producer: the next one
 * is SINK_OPEN. */
#include "services/followup/kafka/sink.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/runtime/clock.h"
#include "common/runtime/helper.h"

#define IDLE_MS 200
#define JOIN_MS 2000 /* how long the thread may take to end */

struct sink {
    const struct conf *conf;
    const char *transactional_id, *installation;
    int shard;
    int fd;
    pthread_t thread;
    atomic_llong give_up_at;
    struct topics *topics; /* has a lock of its own */

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t news;
    struct producer *producer;
    enum sink_order order; /* under way, or done and not fetched */
    bool close, stop, done, ended;
    bool one_by_one;
    const struct outbound *records;
    size_t n;
    int64_t position;
    bool *refused;
    const char *topic, *marker;
    struct sink_result result;
};

/* ---- the thread ---- */

static void do_open(struct sink *k, struct sink_result *r)
{
    producer_close(k->producer);
    k->producer = NULL;
    const struct producer_options o = {.conf = k->conf,
                                       .transactional_id = k->transactional_id,
                                       .installation = k->installation,
                                       .shard = k->shard,
                                       .one_by_one = k->one_by_one,
                                       .give_up_at = &k->give_up_at};
    r->status = producer_open(&k->producer, &o, &r->err);
    if (r->status == STATUS_OK) {
        r->status = producer_position(k->producer, &r->position, &r->foreign, &r->err);
    }
    if (r->status == STATUS_OK) {
        r->status = producer_list(k->producer, k->topics, &r->err);
    }
}

static void carry_out(struct sink *k, struct sink_result *r)
{
    if (k->order == SINK_OPEN) {
        do_open(k, r);
    } else if (k->producer == NULL) {
        r->status = err_set(&r->err, STATUS_RESYNC, "closed", "no producer");
    } else if (k->order == SINK_PUBLISH) {
        r->status = producer_publish(k->producer, k->records, k->n, k->position, k->refused,
                                     &r->exact, &r->err);
    } else if (k->order == SINK_FIND) {
        r->status = producer_find(k->producer, k->topic, k->marker, &r->found, &r->err);
    }
    if (r->status == STATUS_RESYNC) {
        producer_missing(k->producer, k->conf, &r->err, r->missing);
        if (k->order == SINK_PUBLISH && r->missing[0] != '\0') {
            topics_found(k->topics, r->missing, false); /* nothing more is frozen for it */
        }
    }
    if (r->status != STATUS_OK) {
        producer_close(k->producer);
        k->producer = NULL;
    }
}

static void wait_for_news(struct sink *k)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += IDLE_MS * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_nsec -= 1000000000L;
        t.tv_sec++;
    }
    (void)pthread_cond_timedwait(&k->news, &k->lock, &t);
}

static void wake_loop(struct sink *k)
{
    const uint64_t one = 1;
    ssize_t ignored = write(k->fd, &one, sizeof one);
    (void)ignored;
}

/* With the lock held, given up for the order itself: the loop changes nothing of it meanwhile. */
static void run_order(struct sink *k)
{
    struct sink_result r = {.order = k->order, .position = NO_POSITION};
    pthread_mutex_unlock(&k->lock);
    carry_out(k, &r);
    pthread_mutex_lock(&k->lock);
    k->result = r;
    k->done = true;
    wake_loop(k);
}

/* The same: orders that come meanwhile wait. True: time went by. */
static bool look_for_topics(struct sink *k)
{
    if (!topics_want(k->topics, clock_mono_ms())) {
        return false;
    }
    pthread_mutex_unlock(&k->lock);
    producer_look(k->producer, k->topics);
    pthread_mutex_lock(&k->lock);
    wake_loop(k);
    return true;
}

static void *thread_main(void *arg)
{
    struct sink *k = arg;
    pthread_mutex_lock(&k->lock);
    while (!k->stop) {
        if (k->order != SINK_NOTHING && !k->done) {
            run_order(k);
        } else if (k->close) {
            producer_close(k->producer);
            k->producer = NULL;
            k->close = false;
            pthread_cond_broadcast(&k->news);
        } else {
            if (k->producer != NULL) {
                producer_idle(k->producer);
            }
            if (k->producer == NULL || !look_for_topics(k)) {
                wait_for_news(k);
            }
        }
    }
    producer_close(k->producer);
    k->producer = NULL;
    k->ended = true;
    pthread_cond_broadcast(&k->news);
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

/* ---- the loop's side ---- */

enum status sink_new(struct sink **out, const struct conf *conf, const char *transactional_id,
                     const char *installation, int shard, struct err *err)
{
    struct sink *k = mem_alloc(sizeof *k);
    k->conf = conf;
    k->transactional_id = transactional_id;
    k->installation = installation;
    k->shard = shard;
    k->topics = topics_new();
    atomic_init(&k->give_up_at, LLONG_MAX);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&k->news, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&k->lock, NULL);
    k->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (k->fd < 0 || pthread_create(&k->thread, NULL, thread_main, k) != 0) {
        enum status s = err_set(err, STATUS_FATAL, "system", "helper thread: %s", strerror(errno));
        if (k->fd >= 0) {
            close(k->fd);
        }
        topics_free(k->topics);
        free(k);
        return s;
    }
    *out = k;
    return STATUS_OK;
}

int sink_fd(const struct sink *k)
{
    return k->fd;
}

bool sink_busy(const struct sink *k)
{
    return k->order != SINK_NOTHING; /* written by the loop alone */
}

struct topics *sink_topics(const struct sink *k)
{
    return k->topics;
}

static void give(struct sink *k, enum sink_order order)
{
    k->order = order;
    k->done = false;
    pthread_cond_broadcast(&k->news);
}

void sink_open(struct sink *k, bool one_by_one)
{
    pthread_mutex_lock(&k->lock);
    k->one_by_one = one_by_one;
    give(k, SINK_OPEN);
    pthread_mutex_unlock(&k->lock);
}

void sink_publish(struct sink *k, const struct outbound *records, size_t n, int64_t position,
                  bool *refused)
{
    pthread_mutex_lock(&k->lock);
    k->records = records;
    k->n = n;
    k->position = position;
    k->refused = refused;
    give(k, SINK_PUBLISH);
    pthread_mutex_unlock(&k->lock);
}

void sink_find(struct sink *k, const char *topic, const char *marker)
{
    pthread_mutex_lock(&k->lock);
    k->topic = topic;
    k->marker = marker;
    give(k, SINK_FIND);
    pthread_mutex_unlock(&k->lock);
}

bool sink_result(struct sink *k, struct sink_result *out)
{
    uint64_t woken;
    ssize_t ignored = read(k->fd, &woken, sizeof woken);
    (void)ignored;
    pthread_mutex_lock(&k->lock);
    bool there = k->order != SINK_NOTHING && k->done;
    if (there) {
        *out = k->result;
        k->order = SINK_NOTHING;
    }
    pthread_mutex_unlock(&k->lock);
    return there;
}

void sink_close(struct sink *k)
{
    pthread_mutex_lock(&k->lock);
    k->close = true;
    pthread_cond_broadcast(&k->news);
    int64_t end = clock_mono_ms() + JOIN_MS;
    while (k->close && clock_mono_ms() < end) {
        wait_for_news(k);
    }
    pthread_mutex_unlock(&k->lock);
}

void sink_give_up(struct sink *k, int64_t within_ms)
{
    atomic_store(&k->give_up_at, clock_mono_ms() + within_ms);
}

void sink_free(struct sink *k)
{
    if (k == NULL) {
        return;
    }
    sink_give_up(k, 0);
    pthread_mutex_lock(&k->lock);
    k->stop = true;
    pthread_cond_broadcast(&k->news);
    int64_t end = clock_mono_ms() + JOIN_MS;
    while (!k->ended && clock_mono_ms() < end) {
        wait_for_news(k);
    }
    bool ended = k->ended;
    pthread_mutex_unlock(&k->lock);
    if (!ended) {
        (void)pthread_detach(k->thread);
        helper_note_left();
        return; /* it still uses all of this */
    }
    pthread_join(k->thread, NULL);
    pthread_cond_destroy(&k->news);
    pthread_mutex_destroy(&k->lock);
    close(k->fd);
    topics_free(k->topics);
    free(k);
}
