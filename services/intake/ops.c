#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/notify.h"
#include "services/intake/state.h"

#define REPORT_MS 10000
/* A batch may wait this long for the database: longer than any statement may take. */
#define BATCH_HANGS_MS 75000

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

static void count_metrics(const struct lane *l)
{
    count_result("stored", l->n_stored);
    count_result("stale", l->n_stale);
    count_result("ignored", l->n_ignored);
    count_result("dead", l->n_dead);
    for (size_t r = 0; r < REJECT_COUNT; r++) {
        if (l->dead_by_reason[r] > 0) {
            const char *reason = reject_reason_name((enum reject_reason)r);
            metrics_add(METRIC_DEAD_LETTERS, &reason, (double)l->dead_by_reason[r]);
        }
    }
    metrics_observe(METRIC_INTAKE_BATCH, (double)(clock_mono_ms() - l->began_ms) / 1000);
}

void ops_count(struct intake *in, const struct lane *l, size_t records)
{
    count_metrics(l);
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

static bool is_ready(void *arg)
{
    const struct intake *in = arg;
    return in->db_up && in->reading && source_is_up(in->source);
}

static void refresh_metrics(void *arg)
{
    struct intake *in = arg;
    for (size_t i = 0; i < in->n_progress; i++) {
        char partition[24];
        (void)snprintf(partition, sizeof partition, "%zu", i);
        const char *labels[] = {in->conf->kafka_topic_absences, partition};
        int64_t lag = in->progress[i].ours
                          ? source_lag(in->source, (int32_t)i, in->progress[i].committed)
                          : 0;
        if (lag >= 0) {
            metrics_set(METRIC_INTAKE_LAG, labels, (double)lag);
        }
    }
}

/* What has not happened is 0, so that a first time shows. */
static void begin_counters(void)
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
}

enum status ops_open(struct intake *in, struct err *err)
{
    const char *build[] = {"intake", DAYFOUR_VERSION};
    metrics_set(METRIC_BUILD_INFO, build, 1);
    begin_counters();
    const struct http_answers answers = {.ready = is_ready, .refresh = refresh_metrics, .arg = in};
    return http_open(&in->http, in->loop, in->conf->http_listen, &answers, err);
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
    for (size_t i = 0; i < in->n_lanes; i++) {
        if (in->lanes[i].state != LANE_IDLE || in->lanes[i].filling->n > 0) {
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
            int64_t lag = source_lag(in->source, (int32_t)i, in->progress[i].committed);
            held++;
            behind += lag > 0 ? lag : 0;
        }
    }
    if (!in->db_up) {
        notify_status("the database is away");
    } else if (!source_is_up(in->source)) {
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
