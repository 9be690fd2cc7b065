/* The session `work` has a single claim at a time, and shards take turns. A claim that fails loses
 * its session. RETRY and REJECT rest, and the shard claims again. CT001 means that another process
 * may have the shard, CT003 that rules must be loaded. Anything else is the database's failure. */
#include "common/base/err_code.h"
#include "common/casefile/aside.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"
#include "services/followup/loop/followup_state.h"
#include "services/followup/shard/claim.h"

static void on_work(void *arg, unsigned events)
{
    (void)events;
    followup_pump(arg);
}

#define REST_MAX_MS 2000

static void rest_a_little(struct followup *f)
{
    f->rest_until_ms = clock_mono_ms() + 10 + clock_mono_ms() % 40;
}

/* Ever longer, where the same is met again and again. */
static void rest_longer(struct followup *f, unsigned failures)
{
    int64_t ms = failures > 8 ? REST_MAX_MS : INT64_C(8) << failures;
    f->rest_until_ms = clock_mono_ms() + ms + clock_mono_ms() % 40;
}

static void work_failed(struct followup *f, enum status s, const struct err *err)
{
    struct shard *shard = f->working;
    f->working = NULL;
    followup_unwatch(f, &f->work_fd);
    s = aside_means(s, err);
    claim_failed(f->claim, s, err);
    pg_disconnect(f->work);
    shard->claim_wanted = true;
    trouble_meet(&f->trouble, err);
    if (s == STATUS_RETRY || s == STATUS_REJECT) {
        log_info(BATCH_RETRIED, LOG_INT("shard", shard->number), LOG_TEXT("code", err->code),
                 LOG_TEXT("msg", err->text));
        rest_longer(f, f->claim->failures);
    } else if (err_is(err, ERR_FENCED)) {
        metrics_add(METRIC_FENCED, NULL, 1);
        log_warn(FENCED, LOG_INT("shard", shard->number), LOG_TEXT("msg", err->text));
        shard_unsure(shard, f->seq);
    } else if (err_is(err, ERR_RULES_CHANGED)) {
        f->rules_stale = true;
    } else {
        f->trouble.refused = true;
        followup_db_failed(f, s, err);
    }
}

/* A claim was stored: the database works. */
static void well_again(struct followup *f)
{
    if (f->trouble.refused) {
        log_info(DB_UP, LOG_INT("sessions", 2));
    }
    trouble_end(&f->trouble);
    backoff_reset(&f->db_backoff);
    patience_reset(&f->patience);
}

static void work_done(struct followup *f)
{
    struct shard *shard = f->working;
    const struct claim *c = f->claim;
    f->working = NULL;
    if (f->want == WANT_CLAIM || f->want == WANT_AHEAD || f->want == WANT_HOLD) {
        well_again(f);
        f->situation.aside += c->sets_aside;
        bool held = c->n_held + c->n_held_prompts > 0;
        f->held |= held;
        if (c->around.release_held && f->want != WANT_HOLD) { /* only then were they released */
            f->held = c->n_released > 0 || held;
            shard->claim_wanted |= c->n_released > 0;
        }
        f->catching_up &= !c->empty;
        if (c->n_unsure > 0) {
            rest_a_little(f); /* it is being found out */
        }
        if (c->n_letters > 0) {
            log_info(DEAD_LETTERS, LOG_INT("count", c->n_letters), LOG_TEXT("msg", "sent on"));
        }
    }
    shard_done(shard, f->want, c, f->seq);
}

void followup_step_work(struct followup *f)
{
    bool done = false;
    struct err err = {0};
    if (f->claim->state == CLAIM_IDLE) { /* the shard dropped it: its lease is gone */
        f->working = NULL;
        followup_unwatch(f, &f->work_fd);
        return;
    }
    enum status s = claim_step(f->claim, &done, &err);
    if (s != STATUS_OK) {
        work_failed(f, s, &err);
    } else if (done) {
        work_done(f);
    } else {
        followup_watch(f, f->work, &f->work_fd, on_work);
    }
}

static enum status prepare_work(struct followup *f, struct err *err)
{
    enum status s = pg_connect(f->work, err);
    return s == STATUS_OK && f->rules_stale ? followup_load_rules(f, err) : s;
}

static void begin_work(struct followup *f, struct shard *shard, enum shard_want want)
{
    struct err err = {0};
    enum status s = prepare_work(f, &err);
    if (s != STATUS_OK) {
        followup_db_failed(f, s, &err);
        return;
    }
    struct claim_around around = {.conf = f->conf,
                                  .rules = f->rules,
                                  .brake = &f->brake,
                                  .now = followup_now(f),
                                  .rehearsal = clock_is_file(f->clock),
                                  .aside = f->situation.aside > 0,
                                  .why = f->catching_up ? "settings" : "time",
                                  .release_held = f->held && !f->situation.paused};
    f->working = shard;
    f->claim = shard_claim_for(shard, want);
    f->want = want;
    s = shard_begin(shard, want, f->work, &around, &err);
    if (s != STATUS_OK) {
        work_failed(f, s, &err);
        return;
    }
    followup_watch(f, f->work, &f->work_fd, on_work);
}

/* True: something was begun. */
bool followup_find_work(struct followup *f)
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

int64_t followup_work_began_ms(const struct followup *f)
{
    return f->claim->began_ms;
}
