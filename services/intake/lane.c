#include "services/intake/lane.h"

#include <stdlib.h>
#include <string.h>

#include "common/casefile/load.h"
#include "common/clock.h"
#include "common/fault.h"

void lane_init(struct lane *l, struct pg *pg, size_t max_rows)
{
    *l = (struct lane){.pg = pg};
    batch_init(&l->batch[0], max_rows);
    batch_init(&l->batch[1], max_rows);
    l->filling = &l->batch[0];
    l->storing = &l->batch[1];
    caseload_init(&l->caseload);
}

void lane_clear(struct lane *l)
{
    batch_clear(&l->batch[0]);
    batch_clear(&l->batch[1]);
    caseload_clear(&l->caseload);
    pg_free(l->pg);
    free(l->advances);
    *l = (struct lane){0};
}

void lane_drop(struct lane *l)
{
    if (l->state != LANE_IDLE) {
        pg_disconnect(l->pg);
    }
    batch_reset(l->filling);
    batch_reset(l->storing);
    l->state = LANE_IDLE;
    l->careful = false;
    l->tries = 0;
    l->from = 0;
    l->take = 0;
}

/* ---- positions ---- */

static struct advance *advance_of(struct lane *l, const struct lane_around *around,
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

static void plan_advances(struct lane *l, const struct lane_around *around)
{
    free(l->advances);
    l->advances = calloc(around->n_progress, sizeof *l->advances);
    if (l->advances == NULL) {
        abort();
    }
    l->n_advances = 0;
    for (size_t i = l->from; i < l->from + l->take; i++) {
        const struct batch_message *m = &l->storing->messages[i];
        advance_of(l, around, m->partition)->next = m->offset + 1;
    }
}

/* ---- sending ---- */

static bool is_about_somebody(const struct inbound *in)
{
    return in->verdict == VERDICT_ABSENCE || in->verdict == VERDICT_PERSON;
}

static void gather_people(struct lane *l)
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

static enum status send_load(struct lane *l, struct err *err)
{
    caseload_sort(&l->caseload);
    enum status s = load_send(&l->caseload, l->pg, l->careful, err);
    if (s == STATUS_OK) {
        s = pg_flush(l->pg, err);
    }
    if (s == STATUS_OK) {
        l->state = LANE_LOADING;
        fault_point("intake.load_sent");
    }
    return s;
}

static enum status send_holders(struct lane *l, struct err *err)
{
    struct arena *a = l->caseload.arena;
    const char **keys[3];
    for (size_t k = 0; k < 3; k++) {
        keys[k] = arena_array(a, l->take, sizeof **keys);
    }
    size_t n = 0;
    for (size_t i = l->from; i < l->from + l->take; i++) {
        const struct inbound *in = &l->storing->messages[i].in;
        if (in->verdict == VERDICT_ABSENCE) {
            keys[0][n] = in->organisation;
            keys[1][n] = in->source;
            keys[2][n] = in->absence.absence_id;
            n++;
        }
    }
    enum status s = load_send_holders(l->pg, keys[0], keys[1], keys[2], n, err);
    if (s == STATUS_OK) {
        s = pg_flush(l->pg, err);
    }
    if (s == STATUS_OK) {
        l->state = LANE_HOLDERS;
    }
    return s;
}

/* The transaction begins with the positions: who is fenced learns it before doing any work. */
static enum status send_begin(struct lane *l, const struct lane_around *around, struct err *err)
{
    caseload_reset(&l->caseload);
    gather_people(l);
    plan_advances(l, around);
    l->began_ms = clock_mono_ms();
    enum status s = pg_send(l->pg, &pg_begin, NULL, err);
    if (s == STATUS_OK) {
        s = position_send_advance(l->pg, around->topic, l->advances, l->n_advances, err);
    }
    l->first_load_result = 2;
    if (s == STATUS_OK) {
        s = l->careful ? send_holders(l, err) : send_load(l, err);
    }
    return s;
}

enum status lane_begin(struct lane *l, const struct lane_around *around, struct err *err)
{
    struct batch *full = l->filling;
    l->filling = l->storing;
    l->storing = full;
    l->from = 0;
    l->take = full->n;
    l->careful = false;
    l->tries = 0;
    fault_point("intake.filled");
    return send_begin(l, around, err);
}

bool lane_has_more(const struct lane *l)
{
    return l->from + l->take < l->storing->n;
}

enum status lane_more(struct lane *l, const struct lane_around *around, struct err *err)
{
    l->from += l->take;
    l->take = l->storing->n - l->from;
    l->careful = false;
    l->tries = 0;
    return send_begin(l, around, err);
}

/* The database refused a value that decoding let through: a gap in our checks. Its message is set
 * aside rather than stop everybody's; the log says that there is something to mend. */
static void refuse_single(struct batch_message *m)
{
    m->in.verdict = VERDICT_REJECTED;
    m->in.reason = REJECT_NOT_STORABLE;
    m->in.detail[0] = '\0';
}

enum status lane_again(struct lane *l, const struct lane_around *around, enum status why,
                       struct err *err)
{
    l->tries++;
    l->careful = true;
    if (why == STATUS_REJECT) {
        if (l->take == 1) {
            refuse_single(&l->storing->messages[l->from]);
        } else {
            l->take /= 2;
        }
    }
    return send_begin(l, around, err);
}

/* ---- answers ---- */

static void apply_messages(struct lane *l, const struct lane_around *around)
{
    l->n_stored = 0;
    l->n_stale = 0;
    l->n_ignored = 0;
    l->n_dead = 0;
    memset(l->dead_by_reason, 0, sizeof l->dead_by_reason);
    for (size_t i = l->from; i < l->from + l->take; i++) {
        const struct inbound *in = &l->storing->messages[i].in;
        if (in->verdict == VERDICT_REJECTED) {
            l->n_dead++;
            l->dead_by_reason[in->reason]++;
        } else if (in->verdict == VERDICT_IGNORED) {
            l->n_ignored++;
        } else if (caseload_apply(&l->caseload, in, around->rules, around->now)) {
            l->n_stored++;
        } else {
            l->n_stale++;
        }
    }
}

static enum status derive_and_store(struct lane *l, const struct lane_around *around,
                                    struct err *err)
{
    apply_messages(l, around);
    caseload_derive(&l->caseload, around->rules, around->now, false);
    fault_point("intake.derived");
    const struct batch_message *m = &l->storing->messages[l->from];
    enum status s =
        store_send(&l->caseload, l->pg, around->rules, around->now, "message", &l->counts, err);
    if (s == STATUS_OK) {
        s = position_send_dead(l->pg, around->topic, m, l->take, around->now, err);
    }
    if (s == STATUS_OK) {
        s = position_send_feeds(l->pg, around->topic, m, l->take, around->now, err);
    }
    if (s == STATUS_OK) {
        s = pg_send(l->pg, &pg_commit, NULL, err);
    }
    if (s == STATUS_OK) {
        s = pg_flush(l->pg, err);
    }
    if (s == STATUS_OK) {
        l->state = LANE_STORING;
        fault_point("intake.store_sent");
    }
    return s;
}

static void committed(struct lane *l, const struct lane_around *around)
{
    fault_point("intake.committed");
    for (size_t i = 0; i < l->n_advances; i++) {
        around->progress[l->advances[i].partition].committed = l->advances[i].next;
    }
    l->state = LANE_IDLE;
    if (!lane_has_more(l)) {
        batch_reset(l->storing);
        l->from = 0;
        l->take = 0;
    }
}

enum status lane_step(struct lane *l, const struct lane_around *around, bool *done, struct err *err)
{
    *done = false;
    bool answered = false;
    enum status s = pg_poll(l->pg, &answered, err);
    if (s != STATUS_OK || !answered) {
        return s;
    }
    switch (l->state) {
    case LANE_HOLDERS:
        load_take_holders(&l->caseload, l->pg, l->first_load_result);
        l->first_load_result = 0; /* a pipeline of its own */
        return send_load(l, err);
    case LANE_LOADING:
        load_take(&l->caseload, l->pg, l->first_load_result, l->careful);
        fault_point("intake.loaded");
        return derive_and_store(l, around, err);
    case LANE_STORING:
        committed(l, around);
        *done = true;
        return STATUS_OK;
    case LANE_IDLE:
    default:
        return STATUS_OK;
    }
}
