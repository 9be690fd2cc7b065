#include "common/casefile/caseload.h"

#include <stdlib.h>
#include <string.h>

#include "common/casework/apply.h"
#include "common/casework/mates.h"

#define FIRST_SLOTS 1024u
#define ARENA_CHUNK (256 * 1024)

static void *grown(void *items, size_t *cap, size_t least, size_t item_bytes)
{
    if (least <= *cap) {
        return items;
    }
    size_t want = *cap < 64 ? 64 : *cap * 2;
    void *more = realloc(items, want * item_bytes);
    if (more == NULL) {
        abort();
    }
    *cap = want;
    return more;
}

static uint32_t *new_slots(size_t n)
{
    uint32_t *slots = calloc(n, sizeof *slots);
    if (slots == NULL) {
        abort();
    }
    return slots;
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
    free(cl->gone);
    free(cl->person_slots);
    free(cl->record_slots);
    free(cl->records);
    *cl = (struct caseload){0};
}

void caseload_reset(struct caseload *cl)
{
    arena_reset(cl->arena);
    cl->n_persons = 0;
    cl->n_gone = 0;
    cl->n_records = 0;
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
                              .changed_at = INSTANT_NONE};
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

/* ---- messages onto facts ---- */

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
        cl->gone = grown(cl->gone, &cl->gone_cap, cl->n_gone + 1, sizeof *cl->gone);
        cl->gone[cl->n_gone++] = (struct record_gone){.organisation = from->organisation,
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

static void know_rules(struct case_person *p, const struct ruleset *rs)
{
    if (p->rules.org == NULL) {
        p->rules = ruleset_for(rs, p->organisation);
    }
}

/* Whoever shares a period with a record that changed has a period that changed. */
static void touch_mates(struct caseload *cl, struct case_person *p, const struct record *of,
                        struct date today, struct instant now)
{
    struct facts *f = &p->facts;
    if (f->n_records == 0 || (f->n_records == 1 && f->records == of)) {
        return;
    }
    size_t *mates, n = mates_find(f, of, today, cl->arena, &mates);
    for (size_t i = 0; i < n; i++) {
        if (f->records[mates[i]].changed_at.us != now.us) {
            f->records[mates[i]].changed_at = now;
            p->state[mates[i]].dirty = true;
        }
    }
}

static bool apply_record(struct caseload *cl, struct case_person *p, const struct inbound *ev,
                         const struct ruleset *rs, struct instant now)
{
    struct case_person *holder;
    struct record *rec =
        find_record(cl, ev->organisation, ev->source, ev->absence.absence_id, &holder);
    struct record before = rec == NULL ? (struct record){.cancelled = true} : *rec;
    if (rec != NULL && holder != p) {
        if (ev->absence.version > rec->version) {
            rec = move_record(cl, holder, (size_t)(rec - holder->facts.records), p);
            rec->changed_at = now;
        } else {
            p = holder; /* an older word about it counts where the record is now */
            know_rules(p, rs);
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
    }
    struct record_state *state = &p->state[rec - p->facts.records];
    state->dirty = true;
    /* An older version tells only how early the onset was once thought to be: it brings no details.
     */
    state->details_dirty |= rec->version != before.version ||
                            rec->has_contact != before.has_contact ||
                            rec->settings_serial != before.settings_serial;
    p->changed = true;
    if (rec->changed_at.us == now.us) {
        struct date today = zone_date(p->rules.zone, now);
        touch_mates(cl, holder == NULL ? p : holder, &before, today, now);
        touch_mates(cl, p, rec, today, now);
    }
    return true;
}

bool caseload_apply(struct caseload *cl, const struct inbound *ev, const struct ruleset *rs,
                    struct instant now)
{
    const char *person_id =
        ev->verdict == VERDICT_ABSENCE ? ev->absence.person_id : ev->person.person_id;
    struct case_person *p = caseload_find(cl, ev->organisation, person_id);
    know_rules(p, rs);
    if (ev->verdict == VERDICT_ABSENCE) {
        return apply_record(cl, p, ev, rs, now);
    }
    if (apply_person(&p->facts, ev, now) == APPLIED_NOTHING) {
        return false;
    }
    p->changed = true;
    return true;
}

/* ---- cases ---- */

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

/* Who waits to be looked at keeps the place in the queue, and the row its index entries. */
static struct instant due(struct instant stored, struct instant now)
{
    bool waits = !instant_is_none(stored) && stored.us <= now.us;
    return waits ? stored : now;
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
        bool prompts = p->prompted > 0 || anything_stands(&p->cw, AUDIENCE_HR, now);
        bool oh = p->emitted > p->prompted || anything_stands(&p->cw, AUDIENCE_OH, now);
        p->wake_at = prompts ? due(p->stored_wake, now) : p->cw.prompt_wake_at;
        p->oh_wake_at = oh ? due(p->stored_oh_wake, now) : p->cw.oh_wake_at;
    }
}
