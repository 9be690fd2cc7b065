/* A thread with a client of its own asks for metadata and waits for the answer. The loop reads
 * only what is under the lock, and is woken by an eventfd. The client never joins a group and
 * reads no records. */
#include "common/kafka/kafka_watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/kafka/kafka.h"
#include "common/runtime/clock.h"
#include "common/runtime/helper.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"

/* Two questions without an answer mean that no broker answers. The first is short: in a cluster the
 * second reaches another broker. The second gets all the time that is left: a broker that has just
 * started is slow, not away. */
#define AWAY_MS 4300 /* since the last answer; /readyz must show it within 5 s */
#define ASK_MS 1300
#define PAUSE_MS 600
#define PAUSE_IN_DOUBT_MS 50
#define FAILURES 2
#define TELL_EVERY_MS 60000
#define CLOSE_MS 2000

struct watched {
    char *name;
    rd_kafka_topic_t *handle; /* makes the client ask for it */
    bool missing;
    int64_t told_ms;
};

struct kafka_watch {
    rd_kafka_t *rk;
    struct helper *helper;
    int fd;
    int failures; /* in a row; of the thread alone, as the next two */
    int64_t answered_ms, away_since_ms, told_away_ms;
    int64_t unsaid; /* messages of the library while no broker answers, since the last kafka_down */

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t news;
    bool stop, down;
    struct watched *topics;
    size_t n;
};

/* ---- what is logged ---- */

static void tell_down(struct kafka_watch *w, int64_t now)
{
    struct kafka_noise noise;
    kafka_noise_take(&noise);
    w->unsaid += noise.messages;
    if (w->told_away_ms != 0 && now - w->told_away_ms < TELL_EVERY_MS) {
        return;
    }
    log_warn(KAFKA_DOWN, LOG_TEXT("msg", noise.text[0] == '\0' ? "no broker answers" : noise.text),
             LOG_INT("for_s", (now - w->away_since_ms) / 1000), LOG_INT("messages", w->unsaid));
    w->told_away_ms = now;
    w->unsaid = 0;
}

static void tell_up(struct kafka_watch *w, int64_t now)
{
    struct kafka_noise noise;
    kafka_noise_take(&noise);
    log_info(KAFKA_UP, LOG_INT("after_s", (now - w->away_since_ms) / 1000),
             LOG_INT("messages", w->unsaid + noise.messages));
    w->unsaid = 0;
}

static void tell_topic(struct watched *t, bool was_missing, int64_t now)
{
    if (t->missing && (!was_missing || now - t->told_ms >= TELL_EVERY_MS)) {
        log_error(TOPIC_MISSING, LOG_TEXT("topic", t->name),
                  LOG_TEXT("msg", "no such topic, or no right to see it"));
        t->told_ms = now;
    } else if (!t->missing && was_missing) {
        log_info(TOPIC_BACK, LOG_TEXT("topic", t->name));
    }
}

/* ---- the thread ---- */

static void wake_loop(struct kafka_watch *w)
{
    const uint64_t one = 1;
    ssize_t ignored = write(w->fd, &one, sizeof one);
    (void)ignored;
}

static bool set_down(struct kafka_watch *w, bool down)
{
    pthread_mutex_lock(&w->lock);
    bool was = w->down;
    w->down = down;
    pthread_mutex_unlock(&w->lock);
    return was;
}

static bool is_missing(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
}

static void take_topic(struct kafka_watch *w, const struct rd_kafka_metadata_topic *md, int64_t now)
{
    for (size_t i = 0; i < w->n; i++) {
        struct watched *t = &w->topics[i];
        if (strcmp(t->name, md->topic) != 0) {
            continue;
        }
        pthread_mutex_lock(&w->lock);
        bool was = t->missing;
        t->missing = is_missing(md->err);
        pthread_mutex_unlock(&w->lock);
        tell_topic(t, was, now);
        if (was != t->missing) {
            wake_loop(w);
        }
    }
}

static void no_answer(struct kafka_watch *w, int64_t now)
{
    w->failures++;
    if (w->failures == 1) {
        w->away_since_ms = now;
        w->told_away_ms = 0;
    }
    if (w->failures >= FAILURES) {
        if (!set_down(w, true)) {
            wake_loop(w);
        }
        tell_down(w, now);
    }
}

static int patience_ms(const struct kafka_watch *w)
{
    int64_t left = w->answered_ms + AWAY_MS - clock_mono_ms();
    return w->failures == 1 && left > ASK_MS ? (int)left : ASK_MS;
}

static void ask(struct kafka_watch *w)
{
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(w->rk, 0, NULL, &md, patience_ms(w));
    int64_t now = clock_mono_ms();
    rd_kafka_poll(w->rk, 0);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        no_answer(w, now);
        return;
    }
    w->failures = 0;
    w->answered_ms = now;
    if (set_down(w, false)) {
        tell_up(w, now);
        wake_loop(w);
    }
    for (int i = 0; i < md->topic_cnt; i++) {
        take_topic(w, &md->topics[i], now);
    }
    rd_kafka_metadata_destroy(md);
    kafka_noise_settle(false);
}

/* True: it is to end. */
static bool pause_or_stop(struct kafka_watch *w)
{
    struct timespec end;
    int ms = w->failures > 0 && w->failures < FAILURES ? PAUSE_IN_DOUBT_MS : PAUSE_MS;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += ms * 1000000L;
    if (end.tv_nsec >= 1000000000L) {
        end.tv_nsec -= 1000000000L;
        end.tv_sec++;
    }
    pthread_mutex_lock(&w->lock);
    while (!w->stop && pthread_cond_timedwait(&w->news, &w->lock, &end) != ETIMEDOUT) {
    }
    bool stop = w->stop;
    pthread_mutex_unlock(&w->lock);
    return stop;
}

static void run(void *arg)
{
    struct kafka_watch *w = arg;
    do {
        ask(w);
    } while (!pause_or_stop(w));
}

/* ---- opening and closing ---- */

static void clear(void *arg)
{
    struct kafka_watch *w = arg;
    for (size_t i = 0; i < w->n; i++) {
        if (w->topics[i].handle != NULL) {
            rd_kafka_topic_destroy(w->topics[i].handle);
        }
        free(w->topics[i].name);
    }
    if (w->rk != NULL) {
        (void)kafka_client_free(w->rk, 0, CLOSE_MS);
    }
    if (w->fd >= 0) {
        close(w->fd);
    }
    pthread_cond_destroy(&w->news);
    pthread_mutex_destroy(&w->lock);
    free(w->topics);
    free(w);
}

static enum status new_client(struct kafka_watch *w, const struct conf *c, const char *client_id,
                              struct err *err)
{
    const struct kafka_setting settings[] = {{"allow.auto.create.topics", "false"},
                                             /* Longer than AWAY_MS: else the client cuts the
                                              * connection while the second question waits. */
                                             {"socket.timeout.ms", "6000"},
                                             {"reconnect.backoff.ms", "50"},
                                             {"reconnect.backoff.max.ms", "500"},
                                             {NULL, NULL}};
    rd_kafka_conf_t *rconf = NULL;
    enum status s = kafka_conf_new(&rconf, c, client_id, settings, true, err);
    return s == STATUS_OK ? kafka_client_new(&w->rk, RD_KAFKA_CONSUMER, rconf, err) : s;
}

enum status kafka_watch_open(struct kafka_watch **out, const struct conf *c, const char *client_id,
                             const char *const *topics, size_t n, struct err *err)
{
    struct kafka_watch *w = mem_alloc(sizeof *w);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->news, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&w->lock, NULL);
    w->topics = mem_alloc((n + 1) * sizeof *w->topics);
    w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    enum status s = w->fd < 0 ? err_set(err, STATUS_FATAL, "system", "eventfd: %s", strerror(errno))
                              : new_client(w, c, client_id, err);
    for (; s == STATUS_OK && w->n < n; w->n++) {
        w->topics[w->n].name = mem_strdup(topics[w->n]);
        w->topics[w->n].handle = rd_kafka_topic_new(w->rk, topics[w->n], NULL);
    }
    w->helper = s == STATUS_OK ? helper_start(run, w) : NULL;
    if (s == STATUS_OK && w->helper == NULL) {
        s = err_set(err, STATUS_FATAL, "system", "no thread to be had");
    }
    if (s != STATUS_OK) {
        clear(w);
        return s;
    }
    *out = w;
    return STATUS_OK;
}

void kafka_watch_close(struct kafka_watch *w)
{
    if (w == NULL) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_broadcast(&w->news);
    pthread_mutex_unlock(&w->lock);
    kafka_noise_settle(true);
    struct helper *h = w->helper;
    (void)helper_ended(h, CLOSE_MS);
    if (helper_free(h, clear)) {
        clear(w);
    }
}

int kafka_watch_fd(const struct kafka_watch *w)
{
    return w == NULL ? -1 : w->fd;
}

bool kafka_watch_is_up(struct kafka_watch *w)
{
    if (w == NULL) {
        return true;
    }
    pthread_mutex_lock(&w->lock);
    bool up = !w->down;
    pthread_mutex_unlock(&w->lock);
    return up;
}

/* The nth topic, NULL: there are no more. */
static const char *topic_of(struct kafka_watch *w, size_t nth, bool *missing)
{
    if (w == NULL || nth >= w->n) {
        return NULL;
    }
    pthread_mutex_lock(&w->lock);
    *missing = w->topics[nth].missing;
    pthread_mutex_unlock(&w->lock);
    return w->topics[nth].name;
}

bool kafka_watch_is_well(struct kafka_watch *w)
{
    bool well = kafka_watch_is_up(w);
    bool missing = false;
    for (size_t i = 0; topic_of(w, i, &missing) != NULL; i++) {
        well &= !missing;
    }
    return well;
}

void kafka_watch_show(struct kafka_watch *w)
{
    bool missing = false;
    const char *topic = NULL;
    metrics_set(METRIC_KAFKA_UP, NULL, kafka_watch_is_up(w));
    for (size_t i = 0; (topic = topic_of(w, i, &missing)) != NULL; i++) {
        metrics_set(METRIC_WATCHED_MISSING, &topic, missing);
    }
}
