#include <stdio.h>

#include "common/http.h"
#include "common/metrics.h"
#include "common/notify.h"
#include "services/followup/followup_state.h"

#define SINK_HANGS_MS 75000 /* longer than any order to Kafka may take */

/* Every wait has an end: past it, somebody should start us anew. That the database does not answer
 * is found out by look_for_hangs. */
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
        active += f->shards[i].told_active;
    }
    if (proven_alive(f, ms)) {
        notify_alive();
    }
    if (!f->db_up) {
        notify_status("the database is away");
    } else if (f->situation.paused) {
        notify_status("emission is paused; active on %zu of %zu shards", active, f->n_shards);
    } else {
        notify_status("active on %zu of %zu shards", active, f->n_shards);
    }
}

static bool is_ready(void *arg)
{
    const struct followup *f = arg;
    bool up = f->db_up && f->told_ready && f->shards_started;
    for (size_t i = 0; i < f->n_shards && up; i++) {
        up = sink_is_up(f->shards[i].sink);
    }
    return up;
}

static void refresh_metrics(void *arg)
{
    const struct followup *f = arg;
    metrics_set(METRIC_FOLLOWUP_DUE, NULL, (double)f->situation.people_due);
    metrics_set(METRIC_FOLLOWUP_OLDEST, NULL, (double)f->situation.oldest_due_s);
    metrics_set(METRIC_TASKS_OPEN, NULL, (double)f->situation.tasks_open);
    metrics_set(METRIC_TASKS_OVERDUE, NULL, (double)f->situation.tasks_overdue);
    for (size_t i = 0; i < f->n_shards; i++) {
        char number[24];
        (void)snprintf(number, sizeof number, "%zu", i);
        const char *labels[] = {number};
        metrics_set(METRIC_FOLLOWUP_ACTIVE, labels, f->db_up && f->shards[i].told_active);
    }
}

enum status ops_open(struct followup *f, struct err *err)
{
    const char *build[] = {"followup", DAYFOUR_VERSION};
    metrics_set(METRIC_BUILD_INFO, build, 1);
    metrics_add(METRIC_DB_DOWN, NULL,
                0); /* what has not happened is 0, so that a first time shows */
    metrics_add(METRIC_FENCED, NULL, 0);
    const struct http_answers answers = {.ready = is_ready, .refresh = refresh_metrics, .arg = f};
    return http_open(&f->http, f->loop, f->conf->http_listen, &answers, err);
}
