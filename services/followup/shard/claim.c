/* The steps of a claim: begin, look, load, store, and what follows a failure. A claim that fails is
 * tried again with half of the people, down to one person. If the database refuses even that, the
 * person's case is set aside, unless the brake says that the fault is not the person's. */
#include "services/followup/shard/claim.h"

#include <string.h>

#include "common/base/err_code.h"
#include "common/casefile/aside.h"
#include "common/casefile/load.h"
#include "common/casefile/store.h"
#include "common/runtime/clock.h"
#include "common/runtime/fault.h"
#include "common/runtime/log.h"
#include "common/runtime/metrics.h"
#include "services/followup/shard/claim_store.h"

#define CUTS_MAX 20       /* records made smaller in one transaction */
#define TRIES_WHOLE 3     /* of people of whom one is refused, before they are divided */
#define PATIENCE 5        /* failures with a single person until that person is put off */
#define WAKES_MAX 200     /* people about whom something was entered, of one claim */
#define ENTRIES_MAX 50000 /* a claim stops at so many, see leave_some() */

void claim_init(struct claim *c, int64_t people_max)
{
    *c = (struct claim){.state = CLAIM_IDLE, .most = people_max, .limit = people_max};
    caseload_init(&c->caseload);
    c->caseload.only_wakes = true;
}

void claim_clear(struct claim *c)
{
    claim_drop(c);
    caseload_clear(&c->caseload);
}

void claim_drop(struct claim *c)
{
    if (c->state != CLAIM_IDLE) {
        pg_disconnect(c->pg);
    }
    states_claim(&c->state, STEP_CLAIM_DROP);
}

static void start(struct claim *c, struct pg *pg, const struct claim_around *around)
{
    c->pg = pg;
    c->around = *around;
    c->began_ms = clock_mono_ms();
    c->empty = false;
    c->full = false;
    c->paused = false;
    c->sets_aside = false;
    c->n_released = 0;
    c->n_people = 0;
    c->n_emitted = 0;
    c->n_withdrawn = 0;
    c->n_letters = 0;
}

/* ---- who is due ---- */

static void forget_batch(struct claim *c)
{
    caseload_reset(&c->caseload);
    c->records = NULL;
    c->n_records = 0;
    c->n_utterances = 0;
    c->silent = NULL;
    c->n_held = 0;
    c->n_held_prompts = 0;
    c->n_waiting = 0;
    c->n_unsure = 0;
}

enum status claim_begin(struct claim *c, struct pg *pg, const struct claim_around *around,
                        struct err *err)
{
    start(c, pg, around);
    forget_batch(c);
    if (c->limit > 1) {
        c->effort = EFFORT_BATCH;
    } else if (c->effort == EFFORT_BATCH) {
        c->effort = EFFORT_ALONE;
    }
    bool all = c->effort == EFFORT_BATCH;
    bool defers = around->kind == KIND_DEFER;
    bool first = around->shard == 0 && !defers && all;
    c->ask = (struct due_ask){.wakes = all || c->turn == TURN_WAKES,
                              .prompts = all || c->turn == TURN_PROMPTS,
                              .oh = all || c->turn == TURN_OH,
                              .shard = around->shard,
                              .shards = (int32_t)around->conf->followup_shards,
                              .now = around->now,
                              .max_people = c->limit,
                              .max_wakes = c->limit < WAKES_MAX ? (int32_t)c->limit : WAKES_MAX,
                              .release_held = around->release_held && !defers,
                              .letters = first,
                              .silences = first && around->kind != KIND_AHEAD};
    c->ask.n_without = topics_waiting(around->topics, c->caseload.arena, &c->ask.without);
    ledger_send_due(pg, &c->ask);
    return claim_flush(c, STEP_CLAIM_LOOKING, err);
}

static void tell_silences(const struct claim *c)
{
    for (size_t i = 0; c->silent != NULL && i < c->due.n_silences; i++) {
        for (size_t k = 0; k < c->silent[i].n; k++) {
            if (c->silent[i].items[k].event != NULL) {
                log_warn(FEED_SILENT, LOG_TEXT("organisation", c->due.silences[i].organisation));
            }
        }
    }
}

static void tell_aside(struct claim *c)
{
    static const char *const person = "person";
    const struct pg_result *r = pg_result(c->pg, 0);
    log_error(SET_ASIDE, LOG_TEXT("what", person),
              LOG_INT("no", pg_rows(r) > 0 ? pg_i64(r, 0, 0) : 0), LOG_INT("people", pg_rows(r)),
              LOG_TEXT("code", c->why.code), LOG_TEXT("constraint", c->why.text));
    metrics_add(METRIC_SET_ASIDE, &person, 1);
}

/* ---- steps ---- */

/* Nothing about this one person is refused any more. */
static void no_more_effort(struct claim *c)
{
    if (c->effort != EFFORT_BATCH) {
        c->effort = EFFORT_ALONE;
    }
}

static void next_turn(struct claim *c)
{
    c->turn = (c->turn + 1) % TURN_COUNT;
}

/* In a rush those about whom something was entered have every other claim for themselves, so that
 * they need not wait until thousands are derived. In the queue of prompts they keep their place. */
static bool only_woken(struct claim *c)
{
    struct caseload *cl = &c->caseload;
    c->apart = c->full && c->due.n_woken > 0 && !c->apart;
    for (size_t i = 0; i < c->due.n_woken && c->apart; i++) {
        cl->persons[i].due_prompts = false;
    }
    return c->apart;
}

/* Somebody may have hundreds of entries: the last of many people stay due, and come next. Nobody in
 * the queue of prompts does: HR would see who has entries. */
static void leave_some(struct claim *c)
{
    struct caseload *cl = &c->caseload;
    int64_t entries = 0;
    size_t n = c->due.n_woken;
    bool others = !only_woken(c);
    while (others && n < cl->n_persons &&
           (n == 0 || cl->persons[n].due_prompts ||
            entries + cl->persons[n].contacts <= ENTRIES_MAX)) {
        entries += cl->persons[n++].contacts;
    }
    c->full |= n < cl->n_persons;
    caseload_cut(cl, n);
}

/* New entries have been applied to their cases: those people are read again. */
static void send_loads(struct claim *c)
{
    struct caseload *cl = &c->caseload;
    if (c->due.n_woken > 0) {
        c->case_results = LOAD_RESULTS;
        load_send(cl, c->pg, false);
    } else {
        load_send_cases(cl, c->pg, &c->case_results);
    }
}

static enum status on_looked(struct claim *c, struct err *err)
{
    ledger_take_due(c->pg, &c->ask, &c->caseload, &c->due);
    c->paused = c->due.paused;
    c->due.paused |= c->around.kind == KIND_DEFER;
    c->n_released = c->due.released;
    c->full = (int64_t)c->due.n_prompts >= c->ask.max_people ||
              (int64_t)c->due.n_oh >= c->ask.max_people ||
              (int64_t)c->due.n_woken >= c->ask.max_wakes;
    leave_some(c);
    c->n_people = c->caseload.n_persons;
    if (c->due.paused || (c->due.n_letters > 0 &&
                          topics_ask(c->around.topics, c->around.conf->kafka_topic_dead_letter,
                                     "") != TOPIC_THERE)) {
        c->due.n_letters = 0;
    }
    if (c->due.ruleset_serial != c->around.rules->serial) {
        pg_disconnect(c->pg);
        return err_set(err, STATUS_RESYNC, ERR_RULES_CHANGED,
                       "settings or calendars were loaded meanwhile");
    }
    if (c->caseload.n_persons == 0) {
        if (c->effort != EFFORT_BATCH) { /* the person is not in this queue */
            c->effort = EFFORT_ALONE;
            next_turn(c);
            c->limit = ++c->empty_turns >= TURN_COUNT ? 2 : 1;
        }
        c->said = NULL;
        return claim_derive_and_store(c, err);
    }
    c->empty_turns = 0;
    if (c->caseload.n_persons != 1) {
        no_more_effort(c);
    } else if (c->effort == EFFORT_PUT_OFF) {
        return claim_put_off(c, err);
    } else if (c->effort == EFFORT_WITHOUT_CASE) {
        claim_mark_aside(c);
    }
    caseload_sort(&c->caseload);
    send_loads(c);
    ledger_send_said(&c->caseload, c->pg, &c->said_sent);
    ledger_send_erasing(c->pg);
    if (c->around.aside) {
        aside_send_ask(&c->caseload, c->pg, c->around.now);
    }
    return claim_flush(c, STEP_CLAIM_LOADING, err);
}

static enum status on_loaded(struct claim *c, struct err *err)
{
    if (c->due.n_woken > 0) {
        load_take(&c->caseload, c->pg, 0, false);
    } else {
        load_take_cases(&c->caseload, c->pg, 0, c->case_results);
    }
    c->said = arena_array(c->caseload.arena, c->caseload.n_persons, sizeof *c->said);
    memset(c->said, 0, c->caseload.n_persons * sizeof *c->said);
    if (c->said_sent) {
        ledger_take_said(&c->caseload, c->pg, c->case_results, c->said);
    }
    size_t nth = c->case_results + (c->said_sent ? 1 : 0);
    ledger_take_erasing(&c->caseload, c->pg, nth, c->said);
    if (c->around.aside) {
        aside_take(&c->caseload, c->pg, nth + 1);
    }
    fault_point("followup.loaded");
    return claim_derive_and_store(c, err);
}

static void on_stored(struct claim *c)
{
    fault_point("followup.claimed");
    if (c->sets_aside) {
        tell_aside(c);
    } else {
        brake_stored(c->around.brake, BRAKE_CASES, c->counts.spells);
        brake_stored(c->around.brake, BRAKE_EVENTS, c->n_emitted + c->n_withdrawn);
    }
    tell_silences(c);
    no_more_effort(c);
    c->failures = 0;
    c->alone_failures = 0;
    if (c->effort != EFFORT_BATCH) {
        next_turn(c);
    }
    if (c->limit < c->most && !c->sets_aside) { /* where one was found there may be another */
        c->limit = c->limit * 2 > c->most ? c->most : c->limit * 2;
    }
}

enum status claim_step(struct claim *c, bool *done, struct err *err)
{
    *done = c->state == CLAIM_IDLE;
    if (*done) {
        return STATUS_OK;
    }
    bool answered = false;
    enum status s = pg_poll(c->pg, &answered, err);
    if (s != STATUS_OK || !answered) {
        return s;
    }
    switch (c->state) {
    case CLAIM_LOOK:
        return on_looked(c, err);
    case CLAIM_LOAD:
        return on_loaded(c, err);
    case CLAIM_READ:
        ledger_take_batch(c->pg, 0, c->caseload.arena, &c->records, &c->n_records);
        break;
    case CLAIM_STORE:
        on_stored(c);
        break;
    case CLAIM_CONFIRM:
        c->failures = 0;
        fault_point("followup.confirmed");
        break;
    case CLAIM_CUT:
    case CLAIM_IDLE:
    default:
        break;
    }
    states_claim(&c->state, STEP_CLAIM_DONE);
    *done = true;
    return STATUS_OK;
}

/* Many in a row, refused for one reason: it is no matter of this person. The turn passes to the
 * other queues. */
static bool brake_holds(struct claim *c, enum status s, const struct err *why)
{
    if (s != STATUS_REJECT || c->effort > EFFORT_ALONE || c->caseload.n_persons != 1) {
        return false;
    }
    const struct case_person *p = &c->caseload.persons[0];
    if (brake_lets(c->around.brake, why, p->organisation, p->person_id, BRAKE_CASES,
                   clock_mono_ms())) {
        return false;
    }
    next_turn(c);
    return true;
}

void claim_failed(struct claim *c, enum status s, const struct err *why)
{
    claim_drop(c);
    if (s != STATUS_RETRY && s != STATUS_REJECT) {
        return;
    }
    c->failures++;
    if (s == STATUS_REJECT && c->effort == EFFORT_BATCH && c->failures <= TRIES_WHOLE) {
        return; /* the same once more, as they are */
    }
    c->limit = c->limit > 1 ? c->limit / 2 : 1;
    bool alone = c->effort != EFFORT_BATCH;
    c->alone_failures += alone;
    if (alone && (s == STATUS_REJECT || c->alone_failures > PATIENCE) && !brake_holds(c, s, why)) {
        c->why = *why;
        if (c->effort != EFFORT_ALONE) {
            brake_deeper(c->around.brake, BRAKE_EVENTS);
        }
        c->effort = c->effort == EFFORT_ALONE ? EFFORT_WITHOUT_CASE : EFFORT_PUT_OFF;
        c->failures = 0; /* something else is tried now */
    }
}

/* ---- the other three ---- */

enum status claim_read(struct claim *c, struct pg *pg, const struct claim_around *around,
                       int64_t batch_no, struct err *err)
{
    start(c, pg, around);
    forget_batch(c);
    ledger_send_batch(pg, around->shard, batch_no);
    return claim_flush(c, STEP_CLAIM_READING, err);
}

enum status claim_confirm(struct claim *c, struct pg *pg, const struct claim_around *around,
                          struct err *err)
{
    start(c, pg, around);
    c->empty = true;
    claim_send_advance(c, false);
    return claim_flush(c, STEP_CLAIM_CONFIRMING, err);
}

static void drop_record(struct claim *c, size_t i)
{
    memmove(&c->records[i], &c->records[i + 1], (c->n_records - i - 1) * sizeof *c->records);
    c->n_records--;
}

enum status claim_cut(struct claim *c, struct pg *pg, const struct claim_around *around,
                      int64_t batch_no, const bool *refused, struct err *err)
{
    start(c, pg, around);
    pg_send(pg, &pg_begin, NULL);
    ledger_send_check_epoch(pg, around->shard, around->epoch);
    size_t cuts = 0;
    for (size_t i = c->n_records; i > 0 && cuts < CUTS_MAX; i--) {
        if (!refused[i - 1]) {
            continue;
        }
        cuts++;
        struct outbound *r = &c->records[i - 1];
        bool smaller = letter_shrink(r, c->caseload.arena);
        ledger_send_cut(pg, around->shard, batch_no, r, !smaller);
        if (!smaller) {
            log_error(
                DEAD_LETTERS, LOG_INT("dropped", 1), LOG_TEXT("topic", r->topic),
                LOG_TEXT("msg", "no broker takes it however small; it stays in the database"));
            drop_record(c, i - 1);
        }
    }
    return claim_commit(c, STEP_CLAIM_CUTTING, err);
}
