/* A batch goes from BATCH_WRITER_IDLE through BATCH_WRITER_LOADING to BATCH_WRITER_STORING.
 * BATCH_WRITER_HOLDERS comes first where records may be another person's. A failed batch is in
 * BATCH_WRITER_WAITING until its next try. The first statement of its transaction moves the
 * positions, so a fenced owner fails before it does any work. A batch that the database refuses is
 * retried, then divided, until a single message remains. Its person is set aside, or it becomes a
 * dead letter. */
#include "services/intake/batch_writer.h"

#include <stdlib.h>
#include <string.h>

#include "common/casefile/aside.h"
#include "common/casefile/gone.h"
#include "common/casefile/load.h"
#include "common/runtime/clock.h"
#include "common/runtime/fault.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"

#define TRIES_WHOLE 3 /* of a batch that meets a refused value, before it is divided */
#define PAUSE_MAX_MS 2000

void batch_writer_init(struct batch_writer *l, struct pg *pg, size_t max_rows)
{
    *l = (struct batch_writer){.pg = pg};
    batch_init(&l->batch[0], max_rows);
    batch_init(&l->batch[1], max_rows);
    l->filling = &l->batch[0];
    l->storing = &l->batch[1];
    caseload_init(&l->caseload);
}

void batch_writer_clear(struct batch_writer *l)
{
    batch_clear(&l->batch[0]);
    batch_clear(&l->batch[1]);
    caseload_clear(&l->caseload);
    pg_free(l->pg);
    free(l->advances);
    *l = (struct batch_writer){0};
}

void batch_writer_drop(struct batch_writer *l)
{
    if (l->state != BATCH_WRITER_IDLE) {
        pg_disconnect(l->pg);
    }
    batch_reset(l->filling);
    batch_reset(l->storing);
    l->state = BATCH_WRITER_IDLE;
    l->careful = false;
    l->alone = false;
    l->held = false;
    l->tries = 0;
    l->from = 0;
    l->take = 0;
}

/* ---- positions ---- */

static struct advance *advance_of(struct batch_writer *l, const struct batch_writer_context *around,
                                  int32_t partition)
{
    for (size_t i = 0; i < l->n_advances; i++) {
        if (l->advances[i].partition == partition) {
            return &l->advances[i];
        }
    }
    const struct progress *p = &around->progress[partition];
    struct advance *a = &l->advances[l->n_advances++];
    *a = (struct advance){.partition = partition, .expected = p->committed, .epoch = p->epoch};
    return a;
}

static void plan_advances(struct batch_writer *l, const struct batch_writer_context *around)
{
    free(l->advances);
    l->advances = calloc(around->n_progress, sizeof *l->advances);
    if (l->advances == NULL) {
        abort();
    }
    l->n_advances = 0;
    for (size_t i = l->from; i < l->from + l->take; i++) {
        const struct batch_message *m = &l->storing->messages[i];
        struct advance *a = advance_of(l, around, m->partition);
        a->next = m->offset + 1;
        a->mark = m->mark;
    }
}

/* ---- sending ---- */

static bool is_about_somebody(const struct inbound *in)
{
    return in->verdict == VERDICT_ABSENCE || in->verdict == VERDICT_PERSON;
}

/* Must it be known who holds this record, before people are loaded? */
static bool asks_holder(const struct batch_writer *l, const struct inbound *in)
{
    return in->verdict == VERDICT_NOT_SICKNESS || (l->careful && in->verdict == VERDICT_ABSENCE);
}

static bool asks_holders(const struct batch_writer *l)
{
    for (size_t i = l->from; i < l->from + l->take; i++) {
        if (asks_holder(l, &l->storing->messages[i].in)) {
            return true;
        }
    }
    return false;
}

static void gather_people(struct batch_writer *l)
{
    for (size_t i = l->from; i < l->from + l->take; i++) {
        const struct inbound *in = &l->storing->messages[i].in;
        if (is_about_somebody(in)) {
            const char *person_id =
                in->verdict == VERDICT_ABSENCE ? in->absence.person_id : in->person.person_id;
            (void)caseload_person(&l->caseload, in->organisation, person_id);
        }
    }
}

static void ask_gone(struct batch_writer *l, const struct batch_writer_context *around)
{
    l->caseload.careful = l->careful;
    for (size_t i = l->from; i < l->from + l->take; i++) {
        gone_ask(&l->caseload, &l->storing->messages[i].in, around->rules, around->now);
    }
}

static enum status send_load(struct batch_writer *l, const struct batch_writer_context *around,
                             struct err *err)
{
    caseload_sort(&l->caseload);
    ask_gone(l, around);
    load_send(&l->caseload, l->pg, l->careful);
    l->asked_aside = clock_mono_ms() < l->aside_until_ms;
    if (l->asked_aside) {
        aside_send_ask(&l->caseload, l->pg, l->now);
    }
    gone_send(&l->caseload, l->pg, around->rules, &l->gone_sent);
    enum status s = pg_flush(l->pg, err);
    if (s == STATUS_OK) {
        l->state = BATCH_WRITER_LOADING;
        fault_point("intake.load_sent");
    }
    return s;
}

static enum status send_holders(struct batch_writer *l, struct err *err)
{
    struct arena *a = l->caseload.arena;
    const char **keys[3];
    for (size_t k = 0; k < 3; k++) {
        keys[k] = arena_array(a, l->take, sizeof **keys);
    }
    size_t n = 0;
    for (size_t i = l->from; i < l->from + l->take; i++) {
        const struct inbound *in = &l->storing->messages[i].in;
        if (asks_holder(l, in)) {
            keys[0][n] = in->organisation;
            keys[1][n] = in->source;
            keys[2][n] = in->absence.absence_id;
            n++;
        }
    }
    load_send_holders(l->pg, keys[0], keys[1], keys[2], n);
    enum status s = pg_flush(l->pg, err);
    if (s == STATUS_OK) {
        l->state = BATCH_WRITER_HOLDERS;
    }
    return s;
}

/* The transaction begins with the positions: who is fenced learns it before doing any work. */
static enum status send_begin(struct batch_writer *l, const struct batch_writer_context *around,
                              struct err *err)
{
    caseload_reset(&l->caseload);
    l->caseload.may_cut = l->take > 1;
    gather_people(l);
    plan_advances(l, around);
    l->began_ms = clock_mono_ms();
    l->now = around->now;
    pg_send(l->pg, &pg_begin, NULL);
    position_send_advance(l->pg, around->topic, l->advances, l->n_advances);
    l->first_load_result = 2;
    return asks_holders(l) ? send_holders(l, err) : send_load(l, around, err);
}

enum status batch_writer_begin(struct batch_writer *l, const struct batch_writer_context *around,
                               struct err *err)
{
    struct batch *full = l->filling;
    l->filling = l->storing;
    l->storing = full;
    l->from = 0;
    l->take = full->n;
    l->careful = false;
    l->alone = false;
    l->held = false;
    l->tries = 0;
    fault_point("intake.filled");
    return send_begin(l, around, err);
}

bool batch_writer_has_more(const struct batch_writer *l)
{
    return l->from + l->take < l->storing->n;
}

/* Where one was found there may be another: what is left is divided at once. */
enum status batch_writer_more(struct batch_writer *l, const struct batch_writer_context *around,
                              struct err *err)
{
    l->from += l->take;
    l->take = l->storing->n - l->from;
    l->careful = false;
    l->alone = false;
    l->held = false;
    l->tries = l->tries > TRIES_WHOLE ? TRIES_WHOLE : 0;
    return send_begin(l, around, err);
}

/* ---- failures ---- */

static int64_t pause_ms(const struct batch_writer *l)
{
    if (l->tries <= 2) {
        return 0;
    }
    int64_t ms = l->tries > 10 ? PAUSE_MAX_MS : INT64_C(8) << (l->tries - 2);
    return ms + clock_mono_ms() % (ms / 2); /* two that keep meeting must part */
}

void batch_writer_failed(struct batch_writer *l, enum status s, const struct err *why)
{
    trouble_meet(&l->trouble, why);
    l->tries++;
    l->failed = s;
    if (s == STATUS_REJECT) {
        l->refusal = *why;
    }
    l->state = BATCH_WRITER_WAITING;
    bool divides = s == STATUS_REJECT && l->tries > TRIES_WHOLE && !l->given_up && !l->held;
    l->again_at_ms = clock_mono_ms() + (divides ? 0 : pause_ms(l));
}

bool batch_writer_needs_raw(const struct batch_writer *l)
{
    return l->failed == STATUS_REJECT && l->tries > TRIES_WHOLE && !l->storing->raw;
}

/* Many in a row, refused for one reason: it is no matter of this message. */
static bool brake_holds(const struct batch_writer *l, const struct batch_writer_context *around,
                        enum brake_rows rows)
{
    const struct inbound *in = &l->storing->messages[l->from].in;
    const char *id = in->verdict == VERDICT_ABSENCE  ? in->absence.person_id
                     : in->verdict == VERDICT_PERSON ? in->person.person_id
                                                     : in->absence.absence_id;
    return !brake_lets(around->brake, &l->refusal, in->organisation, id == NULL ? "" : id, rows,
                       clock_mono_ms());
}

/* A single message is left. First its facts alone are stored: if that works, the database refused
 * the person's case. If that is refused too, decoding let a bad value through: the message becomes
 * a dead letter. */
static void narrow(struct batch_writer *l, const struct batch_writer_context *around)
{
    struct batch_message *m = &l->storing->messages[l->from];
    bool has_case = is_about_somebody(&m->in) || m->in.verdict == VERDICT_NOT_SICKNESS;
    if (l->take > 1) {
        l->take /= 2;
    } else if (!l->alone && has_case) {
        l->held = brake_holds(l, around, BRAKE_CASES);
        l->alone = !l->held;
    } else if (!l->alone && brake_holds(l, around, BRAKE_RECORDS)) {
        l->held = true;
    } else {
        brake_deeper(around->brake, BRAKE_RECORDS);
        l->alone = false;
        l->held = false;
        l->given_up = true;
        m->in.verdict = VERDICT_REJECTED;
        m->in.reason = REJECT_NOT_STORABLE;
        m->in.detail[0] = '\0';
    }
}

enum status batch_writer_again(struct batch_writer *l, const struct batch_writer_context *around,
                               struct err *err)
{
    l->careful = true;
    if (l->failed == STATUS_REJECT && l->tries > TRIES_WHOLE) {
        narrow(l, around);
    }
    return send_begin(l, around, err);
}

/* ---- answers ---- */

static void apply_messages(struct batch_writer *l, const struct batch_writer_context *around)
{
    l->n_stored = 0;
    l->n_stale = 0;
    l->n_ignored = 0;
    l->n_dead = 0;
    l->n_cut = 0;
    l->n_left_out = 0;
    memset(l->dead_by_reason, 0, sizeof l->dead_by_reason);
    for (size_t i = l->from; i < l->from + l->take; i++) {
        struct batch_message *m = &l->storing->messages[i];
        const struct inbound *in = &m->in;
        m->valid = is_about_somebody(in) || in->verdict == VERDICT_HEARTBEAT;
        if (in->verdict == VERDICT_REJECTED) {
            l->n_dead++;
            l->dead_by_reason[in->reason]++;
        } else if (in->verdict == VERDICT_HEARTBEAT ||
                   (in->verdict != VERDICT_IGNORED &&
                    caseload_apply(&l->caseload, in, around->rules, around->now))) {
            m->valid = true;
            l->n_stored++;
            if (in->verdict == VERDICT_ABSENCE) {
                l->n_cut += in->absence.n_cut;
                l->n_left_out += in->absence.n_left_out;
            }
        } else if (is_about_somebody(in)) {
            l->n_stale++;
        } else {
            l->n_ignored++;
        }
    }
}

/* The database refuses this person's case: HR's events continue, followup retries the rest. */
static void put_aside(struct batch_writer *l)
{
    for (size_t i = 0; i < l->caseload.n_persons; i++) {
        struct case_person *p = &l->caseload.persons[i];
        if (l->alone && p->derived) {
            p->aside = true;
            p->aside_until = instant_add_us(l->now, ASIDE_US);
        }
        if (p->aside) {
            p->oh_wake_at = p->aside_until;
        }
    }
}

static enum status derive_and_store(struct batch_writer *l,
                                    const struct batch_writer_context *around, struct err *err)
{
    apply_messages(l, around);
    caseload_derive(&l->caseload, around->rules, around->now, false);
    put_aside(l);
    fault_point("intake.derived");
    const struct batch_message *m = &l->storing->messages[l->from];
    if (l->alone) {
        aside_send(&l->caseload, l->pg, "intake", &l->refusal, false, around->now);
    }
    store_send(&l->caseload, l->pg, around->rules, around->now, "message", &l->counts);
    position_send_dead(l->pg, around->topic, m, l->take, around->now);
    position_send_feeds(l->pg, around->topic, m, l->take, around->now);
    position_send_heartbeats(l->pg, m, l->take, around->now);
    pg_send(l->pg, &pg_commit, NULL);
    enum status s = pg_flush(l->pg, err);
    if (s == STATUS_OK) {
        l->state = BATCH_WRITER_STORING;
        fault_point("intake.store_sent");
    }
    return s;
}

static void count_aside(const char *what)
{
    metrics_add(METRIC_SET_ASIDE, &what, 1);
}

/* Said once it is committed. */
static void tell_aside(struct batch_writer *l, const char *topic)
{
    const struct batch_message *m = &l->storing->messages[l->from];
    if (l->alone) {
        const struct pg_result *r = pg_result(l->pg, 0);
        log_error(SET_ASIDE, LOG_TEXT("what", "person"),
                  LOG_INT("no", pg_rows(r) > 0 ? pg_i64(r, 0, 0) : 0),
                  LOG_INT("people", pg_rows(r)), LOG_TEXT("code", l->refusal.code),
                  LOG_TEXT("constraint", l->refusal.text));
        count_aside("person");
        l->aside_until_ms = clock_mono_ms() + ASIDE_US / 1000;
    } else if (l->given_up) {
        log_error(SET_ASIDE, LOG_TEXT("what", "message"), LOG_TEXT("topic", topic),
                  LOG_INT("partition", m->partition), LOG_INT("offset", m->offset),
                  LOG_TEXT("code", l->refusal.code), LOG_TEXT("constraint", l->refusal.text));
        count_aside("message");
    }
    l->given_up = false;
}

static void committed(struct batch_writer *l, const struct batch_writer_context *around)
{
    fault_point("intake.committed");
    if (!l->alone && !l->given_up) {
        brake_stored(around->brake, BRAKE_RECORDS, l->counts.records);
        brake_stored(around->brake, BRAKE_CASES, l->counts.spells);
    }
    for (size_t i = 0; i < l->n_advances; i++) {
        around->progress[l->advances[i].partition].committed = l->advances[i].next;
    }
    tell_aside(l, around->topic);
    trouble_end(&l->trouble);
    l->state = BATCH_WRITER_IDLE;
    if (!batch_writer_has_more(l)) {
        l->keep_raw &= !l->storing->raw; /* who needed it is through */
        batch_reset(l->storing);
        l->from = 0;
        l->take = 0;
    }
}

/* In the order in which send_load() asked. */
static void take_load(struct batch_writer *l)
{
    load_take(&l->caseload, l->pg, l->first_load_result, l->careful);
    size_t next = l->first_load_result + LOAD_RESULTS + (l->careful ? 1 : 0);
    if (l->asked_aside) {
        aside_take(&l->caseload, l->pg, next++);
    }
    if (l->gone_sent) {
        gone_take(&l->caseload, l->pg, next);
    }
}

enum status batch_writer_step(struct batch_writer *l, const struct batch_writer_context *around,
                              bool *done, struct err *err)
{
    *done = false;
    bool answered = false;
    if (l->state == BATCH_WRITER_WAITING) {
        return STATUS_OK;
    }
    enum status s = pg_poll(l->pg, &answered, err);
    if (s != STATUS_OK || !answered) {
        return s;
    }
    switch (l->state) {
    case BATCH_WRITER_HOLDERS:
        load_take_holders(&l->caseload, l->pg, l->first_load_result);
        l->first_load_result = 0; /* a pipeline of its own */
        return send_load(l, around, err);
    case BATCH_WRITER_LOADING:
        if (load_is_cut(&l->caseload, l->pg, l->first_load_result, l->careful)) {
            l->take /= 2;
            pg_disconnect(l->pg);
            return err_set(err, STATUS_RETRY, "entries", "too many entries about these people");
        }
        take_load(l);
        if (l->caseload.missed) {
            pg_disconnect(l->pg); /* the transaction goes with it */
            return err_set(err, STATUS_RETRY, "record_moved", "a record moved while it was loaded");
        }
        fault_point("intake.loaded");
        return derive_and_store(l, around, err);
    case BATCH_WRITER_STORING:
        committed(l, around);
        *done = true;
        return STATUS_OK;
    case BATCH_WRITER_IDLE:
    case BATCH_WRITER_WAITING:
    default:
        return STATUS_OK;
    }
}
