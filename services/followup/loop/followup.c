/* Turns, beginning and end. Callbacks of leases, claims, sinks and timers end in followup_pump(),
 * which does all that needs no waiting. At the end claims and orders have STOP_MS to finish, then
 * leases are given back. Sinks end before what their threads borrow. */
#include "services/followup/loop/followup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/casefile/product_clock.h"
#include "common/runtime/clock.h"
#include "common/runtime/http.h"
#include "common/runtime/log.h"
#include "common/runtime/loop.h"
#include "common/runtime/notify.h"
#include "services/followup/loop/followup_state.h"
#include "services/followup/shard/seal.h"

#define TICK_MS 100
#define LEASE_EVERY_MS 1000 /* a lease lasts ten times as long */
#define REPORT_EVERY_MS 10000
#define CONTROL_HANGS_MS 5000
#define WORK_HANGS_MS 70000 /* longer than any statement may take */
#define STOP_MS 6000
#define PATIENCE_MS 4000 /* of what is waited for: settings, the clock */
#define STOP_PUBLISHING_MS 5000

void followup_cannot_go_on(struct followup *f, const struct err *err)
{
    if (f->ended == STATUS_OK) {
        f->ended = STATUS_FATAL;
        f->why = *err;
    }
}

/* ---- the loop ---- */

static void serve_kafka(struct followup *f)
{
    for (size_t i = 0; i < f->n_shards && f->shards_started; i++) {
        struct err err = {0};
        struct shard *s = &f->shards[i];
        if (shard_pull(s, f->seq, &err) == STATUS_FATAL ||
            shard_push(s, f->rules->install_key, followup_now(f), f->situation.paused, f->stopping,
                       &err) == STATUS_FATAL) {
            followup_cannot_go_on(f, &err);
        }
        f->held |= shard_topics(s);
        f->n_emitted += s->n_published;
        s->n_published = 0;
    }
    followup_tell_ready(f);
}

static bool anybody_unsure(const struct followup *f)
{
    for (size_t i = 0; i < f->n_shards; i++) {
        if (shard_is_unsure(&f->shards[i], f->seq)) {
            return true;
        }
    }
    return false;
}

/* A round of everything that can be done without waiting. */
void followup_pump(struct followup *f)
{
    bool progress = true;
    while (progress && f->ended == STATUS_OK) {
        serve_kafka(f);
        if (f->working != NULL) {
            followup_step_work(f);
            progress = f->working == NULL;
        } else {
            progress = followup_find_work(f);
        }
    }
    if (f->db_up && !f->control_busy && anybody_unsure(f)) {
        followup_ask_control(f);
    }
}

static void report(struct followup *f, bool now)
{
    int64_t ms = clock_mono_ms();
    if (f->n_emitted == 0 || (!now && ms - f->reported_ms < REPORT_EVERY_MS)) {
        return;
    }
    log_info(EMITTED, LOG_INT("records", f->n_emitted));
    f->n_emitted = 0;
    f->reported_ms = ms;
}

static void look_for_hangs(struct followup *f, int64_t ms)
{
    struct err err = {0};
    bool control = f->control_busy && ms - f->control_sent_ms > CONTROL_HANGS_MS;
    bool work = f->working != NULL && ms - followup_work_began_ms(f) > WORK_HANGS_MS;
    if (control || work) {
        (void)err_set(&err, STATUS_RESYNC, "08006", "no answer from the database in time");
        followup_db_failed(f, STATUS_RESYNC, &err);
    }
}

static void on_tick(void *arg, unsigned events)
{
    (void)events;
    struct followup *f = arg;
    int64_t ms = clock_mono_ms();
    look_for_hangs(f, ms);
    struct err err = {0};
    if (f->db_up && product_clock_check(f->product_clock, &err) != STATUS_OK) {
        followup_db_failed(f, STATUS_RESYNC, &err);
    }
    bool jumped = clock_is_file(f->clock) && followup_now(f).us != f->rehearsal.us;
    if (jumped || ms - f->looked_ms >= LOOK_EVERY_MS) {
        followup_want_claims(f);
    }
    if (jumped || ms - f->control_sent_ms >= LEASE_EVERY_MS) {
        followup_ask_control(f);
    }
    report(f, false);
    trouble_tell(&f->trouble);
    log_settle(false);
    ops_tell_manager(f, ms);
    seal_allow(f->seal, f->db_up && f->shards[0].epoch != NO_EPOCH);
    followup_pump(f);
    loop_timer_set(f->tick, TICK_MS);
}

static void on_wake(void *arg, unsigned events)
{
    (void)events;
    followup_want_claims(arg);
    followup_pump(arg);
}

static void on_stop(void *arg, unsigned events)
{
    (void)events;
    struct followup *f = arg;
    f->stopping = true;
}

/* ---- beginning and end ---- */

static enum status set_up_loop(struct followup *f, struct err *err)
{
    enum status s = loop_new(&f->loop, err);
    if (s == STATUS_OK) {
        s = loop_on_stop(f->loop, on_stop, f, err);
    }
    if (s == STATUS_OK) {
        s = loop_timer_new(f->loop, &f->tick, on_tick, f, err);
    }
    if (s == STATUS_OK) {
        s = loop_timer_new(f->loop, &f->reconnect, followup_on_reconnect, f, err);
    }
    if (s == STATUS_OK) {
        s = loop_timer_new(f->loop, &f->wake, on_wake, f, err);
    }
    return s == STATUS_OK ? clock_open(&f->clock, f->conf->clock_file, err) : s;
}

static void name_owner(struct followup *f)
{
    char host[48] = "?";
    struct timespec t;
    (void)gethostname(host, sizeof host - 1);
    clock_gettime(CLOCK_REALTIME, &t);
    (void)snprintf(f->owner, sizeof f->owner, "%s/%ld/%llx", host, (long)getpid(),
                   (unsigned long long)t.tv_sec * 1000000 + (unsigned long long)t.tv_nsec / 1000);
}

static enum status set_up(struct followup *f, struct err *err)
{
    enum status s = set_up_loop(f, err);
    if (s != STATUS_OK) {
        return s;
    }
    f->product_clock = product_clock_new(f->clock, f->conf->clock_apart_seconds);
    char *password = NULL;
    if (f->conf->pg_password_file != NULL) {
        s = conf_read_secret(f->conf->pg_password_file, &password, err);
    }
    const struct pg_options o = {.dsn = f->conf->pg_dsn,
                                 .password = password,
                                 .application_name = "dayfour-followup",
                                 .looks_up = true,
                                 .allow_insecure = f->conf->allow_insecure,
                                 .patience_ms = PATIENCE_MS,
                                 .meanwhile = loop_meanwhile,
                                 .meanwhile_arg = f->loop};
    f->control = pg_new(&o);
    f->work = pg_new(&o);
    s = s == STATUS_OK ? seal_new(&f->seal, f->loop, &o, err) : s;
    free(password);
    f->n_shards = (size_t)f->conf->followup_shards;
    f->shards = mem_alloc(f->n_shards * sizeof *f->shards);
    f->leases = mem_alloc(f->n_shards * sizeof *f->leases);
    for (size_t i = 0; i < f->n_shards; i++) {
        shard_init(&f->shards[i], (int32_t)i, f->conf->followup_batch_people);
        f->leases[i] = (struct lease){.shard = (int32_t)i, .epoch = NO_EPOCH};
    }
    name_owner(f);
    return s;
}

static void tear_down(struct followup *f)
{
    for (size_t i = 0; i < f->n_shards; i++) {
        if (f->shards[i].sink != NULL) {
            sink_give_up(f->shards[i].sink, 0);
        }
    }
    for (size_t i = 0; i < f->n_shards; i++) {
        shard_clear(&f->shards[i]);
    }
    ops_close(f);
    seal_free(f->seal);
    pg_free(f->control);
    pg_free(f->work);
    product_clock_free(f->product_clock);
    clock_free(f->clock);
    ruleset_free(f->rules);
    free(f->shards);
    free(f->leases);
    loop_timer_free(f->tick);
    loop_timer_free(f->reconnect);
    loop_timer_free(f->wake);
    loop_free(f->loop);
}

static bool is_quiet(const struct followup *f)
{
    if (f->working != NULL || f->control_busy) {
        return false;
    }
    for (size_t i = 0; i < f->n_shards && f->shards_started; i++) {
        if (!shard_is_quiet(&f->shards[i], f->situation.paused)) {
            return false;
        }
    }
    return true;
}

/* Finishes what is under way, for a while; gives the shards to whoever stands by. */
static void wind_up(struct followup *f)
{
    int64_t end = clock_mono_ms() + STOP_MS;
    notify_stopping();
    log_info(STOPPING, LOG_INT("under_way", !is_quiet(f)));
    for (size_t i = 0; i < f->n_shards && f->shards_started; i++) {
        sink_give_up(f->shards[i].sink, STOP_PUBLISHING_MS);
    }
    struct err err = {0};
    followup_pump(f);
    while (f->db_up && f->ended == STATUS_OK && !is_quiet(f) && clock_mono_ms() < end &&
           loop_turn(f->loop, TICK_MS, &err) == STATUS_OK) {
    }
    if (f->db_up && !f->control_busy && pg_is_up(f->control)) {
        if (lease_give_back(f->control, f->owner, &err) != STATUS_OK) {
            log_debug(DB_DOWN, LOG_TEXT("code", err.code), LOG_TEXT("msg", err.text));
        }
    }
}

enum status followup_run(const struct conf *c, struct err *err)
{
    struct followup f = {.conf = c,
                         .control_fd = -1,
                         .work_fd = -1,
                         .situation = {.next_wake = INSTANT_NONE},
                         .rehearsal = INSTANT_NONE,
                         .db_backoff = {.first_ms = 200, .max_ms = 2000}};
    enum status s = set_up(&f, err);
    if (s == STATUS_OK) {
        s = ops_open(&f, err);
    }
    if (s == STATUS_OK) {
        followup_start_over(&f);
        loop_timer_set(f.tick, TICK_MS);
    }
    while (s == STATUS_OK && !f.stopping && f.ended == STATUS_OK) {
        s = loop_turn(f.loop, -1, err);
    }
    if (f.stopping) {
        wind_up(&f);
        s = s == STATUS_OK ? STATUS_STOP : s;
    }
    report(&f, true);
    if (f.ended != STATUS_OK) {
        *err = f.why;
        s = f.ended;
    }
    tear_down(&f);
    return s;
}
