#include "services/followup/followup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/casefile/product_clock.h"
#include "common/clock.h"
#include "common/fault.h"
#include "common/hash.h"
#include "common/http.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/notify.h"
#include "services/followup/shard.h"

#define TICK_MS 100
#define LEASE_EVERY_MS 1000 /* a lease lasts ten times as long */
#define LOOK_EVERY_MS 500   /* who is due? Notifications are hints only */
#define STORE_NOW_EVERY_MS 5000
#define REPORT_EVERY_MS 10000
#define CONTROL_HANGS_MS 5000
#define WORK_HANGS_MS 70000 /* longer than any statement may take */
#define SINK_HANGS_MS 75000 /* longer than any order to Kafka may take */
#define STOP_MS 6500
#define STOP_PUBLISHING_MS 5000

struct followup {
    const struct conf *conf;
    struct loop *loop;
    struct http *http;
    struct clock *clock;
    struct product_clock *product_clock;
    struct ruleset *rules;
    struct shard *shards;
    struct lease *leases; /* in step with shards */
    size_t n_shards;
    char owner[96];

    struct pg *control; /* leases, the situation, hints */
    bool control_busy;
    int64_t control_sent_ms, stored_now_ms;
    int64_t seq; /* of the control pipeline sent last */
    int control_fd;
    struct situation situation;

    struct pg *work; /* claims, one at a time */
    struct shard *working;
    enum shard_want want;
    size_t next_shard; /* whose turn it is */
    int work_fd;
    int64_t rest_until_ms; /* after a conflict */

    struct loop_timer *tick, *reconnect, *wake;
    struct backoff db_backoff;
    bool db_up, shards_started;
    bool held;        /* somebody may have been held back */
    bool rules_stale; /* load them before the next claim */
    bool catching_up; /* with rules that are new: why a due date moves */
    bool told_ready, stopping;
    struct instant rehearsal; /* what the clock file said last */
    int64_t looked_ms, reported_ms;
    size_t n_emitted;
    enum status ended; /* FATAL: cannot go on */
    struct err why;
};

static void pump(struct followup *f);

static void cannot_go_on(struct followup *f, const struct err *err)
{
    if (f->ended == STATUS_OK) {
        f->ended = STATUS_FATAL;
        f->why = *err;
    }
}

static struct instant now_of(struct followup *f)
{
    return product_clock_now(f->product_clock);
}

/* ---- sessions ---- */

static void unwatch(struct followup *f, int *fd)
{
    if (*fd >= 0) {
        loop_unwatch(f->loop, *fd);
        *fd = -1;
    }
}

static void watch(struct followup *f, const struct pg *pg, int *fd, loop_fn *fn)
{
    int socket = pg_socket(pg);
    if (*fd != socket) {
        unwatch(f, fd);
    }
    if (socket < 0) {
        return;
    }
    struct err err = {0};
    unsigned events = LOOP_READ | (pg_wants_write(pg) ? LOOP_WRITE : 0);
    if (loop_watch(f->loop, socket, events, fn, f, &err) != STATUS_OK) {
        cannot_go_on(f, &err);
    }
    *fd = socket;
}

static void drop_sessions(struct followup *f)
{
    unwatch(f, &f->control_fd);
    unwatch(f, &f->work_fd);
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
    if (f->db_up || backoff_should_log(&f->db_backoff)) {
        log_warn(DB_DOWN, LOG_TEXT("code", err->code), LOG_TEXT("msg", err->text),
                 LOG_INT("attempt", f->db_backoff.attempt + 1));
    }
    f->db_up = false;
    drop_sessions(f);
    loop_timer_set(f->reconnect, backoff_next_ms(&f->db_backoff));
}

static void db_failed(struct followup *f, enum status s, const struct err *err)
{
    if (s == STATUS_FATAL) {
        cannot_go_on(f, err);
    } else {
        db_is_down(f, err);
    }
}

static enum status load_rules(struct followup *f, struct err *err)
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
    pump(arg);
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
        s = load_rules(f, err);
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

static void ask_control(struct followup *f)
{
    if (f->control_busy || !f->db_up) {
        return;
    }
    struct instant now = now_of(f);
    struct err err = {0};
    f->seq++;
    f->control_sent_ms = clock_mono_ms();
    enum status s =
        lease_send(f->control, f->owner, f->leases, f->n_shards, now, clock_to_store(f, now), &err);
    if (s != STATUS_OK) {
        db_failed(f, s, &err);
        return;
    }
    f->control_busy = true;
    watch(f, f->control, &f->control_fd, on_control);
}

static void start_over(struct followup *f)
{
    struct err err = {0};
    drop_sessions(f);
    enum status s = connect_all(f, &err);
    if (s != STATUS_OK) {
        db_failed(f, s, &err);
        return;
    }
    if (!f->db_up) {
        log_info(DB_UP, LOG_INT("sessions", 2));
    }
    f->db_up = true;
    f->held = true;
    backoff_reset(&f->db_backoff);
    ask_control(f);
}

static void on_reconnect(void *arg, unsigned events)
{
    (void)events;
    start_over(arg);
    pump(arg);
}

static void want_claims(struct followup *f)
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
    int64_t us = f->situation.next_wake.us - now_of(f).us;
    if (us < LOOK_EVERY_MS * 2 * INT64_C(1000)) {
        loop_timer_set(f->wake, us <= 0 ? 0 : us / 1000 + 1);
    }
}

static void tell_ready(struct followup *f)
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
    lease_take(f->control, f->leases, f->n_shards, &f->situation);
    for (size_t i = 0; i < f->n_shards; i++) {
        shard_leased(&f->shards[i], &f->leases[i], f->seq);
    }
    f->rules_stale |= f->situation.ruleset_serial != f->rules->serial;
    if (before.paused && !f->situation.paused) {
        f->held = true;
        want_claims(f);
    }
    tell_ready(f);
    set_alarm(f);
    if (pg_notified(f->control)) {
        want_claims(f);
    }
}

/* Readable without having been asked anything: a notification, or the end of the session. Asking
 * takes it in either way. */
static void on_control(void *arg, unsigned events)
{
    (void)events;
    struct followup *f = arg;
    if (!f->control_busy) {
        want_claims(f);
        ask_control(f);
    }
    if (f->control_busy) {
        bool done = false;
        struct err err = {0};
        enum status s = pg_poll(f->control, &done, &err);
        if (s != STATUS_OK) {
            f->control_busy = false;
            db_failed(f, s == STATUS_REJECT ? STATUS_FATAL : s, &err);
        } else {
            if (done) {
                control_answered(f);
            }
            watch(f, f->control, &f->control_fd, on_control);
        }
    }
    pump(f);
}

/* ---- claims ---- */

static void on_work(void *arg, unsigned events)
{
    (void)events;
    pump(arg);
}

static void rest_a_little(struct followup *f)
{
    f->rest_until_ms = clock_mono_ms() + 10 + clock_mono_ms() % 40;
}

static struct claim *claim_of(struct shard *s, enum shard_want want)
{
    return want == WANT_HOLD ? &s->hold : &s->claim;
}

static void work_failed(struct followup *f, enum status s, const struct err *err)
{
    struct shard *shard = f->working;
    f->working = NULL;
    unwatch(f, &f->work_fd);
    claim_failed(claim_of(shard, f->want), s);
    pg_disconnect(f->work);
    shard->claim_wanted = true;
    if (s == STATUS_RETRY || s == STATUS_REJECT) {
        log_info(BATCH_RETRIED, LOG_INT("shard", shard->number), LOG_TEXT("code", err->code),
                 LOG_TEXT("msg", err->text));
        rest_a_little(f);
    } else if (strcmp(err->code, "CT001") == 0) {
        metrics_add(METRIC_FENCED, NULL, 1);
        log_warn(FENCED, LOG_INT("shard", shard->number), LOG_TEXT("msg", err->text));
        shard_unsure(shard, f->seq);
    } else if (strcmp(err->code, "CT003") == 0) {
        f->rules_stale = true;
    } else {
        db_failed(f, s, err);
    }
}

static void work_done(struct followup *f)
{
    struct shard *shard = f->working;
    struct claim *c = claim_of(shard, f->want);
    f->working = NULL;
    if (f->want == WANT_CLAIM || f->want == WANT_HOLD) {
        f->held |= c->n_held > 0;
        if (c->around.release_held) {
            f->held = c->n_released > 0 || c->n_held > 0;
            shard->claim_wanted |= c->n_released > 0;
        }
        f->catching_up &= !c->empty;
        if (c->n_letters > 0) {
            log_info(DEAD_LETTERS, LOG_INT("count", c->n_letters), LOG_TEXT("msg", "sent on"));
        }
    }
    shard_done(shard, f->want);
}

static void step_work(struct followup *f)
{
    bool done = false;
    struct err err = {0};
    enum status s = claim_step(claim_of(f->working, f->want), &done, &err);
    if (s != STATUS_OK) {
        work_failed(f, s, &err);
    } else if (done) {
        work_done(f);
    } else {
        watch(f, f->work, &f->work_fd, on_work);
    }
}

static enum status prepare_work(struct followup *f, struct err *err)
{
    enum status s = pg_connect(f->work, err);
    return s == STATUS_OK && f->rules_stale ? load_rules(f, err) : s;
}

static void begin_work(struct followup *f, struct shard *shard, enum shard_want want)
{
    struct err err = {0};
    enum status s = prepare_work(f, &err);
    if (s != STATUS_OK) {
        db_failed(f, s, &err);
        return;
    }
    struct claim_around around = {.conf = f->conf,
                                  .rules = f->rules,
                                  .now = now_of(f),
                                  .why = f->catching_up ? "settings" : "time",
                                  .release_held = f->held && !f->situation.paused};
    f->working = shard;
    f->want = want;
    s = shard_begin(shard, want, f->work, &around, &err);
    if (s != STATUS_OK) {
        work_failed(f, s, &err);
        return;
    }
    watch(f, f->work, &f->work_fd, on_work);
}

/* True: something was begun. */
static bool find_work(struct followup *f)
{
    if (!f->db_up || f->control_sent_ms == 0 || clock_mono_ms() < f->rest_until_ms) {
        return false;
    }
    for (size_t i = 0; i < f->n_shards; i++) {
        size_t at = (f->next_shard + i) % f->n_shards;
        enum shard_want want = shard_wants(&f->shards[at], f->stopping);
        if (want != WANT_NOTHING) {
            f->next_shard = at + 1;
            begin_work(f, &f->shards[at], want);
            return f->working != NULL;
        }
    }
    return false;
}

/* ---- the loop ---- */

static void serve_kafka(struct followup *f)
{
    for (size_t i = 0; i < f->n_shards && f->shards_started; i++) {
        struct err err = {0};
        struct shard *s = &f->shards[i];
        if (shard_pull(s, f->seq, &err) == STATUS_FATAL ||
            shard_push(s, f->rules->install_key, f->situation.paused, f->stopping, &err) ==
                STATUS_FATAL) {
            cannot_go_on(f, &err);
        }
        f->n_emitted += s->n_published;
        s->n_published = 0;
    }
    tell_ready(f);
}

static bool anybody_unsure(const struct followup *f)
{
    for (size_t i = 0; i < f->n_shards; i++) {
        if (f->shards[i].epoch != NO_EPOCH && !f->shards[i].fresh &&
            f->seq <= f->shards[i].unsure_since) {
            return true;
        }
    }
    return false;
}

/* One round of everything that can be done without waiting. */
static void pump(struct followup *f)
{
    bool progress = true;
    while (progress && f->ended == STATUS_OK) {
        serve_kafka(f);
        progress = false;
        if (f->working != NULL) {
            step_work(f);
            progress = f->working == NULL;
        } else {
            progress = find_work(f);
        }
    }
    if (f->db_up && !f->control_busy && anybody_unsure(f)) {
        ask_control(f);
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
    bool work = f->working != NULL && ms - claim_of(f->working, f->want)->began_ms > WORK_HANGS_MS;
    if (control || work) {
        (void)err_set(&err, STATUS_RESYNC, "08006", "no answer from the database in time");
        db_is_down(f, &err);
    }
}

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

static void tell_manager(struct followup *f, int64_t ms)
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

static void on_tick(void *arg, unsigned events)
{
    (void)events;
    struct followup *f = arg;
    int64_t ms = clock_mono_ms();
    look_for_hangs(f, ms);
    bool jumped = clock_is_file(f->clock) && now_of(f).us != f->rehearsal.us;
    if (jumped || ms - f->looked_ms >= LOOK_EVERY_MS) {
        want_claims(f);
    }
    if (jumped || ms - f->control_sent_ms >= LEASE_EVERY_MS) {
        ask_control(f);
    }
    report(f, false);
    pump(f);
    tell_manager(f, ms);
    loop_timer_set(f->tick, TICK_MS);
}

static void on_wake(void *arg, unsigned events)
{
    (void)events;
    want_claims(arg);
    pump(arg);
}

static void on_stop(void *arg, unsigned events)
{
    (void)events;
    struct followup *f = arg;
    f->stopping = true;
}

/* ---- what operators see ---- */

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
    for (size_t i = 0; i < f->n_shards; i++) {
        char number[24];
        (void)snprintf(number, sizeof number, "%zu", i);
        const char *labels[] = {number};
        metrics_set(METRIC_FOLLOWUP_ACTIVE, labels, f->db_up && f->shards[i].told_active);
    }
}

static enum status open_http(struct followup *f, struct err *err)
{
    const char *build[] = {"followup", DAYFOUR_VERSION};
    metrics_set(METRIC_BUILD_INFO, build, 1);
    metrics_add(METRIC_DB_DOWN, NULL, 0); /* what has not happened is 0, so that a first time shows */
    metrics_add(METRIC_FENCED, NULL, 0);
    const struct http_answers answers = {.ready = is_ready, .refresh = refresh_metrics, .arg = f};
    return http_open(&f->http, f->loop, f->conf->http_listen, &answers, err);
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
        s = loop_timer_new(f->loop, &f->reconnect, on_reconnect, f, err);
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
    f->product_clock = product_clock_new(f->clock);
    char *password = NULL;
    if (f->conf->pg_password_file != NULL) {
        s = conf_read_secret(f->conf->pg_password_file, &password, err);
    }
    const struct pg_options o = {
        .dsn = f->conf->pg_dsn, .password = password, .application_name = "dayfour-followup"};
    f->control = pg_new(&o);
    f->work = pg_new(&o);
    free(password);
    f->n_shards = (size_t)f->conf->followup_shards;
    f->shards = mem_alloc(f->n_shards * sizeof *f->shards);
    f->leases = mem_alloc(f->n_shards * sizeof *f->leases);
    for (size_t i = 0; i < f->n_shards; i++) {
        shard_init(&f->shards[i], (int32_t)i);
        f->leases[i] = (struct lease){.shard = (int32_t)i, .epoch = NO_EPOCH};
    }
    name_owner(f);
    return s;
}

static void tear_down(struct followup *f)
{
    http_close(f->http);
    for (size_t i = 0; i < f->n_shards; i++) {
        if (f->shards[i].sink != NULL) {
            sink_give_up(f->shards[i].sink, 0);
        }
    }
    for (size_t i = 0; i < f->n_shards; i++) {
        shard_clear(&f->shards[i]);
    }
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
    pump(f);
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
                         .db_backoff = {.first_ms = 200, .max_ms = 10000}};
    enum status s = set_up(&f, err);
    if (s == STATUS_OK) {
        s = open_http(&f, err);
    }
    if (s == STATUS_OK) {
        start_over(&f);
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
