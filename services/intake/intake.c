#include "services/intake/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/notify.h"
#include "services/intake/state.h"

#define BATCH_BYTES_MAX (16u * 1024 * 1024) /* of values in one batch: bounds memory */
#define TURNS_PER_WAKE 20 /* fills in a row before the loop looks at anything else */
#define HOUSEKEEPING_MS 1000
/* What is waited for (positions, settings, the clock) may take this long, so that a server that
 * hangs does not keep us from ending when asked to. */
#define CONTROL_MS 4000
#define CLOCK_FILE_MS 100 /* how often a clock file is looked at */

static void pump(struct intake *in);

void intake_cannot_go_on(struct intake *in, const struct err *err)
{
    if (in->ended == STATUS_OK) {
        in->ended = STATUS_FATAL;
        in->why = *err;
    }
}

struct lane_around intake_around(struct intake *in)
{
    return (struct lane_around){.topic = in->conf->kafka_topic_absences,
                                .rules = in->rules,
                                .progress = in->progress,
                                .n_progress = in->n_progress,
                                .now = product_clock_now(in->product_clock)};
}

static void on_reconnect(void *arg, unsigned events)
{
    (void)events;
    recover_start_over(arg);
    pump(arg);
}

/* ---- messages ---- */

static struct lane *lane_of(struct intake *in, int32_t partition)
{
    return &in->lanes[(size_t)partition % in->n_lanes];
}

static void on_message(void *arg, const struct source_message *m)
{
    struct intake *in = arg;
    if (!in->reading || (size_t)m->partition >= in->n_progress) {
        return; /* of an assignment that is over: read again by whoever has it now */
    }
    struct progress *p = &in->progress[m->partition];
    if (!p->held || m->offset < p->next_offset) {
        return;
    }
    p->next_offset = m->offset + 1;
    batch_add(lane_of(in, m->partition)->filling, m, &in->limits, in->keep_raw);
}

/* How many more messages may come: wherever they belong, there must be room. */
static size_t room(const struct intake *in)
{
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < in->n_lanes; i++) {
        const struct batch *b = in->lanes[i].filling;
        size_t left = b->bytes >= BATCH_BYTES_MAX ? 0 : b->cap - b->n;
        least = left < least ? left : least;
    }
    return least;
}

/* ---- lanes ---- */

/* The server has nothing to say to a session that asked nothing, but that it ends. */
static void look_at_idle_lanes(struct intake *in)
{
    for (size_t i = 0; i < in->n_lanes && in->db_up; i++) {
        const struct lane *l = &in->lanes[i];
        struct err err = {0};
        if (l->state == LANE_IDLE && pg_is_up(l->pg) && pg_look(l->pg, &err) != STATUS_OK) {
            recover_db_is_down(in, &err);
        }
    }
}

static void on_lane(void *arg, unsigned events)
{
    (void)events;
    look_at_idle_lanes(arg);
    pump(arg);
}

static void watch_lane(struct intake *in, size_t i)
{
    struct lane *l = &in->lanes[i];
    int fd = pg_socket(l->pg);
    if (in->lane_fd[i] >= 0 && in->lane_fd[i] != fd) {
        recover_unwatch_lane(in, i);
    }
    if (fd < 0) {
        return;
    }
    struct err err = {0};
    unsigned events = LOOP_READ | (pg_wants_write(l->pg) ? LOOP_WRITE : 0);
    if (loop_watch(in->loop, fd, events, on_lane, in, &err) != STATUS_OK) {
        intake_cannot_go_on(in, &err);
    }
    in->lane_fd[i] = fd;
}

static void pause_a_little(void)
{
    const struct timespec t = {.tv_nsec = 1000000L * (1 + clock_mono_ms() % 20)};
    (void)nanosleep(&t, NULL);
}

/* What a failed batch asks for. */
static void lane_failed(struct intake *in, size_t i, enum status s, const struct err *why)
{
    struct lane *l = &in->lanes[i];
    recover_unwatch_lane(in, i);
    struct err err = *why;
    while (s == STATUS_RETRY || (s == STATUS_REJECT && in->keep_raw)) {
        metrics_add(METRIC_INTAKE_RETRIES, NULL, 1);
        log_info(BATCH_RETRIED, LOG_TEXT("code", err.code), LOG_INT("messages", l->take));
        if (l->tries > 3) {
            pause_a_little(); /* two that keep meeting must part */
        }
        struct lane_around around = intake_around(in);
        enum status again = pg_connect(l->pg, &err);
        s = again == STATUS_OK ? lane_again(l, &around, s, &err) : again;
        if (s == STATUS_OK) {
            watch_lane(in, i);
            return;
        }
    }
    if (s == STATUS_REJECT) {
        log_error(BATCH_RETRIED, LOG_TEXT("code", err.code), LOG_TEXT("msg", err.text));
        in->keep_raw = true;
        recover_start_over(in);
    } else if (s == STATUS_FATAL) {
        intake_cannot_go_on(in, &err);
    } else if (strcmp(err.code, "CT001") == 0) {
        metrics_add(METRIC_FENCED, NULL, 1);
        log_warn(FENCED, LOG_TEXT("msg", err.text));
        recover_wait_for_group(in);
    } else if (strcmp(err.code, "CT003") == 0) {
        recover_start_over(in);
    } else {
        recover_db_is_down(in, &err);
    }
}

void intake_step_lane(struct intake *in, size_t i)
{
    struct lane *l = &in->lanes[i];
    if (l->state == LANE_IDLE) {
        return;
    }
    struct lane_around around = intake_around(in);
    struct err err = {0};
    bool done = false;
    size_t records = l->take;
    enum status s = lane_step(l, &around, &done, &err);
    if (s == STATUS_OK && done) {
        ops_count(in, l, records);
        if (lane_has_more(l)) {
            s = lane_more(l, &around, &err);
        } else {
            in->keep_raw = false;
        }
    }
    if (s != STATUS_OK) {
        lane_failed(in, i, s, &err);
    } else if (l->state != LANE_IDLE) {
        watch_lane(in, i);
    }
}

/* A batch waits a moment for more, unless it is full or nothing more is to be had. */
static bool is_ripe(const struct intake *in, const struct lane *l, bool drained)
{
    const struct batch *b = l->filling;
    if (b->n == 0) {
        return false;
    }
    return drained || b->n == b->cap || b->bytes >= BATCH_BYTES_MAX ||
           clock_mono_ms() - b->first_at_ms >= in->conf->batch_linger_ms;
}

static void begin_ripe(struct intake *in, bool drained)
{
    for (size_t i = 0; i < in->n_lanes && in->reading; i++) {
        struct lane *l = &in->lanes[i];
        if (l->state != LANE_IDLE || !is_ripe(in, l, drained)) {
            continue;
        }
        struct lane_around around = intake_around(in);
        struct err err = {0};
        enum status s = pg_connect(l->pg, &err);
        if (s == STATUS_OK) {
            s = lane_begin(l, &around, &err);
        }
        if (s != STATUS_OK) {
            lane_failed(in, i, s, &err);
        } else {
            watch_lane(in, i);
        }
    }
}

/* ---- the loop ---- */

/* One round of everything that can be done without waiting. */
static void pump(struct intake *in)
{
    for (size_t i = 0; i < in->n_lanes; i++) {
        intake_step_lane(in, i);
    }
    bool drained = false;
    for (int turn = 0; turn < TURNS_PER_WAKE && !drained && in->ended == STATUS_OK && !in->stop;
         turn++) {
        size_t n = 0;
        struct err err = {0};
        size_t max = in->db_up ? room(in) : 0;
        if (source_fill(in->source, max, &n, &err) != STATUS_OK) {
            intake_cannot_go_on(in, &err);
        }
        drained = n == 0;
        begin_ripe(in, drained && max > 0);
    }
    if (!drained && room(in) > 0) {
        loop_timer_set(in->linger,
                       0); /* more is waiting: come back after the others had their turn */
    }
}

static void on_source(void *arg, unsigned events)
{
    (void)events;
    pump(arg);
}

static void on_housekeeping(void *arg, unsigned events)
{
    (void)events;
    struct intake *in = arg;
    ops_report(in, false);
    log_settle(false);
    if (in->db_up) {
        ops_tell_group(in);
        struct err err = {0};
        enum status s = product_clock_tick(in->product_clock, &err);
        if (s == STATUS_FATAL) {
            intake_cannot_go_on(in, &err);
        } else if (s != STATUS_OK) {
            recover_db_is_down(in, &err);
        }
    }
    pump(in); /* also keeps our membership of the group alive */
    ops_tell_manager(in);
    loop_timer_set(in->housekeeping, clock_is_file(in->clock) ? CLOCK_FILE_MS : HOUSEKEEPING_MS);
}

static void on_stop(void *arg, unsigned events)
{
    (void)events;
    struct intake *in = arg;
    in->stop = true;
}

static enum status set_up(struct intake *in, struct err *err)
{
    enum status s = loop_new(&in->loop, err);
    if (s == STATUS_OK) {
        s = loop_on_stop(in->loop, on_stop, in, err);
    }
    if (s == STATUS_OK) {
        s = loop_timer_new(in->loop, &in->housekeeping, on_housekeeping, in, err);
    }
    if (s == STATUS_OK) {
        s = loop_timer_new(in->loop, &in->reconnect, on_reconnect, in, err);
    }
    if (s == STATUS_OK) {
        s = loop_timer_new(in->loop, &in->linger, on_source, in, err);
    }
    if (s == STATUS_OK) {
        s = clock_open(&in->clock, in->conf->clock_file, err);
    }
    if (s != STATUS_OK) {
        return s;
    }
    in->product_clock = product_clock_new(in->clock);
    char *password = NULL;
    if (in->conf->pg_password_file != NULL) {
        s = conf_read_secret(in->conf->pg_password_file, &password, err);
    }
    struct pg_options o = {.dsn = in->conf->pg_dsn,
                           .password = password,
                           .application_name = "dayfour-intake",
                           .allow_insecure = in->conf->allow_insecure,
                           .patience_ms = CONTROL_MS};
    in->control = pg_new(&o);
    o.looks_up = true;
    in->n_lanes = (size_t)in->conf->intake_sessions;
    for (size_t i = 0; i < in->n_lanes; i++) {
        lane_init(&in->lanes[i], pg_new(&o), (size_t)in->conf->batch_max_rows);
        in->lane_fd[i] = -1;
    }
    free(password);
    char host[48] = "?";
    (void)gethostname(host, sizeof host - 1);
    (void)snprintf(in->owner, sizeof in->owner, "%s/%ld", host, (long)getpid());
    return s;
}

static void tear_down(struct intake *in)
{
    http_close(in->http);
    source_close(in->source);
    for (size_t i = 0; i < in->n_lanes; i++) {
        recover_unwatch_lane(in, i);
        lane_clear(&in->lanes[i]);
    }
    pg_free(in->control);
    product_clock_free(in->product_clock);
    clock_free(in->clock);
    ruleset_free(in->rules);
    free(in->progress);
    loop_timer_free(in->housekeeping);
    loop_timer_free(in->reconnect);
    loop_timer_free(in->linger);
    loop_free(in->loop);
}

static enum status turn_until_stop(struct intake *in, struct err *err)
{
    enum status s = STATUS_OK;
    while (s == STATUS_OK && !in->stop && in->ended == STATUS_OK) {
        s = loop_turn(in->loop, -1, err);
    }
    if (in->stop) {
        notify_stopping();
        log_info(STOPPING, LOG_INT("under_way", recover_under_way(in)));
        recover_drain(in);
        ops_tell_group(in);
    }
    ops_report(in, true);
    if (in->ended != STATUS_OK) {
        *err = in->why;
        s = in->ended;
    }
    return in->stop && s == STATUS_OK ? STATUS_STOP : s;
}

enum status intake_run(const struct conf *c, struct err *err)
{
    struct intake in = {.conf = c, .db_backoff = {.first_ms = 200, .max_ms = 2000}};
    enum status s = set_up(&in, err);
    if (s == STATUS_OK) {
        recover_start_over(&in);
        const struct source_events events = {.assigned = recover_assigned,
                                             .revoked = recover_revoked,
                                             .message = on_message,
                                             .arg = &in};
        s = source_open(&in.source, c, &events, err);
    }
    if (s == STATUS_OK) {
        s = ops_open(&in, err);
    }
    if (s == STATUS_OK) {
        s = loop_watch(in.loop, source_fd(in.source), LOOP_READ, on_source, &in, err);
    }
    if (s == STATUS_OK) {
        loop_timer_set(in.housekeeping, HOUSEKEEPING_MS);
        s = turn_until_stop(&in, err);
    }
    tear_down(&in);
    return s;
}
