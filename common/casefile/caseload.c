/* People, records and gone digests are found by hash tables over the batch's arena. A message may
 * move a record from one person to another: then both must be in the batch, and the caller loads
 * the holder first. A changed record marks the records of its period as changed too (hr_mark,
 * period_peers). HR's next wake-up is set from HR's facts and emissions alone, so that nobody can
 * learn from its order who has a case (ADR 18). */
#include "common/casefile/caseload.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/casefile/ahead.h"
#include "common/casefile/hr_mark.h"
#include "common/casework/apply.h"
#include "common/casework/derive/period_peers.h"

#define FIRST_SLOTS 1024u
#define ARENA_CHUNK (256 * 1024)

static void *grown(void *items, size_t *cap, size_t least, size_t item_bytes)
{
    if (least <= *cap) {
        return items;
    }
    size_t want = *cap < 64 ? 64 : *cap * 2;
    *cap = want;
    return mem_resize(items, want, item_bytes);
}

static uint32_t *new_slots(size_t n)
{
    return mem_alloc(n * sizeof(uint32_t));
}

void caseload_init(struct caseload *cl)
{
    *cl = (struct caseload){.arena = arena_new(ARENA_CHUNK)};
    cl->person_slots = new_slots(FIRST_SLOTS);
    cl->record_slots = new_slots(FIRST_SLOTS);
    cl->person_mask = FIRST_SLOTS - 1;
    cl->record_mask = FIRST_SLOTS - 1;
}

void caseload_clear(struct caseload *cl)
{
    arena_free(cl->arena);
    free(cl->persons);
    free(cl->moved);
    free(cl->known);
    free(cl->asked);
    free(cl->person_slots);
    free(cl->record_slots);
    free(cl->records);
    *cl = (struct caseload){0};
}

void caseload_reset(struct caseload *cl)
{
    arena_reset(cl->arena);
    cl->n_persons = 0;
    cl->n_moved = 0;
    cl->n_known = 0;
    cl->n_asked = 0;
    cl->n_records = 0;
    cl->expected = NULL;
    cl->n_expected = 0;
    cl->missed = false;
    cl->careful = false;
    memset(cl->person_slots, 0, (cl->person_mask + 1) * sizeof *cl->person_slots);
    memset(cl->record_slots, 0, (cl->record_mask + 1) * sizeof *cl->record_slots);
}

static uint64_t hash_text(uint64_t h, const char *s)
{
    for (; *s != '\0'; s++) {
        h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
    }
    return (h ^ 0x1f) * UINT64_C(1099511628211);
}

static uint64_t hash_of(const char *a, const char *b, const char *c)
{
    uint64_t h = hash_text(hash_text(UINT64_C(14695981039346656037), a), b);
    h = c == NULL ? h : hash_text(h, c);
    return h ^ h >> 29;
}

/* ---- people ---- */

static bool is_person(const struct case_person *p, const char *organisation, const char *person_id)
{
    return strcmp(p->person_id, person_id) == 0 && strcmp(p->organisation, organisation) == 0;
}

static uint32_t *person_slot(const struct caseload *cl, const char *organisation,
                             const char *person_id)
{
    size_t at = hash_of(organisation, person_id, NULL) & cl->person_mask;
    while (cl->person_slots[at] != 0 &&
           !is_person(&cl->persons[cl->person_slots[at] - 1], organisation, person_id)) {
        at = (at + 1) & cl->person_mask;
    }
    return &cl->person_slots[at];
}

static void index_people(struct caseload *cl)
{
    memset(cl->person_slots, 0, (cl->person_mask + 1) * sizeof *cl->person_slots);
    for (size_t i = 0; i < cl->n_persons; i++) {
        *person_slot(cl, cl->persons[i].organisation, cl->persons[i].person_id) = (uint32_t)i + 1;
    }
}

struct case_person *caseload_find(const struct caseload *cl, const char *organisation,
                                  const char *person_id)
{
    uint32_t slot = *person_slot(cl, organisation, person_id);
    return slot == 0 ? NULL : &cl->persons[slot - 1];
}

struct case_person *caseload_person(struct caseload *cl, const char *organisation,
                                    const char *person_id)
{
    uint32_t *slot = person_slot(cl, organisation, person_id);
    if (*slot != 0) {
        return &cl->persons[*slot - 1];
    }
    cl->persons = grown(cl->persons, &cl->persons_cap, cl->n_persons + 1, sizeof *cl->persons);
    struct case_person *p = &cl->persons[cl->n_persons++];
    *p = (struct case_person){.organisation = organisation,
                              .person_id = person_id,
                              .stored_wake = INSTANT_NONE,
                              .stored_oh_wake = INSTANT_NONE,
                              .wake_at = INSTANT_NONE,
                              .oh_wake_at = INSTANT_NONE};
    p->facts = (struct facts){.organisation = organisation,
                              .person_id = person_id,
                              .left = {.on = DATE_NONE, .time = INSTANT_NONE},
                              .died = {.on = DATE_NONE, .time = INSTANT_NONE},
                              .opt = {.on = DATE_NONE, .time = INSTANT_NONE},
                              .changed_at = INSTANT_NONE,
                              .hr_changed_at = INSTANT_NONE};
    *slot = (uint32_t)cl->n_persons;
    if (cl->n_persons * 2 > cl->person_mask) {
        size_t slots = (cl->person_mask + 1) * 2;
        free(cl->person_slots);
        cl->person_slots = new_slots(slots);
        cl->person_mask = slots - 1;
        index_people(cl);
    }
    return p;
}

void caseload_cut(struct caseload *cl, size_t n)
{
    if (n < cl->n_persons) {
        cl->n_persons = n;
        index_people(cl);
    }
}

static int by_key(const void *a, const void *b)
{
    const struct case_person *x = a;
    const struct case_person *y = b;
    int order = strcmp(x->organisation, y->organisation);
    return order != 0 ? order : strcmp(x->person_id, y->person_id);
}

void caseload_sort(struct caseload *cl)
{
    if (cl->n_persons > 1) {
        qsort(cl->persons, cl->n_persons, sizeof *cl->persons, by_key);
        index_people(cl);
    }
}

/* ---- records ---- */

static bool is_record(const struct caseload *cl, const struct record_at *at,
                      const char *organisation, const char *source, const char *absence_id)
{
    const struct case_person *p = &cl->persons[at->person];
    const struct record *rec = &p->facts.records[at->record];
    return strcmp(rec->absence_id, absence_id) == 0 && strcmp(rec->source, source) == 0 &&
           strcmp(p->organisation, organisation) == 0;
}

static uint32_t *record_slot(const struct caseload *cl, const char *organisation,
                             const char *source, const char *absence_id)
{
    size_t at = hash_of(organisation, source, absence_id) & cl->record_mask;
    while (cl->record_slots[at] != 0 && !is_record(cl, &cl->records[cl->record_slots[at] - 1],
                                                   organisation, source, absence_id)) {
        at = (at + 1) & cl->record_mask;
    }
    return &cl->record_slots[at];
}

struct record *caseload_add_record(struct caseload *cl, struct case_person *p)
{
    struct facts *f = &p->facts;
    if (f->n_records == p->records_cap) {
        size_t cap = p->records_cap == 0 ? 4 : p->records_cap * 2;
        struct record *records = arena_array(cl->arena, cap, sizeof *records);
        struct record_state *state = arena_array(cl->arena, cap, sizeof *state);
        if (f->n_records > 0) {
            memcpy(records, f->records, f->n_records * sizeof *records);
            memcpy(state, p->state, f->n_records * sizeof *state);
        }
        f->records = records;
        p->state = state;
        p->records_cap = cap;
    }
    p->state[f->n_records] = (struct record_state){0};
    return &f->records[f->n_records++];
}

static void grow_record_slots(struct caseload *cl)
{
    size_t slots = (cl->record_mask + 1) * 2;
    free(cl->record_slots);
    cl->record_slots = new_slots(slots);
    cl->record_mask = slots - 1;
    for (size_t i = 0; i < cl->n_records; i++) {
        const struct case_person *p = &cl->persons[cl->records[i].person];
        const struct record *rec = &p->facts.records[cl->records[i].record];
        *record_slot(cl, p->organisation, rec->source, rec->absence_id) = (uint32_t)i + 1;
    }
}

void caseload_index_record(struct caseload *cl, struct case_person *p, const struct record *rec)
{
    uint32_t *slot = record_slot(cl, p->organisation, rec->source, rec->absence_id);
    struct record_at at = {.person = (uint32_t)(p - cl->persons),
                           .record = (uint32_t)(rec - p->facts.records)};
    if (*slot != 0) { /* it moved here */
        cl->records[*slot - 1] = at;
        return;
    }
    cl->records = grown(cl->records, &cl->records_cap, cl->n_records + 1, sizeof *cl->records);
    cl->records[cl->n_records++] = at;
    *slot = (uint32_t)cl->n_records;
    if (cl->n_records * 2 > cl->record_mask) {
        grow_record_slots(cl);
    }
}

/* ---- records that move ---- */

/* Takes the record at index out of p's facts; the last one takes its place. */
static void take_out(struct caseload *cl, struct case_person *p, size_t index)
{
    struct facts *f = &p->facts;
    size_t last = --f->n_records;
    if (index == last) {
        return;
    }
    f->records[index] = f->records[last];
    p->state[index] = p->state[last];
    const struct record *moved = &f->records[index];
    uint32_t *slot = record_slot(cl, p->organisation, moved->source, moved->absence_id);
    cl->records[*slot - 1].record = (uint32_t)index;
}

static struct record *move_record(struct caseload *cl, struct case_person *from, size_t index,
                                  struct case_person *to)
{
    struct record rec = from->facts.records[index];
    struct record_state state = from->state[index];
    if (state.stored) {
        cl->moved = grown(cl->moved, &cl->moved_cap, cl->n_moved + 1, sizeof *cl->moved);
        cl->moved[cl->n_moved++] = (struct moved_record){.organisation = from->organisation,
                                                         .person_id = from->person_id,
                                                         .source = rec.source,
                                                         .absence_id = rec.absence_id,
                                                         .had_details = state.has_details};
    }
    /* Found again first, then taken out: its slot is looked up by what stands at its place. */
    struct record *there = caseload_add_record(cl, to);
    *there = rec;
    caseload_index_record(cl, to, there);
    take_out(cl, from, index);
    from->changed = true;
    return there;
}

static struct record *find_record(const struct caseload *cl, const char *organisation,
                                  const char *source, const char *absence_id,
                                  struct case_person **holder)
{
    uint32_t slot = *record_slot(cl, organisation, source, absence_id);
    if (slot == 0) {
        *holder = NULL;
        return NULL;
    }
    const struct record_at *at = &cl->records[slot - 1];
    *holder = &cl->persons[at->person];
    return &(*holder)->facts.records[at->record];
}

const struct record *caseload_record(const struct caseload *cl, const char *organisation,
                                     const char *source, const char *absence_id)
{
    struct case_person *holder;
    return find_record(cl, organisation, source, absence_id, &holder);
}

struct case_person *caseload_holder(const struct caseload *cl, const char *organisation,
                                    const char *source, const char *absence_id)
{
    struct case_person *holder;
    (void)find_record(cl, organisation, source, absence_id, &holder);
    return holder;
}

static void know_rules(struct case_person *p, const struct ruleset *rs)
{
    if (p->rules.org == NULL) {
        p->rules = ruleset_for(rs, p->organisation);
    }
}

void caseload_know_gone(struct caseload *cl, const struct record_known *known)
{
    cl->known = grown(cl->known, &cl->known_cap, cl->n_known + 1, sizeof *cl->known);
    cl->known[cl->n_known++] = *known;
}

void caseload_ask(struct caseload *cl, const struct record_known *known)
{
    cl->asked = grown(cl->asked, &cl->asked_cap, cl->n_asked + 1, sizeof *cl->asked);
    cl->asked[cl->n_asked++] = *known;
}

/* ---- messages onto facts ---- */

/* A record that shares a period with a changed record has a changed period. */
static void touch_period_peers(struct caseload *cl, struct case_person *p, const struct record *of,
                               struct date today, struct instant now)
{
    struct facts *f = &p->facts;
    if (f->n_records == 0 || (f->n_records == 1 && f->records == of)) {
        return;
    }
    size_t *peers, n = period_peers_find(f, of, today, cl->arena, &peers);
    for (size_t i = 0; i < n; i++) {
        if (f->records[peers[i]].changed_at.us != now.us) {
            f->records[peers[i]].changed_at = now;
            p->state[peers[i]].dirty = true;
        }
    }
}

/* A record that changed changes those that share a period with it. holder: whose it was. */
static void spread_change(struct caseload *cl, struct case_person *holder, struct case_person *p,
                          const struct record *rec, const struct record *before, struct instant now)
{
    if (rec->changed_at.us == now.us) {
        struct date today = zone_date(p->rules.zone, now);
        touch_period_peers(cl, holder, before, today, now);
        touch_period_peers(cl, p, rec, today, now);
    }
    if (hr_mark_is_gone(rec)) {
        return;
    }
    if (rec->hr_changed_at.us == now.us) {
        p->hr_changed = true;
        hr_mark_period_peers(cl->arena, holder, before, now);
        hr_mark_period_peers(cl->arena, p, rec, now);
    }
    /* HR's side knows whether a reason was given, though it counts as no change of HR's facts. */
    p->hr_changed |= rec->reason_missing != before->reason_missing;
}

static bool apply_record(struct caseload *cl, struct case_person *p, const struct inbound *ev,
                         const struct ruleset *rs, struct instant now)
{
    struct case_person *holder;
    struct record *rec =
        find_record(cl, ev->organisation, ev->source, ev->absence.absence_id, &holder);
    if (rec != NULL && holder != p) {
        know_rules(holder, rs);
        hr_mark_gone(cl->arena, holder, now);
    }
    struct record before = rec == NULL ? (struct record){.cancelled = true} : *rec;
    if (rec != NULL && holder != p) {
        if (ev->absence.version > rec->version) {
            holder->hr_changed |= !hr_mark_is_gone(rec);
            holder->hr_lost |= !hr_mark_is_gone(rec);
            rec = move_record(cl, holder, (size_t)(rec - holder->facts.records), p);
            rec->changed_at = now;
            rec->hr_changed_at = now;
            rec->held_since = now;
        } else {
            p = holder; /* an older word about it counts where the record is now */
        }
    }
    struct record *out = rec;
    enum applied what =
        apply_absence(rec, ev, p->rules.org, rs->settings_serial, now, cl->arena, &out);
    if (what == APPLIED_NOTHING) {
        return false;
    }
    if (rec == NULL) {
        struct record *added = caseload_add_record(cl, p);
        *added = *out;
        caseload_index_record(cl, p, added);
        rec = added;
        rec->gone_at = hr_mark_known(cl->known, cl->n_known, p->organisation, rec);
        p->state[rec - p->facts.records].fresh = !ruleset_may_have_gone(rs, rec->onset, now);
    }
    struct record_state *state = &p->state[rec - p->facts.records];
    state->dirty = true;
    /* Details are written from an event that was taken, never from a loaded record, which has none.
     * An older version brings only an earlier onset, and a noted repeat only the settings. */
    state->details_dirty |=
        what != APPLIED_NOTED &&
        (rec->version != before.version || rec->has_contact != before.has_contact ||
         rec->settings_serial != before.settings_serial);
    p->changed = true;
    spread_change(cl, holder == NULL ? p : holder, p, rec, &before, now);
    return what != APPLIED_NOTED;
}

/* A higher version says that the stored record is no sickness absence: it counts as cancelled. */
static bool apply_not_sickness(struct caseload *cl, const struct inbound *ev,
                               const struct ruleset *rs, struct instant now)
{
    struct case_person *holder;
    const struct record *rec =
        find_record(cl, ev->organisation, ev->source, ev->absence.absence_id, &holder);
    if (rec == NULL || ev->absence.version <= rec->version) {
        return false;
    }
    struct inbound cancelled = *ev;
    apply_as_cancelled(rec, holder->person_id, &cancelled);
    know_rules(holder, rs);
    return apply_record(cl, holder, &cancelled, rs, now);
}

bool caseload_apply(struct caseload *cl, const struct inbound *ev, const struct ruleset *rs,
                    struct instant now)
{
    if (ev->verdict == VERDICT_NOT_SICKNESS) {
        return apply_not_sickness(cl, ev, rs, now);
    }
    const char *person_id =
        ev->verdict == VERDICT_ABSENCE ? ev->absence.person_id : ev->person.person_id;
    struct case_person *p = caseload_find(cl, ev->organisation, person_id);
    know_rules(p, rs);
    hr_mark_gone(cl->arena, p, now);
    if (ev->verdict == VERDICT_ABSENCE) {
        return apply_record(cl, p, ev, rs, now);
    }
    if (apply_person(&p->facts, ev, now) == APPLIED_NOTHING) {
        return false;
    }
    p->changed = true;
    p->hr_changed |= p->facts.hr_changed_at.us == now.us;
    return true;
}

/* ---- cases ---- */

/* Whether any event emitted for HR may have to be withdrawn. */
static bool was_told(const struct case_person *p)
{
    bool knows = p->hr_lost;
    for (size_t i = 0; i < p->facts.n_records && !knows; i++) {
        knows = instant_is_none(p->cw.gone_at[i]);
    }
    return knows && p->prompted > 0;
}

static bool anything_stands(const struct casework *cw, enum event_audience audience,
                            struct instant now)
{
    for (size_t i = 0; i < cw->n_timeline; i++) {
        const struct timeline_event *e = &cw->timeline[i];
        if (e->at.us <= now.us && !e->superseded && event_kind_audience(e->kind) == audience) {
            return true;
        }
    }
    return false;
}

static bool waits(struct instant stored, struct instant now)
{
    return !instant_is_none(stored) && stored.us <= now.us;
}

/* A person who waits keeps the place in the queue, and the row keeps its index entries. */
static struct instant due(struct instant stored, struct instant now)
{
    return waits(stored, now) ? stored : now;
}

void caseload_derive(struct caseload *cl, const struct ruleset *rs, struct instant now, bool all)
{
    for (size_t i = 0; i < cl->n_persons; i++) {
        struct case_person *p = &cl->persons[i];
        if (!p->changed && !all) {
            continue;
        }
        know_rules(p, rs);
        derive(&p->facts, &p->rules, now, cl->arena, &p->cw);
        p->derived = true;
        p->next_prompts = ahead_of(&p->cw, p->rules.org, p->rules.zone, now, cl->arena);
        bool prompts = was_told(p) || anything_stands(&p->cw, AUDIENCE_HR, now);
        bool oh = p->emitted > p->prompted || anything_stands(&p->cw, AUDIENCE_OH, now);
        /* Only followup's look ends the waiting. The person may wait for a withdrawal of which
         * nothing is left to see here: the record has moved to another person. */
        p->wake_at =
            prompts || waits(p->stored_wake, now) ? due(p->stored_wake, now) : p->cw.prompt_wake_at;
        if (!all && !p->hr_changed) { /* it hangs on HR's facts alone */
            p->wake_at = p->stored_wake;
        }
        p->oh_wake_at = oh ? due(p->stored_oh_wake, now) : p->cw.oh_wake_at;
    }
}
