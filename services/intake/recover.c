/* The ways back to work. After an outage, or when clocks agree again: connect, load the rules,
 * read the positions, seek. When the group gives partitions, the database raises their epochs,
 * which fences the owner before. When it takes them, batches under way get a moment to finish, and
 * the rest is forgotten: nothing counts but what is committed. */
#include <stdlib.h>
#include <string.h>

#include "common/base/err_code.h"
#include "common/base/mem.h"
#include "common/casefile/caution.h"
#include "common/casefile/schema.h"
#include "common/runtime/clock.h"
#include "common/runtime/fault.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"
#include "common/runtime/notify.h"
#include "services/intake/state.h"

/* How long the group is given to say that partitions are somebody else's now. */
#define FENCED_MS 1500
/* How long a batch under way may take when partitions go or we are asked to stop. */
#define DRAIN_MS 5000
/* This long after a reconnection the failure before it counts as over. */
#define SETTLE_MS 10000
/* How often operators' requests for another position are looked for. */
#define REQUESTS_MS 1000

void recover_unwatch_writer(struct intake *in, size_t i)
{
    if (in->writer_fd[i] >= 0) {
        loop_unwatch(in->loop, in->writer_fd[i]);
        in->writer_fd[i] = -1;
    }
}

static void drop_writer(struct intake *in, size_t i)
{
    if (in->writers[i].state != BATCH_WRITER_IDLE) {
        recover_unwatch_writer(in, i);
    }
    batch_writer_drop(&in->writers[i]);
}

/* Forgets batches under way: the database says from where to continue. */
static void drop_all(struct intake *in)
{
    for (size_t i = 0; i < in->n_writers; i++) {
        drop_writer(in, i);
    }
    for (size_t i = 0; i < in->n_progress; i++) {
        in->progress[i].held = false;
    }
    in->reading = false;
}

/* Until they agree the database is treated as if it were away: nothing is read, nothing stored. */
static void clocks_are_apart(struct intake *in, const struct err *err)
{
    if (!in->clock_apart) {
        log_error(CLOCK_APART, LOG_TEXT("msg", err->text));
    }
    in->clock_apart = true;
    metrics_set(METRIC_CLOCK_APART, NULL, 1);
}

static void clocks_agree(struct intake *in)
{
    if (in->clock_apart) {
        log_info(CLOCK_AGREES, LOG_TEXT("msg", "the clocks agree again"));
    }
    in->clock_apart = false;
    metrics_set(METRIC_CLOCK_APART, NULL, 0);
}

void recover_db_is_down(struct intake *in, const struct err *err)
{
    if (patience_is_over(&in->patience, err)) {
        intake_cannot_go_on(in, err);
    }
    int64_t pause_ms = backoff_next_ms(&in->db_backoff);
    if (err_is(err, ERR_CLOCK_APART)) {
        clocks_are_apart(in, err);
    } else {
        metrics_add(METRIC_DB_DOWN, NULL, 1);
        if (backoff_should_log(&in->db_backoff)) {
            log_warn(DB_DOWN, LOG_TEXT("code", err->code), LOG_TEXT("msg", err->text),
                     LOG_INT("attempt", in->db_backoff.attempt));
        }
    }
    in->db_up = false;
    drop_all(in);
    for (size_t i = 0; i < in->n_writers;
         i++) { /* the socket of an ended session is always readable */
        recover_unwatch_writer(in, i);
        pg_disconnect(in->writers[i].pg);
    }
    loop_timer_set(in->reconnect, pause_ms);
}

bool recover_refused(const struct intake *in)
{
    bool refused = false;
    for (size_t i = 0; i < in->n_writers; i++) {
        refused |= in->writers[i].trouble.refused;
    }
    return refused;
}

/* Without messages a writer has nothing to show that it is well again. */
void recover_settle(struct intake *in)
{
    if (clock_mono_ms() - in->up_since_ms < SETTLE_MS) {
        return;
    }
    for (size_t i = 0; i < in->n_writers; i++) {
        struct batch_writer *l = &in->writers[i];
        if (l->state == BATCH_WRITER_IDLE && l->filling->n == 0) {
            trouble_end(&l->trouble);
        }
    }
    if (!recover_refused(in)) {
        backoff_reset(&in->db_backoff);
        patience_reset(&in->patience);
    }
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
    s = ruleset_check_key(in->rules, rules, err);
    if (s != STATUS_OK) {
        ruleset_free(rules);
        return s;
    }
    bool news = in->rules == NULL || in->rules->serial != rules->serial;
    ruleset_free(in->rules);
    in->rules = rules;
    in->limits = settings_limits(rules->settings, (size_t)in->conf->intake_max_bytes);
    if (news) {
        log_info(SETTINGS_LOADED, LOG_TEXT("version", settings_version(rules->settings)),
                 LOG_INT("serial", rules->serial));
    }
    return STATUS_OK;
}

static enum status connect_all(struct intake *in, struct err *err)
{
    enum status s = pg_connect(in->control, err);
    s = s == STATUS_OK ? schema_check(in->control, err) : s;
    s = s == STATUS_OK ? product_clock_attach(in->product_clock, in->control, err) : s;
    for (size_t i = 0; i < in->n_writers && s == STATUS_OK; i++) {
        s = pg_connect(in->writers[i].pg, err);
    }
    if (s == STATUS_OK) {
        s = load_rules(in, err);
    }
    s = s == STATUS_OK ? caution(in->control, in->rules, &in->cautioned, err) : s;
    return s;
}

/* Connects what is down, reads the rules and the positions again, and continues from there. */
void recover_start_over(struct intake *in)
{
    struct err err = {0};
    drop_all(in);
    enum status s = connect_all(in, &err);
    if (s == STATUS_OK) {
        clocks_agree(in);
        if (!in->db_up) {
            in->up_since_ms = clock_mono_ms();
            if (!recover_refused(in)) {
                log_info(DB_UP, LOG_INT("sessions", in->n_writers + 1));
            }
        }
        in->db_up = true;
        s = in->source == NULL ? intake_open_source(in, &err) : source_restart(in->source, &err);
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

/* Offsets that this process committed are gone: the database was restored, or an operator asked for
 * it. The database is right: its facts went back with it. */
static void look_for_set_back(const struct intake *in, const struct source_partition *p)
{
    if ((size_t)p->partition >= in->n_progress || !in->progress[p->partition].ours ||
        in->progress[p->partition].committed <= p->next_offset) {
        return;
    }
    log_warn(POSITION_SET_BACK, LOG_TEXT("topic", in->conf->kafka_topic_absences),
             LOG_INT("partition", p->partition), LOG_INT("offset", p->next_offset),
             LOG_INT("was", in->progress[p->partition].committed));
}

enum status recover_assigned(void *arg, struct source_partition *p, size_t n, struct err *err)
{
    struct intake *in = arg;
    drop_all(in);
    if (in->clock_apart) { /* asked again once they agree: source_restart */
        return err_set(err, STATUS_RESYNC, ERR_CLOCK_APART, "the clocks are apart");
    }
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
    for (size_t i = 0; i < n; i++) {
        look_for_set_back(in, &p[i]);
    }
    disown(in);
    for (size_t i = 0; i < n; i++) {
        make_room(in, p[i].partition);
        in->progress[p[i].partition] = (struct progress){.partition = p[i].partition,
                                                         .epoch = p[i].epoch,
                                                         .committed = p[i].next_offset,
                                                         .next_offset = p[i].next_offset,
                                                         .seen_end = p[i].seen_end,
                                                         .held = true,
                                                         .ours = true};
        log_info(ASSIGNED, LOG_TEXT("topic", in->conf->kafka_topic_absences),
                 LOG_INT("partition", p[i].partition), LOG_INT("offset", p[i].next_offset),
                 LOG_INT("epoch", p[i].epoch));
    }
    in->reading = n > 0;
    in->in_group = true;
    notify_ready(); /* also where the group has more members than partitions: standing by */
    loop_timer_set(in->reconnect, -1); /* no takeover is left to do */
    if (in->reading && !in->was_ready) {
        in->was_ready = true;
        log_info(READY, LOG_INT("partitions", n), LOG_INT("sessions", in->n_writers));
    }
    return STATUS_OK;
}

bool recover_under_way(const struct intake *in)
{
    for (size_t i = 0; i < in->n_writers; i++) {
        enum batch_writer_state state = in->writers[i].state;
        if (state != BATCH_WRITER_IDLE && state != BATCH_WRITER_WAITING) {
            return true;
        }
    }
    return false;
}

/* Lets batches under way finish, for a little: what is committed need not be read again. A batch
 * that does not finish is dropped, so that nobody waits for it a second time. */
void recover_drain(struct intake *in)
{
    int64_t end = clock_mono_ms() + DRAIN_MS;
    while (recover_under_way(in) && in->db_up && clock_mono_ms() < end) {
        (void)loop_meanwhile(in->loop);
        for (size_t i = 0; i < in->n_writers; i++) {
            enum batch_writer_state state = in->writers[i].state;
            if (state != BATCH_WRITER_IDLE && state != BATCH_WRITER_WAITING) {
                (void)pg_ready_within(in->writers[i].pg, 20);
                intake_step_writer(in, i);
            }
        }
    }
    for (size_t i = 0; i < in->n_writers; i++) {
        if (in->writers[i].state != BATCH_WRITER_IDLE) {
            drop_writer(in, i);
        }
    }
}

void recover_revoked(void *arg, bool lost)
{
    struct intake *in = arg;
    recover_drain(in);
    drop_all(in);
    disown(in);
    in->in_group = false;
    in->left_ms = clock_mono_ms();
    log_info(REVOKED, LOG_INT("lost", lost));
}

/* All was taken in, and the partition ends behind that: by markers of transactions. Retention may
 * delete those as well, and nothing is lost then. */
static size_t gather_ends(const struct intake *in, struct seen_end *out)
{
    size_t n = 0;
    for (size_t i = 0; i < in->n_progress; i++) {
        const struct progress *p = &in->progress[i];
        int64_t end = p->held ? source_seen_end(in->source, p->partition) : NO_OFFSET;
        if (end > p->next_offset && end != p->seen_end && p->committed == p->next_offset) {
            out[n++] = (struct seen_end){p->partition, p->epoch, p->committed, end};
        }
    }
    return n;
}

void recover_note_ends(struct intake *in)
{
    if (!in->db_up || !in->reading) {
        return;
    }
    struct seen_end *ends = mem_alloc(in->n_progress * sizeof *ends + 1);
    struct err err = {0};
    size_t n = gather_ends(in, ends);
    enum status s =
        n == 0 ? STATUS_OK
               : position_note_ends(in->control, in->conf->kafka_topic_absences, ends, n, &err);
    for (size_t i = 0; i < n && s == STATUS_OK; i++) {
        in->progress[ends[i].partition].seen_end = ends[i].end;
    }
    free(ends);
    if (s == STATUS_FATAL) {
        intake_cannot_go_on(in, &err);
    } else if (s != STATUS_OK) {
        recover_db_is_down(in, &err);
    }
}

void recover_look_for_requests(struct intake *in)
{
    int64_t now = clock_mono_ms();
    if (!in->reading || now - in->requests_ms < REQUESTS_MS) {
        return;
    }
    in->requests_ms = now;
    int32_t *ours = mem_alloc(in->n_progress * sizeof *ours + 1);
    size_t n = 0;
    for (size_t i = 0; i < in->n_progress; i++) {
        if (in->progress[i].held) {
            ours[n++] = (int32_t)i;
        }
    }
    bool asked = false;
    struct err err = {0};
    enum status s =
        position_requested(in->control, in->conf->kafka_topic_absences, ours, n, &asked, &err);
    free(ours);
    if (s == STATUS_FATAL) {
        intake_cannot_go_on(in, &err);
    } else if (s != STATUS_OK) {
        recover_db_is_down(in, &err);
    } else if (asked) {
        recover_drain(in);
        recover_start_over(in);
    }
}
