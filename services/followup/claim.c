#include "services/followup/claim.h"

#include <stdlib.h>
#include <string.h>

#include "common/casefile/load.h"
#include "common/casefile/store.h"
#include "common/clock.h"
#include "common/fault.h"
#include "common/log.h"

#define CUTS_MAX 20 /* records made smaller in one transaction */
#define PATIENCE 5  /* failures with a single person until that person is put off */
#define PUT_OFF_US (3600 * US_PER_SECOND)

void claim_init(struct claim *c, int64_t people_max)
{
    *c = (struct claim){.most = people_max, .limit = people_max};
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
    c->state = CLAIM_IDLE;
}

static void start(struct claim *c, struct pg *pg, const struct claim_around *around)
{
    c->pg = pg;
    c->around = *around;
    c->began_ms = clock_mono_ms();
    c->empty = false;
    c->full = false;
    c->paused = false;
    c->n_released = 0;
    c->n_people = 0;
    c->n_emitted = 0;
    c->n_withdrawn = 0;
    c->n_letters = 0;
}

/* Ends the pipeline that the statements before went into. */
static enum status flush(struct claim *c, enum status s, enum claim_state next, struct err *err)
{
    c->state = next;
    return s == STATUS_OK ? pg_flush(c->pg, err) : s;
}

static enum status commit(struct claim *c, enum status s, enum claim_state next, struct err *err)
{
    if (s == STATUS_OK) {
        s = pg_send(c->pg, &pg_commit, NULL, err);
    }
    return flush(c, s, next, err);
}

/* ---- who is due ---- */

static void forget_batch(struct claim *c)
{
    caseload_reset(&c->caseload);
    c->records = NULL;
    c->n_records = 0;
    c->n_utterances = 0;
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
    c->alone = c->limit == 1;
    c->ask = (struct due_ask){.prompts = !c->alone || !c->oh_turn,
                              .oh = !c->alone || c->oh_turn,
                              .shard = around->shard,
                              .shards = (int32_t)around->conf->followup_shards,
                              .now = around->now,
                              .max_people = c->limit,
                              .release_held = around->release_held && !around->hold,
                              .letters = around->shard == 0 && !around->hold,
                              .silences = around->shard == 0 && !around->hold && !around->ahead};
    c->ask.n_without = topics_waiting(around->topics, c->caseload.arena, &c->ask.without);
    return flush(c, ledger_send_due(pg, &c->ask, err), CLAIM_LOOKING, err);
}

static enum status send_advance(struct claim *c, bool claims, struct err *err)
{
    const struct advance_shard a = {.shard = c->around.shard,
                                    .epoch = c->around.epoch,
                                    .next_batch = c->around.next_batch,
                                    .published = c->around.published,
                                    .claims = claims};
    return ledger_send_advance(c->pg, &a, err);
}

/* ---- what is to be said ---- */

static enum event_audience audience_of(const struct saying *s)
{
    return event_kind_audience(s->event != NULL ? s->event->kind : s->takes_back->kind);
}

/* Only what the queues the person was found in are about. True: something for occupational health
 * was left out. */
static bool keep_due(struct sayings *s, const struct case_person *p)
{
    size_t n = 0;
    bool oh_left = false;
    for (size_t i = 0; i < s->n; i++) {
        bool hr = audience_of(&s->items[i]) == AUDIENCE_HR;
        if (hr ? p->due_prompts : p->due_oh) {
            s->items[n++] = s->items[i];
        } else {
            oh_left |= !hr;
        }
    }
    s->n = n;
    return oh_left;
}

static enum topic_state topic_for(const struct claim *c, const struct case_person *p,
                                  const struct saying *s)
{
    const char *topic = s->takes_back != NULL ? s->takes_back->topic
                                              : render_topic(s->event->kind, c->around.conf,
                                                             p->organisation, c->caseload.arena);
    return topics_ask(c->around.topics, topic, p->organisation);
}

/* What is for HR is not frozen for a topic that is not there: it would hold up everybody's. All of
 * somebody's waits together, and by the organisation alone: HR learns nothing from that. */
static void wait_for_topic(struct claim *c, struct sayings *s, struct case_person *p)
{
    enum topic_state state = TOPIC_THERE;
    for (size_t i = 0; i < s->n && state == TOPIC_THERE && !c->due.paused; i++) {
        if (audience_of(&s->items[i]) == AUDIENCE_HR) {
            state = topic_for(c, p, &s->items[i]);
        }
    }
    if (state == TOPIC_THERE) {
        return;
    }
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (audience_of(&s->items[i]) == AUDIENCE_OH) {
            s->items[n++] = s->items[i];
        }
    }
    s->n = n;
    if (state == TOPIC_MISSING) {
        c->waiting[c->n_waiting++] = p;
    } else {
        p->wake_at = p->stored_wake;
        c->n_unsure++;
    }
}

/* Never a tight circle. */
static struct instant later(struct instant wake, struct instant now)
{
    bool passed = !instant_is_none(wake) && wake.us <= now.us;
    return passed ? instant_add_us(now, US_PER_SECOND) : wake;
}

static struct instant next_look(struct instant wake, const struct said *said,
                                enum event_audience audience, struct instant now)
{
    struct instant ahead = diff_ahead(said->rows, said->n, audience, now);
    wake = later(wake, now);
    return instant_is_none(wake) || (!instant_is_none(ahead) && ahead.us < wake.us) ? ahead : wake;
}

/* The clock went back: something of it cannot be taken back yet. */
static bool is_behind(const struct said *said, struct instant now)
{
    return !instant_is_none(diff_ahead(said->rows, said->n, AUDIENCE_OH, now)) ||
           !instant_is_none(diff_ahead(said->rows, said->n, AUDIENCE_HR, now));
}

/* All that is due was said, or is noted to be said later: what is left is to wait. Who was not
 * found in the queue of prompts keeps the place in it. */
static void set_wakes(struct case_person *p, const struct said *said, struct instant now,
                      bool oh_left)
{
    p->wake_at =
        p->due_prompts ? next_look(p->cw.prompt_wake_at, said, AUDIENCE_HR, now) : p->stored_wake;
    bool waits = !instant_is_none(p->stored_oh_wake) && p->stored_oh_wake.us <= now.us;
    if (p->due_oh || (!waits && !oh_left)) {
        p->oh_wake_at = next_look(p->cw.oh_wake_at, said, AUDIENCE_OH, now);
    } else {
        p->oh_wake_at = waits ? p->stored_oh_wake : now;
    }
}

/* Of everybody: what there is to say, and how many sayings that is. */
static struct sayings *compare(struct claim *c, size_t *total)
{
    struct caseload *cl = &c->caseload;
    struct sayings *all = arena_array(cl->arena, cl->n_persons + c->due.n_silences, sizeof *all);
    struct standing *standing = NULL;
    size_t n = 0;
    *total = 0;
    c->waiting = arena_array(cl->arena, cl->n_persons, sizeof *c->waiting);
    for (size_t i = 0; i < cl->n_persons; i++) {
        const struct case_person *p = &cl->persons[i];
        struct said *said = &c->said[i];
        diff_stand(&p->cw, c->around.now, cl->arena, &standing, &n);
        n = said->erasing ? 0 : n;
        diff_mark_settled(said->rows, said->n, p, c->around.now);
        all[i] = diff(standing, n, said->rows, said->n, &p->rules, c->around.now, cl->arena);
        size_t found = all[i].n;
        set_wakes(&cl->persons[i], said, c->around.now, keep_due(&all[i], p));
        wait_for_topic(c, &all[i], &cl->persons[i]);
        said->all_taken = said->erasing && all[i].n == found && !is_behind(said, c->around.now);
        *total += all[i].n;
    }
    for (size_t i = 0; i < c->due.n_silences && !c->due.paused; i++) {
        const struct silence *f = &c->due.silences[i];
        struct rules rules = ruleset_for(c->around.rules, f->organisation);
        diff_stand_silent(&rules, f->organisation, f->last_valid, c->around.now, cl->arena,
                          &standing, &n);
        all[cl->n_persons + i] =
            diff(standing, n, f->emitted, f->n_emitted, &rules, c->around.now, cl->arena);
        *total += all[cl->n_persons + i].n;
    }
    return all;
}

/* p: NULL about an organisation. */
static void utter(struct claim *c, const struct sayings *s, const struct render_about *about,
                  struct case_person *p)
{
    int32_t emitted = 0;
    int32_t prompted = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct utterance *u = &c->utterances[c->n_utterances++];
        struct outbound *r = &c->records[c->n_records];
        *u = (struct utterance){.organisation = about->organisation,
                                .person_id = about->person_id == NULL ? "" : about->person_id,
                                .takes_back = s->items[i].takes_back};
        render_saying(&s->items[i], about, c->caseload.arena, r, &u->row);
        r->ord = (int32_t)c->n_records++;
        if (u->takes_back == NULL) {
            c->n_emitted++;
            emitted++;
            prompted += audience_of(&s->items[i]) == AUDIENCE_HR;
        } else {
            c->n_withdrawn++;
        }
    }
    if (p != NULL) {
        p->more_emitted = emitted;
        p->more_prompted = prompted;
    }
}

static void tell_silences(const struct claim *c, const struct sayings *s)
{
    for (size_t i = 0; i < c->due.n_silences; i++) {
        for (size_t k = 0; k < s[i].n; k++) {
            if (s[i].items[k].event != NULL) {
                log_warn(FEED_SILENT, LOG_TEXT("organisation", c->due.silences[i].organisation));
            }
        }
    }
}

static void render_all(struct claim *c, const struct sayings *all, size_t total)
{
    const struct caseload *cl = &c->caseload;
    const struct ruleset *rules = c->around.rules;
    char marker[MARKER_TEXT];
    render_marker(rules->install_key, c->around.shard, c->around.next_batch, marker);
    c->utterances = arena_array(cl->arena, total, sizeof *c->utterances);
    c->records = arena_array(cl->arena, total + c->due.n_letters, sizeof *c->records);
    struct render_about about = {.conf = c->around.conf, .marker = marker, .now = c->around.now};
    for (size_t i = 0; i < cl->n_persons; i++) {
        about.rules = &cl->persons[i].rules;
        about.organisation = cl->persons[i].organisation;
        about.person_id = cl->persons[i].person_id;
        utter(c, &all[i], &about, &cl->persons[i]);
    }
    for (size_t i = 0; i < c->due.n_silences; i++) {
        const struct rules of = ruleset_for(rules, c->due.silences[i].organisation);
        about.rules = &of;
        about.organisation = c->due.silences[i].organisation;
        about.person_id = NULL;
        utter(c, &all[cl->n_persons + i], &about, NULL);
    }
    for (size_t i = 0; i < c->due.n_letters; i++) {
        struct outbound *r = &c->records[c->n_records];
        letter_render(&c->due.letters[i], c->around.conf->kafka_topic_dead_letter,
                      rules->install_key, marker, cl->arena, r);
        r->ord = (int32_t)c->n_records++;
    }
    c->n_letters = c->due.n_letters;
}

/* While the emission is paused cases are derived all the same, and who has something to say is
 * noted: nothing is lost, nothing goes out. */
static void hold_back(struct claim *c, const struct sayings *all)
{
    const struct caseload *cl = &c->caseload;
    c->held = arena_array(cl->arena, cl->n_persons, sizeof *c->held);
    c->held_prompts = arena_array(cl->arena, cl->n_persons, sizeof *c->held_prompts);
    for (size_t i = 0; i < cl->n_persons; i++) {
        bool hr = false;
        bool oh = c->said[i].erasing;
        for (size_t k = 0; k < all[i].n; k++) {
            hr |= audience_of(&all[i].items[k]) == AUDIENCE_HR;
            oh |= audience_of(&all[i].items[k]) == AUDIENCE_OH;
        }
        if (hr) {
            c->held_prompts[c->n_held_prompts++] = &cl->persons[i];
        }
        if (oh) {
            c->held[c->n_held++] = &cl->persons[i];
        }
    }
}

static bool nothing_to_do(const struct claim *c, size_t total)
{
    return c->caseload.n_persons == 0 && total == 0 && c->due.n_letters == 0;
}

static enum status close_empty(struct claim *c, struct err *err)
{
    c->empty = true;
    enum status s = STATUS_OK;
    if (c->around.published > c->around.confirmed) {
        s = send_advance(c, false, err);
    }
    if (s == STATUS_OK) {
        s = pg_send(c->pg, &pg_commit, NULL, err);
    }
    if (s == STATUS_OK && !c->around.hold) {
        s = ledger_send_finished(c->pg, c->around.now, c->paused, c->around.rehearsal, err);
    }
    return flush(c, s, CLAIM_CLOSING, err);
}

/* Of those to be erased all has been taken back by this claim: `dayfour` does the rest. */
static enum status send_erasable(struct claim *c, struct err *err)
{
    const struct caseload *cl = &c->caseload;
    const struct case_person **p = arena_array(cl->arena, cl->n_persons, sizeof *p);
    size_t n = 0;
    for (size_t i = 0; i < cl->n_persons && !c->due.paused; i++) {
        if (c->said[i].all_taken) {
            p[n++] = &cl->persons[i];
        }
    }
    return n == 0 ? STATUS_OK : ledger_send_erasable(c->pg, p, n, c->around.now, err);
}

static enum status send_said(struct claim *c, struct err *err)
{
    struct arena *a = c->caseload.arena;
    enum status s =
        ledger_send_utterances(c->pg, c->utterances, c->n_utterances, c->around.now, a, err);
    s = s == STATUS_OK ? send_erasable(c, err) : s;
    if (s == STATUS_OK && c->n_letters > 0) {
        s = ledger_send_letters(c->pg, c->due.letters, c->n_letters, c->around.next_batch, err);
    }
    if (s == STATUS_OK && c->n_held > 0) {
        s = ledger_send_held(c->pg, c->held, c->n_held, false, err);
    }
    if (s == STATUS_OK && c->n_waiting > 0) {
        s = ledger_send_held(c->pg, c->waiting, c->n_waiting, true, err);
    }
    if (s == STATUS_OK && c->n_held_prompts > 0) {
        s = ledger_send_held(c->pg, c->held_prompts, c->n_held_prompts, true, err);
    }
    if (s == STATUS_OK && c->n_records > 0) {
        s = ledger_send_outbox(c->pg, c->around.shard, c->around.next_batch, c->records,
                               c->n_records, err);
    }
    return s;
}

static enum status derive_and_store(struct claim *c, struct err *err)
{
    struct caseload *cl = &c->caseload;
    caseload_derive(cl, c->around.rules, c->around.now, true);
    size_t total = 0;
    struct sayings *all = compare(c, &total);
    if (nothing_to_do(c, total)) {
        return close_empty(c, err);
    }
    if (c->due.paused) {
        hold_back(c, all);
    } else {
        render_all(c, all, total);
    }
    fault_point("followup.derived");
    enum status s =
        store_send(cl, c->pg, c->around.rules, c->around.now, c->around.why, &c->counts, err);
    if (s == STATUS_OK) {
        s = send_said(c, err);
    }
    if (s == STATUS_OK) {
        s = send_advance(c, c->n_records > 0, err);
    }
    if (s == STATUS_OK && !c->due.paused) {
        tell_silences(c, all + cl->n_persons);
    }
    s = commit(c, s, CLAIM_STORING, err);
    fault_point("followup.claim_sent");
    return s;
}

/* ---- one person the database refuses ---- */

static enum status put_off(struct claim *c, struct err *err)
{
    const struct case_person *p = &c->caseload.persons[0];
    log_error(BATCH_RETRIED, LOG_TEXT("code", "refused"),
              LOG_TEXT("msg", "what is derived for one person cannot be stored; put off"));
    enum status s =
        ledger_send_put_off(c->pg, p, instant_add_us(c->around.now, PUT_OFF_US), !c->oh_turn, err);
    return commit(c, s, CLAIM_STORING, err);
}

/* ---- steps ---- */

static enum status looked(struct claim *c, struct err *err)
{
    ledger_take_due(c->pg, &c->ask, &c->caseload, &c->due);
    c->paused = c->due.paused;
    c->due.paused |= c->around.hold;
    c->n_released = c->due.released;
    c->n_people = c->caseload.n_persons;
    c->full =
        (int64_t)c->due.n_prompts >= c->ask.max_people || (int64_t)c->due.n_oh >= c->ask.max_people;
    if (c->due.paused || (c->due.n_letters > 0 &&
                          topics_ask(c->around.topics, c->around.conf->kafka_topic_dead_letter,
                                     "") != TOPIC_THERE)) {
        c->due.n_letters = 0;
    }
    if (c->due.ruleset_serial != c->around.rules->serial) {
        pg_disconnect(c->pg);
        return err_set(err, STATUS_RESYNC, "CT003", "settings or calendars were loaded meanwhile");
    }
    if (c->caseload.n_persons == 0) {
        if (c->alone) { /* whoever it was is not in this queue */
            c->oh_turn = !c->oh_turn;
            c->limit = 2;
        }
        c->said = NULL;
        return derive_and_store(c, err);
    }
    if (c->refused && c->caseload.n_persons == 1) {
        c->refused = false;
        return put_off(c, err);
    }
    caseload_sort(&c->caseload);
    enum status s = load_send_cases(&c->caseload, c->pg, &c->case_results, err);
    if (s == STATUS_OK) {
        s = ledger_send_said(&c->caseload, c->pg, &c->said_sent, err);
    }
    if (s == STATUS_OK) {
        s = ledger_send_erasing(c->pg, err);
    }
    return flush(c, s, CLAIM_LOADING, err);
}

static enum status loaded(struct claim *c, struct err *err)
{
    load_take_cases(&c->caseload, c->pg, 0, c->case_results);
    c->said = arena_array(c->caseload.arena, c->caseload.n_persons, sizeof *c->said);
    memset(c->said, 0, c->caseload.n_persons * sizeof *c->said);
    if (c->said_sent) {
        ledger_take_said(&c->caseload, c->pg, c->case_results, c->said);
    }
    ledger_take_erasing(&c->caseload, c->pg, c->case_results + (c->said_sent ? 1 : 0), c->said);
    fault_point("followup.loaded");
    return derive_and_store(c, err);
}

static void stored(struct claim *c)
{
    fault_point("followup.claimed");
    c->refused = false;
    c->failures = 0;
    c->oh_turn ^= c->alone;
    if (c->limit < c->most) {
        c->limit = c->limit * 2 > c->most ? c->most : c->limit * 2;
    }
}

enum status claim_step(struct claim *c, bool *done, struct err *err)
{
    *done = false;
    bool answered = false;
    enum status s = c->state == CLAIM_IDLE ? STATUS_OK : pg_poll(c->pg, &answered, err);
    if (s != STATUS_OK || !answered) {
        return s;
    }
    switch (c->state) {
    case CLAIM_LOOKING:
        return looked(c, err);
    case CLAIM_LOADING:
        return loaded(c, err);
    case CLAIM_READING:
        ledger_take_batch(c->pg, 0, c->caseload.arena, &c->records, &c->n_records);
        break;
    case CLAIM_STORING:
        stored(c);
        break;
    case CLAIM_CLOSING:
        fault_point("followup.confirmed");
        break;
    case CLAIM_IDLE:
    case CLAIM_CUTTING:
    default:
        break;
    }
    c->state = CLAIM_IDLE;
    *done = true;
    return STATUS_OK;
}

void claim_failed(struct claim *c, enum status s)
{
    claim_drop(c);
    if (s == STATUS_RETRY || s == STATUS_REJECT) {
        c->limit = c->limit > 1 ? c->limit / 2 : 1;
        c->failures += c->alone;
        c->refused = c->alone && (s == STATUS_REJECT || c->failures > PATIENCE);
    }
}

/* ---- the other three ---- */

enum status claim_read(struct claim *c, struct pg *pg, const struct claim_around *around,
                       int64_t batch_no, struct err *err)
{
    start(c, pg, around);
    forget_batch(c);
    return flush(c, ledger_send_batch(pg, around->shard, batch_no, err), CLAIM_READING, err);
}

enum status claim_confirm(struct claim *c, struct pg *pg, const struct claim_around *around,
                          struct err *err)
{
    start(c, pg, around);
    c->empty = true;
    return flush(c, send_advance(c, false, err), CLAIM_CLOSING, err);
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
    enum status s = pg_send(pg, &pg_begin, NULL, err);
    if (s == STATUS_OK) {
        s = ledger_send_check_epoch(pg, around->shard, around->epoch, err);
    }
    size_t cuts = 0;
    for (size_t i = c->n_records; i > 0 && s == STATUS_OK && cuts < CUTS_MAX; i--) {
        if (!refused[i - 1]) {
            continue;
        }
        cuts++;
        struct outbound *r = &c->records[i - 1];
        bool smaller = letter_shrink(r, c->caseload.arena);
        s = ledger_send_cut(pg, around->shard, batch_no, r, !smaller, err);
        if (!smaller) {
            log_error(
                DEAD_LETTERS, LOG_INT("dropped", 1), LOG_TEXT("topic", r->topic),
                LOG_TEXT("msg", "no broker takes it however small; it stays in the database"));
            drop_record(c, i - 1);
        }
    }
    return commit(c, s, CLAIM_CUTTING, err);
}
