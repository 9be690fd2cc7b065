#include <stdio.h>
#include <string.h>

#include "common/hash.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/notify.h"
#include "services/followup/followup_state.h"

#define STORE_NOW_EVERY_MS 5000
#define COUNT_EVERY_MS 5000
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

static void db_is_down(struct followup *f, const struct err *err)
{
    metrics_add(METRIC_DB_DOWN, NULL, 1);
    int64_t pause_ms = backoff_next_ms(&f->db_backoff);
    if (f->db_up || backoff_should_log(&f->db_backoff)) {
        log_warn(DB_DOWN, LOG_TEXT("code", err->code), LOG_TEXT("msg", err->text),
                 LOG_INT("attempt", f->db_backoff.attempt));
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
    static const char *const parts[] = {"installation"};
    uint8_t mac[SHA256_BYTES];
    char id[ID_TEXT];
    hmac_parts(f->rules->install_key, parts, 1, mac);
    id_from_mac(mac, id);
    (void)snprintf(out, 96, "dayfour-followup-%s", id);
}

static void on_sink(void *arg, unsigned events)
{
    (void)events;
    followup_pump(arg);
}

static enum status start_shards(struct followup *f, struct err *err)
{
    char prefix[96];
    id_prefix(f, prefix);
    enum status s = STATUS_OK;
    for (size_t i = 0; i < f->n_shards && s == STATUS_OK; i++) {
        s = shard_start(&f->shards[i], f->conf, prefix, err);
        if (s == STATUS_OK) {
            s = loop_watch(f->loop, sink_fd(f->shards[i].sink), LOOP_READ, on_sink, f, err);
        }
    }
    f->shards_started = s == STATUS_OK;
    return s;
}

static enum status connect_all(struct followup *f, struct err *err)
{
    enum status s = pg_connect(f->control, err);
    if (s == STATUS_OK) {
        s = pg_connect(f->work, err);
    }
    if (s == STATUS_OK) {
        s = followup_load_rules(f, err);
    }
    if (s == STATUS_OK) {
        s = product_clock_attach(f->product_clock, f->control, err);
    }
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

void followup_ask_control(struct followup *f)
{
    if (f->control_busy || !f->db_up) {
        return;
    }
    struct instant now = followup_now(f);
    struct err err = {0};
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
    if (!f->db_up) {
        log_info(DB_UP, LOG_INT("sessions", 2));
    }
    f->db_up = true;
    f->held = true;
    backoff_reset(&f->db_backoff);
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
    if (us < LOOK_EVERY_MS * 2 * INT64_C(1000)) {
        loop_timer_set(f->wake, us <= 0 ? 0 : us / 1000 + 1);
    }
}

void followup_tell_ready(struct followup *f)
{
    bool ours = false;
    bool active = false;
    for (size_t i = 0; i < f->n_shards; i++) {
        ours |= f->shards[i].epoch != NO_EPOCH;
        active |= f->shards[i].told_active;
    }
    if (f->told_ready || (ours && !active)) {
        return;
    }
    f->told_ready = true;
    notify_ready();
    log_info(READY, LOG_TEXT("as", active ? "active" : "standby"), LOG_INT("shards", f->n_shards));
}

static void control_answered(struct followup *f)
{
    struct situation before = f->situation;
    f->control_busy = false;
    lease_take(f->control, f->leases, f->n_shards, f->counting, &f->situation);
    for (size_t i = 0; i < f->n_shards; i++) {
        int64_t had = f->shards[i].epoch;
        shard_leased(&f->shards[i], &f->leases[i], f->seq);
        f->held |= f->shards[i].epoch != had; /* by whoever had it */
    }
    f->rules_stale |= f->situation.ruleset_serial != f->rules->serial;
    if (before.paused && !f->situation.paused) {
        f->held = true;
        followup_want_claims(f);
    }
    followup_tell_ready(f);
    set_alarm(f);
    if (pg_notified(f->control)) {
        followup_want_claims(f);
    }
}

/* Readable without having been asked anything: a notification, or the end of the session. Asking
 * takes it in either way. */
static void on_control(void *arg, unsigned events)
{
    (void)events;
    struct followup *f = arg;
    if (!f->control_busy) {
        followup_want_claims(f);
        followup_ask_control(f);
    }
    if (f->control_busy) {
        bool done = false;
        struct err err = {0};
        enum status s = pg_poll(f->control, &done, &err);
        if (s != STATUS_OK) {
            f->control_busy = false;
            followup_db_failed(f, s == STATUS_REJECT ? STATUS_FATAL : s, &err);
        } else {
            if (done) {
                control_answered(f);
            }
            followup_watch(f, f->control, &f->control_fd, on_control);
        }
    }
    followup_pump(f);
}
