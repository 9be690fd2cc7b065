#include "services/intake/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/casefile/product_clock.h"
#include "common/clock.h"
#include "common/fault.h"
#include "common/http.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/metrics.h"
#include "services/intake/lane.h"
#include "services/intake/source.h"

#define LANES_MAX 8
#define BATCH_BYTES_MAX                                                                            \
    (16u * 1024 * 1024)   /* of values in one batch: bounds memory where values are large */
#define TURNS_PER_WAKE 20 /* fills in a row before the loop looks at anything else */
#define REPORT_MS 10000
#define HOUSEKEEPING_MS 1000
#define CLOCK_FILE_MS 100 /* how often a clock file is looked at */
#define DRAIN_MS                                                                                   \
    5000 /* how long a batch under way may take when partitions go or we are asked to stop */

struct totals {
    size_t records, stored, stale, ignored, dead, batches;
    int64_t busy_ms;
};

struct intake {
    const struct conf *conf;
    struct loop *loop;
    struct clock *clock;
    struct product_clock *product_clock;
    struct pg *control; /* assignments, settings: short and waited for */
    struct lane lanes[LANES_MAX];
    int lane_fd[LANES_MAX]; /* the descriptor watched, -1: none */
    size_t n_lanes;
    struct source *source;
    struct http *http;
    struct ruleset *rules;
    struct inbound_limits limits;
    struct progress *progress; /* by partition number */
    size_t n_progress;
    char owner[80];
    struct loop_timer *housekeeping, *reconnect, *linger;
    struct backoff db_backoff;
    bool db_up;
    bool reading; /* partitions are ours and the database knows */
    bool was_ready;
    bool
        keep_raw; /* the database refused a value: the next batches keep what a dead letter needs */
    bool stop;
    enum status ended; /* FATAL: cannot go on */
    struct err why;
    struct totals sum; /* since the last report */
    int64_t reported_ms;
};

static void pump(struct intake *in);

static void cannot_go_on(struct intake *in, const struct err *err)
{
    if (in->ended == STATUS_OK) {
        in->ended = STATUS_FATAL;
        in->why = *err;
    }
}

static struct lane_around around_of(struct intake *in)
{
    return (struct lane_around){.topic = in->conf->kafka_topic_absences,
                                .rules = in->rules,
                                .progress = in->progress,
                                .n_progress = in->n_progress,
                                .now = product_clock_now(in->product_clock)};
}

/* ---- starting over ---- */

static void unwatch_lane(struct intake *in, size_t i)
{
    if (in->lane_fd[i] >= 0) {
        loop_unwatch(in->loop, in->lane_fd[i]);
        in->lane_fd[i] = -1;
    }
}

/* What is under way is forgotten: the database, asked again, says from where to go on. */
static void drop_all(struct intake *in)
{
    for (size_t i = 0; i < in->n_lanes; i++) {
        if (in->lanes[i].state != LANE_IDLE) {
            unwatch_lane(in, i);
        }
        lane_drop(&in->lanes[i]);
    }
    for (size_t i = 0; i < in->n_progress; i++) {
        in->progress[i].held = false;
    }
    in->reading = false;
}

static void db_is_down(struct intake *in, const struct err *err)
{
    metrics_add(METRIC_DB_DOWN, NULL, 1);
    if (in->db_up || backoff_should_log(&in->db_backoff)) {
        log_warn(DB_DOWN, LOG_TEXT("code", err->code), LOG_TEXT("msg", err->text),
                 LOG_INT("attempt", in->db_backoff.attempt + 1));
    }
    in->db_up = false;
    drop_all(in);
    loop_timer_set(in->reconnect, backoff_next_ms(&in->db_backoff));
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
static void start_over(struct intake *in)
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
        cannot_go_on(in, &err);
    } else if (s != STATUS_OK) {
        db_is_down(in, &err);
    }
}

static void on_reconnect(void *arg, unsigned events)
{
    (void)events;
    start_over(arg);
    pump(arg);
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

static enum status on_assigned(void *arg, struct source_partition *p, size_t n, struct err *err)
{
    struct intake *in = arg;
    drop_all(in);
    enum status s = STATUS_OK;
    if (n > 0) {
        s = position_take_over(in->control, in->conf->kafka_topic_absences, in->owner, p, n, err);
    }
    if (s != STATUS_OK) {
        if (s == STATUS_FATAL) {
            cannot_go_on(in, err);
        } else {
            db_is_down(in, err);
        }
        return s;
    }
    fault_point("intake.assigned");
    for (size_t i = 0; i < n; i++) {
        make_room(in, p[i].partition);
        in->progress[p[i].partition] = (struct progress){.partition = p[i].partition,
                                                         .epoch = p[i].epoch,
                                                         .committed = p[i].next_offset,
                                                         .next_offset = p[i].next_offset,
                                                         .held = true};
        log_info(ASSIGNED, LOG_TEXT("topic", in->conf->kafka_topic_absences),
                 LOG_INT("partition", p[i].partition), LOG_INT("offset", p[i].next_offset),
                 LOG_INT("epoch", p[i].epoch));
    }
    in->reading = n > 0;
    if (in->reading && !in->was_ready) {
        in->was_ready = true;
        log_info(READY, LOG_INT("partitions", n), LOG_INT("sessions", in->n_lanes));
    }
    return STATUS_OK;
}

static bool anything_under_way(const struct intake *in)
{
    for (size_t i = 0; i < in->n_lanes; i++) {
        if (in->lanes[i].state != LANE_IDLE) {
            return true;
        }
    }
    return false;
}

static void step_lane(struct intake *in, size_t i);

/* Lets batches under way finish, for a little: what is committed need not be read again. */
static void drain(struct intake *in)
{
    int64_t end = clock_mono_ms() + DRAIN_MS;
    while (anything_under_way(in) && in->db_up && clock_mono_ms() < end) {
        for (size_t i = 0; i < in->n_lanes; i++) {
            if (in->lanes[i].state != LANE_IDLE) {
                (void)pg_ready_within(in->lanes[i].pg, 20);
                step_lane(in, i);
            }
        }
    }
}

static void on_revoked(void *arg, bool lost)
{
    struct intake *in = arg;
    drain(in);
    drop_all(in);
    log_info(REVOKED, LOG_INT("lost", lost));
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

static void report(struct intake *in, bool now)
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

static void count(struct intake *in, const struct lane *l, size_t records)
{
    count_metrics(l);
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
    report(in, false);
}

static void on_lane(void *arg, unsigned events)
{
    (void)events;
    pump(arg);
}

static void watch_lane(struct intake *in, size_t i)
{
    struct lane *l = &in->lanes[i];
    int fd = pg_socket(l->pg);
    if (in->lane_fd[i] >= 0 && in->lane_fd[i] != fd) {
        unwatch_lane(in, i);
    }
    if (fd < 0) {
        return;
    }
    struct err err = {0};
    unsigned events = LOOP_READ | (pg_wants_write(l->pg) ? LOOP_WRITE : 0);
    if (loop_watch(in->loop, fd, events, on_lane, in, &err) != STATUS_OK) {
        cannot_go_on(in, &err);
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
    unwatch_lane(in, i);
    struct err err = *why;
    while (s == STATUS_RETRY || (s == STATUS_REJECT && in->keep_raw)) {
        metrics_add(METRIC_INTAKE_RETRIES, NULL, 1);
        log_info(BATCH_RETRIED, LOG_TEXT("code", err.code), LOG_INT("messages", l->take));
        if (l->tries > 3) {
            pause_a_little(); /* two that keep meeting must part */
        }
        struct lane_around around = around_of(in);
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
        start_over(in);
    } else if (s == STATUS_FATAL) {
        cannot_go_on(in, &err);
    } else if (strcmp(err.code, "CT001") == 0) {
        metrics_add(METRIC_FENCED, NULL, 1);
        log_warn(FENCED, LOG_TEXT("msg", err.text));
        start_over(in);
    } else if (strcmp(err.code, "CT003") == 0) {
        start_over(in);
    } else {
        db_is_down(in, &err);
    }
}

static void step_lane(struct intake *in, size_t i)
{
    struct lane *l = &in->lanes[i];
    if (l->state == LANE_IDLE) {
        return;
    }
    struct lane_around around = around_of(in);
    struct err err = {0};
    bool done = false;
    size_t records = l->take;
    enum status s = lane_step(l, &around, &done, &err);
    if (s == STATUS_OK && done) {
        count(in, l, records);
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
        struct lane_around around = around_of(in);
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
        step_lane(in, i);
    }
    bool drained = false;
    for (int turn = 0; turn < TURNS_PER_WAKE && !drained && in->ended == STATUS_OK && !in->stop;
         turn++) {
        size_t n = 0;
        struct err err = {0};
        size_t max = in->db_up ? room(in) : 0;
        if (source_fill(in->source, max, &n, &err) != STATUS_OK) {
            cannot_go_on(in, &err);
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

static void tell_group(struct intake *in)
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

static void on_housekeeping(void *arg, unsigned events)
{
    (void)events;
    struct intake *in = arg;
    report(in, false);
    if (in->db_up) {
        tell_group(in);
        struct err err = {0};
        enum status s = product_clock_tick(in->product_clock, &err);
        if (s == STATUS_FATAL) {
            cannot_go_on(in, &err);
        } else if (s != STATUS_OK) {
            db_is_down(in, &err);
        }
    }
    pump(in); /* also keeps our membership of the group alive */
    loop_timer_set(in->housekeeping, clock_is_file(in->clock) ? CLOCK_FILE_MS : HOUSEKEEPING_MS);
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
        char partition[16];
        (void)snprintf(partition, sizeof partition, "%zu", i);
        const char *labels[] = {in->conf->kafka_topic_absences, partition};
        int64_t lag = in->progress[i].held
                          ? source_lag(in->source, (int32_t)i, in->progress[i].committed)
                          : 0;
        if (lag >= 0) {
            metrics_set(METRIC_INTAKE_LAG, labels, (double)lag);
        }
    }
}

static enum status open_http(struct intake *in, struct err *err)
{
    const char *build[] = {"intake", DAYFOUR_VERSION};
    metrics_set(METRIC_BUILD_INFO, build, 1);
    const struct http_answers answers = {.ready = is_ready, .refresh = refresh_metrics, .arg = in};
    return http_open(&in->http, in->loop, in->conf->http_listen, &answers, err);
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
    const struct pg_options o = {
        .dsn = in->conf->pg_dsn, .password = password, .application_name = "dayfour-intake"};
    in->control = pg_new(&o);
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
        unwatch_lane(in, i);
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
        log_info(STOPPING, LOG_INT("under_way", anything_under_way(in)));
        drain(in);
        tell_group(in);
    }
    report(in, true);
    if (in->ended != STATUS_OK) {
        *err = in->why;
        s = in->ended;
    }
    return in->stop && s == STATUS_OK ? STATUS_STOP : s;
}

enum status intake_run(const struct conf *c, struct err *err)
{
    struct intake in = {.conf = c, .db_backoff = {.first_ms = 200, .max_ms = 10000}};
    enum status s = set_up(&in, err);
    if (s == STATUS_OK) {
        start_over(&in);
        const struct source_events events = {
            .assigned = on_assigned, .revoked = on_revoked, .message = on_message, .arg = &in};
        s = source_open(&in.source, c, &events, err);
    }
    if (s == STATUS_OK) {
        s = open_http(&in, err);
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
