#include "tests/model/properties/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_SUCH_TASK "OH001"
#define NOT_IN_THIS_STATE "OH002"
#define CLAIMED_BY_ANOTHER "OH003"
#define BAD_VALUE "22023"

static const char *text_of(const struct json *o, const char *name)
{
    const struct json *v = json_member(o, name);
    return v != NULL && json_type(v) == JSON_STRING ? json_string(v) : NULL;
}

void entry_read(struct entry_of_line *e, const struct line *line)
{
    const struct json *f = line->fact;
    const struct json *red_flag = json_member(f, "red_flag");
    const char *task = text_of(f, "task_id"), *by = text_of(f, "by"), *reason;
    reason = text_of(f, "reason");
    *e = (struct entry_of_line){.kind = text_of(f, "kind"),
                                .task_id = task != NULL ? task : text_of(f, "spell_id"),
                                .organisation = text_of(f, "organisation"),
                                .person_id = text_of(f, "person_id"),
                                .label = text_of(f, "entry"),
                                .by = by != NULL ? by : "clinician",
                                .login = text_of(f, "login"),
                                .outcome = reason != NULL ? reason : text_of(f, "outcome"),
                                .review_on = text_of(f, "review_on"),
                                .at = text_of(f, "at"),
                                .channel = text_of(f, "channel"),
                                .call_back_at = text_of(f, "call_back_at"),
                                .oh_record = text_of(f, "text"),
                                .red_flag = red_flag != NULL && json_bool(red_flag)};
}

static bool is(const struct entry_of_line *e, const char *kind)
{
    return strcmp(e->kind, kind) == 0;
}

static bool is_opt(const struct entry_of_line *e)
{
    return is(e, "opt_out") || is(e, "opt_in");
}

static struct shelf_spell *task_of(const struct shelf_person *p, const char *task_id)
{
    for (size_t i = 0; i < p->n_spells; i++) {
        if (strcmp(p->spells[i].key.spell_id, task_id) == 0) {
            return &p->spells[i];
        }
    }
    return NULL;
}

static struct shelf_entry *labelled(const struct shelf_person *p, const char *label)
{
    for (size_t i = 0; i < p->n_entries; i++) {
        if (p->entries[i].label != NULL && strcmp(p->entries[i].label, label) == 0) {
            return &p->entries[i];
        }
    }
    return NULL;
}

struct shelf_person *entry_person(struct shelf *s, const struct entry_of_line *e)
{
    if (is_opt(e)) {
        return shelf_person(s, e->organisation, e->person_id);
    }
    for (size_t i = 0; i < s->n_persons; i++) {
        struct shelf_person *p = &s->persons[i];
        if (is(e, "retract") ? labelled(p, e->label) != NULL : task_of(p, e->task_id) != NULL) {
            return p;
        }
    }
    return NULL;
}

/* ---- opt-out ---- */

static void opt(struct shelf *s, struct shelf_person *p, bool out, struct date today,
                struct instant now, int64_t entry_id)
{
    struct facts *f = &p->facts;
    if (f->opted_out == out && (!out || f->opt.on.days <= today.days)) {
        return;
    }
    bool later = instant_is_none(f->opt.time) || now.us > f->opt.time.us;
    f->opt = (struct dated_fact){.on = today,
                                 .time = later ? now : instant_add_us(f->opt.time, 1),
                                 .id = arena_printf(s->a, "oh:%lld", (long long)entry_id)};
    f->opted_out = out;
    f->changed_at = now;
}

/* ---- about a task ---- */

/* The latest of these kinds that counts for the task now, as rows of it say; NULL: none. */
static const char *holder(const struct shelf_spell *task)
{
    return task->columns.assigned_to;
}

static const char *may_hold(const struct shelf_spell *task, const struct entry_of_line *e)
{
    const char *held_by = holder(task);
    if (is(e, "release")) {
        if (task->key.tombstone || held_by == NULL) {
            return NOT_IN_THIS_STATE;
        }
    } else if (task->key.tombstone || task->columns.state == TASK_ENDED) {
        return NOT_IN_THIS_STATE;
    }
    return held_by != NULL && strcmp(held_by, e->by) != 0 ? CLAIMED_BY_ANOTHER : NULL;
}

/* Dead, or for an absence of then no longer there, by the day of the call. */
static bool is_gone(const struct shelf_person *p, const struct shelf_spell *task, struct date day)
{
    struct date died = p->facts.died.on, left = p->facts.left.on;
    return (!date_is_none(died) && day.days > died.days) ||
           (!date_is_none(left) && day.days > left.days && task->columns.onset.days <= left.days);
}

static const char *may_call(const struct shelf_person *p, const struct shelf_spell *task,
                            const struct contact_fact *c, const struct zone *zone,
                            struct instant now)
{
    if (!contact_outcome_fits(c->kind, c->outcome)) {
        return BAD_VALUE;
    }
    if (task->key.tombstone) {
        return NOT_IN_THIS_STATE;
    }
    struct date day = zone_date(zone, c->at);
    if (c->at.us > now.us || day.days < task->columns.onset.days) {
        return BAD_VALUE;
    }
    if (is_gone(p, task, day)) {
        return NOT_IN_THIS_STATE;
    }
    bool red = c->kind == CONTACT_MADE && (c->red_flag || c->outcome == OUTCOME_URGENT_CARE);
    if ((!date_is_none(c->review_on) && c->review_on.days < day.days) || (red && c->no_follow_up)) {
        return BAD_VALUE;
    }
    bool promised = !instant_is_none(c->call_back_at);
    return promised && (c->outcome != OUTCOME_CALL_BACK || c->call_back_at.us <= now.us ||
                        c->call_back_at.us > now.us + 28 * US_PER_DAY)
               ? BAD_VALUE
               : NULL;
}

static const char *may_turn(const struct shelf_spell *task, const struct contact_fact *c)
{
    bool closes = c->kind == CONTACT_CLOSE;
    bool may = !task->key.tombstone && task->columns.case_closed != closes &&
               (c->outcome != OUTCOME_UNABLE_TO_CONTACT || task->columns.unreachable);
    return may ? NULL : NOT_IN_THIS_STATE;
}

static const char *may_acknowledge(const struct shelf_spell *task)
{
    return !task->key.tombstone && task->columns.red_flag_open ? NULL : NOT_IN_THIS_STATE;
}

static const struct {
    const char *name;
    enum contact_kind kind;
} kinds[] = {{"attempt", CONTACT_ATTEMPT},    {"contact", CONTACT_MADE},
             {"claim", CONTACT_CLAIM},        {"release", CONTACT_RELEASE},
             {"assign", CONTACT_ASSIGN},      {"close", CONTACT_CLOSE},
             {"reopen", CONTACT_REOPEN},      {"acknowledge", CONTACT_ACKNOWLEDGE},
             {"oh_record", CONTACT_OH_RECORD}};

static enum contact_kind kind_of(const struct entry_of_line *e)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (is(e, kinds[i].name)) {
            return kinds[i].kind;
        }
    }
    (void)fprintf(stderr, "input: an entry of no kind\n");
    exit(2);
}

static const char *may_enter(const struct shelf_person *p, const struct shelf_spell *task,
                             const struct entry_of_line *e, const struct contact_fact *c,
                             const struct zone *zone, struct instant now)
{
    switch (c->kind) {
    case CONTACT_ATTEMPT:
    case CONTACT_MADE:
        return may_call(p, task, c, zone, now);
    case CONTACT_CLOSE:
    case CONTACT_REOPEN:
        return may_turn(task, c);
    case CONTACT_ACKNOWLEDGE:
        return may_acknowledge(task);
    case CONTACT_OH_RECORD:
        return task->key.tombstone ? NOT_IN_THIS_STATE : NULL;
    case CONTACT_CLAIM:
    case CONTACT_RELEASE:
    case CONTACT_ASSIGN:
    default:
        return may_hold(task, e);
    }
}

/* The records the spell has now, each with the code it is kept with. */
static void take_records(struct shelf *s, const struct shelf_person *p,
                         const struct shelf_spell *task, struct contact_fact *c)
{
    struct record_ref *refs = arena_array(s->a, task->n_records, sizeof *refs);
    for (size_t i = 0; i < task->n_records; i++) {
        refs[i] = task->records[i];
        refs[i].code = NULL;
        for (size_t k = 0; k < p->n_records; k++) {
            const struct record *rec = &p->records[k].rec;
            if (strcmp(rec->absence_id, refs[i].absence_id) == 0 &&
                strcmp(rec->source, refs[i].source) == 0 && rec->reason == REASON_KEPT) {
                refs[i].code = rec->code;
            }
        }
    }
    c->records = refs;
    c->n_records = task->n_records;
    c->anchor = task->key.anchor;
}

static const char *enter(struct shelf *s, struct shelf_person *p, const struct entry_of_line *e,
                         const struct zone *zone, struct instant now, int64_t entry_id)
{
    const struct shelf_spell *task = task_of(p, e->task_id);
    struct contact_fact c = {.entry_id = entry_id,
                             .kind = kind_of(e),
                             .pathway = task->key.pathway,
                             .at = now,
                             .entered_at = now,
                             .by = e->by,
                             .review_on = DATE_NONE,
                             .call_back_at = INSTANT_NONE,
                             .oh_record = e->oh_record,
                             .red_flag = e->red_flag};
    c.no_follow_up = e->review_on != NULL && strcmp(e->review_on, "infinity") == 0;
    if (e->channel != NULL) {
        (void)contact_channel_parse(e->channel, &c.channel);
    }
    if (e->call_back_at != NULL) {
        (void)instant_parse(e->call_back_at, strlen(e->call_back_at), &c.call_back_at);
    }
    if (e->at != NULL) {
        (void)instant_parse(e->at, strlen(e->at), &c.at);
    }
    if (e->review_on != NULL && !c.no_follow_up) {
        (void)date_parse(e->review_on, strlen(e->review_on), &c.review_on);
    }
    if (e->outcome != NULL) {
        (void)contact_outcome_parse(e->outcome, &c.outcome);
    }
    c.assignee = c.kind == CONTACT_ASSIGN ? e->login : c.kind == CONTACT_CLAIM ? e->by : NULL;
    const char *refused = may_enter(p, task, e, &c, zone, now);
    if (refused != NULL) {
        return refused;
    }
    const char *held_by = holder(task);
    if (c.assignee != NULL && held_by != NULL && strcmp(held_by, c.assignee) == 0) {
        return NULL; /* theirs already */
    }
    take_records(s, p, task, &c);
    struct shelf_entry *row = shelf_add_entry(s, p);
    *row = (struct shelf_entry){.fact = c, .label = e->label};
    return NULL;
}

const char *entry_make(struct shelf *s, struct shelf_person *p, const struct entry_of_line *e,
                       const struct zone *zone, struct instant now, int64_t entry_id)
{
    if (p == NULL) {
        return NO_SUCH_TASK;
    }
    if (is_opt(e)) {
        opt(s, p, is(e, "opt_out"), zone_date(zone, now), now, entry_id);
        return NULL;
    }
    if (is(e, "retract")) {
        struct shelf_entry *entry = labelled(p, e->label);
        if (entry->fact.retracted) {
            return NULL; /* again: no effect */
        }
        if (strcmp(entry->fact.by, e->by) != 0 ||
            entry->fact.entered_at.us < now.us - 7 * US_PER_DAY) {
            return NOT_IN_THIS_STATE;
        }
        entry->fact.retracted = true;
        entry->fact.entered_at = now;
        return NULL;
    }
    return enter(s, p, e, zone, now, entry_id);
}
