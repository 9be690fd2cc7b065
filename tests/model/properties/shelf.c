#include "tests/model/properties/shelf.h"

#include <string.h>

#include "common/base/mem.h"

#define CHUNK (256 * 1024)

void shelf_init(struct shelf *s)
{
    *s = (struct shelf){.a = arena_new(CHUNK)};
}

void shelf_clear(struct shelf *s)
{
    arena_free(s->a);
}

void shelf_reset(struct shelf *s)
{
    arena_reset(s->a);
    *s = (struct shelf){.a = s->a};
}

static void *grown(struct arena *a, void *items, size_t n, size_t *cap, size_t item_bytes)
{
    if (n < *cap) {
        return items;
    }
    *cap = *cap == 0 ? 4 : 2 * *cap;
    void *more = arena_array(a, *cap, item_bytes);
    if (n > 0) {
        memcpy(more, items, n * item_bytes);
    }
    return more;
}

/* ---- people ---- */

struct shelf_person *shelf_find(const struct shelf *s, const char *organisation,
                                const char *person_id)
{
    for (size_t i = 0; i < s->n_persons; i++) {
        struct shelf_person *p = &s->persons[i];
        if (strcmp(p->person_id, person_id) == 0 && strcmp(p->organisation, organisation) == 0) {
            return p;
        }
    }
    return NULL;
}

struct shelf_person *shelf_person(struct shelf *s, const char *organisation, const char *person_id)
{
    struct shelf_person *p = shelf_find(s, organisation, person_id);
    if (p != NULL) {
        return p;
    }
    s->persons = grown(s->a, s->persons, s->n_persons, &s->cap_persons, sizeof *s->persons);
    p = &s->persons[s->n_persons++];
    *p = (struct shelf_person){.organisation = arena_strdup(s->a, organisation),
                               .person_id = arena_strdup(s->a, person_id),
                               .facts = {.left = {.on = DATE_NONE, .time = INSTANT_NONE},
                                         .died = {.on = DATE_NONE, .time = INSTANT_NONE},
                                         .opt = {.on = DATE_NONE, .time = INSTANT_NONE},
                                         .changed_at = INSTANT_NONE,
                                         .hr_changed_at = INSTANT_NONE},
                               .wake_at = INSTANT_NONE,
                               .oh_wake_at = INSTANT_NONE,
                               .derived_on = DATE_NONE};
    return p;
}

struct instant shelf_wake(const struct shelf_person *p)
{
    if (instant_is_none(p->wake_at) || instant_is_none(p->oh_wake_at)) {
        return instant_is_none(p->wake_at) ? p->oh_wake_at : p->wake_at;
    }
    return p->wake_at.us < p->oh_wake_at.us ? p->wake_at : p->oh_wake_at;
}

static struct shelf_record *find_record(const struct shelf_person *p, const char *source,
                                        const char *absence_id)
{
    for (size_t i = 0; i < p->n_records; i++) {
        const struct record *rec = &p->records[i].rec;
        if (strcmp(rec->absence_id, absence_id) == 0 && strcmp(rec->source, source) == 0) {
            return &p->records[i];
        }
    }
    return NULL;
}

struct shelf_person *shelf_holder(const struct shelf *s, const char *organisation,
                                  const char *source, const char *absence_id)
{
    for (size_t i = 0; i < s->n_persons; i++) {
        if (strcmp(s->persons[i].organisation, organisation) == 0 &&
            find_record(&s->persons[i], source, absence_id) != NULL) {
            return &s->persons[i];
        }
    }
    return NULL;
}

struct shelf_entry *shelf_add_entry(struct shelf *s, struct shelf_person *p)
{
    p->entries = grown(s->a, p->entries, p->n_entries, &p->cap_entries, sizeof *p->entries);
    return &p->entries[p->n_entries++];
}

void shelf_add_emitted(struct shelf *s, struct shelf_person *p, const struct emitted *e)
{
    p->emitted = grown(s->a, p->emitted, p->n_emitted, &p->cap_emitted, sizeof *p->emitted);
    struct emitted *row = &p->emitted[p->n_emitted++];
    *row = *e;
    row->subject = arena_strdup(s->a, e->subject);
    row->occurrence = arena_strdup(s->a, e->occurrence);
    row->spell_id = arena_strdup(s->a, e->spell_id);
    row->period_id = arena_strdup(s->a, e->period_id);
    row->data = arena_strdup(s->a, e->data);
}

const struct record_known *shelf_find_gone(const struct shelf *s, const char *organisation,
                                           const char *source, const char *absence_id)
{
    for (size_t i = 0; i < s->n_gone; i++) {
        const struct record_known *k = &s->gone[i];
        if (strcmp(k->absence_id, absence_id) == 0 && strcmp(k->source, source) == 0 &&
            strcmp(k->organisation, organisation) == 0) {
            return k;
        }
    }
    return NULL;
}

void shelf_add_gone(struct shelf *s, const char *organisation, const struct record *rec,
                    struct instant gone_at)
{
    if (shelf_find_gone(s, organisation, rec->source, rec->absence_id) != NULL) {
        return;
    }
    s->gone = grown(s->a, s->gone, s->n_gone, &s->cap_gone, sizeof *s->gone);
    s->gone[s->n_gone++] = (struct record_known){.organisation = arena_strdup(s->a, organisation),
                                                 .source = arena_strdup(s->a, rec->source),
                                                 .absence_id = arena_strdup(s->a, rec->absence_id),
                                                 .gone_at = gone_at};
}

/* ---- loading ---- */

static void load_person(const struct shelf_person *from, struct caseload *cl, struct case_person *p)
{
    p->revision = 1;
    p->stored_wake = from->wake_at;
    p->stored_oh_wake = from->oh_wake_at;
    for (size_t i = 0; i < from->n_emitted; i++) {
        bool prompt = event_kind_audience(from->emitted[i].kind) == AUDIENCE_HR;
        p->emitted++;
        p->prompted += prompt ? 1 : 0;
    }
    p->contacts = (int32_t)from->n_entries;
    p->facts.left = from->facts.left;
    p->facts.died = from->facts.died;
    p->facts.opt = from->facts.opt;
    p->facts.opted_out = from->facts.opted_out;
    p->facts.changed_at = from->facts.changed_at;
    p->facts.hr_changed_at = from->facts.hr_changed_at;
    for (size_t i = 0; i < from->n_records; i++) {
        struct record *rec = caseload_add_record(cl, p);
        *rec = from->records[i].rec;
        p->state[rec - p->facts.records] =
            (struct record_state){.stored = true,
                                  .has_details = rec->has_contact,
                                  .details_hash = from->records[i].details_hash};
        caseload_index_record(cl, p, rec);
    }
    p->spells = arena_array(cl->arena, from->n_spells, sizeof *p->spells);
    for (size_t i = 0; i < from->n_spells; i++) {
        p->spells[p->n_spells++] = from->spells[i].key;
    }
    struct contact_fact *contacts = arena_array(cl->arena, from->n_entries, sizeof *contacts);
    for (size_t i = 0; i < from->n_entries; i++) {
        contacts[i] = from->entries[i].fact;
    }
    p->facts.contacts = contacts;
    p->facts.n_contacts = from->n_entries;
}

void shelf_load(const struct shelf *s, struct caseload *cl)
{
    for (size_t i = 0; i < cl->n_persons; i++) {
        struct case_person *p = &cl->persons[i];
        const struct shelf_person *from = shelf_find(s, p->organisation, p->person_id);
        if (from != NULL) {
            load_person(from, cl, p);
        }
    }
}

/* ---- writing ---- */

static void write_record(struct shelf *s, const struct record_row *row)
{
    struct shelf_person *p = shelf_person(s, row->p->organisation, row->p->person_id);
    const struct record *rec = row->rec;
    struct shelf_record *to = find_record(p, rec->source, rec->absence_id);
    if (to == NULL) {
        p->records = grown(s->a, p->records, p->n_records, &p->cap_records, sizeof *p->records);
        to = &p->records[p->n_records++];
    }
    to->rec = *rec;
    to->rec.source = arena_strdup(s->a, rec->source);
    to->rec.absence_id = arena_strdup(s->a, rec->absence_id);
    to->rec.assignment_id = arena_strdup(s->a, rec->assignment_id);
    to->rec.code = arena_strdup(s->a, rec->code);
    to->rec.fte = arena_strdup(s->a, rec->fte);
    to->rec.contact = (struct contact_details){0};
    struct known_since *known = arena_array(s->a, rec->n_known, sizeof *known);
    for (size_t i = 0; i < rec->n_known; i++) {
        known[i] = (struct known_since){.pathway = arena_strdup(s->a, rec->known[i].pathway),
                                        .at = rec->known[i].at};
    }
    to->rec.known = known;
    to->details_hash = row->hash;
}

static struct shelf_spell *spell_row(struct shelf *s, struct shelf_person *p, const char *spell_id)
{
    for (size_t i = 0; i < p->n_spells; i++) {
        if (strcmp(p->spells[i].key.spell_id, spell_id) == 0) {
            return &p->spells[i];
        }
    }
    p->spells = grown(s->a, p->spells, p->n_spells, &p->cap_spells, sizeof *p->spells);
    return &p->spells[p->n_spells++];
}

static struct record_ref copy_ref(struct arena *a, const struct record *rec)
{
    return (struct record_ref){.source = arena_strdup(a, rec->source),
                               .absence_id = arena_strdup(a, rec->absence_id)};
}

static void write_spell(struct shelf *s, const struct spell_row *row)
{
    const struct spell *sp = row->sp;
    struct shelf_person *p = shelf_person(s, row->p->organisation, row->p->person_id);
    const struct pathway_rules *pathway = &row->p->rules.org->pathways[sp->pathway];
    struct shelf_spell *to = spell_row(s, p, sp->id);
    *to = (struct shelf_spell){
        .key = {.spell_id = arena_strdup(s->a, sp->id),
                .pathway = arena_strdup(s->a, pathway->name),
                .anchor = copy_ref(s->a, sp->anchor),
                .due_date = sp->due_date,
                .end_reason = sp->end_reason == END_NONE ? NULL : end_reason_name(sp->end_reason),
                .settled_at = sp->period->settled_at,
                .fingerprint = row->fingerprint},
        .queue = arena_strdup(s->a, pathway->queue),
        .period_id = arena_strdup(s->a, sp->period->id),
        .previous_spell = sp->relapse_of == NULL ? NULL : arena_strdup(s->a, sp->relapse_of->id),
        .n_records = sp->n_records,
        .n_absence_ids = row->n_absence_ids,
        .columns = *sp};
    struct record_ref *records = arena_array(s->a, sp->n_records, sizeof *records);
    for (size_t i = 0; i < sp->n_records; i++) {
        records[i] = copy_ref(s->a, sp->records[i]);
    }
    to->records = records;
    to->absence_ids = arena_array(s->a, row->n_absence_ids, sizeof *to->absence_ids);
    for (size_t i = 0; i < row->n_absence_ids; i++) {
        to->absence_ids[i] = arena_strdup(s->a, row->absence_ids[i]);
    }
    to->columns.assigned_to = arena_strdup(s->a, sp->assigned_to);
    to->columns.oh_record = arena_strdup(s->a, sp->oh_record);
    to->columns.period = NULL;
    to->columns.records = NULL;
    to->columns.anchor = NULL;
    to->columns.relapse_of = NULL;
}

static void write_tombstone(struct shelf *s, const struct tombstone_row *row)
{
    for (size_t i = 0; i < s->n_persons; i++) {
        for (size_t k = 0; k < s->persons[i].n_spells; k++) {
            struct shelf_spell *to = &s->persons[i].spells[k];
            if (strcmp(to->key.spell_id, row->stored->spell_id) == 0) {
                to->key.tombstone = true;
                to->columns.red_flag_open = false;
                to->columns.call_back_at = INSTANT_NONE;
                to->key.end_reason = end_reason_name(row->reason);
                to->key.settled_at = row->settled_at;
            }
        }
    }
}

static struct dated_fact copy_fact(struct arena *a, const struct dated_fact *f)
{
    return (struct dated_fact){.on = f->on, .time = f->time, .id = arena_strdup(a, f->id)};
}

static void write_person(struct shelf *s, const struct case_person *from, struct date today)
{
    struct shelf_person *p = shelf_person(s, from->organisation, from->person_id);
    p->facts.left = copy_fact(s->a, &from->facts.left);
    p->facts.died = copy_fact(s->a, &from->facts.died);
    p->facts.opt = copy_fact(s->a, &from->facts.opt);
    p->facts.opted_out = from->facts.opted_out;
    p->facts.changed_at = from->facts.changed_at;
    p->facts.hr_changed_at = from->facts.hr_changed_at;
    p->wake_at = from->wake_at;
    p->oh_wake_at = from->oh_wake_at;
    p->next_prompts = from->next_prompts == NULL ? NULL : arena_strdup(s->a, from->next_prompts);
    p->touched = true;
    p->derived_on = today;
}

static void drop_moved(struct shelf *s, const struct moved_record *moved)
{
    struct shelf_person *p = shelf_find(s, moved->organisation, moved->person_id);
    struct shelf_record *rec = p == NULL ? NULL : find_record(p, moved->source, moved->absence_id);
    if (rec != NULL) {
        *rec = p->records[--p->n_records];
    }
}

void shelf_write(struct shelf *s, const struct caseload *cl, const struct changeset *changes,
                 struct date today)
{
    for (size_t i = 0; i < cl->n_moved; i++) {
        drop_moved(s, &cl->moved[i]);
    }
    for (size_t i = 0; i < changes->n_records; i++) {
        write_record(s, &changes->records[i]);
    }
    for (size_t i = 0; i < changes->n_spells; i++) {
        write_spell(s, &changes->spells[i]);
    }
    for (size_t i = 0; i < changes->n_tombstones; i++) {
        write_tombstone(s, &changes->tombstones[i]);
    }
    for (size_t i = 0; i < changes->n_persons; i++) {
        write_person(s, changes->persons[i], today);
    }
    for (size_t i = 0; i < changes->n_new_persons; i++) {
        write_person(s, changes->new_persons[i], today);
    }
}
