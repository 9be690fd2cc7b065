/* Two sessions: control (leases, the situation) and work (claims). If one of them fails both are
 * dropped, and followup_start_over() makes them again. connect_all() looks at the schema, at the
 * clock and at the counters of the shards, in this order. Only then may a shard be taken. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/err_code.h"
#include "common/base/mem.h"
#include "common/casefile/caution.h"
#include "common/casefile/schema.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"
#include "common/runtime/notify.h"
#include "services/followup/loop/followup_state.h"

#define STORE_NOW_EVERY_MS 5000
#define COUNT_EVERY_MS 5000
#define ALARM_MS 1000 /* as often as it is asked who is next */
#define COUNT_TASKS_EVERY_MS 60000

struct instant followup_now(struct followup *f)
{
    return product_clock_now(f->product_clock);
}

/* ---- sessions ---- */

void followup_unwatch(struct followup *f, int *fd)
{
    if (*fd >= 0) {
        loop_unwatch(f->loop, *fd);
        *fd = -1;
    }
}

void followup_watch(struct followup *f, const struct pg *pg, int *fd, loop_fn *fn)
{
    int socket = pg_socket(pg);
    if (*fd != socket) {
        followup_unwatch(f, fd);
    }
    if (socket < 0) {
        return;
    }
    struct err err = {0};
    unsigned events = LOOP_READ | (pg_wants_write(pg) ? LOOP_WRITE : 0);
    if (loop_watch(f->loop, socket, events, fn, f, &err) != STATUS_OK) {
        followup_cannot_go_on(f, &err);
    }
    *fd = socket;
}

static void drop_sessions(struct followup *f)
{
    followup_unwatch(f, &f->control_fd);
    followup_unwatch(f, &f->work_fd);
    for (size_t i = 0; i < f->n_shards; i++) {
        shard_unsure(&f->shards[i], f->seq);
    }
    f->working = NULL;
    f->control_busy = false;
    pg_disconnect(f->control);
    pg_disconnect(f->work);
}

/* Until they agree the database is treated as if it were away: nothing is claimed or published, and
 * the lease runs out. */
static void clocks_are_apart(struct followup *f, const struct err *err)
{
    if (!f->clock_apart) {
        log_error(CLOCK_APART, LOG_TEXT("msg", err->text));
    }
    f->clock_apart = true;
    metrics_set(METRIC_CLOCK_APART, NULL, 1);
}

static void clocks_agree(struct followup *f)
{
    if (f->clock_apart) {
        log_info(CLOCK_AGREES, LOG_TEXT("msg", "the clocks agree again"));
    }
    f->clock_apart = false;
    metrics_set(METRIC_CLOCK_APART, NULL, 0);
}

static void db_is_down(struct followup *f, const struct err *err)
{
    if (patience_is_over(&f->patience, err)) {
        followup_cannot_go_on(f, err);
    }
    int64_t pause_ms = backoff_next_ms(&f->db_backoff);
    if (err_is(err, ERR_CLOCK_APART)) {
        clocks_are_apart(f, err);
    } else {
        metrics_add(METRIC_DB_DOWN, NULL, 1);
        if (f->db_up || backoff_should_log(&f->db_backoff)) {
            log_warn(DB_DOWN, LOG_TEXT("code", err->code), LOG_TEXT("msg", err->text),
                     LOG_INT("attempt", f->db_backoff.attempt));
        }
    }
    f->db_up = false;
    drop_sessions(f);
    loop_timer_set(f->reconnect, pause_ms);
}

void followup_db_failed(struct followup *f, enum status s, const struct err *err)
{
    if (s == STATUS_FATAL) {
        followup_cannot_go_on(f, err);
    } else {
        db_is_down(f, err);
    }
}

enum status followup_load_rules(struct followup *f, struct err *err)
{
    struct ruleset *rules = NULL;
    enum status s = ruleset_load(&rules, f->work, err);
    if (s != STATUS_OK) {
        return s;
    }
    const struct ruleset *old = f->rules;
    s = ruleset_check_key(old, rules, err);
    if (s != STATUS_OK) {
        ruleset_free(rules);
        return s;
    }
    if (old == NULL || old->settings_serial != rules->settings_serial) {
        log_info(SETTINGS_LOADED, LOG_TEXT("version", settings_version(rules->settings)),
                 LOG_INT("serial", rules->settings_serial));
    }
    if (old == NULL || old->calendar_loads != rules->calendar_loads) {
        log_info(CALENDAR_LOADED, LOG_INT("loads", rules->calendar_loads));
    }
    f->catching_up |= old != NULL && old->serial != rules->serial;
    ruleset_free(f->rules);
    f->rules = rules;
    f->rules_stale = false;
    return STATUS_OK;
}

/* The transactional ids of an installation: several may share the brokers. */
static void id_prefix(const struct followup *f, char out[96])
{
    if (f->conf->kafka_transactional_id != NULL) {
        (void)snprintf(out, 96, "%s", f->conf->kafka_transactional_id);
        return;
    }
    (void)snprintf(out, 96, "dayfour-followup-%s", f->installation);
}

static void on_sink(void *arg, unsigned events)
{
    (void)events;
    followup_pump(arg);
}

static enum status start_shards(struct followup *f, struct err *err)
{
    char prefix[96];
    ruleset_installation(f->rules, f->installation);
    id_prefix(f, prefix);
    enum status s = STATUS_OK;
    for (size_t i = 0; i < f->n_shards && s == STATUS_OK; i++) {
        s = shard_start(&f->shards[i], f->conf, prefix, f->installation, err);
        if (s == STATUS_OK) {
            s = loop_watch(f->loop, sink_fd(f->shards[i].sink), LOOP_READ, on_sink, f, err);
        }
    }
    f->shards_started = s == STATUS_OK;
    return s;
}

/* Before anything is written to it: is this the database that we know? */
static enum status look_for_set_back(struct followup *f, struct err *err)
{
    struct lease *now = mem_alloc(f->n_shards * sizeof *now);
    for (size_t i = 0; i < f->n_shards; i++) {
        now[i].shard = f->shards[i].number;
    }
    enum status s = lease_look(f->control, now, f->n_shards, err);
    for (size_t i = 0; i < f->n_shards && s == STATUS_OK; i++) {
        s = shard_compare(&f->shards[i], &now[i], err);
    }
    free(now);
    return s;
}

static enum status connect_all(struct followup *f, struct err *err)
{
    enum status s = pg_connect(f->control, err);
    s = s == STATUS_OK ? schema_check(f->control, err) : s;
    s = s == STATUS_OK ? product_clock_attach(f->product_clock, f->control, err) : s;
    if (s == STATUS_OK) {
        s = look_for_set_back(f, err);
    }
    if (s == STATUS_OK) {
        s = pg_connect(f->work, err);
    }
    if (s == STATUS_OK) {
        s = followup_load_rules(f, err);
    }
    s = s == STATUS_OK ? caution(f->work, f->rules, &f->cautioned, err) : s;
    if (s == STATUS_OK) {
        s = lease_attach(f->control, f->leases, f->n_shards, err);
    }
    return s == STATUS_OK && !f->shards_started ? start_shards(f, err) : s;
}

/* ---- leases and the situation ---- */

static void on_control(void *arg, unsigned events);

static enum lease_clock clock_to_store(struct followup *f, struct instant now)
{
    if (clock_is_file(f->clock)) {
        f->rehearsal = now;
        return LEASE_CLOCK_REHEARSAL;
    }
    if (clock_mono_ms() - f->stored_now_ms < STORE_NOW_EVERY_MS) {
        return LEASE_CLOCK_NOTHING;
    }
    f->stored_now_ms = clock_mono_ms();
    return LEASE_CLOCK_LAST_NOW;
}

/* The day on which tasks are to be counted, or NONE: not now. */
static struct date count_tasks_on(struct followup *f, struct instant now)
{
    if (!f->counting || f->rules == NULL ||
        (f->counted_tasks_ms != 0 &&
         f->control_sent_ms - f->counted_tasks_ms < COUNT_TASKS_EVERY_MS)) {
        return DATE_NONE;
    }
    f->counted_tasks_ms = f->control_sent_ms;
    return zone_date(settings_zone(f->rules->settings), now);
}

static enum status use_permissions(struct followup *f, struct err *err)
{
    for (size_t i = 0; i < f->n_shards; i++) {
        struct shard *s = &f->shards[i];
        if (s->recovery != RECOVERY_WANTED || s->epoch == NO_EPOCH) {
            continue;
        }
        int64_t position = shard_position(s);
        enum status done = lease_recover(f->control, s->number, s->epoch, position, err);
        if (done != STATUS_OK) {
            return done;
        }
        log_warn(SHARD_RECOVERED, LOG_INT("shard", s->number), LOG_INT("position", position));
        shard_recovered(s, f->seq);
    }
    return STATUS_OK;
}

void followup_ask_control(struct followup *f)
{
    if (f->control_busy || !f->db_up) {
        return;
    }
    struct instant now = followup_now(f);
    struct err err = {0};
    enum status used = use_permissions(f, &err);
    if (used != STATUS_OK) {
        followup_db_failed(f, used, &err);
        return;
    }
    f->seq++;
    f->control_sent_ms = clock_mono_ms();
    f->counting = f->counted_ms == 0 || f->control_sent_ms - f->counted_ms >= COUNT_EVERY_MS;
    f->counted_ms = f->counting ? f->control_sent_ms : f->counted_ms;
    enum status s = lease_send(f->control, f->owner, f->leases, f->n_shards, now,
                               clock_to_store(f, now), f->counting, count_tasks_on(f, now), &err);
    if (s != STATUS_OK) {
        followup_db_failed(f, s, &err);
        return;
    }
    f->control_busy = true;
    followup_watch(f, f->control, &f->control_fd, on_control);
}

void followup_start_over(struct followup *f)
{
    struct err err = {0};
    drop_sessions(f);
    enum status s = connect_all(f, &err);
    if (s != STATUS_OK) {
        followup_db_failed(f, s, &err);
        return;
    }
    clocks_agree(f);
    if (!f->db_up && !f->trouble.refused && f->control_refused == REFUSED_NO) {
        log_info(DB_UP, LOG_INT("sessions", 2));
    }
    f->db_up = true;
    f->held = true;
    followup_ask_control(f);
}

void followup_on_reconnect(void *arg, unsigned events)
{
    (void)events;
    followup_start_over(arg);
    followup_pump(arg);
}

void followup_want_claims(struct followup *f)
{
    f->looked_ms = clock_mono_ms();
    for (size_t i = 0; i < f->n_shards; i++) {
        f->shards[i].claim_wanted = true;
    }
}

/* Somebody will be due before we would look again. */
static void set_alarm(struct followup *f)
{
    if (instant_is_none(f->situation.next_wake) || clock_is_file(f->clock)) {
        return;
    }
    int64_t us = f->situation.next_wake.us - followup_now(f).us;
    if (us < ALARM_MS * INT64_C(1000)) {
        loop_timer_set(f->wake, us <= 0 ? 0 : us / 1000 + 1);
    }
}

void followup_tell_ready(struct followup *f)
{
    bool ours = false;
    bool active = false;
    for (size_t i = 0; i < f->n_shards; i++) {
        ours |= f->shards[i].epoch != NO_EPOCH;
        active |= shard_is_active(&f->shards[i]);
    }
    if (f->told_ready || (ours && !active)) {
        return;
    }
    f->told_ready = true;
    notify_ready();
    log_info(READY, LOG_TEXT("as", active ? "active" : "standby"), LOG_INT("shards", f->n_shards));
}

static void tell_ended(int64_t n)
{
    if (n > 0) {
        metrics_add(METRIC_TRANSACTIONS_ENDED, NULL, (double)n);
        log_warn(
            TRANSACTION_ENDED, LOG_INT("count", n),
            LOG_TEXT("msg", "a clinician's, open for over five minutes; the audit says whose"));
    }
}

static void control_answered(struct followup *f)
{
    struct situation before = f->situation;
    f->control_busy = false;
    if (f->control_refused == REFUSED_ASKING || f->counting) {
        if (f->control_refused != REFUSED_NO) {
            log_info(DB_UP, LOG_INT("sessions", 2));
        }
        f->control_refused = REFUSED_NO;
    }
    if (f->control_refused == REFUSED_NO && f->trouble.since_ms == 0) {
        backoff_reset(&f->db_backoff);
    }
    lease_take(f->control, f->leases, f->n_shards, f->counting, &f->situation);
    for (size_t i = 0; i < f->n_shards; i++) {
        int64_t had = f->shards[i].epoch;
        struct err err = {0};
        if (shard_leased(&f->shards[i], &f->leases[i], f->seq, &err) != STATUS_OK) {
            followup_cannot_go_on(f, &err);
            return;
        }
        f->held |= f->shards[i].epoch != had; /* by whoever had it */
    }
    f->rules_stale |= f->situation.ruleset_serial != f->rules->serial;
    if (before.paused && !f->situation.paused) {
        f->held = true;
        followup_want_claims(f);
    }
    followup_tell_ready(f);
    tell_ended(f->situation.transactions_ended);
    set_alarm(f);
}

/* Reads from the same answer the clock and the schema's range. */
static enum status hear_the_clock(struct followup *f, struct err *err)
{
    enum status s = schema_heard(pg_result(f->control, LEASE_SCHEMA), err);
    return s == STATUS_OK
               ? product_clock_heard(f->product_clock, pg_result(f->control, LEASE_CLOCK), err)
               : s;
}

/* Readable without having been asked anything: the end of the session. Asking finds it out. */
static void on_control(void *arg, unsigned events)
{
    (void)events;
    struct followup *f = arg;
    if (!f->control_busy) {
        followup_ask_control(f);
    }
    if (f->control_busy) {
        bool done = false;
        struct err err = {0};
        enum status s = pg_poll(f->control, &done, &err);
        if (s != STATUS_OK) {
            f->control_busy = false;
            f->control_refused = f->counting ? REFUSED_COUNTING : REFUSED_ASKING;
            followup_db_failed(f, s, &err);
        } else {
            if (done) {
                control_answered(f);
                s = hear_the_clock(f, &err);
            }
            if (s != STATUS_OK) {
                followup_db_failed(f, s, &err);
            } else {
                followup_watch(f, f->control, &f->control_fd, on_control);
            }
        }
    }
    followup_pump(f);
}
