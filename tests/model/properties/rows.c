#include "tests/model/properties/rows.h"

#include <string.h>

#include "common/casework/derive/feed.h"
#include "common/json/json.h"

/* ---- members ---- */

static void put_name(struct buf *b, const char *name)
{
    buf_printf(b, "%s\"%s\":", b->data[b->len - 1] == '{' ? "" : ",", name);
}

static void put_text(struct buf *b, const char *name, const char *value)
{
    put_name(b, name);
    if (value == NULL) {
        buf_puts(b, "null");
    } else {
        json_put_string(b, value);
    }
}

static void put_date(struct buf *b, const char *name, struct date d)
{
    char text[DATE_TEXT];
    put_text(b, name, date_is_none(d) ? NULL : date_format(d, text));
}

static void put_instant(struct buf *b, const char *name, struct instant t)
{
    char text[INSTANT_TEXT];
    put_text(b, name, instant_is_none(t) ? NULL : instant_format(t, text));
}

static void put_bool(struct buf *b, const char *name, bool value)
{
    put_name(b, name);
    buf_puts(b, value ? "true" : "false");
}

static void put_int(struct buf *b, const char *name, int value)
{
    put_name(b, name);
    buf_printf(b, "%d", value);
}

static void put_count(struct buf *b, const char *name, int value) /* -1: null */
{
    if (value < 0) {
        put_text(b, name, NULL);
    } else {
        put_int(b, name, value);
    }
}

static void begin(struct buf *b, const char *what)
{
    buf_printf(b, "{\"%s\":{", what);
}

static void end(struct buf *b)
{
    buf_puts(b, "}}\n");
}

/* ---- tasks ---- */

static void put_contact(struct buf *b, const struct spell *c)
{
    const char *outcome = contact_outcome_name(c->last_outcome);
    put_text(b, "assigned_to", c->assigned_to);
    put_int(b, "attempts", c->attempts);
    put_text(b, "last_outcome", outcome[0] == '\0' ? NULL : outcome);
    put_instant(b, "first_attempt_at", c->first_attempt_at);
    put_instant(b, "contacted_at", c->contacted_at);
    put_count(b, "elapsed_days", c->elapsed_days);
    put_count(b, "elapsed_working_days", c->elapsed_working_days);
    outcome = contact_outcome_name(c->close_reason);
    put_instant(b, "closed_at", c->closed_at);
    put_text(b, "close_reason", outcome[0] == '\0' ? NULL : outcome);
    put_bool(b, "unreachable", c->unreachable);
    put_text(b, "oh_record", c->oh_record);
}

static void put_task(struct buf *b, const struct shelf_person *p, const struct shelf_spell *s,
                     enum rows_of what)
{
    const struct spell *c = &s->columns;
    begin(b, "task");
    put_text(b, "task_id", s->key.spell_id);
    put_text(b, "organisation", p->organisation);
    put_text(b, "person_id", p->person_id);
    put_text(b, "queue", s->queue);
    put_text(b, "pathway", s->key.pathway);
    put_int(b, "priority", c->priority);
    put_date(b, "onset_date", c->onset);
    put_date(b, "last_day", c->last_day);
    put_date(b, "due_date", c->due_date);
    put_date(b, "work_by_date", c->work_by_date);
    put_date(b, "respond_by", c->respond_by);
    put_text(b, "state", s->key.tombstone ? "ended" : task_state_name(c->state));
    put_text(b, "end_reason", s->key.end_reason);
    put_contact(b, c);
    put_bool(b, "relapse", s->previous_spell != NULL);
    put_text(b, "previous_spell", s->previous_spell);
    put_bool(b, "late_report", c->late_report);
    put_bool(b, "backdated", c->backdated);
    put_bool(b, "review_first", c->review_first);
    put_bool(b, "red_flag", c->red_flag);
    put_bool(b, "reason_changed", c->reason_changed);
    put_date(b, "expected_return", c->expected_return);
    put_text(b, "period_id", s->period_id);
    put_bool(b, "red_flag_open", c->red_flag_open);
    put_instant(b, "call_back_at", c->call_back_at);
    if (what == ROWS_ALL) { /* these hang on the order of arrival */
        put_instant(b, "known_at", c->known_at);
        put_bool(b, "reason_late", c->reason_late);
    }
    put_bool(b, "tombstone", s->key.tombstone);
    put_name(b, "absence_ids");
    for (size_t i = 0; i < s->n_absence_ids; i++) {
        buf_putc(b, i == 0 ? '[' : ',');
        json_put_string(b, s->absence_ids[i]);
    }
    buf_putc(b, ']');
    end(b);
}

/* ---- events ---- */

/* Why it is not given, though it stands; NULL: it is. */
static const char *held(const struct timeline_event *e, const struct rules *r, struct instant now)
{
    const struct org_rules *org = r->org;
    if (!instant_is_none(e->period->settled_at) && e->period->settled_at.us <= now.us) {
        return "settled";
    }
    if ((org->off >> e->kind & 1) != 0) {
        return "off";
    }
    if (!date_is_none(org->live_from) && e->at.us < zone_at(r->zone, org->live_from, 0).us) {
        return "live_from";
    }
    bool hr = event_kind_audience(e->kind) == AUDIENCE_HR;
    return hr && e->at.us < now.us - org->prompt_days * US_PER_DAY ? "horizon" : NULL;
}

static void put_about(struct buf *b, const struct case_person *p, const struct spell *sp)
{
    put_text(b, "spell_id", sp == NULL ? NULL : sp->id);
    put_text(b, "pathway", sp == NULL ? NULL : p->rules.org->pathways[sp->pathway].name);
    put_text(b, "queue", sp == NULL ? NULL : p->rules.org->pathways[sp->pathway].queue);
    if (sp == NULL) {
        put_text(b, "late_report", NULL);
        put_text(b, "backdated", NULL);
    } else {
        put_bool(b, "late_report", sp->late_report);
        put_bool(b, "backdated", sp->backdated);
    }
}

static void put_event(struct buf *b, const struct case_person *p, const struct timeline_event *e,
                      struct instant now, enum rows_of what)
{
    char which[EVENT_OCCURRENCE_TEXT];
    const char *why = held(e, &p->rules, now);
    begin(b, "standing");
    put_name(b, "id");
    buf_printf(b, "\"%c%s/%s/%s\"", e->spell != NULL ? 's' : 'p',
               e->spell != NULL ? e->spell->id : e->period->id, event_kind_name(e->kind),
               event_kind_occurrence(e->kind, e->at, e->occurs_on, which));
    put_text(b, "organisation", p->organisation);
    put_text(b, "person_id", p->person_id);
    put_instant(b, "T", e->at);
    put_date(b, "occurs_on", e->occurs_on);
    put_date(b, "due_on", e->due_on);
    if (event_kind_audience(e->kind) == AUDIENCE_OH) {
        put_about(b, p, e->spell);
    }
    if (e->end_reason != END_NONE) {
        put_text(b, "end_reason", end_reason_name(e->end_reason));
    }
    put_bool(b, "superseded", e->superseded);
    if (what == ROWS_ALL) {
        put_text(b, "held", why);
    }
    end(b);
}

void rows_put(struct buf *b, const struct play *p, enum rows_of what)
{
    for (size_t i = 0; i < p->shelf.n_persons; i++) {
        const struct shelf_person *row = &p->shelf.persons[i];
        for (size_t k = 0; k < row->n_spells; k++) {
            if (what == ROWS_ALL || !row->spells[k].key.tombstone) {
                put_task(b, row, &row->spells[k], what);
            }
        }
    }
    for (size_t i = 0; i < p->caseload.n_persons; i++) {
        const struct case_person *cp = &p->caseload.persons[i];
        for (size_t k = 0; k < cp->cw.n_timeline; k++) {
            if (cp->cw.timeline[k].at.us <= p->now.us) {
                put_event(b, cp, &cp->cw.timeline[k], p->now, what);
            }
        }
    }
}

static void put_said_id(struct buf *b, const char *name, const char *subject, enum event_kind kind,
                        const char *occurrence, int nth, bool withdrawn)
{
    put_name(b, name);
    buf_printf(b, "\"%s/%s/%s", subject, event_kind_name(kind), occurrence);
    if (nth > 1) {
        buf_printf(b, "/%d", nth);
    }
    buf_puts(b, withdrawn ? "/withdrawn\"" : "\"");
}

void rows_put_saying(struct buf *b, const struct case_person *p, const struct saying *s,
                     struct instant now)
{
    begin(b, "said");
    put_instant(b, "at", now);
    put_text(b, "organisation", p->organisation);
    put_text(b, "person_id", p->person_id);
    if (s->event != NULL) {
        const struct standing *e = s->event;
        put_said_id(b, "id", e->subject, e->kind, e->occurrence, s->nth, false);
        put_date(b, "occurs_on", e->occurs_on);
        put_date(b, "due_on", e->due_on);
        put_bool(b, "late", now.us - e->at.us > 600 * US_PER_SECOND);
    } else {
        const struct emitted *e = s->takes_back;
        put_said_id(b, "id", e->subject, e->kind, e->occurrence, e->nth, true);
        put_date(b, "occurs_on", e->occurs_on);
        put_date(b, "due_on", e->due_on);
        put_bool(b, "late", e->late);
    }
    end(b);
}

void rows_put_dead(struct buf *b, const struct line *line, const struct inbound *in)
{
    begin(b, "dead");
    put_int(b, "partition", (int)line->partition);
    put_int(b, "offset", (int)line->offset);
    put_text(b, "reason", reject_reason_name(in->reason));
    put_text(b, "detail", in->detail);
    end(b);
}

void rows_put_refused(struct buf *b, const struct line *line, const char *sqlstate)
{
    begin(b, "refused");
    put_int(b, "line", (int)line->number);
    put_text(b, "sqlstate", sqlstate);
    end(b);
}

void rows_put_silent(struct buf *b, const char *organisation, const struct rules *r,
                     struct instant last_valid, struct instant now)
{
    struct instant at = feed_silent_at(r, last_valid);
    if (at.us > now.us) {
        return;
    }
    char day[DATE_TEXT];
    begin(b, "standing");
    put_name(b, "id");
    buf_printf(b, "\"o%s/feed.silent/%s\"", organisation, date_format(zone_date(r->zone, at), day));
    put_text(b, "organisation", organisation);
    put_instant(b, "T", at);
    end(b);
}
