/* Record by record of the file, then row by row of the state: what is published of it, and what the
 * state is to say. */
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/event/inbound.h"
#include "common/feed/difference/difference_inside.h"
#include "common/feed/difference/matching.h"

#define JOINED_DAYS 60   /* after the last day nobody is rung: contact details do not matter */
#define LEAVES_DAYS 60   /* after the window a record leaves the state */
#define MAX_BYTES 262144 /* intake.max_bytes, as shipped */

/* The run at hand. */
struct finding {
    struct difference *d;
    struct difference_inside *in;
    struct buf scratch, value;
    struct arena *decode;
};

static void add(struct steps *s, struct step step)
{
    if (s->n == s->cap) {
        s->cap = s->cap == 0 ? 256 : s->cap + s->cap / 2;
        s->step = mem_resize(s->step, s->cap, sizeof *s->step);
    }
    s->step[s->n++] = step;
}

static void publish(struct finding *f, struct step step)
{
    struct difference_counts *c = &f->d->counts;
    struct content content = difference_content(f->in, &step);
    c->opened += step.kind == DIFFERENCE_OPENED;
    c->amended += step.kind == DIFFERENCE_AMENDED;
    c->closed += step.kind == DIFFERENCE_CLOSED;
    c->cancelled += step.kind == DIFFERENCE_CANCELLED;
    f->in->sent_of[records_organisation(&f->in->records, content.organisation)]++;
    add(&f->in->loud, step);
}

/* ---- records of the file ---- */

static bool is_blank(const uint8_t digest[STATE_DIGEST])
{
    static const uint8_t blank[STATE_DIGEST];
    return memcmp(digest, blank, STATE_DIGEST) == 0;
}

static bool differs(const struct finding *f, const struct content *c, const struct state_kept *k,
                    const uint8_t digest[STATE_DIGEST])
{
    bool old = !date_is_none(c->last_day) && date_diff(c->last_day, f->in->today) > JOINED_DAYS;
    return is_blank(k->digest) || content_core_differs(k->digest, digest) ||
           (!old && content_joined_differs(k->digest, digest));
}

/* Which event a record needs; false: none. */
static bool kind_of(const struct finding *f, const struct content *c, const struct state_kept *k,
                    const uint8_t digest[STATE_DIGEST], enum difference_kind *out)
{
    bool over = content_is_over(c);
    if (k == NULL) {
        *out = DIFFERENCE_OPENED;
        return true;
    }
    if (k->cancelled) {
        *out = DIFFERENCE_AMENDED;
        return true;
    }
    *out = over ? DIFFERENCE_CLOSED : DIFFERENCE_AMENDED;
    return f->in->doubt || differs(f, c, k, digest) || (over && !k->ended);
}

static enum row_fault fault_of(const struct inbound *in)
{
    return in->reason == REJECT_MISSING_FIELD           ? ROW_EMPTY
           : in->reason == REJECT_UNKNOWN_CATEGORY      ? ROW_UNKNOWN_VALUE
           : in->reason == REJECT_LAST_DAY_BEFORE_ONSET ? ROW_LAST_DAY_BEFORE_ONSET
           : in->reason == REJECT_TOO_LARGE             ? ROW_TOO_LONG
                                                        : ROW_OUT_OF_RANGE;
}

/* Would intake take it? The same decoder says so: nothing we publish may become a dead letter. */
static bool is_taken(struct finding *f, const struct content *c, enum difference_kind kind,
                     struct record *record)
{
    static const struct header structured = {
        .name = "content-type", .value = "application/cloudevents+json", .len = 28};
    const struct inbound_limits limits = {.max_bytes = MAX_BYTES};
    struct difference_event event;
    struct inbound in;
    buf_reset(&f->value);
    arena_reset(f->decode);
    events_absence(&f->in->events, c, kind, &f->value, &event);
    const struct raw_record raw = {
        .value = f->value.data, .len = f->value.len, .headers = &structured, .n_headers = 1};
    inbound_decode(&raw, &limits, f->decode, &in);
    if (in.verdict == VERDICT_ABSENCE) {
        return true;
    }
    records_reject(&f->in->records, record, MAPPING_MEMBER_COUNT, fault_of(&in));
    return false;
}

static void count_changes(struct finding *f, const struct record *record,
                          const struct state_kept *k, const uint8_t digest[STATE_DIGEST])
{
    bool changed = !is_blank(k->digest) && !k->cancelled &&
                   (content_reason_differs(k->digest, digest) || !date_eq(k->onset, record->onset));
    f->d->counts.known++;
    f->d->counts.changed += changed;
    f->d->counts.moved += (record->flags & RECORD_MOVED) != 0;
}

static void judge_record(struct finding *f, size_t i)
{
    struct record *record = records_at(&f->in->records, i);
    struct content c = content_of_record(&f->in->content, record);
    const struct state_kept *k =
        record->state == RECORD_NONE ? NULL : state_kept_at(f->in->in.state, record->state);
    uint8_t digest[STATE_DIGEST];
    enum difference_kind kind = DIFFERENCE_OPENED;
    content_digest(&c, f->in->in.key, &f->scratch, digest);
    bool event = kind_of(f, &c, k, digest, &kind);
    if (event && !is_taken(f, &c, kind, record)) {
        if (k != NULL) {
            f->in->records.mark[record->state] |= MARK_PROTECTED;
        }
        return;
    }
    f->d->counts.records++;
    f->in->records_of[records_organisation(&f->in->records, record->organisation)]++;
    f->d->counts.without_staff += f->in->people != NULL && c.person == PEOPLE_NONE;
    f->d->counts.without_phone += content_value(&c, MAPPING_CONTACT_PHONE) == 0;
    if (k != NULL) {
        count_changes(f, record, k, digest);
        f->d->counts.anew += event;
    }
    struct step step = {.record = (uint32_t)i, .state = record->state, .kind = (uint8_t)kind};
    if (event) {
        step.what = STEP_PUBLISH;
        publish(f, step);
    } else if (k->missing > 0 || k->settled) {
        step.what = STEP_SEEN;
        add(&f->in->quiet, step);
    }
}

/* ---- rows of the state without a record ---- */

static struct step step_of(size_t state, enum step_what what, enum difference_kind kind)
{
    return (struct step){.record = RECORD_NONE,
                         .state = (uint32_t)state,
                         .what = (uint8_t)what,
                         .kind = (uint8_t)kind};
}

static void is_missing(struct finding *f, size_t i, const struct state_kept *k)
{
    const struct mapping_rules *rules = &f->in->in.mapping->rules;
    if (k->missing + 1 < rules->missing_runs) {
        add(&f->in->quiet, step_of(i, STEP_MISSING, DIFFERENCE_OPENED));
        return;
    }
    struct step close = step_of(i, STEP_CLOSE, DIFFERENCE_CLOSED);
    bool lasted = difference_content(f->in, &close).last_day.days >= k->onset.days;
    if (rules->missing == MISSING_KEEP) {
        add(&f->in->quiet, step_of(i, STEP_SETTLE, DIFFERENCE_OPENED));
    } else if (rules->missing == MISSING_CLOSE && lasted) {
        publish(f, close);
    } else {
        publish(f, step_of(i, STEP_CANCEL, DIFFERENCE_CANCELLED));
    }
}

/* A row that is not in the file, and not missed. guarded: a bad row may be it, and then it was not
 * missing in files in a row. */
static void is_absent(struct finding *f, size_t i, const struct state_kept *k, bool guarded)
{
    int days = date_diff(k->onset, f->in->today) - f->in->in.mapping->covers_days;
    if (days > LEAVES_DAYS) {
        add(&f->in->quiet, step_of(i, STEP_REMOVE, DIFFERENCE_OPENED));
    } else if (guarded && k->missing > 0 && !k->settled && !k->cancelled) {
        add(&f->in->quiet, step_of(i, STEP_SEEN, DIFFERENCE_OPENED));
    } else if (f->in->doubt && !is_blank(k->digest)) {
        add(&f->in->quiet, step_of(i, STEP_DOUBT, DIFFERENCE_OPENED));
    }
}

static void judge_known(struct finding *f, size_t i)
{
    const struct state_kept *k = state_kept_at(f->in->in.state, i);
    const struct mapping *m = f->in->in.mapping;
    uint8_t mark = f->in->records.mark[i];
    if (k->gone || (mark & MARK_SEEN) != 0) {
        if (!k->gone && !k->cancelled && !k->settled && m->full &&
            matching_in_window(m, k->onset, f->in->today)) {
            f->d->counts.counting++;
        }
        return;
    }
    bool guarded = (mark & MARK_PROTECTED) != 0 || records_guards(&f->in->records, k->person_id);
    bool is_void = (mark & MARK_VOID) != 0 && !k->cancelled && !guarded;
    bool counts =
        m->full && !k->cancelled && !k->settled && matching_in_window(m, k->onset, f->in->today);
    f->d->counts.counting += counts;
    if (is_void) {
        publish(f, step_of(i, STEP_CANCEL, DIFFERENCE_CANCELLED));
    } else if (counts && !guarded && !f->in->in.same_bytes) {
        f->d->counts.missing++;
        is_missing(f, i, k);
    } else {
        is_absent(f, i, k, guarded);
    }
}

void difference_find_steps(struct difference *d)
{
    struct finding f = {.d = d, .in = d->inside, .decode = arena_new(16384)};
    for (size_t i = 0; i < f.in->records.n; i++) {
        if (record_counts(records_at(&f.in->records, i))) {
            judge_record(&f, i);
        }
    }
    for (size_t i = 0; i < state_rows(f.in->in.state); i++) {
        judge_known(&f, i);
    }
    arena_free(f.decode);
    buf_clear(&f.scratch);
    buf_clear(&f.value);
}
