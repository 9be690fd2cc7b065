/* The signs of life: the health port, metrics, the service manager, the watch over brokers and
 * topics. Nothing here decides what is claimed or published. The manager hears that we are alive
 * only while each order to Kafka ends in time; look_for_hangs() watches the database. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/runtime/http.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"
#include "common/runtime/notify.h"
#include "services/followup/loop/followup_state.h"

#define SINK_HANGS_MS 75000 /* longer than any order to Kafka may take */

/* Every wait has an end: past it, the service manager should restart us. look_for_hangs notices a
 * database that does not answer. */
static bool proven_alive(struct followup *f, int64_t ms)
{
    bool proven = true;
    for (size_t i = 0; i < f->n_shards && f->shards_started; i++) {
        struct shard *s = &f->shards[i];
        if (!sink_busy(s->sink)) {
            s->answered_ms = ms;
        }
        proven &= ms - s->answered_ms < SINK_HANGS_MS;
    }
    return proven;
}

void ops_tell_manager(struct followup *f, int64_t ms)
{
    size_t active = 0;
    for (size_t i = 0; i < f->n_shards; i++) {
        active += shard_is_active(&f->shards[i]);
    }
    if (proven_alive(f, ms)) {
        notify_alive();
    }
    if (f->clock_apart) {
        notify_status("the clocks are apart: nothing is published");
    } else if (!f->db_up) {
        notify_status("the database is away");
    } else if (brake_is_on(&f->brake, clock_mono_ms())) {
        notify_status("the database refuses everybody: nobody more is set aside");
    } else if (!kafka_watch_is_up(f->watch)) {
        notify_status("no broker can be reached");
    } else if (f->situation.paused) {
        notify_status("emission is paused; active on %zu of %zu shards", active, f->n_shards);
    } else {
        notify_status("active on %zu of %zu shards", active, f->n_shards);
    }
}

static bool is_ready(void *arg)
{
    const struct followup *f = arg;
    bool up = f->db_up && f->told_ready && f->shards_started && f->control_refused == REFUSED_NO &&
              trouble_is_ready(&f->trouble) && kafka_watch_is_well(f->watch) &&
              !brake_is_on(&f->brake, clock_mono_ms());
    for (size_t i = 0; i < f->n_shards && up; i++) {
        up = !f->shards[i].time_refused;
    }
    return up;
}

static void refresh_metrics(void *arg)
{
    const struct followup *f = arg;
    metrics_set(METRIC_LOG_LOST, NULL, (double)log_lost());
    metrics_set(METRIC_ASIDE_STOPPED, NULL, brake_is_on(&f->brake, clock_mono_ms()));
    kafka_watch_show(f->watch);
    metrics_set(METRIC_FOLLOWUP_DUE, NULL, (double)f->situation.people_due);
    metrics_set(METRIC_FOLLOWUP_OLDEST, NULL, (double)f->situation.oldest_due_s);
    metrics_set(METRIC_SET_ASIDE_PEOPLE, NULL, (double)f->situation.aside);
    metrics_set(METRIC_RETRIED_SECONDS, NULL, (double)trouble_ms(&f->trouble) / 1000);
    metrics_set(METRIC_TASKS_OPEN, NULL, (double)f->situation.tasks_open);
    metrics_set(METRIC_TASKS_OVERDUE, NULL, (double)f->situation.tasks_overdue);
    for (size_t i = 0; i < f->n_shards; i++) {
        char number[24];
        (void)snprintf(number, sizeof number, "%zu", i);
        const char *labels[] = {number};
        metrics_set(METRIC_FOLLOWUP_ACTIVE, labels, f->db_up && shard_is_active(&f->shards[i]));
        metrics_set(METRIC_UNPUBLISHED, labels, (double)shard_unpublished_ms(&f->shards[i]) / 1000);
    }
}

/* A broker that is back is used at once; the pauses between tries have grown meanwhile. */
static void on_kafka(void *arg, unsigned events)
{
    (void)events;
    struct followup *f = arg;
    uint64_t woken;
    ssize_t ignored = read(kafka_watch_fd(f->watch), &woken, sizeof woken);
    (void)ignored;
    bool up = kafka_watch_is_up(f->watch);
    for (size_t i = 0; i < f->n_shards; i++) {
        shard_kafka_is(&f->shards[i], up);
    }
    followup_pump(f);
}

/* A topic by organisation is looked for when something is to go out on it. */
static enum status open_watch(struct followup *f, struct err *err)
{
    const char *const all[] = {f->conf->kafka_topic_follow_up, f->conf->kafka_topic_return_to_work,
                               f->conf->kafka_topic_dead_letter};
    const char *topics[sizeof all / sizeof all[0]];
    size_t n = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strchr(all[i], '{') == NULL) {
            topics[n++] = all[i];
        }
    }
    enum status s = kafka_watch_open(&f->watch, f->conf, "dayfour-followup-watch", topics, n, err);
    return s == STATUS_OK
               ? loop_watch(f->loop, kafka_watch_fd(f->watch), LOOP_READ, on_kafka, f, err)
               : s;
}

enum status ops_open(struct followup *f, struct err *err)
{
    const char *build[] = {"followup", DAYFOUR_VERSION};
    metrics_set(METRIC_BUILD_INFO, build, 1);
    metrics_add(METRIC_DB_DOWN, NULL,
                0); /* what has not happened is 0, so that a first time shows */
    metrics_add(METRIC_FENCED, NULL, 0);
    metrics_add(METRIC_TRANSACTIONS_ENDED, NULL, 0);
    metrics_add(METRIC_SET_ASIDE, &(const char *){"person"}, 0);
    metrics_set(METRIC_CLOCK_APART, NULL, f->clock_apart);
    const struct http_answers answers = {.ready = is_ready, .refresh = refresh_metrics, .arg = f};
    enum status s = open_watch(f, err);
    return s == STATUS_OK ? http_open(&f->http, f->loop, f->conf->http_listen, &answers, err) : s;
}

void ops_close(struct followup *f)
{
    http_close(f->http);
    if (f->watch != NULL) {
        loop_unwatch(f->loop, kafka_watch_fd(f->watch));
    }
    kafka_watch_close(f->watch);
}
