/* The signs of life: the health port, metrics, the service manager, the report of each ten
 * seconds. Nothing here decides anything about messages. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/runtime/clock.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"
#include "common/runtime/notify.h"
#include "services/intake/state.h"

#define REPORT_MS 10000
/* A batch may wait this long for the database: longer than any statement may take. */
#define BATCH_HANGS_MS 75000
#define REJOIN_MS 10000 /* a rebalance takes less */

void ops_report(struct intake *in, bool now)
{
    int64_t ms = clock_mono_ms();
    if (in->sum.batches == 0 || (!now && ms - in->reported_ms < REPORT_MS)) {
        return;
    }
    log_info(BATCHES_STORED, LOG_INT("batches", in->sum.batches),
             LOG_INT("records", in->sum.records), LOG_INT("stored", in->sum.stored),
             LOG_INT("stale", in->sum.stale), LOG_INT("ignored", in->sum.ignored),
             LOG_INT("dead", in->sum.dead), LOG_INT("busy_ms", in->sum.busy_ms));
    in->sum = (struct totals){0};
    in->reported_ms = ms;
}

static void count_result(const char *result, size_t n)
{
    metrics_add(METRIC_INTAKE_RECORDS, &result, (double)n);
}

static void count_shortened(const char *what, size_t n)
{
    if (n > 0) {
        metrics_add(METRIC_INTAKE_SHORTENED, &what, (double)n);
    }
}

static void count_metrics(const struct batch_writer *l)
{
    count_result("stored", l->n_stored);
    count_result("stale", l->n_stale);
    count_result("ignored", l->n_ignored);
    count_result("dead", l->n_dead);
    count_shortened("text_cut", l->n_cut);
    count_shortened("channel_left_out", l->n_left_out);
    for (size_t r = 0; r < REJECT_COUNT; r++) {
        if (l->dead_by_reason[r] > 0) {
            const char *reason = reject_reason_name((enum reject_reason)r);
            metrics_add(METRIC_DEAD_LETTERS, &reason, (double)l->dead_by_reason[r]);
        }
    }
    metrics_observe(METRIC_INTAKE_BATCH, NULL, (double)(clock_mono_ms() - l->began_ms) / 1000);
}

void ops_count(struct intake *in, const struct batch_writer *l, size_t records, bool was_refused)
{
    count_metrics(l);
    if (was_refused && !recover_refused(in)) {
        log_info(DB_UP, LOG_INT("sessions", in->n_writers + 1));
    }
    if (in->db_backoff.attempt > 0 && !recover_refused(in)) {
        backoff_reset(&in->db_backoff);
        patience_reset(&in->patience);
    }
    in->settled_ms = clock_mono_ms();
    in->sum.batches++;
    in->sum.records += records;
    in->sum.stored += l->n_stored;
    in->sum.stale += l->n_stale;
    in->sum.ignored += l->n_ignored;
    in->sum.dead += l->n_dead;
    in->sum.busy_ms += clock_mono_ms() - l->began_ms;
    if (l->n_dead > 0) {
        log_warn(DEAD_LETTERS, LOG_INT("count", l->n_dead));
    }
    ops_report(in, false);
}

/* ---- what operators see ---- */

void ops_tell_trouble(struct intake *in)
{
    for (size_t i = 0; i < in->n_writers; i++) {
        trouble_tell(&in->writers[i].trouble);
    }
}

static bool writers_are_ready(const struct intake *in)
{
    bool ready = true;
    for (size_t i = 0; i < in->n_writers; i++) {
        ready &= trouble_is_ready(&in->writers[i].trouble);
    }
    return ready;
}

static int64_t longest_trouble_ms(const struct intake *in)
{
    int64_t ms = 0;
    for (size_t i = 0; i < in->n_writers; i++) {
        int64_t of = trouble_ms(&in->writers[i].trouble);
        ms = of > ms ? of : ms;
    }
    return ms;
}

static int64_t lag_of(const struct intake *in, size_t i)
{
    const struct progress *p = &in->progress[i];
    return source_lag(in->source, (int32_t)i, p->committed, p->next_offset);
}

/* A rebalance takes a moment and is no outage. Before the first assignment it is not ready. */
static bool is_in_group(const struct intake *in)
{
    return in->in_group || (in->left_ms != 0 && clock_mono_ms() - in->left_ms < REJOIN_MS);
}

static bool is_ready(void *arg)
{
    const struct intake *in = arg;
    return in->db_up && writers_are_ready(in) && is_in_group(in) &&
           kafka_watch_is_well(in->watch) && !brake_is_on(&in->brake, clock_mono_ms());
}

static void refresh_metrics(void *arg)
{
    struct intake *in = arg;
    metrics_set(METRIC_RETRIED_SECONDS, NULL, (double)longest_trouble_ms(in) / 1000);
    metrics_set(METRIC_LOG_LOST, NULL, (double)log_lost());
    metrics_set(METRIC_ASIDE_STOPPED, NULL, brake_is_on(&in->brake, clock_mono_ms()));
    kafka_watch_show(in->watch);
    source_ages_show(in->ages, clock_now(in->clock));
    for (size_t i = 0; i < in->n_progress; i++) {
        char partition[24];
        (void)snprintf(partition, sizeof partition, "%zu", i);
        const char *labels[] = {in->conf->kafka_topic_absences, partition};
        int64_t lag = in->progress[i].ours ? lag_of(in, i) : 0;
        if (lag >= 0) {
            metrics_set(METRIC_INTAKE_LAG, labels, (double)lag);
        }
    }
}

/* Counters start at 0, so that a first event shows. */
static void begin_counters(const struct intake *in)
{
    static const char *const results[] = {"stored", "stale", "ignored", "dead"};
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        count_result(results[i], 0);
    }
    for (size_t r = 0; r < REJECT_COUNT; r++) {
        const char *reason = reject_reason_name((enum reject_reason)r);
        if (reason != NULL && reason[0] != '\0') {
            metrics_add(METRIC_DEAD_LETTERS, &reason, 0);
        }
    }
    metrics_add(METRIC_FENCED, NULL, 0);
    metrics_add(METRIC_DB_DOWN, NULL, 0);
    metrics_add(METRIC_INTAKE_RETRIES, NULL, 0);
    static const char *const aside[] = {"message", "person"};
    for (size_t i = 0; i < sizeof aside / sizeof aside[0]; i++) {
        metrics_add(METRIC_SET_ASIDE, &aside[i], 0);
    }
    metrics_set(METRIC_CLOCK_APART, NULL, in->clock_apart);
}

static void on_kafka(void *arg, unsigned events)
{
    (void)events;
    struct intake *in = arg;
    uint64_t woken;
    ssize_t ignored = read(kafka_watch_fd(in->watch), &woken, sizeof woken);
    (void)ignored;
    if (in->source != NULL && kafka_watch_is_well(in->watch)) {
        source_look_again(in->source);
    }
}

static enum status open_watch(struct intake *in, struct err *err)
{
    const char *topics[] = {in->conf->kafka_topic_absences};
    enum status s = kafka_watch_open(&in->watch, in->conf, "dayfour-intake-watch", topics, 1, err);
    return s == STATUS_OK
               ? loop_watch(in->loop, kafka_watch_fd(in->watch), LOOP_READ, on_kafka, in, err)
               : s;
}

enum status ops_open(struct intake *in, struct err *err)
{
    const char *build[] = {"intake", DAYFOUR_VERSION};
    metrics_set(METRIC_BUILD_INFO, build, 1);
    begin_counters(in);
    in->ages = source_ages_new();
    const struct http_answers answers = {.ready = is_ready, .refresh = refresh_metrics, .arg = in};
    enum status s = open_watch(in, err);
    return s == STATUS_OK ? http_open(&in->http, in->loop, in->conf->http_listen, &answers, err)
                          : s;
}

void ops_close(struct intake *in)
{
    http_close(in->http);
    if (in->watch != NULL) {
        loop_unwatch(in->loop, kafka_watch_fd(in->watch));
    }
    kafka_watch_close(in->watch);
    source_ages_free(in->ages);
}

void ops_tell_group(struct intake *in)
{
    struct source_partition *p = calloc(in->n_progress + 1, sizeof *p);
    if (p == NULL) {
        abort();
    }
    size_t n = 0;
    for (size_t i = 0; i < in->n_progress; i++) {
        if (in->progress[i].held) {
            p[n++] = (struct source_partition){.partition = in->progress[i].partition,
                                               .next_offset = in->progress[i].committed};
        }
    }
    source_tell_group(in->source, p, n);
    free(p);
}

/* ---- the service manager ---- */

static bool has_messages(const struct intake *in)
{
    for (size_t i = 0; i < in->n_writers; i++) {
        if (in->writers[i].state != BATCH_WRITER_IDLE || in->writers[i].filling->n > 0) {
            return true;
        }
    }
    return false;
}

static void tell_status(const struct intake *in)
{
    size_t held = 0;
    int64_t behind = 0;
    for (size_t i = 0; i < in->n_progress; i++) {
        if (in->progress[i].held) {
            int64_t lag = lag_of(in, i);
            held++;
            behind += lag > 0 ? lag : 0;
        }
    }
    if (in->clock_apart) {
        notify_status("the clocks are apart: nothing is stored");
    } else if (!in->db_up) {
        notify_status("the database is away");
    } else if (brake_is_on(&in->brake, clock_mono_ms())) {
        notify_status("the database refuses everybody: nobody more is set aside");
    } else if (!kafka_watch_is_up(in->watch)) {
        notify_status("no broker can be reached");
    } else if (!in->reading) {
        notify_status("standing by: no partitions");
    } else {
        notify_status("%zu partitions, %lld messages behind", held, (long long)behind);
    }
}

/* While the database is away, the next try is set; that is all there is to do. */
void ops_tell_manager(struct intake *in)
{
    int64_t now = clock_mono_ms();
    if (!in->db_up || !has_messages(in)) {
        in->settled_ms = now;
    }
    if (now - in->settled_ms < BATCH_HANGS_MS) {
        notify_alive();
    }
    tell_status(in);
}
