/* The loop. Each turn does everything that needs no waiting. It takes messages from the source,
 * steps the writers whose sessions have answers, and begins batches that are full or old enough. A
 * status decides what follows: RETRY does the batch again, RESYNC starts over from the positions
 * in the database, FATAL ends the service. */
#include "services/intake/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/err_code.h"
#include "common/casefile/aside.h"
#include "common/casefile/schema.h"
#include "common/runtime/clock.h"
#include "common/runtime/fault.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"
#include "common/runtime/notify.h"
#include "services/intake/state.h"

#define BATCH_BYTES_MAX (16u * 1024 * 1024) /* of what one batch was made of: bounds memory */
#define LARGE (64u * 1024)                  /* few messages are larger than this */
#define TURNS_PER_WAKE 20 /* fills in a row before the loop looks at anything else */
#define HOUSEKEEPING_MS 1000
/* Requests for positions, settings and the clock may take this long. So a server that hangs does
 * not keep us from ending. */
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

struct batch_writer_context intake_around(struct intake *in)
{
    return (struct batch_writer_context){.topic = in->conf->kafka_topic_absences,
                                         .rules = in->rules,
                                         .progress = in->progress,
                                         .brake = &in->brake,
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

static struct batch_writer *writer_of(struct intake *in, int32_t partition)
{
    return &in->writers[(size_t)partition % in->n_writers];
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
    struct batch_writer *l = writer_of(in, m->partition);
    batch_add(l->filling, m, &in->limits, in->rules->install_key, l->keep_raw);
}

static void on_mac(void *arg, const void *data, size_t len, uint8_t out[SHA256_BYTES])
{
    const struct intake *in = arg;
    hmac_sha256(in->rules->install_key, data, len, out);
}

/* How many more messages may come: wherever they belong, there must be room. */
static size_t room(const struct intake *in)
{
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < in->n_writers; i++) {
        const struct batch *b = in->writers[i].filling;
        size_t bytes = b->bytes >= BATCH_BYTES_MAX ? 0 : BATCH_BYTES_MAX - b->bytes;
        size_t large = bytes / LARGE + (bytes > 0); /* as many as fit even where all are large */
        size_t left = b->cap - b->n;
        left = left < large ? left : large;
        least = left < least ? left : least;
    }
    return least;
}

/* ---- writers ---- */

/* The server has nothing to say to a session that asked nothing, but that it ends. */
static void look_at_idle_writers(struct intake *in)
{
    for (size_t i = 0; i < in->n_writers && in->db_up; i++) {
        const struct batch_writer *l = &in->writers[i];
        struct err err = {0};
        if (l->state == BATCH_WRITER_IDLE && pg_is_up(l->pg) && pg_look(l->pg, &err) != STATUS_OK) {
            recover_db_is_down(in, &err);
        }
    }
}

static void on_writer(void *arg, unsigned events)
{
    (void)events;
    look_at_idle_writers(arg);
    pump(arg);
}

static void watch_writer(struct intake *in, size_t i)
{
    struct batch_writer *l = &in->writers[i];
    int fd = pg_socket(l->pg);
    if (in->writer_fd[i] >= 0 && in->writer_fd[i] != fd) {
        recover_unwatch_writer(in, i);
    }
    if (fd < 0) {
        return;
    }
    struct err err = {0};
    unsigned events = LOOP_READ | (pg_wants_write(l->pg) ? LOOP_WRITE : 0);
    if (loop_watch(in->loop, fd, events, on_writer, in, &err) != STATUS_OK) {
        intake_cannot_go_on(in, &err);
    }
    in->writer_fd[i] = fd;
}

/* The next step after a failed batch. */
static void batch_writer_has_failed(struct intake *in, size_t i, enum status s,
                                    const struct err *why)
{
    struct batch_writer *l = &in->writers[i];
    recover_unwatch_writer(in, i);
    in->settled_ms = clock_mono_ms(); /* an answer: nothing hangs */
    s = aside_means(s, why);
    if (s == STATUS_RETRY || s == STATUS_REJECT) {
        batch_writer_failed(l, s, why);
        metrics_add(METRIC_INTAKE_RETRIES, NULL, 1);
        if ((l->tries & (l->tries - 1)) == 0) { /* the 1st, 2nd, 4th, 8th */
            log_info(BATCH_RETRIED, LOG_TEXT("code", why->code), LOG_INT("messages", l->take),
                     LOG_INT("attempt", l->tries));
        }
        loop_timer_set(in->again, 0);
    } else if (s == STATUS_FATAL) {
        intake_cannot_go_on(in, why);
    } else if (err_is(why, ERR_FENCED)) {
        metrics_add(METRIC_FENCED, NULL, 1);
        log_warn(FENCED, LOG_TEXT("msg", why->text));
        recover_wait_for_group(in);
    } else if (err_is(why, ERR_RULES_CHANGED)) {
        recover_start_over(in);
    } else {
        trouble_meet(&l->trouble, why);
        l->trouble.refused = true;
        recover_db_is_down(in, why);
    }
}

static void go_again(struct intake *in, size_t i)
{
    struct batch_writer *l = &in->writers[i];
    if (batch_writer_needs_raw(l)) {
        l->keep_raw = true;
        recover_start_over(in); /* with the messages as they came */
        return;
    }
    struct batch_writer_context around = intake_around(in);
    struct err err = {0};
    enum status s = pg_connect(l->pg, &err);
    s = s == STATUS_OK ? batch_writer_again(l, &around, &err) : s;
    if (s != STATUS_OK) {
        batch_writer_has_failed(in, i, s, &err);
    } else {
        watch_writer(in, i);
    }
}

/* Batches that wait to be done again; the timer is set for the first of the others. */
static void go_again_where_it_is_time(struct intake *in)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < in->n_writers; i++) {
        struct batch_writer *l = &in->writers[i];
        if (l->state == BATCH_WRITER_WAITING && l->again_at_ms <= clock_mono_ms()) {
            go_again(in, i);
        }
        if (l->state == BATCH_WRITER_WAITING && l->again_at_ms < next) {
            next = l->again_at_ms;
        }
    }
    if (next < INT64_MAX) {
        int64_t left = next - clock_mono_ms();
        loop_timer_set(in->again, left > 0 ? left : 0);
    }
}

static void on_again(void *arg, unsigned events)
{
    (void)events;
    go_again_where_it_is_time(arg);
    pump(arg);
}

void intake_step_writer(struct intake *in, size_t i)
{
    struct batch_writer *l = &in->writers[i];
    if (l->state == BATCH_WRITER_IDLE || l->state == BATCH_WRITER_WAITING) {
        return;
    }
    struct batch_writer_context around = intake_around(in);
    struct err err = {0};
    bool done = false;
    size_t records = l->take;
    bool was_refused = l->trouble.refused;
    enum status s = batch_writer_step(l, &around, &done, &err);
    if (s == STATUS_OK && done) {
        ops_count(in, l, records, was_refused);
        if (batch_writer_has_more(l)) {
            s = batch_writer_more(l, &around, &err);
        }
    }
    if (s != STATUS_OK) {
        batch_writer_has_failed(in, i, s, &err);
    } else if (l->state != BATCH_WRITER_IDLE) {
        watch_writer(in, i);
    }
}

/* A batch waits a moment for more, unless it is full or nothing more is to be had. */
static bool is_ripe(const struct intake *in, const struct batch_writer *l, bool drained)
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
    for (size_t i = 0; i < in->n_writers && in->reading; i++) {
        struct batch_writer *l = &in->writers[i];
        if (l->state != BATCH_WRITER_IDLE || !is_ripe(in, l, drained)) {
            continue;
        }
        struct batch_writer_context around = intake_around(in);
        struct err err = {0};
        enum status s = pg_connect(l->pg, &err);
        if (s == STATUS_OK) {
            s = batch_writer_begin(l, &around, &err);
        }
        if (s != STATUS_OK) {
            batch_writer_has_failed(in, i, s, &err);
        } else {
            watch_writer(in, i);
        }
    }
}

/* ---- the loop ---- */

/* A round of everything that can be done without waiting. */
static void pump(struct intake *in)
{
    if (in->source == NULL) {
        return; /* the database was not reached yet */
    }
    for (size_t i = 0; i < in->n_writers; i++) {
        intake_step_writer(in, i);
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
    ops_tell_trouble(in);
    log_settle(false);
    if (in->db_up) {
        ops_tell_group(in);
        struct err err = {0};
        enum status s = product_clock_tick(in->product_clock, &err);
        s = s == STATUS_OK ? schema_look(in->control, &in->schema_looked_ms, &err) : s;
        s = s == STATUS_OK ? source_ages_look(in->ages, in->control, &err) : s;
        if (s == STATUS_FATAL) {
            intake_cannot_go_on(in, &err);
        } else if (s != STATUS_OK) {
            recover_db_is_down(in, &err);
        } else {
            recover_settle(in);
        }
    }
    if (in->db_up) {
        recover_look_for_requests(in);
    }
    recover_note_ends(in);
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
        s = loop_timer_new(in->loop, &in->again, on_again, in, err);
    }
    if (s == STATUS_OK) {
        s = clock_open(&in->clock, in->conf->clock_file, err);
    }
    if (s != STATUS_OK) {
        return s;
    }
    in->product_clock = product_clock_new(in->clock, in->conf->clock_apart_seconds);
    char *password = NULL;
    if (in->conf->pg_password_file != NULL) {
        s = conf_read_secret(in->conf->pg_password_file, &password, err);
    }
    struct pg_options o = {.dsn = in->conf->pg_dsn,
                           .password = password,
                           .application_name = "dayfour-intake",
                           .allow_insecure = in->conf->allow_insecure,
                           .patience_ms = CONTROL_MS,
                           .meanwhile = loop_meanwhile,
                           .meanwhile_arg = in->loop};
    in->control = pg_new(&o);
    o.looks_up = true;
    in->n_writers = (size_t)in->conf->intake_sessions;
    for (size_t i = 0; i < in->n_writers; i++) {
        batch_writer_init(&in->writers[i], pg_new(&o), (size_t)in->conf->batch_max_rows);
        in->writer_fd[i] = -1;
    }
    free(password);
    char host[48] = "?";
    (void)gethostname(host, sizeof host - 1);
    (void)snprintf(in->owner, sizeof in->owner, "%s/%ld", host, (long)getpid());
    return s;
}

static void tear_down(struct intake *in)
{
    ops_close(in);
    source_close(in->source);
    for (size_t i = 0; i < in->n_writers; i++) {
        recover_unwatch_writer(in, i);
        batch_writer_clear(&in->writers[i]);
    }
    pg_free(in->control);
    product_clock_free(in->product_clock);
    clock_free(in->clock);
    ruleset_free(in->rules);
    free(in->progress);
    loop_timer_free(in->housekeeping);
    loop_timer_free(in->reconnect);
    loop_timer_free(in->linger);
    loop_timer_free(in->again);
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
        recover_note_ends(in);
        ops_tell_group(in);
    }
    ops_report(in, true);
    if (in->ended != STATUS_OK) {
        *err = in->why;
        s = in->ended;
    }
    return in->stop && s == STATUS_OK ? STATUS_STOP : s;
}

/* Once the database was reached: the group has the installation's name, which is there. */
enum status intake_open_source(struct intake *in, struct err *err)
{
    const struct source_events events = {.assigned = recover_assigned,
                                         .revoked = recover_revoked,
                                         .message = on_message,
                                         .mac = on_mac,
                                         .arg = in};
    char id[ID_TEXT];
    char group[64];
    ruleset_installation(in->rules, id);
    (void)snprintf(group, sizeof group, "dayfour-intake-%s", id);
    enum status s =
        source_open(&in->source, in->conf,
                    in->conf->kafka_group == NULL ? group : in->conf->kafka_group, &events, err);
    return s == STATUS_OK
               ? loop_watch(in->loop, source_fd(in->source), LOOP_READ, on_source, in, err)
               : s;
}

enum status intake_run(const struct conf *c, struct err *err)
{
    struct intake in = {.conf = c, .db_backoff = {.first_ms = 200, .max_ms = 2000}};
    enum status s = set_up(&in, err);
    if (s == STATUS_OK) {
        s = ops_open(&in, err); /* health is answered while the first connection is made */
    }
    if (s == STATUS_OK) {
        recover_start_over(&in);
    }
    if (s == STATUS_OK) {
        loop_timer_set(in.housekeeping, HOUSEKEEPING_MS);
        s = turn_until_stop(&in, err);
    }
    tear_down(&in);
    return s;
}
