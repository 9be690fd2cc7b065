#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/notify.h"
#include "services/intake/state.h"

/* How long the group is given to say that partitions are somebody else's now. */
#define FENCED_MS 1500
/* How long a batch under way may take when partitions go or we are asked to stop. */
#define DRAIN_MS 5000

void recover_unwatch_lane(struct intake *in, size_t i)
{
    if (in->lane_fd[i] >= 0) {
        loop_unwatch(in->loop, in->lane_fd[i]);
        in->lane_fd[i] = -1;
    }
}

static void drop_lane(struct intake *in, size_t i)
{
    if (in->lanes[i].state != LANE_IDLE) {
        recover_unwatch_lane(in, i);
    }
    lane_drop(&in->lanes[i]);
}

/* What is under way is forgotten: the database, asked again, says from where to go on. */
static void drop_all(struct intake *in)
{
    for (size_t i = 0; i < in->n_lanes; i++) {
        drop_lane(in, i);
    }
    for (size_t i = 0; i < in->n_progress; i++) {
        in->progress[i].held = false;
    }
    in->reading = false;
}

void recover_db_is_down(struct intake *in, const struct err *err)
{
    metrics_add(METRIC_DB_DOWN, NULL, 1);
    int64_t pause_ms = backoff_next_ms(&in->db_backoff);
    if (backoff_should_log(&in->db_backoff)) {
        log_warn(DB_DOWN, LOG_TEXT("code", err->code), LOG_TEXT("msg", err->text),
                 LOG_INT("attempt", in->db_backoff.attempt));
    }
    in->db_up = false;
    drop_all(in);
    for (size_t i = 0; i < in->n_lanes;
         i++) { /* the socket of an ended session is always readable */
        recover_unwatch_lane(in, i);
        pg_disconnect(in->lanes[i].pg);
    }
    loop_timer_set(in->reconnect, pause_ms);
}

void recover_wait_for_group(struct intake *in)
{
    drop_all(in);
    loop_timer_set(in->reconnect, FENCED_MS + clock_mono_ms() % FENCED_MS);
}

static enum status load_rules(struct intake *in, struct err *err)
{
    struct ruleset *rules = NULL;
    enum status s = ruleset_load(&rules, in->control, err);
    if (s != STATUS_OK) {
        return s;
    }
    bool news = in->rules == NULL || in->rules->serial != rules->serial;
    ruleset_free(in->rules);
    in->rules = rules;
    in->limits = (struct inbound_limits){.max_bytes = (size_t)in->conf->intake_max_bytes,
                                         .source_allowed = settings_source_allowed,
                                         .arg = rules->settings};
    if (news) {
        log_info(SETTINGS_LOADED, LOG_TEXT("version", settings_version(rules->settings)),
                 LOG_INT("serial", rules->serial));
    }
    return STATUS_OK;
}

static enum status connect_all(struct intake *in, struct err *err)
{
    enum status s = pg_connect(in->control, err);
    for (size_t i = 0; i < in->n_lanes && s == STATUS_OK; i++) {
        s = pg_connect(in->lanes[i].pg, err);
    }
    if (s == STATUS_OK) {
        s = load_rules(in, err);
    }
    return s == STATUS_OK ? product_clock_attach(in->product_clock, in->control, err) : s;
}

/* Connects what is down, reads the rules and the positions again, and goes on from there. */
void recover_start_over(struct intake *in)
{
    struct err err = {0};
    drop_all(in);
    enum status s = connect_all(in, &err);
    if (s == STATUS_OK) {
        if (!in->db_up) {
            log_info(DB_UP, LOG_INT("sessions", in->n_lanes + 1));
        }
        in->db_up = true;
        backoff_reset(&in->db_backoff);
        s = in->source == NULL ? STATUS_OK : source_restart(in->source, &err);
    }
    if (s == STATUS_FATAL) {
        intake_cannot_go_on(in, &err);
    } else if (s != STATUS_OK) {
        recover_db_is_down(in, &err);
    }
}

/* ---- the group gives and takes partitions ---- */

static void make_room(struct intake *in, int32_t partition)
{
    size_t n = (size_t)partition + 1;
    if (n <= in->n_progress) {
        return;
    }
    in->progress = realloc(in->progress, n * sizeof *in->progress);
    if (in->progress == NULL) {
        abort();
    }
    memset(&in->progress[in->n_progress], 0, (n - in->n_progress) * sizeof *in->progress);
    in->n_progress = n;
}

static void disown(struct intake *in)
{
    for (size_t i = 0; i < in->n_progress; i++) {
        in->progress[i].ours = false;
    }
}

enum status recover_assigned(void *arg, struct source_partition *p, size_t n, struct err *err)
{
    struct intake *in = arg;
    drop_all(in);
    enum status s = STATUS_OK;
    if (n > 0) {
        s = position_take_over(in->control, in->conf->kafka_topic_absences, in->owner, p, n, err);
    }
    if (s != STATUS_OK) {
        if (s == STATUS_FATAL) {
            intake_cannot_go_on(in, err);
        } else {
            recover_db_is_down(in, err);
        }
        return s;
    }
    fault_point("intake.assigned");
    disown(in);
    for (size_t i = 0; i < n; i++) {
        make_room(in, p[i].partition);
        in->progress[p[i].partition] = (struct progress){.partition = p[i].partition,
                                                         .epoch = p[i].epoch,
                                                         .committed = p[i].next_offset,
                                                         .next_offset = p[i].next_offset,
                                                         .held = true,
                                                         .ours = true};
        log_info(ASSIGNED, LOG_TEXT("topic", in->conf->kafka_topic_absences),
                 LOG_INT("partition", p[i].partition), LOG_INT("offset", p[i].next_offset),
                 LOG_INT("epoch", p[i].epoch));
    }
    in->reading = n > 0;
    notify_ready(); /* also where the group has more members than partitions: standing by */
    loop_timer_set(in->reconnect, -1); /* nothing is to be taken back any more */
    if (in->reading && !in->was_ready) {
        in->was_ready = true;
        log_info(READY, LOG_INT("partitions", n), LOG_INT("sessions", in->n_lanes));
    }
    return STATUS_OK;
}

bool recover_under_way(const struct intake *in)
{
    for (size_t i = 0; i < in->n_lanes; i++) {
        if (in->lanes[i].state != LANE_IDLE) {
            return true;
        }
    }
    return false;
}

/* Lets batches under way finish, for a little: what is committed need not be read again. What does
 * not come to its end is given up, so that nobody waits for it a second time. */
void recover_drain(struct intake *in)
{
    int64_t end = clock_mono_ms() + DRAIN_MS;
    while (recover_under_way(in) && in->db_up && clock_mono_ms() < end) {
        for (size_t i = 0; i < in->n_lanes; i++) {
            if (in->lanes[i].state != LANE_IDLE) {
                (void)pg_ready_within(in->lanes[i].pg, 20);
                intake_step_lane(in, i);
            }
        }
    }
    for (size_t i = 0; i < in->n_lanes; i++) {
        if (in->lanes[i].state != LANE_IDLE) {
            drop_lane(in, i);
        }
    }
}

void recover_revoked(void *arg, bool lost)
{
    struct intake *in = arg;
    recover_drain(in);
    drop_all(in);
    disown(in);
    log_info(REVOKED, LOG_INT("lost", lost));
}
